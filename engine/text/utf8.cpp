#include "engine/text/utf8.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "engine/text/newer_unicode.h"

namespace scalewright::text {
namespace {

uint8_t newer_class(uint32_t code_point) {
  const std::string_view category = newer_category(code_point);
  if (category.empty()) return 0;
  const char kind = category[0];
  return kWord | (kind == 'L' ? kLetter : kind == 'M' ? kMark : kNumber);
}

}  // namespace

uint8_t char_class_slow(uint32_t code_point) {
  const auto c = static_cast<UChar32>(code_point);
  const uint32_t mask = U_GET_GC_MASK(c);
  if (mask & U_GC_CN_MASK) return newer_class(code_point);
  uint8_t result = 0;
  if (mask & U_GC_L_MASK) result |= kLetter;
  if (mask & U_GC_N_MASK) result |= kNumber;
  if (mask & U_GC_M_MASK) result |= kMark;
  if (mask & U_GC_P_MASK) result |= kPunctuation;
  if (u_isUWhiteSpace(c)) result |= kSpace;
  // \w of Unicode's regular expressions (UTS 18): what single-word tokens look for at their sides.
  if ((mask & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) || u_isUAlphabetic(c) ||
      u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL)) {
    result |= kWord;
  }
  return result;
}

const std::array<uint8_t, 0x10000>& basic_plane_classes() {
  static const std::array<uint8_t, 0x10000> table = [] {
    std::array<uint8_t, 0x10000> classes{};
    for (uint32_t c = 0; c < classes.size(); ++c) classes[c] = char_class_slow(c);
    return classes;
  }();
  return table;
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

void append_utf8(std::string& out, uint32_t c) {
  const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 63));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 63));
    put(0x80 | (c & 63));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 63));
    put(0x80 | (c >> 6 & 63));
    put(0x80 | (c & 63));
  }
}

Utf8Unit utf8_unit_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(at);
  if (lead < 0x80) return {1};
  uint32_t length = 0, low = 0x80, high = 0xBF;  // the range of the second byte depends on the first
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {1, true, false};
  }
  for (uint32_t i = 1; i < length; ++i) {
    if (at + i >= text.size()) return {i, false, true};
    const uint32_t next = byte(at + i);
    if (next < low || next > high) return {i, true, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length};
}

bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const Utf8Unit unit = utf8_unit_at(text, i);
    if (unit.bad || unit.cut) return false;
    i += unit.length;
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf8Unit unit = utf8_unit_at(text, i);
    if (unit.bad || unit.cut) {
      out += kReplacementCharacter;
    } else {
      out += text.substr(i, unit.length);
    }
    i += unit.length;
  }
  return out;
}

}  // namespace scalewright::text
