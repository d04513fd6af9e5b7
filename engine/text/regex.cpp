#include "engine/text/regex.h"

#include <unicode/regex.h>
#include <unicode/utext.h>

#include <algorithm>
#include <vector>

#include "engine/text/newer_unicode.h"

namespace scalewright::text {

struct Regex::Impl {
  std::unique_ptr<icu::RegexPattern> pattern;
};

namespace {

// \p{L} and its like with the characters that ICU is too old for; `at` is at the p or P, and behind the brace
// afterwards.
std::string property(const std::string& pattern, size_t& at) {
  const size_t close = pattern.find('}', at);
  if (at + 1 >= pattern.size() || pattern[at + 1] != '{' || close == std::string::npos) return {'\\', pattern[at]};
  const std::string name = pattern.substr(at + 2, close - at - 2), whole = '\\' + pattern.substr(at, close - at + 1);
  const bool inverted = pattern[at] == 'P';
  at = close;
  const std::string newer =
      name.empty() || name.size() > 2 || std::string_view("LMN").find(name[0]) == std::string_view::npos
          ? std::string()
          : newer_characters(name);
  if (newer.empty()) return whole;
  return (inverted ? "[^\\p{" : "[\\p{") + name + "}" + newer + "]";
}

// ICU's \s is narrower than White_Space, so the short classes are written out.
std::string translated(const std::string& pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    const char kind = pattern[++i];
    switch (kind) {
      case 's':
        out += "\\p{White_Space}";
        break;
      case 'S':
        out += "\\P{White_Space}";
        break;
      case 'd':
        out += "\\p{Nd}";
        break;
      case 'D':
        out += "\\P{Nd}";
        break;
      case 'p':
      case 'P':
        out += property(pattern, i);
        break;
      default:
        out += '\\';
        out += kind;
    }
  }
  return out;
}

// The byte of the first round bracket that nothing closes; npos: there is none.
size_t unclosed_bracket(const std::string& pattern) {
  std::vector<size_t> open;
  bool set = false;  // within [ ]
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (set) {
      set = c != ']';
    } else if (c == '[') {
      set = true;
    } else if (c == '(') {
      open.push_back(i);
    } else if (c == ')' && !open.empty()) {
      open.pop_back();
    }
  }
  return open.empty() ? std::string::npos : open.front();
}

// What is wrong and how it is put right; one sentence.
const char* advice(UErrorCode status) {
  switch (status) {
    case U_REGEX_MISMATCHED_PAREN:
      return "A round bracket ends there that never began; one that is meant itself is written \\).";
    case U_REGEX_MISSING_CLOSE_BRACKET:
      return "A square bracket is never closed; one that is meant itself is written \\[.";
    case U_REGEX_RULE_SYNTAX:
      return "A sign with a meaning of its own, such as * or +, has nothing before it there; one that is meant itself "
             "has a backslash before it.";
    case U_REGEX_BAD_ESCAPE_SEQUENCE:
      return "The backslash means nothing there; one that is meant itself is written twice.";
    case U_REGEX_PROPERTY_SYNTAX:
      return "No such class of characters is known; \\p{L} are the letters.";
    case U_REGEX_NUMBER_TOO_BIG:
    case U_REGEX_BAD_INTERVAL:
    case U_REGEX_MAX_LT_MIN:
      return "Curly brackets say how often something stands, as in {2,5}; one that is meant itself is written \\{.";
    case U_REGEX_INVALID_BACK_REF:
    case U_REGEX_INVALID_CAPTURE_GROUP_NAME:
      return "It refers to a group that it does not have.";
    case U_REGEX_INVALID_RANGE:
      return "A range in square brackets runs backwards, as z-a does.";
    case U_REGEX_LOOK_BEHIND_LIMIT:
      return "What stands behind (?<= needs a largest length, as {0,50} instead of *.";
    default:
      return "It cannot be read as a regular expression.";
  }
}

// Said of the pattern as the person wrote it.
tl::unexpected<Error> not_valid(const std::string& pattern, UErrorCode status) {
  const icu::UnicodeString written = icu::UnicodeString::fromUTF8(pattern);
  UErrorCode again = U_ZERO_ERROR;
  UParseError where{};
  delete icu::RegexPattern::compile(written, where, again);
  const size_t bracket = status == U_REGEX_MISMATCHED_PAREN ? unclosed_bracket(pattern) : std::string::npos;
  if (bracket != std::string::npos) {
    const int32_t before = icu::UnicodeString::fromUTF8(pattern.substr(0, bracket)).countChar32();
    return fail(ErrorCode::Unsupported, "In the pattern \"" + pattern + "\" the round bracket at character " +
                                            std::to_string(before + 1) +
                                            " is never closed. One that is meant itself is written \\(.");
  }
  const int32_t units = U_FAILURE(again) && where.line <= 1 ? where.offset : 0;
  const int32_t at = units > 0 ? std::max(1, written.countChar32(0, units)) : 0;
  return fail(ErrorCode::Unsupported,
              "The pattern \"" + pattern + "\" is not valid" + (at > 0 ? " at character " + std::to_string(at) : std::string()) + ". " + advice(status));
}

constexpr int32_t kStepLimit = 20000;             // in ICU's units of 10,000 steps
constexpr int32_t kStackLimit = 8 * 1024 * 1024;  // bytes

}  // namespace

Result<Regex> Regex::compile(const std::string& pattern) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where{};
  auto impl = std::make_shared<Impl>();
  impl->pattern.reset(icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(translated(pattern)), where, status));
  if (U_FAILURE(status)) return not_valid(pattern, status);
  Regex regex;
  regex.impl_ = std::move(impl);
  return regex;
}

// `found` gets the bytes of `group` (0: the match itself) of every match that has them.
void Regex::match_all(std::string_view text, int group, const std::function<void(uint32_t, uint32_t)>& found) const {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::RegexMatcher> matcher(impl_->pattern->matcher(status));
  UText source = UTEXT_INITIALIZER;
  utext_openUTF8(&source, text.data(), static_cast<int64_t>(text.size()), &status);
  if (U_FAILURE(status)) return;
  matcher->setTimeLimit(kStepLimit, status);
  matcher->setStackLimit(kStackLimit, status);
  matcher->reset(&source);
  while (U_SUCCESS(status) && matcher->find(status) && U_SUCCESS(status)) {
    const int64_t begin = matcher->start64(group, status), end = matcher->end64(group, status);
    if (U_SUCCESS(status) && begin >= 0) found(static_cast<uint32_t>(begin), static_cast<uint32_t>(end));
  }
  utext_close(&source);
}

void Regex::find_all(std::string_view text, const std::function<void(uint32_t, uint32_t)>& found) const {
  match_all(text, 0, [&](uint32_t begin, uint32_t end) {
    if (end > begin) found(begin, end);
  });
}

int Regex::groups() const {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::RegexMatcher> matcher(impl_->pattern->matcher(status));
  return U_SUCCESS(status) ? matcher->groupCount() : 0;
}

std::optional<std::string> Regex::last_group(std::string_view text) const {
  std::optional<std::string> last;
  match_all(text, 1, [&](uint32_t begin, uint32_t end) { last = text.substr(begin, end - begin); });
  return last;
}

}  // namespace scalewright::text
