#include "engine/quant/grid.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/cpu/rounding_error.h"

namespace scalewright::quant {
namespace {

struct Range {
  double lo = 0.0, hi = 0.0;  // both 0: a group of zeros
};

Range range_of(const float* w, int64_t n, bool symmetric) {
  float lo = 0.0f, hi = 0.0f;
  for (int64_t i = 0; i < n; ++i) {
    lo = std::min(lo, w[i]);
    hi = std::max(hi, w[i]);
  }
  if (symmetric) {
    hi = std::max(hi, -lo);
    lo = -hi;
  }
  return {lo, hi};
}

Grid grid_of(const Range& range, const QuantSpec& spec) {
  const int levels = (1 << spec.bits) - 1;
  const int middle = 1 << (spec.bits - 1);
  if (range.hi == 0.0 && range.lo == 0.0) return {1.0f, spec.symmetric ? middle : 0};
  Grid grid;
  grid.scale = nearest_half((range.hi - range.lo) / levels);
  grid.zero =
      spec.symmetric
          ? middle
          : static_cast<int>(std::clamp(std::nearbyint(-range.lo / grid.scale), 0.0, static_cast<double>(levels)));
  return grid;
}

}  // namespace

float nearest_half(double value) {
  constexpr double kSmallest = 0x1p-24, kLargest = 65504.0, kNormal = 0x1p-14;
  if (value >= kNormal && value <= kLargest) {
    // A half keeps 10 of a double's 52 bits of fraction: round half to even in the integer, a carry goes to the exponent.
    constexpr uint64_t kDropped = (uint64_t{1} << 42) - 1;
    uint64_t bits = std::bit_cast<uint64_t>(value);
    bits += (kDropped >> 1) + (bits >> 42 & 1);
    return std::min(static_cast<float>(std::bit_cast<double>(bits & ~kDropped)), static_cast<float>(kLargest));
  }
  int exponent = 0;
  std::frexp(value, &exponent);                      // value = f * 2^exponent, f in [0.5, 1)
  const int quantum = std::max(exponent - 11, -24);  // a half has 11 significant bits, its subnormals end at 2^-24
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -quantum)), quantum);
  return static_cast<float>(std::clamp(rounded, kSmallest, kLargest));
}

Grid minmax_grid(const float* w, int64_t n, const QuantSpec& spec) {
  return grid_of(range_of(w, n, spec.symmetric), spec);
}

Grid clip_grid(const float* w, const float* weight, int64_t n, const QuantSpec& spec) {
  const Range range = range_of(w, n, spec.symmetric);
  Grid best = grid_of(range, spec);
  if (range.hi == 0.0 && range.lo == 0.0) return best;
  static const kernels::cpu::RoundingError error_of = kernels::cpu::rounding_error(kernels::cpu::best_isa());
  const int levels = (1 << spec.bits) - 1;
  float least = INFINITY;
  Grid last{0.0f, -1};
  for (int percent = 100; percent >= 50; --percent) {
    const double r = percent * 0.01;
    const Grid grid = grid_of({range.lo * r, range.hi * r}, spec);
    if (grid.scale == last.scale && grid.zero == last.zero) continue;  // fp16 has few scales for tiny groups
    last = grid;
    const float error =
        error_of(w, weight, n, grid.scale, static_cast<float>(-grid.zero), static_cast<float>(levels - grid.zero));
    if (error < least) {
      least = error;
      best = grid;
    }
  }
  return best;
}

void encode_group(const float* w, int64_t n, const Grid& grid, int bits, uint8_t* codes) {
  const float lowest = static_cast<float>(-grid.zero), highest = static_cast<float>((1 << bits) - 1 - grid.zero);
  const float zero = static_cast<float>(grid.zero);
  for (int64_t i = 0; i < n; ++i) {
    float q = (w[i] / grid.scale + kRound) - kRound;
    q = q < lowest ? lowest : q;
    q = q > highest ? highest : q;
    codes[i] = static_cast<uint8_t>(static_cast<int>(q + zero));
  }
}

}  // namespace scalewright::quant
