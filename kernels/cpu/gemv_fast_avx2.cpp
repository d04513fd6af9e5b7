// Products of codes with activations of 8 bits.

#include "kernels/cpu/gemv_pairs_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

struct PairDot {
  static constexpr int kPlanes = 1;
  template <int Bits>
  static constexpr int kShift = kPairShift<Bits>;

  template <int Bits, int First, int Count, int Rows>
  static inline __attribute__((always_inline)) void add(const uint8_t* lines, const int8_t* q, const float* d,
                                                        int64_t row_bytes, Floats8x2 (&t)[Rows]) {
    __m256i total[Rows][2];
    for (int r = 0; r < Rows; ++r) total[r][0] = total[r][1] = _mm256_setzero_si256();
    const __m256i one = _mm256_set1_epi16(1);
    fold_pairs<Bits, First, First + Count, 0, 2, Rows>(
        lines, [&](int r) __attribute__((always_inline)) { return row_of(q, r, row_bytes); },
        [&](const __m256i(&sum)[Rows][2]) __attribute__((always_inline)) {
          for (int r = 0; r < Rows; ++r) {
            for (int half = 0; half < 2; ++half)
              total[r][half] = _mm256_add_epi32(total[r][half], _mm256_madd_epi16(sum[r][half], one));
          }
        });
    for (int r = 0; r < Rows; ++r) {
      const __m256 scale = _mm256_broadcast_ss(row_of(d, r, row_bytes));
      for (int half = 0; half < 2; ++half)
        t[r].half[half] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(total[r][half]), t[r].half[half]);
    }
  }
};

}  // namespace

StripKernel fast_kernel_avx2(BlockKind kind, int bits, bool sub16, bool masters, int rows) {
  return pick_walk<RecordSum, PairDot>(kind, bits, sub16, masters, rows);
}

}  // namespace scalewright::kernels::cpu
