#pragma once
// What the tiles of gemm_int8 with registers of 8 rows share: how sums meet their scales and what is left of offsets.
// Only for files built with AVX2; internal linkage.

#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/cpu/gemm_int8_constants.h"
#include "kernels/cpu/gemm_int8_tile.h"

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __m256i broadcast32(const void* p) {
  int value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm256_set1_epi32(value);
}

// Both halves of the rows of every token begin at start [token].
template <int Tokens>
inline __attribute__((always_inline)) void begin(const int32_t* start, __m256i (&acc)[Tokens][2]) {
#pragma GCC unroll 6
  for (int t = 0; t < Tokens; ++t) acc[t][0] = acc[t][1] = broadcast32(start + t);
}

// Where the sums of a tile lie, and the offsets that are subtracted on the way.
struct Target {
  explicit Target(const Tile& tile) : out(tile.out), stride(tile.token_stride), sums(tile.sums), c(tile.c) {}
  float* out;
  int64_t stride;
  const float *sums, *c;
};

// Token t of out += (sums as floats) * a * d [t], less sums [t] * c where Joined; j: the chunk or half.
template <int Tokens, bool Joined>
inline __attribute__((always_inline)) void scale_add(const __m256i (&sum)[Tokens][2], const float* a, const float* d,
                                                     int64_t j, const Target& to) {
  const __m256 a0 = _mm256_loadu_ps(a), a1 = _mm256_loadu_ps(a + 8);
  float* out = to.out;
#pragma GCC unroll 6
  for (int t = 0; t < Tokens; ++t, out += to.stride) {
    const __m256 scale = _mm256_broadcast_ss(d + t);
    __m256 y0 = _mm256_loadu_ps(out), y1 = _mm256_loadu_ps(out + 8);
    if constexpr (Joined) {
      const __m256 x = _mm256_broadcast_ss(to.sums + kTileTokens * j + t);
      y0 = _mm256_fnmadd_ps(x, _mm256_loadu_ps(to.c + 16 * j), y0);
      y1 = _mm256_fnmadd_ps(x, _mm256_loadu_ps(to.c + 16 * j + 8), y1);
    }
    _mm256_storeu_ps(out, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[t][0]), _mm256_mul_ps(a0, scale), y0));
    _mm256_storeu_ps(out + 8, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[t][1]), _mm256_mul_ps(a1, scale), y1));
  }
}

template <int Tokens>
inline __attribute__((always_inline)) void clear(const Tile& tile) {
  for (int t = 0; t < Tokens; ++t) {
    _mm256_storeu_ps(tile.out + t * tile.token_stride, _mm256_setzero_ps());
    _mm256_storeu_ps(tile.out + t * tile.token_stride + 8, _mm256_setzero_ps());
  }
}

template <int Tokens>
void offsets(const float* sums, const float* c, int64_t granules, const Tile& tile) {
  if (!tile.accumulate) clear<Tokens>(tile);
  __m256 acc[Tokens][2];
  float* out = tile.out;
#pragma GCC unroll 6
  for (int t = 0; t < Tokens; ++t) {
    acc[t][0] = _mm256_loadu_ps(out + t * tile.token_stride);
    acc[t][1] = _mm256_loadu_ps(out + t * tile.token_stride + 8);
  }
  for (int64_t g = 0; g < granules; ++g, sums += kTileTokens, c += 16) {
    const __m256 c0 = _mm256_loadu_ps(c), c1 = _mm256_loadu_ps(c + 8);
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) {
      const __m256 sum = _mm256_broadcast_ss(sums + t);
      acc[t][0] = _mm256_fnmadd_ps(sum, c0, acc[t][0]);
      acc[t][1] = _mm256_fnmadd_ps(sum, c1, acc[t][1]);
    }
  }
#pragma GCC unroll 6
  for (int t = 0; t < Tokens; ++t) {
    _mm256_storeu_ps(out + t * tile.token_stride, acc[t][0]);
    _mm256_storeu_ps(out + t * tile.token_stride + 8, acc[t][1]);
  }
}

void tile_offsets(const float* sums, const float* c, int64_t granules, const Tile& tile) {
  with_tokens(tile.tokens, [&]<int Tokens>() { offsets<Tokens>(sums, c, granules, tile); });
}

// Codes as they are, a quad of 16 rows behind the other.
template <int Bits>
void panel_of(const uint8_t* lines, int64_t chunks, uint8_t* panel) {
  for (int64_t j = 0; j < chunks; ++j, lines += 64 * Bits, panel += 512) {
    for (int half = 0; half < 2; ++half) {
      for_quads<Bits>(
          lines, half, [&](int quad, __m256i codes) __attribute__((always_inline)) {
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(panel + 64 * quad + 32 * half), codes);
          });
    }
  }
}

}  // namespace
}  // namespace scalewright::kernels::cpu
