// Tokenizers from the tokenizer.ggml.* keys of a GGUF.

#include <algorithm>
#include <cmath>
#include <deque>

#include "engine/text/bpe_tokenizer.h"
#include "engine/text/sentencepiece_tokenizer.h"
#include "engine/text/utf8.h"

namespace scalewright {
namespace {

using text::PieceType;

const std::string kWhere = "The GGUF's vocabulary";

Result<void> check(const GgufTokenizerData& data) {
  const size_t count = data.tokens.size();
  const auto damaged = [](const std::string& what) { return fail(ErrorCode::Format, kWhere + ": " + what); };
  if (count == 0) return damaged("tokenizer.ggml.tokens is empty or missing.");
  if (count > (size_t{1} << 26)) return damaged("it claims " + std::to_string(count) + " tokens.");
  if (!data.scores.empty() && data.scores.size() != count) {
    return damaged("there are " + std::to_string(count) + " tokens but " + std::to_string(data.scores.size()) +
                   " scores.");
  }
  if (!data.types.empty() && data.types.size() != count) {
    return damaged("there are " + std::to_string(count) + " tokens but " + std::to_string(data.types.size()) +
                   " token types.");
  }
  const std::pair<const char*, int32_t> ids[] = {
      {"bos", data.bos}, {"eos", data.eos}, {"eot", data.eot}, {"unknown", data.unknown}, {"padding", data.padding}};
  for (const auto& [name, id] : ids) {
    if (id >= 0 && static_cast<size_t>(id) >= count) {
      return damaged("the " + std::string(name) + " token has the id " + std::to_string(id) + ", but there are " +
                     std::to_string(count) + " tokens.");
    }
  }
  return {};
}

int32_t type_of(const GgufTokenizerData& data, size_t id) {
  return data.types.empty() ? 1 : data.types[id];
}

Result<std::unique_ptr<Tokenizer>> make_byte_level(GgufTokenizerData& data) {
  SW_ASSIGN(auto pre, text::gguf_pre_tokenizer(data.pre));
  std::vector<std::pair<std::string_view, std::string_view>> merges;
  merges.reserve(data.merges.size());
  for (const std::string& merge : data.merges) {
    const size_t space = merge.find(' ', 1);  // tokens of this alphabet hold no space, but a pair could begin with one
    if (space == std::string::npos || space + 1 == merge.size()) {
      return fail(ErrorCode::Format, kWhere + ": merge " + std::to_string(merges.size()) + " is not a pair of tokens.");
    }
    merges.emplace_back(std::string_view(merge).substr(0, space), std::string_view(merge).substr(space + 1));
  }
  std::vector<text::AddedToken> added;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    const int32_t type = type_of(data, id);
    const bool control = type == static_cast<int32_t>(PieceType::Control);
    if (!control && type != static_cast<int32_t>(PieceType::UserDefined)) continue;
    if (!data.tokens[id].empty()) added.push_back({static_cast<int32_t>(id), data.tokens[id], control});
  }
  text::BpeOptions options;
  options.ignore_merges = data.ignore_merges || pre.ignore_merges;
  text::Normalizer normalizer;
  if (pre.nfc) {
    SW_ASSIGN(auto step, text::unicode_form(text::UnicodeForm::Nfc));
    normalizer.push_back(std::move(step));
  }
  SW_ASSIGN(auto model, text::BpeModel::make(std::move(data.tokens), merges, options, kWhere));
  const std::string name = data.pre.empty() ? "default" : data.pre;
  return std::make_unique<text::BpeTokenizer>(text::BpeTokenizerParts{
      std::move(model), std::move(added), std::move(normalizer), std::move(pre.steps), text::BpeDecoder{}, data.bos,
      data.eos, data.eot, data.add_bos, "byte-level BPE (" + name + ")"});
}

Result<std::unique_ptr<Tokenizer>> make_sentencepiece(const GgufTokenizerData& data) {
  text::SentencePieceParts parts;
  SW_ASSIGN(parts.serialized, text::write_bpe_model(data));
  parts.bos = data.bos;
  parts.eos = data.eos;
  parts.eot = data.eot;
  parts.adds_bos = data.add_bos;
  return text::SentencePieceTokenizer::make(std::move(parts), kWhere);
}

}  // namespace

Result<std::string> text::write_bpe_model(const GgufTokenizerData& data) {
  const size_t count = data.tokens.size();
  std::vector<ModelPiece> pieces(count);
  std::deque<std::string> names;  // of gaps
  bool bytes = false;
  int32_t unknown = -1;
  for (size_t id = 0; id < count; ++id) {
    ModelPiece& piece = pieces[id];
    const int32_t type = type_of(data, id);
    if (type < 1 || type > 6) {
      return fail(ErrorCode::Format,
                  kWhere + ": token " + std::to_string(id) + " has the unknown type " + std::to_string(type) + ".");
    }
    piece.text = data.tokens[id];
    piece.type = static_cast<PieceType>(type);
    piece.score = data.scores.empty() ? 0.0f : data.scores[id];
    if (!std::isfinite(piece.score)) {
      return fail(ErrorCode::Format, kWhere + ": token " + std::to_string(id) + " has a score that is not a number.");
    }
    if (piece.text.empty()) {
      piece.text = names.emplace_back("[EMPTY_" + std::to_string(id) + "]");
      piece.type = PieceType::Unused;
    }
    if (piece.type == PieceType::Byte) {
      if (byte_of_token(piece.text) < 0) {
        return fail(ErrorCode::Format,
                    kWhere + ": the byte token \"" + replace_invalid_utf8(piece.text) + "\" names no byte.");
      }
      bytes = true;
    }
    if (piece.type == PieceType::Unknown) {
      if (unknown >= 0) return fail(ErrorCode::Format, kWhere + ": it has two unknown tokens.");
      unknown = static_cast<int32_t>(id);
    }
  }
  if (unknown < 0) {
    const auto named = std::ranges::find(data.tokens, "<unk>");
    unknown = named != data.tokens.end() ? static_cast<int32_t>(named - data.tokens.begin()) : data.unknown;
    if (unknown < 0) return fail(ErrorCode::Format, kWhere + ": it has no unknown token.");
    pieces[static_cast<size_t>(unknown)].type = PieceType::Unknown;
  }
  return write_bpe_model(pieces, bytes, data.add_space_prefix);
}

Result<std::unique_ptr<Tokenizer>> make_tokenizer(GgufTokenizerData data) {
  SW_TRY(check(data));
  if (data.model == "gpt2") return make_byte_level(data);
  if (data.model == "llama") return make_sentencepiece(data);
  return fail(ErrorCode::Unsupported,
              "The file's tokenizer is \"" + data.model +
                  "\" (tokenizer.ggml.model); Scalewright knows \"llama\" (SentencePiece) and \"gpt2\" "
                  "(byte-level BPE).");
}

}  // namespace scalewright
