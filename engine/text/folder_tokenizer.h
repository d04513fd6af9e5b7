#pragma once
// The two kinds of tokenizer file that a Hugging Face folder can have.

#include <filesystem>
#include <memory>

#include "engine/text/sentencepiece_tokenizer.h"
#include "engine/text/tokenizer_json.h"

namespace scalewright::text {

Result<TokenizerJson> load_tokenizer_json(const std::filesystem::path& folder, const FolderTokenizerConfig& config);
Result<std::unique_ptr<SentencePieceTokenizer>> load_tokenizer_model(const std::filesystem::path& folder,
                                                                     const FolderTokenizerConfig& config);
tl::unexpected<Error> no_tokenizer(const std::filesystem::path& folder);

}  // namespace scalewright::text
