#pragma once
// SentencePiece models through libsentencepiece, with the added and special tokens that it does not see by itself.

#include <memory>
#include <string>
#include <vector>

#include "engine/text/added_tokens.h"
#include "engine/text/sentencepiece_model.h"
#include "engine/text/tokenizer.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace scalewright::text {

struct SentencePieceParts {
  std::string serialized;         // the model
  std::vector<AddedToken> added;  // beyond the model's control tokens; ids may lie behind its pieces
  int32_t bos = -1, eos = -1, eot = -1;
  bool adds_bos = false;
  // LlamaTokenizer's rule of today: a prefix space only at the beginning of the text and only where it has none.
  // Otherwise every part between special tokens gets one, as libsentencepiece and llama.cpp do.
  bool prefix_only_at_start = false;
};

class SentencePieceTokenizer final : public Tokenizer {
 public:
  static Result<std::unique_ptr<SentencePieceTokenizer>> make(SentencePieceParts parts, const std::string& where);
  ~SentencePieceTokenizer() override;

  std::vector<Token> encode(std::string_view utf8, const EncodeOptions& options) const override;
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override;
  std::string piece_bytes(int32_t id) const override;
  int32_t size() const override { return size_; }
  int32_t find(std::string_view token) const override;
  std::string token_text(int32_t id) const override;
  bool is_special(int32_t id) const override;
  int32_t bos() const override { return parts_.bos; }
  int32_t eos() const override { return parts_.eos; }
  int32_t eot() const override { return parts_.eot; }
  bool adds_bos() const override { return parts_.adds_bos; }
  std::string kind() const override;
  bool marks_each_bad_byte() const override { return true; }

  const ModelSummary& summary() const { return summary_; }
  int32_t model_size() const { return model_size_; }  // pieces of the model itself
  PieceType type_of(int32_t id) const;
  float score_of(int32_t id) const;
  const std::vector<AddedToken>& added_tokens() const { return parts_.added; }

 private:
  SentencePieceTokenizer() = default;
  const AddedToken* added(int32_t id) const;
  bool is_written_apart(int32_t id) const;

  SentencePieceParts parts_;
  ModelSummary summary_;
  int32_t size_ = 0, model_size_ = 0;
  std::string unknown_surface_;
  std::unique_ptr<sentencepiece::SentencePieceProcessor> with_prefix_, without_prefix_;
  std::unordered_map<int32_t, size_t> added_by_id_;
  AddedTokenSearch search_;
};

}  // namespace scalewright::text
