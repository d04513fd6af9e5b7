#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/cpu/gemm_int8_tile.h"

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __m256i broadcast32(const void* p) {
  int value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm256_set1_epi32(value);
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

template <int Tokens, bool Joined>
void nibbles(const Tile& tile) {
  const __m256i one = _mm256_set1_epi16(1), sixteen = _mm256_set1_epi16(16);
  const uint8_t* w = tile.panel;
  const int8_t* q = tile.q;
  const Target to(tile);
  for (int64_t j = 0; j < tile.chunks; ++j, w += 1024, q += 32 * kTileTokens) {
    __m256i acc[Tokens][2];
    alignas(32) int32_t low[Tokens][16];
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) acc[t][0] = acc[t][1] = _mm256_setzero_si256();
    dot<Tokens, 8>(w, q, acc);
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) {
      for (int half = 0; half < 2; ++half) {
        _mm256_store_si256(reinterpret_cast<__m256i*>(low[t] + 8 * half), _mm256_madd_epi16(acc[t][half], one));
      }
    }
    begin<Tokens>(tile.start + kTileTokens * j, acc);
    dot<Tokens, 8>(w + 512, q, acc);
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) {
      for (int half = 0; half < 2; ++half) {
        acc[t][half] = _mm256_add_epi32(_mm256_madd_epi16(acc[t][half], sixteen),
                                        _mm256_load_si256(reinterpret_cast<const __m256i*>(low[t] + 8 * half)));
      }
    }
    scale_add<Tokens, Joined>(acc, tile.a + 16 * j, tile.d + kTileTokens * j, j, to);
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

template <int Tokens, bool Joined>
void product_in_form(TileForm form, const Tile& tile) {
  switch (form) {
    case TileForm::Whole:
      return whole<Tokens, Joined>(tile);
    case TileForm::Halves:
      return halves<Tokens, Joined>(tile);
    case TileForm::Nibbles:
      return nibbles<Tokens, Joined>(tile);
  }
}
template <int Tokens>
void product(TileForm form, const Tile& tile) {
  if (!tile.accumulate) clear<Tokens>(tile);
  return tile.sums ? product_in_form<Tokens, true>(form, tile) : product_in_form<Tokens, false>(form, tile);
}

template <int Bits>
void panel_of(const uint8_t* lines, int64_t chunks, uint8_t* panel) {
  for (int64_t j = 0; j < chunks; ++j, lines += 64 * Bits) {
    for (int half = 0; half < 2; ++half) {
      for_quads<Bits>(
          lines, half, [&](int quad, __m256i codes) __attribute__((always_inline)) {
            auto* to = reinterpret_cast<__m256i*>(panel + 64 * quad + 32 * half);
            if constexpr (Bits == 8) {
              const __m256i low = _mm256_set1_epi8(15);
              _mm256_storeu_si256(to, _mm256_and_si256(codes, low));
              _mm256_storeu_si256(to + 16, _mm256_and_si256(_mm256_srli_epi16(codes, 4), low));
            } else {
              _mm256_storeu_si256(to, codes);
            }
          });
    }
    panel += Bits == 8 ? 1024 : 512;
  }
}

void tile_product(TileForm form, const Tile& tile) {
  switch (tile.tokens) {
    case 1:
      return product<1>(form, tile);
    case 2:
      return product<2>(form, tile);
    case 3:
      return product<3>(form, tile);
    case 4:
      return product<4>(form, tile);
    case 5:
      return product<5>(form, tile);
    default:
      return product<6>(form, tile);
  }
}

void tile_offsets(const float* sums, const float* c, int64_t granules, const Tile& tile) {
  switch (tile.tokens) {
    case 1:
      return offsets<1>(sums, c, granules, tile);
    case 2:
      return offsets<2>(sums, c, granules, tile);
    case 3:
      return offsets<3>(sums, c, granules, tile);
    case 4:
      return offsets<4>(sums, c, granules, tile);
    case 5:
      return offsets<5>(sums, c, granules, tile);
    default:
      return offsets<6>(sums, c, granules, tile);
  }
}

void tile_panel(const uint8_t* lines, int bits, int64_t chunks, uint8_t* panel) {
  switch (bits) {
    case 2:
      return panel_of<2>(lines, chunks, panel);
    case 3:
      return panel_of<3>(lines, chunks, panel);
    case 4:
      return panel_of<4>(lines, chunks, panel);
    case 5:
      return panel_of<5>(lines, chunks, panel);
    case 6:
      return panel_of<6>(lines, chunks, panel);
    default:
      return panel_of<8>(lines, chunks, panel);
  }
}

void tile_pack_token(const int8_t* q, const float* d, int64_t chunks, TileForm form, int centre, int token,
                     int8_t* packed_q, float* packed_d, int32_t* packed_start) {
  const __m256i ones = _mm256_set1_epi8(1), factor = _mm256_set1_epi16(static_cast<short>(-centre));
  for (int64_t j = 0; j < chunks; ++j, q += 32) {
    const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q));
    alignas(32) int32_t quads[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(quads), codes);
    for (int i = 0; i < 8; ++i) {
      __builtin_memcpy(packed_q + ((j * 8 + i) * kTileTokens + token) * 4, &quads[i], 4);
    }
    packed_d[j * kTileTokens + token] = d[j];
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
