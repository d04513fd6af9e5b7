#pragma once
// The keys of a GGUF file for a model: those it came with, or made from its configuration and tokenizer.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/format/gguf.h"
#include "engine/model/model.h"

namespace scalewright {

struct GgufHeader {
  std::vector<GgufEntry> entries;
  std::vector<std::pair<std::string, std::vector<float>>> tensors;  // rope_freqs and the like, f32
  std::vector<std::string> notes;  // what the file cannot say, or other programs may not read
};
// `types`: how many matrices have each tensor type; the most frequent names the file's type. `bits`: as ExportCheck says.
Result<GgufHeader> gguf_header(const Model& model, const std::map<GgufType, int64_t>& types, int bits);
// The architecture's name in GGUF: mistral is llama.
std::string gguf_architecture(const ModelConfig& config);

}  // namespace scalewright
