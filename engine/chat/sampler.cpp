#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/chat/generator.h"
#include "engine/core/random.h"

namespace scalewright {
namespace {

uint64_t rotate_left(uint64_t x, int k) {
  return (x << k) | (x >> (64 - k));
}

// xoshiro256** (Blackman and Vigna 2018): uniform in [0, 1) from its top 53 bits.
double next_uniform(uint64_t (&s)[4]) {
  const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
  const uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return static_cast<double>(result >> 11) * 0x1p-53;
}

using Candidate = Sampler::Candidate;
// Larger logits first; equal ones in the order of their ids, so that ties are settled the same everywhere.
bool better(const Candidate& a, const Candidate& b) {
  return a.first > b.first || (a.first == b.first && a.second < b.second);
}

float without_nan(float logit) {
  return std::isnan(logit) ? -std::numeric_limits<float>::infinity() : logit;
}

}  // namespace

Sampler::Sampler(const SamplingOptions& options) : options_(options), state_{} {
  SplitMix64 seeds(options.seed);  // four words from one, as the authors of xoshiro256** advise
  for (uint64_t& word : state_) word = seeds.next();
}

// Penalty, top-k, top-p, min-p, then temperature: the order that llama.cpp uses, so that its settings mean the same
// here.
int32_t Sampler::pick(std::span<const float> logits, std::span<const int32_t> history) {
  if (logits.empty()) return 0;
  // Logits that the penalty changed, by id.
  std::vector<Candidate> changed;
  if (options_.repeat_penalty != 1.0 && options_.repeat_penalty > 0.0 && options_.repeat_window > 0) {
    const size_t window = std::min(history.size(), static_cast<size_t>(options_.repeat_window));
    std::vector<int32_t> recent(history.end() - static_cast<std::ptrdiff_t>(window), history.end());
    std::sort(recent.begin(), recent.end());
    recent.erase(std::unique(recent.begin(), recent.end()), recent.end());
    const float penalty = static_cast<float>(options_.repeat_penalty);
    for (int32_t id : recent) {
      if (id < 0 || static_cast<size_t>(id) >= logits.size()) continue;
      const float logit = without_nan(logits[static_cast<size_t>(id)]);
      changed.emplace_back(logit > 0.0f ? logit / penalty : logit * penalty, id);
    }
  }
  const auto for_each = [&](const auto& visit) {
    auto next = changed.begin();
    for (size_t id = 0; id < logits.size(); ++id) {
      if (next != changed.end() && static_cast<size_t>(next->second) == id)
        visit(*next++);
      else
        visit(Candidate{without_nan(logits[id]), static_cast<int32_t>(id)});
    }
  };

  if (options_.temperature <= 0.0) {
    Candidate best{-std::numeric_limits<float>::infinity(), 0};
    for_each([&](const Candidate& c) {
      if (c.first > best.first) best = c;
    });
    return best.second;
  }

  candidates_.clear();
  const size_t top_k =
      options_.top_k > 0 ? std::min(static_cast<size_t>(options_.top_k), logits.size()) : logits.size();
  if (top_k < logits.size()) {
    // A heap of the best so far, the worst of them on top; nearly every logit fails its one comparison.
    for_each([&](const Candidate& c) {
      if (candidates_.size() < top_k) {
        candidates_.push_back(c);
        std::push_heap(candidates_.begin(), candidates_.end(), better);
      } else if (better(c, candidates_.front())) {
        std::pop_heap(candidates_.begin(), candidates_.end(), better);
        candidates_.back() = c;
        std::push_heap(candidates_.begin(), candidates_.end(), better);
      }
    });
    std::sort_heap(candidates_.begin(), candidates_.end(), better);
  } else {
    candidates_.reserve(logits.size());
    for_each([&](const Candidate& c) { candidates_.push_back(c); });
    std::sort(candidates_.begin(), candidates_.end(), better);
  }
  return pick_from(candidates_);
}

int Sampler::candidates_wanted(int64_t vocabulary) const {
  const bool penalty = options_.repeat_penalty != 1.0 && options_.repeat_penalty > 0.0 && options_.repeat_window > 0;
  if (penalty) return 0;  // a logit that falls makes room for one that was not among the largest
  if (options_.temperature <= 0.0) return 1;
  return options_.top_k > 0 ? static_cast<int>(std::min<int64_t>(options_.top_k, vocabulary)) : 0;
}

// Top-p, min-p, temperature, from candidates in order.
int32_t Sampler::pick_from(std::span<const Candidate> candidates) {
  const float largest = candidates.front().first;
  if (options_.temperature <= 0.0 || !std::isfinite(largest)) return candidates.front().second;
  size_t kept = candidates.size();
  if (options_.top_p > 0.0 && options_.top_p < 1.0) {
    double total = 0.0;
    for (const Candidate& c : candidates) total += std::exp(static_cast<double>(c.first - largest));
    double sum = 0.0;
    for (size_t i = 0; i < kept; ++i) {
      sum += std::exp(static_cast<double>(candidates[i].first - largest));
      if (sum >= options_.top_p * total) {
        kept = i + 1;
        break;
      }
    }
  }
  if (options_.min_p > 0.0) {
    const double lowest = std::log(std::min(options_.min_p, 1.0));
    while (kept > 1 && candidates[kept - 1].first - largest < lowest) --kept;
  }
  double total = 0.0;
  const double inverse = 1.0 / options_.temperature;
  for (size_t i = 0; i < kept; ++i) total += std::exp(static_cast<double>(candidates[i].first - largest) * inverse);
  double at = next_uniform(state_) * total;
  for (size_t i = 0; i + 1 < kept; ++i) {
    at -= std::exp(static_cast<double>(candidates[i].first - largest) * inverse);
    if (at < 0.0) return candidates[i].second;
  }
  return candidates[kept - 1].second;
}

}  // namespace scalewright
