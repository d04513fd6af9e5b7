#pragma once
// Text by its ASCII characters alone, whatever the locale: names of files, words of formats, white space, numbers.

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace scalewright {

inline std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return text;
}

inline bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Three digits that count, as printf's %.3g: "0.00123", "1e-05".
inline std::string short_number(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 3);
  return std::string(text, end.ptr);
}

}  // namespace scalewright
