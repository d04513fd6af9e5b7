#include "engine/text/folder_tokenizer.h"

#include <nlohmann/json.hpp>

#include "engine/core/file.h"

namespace scalewright {
namespace text {
namespace {

namespace fs = std::filesystem;

bool present(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// added_tokens.json of older folders: {"<extra>": 32000}.
Result<std::vector<AddedToken>> read_added_tokens(const fs::path& path) {
  SW_ASSIGN(const nlohmann::json document, read_json_file(path));
  if (!document.is_object()) return fail(ErrorCode::Format, path.string() + ": this is not a JSON object.");
  std::vector<AddedToken> added;
  for (const auto& [content, id] : document.items()) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() > (1 << 24)) {
      return fail(ErrorCode::Format, path.string() + ": the token \"" + content + "\" has no usable id.");
    }
    added.push_back({id.get<int32_t>(), content, false});
  }
  return added;
}

}  // namespace

Result<std::unique_ptr<SentencePieceTokenizer>> load_tokenizer_model(const fs::path& folder,
                                                                     const FolderTokenizerConfig& config) {
  const fs::path path = folder / "tokenizer.model";
  SentencePieceParts parts;
  SW_ASSIGN(parts.serialized, read_text_file(path, uint64_t{256} << 20));
  parts.added = config.added;
  if (parts.added.empty() && present(folder / "added_tokens.json")) {
    SW_ASSIGN(parts.added, read_added_tokens(folder / "added_tokens.json"));
  }
  parts.adds_bos = config.add_bos.value_or(true);
  parts.prefix_only_at_start = config.legacy.has_value() && !*config.legacy;
  // bos and eos are named by text, so the model is made once to look them up.
  SW_ASSIGN(const auto probe, SentencePieceTokenizer::make(parts, path.string()));
  const auto settle = [&probe](const std::string& name, int32_t id, const char* usual) {
    if (!name.empty()) return probe->find(name);
    if (id >= 0) return id;
    const int32_t found = probe->find(usual);
    return found >= 0 && probe->is_special(found) ? found : -1;
  };
  parts.bos = settle(config.bos, config.bos_id, "<s>");
  parts.eos = settle(config.eos, config.eos_id, "</s>");
  return SentencePieceTokenizer::make(std::move(parts), path.string());
}

Result<TokenizerJson> load_tokenizer_json(const fs::path& folder, const FolderTokenizerConfig& config) {
  const fs::path path = folder / "tokenizer.json";
  SW_ASSIGN(const nlohmann::json document, read_json_file(path));
  return parse_tokenizer_json(document, config, path.string());
}

tl::unexpected<Error> no_tokenizer(const fs::path& folder) {
  return fail(ErrorCode::Io, folder.string() +
                                 ": there is neither tokenizer.json nor tokenizer.model; get them from where the "
                                 "model came from.");
}

}  // namespace text

Result<std::unique_ptr<Tokenizer>> load_tokenizer_folder(const std::filesystem::path& folder) {
  const bool json = text::present(folder / "tokenizer.json"), model = text::present(folder / "tokenizer.model");
  if (!json && !model) return text::no_tokenizer(folder);
  SW_ASSIGN(const text::FolderTokenizerConfig config, text::read_folder_config(folder));
  if (json) {
    auto loaded = text::load_tokenizer_json(folder, config);
    if (loaded) return std::make_unique<text::BpeTokenizer>(std::move(loaded->parts));
    // A kind that we do not read from tokenizer.json may still be there as a SentencePiece model.
    if (loaded.error().code != ErrorCode::Unsupported || !model)
      return tl::unexpected<Error>(std::move(loaded).error());
  }
  return text::load_tokenizer_model(folder, config);
}

}  // namespace scalewright
