#include "engine/text/tokenizer.h"

#include <algorithm>

#include "engine/text/utf8.h"

namespace scalewright {

std::vector<int32_t> Tokenizer::encode_ids(std::string_view utf8, const EncodeOptions& options) const {
  const std::vector<Token> tokens = encode(utf8, options);
  std::vector<int32_t> ids;
  ids.reserve(tokens.size());
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

std::vector<int32_t> Tokenizer::end_tokens() const {
  std::vector<int32_t> ids;
  for (const int32_t id : {eos(), eot()}) {
    if (id >= 0) ids.push_back(id);
  }
  // What published chat models end a turn with, whatever their files name as eos.
  for (const char* name : {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>",
                           "<|end_of_text|>", "<|end_of_turn|>", "<|return|>", "<|endofturn|>",
                           "<\xEF\xBD\x9C"
                           "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>"}) {
    const int32_t id = find(name);
    if (id >= 0 && is_special(id)) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::string StreamDecoder::push(int32_t id) {
  if (skip_special_ && tokenizer_.is_special(id)) return {};
  std::string piece = tokenizer_.piece_bytes(id);
  if (open_ && !piece.empty()) {
    // SentencePiece takes away spaces at the beginning of a text: ask how many are left of all so far.
    opening_.push_back(id);
    const auto spaces = [](std::string_view text) { return std::min(text.find_first_not_of(' '), text.size()); };
    std::string whole;
    for (const int32_t earlier : opening_) whole += tokenizer_.piece_bytes(earlier);
    whole.erase(0, spaces(whole) - std::min(spaces(whole), spaces(tokenizer_.decode(opening_, false))));
    open_ = spaces(whole) == whole.size();
    piece = whole.substr(std::min(opening_bytes_, whole.size()));
    opening_bytes_ = whole.size();
  }
  pending_ += piece;
  return take(false);
}

std::string StreamDecoder::take(bool all) {
  std::string ready;
  size_t at = 0;
  while (at < pending_.size()) {
    const text::Utf8Unit unit = text::utf8_unit_at(pending_, at);
    if (unit.cut && !all) break;
    if (unit.bad || unit.cut) {
      for (uint32_t i = 0; i < (tokenizer_.marks_each_bad_byte() ? unit.length : 1); ++i)
        ready += text::kReplacementCharacter;
    } else {
      ready += std::string_view(pending_).substr(at, unit.length);
    }
    at += unit.length;
  }
  pending_.erase(0, at);
  return ready;
}

std::string StreamDecoder::flush() {
  std::string rest = take(true);
  opening_.clear();
  opening_bytes_ = 0;
  open_ = true;
  return rest;
}

}  // namespace scalewright
