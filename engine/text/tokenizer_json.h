#pragma once
// tokenizer.json (the `tokenizers` package) and the small files beside it.

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "engine/text/bpe_tokenizer.h"

namespace scalewright::text {

// What tokenizer_config.json, special_tokens_map.json and config.json say; all optional.
struct FolderTokenizerConfig {
  std::string bos, eos, unknown, padding;  // token texts, "" where not named
  int32_t bos_id = -1, eos_id = -1;        // config.json, for when no text is given
  std::optional<bool> add_bos, add_eos;
  std::optional<bool> legacy;     // LlamaTokenizer: false = the prefix space rules of today
  std::vector<AddedToken> added;  // added_tokens_decoder, for folders with a tokenizer.model only
};
Result<FolderTokenizerConfig> read_folder_config(const std::filesystem::path& folder);

// A JSON file of at most 256 MiB.
Result<nlohmann::json> read_json_file(const std::filesystem::path& path);

struct TokenizerJson {
  BpeTokenizerParts parts;
  std::string gguf_pre;        // the GGUF name of its pre-tokenizer, "" where it has none
  bool sentencepiece = false;  // BPE over characters with a visible space, as Llama's
  bool add_space_prefix = false;
  std::vector<std::pair<std::string, std::string>> merges;  // by rank
};
Result<TokenizerJson> parse_tokenizer_json(const nlohmann::json& document, const FolderTokenizerConfig& config,
                                           const std::string& where);

}  // namespace scalewright::text
