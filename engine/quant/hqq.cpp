#include "engine/quant/hqq.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace scalewright::quant {
namespace {

constexpr int kTurns = 20;
constexpr double kFirstBeta = 10.0, kBetaGrowth = 1.01;  // as published; errors are measured in steps of the grid

// x^p by a table for the errors that occur inside a grid; beyond it by pow.
class Power {
 public:
  Power() {
    for (int i = 0; i <= kSteps; ++i)
      values_[static_cast<size_t>(i)] = std::pow(static_cast<double>(i) / kSteps, static_cast<double>(kHqqNorm));
  }
  double operator()(double x) const {
    if (x >= 1.0) return std::pow(x, static_cast<double>(kHqqNorm));
    const double at = x * kSteps;
    const int cell = static_cast<int>(at);
    const double left = values_[static_cast<size_t>(cell)], right = values_[static_cast<size_t>(cell + 1)];
    return left + (right - left) * (at - cell);
  }

 private:
  static constexpr int kSteps = 4096;
  std::array<double, kSteps + 1> values_{};
};
const Power& power() {
  static const Power table;
  return table;
}

double nearest_code(double value, const Grid& grid, double zero, int levels) {
  return std::clamp(std::nearbyint(value / grid.scale + zero), 0.0, static_cast<double>(levels));
}

// sum |w - what|^p in units of `unit`, with the integer zero point of the grid.
double norm_of(const float* w, int64_t n, const Grid& grid, int levels, double unit) {
  double sum = 0.0;
  for (int64_t i = 0; i < n; ++i) {
    const double q = nearest_code(w[i], grid, grid.zero, levels) - grid.zero;
    sum += power()(std::abs(w[i] - q * grid.scale) / unit);
  }
  return sum;
}

// The minimizer over e of |e|^p + beta/2 (e - x)^2, as HQQ approximates it.
double shrink(double x, double beta) {
  const double size = std::abs(x);
  if (size == 0.0) return 0.0;
  const double left = size - power()(size) / size / beta;
  return left <= 0.0 ? 0.0 : std::copysign(left, x);
}

}  // namespace

Grid hqq_grid(const float* w, int64_t n, const QuantSpec& spec) {
  const int levels = (1 << spec.bits) - 1;
  Grid best = minmax_grid(w, n, spec);
  if (std::all_of(w, w + n, [](float value) { return value == 0.0f; })) return best;
  const double unit = best.scale;
  double least = norm_of(w, n, best, levels, unit);
  Grid grid = best;
  double zero = grid.zero, beta = kFirstBeta;
  std::vector<double> rest(static_cast<size_t>(n)), codes(static_cast<size_t>(n));
  for (int turn = 0; turn < kTurns; ++turn, beta *= kBetaGrowth) {
    for (int64_t i = 0; i < n; ++i) {
      const double q = nearest_code(w[i], grid, zero, levels);
      const double error = (w[i] - (q - zero) * grid.scale) / unit;
      codes[static_cast<size_t>(i)] = q;
      rest[static_cast<size_t>(i)] = w[i] - shrink(error, beta) * unit;
    }
    // Least squares of rest = s * (q - z): both at once where zero points are free, else the scale alone.
    double mean_q = 0.0, mean_r = 0.0;
    for (int64_t i = 0; i < n; ++i) {
      mean_q += codes[static_cast<size_t>(i)] / static_cast<double>(n);
      mean_r += rest[static_cast<size_t>(i)] / static_cast<double>(n);
    }
    if (spec.symmetric) mean_q = zero, mean_r = 0.0;
    double product = 0.0, square = 0.0;
    for (int64_t i = 0; i < n; ++i) {
      const double q = codes[static_cast<size_t>(i)] - mean_q;
      product += q * (rest[static_cast<size_t>(i)] - mean_r);
      square += q * q;
    }
    if (!(square > 0.0) || !(product > 0.0)) break;
    grid.scale = nearest_half(product / square);
    if (!spec.symmetric) zero = mean_q - mean_r / grid.scale;
    Grid whole = grid;
    whole.zero = static_cast<int>(std::clamp(std::nearbyint(zero), 0.0, static_cast<double>(levels)));
    const double norm = norm_of(w, n, whole, levels, unit);
    if (norm < least) {
      least = norm;
      best = whole;
    }
  }
  return best;
}

}  // namespace scalewright::quant
