#include "engine/core/part_name.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>

namespace scalewright {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPart = ".part-";

fs::path folder_of(const fs::path& target) {
  return target.has_parent_path() ? target.parent_path() : fs::path(".");
}

}  // namespace

fs::path next_part(const fs::path& target) {
  static std::atomic<uint64_t> serial{0};
  fs::path part = target;
  part += std::string(kPart) + std::to_string(::getpid()) + "-" + std::to_string(serial.fetch_add(1));
  return part;
}

bool is_part(std::string_view name) {
  const size_t at = name.rfind(kPart);
  if (at == std::string_view::npos) return false;
  const std::string_view numbers = name.substr(at + kPart.size());
  const size_t dash = numbers.find('-');
  const auto digits = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  };
  return dash != std::string_view::npos && digits(numbers.substr(0, dash)) && digits(numbers.substr(dash + 1));
}

bool hold_part(int descriptor) {
  // A file system without locks has none for those who look for abandoned parts either.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
  struct stat status {};
  return ::fstat(descriptor, &status) != 0 || status.st_nlink > 0;
}

void remove_abandoned_parts(const fs::path& target) {
  const std::string name = target.filename().string();
  std::error_code error;
  for (fs::directory_iterator entry(folder_of(target), error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& part = entry->path();
    const std::string part_name = part.filename().string();
    if (!is_part(part_name) || part_name.substr(0, part_name.rfind(kPart)) != name) continue;
    const int descriptor = ::open(part.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) continue;
    std::error_code ignored;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) fs::remove_all(part, ignored);
    ::close(descriptor);
  }
}

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace scalewright
