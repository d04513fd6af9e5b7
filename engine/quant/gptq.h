#pragma once
// GPTQ (arXiv:2210.17323, "OPTQ"): weights are rounded one input after another, and what rounding cost is made up for
// by the inputs that follow, as the Hessian H = 2 X^T X / n of a layer's inputs says.
//
// With H = R R^T, R upper triangular, the output error of D = W - What is ||D R||^2. Rounding column j where the
// columns before it are settled means rounding w_j + (sum over i < j of D_i R_ij) / R_jj: the nearest plane. That is
// the same as GPTQ with the Cholesky factor U = R^-1 of H^-1, without inverting H: one factorization serves every
// matrix that reads the same inputs.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/quant/quantizer.h"

namespace scalewright::quant {

class GptqFactor {
 public:
  // hessian f64 [K, K], the upper triangle is read; damping * mean(diagonal) is added to the diagonal.
  static Result<GptqFactor> create(std::span<const double> hessian, int64_t cols, double damping, int threads);
  // The same, in the memory of the Hessian itself: 8 K^2 bytes less. act_order: inputs are rounded in the order of their
  // diagonal, largest first; scales and zero points still belong to neighbours in the file's order and come from a clip
  // search over the original weights, weighted by that diagonal ("static groups").
  static Result<GptqFactor> create(std::vector<double> hessian, int64_t cols, double damping, int threads,
                                   bool act_order = false);
  // W f32 [N, K]. `clip` false: the range of the (updated) weights as it is. `groups_by_order`: with act order, groups are
  // neighbours in the order of rounding and codes lie in that order, as GPTQ files with desc_act hold them (g_idx).
  QuantizedArrays quantize(std::span<const float> w, int64_t rows, const QuantSpec& spec, bool clip, int threads,
                           bool groups_by_order = false) const;
  int64_t cols() const noexcept { return cols_; }
  const std::vector<int32_t>& order() const noexcept { return order_; }  // act order: input of each step; else empty

 private:
  int64_t cols_ = 0;
  std::vector<float> factor_;  // R transposed [K, K]: row j holds R_ij for i <= j
  std::vector<int32_t> order_;  // act order: input of each step; empty: as they come
  std::vector<float> importance_;  // act order: the diagonal, by input
};

}  // namespace scalewright::quant
