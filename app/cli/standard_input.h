#pragma once
// Text that another program hands over.

#include <stop_token>
#include <string>

namespace scalewright::cli {

// Of an option: the text is read from standard input.
inline constexpr const char* kStandardInput = "-";

bool input_is_terminal();
// All of it until its end, without one line end there ("echo" adds one that is not meant); what came until then when
// stopped. Empty where there is none.
std::string read_standard_input(std::stop_token stop);

}  // namespace scalewright::cli
