#pragma once
// What rounding a matrix costs, estimated from calibration text: the second-order rise of the loss with errors of its
// output taken as independent (diagonal empirical Fisher information), so that
//
//   rise of -log p a token = 1/2 sum over rows n of F_n * E_n,   F_n = mean over tokens of (d loss / d y_n)^2,
//                                                                E_n = D_n (X^T X / T) D_n^T, D = W - What.

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

// F [N] of each block linear, in the order of Weights::linears(). Every linear of `model` must be quantized (8 bits do:
// only gradients are wanted). At most `samples` samples are read. Empty where stopped.
Result<std::vector<std::vector<float>>> output_sensitivities(std::shared_ptr<const Model> model, Backend& backend,
                                                             const CalibrationText& text, int64_t samples,
                                                             std::stop_token stop);

// The rise for one matrix. w f32 [N, K]; hessian f64 [K, K] as InputStatistics gives it (2 X^T X / T, upper triangle).
// A sample of rows stands for all. Deterministic whatever `threads`.
double expected_rise(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                     std::span<const double> hessian, std::span<const float> sensitivity, int threads);

}  // namespace scalewright::quant
