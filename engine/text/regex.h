#pragma once
// A compiled regular expression over UTF-8, by ICU.

#include <cstdint>
#include <functional>
#include <memory>
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

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace scalewright::text
