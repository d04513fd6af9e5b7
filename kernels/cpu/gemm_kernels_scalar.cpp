#include "kernels/cpu/gemm_kernels.h"

namespace scalewright::kernels::cpu {
namespace {

// Sixteen sums of one row stay in registers of any vector width that the compiler has.
template <bool kColumns>
void product(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t k, float* c,
             int64_t ldc, bool accumulate) {
  for (int i = 0; i < rows; ++i) {
    float sums[kTileCols] = {};
    for (int64_t p = 0; p < k; ++p) {
      const float factor = kColumns ? a[p * lda + i] : a[i * lda + p];
      for (int j = 0; j < kTileCols; ++j) sums[j] += factor * b[p * ldb + j];
    }
    for (int j = 0; j < cols; ++j) c[i * ldc + j] = accumulate ? c[i * ldc + j] + sums[j] : sums[j];
  }
}

template <bool kColumns>
void wide_product(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t, int64_t k,
                  float* c, int64_t ldc, bool accumulate) {
  product<kColumns>(rows, cols, a, lda, b, ldb, k, c, ldc, accumulate);
}

void transpose(const float* in, int64_t ldi, int64_t rows, int64_t cols, float* out, int64_t ldo) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j) out[j * ldo + i] = in[i * ldi + j];
}

void tile_dot(int rows, int cols, const float* tile, int64_t ldt, const float* weights, int64_t next, float* sums) {
  for (int part = 0; part < cols; part += 16, tile += 16, weights += next)
    for (int i = 0; i < rows; ++i) {
      float sum = 0.0f;
      for (int j = 0; j < 16; ++j) sum += tile[i * ldt + j] * weights[i * 16 + j];
      sums[i] += sum;
    }
}

}  // namespace

const GemmKernels& gemm_kernels_scalar() {
  static const GemmKernels table{product<false>, product<true>, transpose,           tile_dot,
                                 kTileRows,      kTileCols,     wide_product<false>, wide_product<true>};
  return table;
}

const GemmKernels& gemm_kernels(Isa isa) {
  switch (isa) {
    case Isa::Avx512:
      return gemm_kernels_avx512();
    case Isa::AvxVnni:
    case Isa::Avx2:
      return gemm_kernels_avx2();
    case Isa::Scalar:
      break;
  }
  return gemm_kernels_scalar();
}

}  // namespace scalewright::kernels::cpu
