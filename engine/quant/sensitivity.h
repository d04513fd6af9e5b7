#pragma once
// What rounding a matrix costs, estimated from calibration text: the second-order rise of the loss with errors of its
// outputs taken as independent (diagonal empirical Fisher information). The square of dloss/dy of token t and row n is taken as
// F_n c_t: tokens count as much as the loss feels them. Models keep tokens of enormous size (often the first of a text) that
// would else be all that is measured, and that the loss hardly feels.
//
//   rise of -log p a token = 1/2 sum over rows n of F_n E_n,   F_n = mean over t of (dloss/dy_tn)^2,
//   E_n = mean over t of c_t (D_n x_t)^2,   D = W - What,   c_t = mean over n of (dloss/dy_tn)^2, 1 in the mean over t

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/model/model.h"
#include "engine/quant/calibration.h"
#include "engine/quant/quantizer.h"

namespace scalewright::quant {

struct Sensitivities {
  std::vector<std::vector<float>> outputs;  // F [N] of each block linear, in the order of Weights::linears()
  std::vector<std::vector<float>> tokens;   // c [T] of each, T the tokens of `text`
  CalibrationText text;                     // what was read
};
// Every linear of `model` must be quantized (8 bits do: only gradients are wanted). At most `samples` samples are read. Empty
// where stopped.
Result<Sensitivities> output_sensitivities(std::shared_ptr<const Model> model, Backend& backend,
                                           const CalibrationText& text, int64_t samples, std::stop_token stop);

// The rise for one matrix. w f32 [N, K]; hessian f64 [K, K] as InputStatistics gives it with c as weights (2 X^T C X / T,
// upper triangle). A sample of rows stands for all. Deterministic whatever `threads`.
double expected_rise(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                     std::span<const double> hessian, std::span<const float> sensitivity, int threads);

}  // namespace scalewright::quant
