#include <immintrin.h>

#include "kernels/cpu/gemm_int8_tile_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

// As add16 (quads_avx2.h), in 32-bit lanes.
inline __attribute__((always_inline)) void add32(__m256i& sum, __m256i value) {
  asm("vpaddd %1, %0, %0" : "+x"(sum) : "x"(value));
}

// acc [token][half of the rows], 16-bit lanes, over `Quads` quads.
template <int Tokens, int Quads>
inline __attribute__((always_inline)) void dot(const uint8_t* w, const int8_t* q, __m256i (&acc)[Tokens][2]) {
#pragma GCC unroll 1
  for (int i = 0; i < Quads; ++i) {
    const __m256i w0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
    const __m256i w1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 32));
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) {
      const __m256i x = broadcast32(q + 4 * t);
      add16(acc[t][0], _mm256_maddubs_epi16(w0, x));
      add16(acc[t][1], _mm256_maddubs_epi16(w1, x));
    }
    w += 64;
    q += 4 * kTileTokens;
  }
}

template <int Tokens, bool Joined>
void whole(const Tile& tile) {
  const __m256i one = _mm256_set1_epi16(1);
  const uint8_t* w = tile.panel;
  const int8_t* q = tile.q;
  const Target to(tile);
  for (int64_t j = 0; j < tile.chunks; ++j, w += 512, q += 32 * kTileTokens) {
    __m256i acc[Tokens][2];
    begin<Tokens>(tile.start + kTileTokens * j, acc);
    dot<Tokens, 8>(w, q, acc);
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) {
      acc[t][0] = _mm256_madd_epi16(acc[t][0], one);
      acc[t][1] = _mm256_madd_epi16(acc[t][1], one);
    }
    scale_add<Tokens, Joined>(acc, tile.a + 16 * j, tile.d + kTileTokens * j, j, to);
  }
}

template <int Tokens, bool Joined>
void halves(const Tile& tile) {
  const __m256i one = _mm256_set1_epi16(1);
  const uint8_t* w = tile.panel;
  const int8_t* q = tile.q;
  const Target to(tile);
  for (int64_t j = 0; j < 2 * tile.chunks; ++j, w += 256, q += 16 * kTileTokens) {
    __m256i acc[Tokens][2];
    begin<Tokens>(tile.start + kTileTokens * j, acc);
    dot<Tokens, 4>(w, q, acc);
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) {
      acc[t][0] = _mm256_madd_epi16(acc[t][0], one);
      acc[t][1] = _mm256_madd_epi16(acc[t][1], one);
    }
    scale_add<Tokens, Joined>(acc, tile.a + 16 * j, tile.d + kTileTokens * (j / 2), j, to);
  }
}

// 8 bits: 16-bit codes and activations, 32-bit sums. As many instructions as two planes of 4 bits in 16-bit sums, but
// for those that would put the planes together.
template <int Tokens, bool Joined>
void words(const Tile& tile) {
  const uint8_t* w = tile.panel;
  const int8_t* q = tile.q;
  const Target to(tile);
  for (int64_t j = 0; j < tile.chunks; ++j) {
    __m256i acc[Tokens][2];
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) acc[t][0] = acc[t][1] = _mm256_setzero_si256();
#pragma GCC unroll 1
    for (int i = 0; i < 16; ++i) {
      const __m256i w0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
      const __m256i w1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 32));
#pragma GCC unroll 6
      for (int t = 0; t < Tokens; ++t) {
        const __m256i x = broadcast32(q + 4 * t);
        add32(acc[t][0], _mm256_madd_epi16(w0, x));
        add32(acc[t][1], _mm256_madd_epi16(w1, x));
      }
      w += 64;
      q += 4 * kTileTokens;
    }
    scale_add<Tokens, Joined>(acc, tile.a + 16 * j, tile.d + kTileTokens * j, j, to);
  }
}

template <int Tokens, bool Joined>
void product_in_form(TileForm form, const Tile& tile) {
  switch (form) {
    case TileForm::Whole:
      return whole<Tokens, Joined>(tile);
    case TileForm::Halves:
      return halves<Tokens, Joined>(tile);
    case TileForm::Words:
      return words<Tokens, Joined>(tile);
  }
}
template <int Tokens>
void product(TileForm form, const Tile& tile) {
  if (!tile.accumulate) clear<Tokens>(tile);
  return tile.sums ? product_in_form<Tokens, true>(form, tile) : product_in_form<Tokens, false>(form, tile);
}

constexpr char Z = -128;  // of a shuffle: zero

void tile_product(TileForm form, const Tile& tile) {
  with_tokens(tile.tokens, [&]<int Tokens>() { product<Tokens>(form, tile); });
}

void panel_of_words(const uint8_t* lines, int64_t chunks, uint8_t* panel) {
  // Inputs 0, 1 and 2, 3 of a quad, less 128, as 16-bit numbers.
  const __m256i first = _mm256_setr_epi8(Z, 0, Z, 1, Z, 4, Z, 5, Z, 8, Z, 9, Z, 12, Z, 13, Z, 0, Z, 1, Z, 4, Z, 5, Z, 8,
                                         Z, 9, Z, 12, Z, 13);
  const __m256i second = _mm256_or_si256(first, _mm256_set1_epi16(2 << 8));
  for (int64_t j = 0; j < chunks; ++j, lines += 64 * 8, panel += 1024) {
    for (int half = 0; half < 2; ++half) {
      for_quads<8>(
          lines, half, [&](int quad, __m256i codes) __attribute__((always_inline)) {
            const __m256i centred = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
            auto* to = reinterpret_cast<__m256i*>(panel + 128 * quad + 32 * half);
            _mm256_storeu_si256(to, _mm256_srai_epi16(_mm256_shuffle_epi8(centred, first), 8));
            _mm256_storeu_si256(to + 2, _mm256_srai_epi16(_mm256_shuffle_epi8(centred, second), 8));
          });
    }
  }
}

void tile_panel(const uint8_t* lines, int bits, int64_t chunks, uint8_t* panel) {
  if (bits == 8) return panel_of_words(lines, chunks, panel);
  with_bits(bits, [&]<int Bits>() { panel_of<Bits>(lines, chunks, panel); });
}

void tile_pack_token(const int8_t* q, const float* d, int64_t chunks, TileForm form, int centre, int token,
                     int8_t* packed_q, float* packed_d, int32_t* packed_start) {
  const __m256i ones = _mm256_set1_epi8(1), factor = _mm256_set1_epi16(static_cast<short>(-centre));
  for (int64_t j = 0; j < chunks; ++j, q += 32) {
    const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q));
    packed_d[j * kTileTokens + token] = d[j];
    if (form == TileForm::Words) {
      alignas(32) int32_t pairs[16];
      auto* to = reinterpret_cast<__m256i*>(pairs);
      _mm256_store_si256(to, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(codes)));
      _mm256_store_si256(to + 1, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(codes, 1)));
      for (int i = 0; i < 16; ++i) {
        __builtin_memcpy(packed_q + ((j * 16 + i) * kTileTokens + token) * 4, &pairs[i], 4);
      }
      continue;
    }
    alignas(32) int32_t quads[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(quads), codes);
    for (int i = 0; i < 8; ++i) {
      __builtin_memcpy(packed_q + ((j * 8 + i) * kTileTokens + token) * 4, &quads[i], 4);
    }
    // Sums of inputs 0, 1 and of 2, 3 of each quad, added over four quads (a 128-bit half of the chunk).
    __m256i pairs = _mm256_maddubs_epi16(ones, codes);
    pairs = _mm256_add_epi16(pairs, _mm256_shuffle_epi32(pairs, 0x4e));
    pairs = _mm256_add_epi16(pairs, _mm256_shuffle_epi32(pairs, 0xb1));
    const __m256i starts = _mm256_mullo_epi16(pairs, factor);
    if (form == TileForm::Halves) {
      packed_start[(2 * j) * kTileTokens + token] = _mm256_extract_epi32(starts, 0);
      packed_start[(2 * j + 1) * kTileTokens + token] = _mm256_extract_epi32(starts, 4);
    } else {
      const __m128i both = _mm_add_epi16(_mm256_castsi256_si128(starts), _mm256_extracti128_si256(starts, 1));
      packed_start[j * kTileTokens + token] = _mm_cvtsi128_si32(both);
    }
  }
}

}  // namespace

const TileKernels& tile_kernels_avx2() {
  static const TileKernels table{1, false, true, tile_product, tile_offsets, tile_panel, tile_pack_token};
  return table;
}

}  // namespace scalewright::kernels::cpu
