#pragma once
// One matrix while its rounding is learned. With w the weights it began from (in a row's group: range lo .. hi):
//
//   What = s (clamp(rint(w / s + v) + z, 0, L) - z),  L = 2^b - 1,  s = fp16((b hi - a lo) / L),  z = rint(-a lo / s)
//
// v [N, K], a and b [N, G] learn: AutoRound's V, alpha and beta (arXiv:2309.05516), with v kept within half a step, or the
// free weights of Block-AP (EfficientQAT, arXiv:2407.11062) with v unbounded. rint passes gradients on as if it were not
// there; clamp does too where they lead back inside. Steps are Adam's. Symmetric matrices move a and b together, so that z stays.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/weights.h"
#include "engine/quant/quantizer.h"

namespace scalewright::kernels::cpu {
class ThreadPool;
}

namespace scalewright::quant {

class LearnedLinear {
 public:
  // `start`: where it begins, the nearest rounding of `weights` [N, K] on its grids. `linear`: dense F32, gets What.
  // `bounded`: v stays within half a step.
  LearnedLinear(Linear& linear, const QuantSpec& spec, const QuantizedArrays& start, std::span<const float> weights,
                bool bounded);
  // What into the block's own matrix.
  void put(kernels::cpu::ThreadPool& pool) const;
  QuantizedArrays arrays(kernels::cpu::ThreadPool& pool) const;
  // One step down the gradient of What [N, K]; `rate`, `range_rate`: how far v, a and b go where the gradient is sure.
  void move(std::span<const float> gradient, float rate, float range_rate, kernels::cpu::ThreadPool& pool);
  void keep();     // this state is the best
  void restore();  // back to it

 private:
  struct Group {
    float s, over, low, high;  // scale, 1 / scale, -z, L - z
  };
  Group group_now(size_t g) const;
  template <class Use>
  void each_group(int64_t begin, int64_t end, const Use& use) const;
  float* matrix() const { return reinterpret_cast<float*>(linear_->weight.dense().data.data()); }

  Linear* linear_;
  QuantSpec spec_;
  bool bounded_;
  int64_t rows_, cols_, group_, groups_;
  int64_t moves_ = 0;
  std::vector<float> w_, v_;           // [N, K]
  std::vector<float> lo_, hi_, a_, b_;  // [N, G]
  std::vector<float> mean_, square_;   // [N, K] running means of v's gradient and its square
  std::vector<float> range_mean_, range_square_;  // [N, 2 G] of a and b
  std::vector<float> best_v_, best_a_, best_b_;
};

}  // namespace scalewright::quant
