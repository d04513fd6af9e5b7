// A tile of 32 output rows x 6 tokens: 12 sums of 32 bits, 12 in fp32, two registers of codes and a broadcast of x. A
// broadcast serves two products, so that the load ports are half busy.

#include <immintrin.h>

#include "kernels/common/quads_avx512.h"
#include "kernels/cpu/gemm_int8_constants.h"
#include "kernels/cpu/gemm_int8_tile.h"

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __m512i broadcast32(const void* p) {
  int value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm512_set1_epi32(value);
}

// sum [token][strip] += products of `Quads` quads.
template <int Tokens, int Strips, int Quads>
inline __attribute__((always_inline)) void dot(const uint8_t* w, int64_t next, const int8_t* q,
                                               __m512i (&sum)[Tokens][Strips]) {
#pragma GCC unroll 1
  for (int i = 0; i < Quads; ++i) {
    __m512i codes[Strips];
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) codes[s] = _mm512_loadu_si512(w + s * next);
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) {
      const __m512i x = broadcast32(q + 4 * t);
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) add_products(sum[t][s], codes[s], x);
    }
    w += 64;
    q += 4 * kTileTokens;
  }
}

template <int Tokens, int Strips>
inline __attribute__((always_inline)) void load_out(const Tile& tile, __m512 (&out)[Tokens][Strips]) {
#pragma GCC unroll 6
  for (int t = 0; t < Tokens; ++t)
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s)
      out[t][s] = tile.accumulate ? _mm512_loadu_ps(tile.out + t * tile.token_stride + s * tile.strip_stride)
                                  : _mm512_setzero_ps();
}
template <int Tokens, int Strips>
inline __attribute__((always_inline)) void store_out(const Tile& tile, const __m512 (&out)[Tokens][Strips]) {
  float* to = tile.out;
  const int64_t token_stride = tile.token_stride, strip_stride = tile.strip_stride;
#pragma GCC unroll 6
  for (int t = 0; t < Tokens; ++t)
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) _mm512_storeu_ps(to + t * token_stride + s * strip_stride, out[t][s]);
}

// out [token][strip] -= sums [token] * c [strip].
template <int Tokens, int Strips>
inline __attribute__((always_inline)) void subtract(const float* sums, const float* c, int64_t c_next,
                                                    __m512 (&out)[Tokens][Strips]) {
  __m512 offset[Strips];
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) offset[s] = _mm512_loadu_ps(c + s * c_next);
#pragma GCC unroll 6
  for (int t = 0; t < Tokens; ++t) {
    const __m512 sum = _mm512_set1_ps(sums[t]);
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) out[t][s] = _mm512_fnmadd_ps(sum, offset[s], out[t][s]);
  }
}

// Parts: runs of inputs with an (a) of their own in a chunk, 1 or 2. Joined: with offsets, one for each (a).
template <int Tokens, int Strips, int Parts, bool Joined>
void product(const Tile& tile) {
  __m512 out[Tokens][Strips];
  load_out(tile, out);
  const uint8_t* w = tile.panel;
  const int8_t* q = tile.q;
  const float *a = tile.a, *d = tile.d, *sums = tile.sums, *c = tile.c;
  const int32_t* start = tile.start;
  const int64_t panel_next = tile.panel_next, a_next = tile.a_next;
  for (int64_t j = 0; j < tile.chunks; ++j, d += kTileTokens) {
#pragma GCC unroll 1
    for (int part = 0; part < Parts; ++part) {
      __m512i sum[Tokens][Strips];
#pragma GCC unroll 6
      for (int t = 0; t < Tokens; ++t)
#pragma GCC unroll 2
        for (int s = 0; s < Strips; ++s) sum[t][s] = broadcast32(start + t);
      dot<Tokens, Strips, 8 / Parts>(w, panel_next, q, sum);
      __m512 scale[Strips];
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) scale[s] = _mm512_loadu_ps(a + s * a_next);
#pragma GCC unroll 6
      for (int t = 0; t < Tokens; ++t) {
        const __m512 step = _mm512_set1_ps(d[t]);
#pragma GCC unroll 2
        for (int s = 0; s < Strips; ++s)
          out[t][s] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[t][s]), _mm512_mul_ps(scale[s], step), out[t][s]);
      }
      if constexpr (Joined) {
        subtract(sums, c, a_next, out);
        sums += kTileTokens;
        c += 16;
      }
      w += 512 / Parts;
      q += 32 / Parts * kTileTokens;
      a += 16;
      start += kTileTokens;
    }
  }
  store_out(tile, out);
}

template <int Tokens, int Strips>
void offsets(const float* sums, const float* c, int64_t granules, const Tile& tile) {
  __m512 out[Tokens][Strips];
  load_out(tile, out);
  for (int64_t g = 0; g < granules; ++g, sums += kTileTokens, c += 16) subtract(sums, c, tile.a_next, out);
  store_out(tile, out);
}

// Calls body with the number of tokens and of strips as constants.
template <class Body>
inline void with_constants(int tokens, int strips, const Body& body) {
  with_tokens(tokens, [&]<int Tokens>() {
    if (strips == 2) return body.template operator()<Tokens, 2>();
    body.template operator()<Tokens, 1>();
  });
}

void tile_product(TileForm form, const Tile& tile) {
  with_constants(tile.tokens, tile.strips, [&]<int Tokens, int Strips>() {
    if (form == TileForm::Halves) {
      tile.c ? product<Tokens, Strips, 2, true>(tile) : product<Tokens, Strips, 2, false>(tile);
    } else {
      tile.c ? product<Tokens, Strips, 1, true>(tile) : product<Tokens, Strips, 1, false>(tile);
    }
  });
}

void tile_offsets(const float* sums, const float* c, int64_t granules, const Tile& tile) {
  with_constants(tile.tokens, tile.strips,
                 [&]<int Tokens, int Strips>() { offsets<Tokens, Strips>(sums, c, granules, tile); });
}

template <int Bits>
void panel_of(const uint8_t* lines, int64_t chunks, uint8_t* panel) {
  for (int64_t j = 0; j < chunks; ++j, lines += 64 * Bits, panel += 512)
    for_quads16<Bits>(
        lines, [&](int quad, __m512i codes)
                   __attribute__((always_inline)) { _mm512_storeu_si512(panel + 64 * quad, codes); });
}

void tile_panel(const uint8_t* lines, int bits, int64_t chunks, uint8_t* panel) {
  with_bits(bits, [&]<int Bits>() { panel_of<Bits>(lines, chunks, panel); });
}

}  // namespace

const TileKernels& tile_kernels_avx512() {
  static const TileKernels table{2, true, true, tile_product, tile_offsets, tile_panel, pack_token_wide};
  return table;
}

}  // namespace scalewright::kernels::cpu
