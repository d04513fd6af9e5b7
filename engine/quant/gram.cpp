#include "engine/quant/gram.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/gemm_kernels.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int64_t kPiece = 128;       // tokens at once: two strips of them stay in the first cache
constexpr int64_t kPiecesAtOnce = 4;  // summed in fp32 before the sum goes to the doubles
constexpr int64_t kStrip = kernels::cpu::kMostTileCols;

}  // namespace

InputStatistics::InputStatistics(int64_t cols, bool full, std::vector<float> weights)
    : cols_(cols),
      full_(full),
      weights_(std::move(weights)),
      sums_(static_cast<size_t>(full ? cols * cols : cols), 0.0) {}

void InputStatistics::add(const float* x, int64_t ldx, int64_t T, kernels::cpu::ThreadPool& pool) {
  const auto root_of = [&, before = tokens_](int64_t t) {
    const size_t token = static_cast<size_t>(before + t);
    return token < weights_.size() ? std::sqrt(weights_[token]) : 1.0f;
  };
  tokens_ += T;
  if (!full_) {
    pool.parallel_ranges(cols_, 64, [&](int64_t begin, int64_t end) {
      for (int64_t t = 0; t < T; ++t) {
        const float* row = x + t * ldx;
        const double weight = static_cast<double>(root_of(t)) * root_of(t);
        for (int64_t k = begin; k < end; ++k) sums_[static_cast<size_t>(k)] += weight * row[k] * row[k];
      }
    });
    return;
  }
  const kernels::cpu::GemmKernels& gemm = kernels::cpu::gemm_kernels(kernels::cpu::best_isa());
  const int64_t strips = (cols_ + kStrip - 1) / kStrip;
  const int64_t strip_size = kPiecesAtOnce * kPiece * kStrip;
  packed_.resize(static_cast<size_t>(strips * strip_size));
  for (int64_t first = 0; first < T; first += kPiecesAtOnce * kPiece) {
    const int64_t count = std::min(kPiecesAtOnce * kPiece, T - first);
    pool.parallel_ranges(strips, 1, [&](int64_t begin, int64_t end) {
      for (int64_t s = begin; s < end; ++s) {
        const int64_t wide = std::min(kStrip, cols_ - s * kStrip);
        float* to = packed_.data() + s * strip_size;
        for (int64_t t = 0; t < count; ++t, to += kStrip) {
          const float* from = x + (first + t) * ldx + s * kStrip;
          const float root = root_of(first + t);
          for (int64_t k = 0; k < wide; ++k) to[k] = root * from[k];
          std::fill(to + wide, to + kStrip, 0.0f);
        }
      }
    });
    // Strip pairs of the upper triangle; row strip r has strips - r of them, so rows are dealt out from both ends.
    pool.parallel_ranges((strips + 1) / 2, 1, [&](int64_t begin, int64_t end) {
      float tile[kStrip * kStrip];
      const auto row_strip = [&](int64_t r) {
        const int64_t high = std::min(kStrip, cols_ - r * kStrip);
        for (int64_t s = r; s < strips; ++s) {
          const int64_t wide = std::min(kStrip, cols_ - s * kStrip);
          for (int64_t at = 0; at < count; at += kPiece) {
            const float* a = packed_.data() + r * strip_size + at * kStrip;
            const float* b = packed_.data() + s * strip_size + at * kStrip;
            for (int64_t i = 0; i < kStrip; i += gemm.tile_rows) {
              const int rows = static_cast<int>(std::min<int64_t>(gemm.tile_rows, kStrip - i));
              for (int64_t j = 0; j < kStrip; j += gemm.tile_cols)
                gemm.wide_columns(rows, gemm.tile_cols, a + i, kStrip, b + j, kStrip, 16, std::min(kPiece, count - at),
                                  tile + i * kStrip + j, kStrip, at > 0);
            }
          }
          for (int64_t i = 0; i < high; ++i) {
            double* to = sums_.data() + (r * kStrip + i) * cols_ + s * kStrip;
            for (int64_t j = 0; j < wide; ++j) to[j] += tile[i * kStrip + j];
          }
        }
      };
      for (int64_t r = begin; r < end; ++r) {
        row_strip(r);
        if (strips - 1 - r != r) row_strip(strips - 1 - r);
      }
    });
  }
}

std::vector<float> InputStatistics::mean_square() const {
  std::vector<float> mean(static_cast<size_t>(cols_));
  const int64_t step = full_ ? cols_ + 1 : 1;
  for (int64_t k = 0; k < cols_; ++k) {
    mean[static_cast<size_t>(k)] =
        tokens_ > 0 ? static_cast<float>(sums_[static_cast<size_t>(k * step)] / static_cast<double>(tokens_)) : 1.0f;
  }
  return mean;
}

std::vector<double> InputStatistics::take_hessian() {
  const double factor = tokens_ > 0 ? 2.0 / static_cast<double>(tokens_) : 0.0;
  for (double& value : sums_) value *= factor;
  return std::move(sums_);
}

}  // namespace scalewright::quant
