#pragma once
// Byte-pair encoding of one word: a vocabulary, ranked merges, and what to do with text that the vocabulary lacks.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace scalewright::text {

// The reversible alphabet of byte-level BPE: every byte is written as one printable character.
std::string byte_level_encode(std::string_view bytes);
// Back to bytes; false if a character does not belong to the alphabet (then `out` is left as it was).
bool byte_level_decode(std::string_view characters, std::string& out);

// The byte of a byte-fallback token ("<0x0A>"), or -1.
int byte_of_token(std::string_view token);

struct BpeOptions {
  bool byte_level = true;      // the vocabulary is written in the alphabet above
  bool byte_fallback = false;  // characters without a token become <0xXX> tokens
  bool ignore_merges = false;  // a whole word of the vocabulary is taken as it is
  bool fuse_unknown = false;   // neighbouring unknown characters become one unknown token
  int32_t unknown = -1;        // -1: unknown characters are dropped
};

// One token of a word and its bytes there.
struct BpeSymbol {
  int32_t id = 0;
  uint32_t begin = 0, end = 0;
};

class BpeModel {
 public:
  BpeModel(BpeModel&&) = default;  // never copied: ids_ holds views of tokens_
  BpeModel& operator=(BpeModel&&) = default;
  // `tokens[id]` is the text of a token, empty where no token has that id; `merges` are pairs of token texts by rank.
  // `where` names the source for messages.
  static Result<BpeModel> make(std::vector<std::string> tokens,
                               const std::vector<std::pair<std::string_view, std::string_view>>& merges,
                               const BpeOptions& options, const std::string& where);

  int32_t size() const { return static_cast<int32_t>(tokens_.size()); }
  const std::string& token(int32_t id) const { return tokens_[static_cast<size_t>(id)]; }
  int32_t find(std::string_view token) const;
  const BpeOptions& options() const { return options_; }

  // Appends the tokens of `word` (raw UTF-8 bytes, not the alphabet). Thread-safe.
  void encode(std::string_view word, std::vector<BpeSymbol>& out) const;

 private:
  BpeModel() = default;
  struct Merge {
    uint32_t rank;
    int32_t id;
  };
  // Open addressing over (left id, right id); built once, read by many threads.
  class MergeTable {
   public:
    void build(size_t count);
    void insert(int32_t left, int32_t right, Merge merge);
    const Merge* find(int32_t left, int32_t right) const;

   private:
    static uint64_t key_of(int32_t left, int32_t right) {
      return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
    }
    static constexpr uint64_t kEmpty = ~uint64_t{0};
    std::vector<std::pair<uint64_t, Merge>> slots_;
    uint64_t mask_ = 0;
    int shift_ = 0;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void split(std::string_view word, std::vector<BpeSymbol>& symbols) const;
  void merge_short(std::vector<BpeSymbol>& symbols, size_t first) const;
  void merge_long(std::vector<BpeSymbol>& symbols, size_t first) const;

  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, int32_t> ids_;  // keys live in tokens_
  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>>
      raw_ids_;                          // byte-level: whole words, for ignore_merges
  std::array<int32_t, 256> byte_ids_{};  // the token of one byte, or -1
  MergeTable merges_;
  BpeOptions options_;
};

}  // namespace scalewright::text
