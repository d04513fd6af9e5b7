#pragma once
// Files as the engine sees them: reads that can fail but never crash (pread, not mmap: a file truncated under us is an
// error, not a SIGBUS), and writes that appear whole or not at all (temporary file, fsync, rename).

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/error.h"

namespace scalewright {

// What a file or folder is called: the last part of its path, also of one that ends in a slash or is ".".
std::string own_name(const std::filesystem::path& path);

class InputFile {
 public:
  static Result<InputFile> open(const std::filesystem::path& path);
  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;
  ~InputFile();

  const std::filesystem::path& path() const noexcept { return path_; }
  uint64_t size() const noexcept { return size_; }  // bytes, when opened
  // Fills `out` from byte `offset`; thread-safe. A short read is an error (Incomplete, Io) that names the file and the byte.
  Result<void> read_at(uint64_t offset, std::span<std::byte> out) const;

 private:
  InputFile() = default;
  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

// A file that replaces `path` only when commit() succeeds; otherwise the temporary is removed.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;
  ~AtomicFile();

  Result<void> write(std::span<const std::byte> bytes);  // appends
  Result<void> write(std::string_view text);
  uint64_t bytes_written() const noexcept { return written_; }
  Result<void> commit();  // flush, fsync, rename, fsync of the folder

 private:
  AtomicFile() = default;
  Result<void> flush();
  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
  uint64_t written_ = 0;
  std::string buffer_;
};

Result<std::string> read_text_file(const std::filesystem::path& path, uint64_t largest = uint64_t{1} << 30);
Result<void> write_text_file(const std::filesystem::path& path, std::string_view text);  // atomic

}  // namespace scalewright
