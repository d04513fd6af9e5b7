#include "engine/quant/layer_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {

namespace {

// Without a branch, so that it vectorizes: an exponent of all ones is an infinity or a NaN.
bool all_finite(const float* x, int64_t n) {
  constexpr uint32_t kExponent = 0x7f800000u;
  uint32_t found = 0;
  for (int64_t i = 0; i < n; ++i) found |= (std::bit_cast<uint32_t>(x[i]) & kExponent) == kExponent;
  return found == 0;
}

Error not_finite(const Linear& linear, const std::string& model, int64_t row) {
  return {ErrorCode::Format, model + ": " + linear.name + " holds a number that is not finite, in row " +
                                 std::to_string(row) + ". The file is damaged or was not saved completely."};
}

// False: a number is not finite.
bool read_row(const Linear& linear, int64_t row, std::span<float> w, std::vector<float>& stored) {
  const bool reordered = linear.weight.quantized() && !linear.weight.quant().column_order().empty();
  if (reordered) {
    stored.resize(w.size());
    linear.weight.dequantize_row(row, stored);
    const auto& order = linear.weight.quant().column_order();
    for (size_t k = 0; k < w.size(); ++k) w[static_cast<size_t>(order[k])] = stored[k];
  } else {
    linear.weight.dequantize_row(row, w);
  }
  return all_finite(w.data(), static_cast<int64_t>(w.size()));
}

}  // namespace

Result<void> dense_weights(const Linear& linear, const std::string& model, kernels::cpu::ThreadPool& pool,
                           std::vector<float>& w) {
  const int64_t rows = linear.weight.rows(), cols = linear.weight.cols();
  w.resize(static_cast<size_t>(rows * cols));
  std::vector<uint8_t> broken(static_cast<size_t>(rows), 0);
  pool.parallel_ranges(rows, 8, [&](int64_t begin, int64_t end) {
    std::vector<float> stored;
    for (int64_t row = begin; row < end; ++row)
      broken[static_cast<size_t>(row)] =
          !read_row(linear, row, std::span(w.data() + row * cols, static_cast<size_t>(cols)), stored);
  });
  const auto found = std::find(broken.begin(), broken.end(), uint8_t{1});
  if (found != broken.end()) return tl::unexpected<Error>(not_finite(linear, model, found - broken.begin()));
  return {};
}

Result<void> dense_row(const Linear& linear, int64_t row, const std::string& model, std::span<float> w,
                       std::vector<float>& stored) {
  if (!read_row(linear, row, w, stored)) return tl::unexpected<Error>(not_finite(linear, model, row));
  return {};
}

Matrix dense_matrix(int64_t rows, int64_t cols, const std::vector<float>& w) {
  DenseMatrix matrix;
  matrix.type = kernels::DenseType::F32;
  matrix.rows = rows;
  matrix.cols = cols;
  matrix.data = AlignedBytes(w.size() * sizeof(float));
  std::copy(w.begin(), w.end(), reinterpret_cast<float*>(matrix.data.data()));
  return Matrix(std::move(matrix));
}

std::array<std::vector<Linear*>, kSites> by_site(Layer& layer) {
  std::array<std::vector<Linear*>, kSites> sites;
  for (Linear& linear : layer.qkv) sites[static_cast<size_t>(Site::Qkv)].push_back(&linear);
  sites[static_cast<size_t>(Site::AttentionOutput)] = {&layer.attn_output};
  for (Linear& linear : layer.gate_up) sites[static_cast<size_t>(Site::GateUp)].push_back(&linear);
  sites[static_cast<size_t>(Site::Down)] = {&layer.down};
  return sites;
}

}  // namespace scalewright::quant
