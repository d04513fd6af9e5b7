#pragma once
// AWQ (arXiv:2306.00978): inputs that are large on calibration text are given more of the grid by scaling their column of
// W up; what comes before the matrix is divided by the same numbers, so that the model stays the same function up to
// rounding and nothing has to be computed at run time:
//
//   q, k, v       attention norm / f          attention output   rows of v / f (shared by the heads that read them)
//   gate, up      feed-forward norm / f       down               rows of up / f
//
// f_k = rms(x_k)^a, a from 0 to 1 in twenty steps: the a of least output error ||X (W f - round(W f)) / f||.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/model/model.h"
#include "engine/quant/calibration.h"
#include "engine/quant/quantizer.h"

namespace scalewright::quant {

// Factors [K], all 1 where scaling does not help. `weights`: the matrices that read these inputs, f32 [N, K] each.
// `hessian` f64 [K, K] as InputStatistics gives it (upper triangle). Deterministic whatever `threads`.
struct FactorGroups {
  std::vector<int32_t> source;  // [K]: which factor an input takes; empty: each its own
  int64_t factors = 0;
};
std::vector<float> awq_factors(std::span<const std::span<const float>> weights, int64_t cols,
                               std::span<const double> hessian, const FactorGroups& groups, const QuantSpec& spec,
                               int threads);

// Scales the linears of a layer, all dense F32 with their inputs in natural order, and folds the factors into what comes
// before them. `hessians` by site, upper triangles; they become those of the scaled inputs. `spec_of`: how a linear will be
// rounded; of those that share inputs the first decides.
void awq_scale_layer(Layer& layer, const ModelConfig& config, std::array<std::vector<double>, kSites>& hessians,
                     const std::function<QuantSpec(const Linear&)>& spec_of, int threads);

}  // namespace scalewright::quant
