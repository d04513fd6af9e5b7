#include "engine/text/jinja/python_text.h"

#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "engine/text/utf8.h"

namespace scalewright::jinja {
namespace {

std::string from_icu(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

size_t character_start(std::string_view text, size_t end) {
  size_t start = end - 1;
  while (start > 0 && !text::begins_character(text[start])) --start;
  return start;
}

uint32_t code_point_at(std::string_view text, size_t at) {
  const char* p = text.data() + at;
  return text::next_code_point(p);
}

std::string one_title(uint32_t c) {
  icu::UnicodeString text(static_cast<UChar32>(c));
  text.toTitle(nullptr, icu::Locale::getRoot(), U_TITLECASE_NO_BREAK_ADJUSTMENT);
  return from_icu(text);
}

bool is_cased(uint32_t c) {
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASED);
}

}  // namespace

bool is_space(uint32_t c) {
  return (c >= 0x1C && c <= 0x1F) || u_isUWhiteSpace(static_cast<UChar32>(c));
}

size_t space_length(std::string_view text, size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return byte == ' ' || (byte >= 9 && byte <= 13) || (byte >= 0x1C && byte <= 0x1F) ? 1 : 0;
  const text::Utf8Unit unit = text::utf8_unit_at(text, at);
  if (unit.bad || unit.cut) return 0;
  return is_space(code_point_at(text, at)) ? unit.length : 0;
}

std::string stripped(std::string_view text, bool left, bool right) {
  size_t begin = 0, end = text.size();
  while (left && begin < end && space_length(text, begin)) begin += space_length(text, begin);
  while (right && end > begin) {
    const size_t start = character_start(text, end);
    if (start < begin || !space_length(text, start)) break;
    end = start;
  }
  return std::string(text.substr(begin, end - begin));
}

std::string stripped(std::string_view text, std::string_view characters, bool left, bool right) {
  const std::u32string set = code_points(characters);
  std::u32string points = code_points(text);
  size_t begin = 0, end = points.size();
  const auto taken = [&](char32_t c) { return set.find(c) != std::u32string::npos; };
  while (left && begin < end && taken(points[begin])) ++begin;
  while (right && end > begin && taken(points[end - 1])) --end;
  return utf8(std::u32string_view(points).substr(begin, end - begin));
}

std::u32string code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char* p = text.data(); p != text.data() + text.size();) out.push_back(text::next_code_point(p));
  return out;
}

std::string utf8(std::u32string_view points) {
  std::string out;
  for (const char32_t c : points) text::append_utf8(out, c);
  return out;
}

size_t length(std::string_view text) { return text::count_characters(text); }

std::string upper(std::string_view text) {
  return from_icu(
      icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())}).toUpper(icu::Locale::getRoot()));
}
std::string lower(std::string_view text) {
  return from_icu(
      icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())}).toLower(icu::Locale::getRoot()));
}

std::string title(std::string_view text) {
  std::string out;
  bool inside = false;  // a cased character came just before
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p != end;) {
    const char* const start = p;
    const uint32_t c = text::next_code_point(p);
    const std::string_view one(start, static_cast<size_t>(p - start));
    out += inside ? lower(one) : one_title(c);
    inside = is_cased(c);
  }
  return out;
}

std::string capitalized(std::string_view text) {
  if (text.empty()) return {};
  const char* p = text.data();
  const uint32_t first = text::next_code_point(p);
  return one_title(first) + lower(text.substr(static_cast<size_t>(p - text.data())));
}

std::string swapped_case(std::string_view text) {
  std::string out;
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p != end;) {
    const char* const start = p;
    const uint32_t c = text::next_code_point(p);
    const std::string_view one(start, static_cast<size_t>(p - start));
    out += u_isUUppercase(static_cast<UChar32>(c)) ? lower(one) : upper(one);
  }
  return out;
}

std::vector<std::string> split_space(std::string_view text, long long most, bool from_right) {
  std::vector<std::string> parts;
  if (!from_right) {
    size_t at = 0;
    while (true) {
      while (at < text.size() && space_length(text, at)) at += space_length(text, at);
      if (at >= text.size()) break;
      if (most >= 0 && static_cast<long long>(parts.size()) >= most) {
        parts.emplace_back(text.substr(at));
        break;
      }
      const size_t start = at;
      while (at < text.size() && !space_length(text, at)) ++at;
      parts.emplace_back(text.substr(start, at - start));
    }
    return parts;
  }
  size_t end = text.size();
  const auto space_before = [&](size_t at) { return at > 0 && space_length(text, character_start(text, at)) != 0; };
  while (true) {
    while (space_before(end)) end = character_start(text, end);
    if (end == 0) break;
    if (most >= 0 && static_cast<long long>(parts.size()) >= most) {
      parts.emplace_back(text.substr(0, end));
      break;
    }
    const size_t stop = end;
    while (end > 0 && !space_before(end)) end = character_start(text, end);
    parts.emplace_back(text.substr(end, stop - end));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split(std::string_view text, std::string_view by, long long most, bool from_right) {
  std::vector<std::string> parts;
  if (!from_right) {
    size_t done = 0;
    for (size_t at = text.find(by); at != std::string_view::npos; at = text.find(by, done)) {
      if (most >= 0 && static_cast<long long>(parts.size()) >= most) break;
      parts.emplace_back(text.substr(done, at - done));
      done = at + by.size();
    }
    parts.emplace_back(text.substr(done));
    return parts;
  }
  size_t end = text.size();
  while (end >= by.size() && (most < 0 || static_cast<long long>(parts.size()) < most)) {
    const size_t at = text.substr(0, end).rfind(by);
    if (at == std::string_view::npos) break;
    parts.emplace_back(text.substr(at + by.size(), end - at - by.size()));
    end = at;
  }
  parts.emplace_back(text.substr(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string> lines;
  const auto ends_line = [](uint32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
  };
  size_t start = 0;
  const char* const base = text.data();
  for (const char* p = base; p != base + text.size();) {
    const auto at = static_cast<size_t>(p - base);
    const uint32_t c = text::next_code_point(p);
    if (!ends_line(c)) continue;
    if (c == '\r' && p != base + text.size() && *p == '\n') ++p;
    const auto next = static_cast<size_t>(p - base);
    lines.emplace_back(text.substr(start, (keep_ends ? next : at) - start));
    start = next;
  }
  if (start < text.size()) lines.emplace_back(text.substr(start));
  return lines;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to, long long most) {
  std::string out;
  long long count = 0;
  if (from.empty()) {  // between all characters
    const char* const end = text.data() + text.size();
    for (const char* p = text.data(); p != end;) {
      if (most < 0 || count++ < most) out += to;
      const char* const start = p;
      text::next_code_point(p);
      out.append(start, p);
    }
    if (most < 0 || count < most) out += to;
    return out;
  }
  size_t done = 0;
  for (size_t at = text.find(from); at != std::string_view::npos && (most < 0 || count < most);
       at = text.find(from, done)) {
    out += text.substr(done, at - done);
    out += to;
    done = at + from.size();
    ++count;
  }
  out += text.substr(done);
  return out;
}

std::string real_digits(double value, std::chars_format form, int precision) {
  constexpr size_t kLongest = 400;  // beside the precision: the digits of the largest number, sign, point and exponent
  std::string text(static_cast<size_t>(precision) + kLongest, '\0');
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), value, form, precision).ptr;
  text.resize(static_cast<size_t>(end - text.data()));
  return text;
}

}  // namespace scalewright::jinja
