// Tokenizer files for a folder. From a folder they are copied; from a GGUF they are made: tokenizer.json for byte-level
// BPE, tokenizer.model for SentencePiece.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/core/file.h"
#include "engine/export/hf_files.h"
#include "engine/format/file_metadata.h"
#include "engine/model/gguf_tokenizer_keys.h"
#include "engine/text/sentencepiece_model.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;
using ordered = nlohmann::ordered_json;

constexpr const char* kLlama3Words =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char* kQwen2Words =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

constexpr std::array kCopied = {"tokenizer.json",      "tokenizer.model",    "tokenizer_config.json", "special_tokens_map.json",
                                "added_tokens.json",   "vocab.json",         "merges.txt",            "chat_template.jinja",
                                "chat_template.json", "generation_config.json"};
// Beside those: of the writers here, and what hubs and other quantizers add.
constexpr std::array kOthers = {"config.json",         "quantize_config.json", "quant_config.json",     "model.safetensors",
                                "model.safetensors.index.json",                "recipe.yaml",           "preprocessor_config.json",
                                "processor_config.json", "vocab.txt",          ".gitattributes"};
constexpr std::array kPapers = {"README", "LICENSE", "NOTICE", "USE_POLICY"};  // with any ending of a text
constexpr uint64_t kConfigBytes = 2048;  // of config.json and the like, about

std::string written(const ordered& document, int indent = 2) {
  return document.dump(indent, ' ', false, ordered::error_handler_t::replace) + "\n";
}

// The keys of the GGUF, from what the model kept.
struct Keys {
  const FileMetadata& metadata;
  const GgufEntry* find(const char* name) const {
    return find_entry(metadata.entries, std::string("tokenizer.ggml.") + name);
  }
  std::string text(const char* name) const {
    const GgufEntry* entry = find(name);
    return entry == nullptr ? std::string() : entry->as_string().value_or("");
  }
  std::vector<std::string> texts(const char* name) const {
    const GgufEntry* entry = find(name);
    return entry == nullptr ? std::vector<std::string>() : entry->as_strings().value_or(std::vector<std::string>());
  }
};

ordered byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

ordered split_then_bytes(const char* pattern) {
  const ordered split = {
      {"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", {split, byte_level(false)}}};
}

// The pre-tokenizer that goes by this name in GGUF files; null: not one that tokenizer.json is written for.
ordered pre_tokenizer(const std::string& pre) {
  if (pre == "gpt-2" || pre == "gpt2") return byte_level(true);
  if (pre == "smollm" || pre == "starcoder" || pre == "refact" || pre == "command-r") {
    const ordered digits = {{"type", "Digits"}, {"individual_digits", true}};
    return {{"type", "Sequence"}, {"pretokenizers", {digits, byte_level(true)}}};
  }
  if (pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3" || pre == "dbrx" || pre == "smaug-bpe")
    return split_then_bytes(kLlama3Words);
  if (pre == "qwen2" || pre == "deepseek-r1-qwen" || pre == "stablelm2") return split_then_bytes(kQwen2Words);
  return nullptr;
}

bool make_tokenizer_json(const Model& model, const Keys& keys, ordered& document) {
  const std::string pre = keys.text("pre");
  const ordered words = pre_tokenizer(pre);
  if (words.is_null()) return false;
  const std::vector<std::string> tokens = keys.texts("tokens");
  const GgufEntry* type_entry = keys.find("token_type");
  const auto types =
      type_entry == nullptr ? std::vector<int64_t>() : type_entry->as_ints().value_or(std::vector<int64_t>());
  ordered added = ordered::array();
  nlohmann::json vocabulary =
      nlohmann::json::object();  // sorted: an ordered object of this size would be slow to build
  for (size_t id = 0; id < tokens.size(); ++id) {
    const int64_t type = id < types.size() ? types[id] : 1;
    if (type == 3 || type == 4) {
      added.push_back({{"id", id},
                       {"content", tokens[id]},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", type == 3}});
    }
    vocabulary[tokens[id]] = id;
  }
  ordered merges = ordered::array();
  for (std::string& merge : keys.texts("merges")) merges.push_back(std::move(merge));
  const bool llama3 = pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3";
  ordered post = {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", false}, {"use_regex", true}};
  if (model.add_bos && model.tokenizer->bos() >= 0) {
    const std::string& bos = model.bos_token;
    const ordered mark = {{"SpecialToken", {{"id", bos}, {"type_id", 0}}}},
                  first = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
                  mark2 = {{"SpecialToken", {{"id", bos}, {"type_id", 1}}}},
                  second = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
    const ordered start = {
        {"type", "TemplateProcessing"},
        {"single", {mark, first}},
        {"pair", {mark, first, mark2, second}},
        {"special_tokens", {{bos, {{"id", bos}, {"ids", {model.tokenizer->bos()}}, {"tokens", {bos}}}}}}};
    post = {{"type", "Sequence"}, {"processors", {post, start}}};
  }
  const bool nfc = pre == "qwen2" || pre == "deepseek-r1-qwen";
  document = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added},
      {"normalizer", nfc ? ordered{{"type", "NFC"}} : ordered()},
      {"pre_tokenizer", words},
      {"post_processor", post},
      {"decoder", {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}}},
      {"model",
       {{"type", "BPE"},
        {"dropout", nullptr},
        {"unk_token", nullptr},
        {"continuing_subword_prefix", nullptr},
        {"end_of_word_suffix", nullptr},
        {"fuse_unk", false},
        {"byte_fallback", false},
        {"ignore_merges", llama3}}}};
  // By token id, as tools expect to read it.
  ordered::object_t by_id;
  by_id.reserve(vocabulary.size());
  std::vector<std::pair<size_t, std::string>> order;
  for (const auto& [token, id] : vocabulary.items()) order.emplace_back(id.get<size_t>(), token);
  std::sort(order.begin(), order.end());
  for (auto& [id, token] : order) by_id.push_back({std::move(token), ordered(id)});
  document["model"]["vocab"] = ordered(std::move(by_id));
  document["model"]["merges"] = std::move(merges);
  return true;
}

Result<void> write_sentencepiece(const Model& model, const fs::path& folder) {
  SW_ASSIGN(const auto data, gguf_tokenizer_keys(model.metadata->entries, model.path.string()));
  SW_ASSIGN(const std::string pieces, text::write_bpe_model(*data));
  return write_text_file(folder / "tokenizer.model", pieces);
}

Result<void> make_files(const Model& model, const fs::path& folder, std::vector<std::string>& notes) {
  const Keys keys{*model.metadata};
  const bool pieces = keys.text("model") == "llama";
  if (pieces) {
    SW_TRY(write_sentencepiece(model, folder));
    notes.push_back(
        "The tokenizer is written as tokenizer.model (SentencePiece) without the normalization rules of the original, "
        "which a GGUF does not keep.");
  } else {
    ordered document;
    if (make_tokenizer_json(model, keys, document))
      SW_TRY(write_text_file(folder / "tokenizer.json", written(document, -1)));
    else
      notes.push_back("The tokenizer is not written: its pre-tokenizer '" + keys.text("pre") +
                      "' is not one that tokenizer.json is made for; take the tokenizer files of the original.");
  }
  const bool gemma = model.config.family.starts_with("gemma");
  ordered config = {{"tokenizer_class", !pieces ? "PreTrainedTokenizerFast"
                                        : gemma ? "GemmaTokenizer"
                                                : "LlamaTokenizer"},
                    {"add_bos_token", model.add_bos},
                    {"add_eos_token", false},
                    {"clean_up_tokenization_spaces", false},
                    {"model_max_length", model.config.context_length}};
  if (pieces) config["legacy"] = false;
  if (!model.bos_token.empty()) config["bos_token"] = model.bos_token;
  if (!model.eos_token.empty()) config["eos_token"] = model.eos_token;
  if (!model.metadata->chat_template.empty()) config["chat_template"] = model.metadata->chat_template;
  SW_TRY(write_text_file(folder / "tokenizer_config.json", written(config)));
  ordered generation = {{"_from_model_config", true}};
  if (model.tokenizer->bos() >= 0) generation["bos_token_id"] = model.tokenizer->bos();
  if (!model.stop_ids.empty()) generation["eos_token_id"] = model.stop_ids;
  return write_text_file(folder / "generation_config.json", written(generation));
}

// "model-00001-of-00002.safetensors"
bool is_shard(std::string_view name) {
  std::string shape(name);
  for (char& c : shape)
    if (c >= '0' && c <= '9') c = '0';
  return shape == "model-00000-of-00000.safetensors";
}

}  // namespace

bool belongs_to_model(std::string_view name) {
  const auto in = [&](const auto& names) { return std::ranges::find(names, name) != names.end(); };
  const auto paper = [&](std::string_view word) {
    return name == word || (name.starts_with(word) && (name.substr(word.size()) == ".txt" || name.substr(word.size()) == ".md"));
  };
  return in(kCopied) || in(kOthers) || std::ranges::any_of(kPapers, paper) || is_shard(name);
}

uint64_t small_files_bytes(const fs::path& folder) {
  uint64_t bytes = kConfigBytes;
  std::error_code error;
  for (const char* name : kCopied)
    if (fs::exists(folder / name, error)) bytes += fs::file_size(folder / name, error);
  return bytes;
}

uint64_t small_files_bytes(const Model& model) {
  uint64_t bytes = kConfigBytes;
  if (!model.metadata || !model.tokenizer) return bytes;
  if (!model.metadata->folder.empty()) return small_files_bytes(model.metadata->folder);
  const Keys keys{*model.metadata};
  bytes += model.metadata->chat_template.size();
  if (keys.text("model") != "llama" && pre_tokenizer(keys.text("pre")).is_null()) return bytes;
  // "token":12345, for a string with its length, and "a b", for a merge.
  if (const GgufEntry* tokens = keys.find("tokens")) bytes += tokens->bytes.size() + tokens->count;
  if (const GgufEntry* merges = keys.find("merges")) bytes += merges->bytes.size() - 5 * merges->count;
  return bytes;
}

Result<void> write_tokenizer_files(const Model& model, const fs::path& folder, std::vector<std::string>& notes) {
  if (!model.metadata || !model.tokenizer) {
    notes.push_back("The model has no tokenizer, so none is written.");
    return {};
  }
  const fs::path& from = model.metadata->folder;
  if (from.empty()) return make_files(model, folder, notes);
  std::error_code error;
  bool any = false;
  for (const char* name : kCopied) {
    if (!fs::exists(from / name, error)) continue;
    SW_ASSIGN(const std::string text, read_text_file(from / name));
    SW_TRY(write_text_file(folder / name, text));
    any = true;
  }
  if (!any) notes.push_back("The tokenizer's files are no longer in " + from.string() + ", so none are written.");
  return {};
}

}  // namespace scalewright
