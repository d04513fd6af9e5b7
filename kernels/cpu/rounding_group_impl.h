#pragma once
// The loops of rounding_group.h, compiled once for each instruction set.

#include <cstdint>

#include "kernels/cpu/rounding_group.h"

namespace scalewright::kernels::cpu {
namespace {

void range_of(const float* w, int64_t n, float* lo, float* hi) {
  constexpr int kLanes = 16;
  float low[kLanes] = {}, high[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      low[lane] = w[i + lane] < low[lane] ? w[i + lane] : low[lane];
      high[lane] = w[i + lane] > high[lane] ? w[i + lane] : high[lane];
    }
  for (; i < n; ++i) {
    low[0] = w[i] < low[0] ? w[i] : low[0];
    high[0] = w[i] > high[0] ? w[i] : high[0];
  }
  for (int lane = 1; lane < kLanes; ++lane) {
    low[0] = low[lane] < low[0] ? low[lane] : low[0];
    high[0] = high[lane] > high[0] ? high[lane] : high[0];
  }
  *lo = low[0];
  *hi = high[0];
}

void encode(const float* w, int64_t n, float scale, float lowest, float highest, uint8_t* codes) {
  constexpr float kRound = 12582912.0f;  // see rounding_error_impl.h
  for (int64_t i = 0; i < n; ++i) {
    float q = (w[i] / scale + kRound) - kRound;
    q = q < lowest ? lowest : q;
    q = q > highest ? highest : q;
    codes[i] = static_cast<uint8_t>(static_cast<int>(q - lowest));
  }
}

void error_of(const float* w, const uint8_t* codes, int64_t n, float scale, float zero, float* error, float* norm) {
  constexpr int kLanes = 8;
  float errors[kLanes] = {}, norms[kLanes] = {};
  const auto add = [&](int64_t i, int lane) {
    const float difference = w[i] - scale * (static_cast<float>(codes[i]) - zero);
    errors[lane] += difference * difference;
    norms[lane] += w[i] * w[i];
  };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) add(i + lane, lane);
  for (; i < n; ++i) add(i, 0);
  *error = *norm = 0.0f;
  for (int lane = 0; lane < kLanes; ++lane) {
    *error += errors[lane];
    *norm += norms[lane];
  }
}

constexpr RoundingGroup kTable{range_of, encode, error_of};

}  // namespace
}  // namespace scalewright::kernels::cpu
