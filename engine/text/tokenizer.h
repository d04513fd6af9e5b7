#pragma once
// Text to token ids and back. One interface over byte-level BPE and SentencePiece; equal to the `tokenizers` package
// and to libsentencepiece on every string.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace scalewright {

struct EncodeOptions {
  bool parse_special = false;  // special tokens written in the text become their ids (rendered templates: true)
  bool add_bos = false;
};
struct Token {
  int32_t id = 0;
  uint32_t begin = 0, end = 0;  // bytes of the input text that it stands for
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual std::vector<Token> encode(std::string_view utf8, const EncodeOptions& options) const = 0;
  std::vector<int32_t> encode_ids(std::string_view utf8, const EncodeOptions& options) const;
  // Whole text of ids; special tokens are written out unless skip_special.
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special) const = 0;
  // Raw bytes of one id as they appear in running text (may be part of a character).
  virtual std::string piece_bytes(int32_t id) const = 0;
  virtual int32_t size() const = 0;                        // ids are below this
  virtual int32_t find(std::string_view token) const = 0;  // -1: no such token
  virtual std::string token_text(int32_t id) const = 0;    // as in the vocabulary
  virtual bool is_special(int32_t id) const = 0;           // control token
  virtual int32_t bos() const = 0;                         // -1: none
  virtual int32_t eos() const = 0;
  virtual int32_t eot() const { return -1; }       // end of turn, where the files name one
  virtual bool adds_bos() const { return false; }  // the files ask for bos before plain text
  // Ids that end an answer: eos, eot, and the published end-of-turn tokens that the vocabulary has. Sorted.
  std::vector<int32_t> end_tokens() const;
  virtual std::string kind() const = 0;  // "byte-level BPE (smollm)", "SentencePiece BPE"
  // libsentencepiece writes one U+FFFD for each bad byte, the others one for each maximal ill-formed part.
  virtual bool marks_each_bad_byte() const { return false; }
};

// Holds back bytes of an unfinished UTF-8 character while tokens stream. The pieces together are what decode() gives,
// but for broken bytes under the byte fallback of tokenizer.json: there a whole run of bytes is lost at the first bad
// one.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true)
      : tokenizer_(tokenizer), skip_special_(skip_special) {}
  std::string push(int32_t id);  // text that is complete now
  std::string flush();           // the rest; broken bytes become U+FFFD
 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
  std::string take(bool all);  // what of pending_ is complete, or all of it

  std::string pending_;
  std::vector<int32_t> opening_;  // ids up to the first that is more than spaces
  size_t opening_bytes_ = 0;      // of them given out
  bool open_ = true;
};

// What a GGUF's tokenizer.ggml.* keys say (engine/format fills it).
struct GgufTokenizerData {
  std::string model, pre;  // "llama" | "gpt2"; "smollm", "llama-bpe", "qwen2", ...
  std::vector<std::string> tokens, merges;
  std::vector<float> scores;   // empty or one a token
  std::vector<int32_t> types;  // empty or one a token
  int32_t bos = -1, eos = -1, eot = -1, unknown = -1, padding = -1;
  bool add_bos = false, add_eos = false, add_space_prefix = true, ignore_merges = false;
};
Result<std::unique_ptr<Tokenizer>> make_tokenizer(GgufTokenizerData data);
// A Hugging Face folder: tokenizer.json, else tokenizer.model (+ tokenizer_config.json, special_tokens_map.json).
Result<std::unique_ptr<Tokenizer>> load_tokenizer_folder(const std::filesystem::path& folder);
// The same as GGUF keys, to write a GGUF from a folder.
Result<GgufTokenizerData> gguf_tokenizer_data(const std::filesystem::path& folder);

}  // namespace scalewright
