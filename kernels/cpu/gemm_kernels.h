#pragma once
// The inner products of every dense operation, one set an instruction set: C [rows, cols] (+)= A B on small tiles, and
// the moves that make their operands. Raw pointers only.

#include <cstdint>

#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {

// Tiles that every instruction set takes.
inline constexpr int kTileRows = 6;
inline constexpr int kTileCols = 16;
// The largest tile of any.
inline constexpr int kMostTileRows = 12;
inline constexpr int kMostTileCols = 32;

struct GemmKernels {
  // C[i, j] (+)= sum_k A[i * lda + k] * B[k * ldb + j], i < rows <= 6, j < cols <= 16. B may be read 16 wide.
  void (*rows)(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t k, float* c,
               int64_t ldc, bool accumulate);
  // The same with A[k * lda + i].
  void (*columns)(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t k, float* c,
                  int64_t ldc, bool accumulate);
  // out[j * ldo + i] = in[i * ldi + j], i < rows, j < cols.
  void (*transpose)(const float* in, int64_t ldi, int64_t rows, int64_t cols, float* out, int64_t ldo);
  // sums[i] += sum_j tile[i * ldt + j] * weights[j / 16 * next + i * 16 + j % 16], i < rows, j < cols rounded up to 16.
  void (*tile_dot)(int rows, int cols, const float* tile, int64_t ldt, const float* weights, int64_t next, float* sums);

  // The tile that is fastest here, and the products with up to that many rows and columns: columns 16 and on of B lie
  // at B[next + k * ldb + j - 16].
  int tile_rows, tile_cols;
  void (*wide_rows)(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t next,
                    int64_t k, float* c, int64_t ldc, bool accumulate);
  void (*wide_columns)(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t next,
                       int64_t k, float* c, int64_t ldc, bool accumulate);
};

const GemmKernels& gemm_kernels_scalar();
const GemmKernels& gemm_kernels_avx2();    // call only where Isa::Avx2 is supported
const GemmKernels& gemm_kernels_avx512();  // call only where Isa::Avx512 is supported
const GemmKernels& gemm_kernels(Isa isa);

}  // namespace scalewright::kernels::cpu
