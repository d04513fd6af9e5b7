#pragma once
// Products of 16-bit integers, two in a 32-bit word (the first in its low half): every processor with AVX2 multiplies
// them at twice the rate of fp32 and adds them up exactly in 32 bits. For fast precision: a row of numbers shares a
// scale, and its largest number becomes a limit that keeps the longest sum below 2^31.

#include <cstdint>

#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {

struct WordKernels {
  // The tile that is fastest; tile_cols is a multiple of 16.
  int tile_rows, tile_cols;
  // C [rows, cols] (+)= (A B) * a_scale [rows] * b_scale [cols], up to one tile: word p of a row of A and word (p, j)
  // of B hold the integers 2p and 2p + 1 that are multiplied. A [rows][lda], B [k][ldb] words; cols a multiple of 16.
  void (*rows)(int rows, int cols, const uint32_t* a, int64_t lda, const float* a_scale, const uint32_t* b, int64_t ldb,
               const float* b_scale, int64_t k, float* c, int64_t ldc, bool accumulate);
  // out: in [2 words] as integers, the largest as `limit`; returns the scale that makes floats of them again, 0 where
  // all are 0. words: a multiple of 8.
  float (*along)(const float* in, int64_t words, float limit, uint32_t* out);
  // out[i] = a[i] * factor[i], b[i] * factor[i] as integers; n: a multiple of 16.
  void (*across)(const float* a, const float* b, const float* factor, int64_t n, uint32_t* out);
  // largest[i] = max(largest[i], |in[i]|); n: a multiple of 16.
  void (*magnitudes)(const float* in, int64_t n, float* largest);
};

// Numbers smaller than this are taken for 0: the inverse of what is larger is finite.
inline constexpr float kSmallestWord = 1e-30f;

// Null for Isa::Scalar.
const WordKernels* word_kernels(Isa isa);
const WordKernels& word_kernels_avx2();
const WordKernels& word_kernels_avxvnni();
const WordKernels& word_kernels_avx512();

}  // namespace scalewright::kernels::cpu
