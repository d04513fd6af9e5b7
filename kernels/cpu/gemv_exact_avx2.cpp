// Products of codes with fp32 activations that came apart into three digits (gemv_activations.h): each digit is
// multiplied as an activation of 8 bits, and the digits' sums are put together in 32 bits and fp32. Half the
// instructions of turning every code into a float, and no rounding until then.

#include "kernels/cpu/gemv_activations.h"
#include "kernels/cpu/gemv_pairs_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

struct DigitDot {
  static constexpr int kPlanes = 3;
  template <int Bits>
  static constexpr int kShift = kPairShift<Bits>;

  template <int Bits, int First, int Count, int Rows>
  static inline __attribute__((always_inline)) void add(const uint8_t* lines, const int8_t* q, const float* d,
                                                        int64_t row_bytes, Floats8x2 (&t)[Rows]) {
    if constexpr (Rows == 1) {
      add_halves<Bits, First, Count, Rows, 0, 2>(lines, q, d, row_bytes, t);
    } else {  // three sums a half and row: there are registers for one half
      add_halves<Bits, First, Count, Rows, 0, 1>(lines, q, d, row_bytes, t);
      // To the compiler another q: it would keep what it broadcast for the first half, in memory.
      asm("" : "+r"(q));
      add_halves<Bits, First, Count, Rows, 1, 1>(lines, q, d, row_bytes, t);
    }
  }

  template <int Bits, int First, int Count, int Rows, int Half, int Halves>
  static inline __attribute__((always_inline)) void add_halves(const uint8_t* lines, const int8_t* q, const float* d,
                                                               int64_t row_bytes, Floats8x2 (&t)[Rows]) {
    // low = q0 + 255 q1, top = q2
    __m256i low[Rows][Halves], top[Rows][Halves];
    for (int r = 0; r < Rows; ++r) {
      for (int h = 0; h < Halves; ++h) low[r][h] = top[r][h] = _mm256_setzero_si256();
    }
    const __m256i one = _mm256_set1_epi16(1), base = _mm256_set1_epi16(255);
    fold_pairs<Bits, First, First + Count, Half, Halves, 3 * Rows>(
        lines, [&](int s) __attribute__((always_inline)) { return row_of(q, s / 3, row_bytes) + 32 * (s % 3); },
        [&](const __m256i(&sum)[3 * Rows][Halves]) __attribute__((always_inline)) {
          for (int r = 0; r < Rows; ++r) {
            for (int h = 0; h < Halves; ++h) {
              const __m256i lower = _mm256_add_epi32(_mm256_madd_epi16(sum[3 * r][h], one),
                                                     _mm256_madd_epi16(sum[3 * r + 1][h], base));
              low[r][h] = _mm256_add_epi32(low[r][h], lower);
              top[r][h] = _mm256_add_epi32(top[r][h], _mm256_madd_epi16(sum[3 * r + 2][h], one));
            }
          }
        });
    for (int r = 0; r < Rows; ++r) {
      const float scale = *row_of(d, r, row_bytes);
      const __m256 low_d = _mm256_set1_ps(scale), top_d = _mm256_set1_ps(scale * kTopDigit);
      for (int h = 0; h < Halves; ++h) {
        __m256& sum = t[r].half[Half + h];
        sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(low[r][h]), low_d, sum);
        sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(top[r][h]), top_d, sum);
      }
    }
  }
};

}  // namespace

StripKernel exact_kernel_avx2(BlockKind kind, int bits, bool sub16, bool masters, int rows) {
  return pick_walk<RecordSum, DigitDot>(kind, bits, sub16, masters, rows);
}

}  // namespace scalewright::kernels::cpu
