#include "engine/text/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <exception>

#include "engine/text/bpe_model.h"
#include "engine/text/mapped_text.h"
#include "engine/text/utf8.h"

namespace scalewright::text {
namespace {

std::string with_plain_spaces(std::string_view token) {
  std::string out;
  size_t done = 0;
  for (size_t at = token.find(kMetaSpace); at != std::string_view::npos; at = token.find(kMetaSpace, done)) {
    out += token.substr(done, at - done);
    out += ' ';
    done = at + kMetaSpace.size();
  }
  out += token.substr(done);
  return out;
}

Result<std::unique_ptr<sentencepiece::SentencePieceProcessor>> load(const std::string& serialized,
                                                                    const std::string& where) {
  auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
  try {
    const auto status = processor->LoadFromSerializedProto(serialized);
    if (!status.ok()) {
      return fail(ErrorCode::Format,
                  where + ": SentencePiece does not accept this vocabulary (" + status.message() + ").");
    }
  } catch (const std::exception& error) {  // its trie builder throws
    return fail(ErrorCode::Format, where + ": SentencePiece does not accept this vocabulary (" + error.what() + ").");
  }
  return processor;
}

}  // namespace

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

Result<std::unique_ptr<SentencePieceTokenizer>> SentencePieceTokenizer::make(SentencePieceParts parts,
                                                                             const std::string& where) {
  std::unique_ptr<SentencePieceTokenizer> result(new SentencePieceTokenizer);
  SW_ASSIGN(result->summary_, inspect_model(parts.serialized, where));
  SW_ASSIGN(result->with_prefix_, load(parts.serialized, where));
  SW_ASSIGN(result->without_prefix_, load(without_dummy_prefix(parts.serialized), where));
  parts.serialized.clear();

  const auto& model = *result->with_prefix_;
  result->model_size_ = model.GetPieceSize();
  result->size_ = result->model_size_;
  for (int32_t id = 0; id < result->model_size_; ++id) {
    if (model.IsByte(id) && byte_of_token(model.IdToPiece(id)) < 0) {
      return fail(ErrorCode::Format, where + ": the byte token \"" + model.IdToPiece(id) + "\" names no byte.");
    }
  }
  // Control tokens of the model are special tokens of the text.
  std::vector<AddedToken> all;
  for (int32_t id = 0; id < result->model_size_; ++id) {
    if (model.IsControl(id)) all.push_back({id, model.IdToPiece(id), true});
  }
  for (AddedToken& token : parts.added) {
    if (token.id < 0 || token.content.empty()) continue;
    if (token.id < result->model_size_ && model.IdToPiece(token.id) != token.content) {
      // Only the same text may stand for an id of the model, spaces written either way.
      if (with_plain_spaces(model.IdToPiece(token.id)) != token.content) {
        return fail(ErrorCode::Format, where + ": the added token \"" + token.content + "\" has the id " +
                                           std::to_string(token.id) + ", which \"" + model.IdToPiece(token.id) +
                                           "\" has too.");
      }
    }
    const bool known =
        std::any_of(all.begin(), all.end(), [&](const AddedToken& other) { return other.id == token.id; });
    if (!known) all.push_back(std::move(token));
  }
  parts.added = std::move(all);
  for (size_t i = 0; i < parts.added.size(); ++i) {
    const AddedToken& token = parts.added[i];
    result->added_by_id_[token.id] = i;
    result->size_ = std::max(result->size_, token.id + 1);
    result->search_.add(token, token.content);
  }
  for (const int32_t id : {parts.bos, parts.eos, parts.eot}) {
    if (id >= result->size_) {
      return fail(ErrorCode::Format, where + ": a bos, eos or eot id is " + std::to_string(id) +
                                         ", but the vocabulary has " + std::to_string(result->size_) + " tokens.");
    }
  }
  result->parts_ = std::move(parts);
  if (model.unk_id() >= 0) {
    const std::vector<int> unknown{model.unk_id()};
    std::ignore = model.Decode(unknown, &result->unknown_surface_).ok();
  }
  return result;
}

std::vector<Token> SentencePieceTokenizer::encode(std::string_view utf8, const EncodeOptions& options) const {
  std::vector<Token> tokens;
  if (options.add_bos && parts_.bos >= 0) tokens.push_back({parts_.bos, 0, 0});
  const MappedText text = well_formed(utf8);
  for (const auto& part : search_.split(text.text(), options.parse_special)) {
    if (part.id >= 0) {
      tokens.push_back({part.id, text.source_begin(part.begin), text.source_end(part.begin, part.end)});
      continue;
    }
    const std::string_view piece = text.text().substr(part.begin, part.end - part.begin);
    bool prefix = true;
    if (parts_.prefix_only_at_start)
      prefix = part.begin == 0 && !piece.starts_with(' ') && !piece.starts_with(kMetaSpace);
    const auto encoded = (prefix ? with_prefix_ : without_prefix_)->EncodeAsImmutableProto(piece);
    const size_t count = encoded.pieces_size();
    tokens.reserve(tokens.size() + count);
    for (size_t i = 0; i < count; ++i) {
      const auto symbol = encoded.pieces(static_cast<int>(i));
      const size_t begin = part.begin + symbol.begin(), end = part.begin + symbol.end();
      tokens.push_back({static_cast<int32_t>(symbol.id()), text.source_begin(begin), text.source_end(begin, end)});
    }
  }
  return tokens;
}

const AddedToken* SentencePieceTokenizer::added(int32_t id) const {
  const auto at = added_by_id_.find(id);
  return at == added_by_id_.end() ? nullptr : &parts_.added[at->second];
}

std::string SentencePieceTokenizer::token_text(int32_t id) const {
  if (id >= 0 && id < model_size_) return with_prefix_->IdToPiece(id);
  const AddedToken* token = added(id);
  return token ? token->content : std::string();
}

int32_t SentencePieceTokenizer::find(std::string_view token) const {
  for (const AddedToken& candidate : parts_.added) {
    if (candidate.content == token) return candidate.id;
  }
  const int id = with_prefix_->PieceToId(token);
  return id >= 0 && id < model_size_ && with_prefix_->IdToPiece(id) == token ? id : -1;
}

bool SentencePieceTokenizer::is_special(int32_t id) const {
  const AddedToken* token = added(id);
  return token != nullptr && token->special;
}

PieceType SentencePieceTokenizer::type_of(int32_t id) const {
  if (id >= model_size_ || id < 0) {
    const AddedToken* token = added(id);
    return token == nullptr ? PieceType::Unused : token->special ? PieceType::Control : PieceType::UserDefined;
  }
  if (with_prefix_->IsUnknown(id)) return PieceType::Unknown;
  if (with_prefix_->IsControl(id)) return PieceType::Control;
  if (with_prefix_->IsByte(id)) return PieceType::Byte;
  if (with_prefix_->IsUnused(id)) return PieceType::Unused;
  if (std::ranges::binary_search(summary_.user_defined, id)) return PieceType::UserDefined;
  return PieceType::Normal;
}

float SentencePieceTokenizer::score_of(int32_t id) const {
  return id >= 0 && id < model_size_ ? with_prefix_->GetScore(id) : 0.0f;
}

std::string SentencePieceTokenizer::piece_bytes(int32_t id) const {
  if (const AddedToken* token = added(id)) return token->content;
  if (id < 0 || id >= model_size_) return {};
  const std::string& piece = with_prefix_->IdToPiece(id);
  if (with_prefix_->IsByte(id)) return std::string(1, static_cast<char>(byte_of_token(piece)));
  if (with_prefix_->IsUnknown(id)) return unknown_surface_;
  return with_plain_spaces(piece);
}

// Tokens that libsentencepiece would leave out or does not know.
bool SentencePieceTokenizer::is_written_apart(int32_t id) const {
  return added(id) != nullptr;
}

std::string SentencePieceTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string out, part;
  std::vector<int> run;
  bool at_start = true;  // the prefix space is taken away only from the beginning
  const auto flush = [&] {
    if (run.empty()) return;
    const auto& model = at_start ? with_prefix_ : without_prefix_;
    if (model->Decode(run, &part).ok()) out += part;
    run.clear();
    at_start = false;
  };
  for (const int32_t id : ids) {
    if (id < 0 || id >= size_ || (skip_special && is_special(id))) continue;
    if (is_written_apart(id)) {
      flush();
      out += added(id)->content;
      at_start = at_start && is_special(id);
    } else if (id < model_size_) {
      run.push_back(id);
    }
  }
  flush();
  return out;
}

std::string SentencePieceTokenizer::kind() const {
  return summary_.algorithm == ModelSummary::Algorithm::Bpe ? "SentencePiece BPE" : "SentencePiece unigram";
}

}  // namespace scalewright::text
