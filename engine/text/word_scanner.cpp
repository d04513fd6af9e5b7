#include "engine/text/word_scanner.h"

#include "engine/text/utf8.h"

namespace scalewright::text {
namespace {

// The text of one range with a cursor's small vocabulary; positions are pointers into well-formed UTF-8.
class Scanner {
 public:
  Scanner(const char* end, CharClasses classes) : end_(end), classes_(classes) {}

  uint8_t class_at(const char* p) const { return classes_(next_code_point(p)); }
  static const char* after(const char* p) {
    next_code_point(p);
    return p;
  }
  // Behind the run of characters whose class shares a bit with `bits`.
  const char* run_of(const char* p, uint8_t bits) const {
    while (p != end_) {
      const char* next = p;
      if (!(classes_(next_code_point(next)) & bits)) break;
      p = next;
    }
    return p;
  }
  // Behind the run of characters that are no letter, number or space.
  const char* run_of_others(const char* p) const {
    while (p != end_) {
      const char* next = p;
      if (classes_(next_code_point(next)) & (kLetter | kNumber | kSpace)) break;
      p = next;
    }
    return p;
  }
  const char* end() const { return end_; }

 private:
  const char* end_;
  CharClasses classes_;
};

// 's 't 're 've 'm 'll 'd behind the apostrophe at `p`: the end of it, or null. Without case, U+017F folds to s.
const char* contraction(const char* p, const char* end, bool any_case) {
  ++p;
  if (p == end) return nullptr;
  const auto lower = [any_case](char c) { return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const char first = lower(*p);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return p + 1;
  if (any_case && end - p >= 2 && p[0] == '\xC5' && p[1] == '\xBF') return p + 2;
  if (end - p < 2) return nullptr;
  const char second = lower(p[1]);
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
    return p + 2;
  return nullptr;
}

// \s+(?!\S)|\s+ at whitespace `p`: a run before a word leaves its last character to the word.
const char* whitespace(const Scanner& scan, const char* p) {
  const char* const stop = scan.run_of(p, kSpace);
  if (stop == scan.end()) return stop;
  const char* last = stop - 1;
  while (!begins_character(*last)) --last;
  return last == p ? stop : last;
}

const char* gpt2_word(const Scanner& scan, const char* p) {
  if (*p == '\'') {
    if (const char* stop = contraction(p, scan.end(), false)) return stop;
  }
  const char* start = p;
  if (*p == ' ' && p + 1 != scan.end() && !(scan.class_at(p + 1) & kSpace)) start = p + 1;
  const uint8_t c = scan.class_at(start);
  if (c & kLetter) return scan.run_of(start, kLetter);
  if (c & kNumber) return scan.run_of(start, kNumber);
  if (c & kSpace) return whitespace(scan, p);
  return scan.run_of_others(start);
}

const char* newlines(const char* p, const char* end) {
  while (p != end && (*p == '\r' || *p == '\n')) ++p;
  return p;
}

// llama3 and qwen2 differ in how many digits make a piece.
const char* llama3_word(const Scanner& scan, const char* p, int digits) {
  if (*p == '\'') {
    if (const char* stop = contraction(p, scan.end(), true)) return stop;
  }
  const uint8_t c = scan.class_at(p);
  if (c & kLetter) return scan.run_of(p, kLetter);
  if (c & kNumber) {
    for (int i = 0; i < digits && p != scan.end() && (scan.class_at(p) & kNumber); ++i) p = Scanner::after(p);
    return p;
  }
  const char* const next = Scanner::after(p);
  if (*p != '\r' && *p != '\n' && next != scan.end() && (scan.class_at(next) & kLetter)) {
    return scan.run_of(next, kLetter);
  }
  if (!(c & kSpace)) return newlines(scan.run_of_others(p), scan.end());
  if (*p == ' ' && next != scan.end() && !(scan.class_at(next) & (kLetter | kNumber | kSpace))) {
    return newlines(scan.run_of_others(next), scan.end());
  }
  // \s*[\r\n]+ reaches to the last line break of the run.
  const char* const stop = scan.run_of(p, kSpace);
  for (const char* q = stop; q != p; --q) {
    if (q[-1] == '\r' || q[-1] == '\n') return q;
  }
  return whitespace(scan, p);
}

}  // namespace

void scan_words(KnownPattern pattern, std::string_view text, Range range, std::vector<Range>& words) {
  const char* const base = text.data();
  const Scanner scan(base + range.end, CharClasses());
  for (const char* p = base + range.begin; p != scan.end();) {
    const char* const stop = pattern == KnownPattern::Gpt2     ? gpt2_word(scan, p)
                             : pattern == KnownPattern::Llama3 ? llama3_word(scan, p, 3)
                                                               : llama3_word(scan, p, 1);
    words.push_back({static_cast<uint32_t>(p - base), static_cast<uint32_t>(stop - base)});
    p = stop;
  }
}

}  // namespace scalewright::text
