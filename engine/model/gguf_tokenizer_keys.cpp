#include "engine/model/gguf_tokenizer_keys.h"

#include <cmath>

namespace scalewright {
namespace {

constexpr const char* kPrefix = "tokenizer.ggml.";

tl::unexpected<Error> bad(const std::string& where, const std::string& key, const std::string& why) {
  return fail(ErrorCode::Format, where + ": the metadata '" + kPrefix + key + "' " + why + ".");
}

}  // namespace

Result<std::optional<GgufTokenizerData>> gguf_tokenizer_keys(const std::vector<GgufEntry>& entries, const std::string& where) {
  const auto find = [&](const char* key) { return find_entry(entries, kPrefix + std::string(key)); };
  const GgufEntry* model = find("model");
  const GgufEntry* tokens = find("tokens");
  if (model == nullptr || tokens == nullptr) return std::optional<GgufTokenizerData>();
  GgufTokenizerData data;
  const auto text = [&](const char* key, std::string& to) -> Result<void> {
    const GgufEntry* entry = find(key);
    if (entry == nullptr) return {};
    const auto value = entry->as_string();
    if (!value) return bad(where, key, "is not a text");
    to = *value;
    return {};
  };
  SW_TRY(text("model", data.model));
  SW_TRY(text("pre", data.pre));
  auto list = tokens->as_strings();
  if (!list || list->empty()) return bad(where, "tokens", "is not a list of texts");
  data.tokens = std::move(*list);
  if (const GgufEntry* merges = find("merges")) {
    auto values = merges->as_strings();
    if (!values) return bad(where, "merges", "is not a list of texts");
    data.merges = std::move(*values);
  }
  if (const GgufEntry* scores = find("scores")) {
    const auto values = scores->as_numbers();
    if (!values || values->size() != data.tokens.size()) return bad(where, "scores", "is not one number a token");
    for (const double value : *values) {
      if (!std::isfinite(value)) return bad(where, "scores", "holds a number that is not finite");
      data.scores.push_back(static_cast<float>(value));
    }
  }
  if (const GgufEntry* types = find("token_type")) {
    const auto values = types->as_ints();
    if (!values || values->size() != data.tokens.size()) return bad(where, "token_type", "is not one number a token");
    for (const int64_t value : *values) {
      if (value < 0 || value > 6)
        return bad(where, "token_type", "holds " + std::to_string(value) + "; the types are 0 to 6");
      data.types.push_back(static_cast<int32_t>(value));
    }
  }
  const auto id = [&](const char* key, int32_t& to) -> Result<void> {
    const GgufEntry* entry = find(key);
    if (entry == nullptr) return {};
    const auto value = entry->as_int();
    // Converters write 2^32 - 1 or -1 for "none".
    if (value && (*value == -1 || *value == 0xffffffffLL)) return {};
    if (!value || *value < 0 || *value >= static_cast<int64_t>(data.tokens.size())) {
      return bad(where, key, "is not the id of one of the " + std::to_string(data.tokens.size()) + " tokens");
    }
    to = static_cast<int32_t>(*value);
    return {};
  };
  SW_TRY(id("bos_token_id", data.bos));
  SW_TRY(id("eos_token_id", data.eos));
  SW_TRY(id("eot_token_id", data.eot));
  SW_TRY(id("unknown_token_id", data.unknown));
  SW_TRY(id("padding_token_id", data.padding));
  const auto flag = [&](const char* key, bool& to) -> Result<void> {
    const GgufEntry* entry = find(key);
    if (entry == nullptr) return {};
    const auto value = entry->as_bool();
    if (!value) return bad(where, key, "is neither true nor false");
    to = *value;
    return {};
  };
  // Without the keys: SentencePiece models begin with BOS and a space, byte-level ones with neither, except Llama 3.
  const bool pieces = data.model == "llama";
  data.add_bos = pieces || data.pre == "llama-bpe" || data.pre == "llama3" || data.pre == "llama-v3";
  data.add_space_prefix = pieces;
  data.ignore_merges = data.pre == "llama-bpe" || data.pre == "llama3" || data.pre == "llama-v3";
  SW_TRY(flag("add_bos_token", data.add_bos));
  SW_TRY(flag("add_eos_token", data.add_eos));
  SW_TRY(flag("add_space_prefix", data.add_space_prefix));
  return std::optional<GgufTokenizerData>(std::move(data));
}

std::vector<GgufEntry> gguf_tokenizer_entries(const GgufTokenizerData& data) {
  const auto key = [](const char* name) { return kPrefix + std::string(name); };
  std::vector<GgufEntry> entries;
  entries.push_back(GgufEntry::string(key("model"), data.model));
  if (!data.pre.empty()) entries.push_back(GgufEntry::string(key("pre"), data.pre));
  entries.push_back(GgufEntry::strings(key("tokens"), data.tokens));
  if (!data.scores.empty()) entries.push_back(GgufEntry::f32s(key("scores"), data.scores));
  if (!data.types.empty()) entries.push_back(GgufEntry::i32s(key("token_type"), data.types));
  if (!data.merges.empty()) entries.push_back(GgufEntry::strings(key("merges"), data.merges));
  const auto id = [&](const char* name, int32_t value) {
    if (value >= 0) entries.push_back(GgufEntry::u32(key(name), static_cast<uint32_t>(value)));
  };
  id("bos_token_id", data.bos);
  id("eos_token_id", data.eos);
  id("eot_token_id", data.eot);
  id("unknown_token_id", data.unknown);
  id("padding_token_id", data.padding);
  entries.push_back(GgufEntry::boolean(key("add_bos_token"), data.add_bos));
  entries.push_back(GgufEntry::boolean(key("add_eos_token"), data.add_eos));
  entries.push_back(GgufEntry::boolean(key("add_space_prefix"), data.add_space_prefix));
  return entries;
}

}  // namespace scalewright
