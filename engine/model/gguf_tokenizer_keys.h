#pragma once
// tokenizer.ggml.* of a GGUF file, checked: lengths of lists, ids below the number of tokens.

#include <optional>

#include "engine/core/error.h"
#include "engine/format/gguf.h"
#include "engine/text/tokenizer.h"

namespace scalewright {

// nullopt: `entries`, all that the file `where` has, are without a tokenizer.
Result<std::optional<GgufTokenizerData>> gguf_tokenizer_keys(const std::vector<GgufEntry>& entries, const std::string& where);
// The same keys to be written, in the order that converters use.
std::vector<GgufEntry> gguf_tokenizer_entries(const GgufTokenizerData& data);

}  // namespace scalewright
