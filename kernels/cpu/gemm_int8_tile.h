#pragma once
// The inner loops of gemm_int8.cpp: a tile is 16 output rows, or twice 16, x up to 6 tokens. Raw pointers only.
//
// Codes enter centred: sums start at -centre * (sum of x). With AVX2 they stand in 16-bit lanes that may wrap on the
// way, because only the final sum of (q - centre) x must fit: 16 * 127 * 16 < 2^15 for 32 inputs of up to 5 bits,
// 32 * 127 * 8 < 2^15 for 16 inputs of 6; 8 bits go as 16-bit numbers into 32-bit lanes. With AVX-VNNI and AVX-512
// they stand in 32-bit lanes and everything fits. What is left of the offset, c - centre * a, meets the sums of x in
// fp32: on the way (joined) or in a small product (offsets).

#include <cstdint>

namespace scalewright::kernels::cpu {

inline constexpr int kTileTokens = 6;
inline constexpr int kMostTileStrips = 2;

// How a chunk of 32 inputs is summed.
enum class TileForm {
  Whole,   // one (a) for the chunk; in 16-bit lanes codes up to 5 bits
  Halves,  // (a) for each 16 inputs; in 16-bit lanes codes up to 6 bits
  Words    // 8 bits less 128, and x, as 16-bit numbers
};

struct Tile {
  const uint8_t* panel = nullptr;  // [chunks][8 quads][16 rows][4]; Words: [chunks][16 pairs][16 rows][2] of 16 bits
  const float* a = nullptr;        // [chunks][16]; Halves [chunks][2][16]
  int64_t panel_next = 0;          // bytes from the panel of a strip to that of the second
  int64_t a_next = 0;              // floats, the same of a
  const int8_t* q = nullptr;       // [chunks][8][6][4]; Words: [chunks][16][6][2] of 16 bits
  const float* d = nullptr;        // [chunks][6]
  // [chunks][6], Halves [chunks][2][6]: first value of each 32-bit lane; with AVX2 that is two sums of 16 bits.
  const int32_t* start = nullptr;
  // Where the kernels join offsets (TileKernels::joins_offsets): sums as d [chunks or halves][6] and c as a, or null.
  const float* sums = nullptr;
  const float* c = nullptr;
  int64_t chunks = 0;
  int strips = 1;            // up to TileKernels::strips
  int tokens = kTileTokens;  // 1..6; strides of what is packed stay those of 6
  // Token t of strip s is out[t * token_stride + s * strip_stride], 16 floats.
  float* out = nullptr;
  int64_t token_stride = 0, strip_stride = 0;
  bool accumulate = true;  // else what is in out is not read
};

struct TileKernels {
  int strips;          // of 16 rows in a tile
  bool wide_sums;      // sums have 32 bits: any centre, and no Words
  bool joins_offsets;  // offsets for every (a) are subtracted in product
  void (*product)(TileForm form, const Tile& tile);
  // out -= sums [granules][6] x c [granules][16], by strips, tokens, out and accumulate of the tile; a_next: floats to
  // the c of the second strip.
  void (*offsets)(const float* sums, const float* c, int64_t granules, const Tile& tile);
  // Code lines of `chunks` consecutive chunks to a panel.
  void (*panel)(const uint8_t* lines, int bits, int64_t chunks, uint8_t* panel);
  // One token's chunks into place `token` (0..5) of a packed tile: q as round_activations gives it, to the forms of
  // Tile.
  void (*pack_token)(const int8_t* q, const float* d, int64_t chunks, TileForm form, int centre, int token,
                     int8_t* packed_q, float* packed_d, int32_t* packed_start);
};
// pack_token where sums have 32 bits. Needs AVX2.
void pack_token_wide(const int8_t* q, const float* d, int64_t chunks, TileForm form, int centre, int token,
                     int8_t* packed_q, float* packed_d, int32_t* packed_start);

const TileKernels& tile_kernels_avx2();
const TileKernels& tile_kernels_avxvnni();
const TileKernels& tile_kernels_avx512();

}  // namespace scalewright::kernels::cpu
