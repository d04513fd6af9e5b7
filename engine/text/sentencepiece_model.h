#pragma once
// tokenizer.model files (a protobuf message): the little that must be read or written without libsentencepiece's own
// generated code, and the checks that it does not make itself.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace scalewright {
struct GgufTokenizerData;
}

namespace scalewright::text {

enum class PieceType : int32_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

struct ModelPiece {
  std::string_view text;
  float score = 0;
  PieceType type = PieceType::Normal;
};

struct ModelSummary {
  enum class Algorithm { Unigram = 1, Bpe = 2, Word = 3, Char = 4 };
  Algorithm algorithm = Algorithm::Unigram;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool has_rules = false;             // a normalization table, as nmt_nfkc has
  bool space_behind = false;          // words end with the visible space instead of beginning with it
  std::vector<int32_t> user_defined;  // ids of pieces that are never cut; the library does not tell them from others
};

// Serialized BPE model with these pieces: spaces kept as they are, visible space U+2581.
std::string write_bpe_model(const std::vector<ModelPiece>& pieces, bool byte_fallback, bool add_dummy_prefix);
// The vocabulary of a GGUF ("llama") as such a model. What libsentencepiece wants and a GGUF may lack is added: a name for
// each gap, and one unknown piece, which is <unk> or the file's unknown token where no type says which.
Result<std::string> write_bpe_model(const GgufTokenizerData& data);
// The same model that puts no space before the text.
std::string without_dummy_prefix(std::string serialized);
// What the file says about itself; an error if the message is damaged or its normalization table would be read out of
// bounds.
Result<ModelSummary> inspect_model(std::string_view serialized, const std::string& where);

}  // namespace scalewright::text
