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
  constexpr int kLanes = 8, kRun = 128;
  float errors[kLanes] = {}, norms[kLanes] = {}, moved[kRun];
  for (int64_t first = 0; first < n; first += kRun, w += kRun, codes += kRun) {
    // Two loops: bytes become floats in whole vectors only where nothing else is done to them.
    const int64_t count = n - first < kRun ? n - first : kRun;
    for (int64_t i = 0; i < count; ++i) moved[i] = w[i] - scale * (static_cast<float>(codes[i]) - zero);
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
      for (int lane = 0; lane < kLanes; ++lane) {
        errors[lane] += moved[i + lane] * moved[i + lane];
        norms[lane] += w[i + lane] * w[i + lane];
      }
    for (; i < count; ++i) {
      errors[0] += moved[i] * moved[i];
      norms[0] += w[i] * w[i];
    }
  }
  *error = *norm = 0.0f;
  for (int lane = 0; lane < kLanes; ++lane) {
    *error += errors[lane];
    *norm += norms[lane];
  }
}

constexpr RoundingGroup kTable{range_of, encode, error_of};

}  // namespace
}  // namespace scalewright::kernels::cpu
