#pragma once
// UTF-8 and the few Unicode properties that pre-tokenizers ask for (from ICU, in a table for the basic plane).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scalewright::text {

// Bits of `char_class`. "Other" (none of the first three) is what [^\s\p{L}\p{N}] matches.
constexpr uint8_t kLetter = 1, kNumber = 2, kSpace = 4, kMark = 8, kPunctuation = 16, kWord = 32;

uint8_t char_class_slow(uint32_t code_point);
const std::array<uint8_t, 0x10000>& basic_plane_classes();

// Holds the table so that hot loops ask for it once.
class CharClasses {
 public:
  CharClasses() : table_(basic_plane_classes().data()) {}
  uint8_t operator()(uint32_t code_point) const {
    return code_point < 0x10000 ? table_[code_point] : char_class_slow(code_point);
  }

 private:
  const uint8_t* table_;
};

// Decodes one code point of well-formed UTF-8 and moves `p` behind it. `p` must not be the end.
inline uint32_t next_code_point(const char*& p) {
  const auto byte = [](char c) { return static_cast<uint32_t>(static_cast<unsigned char>(c)); };
  const uint32_t lead = byte(*p);
  if (lead < 0x80) return ++p, lead;
  if (lead < 0xE0) {
    const uint32_t value = (lead & 31) << 6 | (byte(p[1]) & 63);
    return p += 2, value;
  }
  if (lead < 0xF0) {
    const uint32_t value = (lead & 15) << 12 | (byte(p[1]) & 63) << 6 | (byte(p[2]) & 63);
    return p += 3, value;
  }
  const uint32_t value = (lead & 7) << 18 | (byte(p[1]) & 63) << 12 | (byte(p[2]) & 63) << 6 | (byte(p[3]) & 63);
  return p += 4, value;
}

// Whether a byte of UTF-8 is a character's first.
inline bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }
size_t count_characters(std::string_view text);

void append_utf8(std::string& out, uint32_t code_point);

// What stands at byte `at` of text that may be ill-formed: a whole character, a part that can never become one (`bad`,
// its length is that of the maximal ill-formed part), or the beginning of one cut off by the end of the text (`cut`).
struct Utf8Unit {
  uint32_t length = 0;
  bool bad = false, cut = false;
};
Utf8Unit utf8_unit_at(std::string_view text, size_t at);

bool is_valid_utf8(std::string_view text);
// Each maximal ill-formed part becomes one U+FFFD, as Unicode recommends.
std::string replace_invalid_utf8(std::string_view text);

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
inline constexpr std::string_view kMetaSpace = "\xE2\x96\x81";  // U+2581, SentencePiece's visible space

}  // namespace scalewright::text
