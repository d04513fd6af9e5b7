#pragma once
// The loop of rounding_error, compiled once for each instruction set.

#include <cstdint>

namespace scalewright::kernels::cpu {
namespace {

constexpr int kLanes = 16;
// Adding and taking away 1.5 * 2^23 rounds a float of magnitude below 2^22 to an integer, half to even, and vectorizes
// on every instruction set (rint alone does not on plain x86-64).
constexpr float kRound = 12582912.0f;

template <bool weighted>
inline float rounding_error_of(const float* w, const float* weight, int64_t n, float scale, float lowest,
                               float highest) {
  const float inverse = 1.0f / scale;
  float sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      float q = (w[i + lane] * inverse + kRound) - kRound;
      q = q < lowest ? lowest : q;
      q = q > highest ? highest : q;
      const float error = w[i + lane] - q * scale;
      sums[lane] += weighted ? weight[i + lane] * error * error : error * error;
    }
  }
  for (; i < n; ++i) {
    float q = (w[i] * inverse + kRound) - kRound;
    q = q < lowest ? lowest : q;
    q = q > highest ? highest : q;
    const float error = w[i] - q * scale;
    sums[0] += weighted ? weight[i] * error * error : error * error;
  }
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

inline float rounding_error_any(const float* w, const float* weight, int64_t n, float scale, float lowest,
                                float highest) {
  return weight ? rounding_error_of<true>(w, weight, n, scale, lowest, highest)
                : rounding_error_of<false>(w, nullptr, n, scale, lowest, highest);
}

}  // namespace
}  // namespace scalewright::kernels::cpu
