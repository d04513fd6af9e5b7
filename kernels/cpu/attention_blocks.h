#pragma once
// What the forward and the backward pass of attention share: block sizes, and keys and values brought into place.

#include <cstdint>

#include "kernels/common/attention_spec.h"
#include "kernels/cpu/gemm_kernels.h"
#include "kernels/cpu/row_kernels.h"

namespace scalewright::kernels::cpu {

inline constexpr int64_t kBlock = 96;  // queries and keys: a multiple of every tile's rows and columns

constexpr int64_t padded_dim(int64_t head_dim) {
  return (head_dim + 15) / 16 * 16;
}

// `count` rows of one head as [count][padded_dim] floats, zeros behind head_dim.
void gather_head(const RowKernels& rows, const void* data, bool half, int64_t ld, int64_t count, int64_t head_dim,
                 float* out);
// in [count][padded_dim] to out [head_dim][kBlock]; columns beyond count are 0.
void transpose_head(const GemmKernels& kernels, const float* in, int64_t count, int64_t head_dim, float* out);

// C [rows, cols] (+)= A B for B [k][ldb] as it lies, any number of columns that is a multiple of 16 or ends at `cols`.
void multiply_rows(const GemmKernels& kernels, int rows, int64_t cols, const float* a, int64_t lda, const float* b,
                   int64_t ldb, int64_t k, float* c, int64_t ldc, bool accumulate);
// The same with A [k][lda].
void multiply_columns(const GemmKernels& kernels, int rows, int64_t cols, const float* a, int64_t lda, const float* b,
                      int64_t ldb, int64_t k, float* c, int64_t ldc, bool accumulate);

// What a tile of queries sees of a block of keys: first .. end - 1 of the block, of all its queries together.
struct KeyRange {
  int64_t first = 0, end = 0;
  bool empty() const { return first >= end; }
};
KeyRange visible(const AttentionSpec& s, int64_t query, int64_t queries, int64_t key, int64_t keys);

}  // namespace scalewright::kernels::cpu
