#pragma once
// One block forwards and backwards with full-precision weights: the squared error of its output, relative to each token's
// own size, and the gradient of that by each of its matrices. What learned rounding descends along. Relative, because the
// norm of the next block divides each token by its size: otherwise the few tokens of enormous size that models keep (often
// the first of a text) would be all that is learned. Letters: T tokens, D width, N rows, K inputs.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/model/model.h"

namespace scalewright::quant {

class BlockGradient {
 public:
  // `stage`: a model of one layer whose linears are dense; their numbers may change between calls, not their memory.
  // `tokens`: the most of a call. The backend must compute in this machine's memory.
  static Result<std::unique_ptr<BlockGradient>> create(std::shared_ptr<const Model> stage, Backend& backend,
                                                       int64_t tokens);
  ~BlockGradient();
  static uint64_t bytes(const ModelConfig& config, int64_t tokens);

  // x, target [T, D]: whole samples of the given lengths side by side. Gives the sum over tokens of
  // |block(x) - target|^2 / |target|^2.
  double error(std::span<const int64_t> lengths, const float* x, const float* target);
  const float* output() const;  // block(x) of the last call, [T, D]
  // The same; gradients[i] [N, K] = its derivative by linear i (order of Weights::linears()), old contents replaced.
  double error_and_gradient(std::span<const int64_t> lengths, const float* x, const float* target,
                            std::vector<std::vector<float>>& gradients);

 private:
  struct Impl;
  explicit BlockGradient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalewright::quant
