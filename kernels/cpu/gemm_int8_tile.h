#pragma once
// The inner loops of gemm_int8.cpp: a tile is 16 output rows x up to 6 tokens. Raw pointers only.
//
// Codes enter centred: sums start at -centre * (sum of x), in 16-bit lanes that may wrap on the way, because only the
// final sum of (q - centre) x must fit: 16 * 127 * 16 < 2^15 for 32 inputs of up to 5 bits, 32 * 127 * 8 < 2^15 for 16
// inputs of 6. What is left of the offset, c - centre * a, meets the sums of x in a small product in fp32
// (tile_offsets_avx2).

#include <cstdint>

namespace scalewright::kernels::cpu {

inline constexpr int kTileTokens = 6;

// How a chunk of 32 inputs is summed.
enum class TileForm {
  Whole,   // one (a) for the chunk, codes up to 5 bits
  Halves,  // (a) for each 16 inputs, codes up to 6 bits
  Nibbles  // 8 bits as two planes of 4: low plane, then high plane (centre 8)
};

struct Tile {
  const uint8_t* panel = nullptr;  // [chunks][8 quads][16 rows][4]; Nibbles: [chunks][2][8][16][4]
  const float* a = nullptr;        // [chunks][16]; Halves [chunks][2][16]
  const int8_t* q = nullptr;       // [chunks][8][6][4]
  const float* d = nullptr;        // [chunks][6]
  const int32_t* start = nullptr;  // [chunks][6] first value of each 32-bit lane (two sums); Halves [chunks][2][6]
  int64_t chunks = 0;
  int tokens = kTileTokens;  // 1..6; strides stay those of 6
  float* out = nullptr;      // [6][16], added to
};
void tile_product_avx2(TileForm form, const Tile& tile);

// out [tokens][16] -= sums [granules][6] x c [granules][16].
void tile_offsets_avx2(const float* sums, const float* c, int64_t granules, int tokens, float* out);

// Code lines of `chunks` consecutive chunks to a panel; 8 bits to two planes.
void tile_panel_avx2(const uint8_t* lines, int bits, int64_t chunks, uint8_t* panel);

// One token's chunks into place `token` (0..5) of a packed tile: q as round_activations gives it, to the forms of Tile.
// `sum_step`: 16-input sums that make one granule.
void tile_pack_token_avx2(const int8_t* q, const float* d, int64_t chunks, TileForm form, int centre, int token,
                          int8_t* packed_q, float* packed_d, int32_t* packed_start);

}  // namespace scalewright::kernels::cpu
