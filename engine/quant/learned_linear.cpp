#include "engine/quant/learned_linear.h"

#include <algorithm>
#include <cmath>

#include "engine/quant/grid.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr float kLeastFactor = 0.3f, kMostFactor = 2.0f;
constexpr float kKeepMean = 0.9f, kKeepSquare = 0.99f, kTiny = 1e-30f;

// Adam's quotient. As squares of gradients are tiny, they are kept as they come.
float adam(float gradient, float& mean, float& square) {
  mean = kKeepMean * mean + (1.0f - kKeepMean) * gradient;
  square = kKeepSquare * square + (1.0f - kKeepSquare) * gradient * gradient;
  return mean / std::sqrt(square + kTiny);
}

}  // namespace

LearnedLinear::LearnedLinear(Linear& linear, const QuantSpec& spec, const QuantizedArrays& start,
                             std::span<const float> weights, bool bounded)
    : linear_(&linear),
      spec_(spec),
      bounded_(bounded),
      rows_(linear.weight.rows()),
      cols_(linear.weight.cols()),
      group_(group_size(spec, linear.weight.cols())),
      groups_(group_count(spec, linear.weight.cols())),
      w_(weights.begin(), weights.end()),
      v_(weights.size(), 0.0f) {
  const size_t count = start.scales.size();
  const int levels = (1 << spec.bits) - 1;
  lo_.resize(count);
  hi_.resize(count);
  for (size_t g = 0; g < count; ++g) {
    lo_[g] = static_cast<float>(-start.zeros[g]) * start.scales[g];
    hi_[g] = static_cast<float>(levels - start.zeros[g]) * start.scales[g];
  }
  a_.assign(count, 1.0f);
  b_.assign(count, 1.0f);
  mean_.assign(w_.size(), 0.0f);
  square_.assign(w_.size(), 0.0f);
  range_mean_.assign(2 * count, 0.0f);
  range_square_.assign(2 * count, 0.0f);
  keep();
}

template <class Use>
void LearnedLinear::each_group(int64_t begin, int64_t end, const Use& use) const {
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t g = 0; g < groups_; ++g) {
      use(row * cols_ + g * group_, std::min(group_, cols_ - g * group_), static_cast<size_t>(row * groups_ + g));
    }
  }
}

LearnedLinear::Group LearnedLinear::group_now(size_t g) const {
  const int levels = (1 << spec_.bits) - 1;
  const double lo = static_cast<double>(a_[g]) * lo_[g], hi = static_cast<double>(b_[g]) * hi_[g];
  const float s = nearest_half((hi - lo) / levels);
  const float z = static_cast<float>(std::clamp(std::nearbyint(-lo / s), 0.0, static_cast<double>(levels)));
  return {.s = s, .over = 1.0f / s, .low = -z, .high = static_cast<float>(levels) - z};
}

void LearnedLinear::put(kernels::cpu::ThreadPool& pool) const {
  float* out = matrix();
  pool.parallel_ranges(rows_, 8, [&](int64_t begin, int64_t end) {
    each_group(begin, end, [&](int64_t at, int64_t n, size_t g) {
      const Group now = group_now(g);
      for (int64_t k = at; k < at + n; ++k) {
        const size_t i = static_cast<size_t>(k);
        float q = ((w_[i] * now.over + v_[i]) + kRound) - kRound;
        q = q < now.low ? now.low : q;
        q = q > now.high ? now.high : q;
        out[k] = q * now.s;
      }
    });
  });
}

QuantizedArrays LearnedLinear::arrays(kernels::cpu::ThreadPool& pool) const {
  QuantizedArrays result;
  result.codes.resize(w_.size());
  result.scales.resize(a_.size());
  result.zeros.resize(a_.size());
  pool.parallel_ranges(rows_, 8, [&](int64_t begin, int64_t end) {
    each_group(begin, end, [&](int64_t at, int64_t n, size_t g) {
      const Group now = group_now(g);
      result.scales[g] = now.s;
      result.zeros[g] = static_cast<int16_t>(-now.low);
      for (int64_t k = at; k < at + n; ++k) {
        const size_t i = static_cast<size_t>(k);
        const float q = ((w_[i] * now.over + v_[i]) + kRound) - kRound;
        result.codes[i] = static_cast<uint8_t>(static_cast<int>(std::clamp(q, now.low, now.high) - now.low));
      }
    });
  });
  return result;
}

void LearnedLinear::move(std::span<const float> gradient, float rate, float range_rate, kernels::cpu::ThreadPool& pool) {
  const float n_moves = static_cast<float>(++moves_);  // running means begin at zero
  const float unbiased = std::sqrt(1.0f - std::pow(kKeepSquare, n_moves)) / (1.0f - std::pow(kKeepMean, n_moves));
  rate *= unbiased;
  range_rate *= unbiased;
  const float levels = static_cast<float>((1 << spec_.bits) - 1), bound = bounded_ ? 0.5f : 1e6f;
  pool.parallel_ranges(rows_, 8, [&](int64_t begin, int64_t end) {
    each_group(begin, end, [&](int64_t at, int64_t n, size_t g) {
      const Group now = group_now(g);
      float by_scale = 0.0f, outside = 0.0f;
      for (int64_t k = at; k < at + n; ++k) {
        const size_t i = static_cast<size_t>(k);
        const float d = gradient[i], whole = w_[i] * now.over, x = whole + v_[i];
        float q = (x + kRound) - kRound;
        const bool below = q < now.low, above = q > now.high;
        q = below ? now.low : q;
        q = above ? now.high : q;
        by_scale += d * (below || above ? q : q - whole);
        outside += below || above ? d : 0.0f;
        const float along = (below && d > 0.0f) || (above && d < 0.0f) ? 0.0f : d;
        const float v = v_[i] - rate * adam(along, mean_[i], square_[i]);
        v_[i] = v < -bound ? -bound : v > bound ? bound : v;
      }
      const float lo = lo_[g], hi = hi_[g], by_zero = -now.s * outside;
      const float s_a = -lo / levels, s_b = hi / levels, z_s = a_[g] * lo / (now.s * now.s);
      float by_a = by_scale * s_a + by_zero * (z_s * s_a - lo * now.over), by_b = (by_scale + by_zero * z_s) * s_b;
      if (spec_.symmetric) by_a = by_b = by_a + by_b;
      const auto turn = [&](float d, size_t i) {
        return range_rate * adam(d, range_mean_[i], range_square_[i]);
      };
      a_[g] = std::clamp(a_[g] - turn(by_a, 2 * g), kLeastFactor, kMostFactor);
      b_[g] = std::clamp(b_[g] - turn(by_b, 2 * g + 1), kLeastFactor, kMostFactor);
    });
  });
}

void LearnedLinear::keep() {
  best_v_ = v_;
  best_a_ = a_;
  best_b_ = b_;
}

void LearnedLinear::restore() {
  v_ = best_v_;
  a_ = best_a_;
  b_ = best_b_;
}

}  // namespace scalewright::quant
