#include "engine/text/regex.h"

#include <unicode/regex.h>
#include <unicode/utext.h>

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

constexpr int32_t kStepLimit = 20000;             // in ICU's units of 10,000 steps
constexpr int32_t kStackLimit = 8 * 1024 * 1024;  // bytes

}  // namespace

Result<Regex> Regex::compile(const std::string& pattern) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where{};
  auto impl = std::make_shared<Impl>();
  impl->pattern.reset(icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(translated(pattern)), where, status));
  if (U_FAILURE(status)) {
    return fail(ErrorCode::Unsupported, "The regular expression \"" + pattern + "\" is not understood near character " +
                                            std::to_string(where.offset) + " (" + u_errorName(status) + ").");
  }
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
