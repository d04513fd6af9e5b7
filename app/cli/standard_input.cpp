#include "app/cli/standard_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace scalewright::cli {

bool input_is_terminal() { return isatty(STDIN_FILENO) != 0; }

std::string read_standard_input(std::stop_token stop) {
  constexpr int kLookEvery = 100;  // milliseconds: how soon Ctrl+C is noticed
  std::string text;
  char part[65536];
  while (!stop.stop_requested()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, kLookEvery) == 0) continue;
    const ssize_t got = read(STDIN_FILENO, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(part, static_cast<size_t>(got));
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace scalewright::cli
