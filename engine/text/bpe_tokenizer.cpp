#include "engine/text/bpe_tokenizer.h"

#include <algorithm>

#include "engine/text/utf8.h"

namespace scalewright::text {
namespace {

// Words repeat: a small table of the words of this text and their tokens, for texts long enough to gain from it.
class WordCache {
 public:
  explicit WordCache(size_t text_bytes) {
    if (text_bytes >= kWorthwhile) slots_.resize(kSlots);
  }
  void encode(const BpeModel& model, std::string_view word, std::vector<BpeSymbol>& out) {
    if (slots_.empty() || word.size() > kLongest) {
      model.encode(word, out);
      return;
    }
    Slot& slot = slots_[std::hash<std::string_view>()(word) & (kSlots - 1)];
    if (slot.length == word.size() && std::equal(word.begin(), word.end(), slot.word)) {
      out.insert(out.end(), slot.symbols, slot.symbols + slot.count);
      return;
    }
    const size_t first = out.size();
    model.encode(word, out);
    const size_t count = out.size() - first;
    if (count > std::size(slot.symbols)) return;
    slot.length = static_cast<uint8_t>(word.size());
    slot.count = static_cast<uint8_t>(count);
    std::copy(word.begin(), word.end(), slot.word);
    std::copy_n(out.begin() + static_cast<ptrdiff_t>(first), count, slot.symbols);
  }

 private:
  static constexpr size_t kWorthwhile = 4096, kSlots = 8192, kLongest = 22;
  struct Slot {
    uint8_t length = 0, count = 0;
    char word[kLongest] = {};
    BpeSymbol symbols[5] = {};
  };
  std::vector<Slot> slots_;
};

// What libraries do with a run of byte tokens: the text if it is UTF-8, else one U+FFFD for each byte.
void flush_bytes(std::string& run, std::string& out) {
  if (is_valid_utf8(run)) {
    out += run;
  } else {
    for (size_t i = 0; i < run.size(); ++i) out += kReplacementCharacter;
  }
  run.clear();
}

std::string with_spaces(std::string_view token, const std::string& space) {
  std::string out;
  size_t done = 0;
  for (size_t at = space.empty() ? std::string_view::npos : token.find(space); at != std::string_view::npos;
       at = token.find(space, done)) {
    out += token.substr(done, at - done);
    out += ' ';
    done = at + space.size();
  }
  out += token.substr(done);
  return out;
}

}  // namespace

BpeTokenizer::BpeTokenizer(BpeTokenizerParts parts) : parts_(std::move(parts)) {
  size_ = parts_.model.size();
  for (size_t i = 0; i < parts_.added.size(); ++i) {
    const AddedToken& token = parts_.added[i];
    size_ = std::max(size_, token.id + 1);
    added_by_id_[token.id] = i;
    added_by_text_.try_emplace(token.content, token.id);
    if (!token.normalized) {
      raw_search_.add(token, token.content);
      continue;
    }
    MappedText content = MappedText::view_of(token.content, 0);
    for (const auto& step : parts_.normalizer) step->apply(content);
    normalized_search_.add(token, content.text());
  }
}

// One call of encode: carries the output and the caches through the stages.
class BpeTokenizer::Encoder {
 public:
  Encoder(const BpeTokenizer& tokenizer, size_t bytes, bool parse_special)
      : tokenizer_(tokenizer), parse_special_(parse_special), cache_(bytes) {}

  // `text` is well-formed; `fixed` maps it to the caller's bytes.
  void encode(const MappedText& text) {
    for (const auto& part : tokenizer_.raw_search_.split(text.text(), parse_special_)) {
      if (part.id >= 0) {
        emit(part.id, text, part.begin, part.end);
        continue;
      }
      MappedText normalized = text.part(part.begin, part.end);
      for (const auto& step : tokenizer_.parts_.normalizer) step->apply(normalized);
      if (tokenizer_.normalized_search_.empty()) {
        encode_words(normalized);
        continue;
      }
      for (const auto& inner : tokenizer_.normalized_search_.split(normalized.text(), parse_special_)) {
        if (inner.id >= 0) {
          emit(inner.id, normalized, inner.begin, inner.end);
        } else {
          encode_words(normalized.part(inner.begin, inner.end));
        }
      }
    }
  }
  std::vector<Token> tokens;

 private:
  void emit(int32_t id, const MappedText& text, size_t begin, size_t end) {
    tokens.push_back({id, text.source_begin(begin), text.source_end(begin, end)});
  }
  void encode_words(MappedText text) {
    Pieces pieces;
    const auto bytes = static_cast<uint32_t>(text.text().size());
    if (bytes == 0) return;
    pieces.ranges.push_back({0, bytes});
    pieces.text = std::move(text);
    for (const auto& step : tokenizer_.parts_.pre_tokenizer) step->apply(pieces);
    const std::string_view whole = pieces.text.text();
    tokens.reserve(tokens.size() + whole.size() / 3);
    for (const Range range : pieces.ranges) {
      symbols_.clear();
      cache_.encode(tokenizer_.parts_.model, whole.substr(range.begin, range.end - range.begin), symbols_);
      for (const BpeSymbol& symbol : symbols_) {
        emit(symbol.id, pieces.text, range.begin + symbol.begin, range.begin + symbol.end);
      }
    }
  }

  const BpeTokenizer& tokenizer_;
  bool parse_special_;
  WordCache cache_;
  std::vector<BpeSymbol> symbols_;
};

std::vector<Token> BpeTokenizer::encode(std::string_view utf8, const EncodeOptions& options) const {
  Encoder encoder(*this, utf8.size(), options.parse_special);
  if (options.add_bos && parts_.bos >= 0) encoder.tokens.push_back({parts_.bos, 0, 0});
  encoder.encode(well_formed(utf8));
  return std::move(encoder.tokens);
}

std::vector<uint32_t> BpeTokenizer::cuts(std::string_view utf8) const {
  Pieces pieces;
  pieces.text = well_formed(utf8);
  for (const auto& step : parts_.normalizer) step->apply(pieces.text);
  if (pieces.text.text().empty()) return {};
  pieces.ranges.push_back({0, static_cast<uint32_t>(pieces.text.text().size())});
  for (const auto& step : parts_.pre_tokenizer) step->apply(pieces);
  std::vector<uint32_t> lengths;
  for (const Range range : pieces.ranges) lengths.push_back(range.end - range.begin);
  return lengths;
}

const AddedToken* BpeTokenizer::added(int32_t id) const {
  const auto at = added_by_id_.find(id);
  return at == added_by_id_.end() ? nullptr : &parts_.added[at->second];
}

std::string_view BpeTokenizer::text_of(int32_t id) const {
  if (const AddedToken* token = added(id)) return token->content;
  if (id >= 0 && id < parts_.model.size()) return parts_.model.token(id);
  return {};
}

std::string BpeTokenizer::token_text(int32_t id) const {
  return std::string(text_of(id));
}

int32_t BpeTokenizer::find(std::string_view token) const {
  const auto at = added_by_text_.find(std::string(token));
  return at != added_by_text_.end() ? at->second : parts_.model.find(token);
}

bool BpeTokenizer::is_special(int32_t id) const {
  const AddedToken* token = added(id);
  return token != nullptr && token->special;
}

std::string BpeTokenizer::piece_bytes(int32_t id) const {
  const std::string_view token = text_of(id);
  std::string out;
  if (parts_.decoder.byte_level) {
    if (!byte_level_decode(token, out)) out = token;
    return out;
  }
  if (parts_.decoder.byte_fallback) {
    if (const int byte = byte_of_token(token); byte >= 0) return std::string(1, static_cast<char>(byte));
  }
  return with_spaces(token, parts_.decoder.space);
}

std::string BpeTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string out, run;
  for (const int32_t id : ids) {
    if (skip_special && is_special(id)) continue;
    const std::string_view token = text_of(id);
    if (parts_.decoder.byte_level) {
      if (!byte_level_decode(token, out)) out += token;
      continue;
    }
    if (const int byte = parts_.decoder.byte_fallback ? byte_of_token(token) : -1; byte >= 0) {
      run.push_back(static_cast<char>(byte));
      continue;
    }
    flush_bytes(run, out);
    out += with_spaces(token, parts_.decoder.space);
  }
  if (parts_.decoder.byte_level) return replace_invalid_utf8(out);
  flush_bytes(run, out);
  size_t strip = 0;
  while (strip < parts_.decoder.strip_left && strip < out.size() && out[strip] == ' ') ++strip;
  return out.substr(strip);
}

}  // namespace scalewright::text
