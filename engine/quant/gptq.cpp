#include "engine/quant/gptq.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "engine/quant/cholesky.h"
#include "engine/quant/grid.h"
#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/gemm_kernels.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int kRows = kernels::cpu::kTileCols;  // rows rounded side by side, one a lane; a row depends on no other
constexpr int64_t kBlock = 128;                 // inputs whose errors go to all that follow in one product
constexpr int64_t kSubBlock = 32;               // inputs whose errors go to the rest of the block in one product

using kernels::cpu::GemmKernels;

// C [count, 16] += A [count, depth] B [depth, 16], A with row stride lda, B and C with 16.
void add_product(const GemmKernels& gemm, int64_t count, const float* a, int64_t lda, const float* b, int64_t depth,
                 float* c) {
  for (int64_t i = 0; i < count; i += kernels::cpu::kTileRows) {
    const int rows = static_cast<int>(std::min<int64_t>(kernels::cpu::kTileRows, count - i));
    gemm.rows(rows, kRows, a + i * lda, lda, b, kRows, depth, c + i * kRows, kRows, true);
  }
}

// U = R^-1 of one diagonal block, transposed: factor row j holds R_ij, i <= j; inverse [n, n] gets U_ij at [j * n + i].
void invert_block(const float* factor, int64_t stride, int64_t n, std::vector<double>& work, float* inverse) {
  work.assign(static_cast<size_t>(n * n), 0.0);
  // Column j of U: U_jj = 1 / R_jj; U_ij = -(sum over i < k <= j of R_ik U_kj) / R_ii, from below upwards.
  for (int64_t j = 0; j < n; ++j) {
    double* column = work.data() + j * n;
    column[j] = 1.0 / factor[j * stride + j];
    for (int64_t i = j - 1; i >= 0; --i) {
      double sum = 0.0;
      for (int64_t k = i + 1; k <= j; ++k) sum += static_cast<double>(factor[k * stride + i]) * column[k];
      column[i] = -sum / factor[i * stride + i];
    }
  }
  for (int64_t i = 0; i < n * n; ++i) inverse[i] = static_cast<float>(work[static_cast<size_t>(i)]);
}

}  // namespace

Result<GptqFactor> GptqFactor::create(std::span<const double> hessian, int64_t cols, double damping, int threads) {
  return create(std::vector<double>(hessian.begin(), hessian.end()), cols, damping, threads);
}

Result<GptqFactor> GptqFactor::create(std::vector<double> hessian, int64_t cols, double damping, int threads,
                                      bool act_order) {
  const int64_t n = cols;
  GptqFactor result;
  result.cols_ = n;
  if (act_order) {
    result.importance_.resize(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i)
      result.importance_[static_cast<size_t>(i)] = static_cast<float>(hessian[static_cast<size_t>(i * n + i)]);
    result.order_.resize(static_cast<size_t>(n));
    std::iota(result.order_.begin(), result.order_.end(), 0);
    std::ranges::stable_sort(result.order_, std::greater<>{},
                             [&](int32_t i) { return result.importance_[static_cast<size_t>(i)]; });
    std::vector<double> ordered(hessian.size());
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i; j < n; ++j) {
        const auto [low, high] = std::minmax(result.order_[static_cast<size_t>(i)], result.order_[static_cast<size_t>(j)]);
        ordered[static_cast<size_t>(i * n + j)] = hessian[static_cast<size_t>(low * n + high)];
      }
    }
    hessian = std::move(ordered);
  }
  double diagonal = 0.0;
  for (int64_t i = 0; i < n; ++i) diagonal += hessian[static_cast<size_t>(i * n + i)];
  diagonal /= static_cast<double>(std::max<int64_t>(n, 1));
  // Inputs that were always zero say nothing: plain rounding then.
  const double add = diagonal > 0.0 ? damping * diagonal : 1.0;
  for (int64_t i = 0; i < n; ++i) hessian[static_cast<size_t>(i * n + i)] += add;
  // The factor with the triangle on the other side: both axes reversed (the whole array from behind, so that the upper
  // triangle becomes the lower), factored as L L^T, reversed again.
  std::reverse(hessian.begin(), hessian.end());
  std::vector<double>& reversed = hessian;
  kernels::cpu::ThreadPool pool(threads);
  if (!cholesky_lower(reversed.data(), n, pool)) {
    return fail(
        ErrorCode::InvalidArgument,
        "The statistics of the inputs are not positive definite (or not finite), so GPTQ cannot use them. Give more "
        "calibration text, or use the method clip.");
  }
  result.factor_.assign(static_cast<size_t>(n * n), 0.0f);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i; j < n; ++j) {
      result.factor_[static_cast<size_t>(j * n + i)] =
          static_cast<float>(reversed[static_cast<size_t>((n - 1 - i) * n + (n - 1 - j))]);
    }
  }
  return result;
}

QuantizedArrays GptqFactor::quantize(std::span<const float> original, int64_t rows, const QuantSpec& spec, bool clip,
                                     int threads, bool groups_by_order) const {
  const int64_t cols = cols_, group = group_size(spec, cols), groups = group_count(spec, cols);
  const int64_t block = spec.group > 0 ? std::max<int64_t>(spec.group, kBlock) : kBlock;  // holds whole groups
  const int64_t blocks = (cols + block - 1) / block;
  QuantizedArrays out;
  out.codes.resize(static_cast<size_t>(rows * cols));
  out.scales.resize(static_cast<size_t>(rows * groups));
  out.zeros.resize(static_cast<size_t>(rows * groups));

  kernels::cpu::ThreadPool pool(threads);
  const bool reorder = !order_.empty(), ordered = reorder && !groups_by_order;
  const auto position = [&](int64_t j) { return ordered ? static_cast<int64_t>(order_[static_cast<size_t>(j)]) : j; };
  std::vector<float> reordered;
  std::span<const float> w = original;
  if (reorder) {
    reordered.resize(original.size());
    pool.parallel_ranges(rows, 8, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const float* from = original.data() + row * cols;
        for (int64_t j = 0; j < cols; ++j)
          reordered[static_cast<size_t>(row * cols + j)] = from[order_[static_cast<size_t>(j)]];
        for (int64_t g = 0; ordered && g < groups; ++g) {
          const int64_t first = g * group, n = std::min(group, cols - first);
          const Grid grid =
              clip ? clip_grid(from + first, importance_.data() + first, n, spec) : minmax_grid(from + first, n, spec);
          out.scales[static_cast<size_t>(row * groups + g)] = grid.scale;
          out.zeros[static_cast<size_t>(row * groups + g)] = static_cast<int16_t>(grid.zero);
        }
      }
    });
    w = reordered;
  }
  std::vector<std::vector<float>> inverses(static_cast<size_t>(blocks));
  pool.parallel_ranges(blocks, 1, [&](int64_t begin, int64_t end) {
    std::vector<double> work;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * block, n = std::min(block, cols - first);
      inverses[static_cast<size_t>(b)].resize(static_cast<size_t>(n * n));
      invert_block(factor_.data() + first * cols + first, cols, n, work, inverses[static_cast<size_t>(b)].data());
    }
  });

  const GemmKernels& gemm = kernels::cpu::gemm_kernels(kernels::cpu::best_isa());
  const int levels = (1 << spec.bits) - 1;
  const auto grid_of = [&](const float* values, int64_t n) {
    return clip ? clip_grid(values, nullptr, n, spec) : minmax_grid(values, n, spec);
  };
  pool.parallel_ranges(rows, kRows, [&](int64_t begin, int64_t end) {
    std::vector<float> sums(static_cast<size_t>(cols * kRows));      // sum over settled i of D_i R_ij, [K, 16]
    std::vector<float> current(static_cast<size_t>(block * kRows));  // updated weights of the block, [block, 16]
    std::vector<float> errors(static_cast<size_t>(block * kRows));   // D of the block
    std::vector<float> pushes(static_cast<size_t>(block * kRows));   // what its rounding hands on, before U
    std::vector<float> gathered(static_cast<size_t>(std::max(block, group)));
    float scale[kRows], lowest[kRows], highest[kRows];
    for (int64_t row = begin; row < end; row += kRows) {
      const int64_t lanes = std::min<int64_t>(kRows, end - row);
      std::fill(sums.begin(), sums.end(), 0.0f);
      std::fill(scale, scale + kRows, 1.0f);
      std::fill(lowest, lowest + kRows, 0.0f);
      std::fill(highest, highest + kRows, 0.0f);
      const auto set_grid = [&](int64_t lane, int64_t g, const Grid& grid) {
        scale[lane] = grid.scale;
        lowest[lane] = static_cast<float>(-grid.zero);
        highest[lane] = static_cast<float>(levels - grid.zero);
        out.scales[static_cast<size_t>((row + lane) * groups + g)] = grid.scale;
        out.zeros[static_cast<size_t>((row + lane) * groups + g)] = static_cast<int16_t>(grid.zero);
      };
      const auto use_grid = [&](int64_t lane, int64_t g) {
        const size_t at = static_cast<size_t>((row + lane) * groups + g);
        scale[lane] = out.scales[at];
        lowest[lane] = static_cast<float>(-out.zeros[at]);
        highest[lane] = static_cast<float>(levels - out.zeros[at]);
      };
      if (spec.group <= 0 && !ordered) {
        for (int64_t lane = 0; lane < lanes; ++lane) set_grid(lane, 0, grid_of(w.data() + (row + lane) * cols, cols));
      }
      for (int64_t b = 0; b < blocks; ++b) {
        const int64_t first = b * block, n = std::min(block, cols - first);
        const float* inverse = inverses[static_cast<size_t>(b)].data();
        // The weights that would now be best, were they not to be rounded: W + sums U.
        for (int64_t j = 0; j < n; ++j) {
          float* to = current.data() + j * kRows;
          for (int64_t lane = 0; lane < kRows; ++lane) {
            to[lane] = lane < lanes ? w[static_cast<size_t>((row + lane) * cols + first + j)] : 0.0f;
          }
        }
        if (b > 0) {
          add_product(gemm, n, inverse, n, sums.data() + first * kRows, n, current.data());
        }
        for (int64_t j = 0; j < n; ++j) {
          if (ordered) {
            for (int64_t lane = 0; lane < lanes; ++lane) use_grid(lane, position(first + j) / group);
          } else if (spec.group > 0 && j % group == 0) {
            const int64_t inputs = std::min(group, n - j);
            for (int64_t lane = 0; lane < lanes; ++lane) {
              for (int64_t k = 0; k < inputs; ++k) {
                gathered[static_cast<size_t>(k)] = current[static_cast<size_t>((j + k) * kRows + lane)];
              }
              set_grid(lane, (first + j) / group, grid_of(gathered.data(), inputs));
            }
          }
          float* value = current.data() + j * kRows;
          float* push = pushes.data() + j * kRows;
          float integers[kRows];
          const float over = 1.0f / inverse[j * n + j];
          for (int lane = 0; lane < kRows; ++lane) {
            float q = (value[lane] / scale[lane] + kRound) - kRound;
            q = q < lowest[lane] ? lowest[lane] : q;
            q = q > highest[lane] ? highest[lane] : q;
            integers[lane] = q;
            push[lane] = (q * scale[lane] - value[lane]) * over;
          }
          for (int64_t lane = 0; lane < lanes; ++lane) {
            const int64_t at = (row + lane) * cols + first + j, to = (row + lane) * cols + position(first + j);
            out.codes[static_cast<size_t>(to)] = static_cast<uint8_t>(static_cast<int>(integers[lane] - lowest[lane]));
            errors[static_cast<size_t>(j * kRows + lane)] = w[static_cast<size_t>(at)] - integers[lane] * scale[lane];
          }
          for (int64_t lane = lanes; lane < kRows; ++lane) errors[static_cast<size_t>(j * kRows + lane)] = 0.0f;
          const int64_t sub_end = std::min(n, (j / kSubBlock + 1) * kSubBlock);
          for (int64_t k = j + 1; k < sub_end; ++k) {
            const float u = inverse[k * n + j];
            float* to = current.data() + k * kRows;
            for (int lane = 0; lane < kRows; ++lane) to[lane] += push[lane] * u;
          }
          if (j + 1 == sub_end && sub_end < n) {
            const int64_t sub = j / kSubBlock * kSubBlock;
            add_product(gemm, n - sub_end, inverse + sub_end * n + sub, n, pushes.data() + sub * kRows, sub_end - sub,
                        current.data() + sub_end * kRows);
          }
        }
        add_product(gemm, cols - first - n, factor_.data() + (first + n) * cols + first, cols, errors.data(), n,
                    sums.data() + (first + n) * kRows);
      }
    }
  });
  return out;
}

}  // namespace scalewright::quant
