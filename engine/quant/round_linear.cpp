#include "engine/quant/round_linear.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/quant/layer_weights.h"
#include "kernels/cpu/rounding_group.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {

Result<RoundedLinear> round_linear(const Linear& linear, const std::string& model, const QuantSpec& spec,
                                   const GridOf& grid_of, kernels::cpu::ThreadPool& pool) {
  using kernels::kStripRows;
  const int64_t rows = linear.weight.rows(), cols = linear.weight.cols();
  const kernels::QuantLayout layout = affine_layout(rows, cols, spec);
  const int64_t groups = layout.groups(), width = layout.chunks() * kernels::kChunk;
  std::vector<double> errors(static_cast<size_t>(rows)), norms(static_cast<size_t>(rows));
  const auto fill = [&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
    std::vector<float> w(static_cast<size_t>(cols)), stored;
    const int64_t first_row = strip * kStripRows, count = std::min<int64_t>(kStripRows, rows - first_row);
    for (int64_t r = 0; r < count; ++r) {
      SW_TRY(dense_row(linear, first_row + r, model, w, stored));
      double error = 0.0, norm = 0.0;
      for (int64_t g = 0; g < groups; ++g) {
        const int64_t first = g * layout.block, n = std::min(layout.block, cols - first);
        const Grid grid = grid_of(w.data() + first, first, n);
        uint8_t* codes = plain.codes + r * width + first;
        encode_group(w.data() + first, n, grid, spec.bits, codes);
        plain.scale[r * groups + g] = kernels::float_to_half(grid.scale);
        plain.zero[r * groups + g] = static_cast<int16_t>(grid.zero);
        const GroupError part = group_error(w.data() + first, codes, n, grid);
        error += part.error;
        norm += part.norm;
      }
      errors[static_cast<size_t>(first_row + r)] = error;
      norms[static_cast<size_t>(first_row + r)] = norm;
    }
    return {};
  };
  RoundedLinear rounded;
  SW_ASSIGN(rounded.matrix, QuantizedMatrix::build(layout, fill, &pool));
  rounded.relative_error = relative_error_of(errors, norms);
  return rounded;
}

}  // namespace scalewright::quant
