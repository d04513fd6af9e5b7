#pragma once
// Tokens that are found in the text before anything else looks at it: special tokens and words added to a vocabulary.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace scalewright::text {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool special = false;
  bool normalized = false;                       // looked for after the normalizer
  bool single_word = false;                      // only between non-word characters
  bool strip_left = false, strip_right = false;  // takes the spaces beside it
};

// Leftmost-longest search for a set of tokens.
class AddedTokenSearch {
 public:
  void add(const AddedToken& token, std::string_view content);
  bool empty() const { return nodes_.empty(); }

  struct Part {
    uint32_t begin = 0, end = 0;  // bytes
    int32_t id = -1;              // -1: text between tokens
  };
  // The parts of `text` in order; special tokens stay text unless `parse_special`.
  std::vector<Part> split(std::string_view text, bool parse_special) const;

 private:
  struct Flags {
    bool special = false, single_word = false, strip_left = false, strip_right = false;
  };
  std::array<bool, 256> first_{};
  std::unordered_map<uint64_t, uint32_t> edges_;  // node and byte -> node
  std::vector<int32_t> nodes_;                    // token of a node, or -1
  std::unordered_map<int32_t, Flags> flags_;
};

}  // namespace scalewright::text
