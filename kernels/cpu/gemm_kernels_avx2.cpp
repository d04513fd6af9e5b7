#include "kernels/cpu/gemm_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>

namespace scalewright::kernels::cpu {
namespace {

__m256i lane_mask(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// Twelve sums, two vectors of B and one broadcast of A fill 15 of the 16 registers; both FMA units stay busy because
// each sum is touched every sixth pair only, longer than an FMA takes. kColumns: A[p * lda + i] instead of A[i * lda +
// p].
template <int kRows, bool kColumns>
inline void inner(const float* a, int64_t lda, const float* b, int64_t ldb, int64_t k, __m256 (&sum)[kRows][2]) {
  const float* a3 = a + 3 * lda;
  for (int64_t p = 0; p < k; ++p) {
    const __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
    _mm_prefetch(reinterpret_cast<const char*>(b + 8 * ldb), _MM_HINT_T0);
#pragma GCC unroll 6
    for (int i = 0; i < kRows; ++i) {
      const float* from = kColumns ? a + i : (i < 3 ? a + i * lda : a3 + (i - 3) * lda);
      const __m256 factor = _mm256_broadcast_ss(from);
      sum[i][0] = _mm256_fmadd_ps(factor, b0, sum[i][0]);
      sum[i][1] = _mm256_fmadd_ps(factor, b1, sum[i][1]);
    }
    a += kColumns ? lda : 1;
    a3 += 1;
    b += ldb;
  }
}

template <int kRows, bool kColumns>
void tile(int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t k, float* c, int64_t ldc,
          bool accumulate) {
  __m256 sum[kRows][2];
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) sum[i][0] = sum[i][1] = _mm256_setzero_ps();
  inner<kRows, kColumns>(a, lda, b, ldb, k, sum);
  if (cols == kTileCols) {
#pragma GCC unroll 6
    for (int i = 0; i < kRows; ++i) {
      float* out = c + i * ldc;
      if (accumulate) {
        sum[i][0] = _mm256_add_ps(sum[i][0], _mm256_loadu_ps(out));
        sum[i][1] = _mm256_add_ps(sum[i][1], _mm256_loadu_ps(out + 8));
      }
      _mm256_storeu_ps(out, sum[i][0]);
      _mm256_storeu_ps(out + 8, sum[i][1]);
    }
    return;
  }
  const __m256i first = lane_mask(cols), second = lane_mask(cols - 8);
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
    float* out = c + i * ldc;
    if (accumulate) {
      sum[i][0] = _mm256_add_ps(sum[i][0], _mm256_maskload_ps(out, first));
      sum[i][1] = _mm256_add_ps(sum[i][1], _mm256_maskload_ps(out + 8, second));
    }
    _mm256_maskstore_ps(out, first, sum[i][0]);
    _mm256_maskstore_ps(out + 8, second, sum[i][1]);
  }
}

template <bool kColumns>
void product(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t k, float* c,
             int64_t ldc, bool accumulate) {
  switch (rows) {
    case 6:
      return tile<6, kColumns>(cols, a, lda, b, ldb, k, c, ldc, accumulate);
    case 5:
      return tile<5, kColumns>(cols, a, lda, b, ldb, k, c, ldc, accumulate);
    case 4:
      return tile<4, kColumns>(cols, a, lda, b, ldb, k, c, ldc, accumulate);
    case 3:
      return tile<3, kColumns>(cols, a, lda, b, ldb, k, c, ldc, accumulate);
    case 2:
      return tile<2, kColumns>(cols, a, lda, b, ldb, k, c, ldc, accumulate);
    default:
      return tile<1, kColumns>(cols, a, lda, b, ldb, k, c, ldc, accumulate);
  }
}

template <bool kColumns>
void wide_product(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t, int64_t k,
                  float* c, int64_t ldc, bool accumulate) {
  product<kColumns>(rows, cols, a, lda, b, ldb, k, c, ldc, accumulate);
}

void transpose_8x8(const float* in, int64_t ldi, float* out, int64_t ldo) {
  __m256 r[8], t[8], u[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(in + i * ldi);
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    u[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    u[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xEE);
    u[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    u[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xEE);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(out + i * ldo, _mm256_permute2f128_ps(u[i], u[i + 4], 0x20));
    _mm256_storeu_ps(out + (i + 4) * ldo, _mm256_permute2f128_ps(u[i], u[i + 4], 0x31));
  }
}

void transpose(const float* in, int64_t ldi, int64_t rows, int64_t cols, float* out, int64_t ldo) {
  const int64_t whole_rows = rows / 8 * 8, whole_cols = cols / 8 * 8;
  for (int64_t i = 0; i < whole_rows; i += 8)
    for (int64_t j = 0; j < whole_cols; j += 8) transpose_8x8(in + i * ldi + j, ldi, out + j * ldo + i, ldo);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = i < whole_rows ? whole_cols : 0; j < cols; ++j) out[j * ldo + i] = in[i * ldi + j];
}

// A tile is 16 wide here.
void tile_dot(int rows, int, const float* t, int64_t ldt, const float* weights, int64_t, float* sums) {
  for (int i = 0; i < rows; ++i) {
    const __m256 low = _mm256_mul_ps(_mm256_loadu_ps(t + ldt * i), _mm256_loadu_ps(weights + 16 * i));
    const __m256 both = _mm256_fmadd_ps(_mm256_loadu_ps(t + ldt * i + 8), _mm256_loadu_ps(weights + 16 * i + 8), low);
    __m128 h = _mm_add_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
    h = _mm_add_ps(h, _mm_movehl_ps(h, h));
    sums[i] += _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
  }
}

}  // namespace

const GemmKernels& gemm_kernels_avx2() {
  static const GemmKernels table{product<false>, product<true>, transpose,           tile_dot,
                                 kTileRows,      kTileCols,     wide_product<false>, wide_product<true>};
  return table;
}

}  // namespace scalewright::kernels::cpu
#else
namespace scalewright::kernels::cpu {
const GemmKernels& gemm_kernels_avx2() {
  return gemm_kernels_scalar();
}
}  // namespace scalewright::kernels::cpu
#endif
