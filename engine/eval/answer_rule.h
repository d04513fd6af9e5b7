#pragma once
// When an answer counts as right: letter by letter, by the last number it names, or by what a pattern finds in it.

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/text/regex.h"

namespace scalewright {

enum class AnswerMatch { Exact, Number, Pattern };

// The last number of a text in one spelling, so that equal numbers are equal texts: "72", "-0.5", "1234". Commas
// between groups of three digits are left out ("1,234.50" is 1234.5); one comma before other than three digits stands
// for the point ("3,5" is 3.5). A minus counts where no letter, digit or closing bracket stands before it ("10-5" ends
// in 5). Empty: the text names none.
std::optional<std::string> last_number(std::string_view text);

class AnswerRule {
 public:
  AnswerRule() = default;  // exact
  // `pattern`: a regular expression with one capture group, of Pattern alone. InvalidArgument where it is none.
  static Result<AnswerRule> create(AnswerMatch match, const std::string& pattern = {});

  AnswerMatch match() const noexcept { return match_; }
  const std::string& pattern() const noexcept { return pattern_; }  // empty unless Pattern
  // What of an answer is compared. Exact: all but white space at its ends. Number: its last number. Pattern: what the
  // group holds of the last place that the pattern matches. Nothing: the answer has no such thing, so it is not right.
  std::optional<std::string> value_of(const std::string& answer) const;
  // The same of the answer that is expected. One that the pattern is not found in is taken whole: data often holds the
  // bare result.
  std::optional<std::string> expected_value(const std::string& expected) const;
  // Of two values. Those of a pattern are compared as numbers where both are numbers and nothing else.
  bool same(const std::string& value, const std::string& expected) const;

 private:
  AnswerMatch match_ = AnswerMatch::Exact;
  std::string pattern_;
  std::optional<text::Regex> regex_;
};

}  // namespace scalewright
