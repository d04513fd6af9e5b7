// A tile of 16 output rows x 6 tokens in twelve sums of 32 bits: vpdpbusd adds four products at once, exactly.

#include <immintrin.h>

#include "kernels/common/quads_avxvnni.h"
#include "kernels/cpu/gemm_int8_tile_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

// acc [token][half of the rows] += products of `Quads` quads.
template <int Tokens, int Quads>
inline __attribute__((always_inline)) void dot(const uint8_t* w, const int8_t* q, __m256i (&acc)[Tokens][2]) {
#pragma GCC unroll 1
  for (int i = 0; i < Quads; ++i) {
    const __m256i w0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
    const __m256i w1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 32));
#pragma GCC unroll 6
    for (int t = 0; t < Tokens; ++t) {
      const __m256i x = broadcast32(q + 4 * t);
      add_products(acc[t][0], w0, x);
      add_products(acc[t][1], w1, x);
    }
    w += 64;
    q += 4 * kTileTokens;
  }
}

// Parts: runs of inputs with an (a) of their own in a chunk, 1 or 2.
template <int Tokens, int Parts, bool Joined>
void product(const Tile& tile) {
  if (!tile.accumulate) clear<Tokens>(tile);
  const uint8_t* w = tile.panel;
  const int8_t* q = tile.q;
  const Target to(tile);
  for (int64_t j = 0; j < Parts * tile.chunks; ++j, w += 512 / Parts, q += 32 / Parts * kTileTokens) {
    __m256i acc[Tokens][2];
    begin<Tokens>(tile.start + kTileTokens * j, acc);
    dot<Tokens, 8 / Parts>(w, q, acc);
    scale_add<Tokens, Joined>(acc, tile.a + 16 * j, tile.d + kTileTokens * (j / Parts), j, to);
  }
}

void tile_product(TileForm form, const Tile& tile) {
  with_tokens(tile.tokens, [&]<int Tokens>() {
    if (form == TileForm::Halves) {
      tile.sums ? product<Tokens, 2, true>(tile) : product<Tokens, 2, false>(tile);
    } else {
      tile.sums ? product<Tokens, 1, true>(tile) : product<Tokens, 1, false>(tile);
    }
  });
}

void tile_panel(const uint8_t* lines, int bits, int64_t chunks, uint8_t* panel) {
  with_bits(bits, [&]<int Bits>() { panel_of<Bits>(lines, chunks, panel); });
}

}  // namespace

const TileKernels& tile_kernels_avxvnni() {
  static const TileKernels table{1, true, true, tile_product, tile_offsets, tile_panel, pack_token_wide};
  return table;
}

}  // namespace scalewright::kernels::cpu
