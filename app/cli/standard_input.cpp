#include "app/cli/standard_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace scalewright::cli {

namespace {

// Adds to `text` what comes next; false at the end of the input, or when stopped.
bool read_more(std::string& text, const std::stop_token& stop) {
  constexpr int kLookEvery = 100;  // milliseconds: how soon Ctrl+C is noticed
  char part[65536];
  while (!stop.stop_requested()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, kLookEvery) == 0) continue;
    const ssize_t got = read(STDIN_FILENO, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    text.append(part, static_cast<size_t>(got));
    return true;
  }
  return false;
}

}  // namespace

bool input_is_terminal() { return isatty(STDIN_FILENO) != 0; }

std::string read_standard_input(std::stop_token stop) {
  std::string text;
  while (read_more(text, stop)) {
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::optional<std::string> LineReader::next(const std::stop_token& stop) {
  size_t end = pending_.find('\n');
  while (end == std::string::npos) {
    const size_t seen = pending_.size();
    if (!read_more(pending_, stop)) {
      // What was typed before the end is a line too.
      if (stop.stop_requested() || pending_.empty()) return std::nullopt;
      return std::exchange(pending_, {});
    }
    end = pending_.find('\n', seen);
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

}  // namespace scalewright::cli
