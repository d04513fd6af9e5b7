// The tokenizer of a Hugging Face folder as tokenizer.ggml.* keys.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/text/folder_tokenizer.h"
#include "engine/text/sentencepiece_tokenizer.h"
#include "engine/text/tokenizer_json.h"

namespace scalewright {
namespace {

using text::AddedToken;
using text::BpeTokenizerParts;
using text::FolderTokenizerConfig;
using text::PieceType;
namespace fs = std::filesystem;

void set_type(GgufTokenizerData& data, size_t id, PieceType type) {
  data.types[id] = static_cast<int32_t>(type);
}

void add_added_tokens(const std::vector<AddedToken>& added, GgufTokenizerData& data) {
  for (const AddedToken& token : added) {
    const auto id = static_cast<size_t>(token.id);
    if (id >= data.tokens.size()) {
      data.tokens.resize(id + 1);
      data.types.resize(id + 1, 1);
      if (!data.scores.empty()) data.scores.resize(id + 1, 0.0f);
    }
    data.tokens[id] = token.content;
    set_type(data, id, token.special ? PieceType::Control : PieceType::UserDefined);
  }
}

// Every id needs a name of its own.
void fill_gaps(GgufTokenizerData& data) {
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    if (!data.tokens[id].empty()) continue;
    data.tokens[id] = "[PAD" + std::to_string(id) + "]";
    set_type(data, id, PieceType::Unused);
  }
}

int32_t id_of(const GgufTokenizerData& data, const std::string& token) {
  if (token.empty()) return -1;
  const auto at = std::find(data.tokens.begin(), data.tokens.end(), token);
  return at == data.tokens.end() ? -1 : static_cast<int32_t>(at - data.tokens.begin());
}

void add_config(const FolderTokenizerConfig& config, int32_t bos, int32_t eos, bool adds_bos, GgufTokenizerData& data) {
  data.bos = bos;
  data.eos = eos;
  data.add_bos = adds_bos;
  data.add_eos = config.add_eos.value_or(false);
  data.padding = id_of(data, config.padding);
  if (data.unknown < 0) data.unknown = id_of(data, config.unknown);
}

// Merges become scores: libsentencepiece joins the pair of highest score first, so an earlier merge scores higher.
void add_merge_scores(const text::TokenizerJson& source, GgufTokenizerData& data) {
  const auto& model = source.parts.model;
  const auto none = -static_cast<float>(source.merges.size()) - 1.0f;
  data.scores.assign(data.tokens.size(), none);
  for (size_t rank = source.merges.size(); rank-- > 0;) {
    const int32_t id = model.find(source.merges[rank].first + source.merges[rank].second);
    if (id >= 0) data.scores[static_cast<size_t>(id)] = -static_cast<float>(rank);
  }
}

Result<GgufTokenizerData> from_json(const fs::path& folder, const FolderTokenizerConfig& config) {
  SW_ASSIGN(const text::TokenizerJson source, text::load_tokenizer_json(folder, config));
  const BpeTokenizerParts& parts = source.parts;
  GgufTokenizerData data;
  data.tokens.reserve(static_cast<size_t>(parts.model.size()));
  for (int32_t id = 0; id < parts.model.size(); ++id) data.tokens.push_back(parts.model.token(id));
  data.types.assign(data.tokens.size(), static_cast<int32_t>(PieceType::Normal));
  if (parts.model.options().byte_level) {
    if (source.gguf_pre.empty()) {
      return fail(ErrorCode::Unsupported,
                  (folder / "tokenizer.json").string() +
                      ": GGUF has no name for this pre-tokenizer, so no GGUF can be written from it.");
    }
    data.model = "gpt2";
    data.pre = source.gguf_pre;
    data.add_space_prefix = false;
    data.ignore_merges = parts.model.options().ignore_merges;
    data.merges.reserve(source.merges.size());
    for (const auto& [left, right] : source.merges) data.merges.push_back(left + " " + right);
  } else if (source.sentencepiece) {
    data.model = "llama";
    data.pre = "default";
    data.add_space_prefix = source.add_space_prefix;
    add_merge_scores(source, data);
    for (size_t id = 0; id < data.tokens.size(); ++id) {
      if (parts.model.options().byte_fallback && text::byte_of_token(data.tokens[id]) >= 0)
        set_type(data, id, PieceType::Byte);
    }
  } else {
    return fail(ErrorCode::Unsupported,
                (folder / "tokenizer.json").string() + ": GGUF cannot hold this kind of tokenizer.");
  }
  add_added_tokens(parts.added, data);
  const int32_t unknown = parts.model.options().unknown;
  if (unknown >= 0) {
    data.unknown = unknown;
    if (data.model == "llama") set_type(data, static_cast<size_t>(unknown), PieceType::Unknown);
  }
  fill_gaps(data);
  add_config(config, parts.bos, parts.eos, parts.adds_bos, data);
  return data;
}

Result<GgufTokenizerData> from_model(const fs::path& folder, const FolderTokenizerConfig& config) {
  SW_ASSIGN(const auto tokenizer, text::load_tokenizer_model(folder, config));
  if (tokenizer->summary().algorithm != text::ModelSummary::Algorithm::Bpe) {
    return fail(ErrorCode::Unsupported, (folder / "tokenizer.model").string() + ": this is a " + tokenizer->kind() +
                                            " model; GGUFs of the LLaMA family hold SentencePiece BPE only.");
  }
  const text::ModelSummary& summary = tokenizer->summary();
  if (summary.has_rules || summary.space_behind || summary.remove_extra_whitespaces) {
    return fail(ErrorCode::Unsupported, (folder / "tokenizer.model").string() +
                                            ": this model changes the text before it cuts it (normalization rules, "
                                            "spaces removed or moved behind words), which no GGUF can say.");
  }
  GgufTokenizerData data;
  data.model = "llama";
  data.pre = "default";
  data.add_space_prefix = summary.add_dummy_prefix;
  for (int32_t id = 0; id < tokenizer->model_size(); ++id) {
    data.tokens.push_back(tokenizer->token_text(id));
    data.scores.push_back(tokenizer->score_of(id));
    data.types.push_back(static_cast<int32_t>(tokenizer->type_of(id)));
    if (tokenizer->type_of(id) == PieceType::Unknown) data.unknown = id;
  }
  std::vector<AddedToken> behind;
  for (const AddedToken& token : tokenizer->added_tokens()) {
    if (token.id >= tokenizer->model_size())
      behind.push_back(token);
    else if (tokenizer->type_of(token.id) != PieceType::Unknown)
      set_type(data, static_cast<size_t>(token.id), token.special ? PieceType::Control : PieceType::UserDefined);
  }
  add_added_tokens(behind, data);
  fill_gaps(data);
  add_config(config, tokenizer->bos(), tokenizer->eos(), tokenizer->adds_bos(), data);
  return data;
}

}  // namespace

Result<GgufTokenizerData> gguf_tokenizer_data(const fs::path& folder) {
  std::error_code ignored;
  const bool json = fs::exists(folder / "tokenizer.json", ignored),
             model = fs::exists(folder / "tokenizer.model", ignored);
  if (!json && !model) return text::no_tokenizer(folder);
  SW_ASSIGN(const FolderTokenizerConfig config, text::read_folder_config(folder));
  // A tokenizer.model keeps the scores that tokenizer.json has lost; but a byte-level tokenizer.json beside one is what
  // counts.
  if (model) {
    auto data = from_model(folder, config);
    if (data || !json) return data;
  }
  return from_json(folder, config);
}

}  // namespace scalewright
