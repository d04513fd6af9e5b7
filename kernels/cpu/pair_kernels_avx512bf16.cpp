#include "kernels/cpu/pair_kernels.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>

#include <utility>

namespace scalewright::kernels::cpu {
namespace {

constexpr int kRows = 12, kVectors = 2;  // as in gemm_kernels_avx512.cpp: 24 sums, two words of B, one of A

inline __attribute__((always_inline)) __mmask16 lane_mask(int64_t n) {
  return n >= 16 ? __mmask16{0xffff} : static_cast<__mmask16>((1u << n) - 1);
}

template <int Rows, int Vectors>
void tile(int cols, const uint32_t* a, int64_t lda, const uint32_t* b, int64_t ldb, int64_t k, float* c, int64_t ldc,
          bool accumulate) {
  __m512 sum[Rows][Vectors];
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_setzero_ps();
  constexpr int kBases = (Rows + 2) / 3;
  const uint32_t* base[kBases];
#pragma GCC unroll 4
  for (int i = 0; i < kBases; ++i) base[i] = a + 3 * i * lda;
  for (int64_t p = 0; p < k; ++p, b += ldb) {
    __m512bh columns[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) columns[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + 16 * v));
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
      const auto factor = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(base[i / 3][i % 3 * lda + p])));
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], factor, columns[v]);
    }
  }
  const __mmask16 last = lane_mask(cols - 16 * (Vectors - 1));
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i) {
    float* out = c + i * ldc;
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) {
      const __mmask16 mask = v + 1 < Vectors ? __mmask16{0xffff} : last;
      if (accumulate) sum[i][v] = _mm512_add_ps(sum[i][v], _mm512_maskz_loadu_ps(mask, out + 16 * v));
      _mm512_mask_storeu_ps(out + 16 * v, mask, sum[i][v]);
    }
  }
}

using Tile = void (*)(int cols, const uint32_t* a, int64_t lda, const uint32_t* b, int64_t ldb, int64_t k, float* c,
                      int64_t ldc, bool accumulate);
template <int Vectors, int... Rows>
constexpr void fill(Tile (&tiles)[kRows], std::integer_sequence<int, Rows...>) {
  ((tiles[Rows] = tile<Rows + 1, Vectors>), ...);
}
struct Tiles {
  Tile of[kVectors][kRows] = {};
  constexpr Tiles() {
    fill<1>(of[0], std::make_integer_sequence<int, kRows>());
    fill<2>(of[1], std::make_integer_sequence<int, kRows>());
  }
};
constexpr Tiles kTiles;

void rows_product(int rows, int cols, const uint32_t* a, int64_t lda, const uint32_t* b, int64_t ldb, int64_t k,
                  float* c, int64_t ldc, bool accumulate) {
  kTiles.of[cols > 16][rows - 1](cols, a, lda, b, ldb, k, c, ldc, accumulate);
}

// Sixteen numbers to bf16, each in the low half of a word.
inline __attribute__((always_inline)) __m512i halves(__m512 x) {
  return _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}

void along(const float* in, int64_t n, uint32_t* out) {
  for (int64_t i = 0; i < n; i += 8) {
    const int64_t words = n - i < 8 ? n - i : 8;
    const __m512 x = _mm512_maskz_loadu_ps(lane_mask(2 * words), in + 2 * i);
    _mm256_mask_storeu_epi32(out + i, static_cast<__mmask8>(lane_mask(words)),
                             reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
  }
}

void across(const float* a, const float* b, int64_t n, uint32_t* out) {
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 mask = lane_mask(n - i);
    const __m512i low = halves(_mm512_maskz_loadu_ps(mask, a + i)), high = halves(_mm512_maskz_loadu_ps(mask, b + i));
    _mm512_mask_storeu_epi32(out + i, mask, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
  }
}

}  // namespace

const PairKernels& pair_kernels_avx512bf16() {
  static const PairKernels table{kRows, 16 * kVectors, rows_product, along, across};
  return table;
}

}  // namespace scalewright::kernels::cpu
#endif
