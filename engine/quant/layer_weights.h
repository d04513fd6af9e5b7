#pragma once
// The matrices of a layer as quantizers want them: in fp32, in the layer's own order of inputs, grouped by what they read.

#include <array>
#include <span>
#include <string>
#include <vector>

#include "engine/model/model.h"
#include "engine/quant/calibration.h"

namespace scalewright::kernels::cpu {
class ThreadPool;
}

namespace scalewright::quant {

// The linears of a layer by the input that they read; concatenated, the order of Weights::linears().
std::array<std::vector<Linear*>, kSites> by_site(Layer& layer);

// W of a linear in fp32 and in the layer's own order of inputs, [N, K]. Format error, naming `model`, where a number is
// not finite.
Result<void> dense_weights(const Linear& linear, const std::string& model, kernels::cpu::ThreadPool& pool,
                           std::vector<float>& w);
// One row of it, w [K]; `stored` is room to work in. The same error.
Result<void> dense_row(const Linear& linear, int64_t row, const std::string& model, std::span<float> w,
                       std::vector<float>& stored);
Matrix dense_matrix(int64_t rows, int64_t cols, const std::vector<float>& w);

}  // namespace scalewright::quant
