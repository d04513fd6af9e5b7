#pragma once
// What must survive a round trip besides weights: kept from the file that a model came from and written back by
// engine/export.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/format/gguf.h"

namespace scalewright {

struct FileMetadata {
  // GGUF
  std::vector<GgufEntry> entries;                                     // in the order of the file
  std::vector<GgufTensor> tensors;                                    // names, types and order
  std::vector<std::pair<std::string, std::vector<std::byte>>> extra;  // rope_freqs.weight and the like: name and bytes
  // A folder
  std::filesystem::path folder;        // where the tokenizer's files lie
  std::string config_json;             // text of config.json
  std::string generation_config_json;  // "" : none
  std::string chat_template;           // its source; "" : none
};

}  // namespace scalewright
