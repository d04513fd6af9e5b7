#include "engine/quant/grid.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "kernels/cpu/rounding_error.h"
#include "kernels/cpu/rounding_group.h"

namespace scalewright::quant {
namespace {

struct Range {
  double lo = 0.0, hi = 0.0;  // both 0: a group of zeros
};

const kernels::cpu::RoundingGroup& loops() {
  static const kernels::cpu::RoundingGroup& best = kernels::cpu::rounding_group(kernels::cpu::best_isa());
  return best;
}

// As kRound, for doubles: std::nearbyint is a call on plain x86-64.
double nearest_integer(double value) {
  constexpr double kRoundDouble = 6755399441055744.0;
  return (value + kRoundDouble) - kRoundDouble;
}

Range range_of(const float* w, int64_t n, bool symmetric) {
  float lo = 0.0f, hi = 0.0f;
  loops().range(w, n, &lo, &hi);
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
          : static_cast<int>(std::clamp(nearest_integer(-range.lo / grid.scale), 0.0, static_cast<double>(levels)));
  return grid;
}

}  // namespace

float nearest_half(double value) {
  constexpr double kSmallest = 0x1p-24, kLargest = 65504.0, kNormal = 0x1p-14;
  if (value >= kNormal && value <= kLargest) {
    // A half keeps 10 of a double's 52 bits of fraction: round half to even in the integer, a carry goes to the
    // exponent.
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
  loops().encode(w, n, grid.scale, lowest, highest, codes);
}

GroupError group_error(const float* w, const uint8_t* codes, int64_t n, const Grid& grid) {
  GroupError sum;
  loops().error(w, codes, n, grid.scale, static_cast<float>(grid.zero), &sum.error, &sum.norm);
  return sum;
}

double relative_error_of(std::span<const double> errors, std::span<const double> norms) {
  const double error = std::accumulate(errors.begin(), errors.end(), 0.0);
  const double norm = std::accumulate(norms.begin(), norms.end(), 0.0);
  return norm > 0.0 ? std::sqrt(error / norm) : std::sqrt(error);
}

}  // namespace scalewright::quant
