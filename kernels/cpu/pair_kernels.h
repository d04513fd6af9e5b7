#pragma once
// Products of numbers rounded to bf16, two in a 32-bit word (the first in its low half): processors with AVX-512 BF16
// multiply them at twice the rate of fp32 and add up in fp32. For sums of calibration: a number loses up to 2^-9 of itself.

#include <cstdint>

#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {

struct PairKernels {
  // The tile that is fastest.
  int tile_rows, tile_cols;
  // C [rows, cols] (+)= A B, up to one tile: word p of a row of A and word (p, j) of B hold the numbers 2p and 2p + 1
  // that are multiplied. A [rows][lda], B [k][ldb] words; B may be read to a multiple of 16 columns.
  void (*rows)(int rows, int cols, const uint32_t* a, int64_t lda, const uint32_t* b, int64_t ldb, int64_t k, float* c,
               int64_t ldc, bool accumulate);
  // out[i] = in[2i], in[2i + 1]; n words.
  void (*along)(const float* in, int64_t n, uint32_t* out);
  // out[i] = a[i], b[i]; n words.
  void (*across)(const float* a, const float* b, int64_t n, uint32_t* out);
};

// Null where kernels of this instruction set have none, or the processor lacks BF16.
const PairKernels* pair_kernels(Isa isa);
const PairKernels& pair_kernels_avx512bf16();

}  // namespace scalewright::kernels::cpu
