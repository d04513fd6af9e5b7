#pragma once
// The pipeline that tokenizer.json describes: added tokens, normalizer, pre-tokenizer, BPE, decoder.

#include <optional>
#include <string>
#include <vector>

#include "engine/text/added_tokens.h"
#include "engine/text/bpe_model.h"
#include "engine/text/normalizer.h"
#include "engine/text/pretokenizer.h"
#include "engine/text/tokenizer.h"

namespace scalewright::text {

// How ids become text. ByteLevel: bytes of the alphabet, joined, then read as UTF-8. Otherwise the steps of a
// SentencePiece tokenizer in their usual order.
struct BpeDecoder {
  bool byte_level = true;
  std::string space;           // written as ' ' ("" none)
  bool byte_fallback = false;  // <0xXX> tokens become bytes; a run that is not UTF-8 becomes U+FFFD, one for each byte
  size_t strip_left = 0;       // spaces taken from the beginning of the text
};

struct BpeTokenizerParts {
  BpeModel model;
  std::vector<AddedToken> added;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  BpeDecoder decoder;
  int32_t bos = -1, eos = -1, eot = -1;
  bool adds_bos = false;
  std::string kind;
};

class BpeTokenizer final : public Tokenizer {
 public:
  // Ids of added tokens have been checked to be >= 0 and reasonably small.
  explicit BpeTokenizer(BpeTokenizerParts parts);

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
  std::string kind() const override { return parts_.kind; }

  // The UTF-8 lengths of the pre-tokenizer's pieces, without looking for added tokens.
  std::vector<uint32_t> cuts(std::string_view utf8) const;

 private:
  class Encoder;
  std::string_view text_of(int32_t id) const;
  const AddedToken* added(int32_t id) const;

  BpeTokenizerParts parts_;
  int32_t size_ = 0;
  std::unordered_map<int32_t, size_t> added_by_id_;
  std::unordered_map<std::string, int32_t> added_by_text_;
  AddedTokenSearch raw_search_, normalized_search_;
};

}  // namespace scalewright::text
