#include "kernels/cpu/gemm_kernels.h"

#if defined(__AVX512F__)
#include <immintrin.h>

#include <utility>

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __mmask16 lane_mask(int n) {
  return n >= 16 ? __mmask16{0xffff} : static_cast<__mmask16>((1u << n) - 1);
}

// Twelve rows by two vectors: 24 sums, two vectors of B and a broadcast of A in 27 of the 32 registers. Each step loads
// 14 times for 24 FMAs, so that the two FMA units and not the two load ports set the pace. Rows of A are reached from
// a base every three rows, which costs few registers. kColumns: A[p * lda + i] instead of A[i * lda + p].
template <int kRows, int kVectors, bool kColumns>
inline __attribute__((always_inline)) void inner(const float* a, int64_t lda, const float* b, int64_t ldb, int64_t next,
                                                 int64_t k, __m512 (&sum)[kRows][kVectors]) {
  constexpr int kBases = kColumns ? 1 : (kRows + 2) / 3;
  const float* base[kBases];
#pragma GCC unroll 4
  for (int i = 0; i < kBases; ++i) base[i] = a + 3 * i * lda;
  const float* b_next = b + next;
  for (int64_t p = 0; p < k; ++p) {
    __m512 columns[kVectors];
    columns[0] = _mm512_loadu_ps(b);
    if constexpr (kVectors == 2) columns[1] = _mm512_loadu_ps(b_next);
#pragma GCC unroll 12
    for (int i = 0; i < kRows; ++i) {
      const __m512 factor = _mm512_set1_ps(*(kColumns ? base[0] + i : base[kColumns ? 0 : i / 3] + i % 3 * lda));
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[i][v] = _mm512_fmadd_ps(factor, columns[v], sum[i][v]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < kBases; ++i) base[i] += kColumns ? lda : 1;
    b += ldb;
    b_next += ldb;
  }
}

template <int kRows, int kVectors, bool kColumns>
void tile(int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t next, int64_t k, float* c,
          int64_t ldc, bool accumulate) {
  __m512 sum[kRows][kVectors];
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[i][v] = _mm512_setzero_ps();
  inner<kRows, kVectors, kColumns>(a, lda, b, ldb, next, k, sum);
  const __mmask16 last = lane_mask(cols - 16 * (kVectors - 1));
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) {
    float* out = c + i * ldc;
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 mask = v + 1 < kVectors ? __mmask16{0xffff} : last;
      if (accumulate) sum[i][v] = _mm512_add_ps(sum[i][v], _mm512_maskz_loadu_ps(mask, out + 16 * v));
      _mm512_mask_storeu_ps(out + 16 * v, mask, sum[i][v]);
    }
  }
}

using Tile = void (*)(int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t next, int64_t k,
                      float* c, int64_t ldc, bool accumulate);

template <int kVectors, bool kColumns, int... kRows>
constexpr void fill(Tile (&tiles)[kMostTileRows], std::integer_sequence<int, kRows...>) {
  ((tiles[kRows] = tile<kRows + 1, kVectors, kColumns>), ...);
}
template <bool kColumns>
struct Tiles {
  Tile of[2][kMostTileRows] = {};
  constexpr Tiles() {
    fill<1, kColumns>(of[0], std::make_integer_sequence<int, kMostTileRows>());
    fill<2, kColumns>(of[1], std::make_integer_sequence<int, kMostTileRows>());
  }
};
template <bool kColumns>
constexpr Tiles<kColumns> kTiles;

template <bool kColumns>
void wide_product(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t next, int64_t k,
                  float* c, int64_t ldc, bool accumulate) {
  kTiles<kColumns>.of[cols > 16][rows - 1](cols, a, lda, b, ldb, next, k, c, ldc, accumulate);
}
template <bool kColumns>
void product(int rows, int cols, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t k, float* c,
             int64_t ldc, bool accumulate) {
  kTiles<kColumns>.of[0][rows - 1](cols, a, lda, b, ldb, 0, k, c, ldc, accumulate);
}

void transpose_16x16(const float* in, int64_t ldi, float* out, int64_t ldo) {
  __m512 r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(in + i * ldi);
    // 4 x 4 blocks within 128-bit lanes ..
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    const __m512 lo0 = _mm512_unpacklo_ps(r[i], r[i + 1]), hi0 = _mm512_unpackhi_ps(r[i], r[i + 1]);
    const __m512 lo1 = _mm512_unpacklo_ps(r[i + 2], r[i + 3]), hi1 = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
    t[i] = _mm512_shuffle_ps(lo0, lo1, 0x44);
    t[i + 1] = _mm512_shuffle_ps(lo0, lo1, 0xEE);
    t[i + 2] = _mm512_shuffle_ps(hi0, hi1, 0x44);
    t[i + 3] = _mm512_shuffle_ps(hi0, hi1, 0xEE);
  }
  // .. then the lanes themselves: column 4 l + j is lane l of t[j], t[4 + j], t[8 + j], t[12 + j].
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512 low = _mm512_shuffle_f32x4(t[j], t[4 + j], 0x44), high = _mm512_shuffle_f32x4(t[j], t[4 + j], 0xEE);
    const __m512 low2 = _mm512_shuffle_f32x4(t[8 + j], t[12 + j], 0x44),
                 high2 = _mm512_shuffle_f32x4(t[8 + j], t[12 + j], 0xEE);
    _mm512_storeu_ps(out + j * ldo, _mm512_shuffle_f32x4(low, low2, 0x88));
    _mm512_storeu_ps(out + (4 + j) * ldo, _mm512_shuffle_f32x4(low, low2, 0xDD));
    _mm512_storeu_ps(out + (8 + j) * ldo, _mm512_shuffle_f32x4(high, high2, 0x88));
    _mm512_storeu_ps(out + (12 + j) * ldo, _mm512_shuffle_f32x4(high, high2, 0xDD));
  }
}

void transpose(const float* in, int64_t ldi, int64_t rows, int64_t cols, float* out, int64_t ldo) {
  const int64_t whole_rows = rows / 16 * 16, whole_cols = cols / 16 * 16;
  for (int64_t i = 0; i < whole_rows; i += 16)
    for (int64_t j = 0; j < whole_cols; j += 16) transpose_16x16(in + i * ldi + j, ldi, out + j * ldo + i, ldo);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = i < whole_rows ? whole_cols : 0; j < cols; ++j) out[j * ldo + i] = in[i * ldi + j];
}

// Products of row i, not yet added up.
inline __attribute__((always_inline)) __m512 row_products(int i, int cols, const float* t, int64_t ldt,
                                                          const float* weights, int64_t next) {
  __m512 sum = _mm512_mul_ps(_mm512_loadu_ps(t + ldt * i), _mm512_loadu_ps(weights + 16 * i));
  if (cols > 16)
    sum = _mm512_fmadd_ps(_mm512_loadu_ps(t + ldt * i + 16), _mm512_loadu_ps(weights + next + 16 * i), sum);
  return sum;
}

void tile_dot(int rows, int cols, const float* t, int64_t ldt, const float* weights, int64_t next, float* sums) {
  int i = 0;
  for (; i + 4 <= rows; i += 4) {  // four rows' sums together
    __m512 r[4];
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) r[u] = row_products(i + u, cols, t, ldt, weights, next);
    const __m512 a = _mm512_add_ps(_mm512_unpacklo_ps(r[0], r[1]), _mm512_unpackhi_ps(r[0], r[1]));
    const __m512 b = _mm512_add_ps(_mm512_unpacklo_ps(r[2], r[3]), _mm512_unpackhi_ps(r[2], r[3]));
    const __m512 four = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xEE));
    const __m256 two = _mm256_add_ps(_mm512_castps512_ps256(four), _mm512_extractf32x8_ps(four, 1));
    const __m128 one = _mm_add_ps(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1));
    _mm_storeu_ps(sums + i, _mm_add_ps(_mm_loadu_ps(sums + i), one));
  }
  for (; i < rows; ++i) sums[i] += _mm512_reduce_add_ps(row_products(i, cols, t, ldt, weights, next));
}

}  // namespace

const GemmKernels& gemm_kernels_avx512() {
  static const GemmKernels table{product<false>, product<true>, transpose,           tile_dot,
                                 kMostTileRows,  kMostTileCols, wide_product<false>, wide_product<true>};
  return table;
}

}  // namespace scalewright::kernels::cpu
#else
namespace scalewright::kernels::cpu {
const GemmKernels& gemm_kernels_avx512() {
  return gemm_kernels_scalar();
}
}  // namespace scalewright::kernels::cpu
#endif
