#include "engine/quant/bit_allocation.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace scalewright::quant {
namespace {

constexpr size_t kMostStates = 1000000;

// A choice of options for the items so far, of which no other is both smaller and better.
struct State {
  int64_t bytes = 0;
  double loss = 0.0;
  int32_t before = -1;  // state of the item before
  int16_t option = -1;
};

}  // namespace

Result<std::vector<int>> allocate_bits(const std::vector<std::vector<BitOption>>& items, int64_t budget) {
  // What the items from i on need at least.
  std::vector<int64_t> least(items.size() + 1, 0);
  for (size_t i = items.size(); i-- > 0;) {
    if (items[i].empty()) return fail(ErrorCode::InvalidArgument, "A matrix has no number of bits to choose from.");
    least[i] = least[i + 1] + std::ranges::min_element(items[i], {}, &BitOption::bytes)->bytes;
  }
  if (least[0] > budget) {
    return fail(ErrorCode::InvalidArgument, "The budget allows " + std::to_string(std::max<int64_t>(0, budget)) +
                                                " bytes for the matrices, but they need at least " +
                                                std::to_string(least[0]) + ". Choose a larger budget.");
  }
  std::vector<std::vector<State>> stages(1, {State{}});
  for (size_t i = 0; i < items.size(); ++i) {
    std::vector<State> next;
    next.reserve(stages.back().size() * items[i].size());
    for (size_t s = 0; s < stages.back().size(); ++s) {
      const State& from = stages.back()[s];
      for (size_t o = 0; o < items[i].size(); ++o) {
        const int64_t bytes = from.bytes + items[i][o].bytes;
        if (bytes + least[i + 1] > budget) continue;
        next.push_back({bytes, from.loss + items[i][o].loss, static_cast<int32_t>(s), static_cast<int16_t>(o)});
      }
    }
    std::ranges::sort(next, [](const State& a, const State& b) {
      return a.bytes != b.bytes ? a.bytes < b.bytes : a.loss != b.loss ? a.loss < b.loss : a.before < b.before;
    });
    std::vector<State> kept;
    for (const State& state : next) {
      if (kept.empty() || state.loss < kept.back().loss) kept.push_back(state);
    }
    if (kept.size() > kMostStates) {
      // Of neighbours the better one stays; the smallest of all stays in any case.
      std::vector<State> thinned(1, kept.front());
      const size_t step = (kept.size() + kMostStates - 1) / kMostStates;
      for (size_t k = step; k < kept.size(); k += step) thinned.push_back(kept[k]);
      if (thinned.back().bytes != kept.back().bytes) thinned.push_back(kept.back());
      kept = std::move(thinned);
    }
    stages.push_back(std::move(kept));
  }
  // Losses fall with bytes along a front, so the last state is the best.
  std::vector<int> chosen(items.size());
  int32_t at = static_cast<int32_t>(stages.back().size()) - 1;
  for (size_t i = items.size(); i-- > 0;) {
    const State& state = stages[i + 1][static_cast<size_t>(at)];
    chosen[i] = state.option;
    at = state.before;
  }
  return chosen;
}

}  // namespace scalewright::quant
