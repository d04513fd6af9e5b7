#include "engine/core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "engine/core/part_name.h"

namespace scalewright {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

std::string reason(int error) {
  switch (error) {
    case ENOENT:
      return "there is no such file";
    case EACCES:
    case EPERM:
      return "this user may not access it";
    case ENOSPC:
      return "the disk is full; free some space and try again";
    case EROFS:
      return "the disk is read-only; choose another folder";
    case EISDIR:
      return "it is a folder";
    case ENOTDIR:
      return "a part of its path is not a folder";
    case EMFILE:
    case ENFILE:
      return "too many files are open";
    case EFBIG:
      return "the file system does not hold files of this size";
    default:
      return std::generic_category().message(error);
  }
}

tl::unexpected<Error> io_error(const std::filesystem::path& path, std::string_view doing, int error) {
  return fail(ErrorCode::Io, path.string() + ": cannot " + std::string(doing) + ": " + reason(error) + ".");
}

Result<void> write_all(int descriptor, const std::filesystem::path& path, const char* data, size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor, data, bytes);
    if (written < 0) {
      if (errno == EINTR) continue;
      return io_error(path, "write the file", errno);
    }
    data += written;
    bytes -= static_cast<size_t>(written);
  }
  return {};
}

}  // namespace

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
  InputFile file;
  file.path_ = path;
  file.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.descriptor_ < 0) return io_error(path, "open the file", errno);
  struct stat status {};
  if (::fstat(file.descriptor_, &status) != 0) return io_error(path, "read the size of the file", errno);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::Io, path.string() + ": this is not a regular file.");
  file.size_ = static_cast<uint64_t>(status.st_size);
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    path_ = std::move(other.path_);
    descriptor_ = std::exchange(other.descriptor_, -1);
    size_ = other.size_;
  }
  return *this;
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> InputFile::read_at(uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset) {
    return fail(ErrorCode::Incomplete, path_.string() + ": " + std::to_string(out.size()) +
                                           " bytes are needed at byte " + std::to_string(offset) +
                                           ", but the file has " + std::to_string(size_) + ": it is incomplete.");
  }
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return io_error(path_, "read the file", errno);
    }
    if (got == 0) {
      return fail(ErrorCode::Io, path_.string() + ": the file ends at byte " + std::to_string(offset + done) +
                                     "; it became shorter while it was read.");
    }
    done += static_cast<size_t>(got);
  }
  return {};
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
  AtomicFile file;
  file.path_ = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ErrorCode::Io, path.string() + ": cannot write the file: a folder of this name exists.");
  }
  remove_abandoned_parts(path);
  for (int tries = 0; tries < kPartNames; ++tries) {
    file.temporary_ = next_part(path);
    file.descriptor_ = ::open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.descriptor_ < 0 && errno != EEXIST) break;
    if (file.descriptor_ >= 0 && hold_part(file.descriptor_)) return file;
    if (file.descriptor_ >= 0) ::close(std::exchange(file.descriptor_, -1));
  }
  const int error = errno;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if ((error == ENOENT || error == ENOTDIR) && !std::filesystem::is_directory(folder, ignored)) {
    return fail(ErrorCode::Io, path.string() + ": cannot write the file: the folder does not exist; create it first.");
  }
  return io_error(path, "write the file", error);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      written_(other.written_),
      buffer_(std::move(other.buffer_)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(written_, other.written_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::unlink(temporary_.c_str());
  ::close(descriptor_);
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  return write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Result<void> AtomicFile::write(std::string_view text) {
  if (descriptor_ < 0) return fail(ErrorCode::Io, path_.string() + ": the file is closed.");
  written_ += text.size();
  if (buffer_.size() + text.size() < kBufferBytes) {
    buffer_.append(text);
    return {};
  }
  SW_TRY(flush());
  if (text.size() < kBufferBytes) {
    buffer_.append(text);
    return {};
  }
  return write_all(descriptor_, path_, text.data(), text.size());
}

Result<void> AtomicFile::flush() {
  SW_TRY(write_all(descriptor_, path_, buffer_.data(), buffer_.size()));
  buffer_.clear();
  return {};
}

Result<void> AtomicFile::commit() {
  if (descriptor_ < 0) return fail(ErrorCode::Io, path_.string() + ": the file is closed.");
  SW_TRY(flush());
  if (::fsync(descriptor_) != 0) return io_error(path_, "write the file to the disk", errno);
  // Renamed while it is open, and so locked: closed, it would look like one that was left behind.
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return io_error(path_, "give the finished file its name", errno);
  ::close(std::exchange(descriptor_, -1));
  sync_folder(path_.parent_path());
  return {};
}

Result<std::string> read_text_file(const std::filesystem::path& path, uint64_t largest) {
  SW_ASSIGN(const InputFile file, InputFile::open(path));
  if (file.size() > largest) {
    return fail(ErrorCode::Format, path.string() + ": the file has " + std::to_string(file.size()) +
                                       " bytes; at most " + std::to_string(largest) + " are read here.");
  }
  std::string text(file.size(), '\0');
  SW_TRY(file.read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

Result<void> write_text_file(const std::filesystem::path& path, std::string_view text) {
  SW_ASSIGN(AtomicFile file, AtomicFile::create(path));
  SW_TRY(file.write(text));
  return file.commit();
}

std::string own_name(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

}  // namespace scalewright
