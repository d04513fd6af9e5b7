#pragma once
// Rounding to nearest, group by group, from the weights as they are stored straight to the records in memory.

#include <functional>
#include <string>

#include "engine/model/weights.h"
#include "engine/quant/grid.h"

namespace scalewright::quant {

struct RoundedLinear {
  QuantizedMatrix matrix;
  double relative_error = 0.0;  // ||W - What|| / ||W||, Frobenius
};
// The grid of w [n], inputs first .. first + n - 1 of a row.
using GridOf = std::function<Grid(const float* w, int64_t first, int64_t n)>;
// On all threads of the pool, with one row of fp32 each. Format error, naming `model`, where a weight is not finite.
Result<RoundedLinear> round_linear(const Linear& linear, const std::string& model, const QuantSpec& spec,
                                   const GridOf& grid_of, kernels::cpu::ThreadPool& pool);

}  // namespace scalewright::quant
