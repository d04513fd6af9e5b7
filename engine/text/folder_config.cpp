// tokenizer_config.json, special_tokens_map.json and config.json.

#include <algorithm>

#include "engine/core/file.h"
#include "engine/core/json.h"
#include "engine/text/json_access.h"
#include "engine/text/tokenizer_json.h"

namespace scalewright::text {

using nlohmann::json;

Result<json> read_json_file(const std::filesystem::path& path) {
  SW_ASSIGN(const std::string text, read_text_file(path, uint64_t{256} << 20));
  return parse_json(text, path.string());
}

Result<FolderTokenizerConfig> read_folder_config(const std::filesystem::path& folder) {
  FolderTokenizerConfig config;
  std::error_code ignored;
  const auto present = [&](const char* name) { return std::filesystem::exists(folder / name, ignored); };
  const auto take = [&](const json& object, const char* key, std::string& out) {
    if (out.empty()) out = token_text_at(object, key);
  };
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    if (!present(name)) continue;
    SW_ASSIGN(const json document, read_json_file(folder / name));
    if (!document.is_object()) return damaged((folder / name).string(), "this is not a JSON object.");
    take(document, "bos_token", config.bos);
    take(document, "eos_token", config.eos);
    take(document, "unk_token", config.unknown);
    take(document, "pad_token", config.padding);
    const auto optional_flag = [&](const char* key, std::optional<bool>& out) {
      const json* flag = member(document, key);
      if (!out && flag != nullptr && flag->is_boolean()) out = flag->get<bool>();
    };
    optional_flag("add_bos_token", config.add_bos);
    optional_flag("add_eos_token", config.add_eos);
    optional_flag("legacy", config.legacy);
    const json* added = member(document, "added_tokens_decoder");
    if (added == nullptr || !added->is_object()) continue;
    for (const auto& [id, entry] : added->items()) {
      if (!entry.is_object() || id.empty() || id.size() > 8 ||
          !std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return damaged((folder / name).string(), "added_tokens_decoder has the unusable id \"" + id + "\".");
      }
      AddedToken token = added_token(entry);
      token.id = static_cast<int32_t>(std::stol(id));
      if (token.id > kLargestAddedId) return damaged((folder / name).string(), "an added token has the id " + id + ".");
      if (!token.content.empty()) config.added.push_back(std::move(token));
    }
    std::sort(config.added.begin(), config.added.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  }
  if (present("config.json")) {
    SW_ASSIGN(const json document, read_json_file(folder / "config.json"));
    const auto id_at = [&](const char* key) -> int32_t {
      const json* id = document.is_object() ? member(document, key) : nullptr;
      if (id != nullptr && id->is_array() && !id->empty()) id = &id->front();
      if (id == nullptr || !id->is_number_integer()) return -1;
      const auto value = id->get<int64_t>();
      return value >= 0 && value <= kLargestAddedId ? static_cast<int32_t>(value) : -1;
    };
    config.bos_id = id_at("bos_token_id");
    config.eos_id = id_at("eos_token_id");
  }
  return config;
}

}  // namespace scalewright::text
