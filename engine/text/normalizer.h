#pragma once
// Normalizers of tokenizer.json, each a change of text that keeps its map to the original.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/text/mapped_text.h"

namespace scalewright::text {

class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  virtual void apply(MappedText& text) const = 0;
};
using Normalizer = std::vector<std::shared_ptr<const NormalizerStep>>;

enum class UnicodeForm { Nfc, Nfd, Nfkc, Nfkd };
Result<std::shared_ptr<const NormalizerStep>> unicode_form(UnicodeForm form);
std::shared_ptr<const NormalizerStep> prepend(std::string prefix);
std::shared_ptr<const NormalizerStep> replace_literal(std::string literal, std::string replacement);
Result<std::shared_ptr<const NormalizerStep>> replace_regex(const std::string& pattern, std::string replacement);
std::shared_ptr<const NormalizerStep> lowercase();
std::shared_ptr<const NormalizerStep> strip(bool left, bool right);

}  // namespace scalewright::text
