#pragma once
// The small files of a Hugging Face folder: config.json, tokenizer files, chat template.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/model/model.h"

namespace scalewright {

// config.json for the model, from the one it came with or made from its switches. `quantization`: JSON text, empty for
// none; `dtype`: "float16", "bfloat16" or "float32".
Result<std::string> hf_config(const Model& model, const std::string& quantization, const std::string& dtype);
// Copies or makes the tokenizer's files in `folder`; notes say what other programs will miss.
Result<void> write_tokenizer_files(const Model& model, const std::filesystem::path& folder,
                                   std::vector<std::string>& notes);
// Whether a file of this name is a model's: what the writers make and what models are published with. Names alone, and no
// patterns that others' files follow too: "package.json", a scale pack and a .gguf are not the folder's model.
bool belongs_to_model(std::string_view name);
// How large the small files will be together, without making them: those that are copied to the byte, those that are
// made from a GGUF's keys nearly. Of a folder: as small as what would be copied from it.
uint64_t small_files_bytes(const Model& model);
uint64_t small_files_bytes(const std::filesystem::path& folder);

}  // namespace scalewright
