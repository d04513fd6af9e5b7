#pragma once
// Text by its ASCII characters alone, whatever the locale: names of files, words of formats, white space.

#include <algorithm>
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

}  // namespace scalewright
