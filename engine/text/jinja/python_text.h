#pragma once
// Strings as Python has them: positions count characters, white space and case are Unicode's.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scalewright::jinja {

// Bytes of the white space character at `at`, 0 if it is none (str.isspace: White_Space and U+001C..U+001F).
size_t space_length(std::string_view text, size_t at);
bool is_space(uint32_t code_point);
std::string stripped(std::string_view text, bool left, bool right);
// Takes any of `characters` from the sides.
std::string stripped(std::string_view text, std::string_view characters, bool left, bool right);
std::u32string code_points(std::string_view text);
std::string utf8(std::u32string_view points);
size_t length(std::string_view text);  // characters
std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string title(std::string_view text);        // str.title
std::string capitalized(std::string_view text);  // str.capitalize
std::string swapped_case(std::string_view text);
std::vector<std::string> split_space(std::string_view text, long long most, bool from_right);
std::vector<std::string> split(std::string_view text, std::string_view by, long long most, bool from_right);
std::vector<std::string> split_lines(std::string_view text, bool keep_ends);
std::string replaced(std::string_view text, std::string_view from, std::string_view to, long long most);
// %f, %e and %g, with a point whatever the locale of the program is.
std::string real_digits(double value, std::chars_format form, int precision);

}  // namespace scalewright::jinja
