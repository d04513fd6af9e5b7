#include "kernels/cpu/attention_blocks.h"

#include <algorithm>
#include <cstring>

namespace scalewright::kernels::cpu {

void gather_head(const RowKernels& rows, const void* data, bool half, int64_t ld, int64_t count, int64_t head_dim,
                 float* out) {
  const int64_t width = padded_dim(head_dim);
  for (int64_t i = 0; i < count; ++i) {
    float* to = out + i * width;
    if (half) {
      rows.from_half(static_cast<const uint16_t*>(data) + i * ld, head_dim, to);
    } else {
      std::memcpy(to, static_cast<const float*>(data) + i * ld, static_cast<size_t>(head_dim) * sizeof(float));
    }
    std::fill(to + head_dim, to + width, 0.0f);
  }
}

void transpose_head(const GemmKernels& kernels, const float* in, int64_t count, int64_t head_dim, float* out) {
  kernels.transpose(in, padded_dim(head_dim), count, head_dim, out, kBlock);
  if (count == kBlock) return;
  for (int64_t d = 0; d < head_dim; ++d) std::fill(out + d * kBlock + count, out + (d + 1) * kBlock, 0.0f);
}

void multiply_rows(const GemmKernels& kernels, int rows, int64_t cols, const float* a, int64_t lda, const float* b,
                   int64_t ldb, int64_t k, float* c, int64_t ldc, bool accumulate) {
  for (int64_t j = 0; j < cols; j += kernels.tile_cols)
    kernels.wide_rows(rows, static_cast<int>(std::min<int64_t>(kernels.tile_cols, cols - j)), a, lda, b + j, ldb, 16, k,
                      c + j, ldc, accumulate);
}

void multiply_columns(const GemmKernels& kernels, int rows, int64_t cols, const float* a, int64_t lda, const float* b,
                      int64_t ldb, int64_t k, float* c, int64_t ldc, bool accumulate) {
  for (int64_t j = 0; j < cols; j += kernels.tile_cols)
    kernels.wide_columns(rows, static_cast<int>(std::min<int64_t>(kernels.tile_cols, cols - j)), a, lda, b + j, ldb, 16,
                         k, c + j, ldc, accumulate);
}

KeyRange visible(const AttentionSpec& s, int64_t query, int64_t queries, int64_t key, int64_t keys) {
  int64_t low = INT64_MAX, high = -1;
  for (int64_t t = query; t < query + queries; ++t) {
    const int64_t from = s.lowest_key(t), to = s.highest_key(t);
    if (from > to) continue;
    low = std::min(low, from);
    high = std::max(high, to);
  }
  KeyRange range;
  if (high < 0) return range;
  range.first = std::max<int64_t>(0, low - key);
  range.end = std::min(keys, high + 1 - key);
  return range;
}

}  // namespace scalewright::kernels::cpu
