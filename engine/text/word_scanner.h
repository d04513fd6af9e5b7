#pragma once
// The pre-tokenizers of published models, written by hand: what their regular expressions match, in one pass.

#include <string_view>
#include <vector>

#include "engine/text/pretokenizer.h"

namespace scalewright::text {

enum class KnownPattern { Gpt2, Llama3, Qwen2 };

// Appends the words of `range` of well-formed `text`.
void scan_words(KnownPattern pattern, std::string_view text, Range range, std::vector<Range>& words);

}  // namespace scalewright::text
