#include "engine/eval/answer_rule.h"

#include <algorithm>

namespace scalewright {
namespace {

constexpr std::string_view kMinusSign = "\xE2\x88\x92";  // U+2212

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool joins(char c) {
  return c == '.' || c == ',';
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

// Without its commas, or with one of them as the point; empty where the commas make it several numbers.
std::string with_point(std::string_view digits) {
  const size_t point = digits.find('.');
  if (point != digits.rfind('.')) return {};
  const std::string_view whole = digits.substr(0, point), rest = point == digits.npos ? "" : digits.substr(point);
  if (rest.find(',') != rest.npos) return {};
  std::string out;
  size_t begin = 0;
  bool thousands = !whole.starts_with('0');
  for (size_t comma = whole.find(','); thousands && comma != whole.npos; comma = whole.find(',', begin)) {
    const size_t length = comma - begin;
    thousands = begin == 0 ? length >= 1 && length <= 3 : length == 3;
    out += whole.substr(begin, length);
    begin = comma + 1;
  }
  const size_t comma = whole.find(',');
  if (comma == whole.npos) return std::string(digits);
  if (thousands && whole.size() - begin == 3) return out.append(whole.substr(begin)).append(rest);
  if (!rest.empty() || comma != whole.rfind(',')) return {};
  return std::string(whole.substr(0, comma)) + '.' + std::string(whole.substr(comma + 1));
}

// "007.50" is "7.5", "-0" is "0".
std::string spelled(std::string number, bool negative) {
  if (number.find('.') != number.npos) {
    number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') number.pop_back();
  }
  number.erase(0, std::min(number.find_first_not_of('0'), number.size()));
  if (number.empty() || number.front() == '.') number.insert(0, "0");
  return (negative && number != "0" ? "-" : "") + number;
}

// The bytes of a minus that ends at `end` and belongs to what follows it; 0: there is none.
size_t minus_before(std::string_view text, size_t end) {
  if (end > 0 && text[end - 1] == '$') --end;
  const std::string_view before = text.substr(0, end);
  const size_t length = before.ends_with('-') ? 1 : before.ends_with(kMinusSign) ? kMinusSign.size() : 0;
  if (length == 0 || length == before.size()) return length;
  const char c = before[before.size() - length - 1];
  const bool word = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ')' || c == ']';
  return word ? 0 : length;
}

struct Found {
  std::string number;
  size_t begin = 0, end = 0;  // bytes of the text, sign and all
};

std::optional<Found> find_last_number(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && !is_digit(text[end - 1])) --end;
  if (end == 0) return {};
  size_t begin = end - 1;
  while (begin > 0 && (is_digit(text[begin - 1]) || joins(text[begin - 1]))) --begin;
  if (text[begin] == ',') ++begin;
  if (text[begin] == '.' && !is_digit(text[begin + 1])) begin = text.find_first_of("0123456789", begin);
  std::string number = with_point(text.substr(begin, end - begin));
  if (number.empty()) {  // several: 1, 2 and 3 of "1,2,3"
    begin = end;
    while (is_digit(text[begin - 1])) --begin;
    number = text.substr(begin, end - begin);
  }
  const size_t minus = minus_before(text, begin);
  const bool currency = begin > 0 && text[begin - 1] == '$';
  return Found{spelled(std::move(number), minus > 0), begin - (currency ? 1 : 0) - minus, end};
}

// A number where the text is nothing else.
std::optional<std::string> whole_number(std::string_view text) {
  const auto found = find_last_number(text);
  if (!found || found->begin != 0 || found->end != text.size()) return {};
  return found->number;
}

}  // namespace

std::optional<std::string> last_number(std::string_view text) {
  auto found = find_last_number(text);
  if (!found) return {};
  return std::move(found->number);
}

Result<AnswerRule> AnswerRule::create(AnswerMatch match, const std::string& pattern) {
  AnswerRule rule;
  rule.match_ = match;
  if (match != AnswerMatch::Pattern) return rule;
  rule.pattern_ = pattern;
  auto regex = text::Regex::compile(pattern);
  if (!regex) return fail(ErrorCode::InvalidArgument, regex.error().message + " Answers cannot be compared by it.");
  if (regex->groups() != 1) {
    return fail(ErrorCode::InvalidArgument,
                "The pattern \"" + pattern + "\" has " + std::to_string(regex->groups()) +
                    " capture groups, but one is needed: round brackets around what is to be compared, as in "
                    "\"#### (.+)\". Brackets that only group are written (?:...).");
  }
  rule.regex_ = std::move(*regex);
  return rule;
}

std::optional<std::string> AnswerRule::value_of(const std::string& answer) const {
  if (match_ == AnswerMatch::Exact) return trimmed(answer);
  if (match_ == AnswerMatch::Number) return last_number(answer);
  const auto group = regex_->last_group(answer);
  if (!group) return {};
  return trimmed(*group);
}

std::optional<std::string> AnswerRule::expected_value(const std::string& expected) const {
  auto value = value_of(expected);
  if (!value && match_ == AnswerMatch::Pattern) value = trimmed(expected);
  return value;
}

bool AnswerRule::same(const std::string& value, const std::string& expected) const {
  if (value == expected) return true;
  if (match_ != AnswerMatch::Pattern) return false;
  const auto number = whole_number(value);
  return number && number == whole_number(expected);
}

}  // namespace scalewright
