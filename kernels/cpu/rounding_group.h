#pragma once
// Rounding to nearest of one group of weights: the loops over its numbers, in fp32 without fused operations, so that
// every instruction set gives the same bits.

#include <cstdint>

#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {

struct RoundingGroup {
  // lo = min(0, min w), hi = max(0, max w); w [n], finite.
  void (*range)(const float* w, int64_t n, float* lo, float* hi);
  // codes [n] = clamp(round(w / scale), lowest, highest) - lowest, half to even; |w / scale| < 2^22, highest - lowest <
  // 256.
  void (*encode)(const float* w, int64_t n, float scale, float lowest, float highest, uint8_t* codes);
  // Sums of (w - scale * (code - zero))^2 and of w^2, in eight partial sums each.
  void (*error)(const float* w, const uint8_t* codes, int64_t n, float scale, float zero, float* error, float* norm);
};
const RoundingGroup& rounding_group(Isa isa);

const RoundingGroup& rounding_group_avx2();
const RoundingGroup& rounding_group_avx512();

}  // namespace scalewright::kernels::cpu
