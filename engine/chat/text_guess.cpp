#include "engine/chat/text_guess.h"

#include <algorithm>
#include <utility>

namespace scalewright {

TextGuess::TextGuess(int64_t most, double cost) : most_(most), cost_(cost) {
  for (Places& place : places_) place.length = most;
}

// Ids lie below 2^21 (the largest vocabularies have 2^18), so that a key is the tokens themselves.
uint64_t TextGuess::key(int tokens, size_t end) const {
  uint64_t key = 0;
  for (size_t i = end - static_cast<size_t>(tokens); i < end; ++i) key = key << 21 | static_cast<uint64_t>(text_[i]);
  return key;
}

void TextGuess::begin(std::span<const int32_t> ids) {
  const auto last = std::span(text_).subspan(begin_of_last());
  if (last.size() <= ids.size() && std::equal(last.begin(), last.end(), ids.begin())) return add(ids.subspan(last.size()));
  if (text_.size() > kMostKept) forget(text_.size() - kMostKept / 2);
  begins_.push_back(text_.size());
  add(ids);
}

void TextGuess::forget(size_t tokens) {
  const std::vector<int32_t> all = std::exchange(text_, {});
  std::vector<size_t> begins = std::exchange(begins_, {});
  begins.push_back(all.size());
  for (Places& place : places_) place.behind.clear();
  for (size_t i = 0; i + 1 < begins.size(); ++i) {
    const size_t from = std::max(begins[i], tokens), to = begins[i + 1];
    if (from >= to) continue;
    begins_.push_back(text_.size());
    add(std::span(all).subspan(from, to - from));
  }
}

void TextGuess::add(std::span<const int32_t> ids) {
  if (most_ <= 0) return;
  const size_t from = text_.size();
  text_.insert(text_.end(), ids.begin(), ids.end());
  for (size_t at = from; at < text_.size(); ++at) {
    for (int tokens = kShortest; tokens <= kLongest; ++tokens) {
      if (at >= begin_of_last() + static_cast<size_t>(tokens)) places(tokens).behind[key(tokens, at)] = at;
    }
  }
}

std::vector<int32_t> TextGuess::next(int64_t most) {
  last_ = nullptr;
  for (int tokens = kLongest; tokens >= kShortest && std::min(most, most_) > 0; --tokens) {
    if (text_.size() < begin_of_last() + static_cast<size_t>(tokens)) continue;
    Places& place = places(tokens);
    const auto found = place.behind.find(key(tokens, text_.size()));
    if (found == place.behind.end()) continue;
    if (!place.backoff.take()) continue;
    last_ = &place;
    // What overlaps the end goes on in a circle, as a text that repeats itself does.
    const size_t from = found->second, round = text_.size() - from;
    std::vector<int32_t> guess(static_cast<size_t>(std::min({most, most_, place.length})));
    for (size_t i = 0; i < guess.size(); ++i) guess[i] = text_[from + i % round];
    guessed_ = static_cast<int64_t>(guess.size());
    return guess;
  }
  return {};
}

void TextGuess::judge(int64_t right) {
  if (!last_) return;
  last_->backoff.add(static_cast<double>(right) - cost_ * static_cast<double>(guessed_));
  last_->length = right == guessed_ ? std::min(2 * last_->length + 1, most_) : std::max<int64_t>(right, 1);
  last_ = nullptr;
}

}  // namespace scalewright
