#include "engine/model/transformer_rope.h"

#include <algorithm>
#include <cmath>

namespace scalewright {

RopeTables::RopeTables(const RopeConfig& rope, int rotary, int64_t context_length)
    : rope_(rope), rotary_(rotary), context_length_(context_length) {
  // Both choices now, so that a step or a token never allocates.
  table(1);
  if (switches_once()) table(std::max<int64_t>(original_context(), 0) + 1);
}

int64_t RopeTables::choice(int64_t longest) const {
  switch (rope_.kind) {
    case RopeKind::LongRope:
      return longest > original_context() ? 1 : 0;
    case RopeKind::Dynamic:
      return longest;
    default:
      return 0;
  }
}

const RopeTables::Table& RopeTables::table(int64_t longest) {
  const int64_t wanted = choice(longest);
  Table& slot = tables_[rope_.kind == RopeKind::LongRope ? wanted : 0];
  if (slot.choice != wanted) {
    rope_frequencies(rope_, rotary_, context_length_, longest, slot.inv_freq, slot.factor);
    slot.choice = wanted;
  }
  return slot;
}

void RopeTables::fill(int64_t position, int64_t longest, float* cos, float* sin) {
  const Table& t = table(longest);
  const double p = static_cast<double>(position);
  for (size_t i = 0; i < t.inv_freq.size(); ++i) {
    const double angle = p * t.inv_freq[i];
    cos[i] = static_cast<float>(std::cos(angle) * t.factor);
    sin[i] = static_cast<float>(std::sin(angle) * t.factor);
  }
}

}  // namespace scalewright
