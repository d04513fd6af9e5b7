#include "engine/quant/cholesky.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int64_t kBlock = 64;  // columns factored at once
constexpr int kTileRows = 3, kTileCols = 8;

// c [rows <= 3, 8] -= a [rows, depth] * panel [depth, 8]; the tile stays in registers.
template <int rows>
void subtract_tile(const double* a, int64_t lda, const double* panel, int64_t depth, double* c, int64_t ldc,
                   int64_t width) {
  double sums[rows][kTileCols] = {};
  for (int64_t k = 0; k < depth; ++k) {
    for (int r = 0; r < rows; ++r) {
      const double value = a[r * lda + k];
      for (int j = 0; j < kTileCols; ++j) sums[r][j] += value * panel[k * kTileCols + j];
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < width; ++j) c[r * ldc + j] -= sums[r][j];
  }
}

// Unblocked, within the diagonal block.
bool factor_block(double* a, int64_t lda, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    double diagonal = a[j * lda + j];
    for (int64_t k = 0; k < j; ++k) diagonal -= a[j * lda + k] * a[j * lda + k];
    if (!(diagonal > 0.0) || !std::isfinite(diagonal)) return false;
    const double root = std::sqrt(diagonal);
    a[j * lda + j] = root;
    for (int64_t i = j + 1; i < n; ++i) {
      double sum = a[i * lda + j];
      for (int64_t k = 0; k < j; ++k) sum -= a[i * lda + k] * a[j * lda + k];
      a[i * lda + j] = sum / root;
    }
  }
  return true;
}

}  // namespace

bool cholesky_lower(double* a, int64_t n, kernels::cpu::ThreadPool& pool) {
  std::vector<double>
      panel;  // rows first .. first + width of L, 8 columns of the product side by side: [width / 8][first][8]
  std::vector<double> transposed;  // the diagonal block's L, transposed, for the solve
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t width = std::min(kBlock, n - first);
    const int64_t strips = (width + kTileCols - 1) / kTileCols;
    panel.assign(static_cast<size_t>(strips * first * kTileCols), 0.0);
    for (int64_t j = 0; j < width; ++j) {
      const double* row = a + (first + j) * n;
      double* to = panel.data() + j / kTileCols * first * kTileCols + j % kTileCols;
      for (int64_t k = 0; k < first; ++k) to[k * kTileCols] = row[k];
    }
    // All that lies left of this block column is subtracted from it.
    pool.parallel_ranges(n - first, kTileRows, [&](int64_t begin, int64_t end) {
      for (int64_t i = first + begin; i < first + end; i += kTileRows) {
        const int64_t rows = std::min<int64_t>(kTileRows, first + end - i);
        for (int64_t s = 0; s < strips; ++s) {
          const double* columns = panel.data() + s * first * kTileCols;
          const int64_t wide = std::min<int64_t>(kTileCols, width - s * kTileCols);
          double* c = a + i * n + first + s * kTileCols;
          if (rows == 3) {
            subtract_tile<3>(a + i * n, n, columns, first, c, n, wide);
          } else if (rows == 2) {
            subtract_tile<2>(a + i * n, n, columns, first, c, n, wide);
          } else {
            subtract_tile<1>(a + i * n, n, columns, first, c, n, wide);
          }
        }
      }
    });
    double* block = a + first * n + first;
    if (!factor_block(block, n, width)) return false;
    transposed.assign(static_cast<size_t>(width * width), 0.0);
    for (int64_t i = 0; i < width; ++i) {
      for (int64_t j = 0; j <= i; ++j) transposed[static_cast<size_t>(j * width + i)] = block[i * n + j];
    }
    // Rows below: x L^T = c, column by column, each taken off the ones that follow.
    pool.parallel_ranges(n - first - width, 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        double* x = a + (first + width + i) * n + first;
        for (int64_t j = 0; j < width; ++j) {
          const double* l = transposed.data() + j * width;
          const double value = x[j] / l[j];
          x[j] = value;
          for (int64_t k = j + 1; k < width; ++k) x[k] -= value * l[k];
        }
      }
    });
  }
  return true;
}

}  // namespace scalewright::quant
