#pragma once
// Text that another program hands over, or a person types.

#include <optional>
#include <stop_token>
#include <string>

namespace scalewright::cli {

// Of an option: the text is read from standard input.
inline constexpr const char* kStandardInput = "-";

bool input_is_terminal();
// All of it until its end, without one line end there ("echo" adds one that is not meant); what came until then when
// stopped. Empty where there is none.
std::string read_standard_input(std::stop_token stop);

// Its lines, one after the other.
class LineReader {
 public:
  // Without the line end. Nothing at the end of the input, or when stopped while none was there.
  std::optional<std::string> next(const std::stop_token& stop);

 private:
  std::string pending_;  // read, and not given yet
};

}  // namespace scalewright::cli
