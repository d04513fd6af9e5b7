// Angles per position of each rotated pair, for every kind of RoPE scaling that published models use.
// YaRN: Peng et al. 2023, arXiv:2309.00071. LongRoPE: Ding et al. 2024, arXiv:2402.13753.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/model/config.h"

namespace scalewright {
namespace {

double yarn_magnitude(double factor, double weight) {
  return factor <= 1.0 ? 1.0 : 0.1 * weight * std::log(factor) + 1.0;
}

// The pair (as a fraction of an index) that turns `turns` times within the original context.
double pair_of_turns(double turns, int rotary, double theta, double context) {
  return rotary * std::log(context / (turns * 2.0 * std::numbers::pi)) / (2.0 * std::log(theta));
}

double scale_llama3(double frequency, const RopeConfig& rope) {
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  const double original = static_cast<double>(rope.original_context);
  if (wavelength < original / rope.high_freq_factor) return frequency;
  if (wavelength > original / rope.low_freq_factor) return frequency / rope.factor;
  const double t = (original / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
  return (1.0 - t) * frequency / rope.factor + t * frequency;
}

}  // namespace

void rope_frequencies(const RopeConfig& rope, int rotary, int64_t context_length, int64_t longest,
                      std::vector<double>& inv_freq, double& attention_factor) {
  const size_t pairs = static_cast<size_t>(rotary / 2);
  const double original = static_cast<double>(rope.original_context > 0 ? rope.original_context : context_length);
  double theta = rope.theta;
  attention_factor = 1.0;
  if (rope.kind == RopeKind::Dynamic && static_cast<double>(longest) > original && rotary > 2) {
    const double stretch = rope.factor * static_cast<double>(longest) / original - (rope.factor - 1.0);
    theta *= std::pow(stretch, rotary / (rotary - 2.0));
  }
  inv_freq.resize(pairs);
  for (size_t i = 0; i < pairs; ++i) inv_freq[i] = std::pow(theta, -2.0 * static_cast<double>(i) / rotary);

  switch (rope.kind) {
    case RopeKind::Default:
    case RopeKind::Dynamic:
      break;
    case RopeKind::Linear:
      for (double& frequency : inv_freq) frequency /= rope.factor;
      break;
    case RopeKind::Llama3:
      for (double& frequency : inv_freq) frequency = scale_llama3(frequency, rope);
      break;
    case RopeKind::Yarn: {
      double low = pair_of_turns(rope.beta_fast, rotary, rope.theta, original);
      double high = pair_of_turns(rope.beta_slow, rotary, rope.theta, original);
      if (rope.truncate) {
        low = std::floor(low);
        high = std::ceil(high);
      }
      low = std::max(low, 0.0);
      high = std::min(high, rotary - 1.0);
      if (high == low) high += 0.001;
      for (size_t i = 0; i < pairs; ++i) {
        const double interpolated = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
        inv_freq[i] = inv_freq[i] * (1.0 - interpolated) + inv_freq[i] / rope.factor * interpolated;
      }
      if (rope.attention_factor)
        attention_factor = *rope.attention_factor;
      else if (rope.mscale && rope.mscale_all_dim && *rope.mscale != 0.0 && *rope.mscale_all_dim != 0.0) {
        attention_factor =
            yarn_magnitude(rope.factor, *rope.mscale) / yarn_magnitude(rope.factor, *rope.mscale_all_dim);
      } else {
        attention_factor = yarn_magnitude(rope.factor, 1.0);
      }
      break;
    }
    case RopeKind::LongRope: {
      const std::vector<double>& factors =
          static_cast<double>(longest) > original ? rope.long_factors : rope.short_factors;
      for (size_t i = 0; i < pairs && i < factors.size(); ++i) inv_freq[i] /= factors[i];
      const double stretch = rope.factor > 1.0 ? rope.factor : static_cast<double>(context_length) / original;
      if (rope.attention_factor)
        attention_factor = *rope.attention_factor;
      else if (stretch > 1.0 && original > 1.0)
        attention_factor = std::sqrt(1.0 + std::log(stretch) / std::log(original));
      break;
    }
  }
  for (size_t i = 0; i < pairs && i < rope.frequency_divisors.size(); ++i) inv_freq[i] /= rope.frequency_divisors[i];
}

}  // namespace scalewright
