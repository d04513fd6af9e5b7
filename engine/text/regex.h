#pragma once
// A compiled regular expression over UTF-8, by ICU.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/error.h"

namespace scalewright::text {

class Regex {
 public:
  // \s, \S, \d, \w mean the Unicode properties, as in the dialect of tokenizer.json.
  static Result<Regex> compile(const std::string& pattern);
  // Calls `found(begin, end)` with the bytes of every match that is not empty, in order. Thread-safe. A pattern that
  // takes too many steps finds no more.
  void find_all(std::string_view text, const std::function<void(uint32_t, uint32_t)>& found) const;
  // Capture groups of the pattern.
  int groups() const;
  // What the first group holds of the last match that has it; empty where there is none. Thread-safe.
  std::optional<std::string> last_group(std::string_view text) const;

 private:
  struct Impl;
  void match_all(std::string_view text, int group, const std::function<void(uint32_t, uint32_t)>& found) const;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace scalewright::text
