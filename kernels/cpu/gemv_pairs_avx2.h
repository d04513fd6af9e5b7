#pragma once
// Sums of products of codes with 8-bit numbers. maddubs multiplies unsigned codes by signed numbers and adds pairs in 16
// bits; as many of these sums are added there as cannot overflow (31 * 127 * 2 * 4 < 2^15), and only then widened. Only
// for files built with AVX2; internal linkage.

#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/cpu/gemv_scales_avx2.h"
#include "kernels/cpu/gemv_walk.h"

namespace scalewright::kernels::cpu {
namespace {

// Quads whose sums fit 16 bits.
template <int Bits>
inline constexpr int kQuadsThatFit = Bits <= 4 ? 8 : Bits == 5 ? 4 : Bits == 6 ? 2 : 1;

// What is subtracted from every code.
template <int Bits>
inline constexpr int kPairShift = Bits == 8 ? 128 : 0;

// sum [stream][half - First half] = 16-bit sums of quads Quad .. End - 1 with Streams numbers side by side, x(stream) their
// chunks. 8 bits: w - 128 as magnitude and sign, so that no pair of products saturates.
template <int Bits, int Quad, int End, int Half, int Halves, int Streams, class Chunks>
inline __attribute__((always_inline)) void pair_sums(const uint8_t* lines, const Chunks& x,
                                                     __m256i (&sum)[Streams][Halves]) {
  if constexpr (Quad < End) {
    __m256i w[Halves], sign[Halves];
    for (int h = 0; h < Halves; ++h) {
      w[h] = load_quad<Bits, Quad>(lines, Half + h);
      if constexpr (Bits == 8) {
        sign[h] = _mm256_xor_si256(w[h], _mm256_set1_epi8(-128));
        w[h] = _mm256_abs_epi8(sign[h]);
      }
    }
    for (int s = 0; s < Streams; ++s) {
      const __m256i quad = broadcast_quad(x(s) + 4 * Quad);
      for (int h = 0; h < Halves; ++h) {
        const __m256i pairs = _mm256_maddubs_epi16(w[h], Bits == 8 ? _mm256_sign_epi8(quad, sign[h]) : quad);
        if constexpr (Bits == 8)
          sum[s][h] = pairs;  // one fills 16 bits
        else
          add16(sum[s][h], pairs);
      }
    }
    pair_sums<Bits, Quad + 1, End, Half, Halves, Streams>(lines, x, sum);
  }
}

// Calls fold(sum [stream][half]) for every run of quads that fits 16 bits, of halves Half .. Half + Halves - 1.
template <int Bits, int Quad, int End, int Half, int Halves, int Streams, class Chunks, class Fold>
inline __attribute__((always_inline)) void fold_pairs(const uint8_t* lines, const Chunks& x, const Fold& fold) {
  if constexpr (Quad < End) {
    constexpr int kNext = Quad + kQuadsThatFit<Bits> < End ? Quad + kQuadsThatFit<Bits> : End;
    __m256i sum[Streams][Halves];
    for (int s = 0; s < Streams; ++s) {
      for (int h = 0; h < Halves; ++h) sum[s][h] = _mm256_setzero_si256();
    }
    pair_sums<Bits, Quad, kNext, Half, Halves, Streams>(lines, x, sum);
    fold(sum);
    fold_pairs<Bits, kNext, End, Half, Halves, Streams>(lines, x, fold);
  }
}

}  // namespace
}  // namespace scalewright::kernels::cpu
