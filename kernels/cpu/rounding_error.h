#pragma once
// What the search for a grid asks for each candidate: how far rounding moves a group of weights.

#include <cstdint>

#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {

// Sum over n weights of weight * (w - scale * clamp(round(w / scale), lowest, highest))^2, round half to even. `weight`
// may be null: all 1. Sixteen partial sums in fp32, no fused operation: every instruction set gives the same bits.
// |w / scale| < 2^22.
using RoundingError = float (*)(const float* w, const float* weight, int64_t n, float scale, float lowest,
                                float highest);
RoundingError rounding_error(Isa isa);

float rounding_error_avx2(const float* w, const float* weight, int64_t n, float scale, float lowest, float highest);
float rounding_error_avx512(const float* w, const float* weight, int64_t n, float scale, float lowest, float highest);

}  // namespace scalewright::kernels::cpu
