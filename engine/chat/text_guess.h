#pragma once
// Guesses how a text goes on: as it went on where its last tokens stood before (prompt lookup decoding, Saxena 2023). Answers
// repeat names, numbers, code and whole sentences of what they answer; a model checks several guessed tokens in little more
// time than it needs for one, and those that it would have said itself are kept. Texts of before count too: a model that was
// tuned for a task says much the same each time.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/core/backoff.h"

namespace scalewright {

class TextGuess {
 public:
  static constexpr size_t kMostKept = 1 << 15;  // tokens of earlier texts

  // Guesses of at most `most` tokens, 0: none. `cost`: what checking one more token takes, as a share of saying one.
  TextGuess(int64_t most, double cost);
  // A text begins, or the last one goes on where it is what this one begins with.
  void begin(std::span<const int32_t> ids);
  // The text goes on with these.
  void add(std::span<const int32_t> ids);
  // The next tokens, at most `most`; none where nothing fits or guesses lately cost more than they saved. Counts a turn.
  std::vector<int32_t> next(int64_t most);
  // How many of the last guess's tokens were said, from its first on.
  void judge(int64_t right);

 private:
  static constexpr int kShortest = 2, kLongest = 3;  // tokens that must have stood before
  struct Places {
    std::unordered_map<uint64_t, size_t> behind;  // where the text last went on behind these tokens
    Backoff backoff;
    int64_t length = 0;  // of its next guess
  };

  void forget(size_t tokens);  // the first ones
  size_t begin_of_last() const { return begins_.back(); }
  uint64_t key(int tokens, size_t end) const;
  Places& places(int tokens) { return places_[tokens - kShortest]; }

  int64_t most_, guessed_ = 0;
  double cost_;
  std::vector<int32_t> text_;  // all of them, one behind the other
  std::vector<size_t> begins_ = {0};
  Places places_[kLongest - kShortest + 1];
  Places* last_ = nullptr;  // what the last guess came from
};

}  // namespace scalewright
