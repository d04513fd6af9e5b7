// Products of codes with activations of 8 bits: vpdpbusd multiplies unsigned codes by signed activations and adds four
// products to a 32-bit lane, exactly for codes up to 255.

#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/common/quads_avxvnni.h"
#include "kernels/cpu/gemv_scales_avx2.h"
#include "kernels/cpu/gemv_walk.h"

namespace scalewright::kernels::cpu {
namespace {

struct QuadDot {
  static constexpr int kPlanes = 1;
  template <int Bits>
  static constexpr int kShift = 0;

  template <int Bits, int First, int Count, int Rows>
  static inline __attribute__((always_inline)) void add(const uint8_t* lines, const int8_t* q, const float* d,
                                                        int64_t row_bytes, Floats8x2 (&t)[Rows]) {
    // One or two rows leave registers for two chains of sums that do not wait for each other.
    constexpr int kChains = Rows <= 2 && Count == 8 ? 2 : 1;
    __m256i sum[kChains][Rows][2];
    for (auto& chain : sum) {
      for (auto& row : chain) row[0] = row[1] = _mm256_setzero_si256();
    }
    quads<Bits, First, First + Count, kChains>(lines, q, row_bytes, sum);
    for (int r = 0; r < Rows; ++r) {
      const __m256 scale = _mm256_broadcast_ss(row_of(d, r, row_bytes));
      for (int half = 0; half < 2; ++half) {
        const __m256i total =
            kChains == 2 ? _mm256_add_epi32(sum[0][r][half], sum[kChains - 1][r][half]) : sum[0][r][half];
        t[r].half[half] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(total), t[r].half[half]);
      }
    }
  }
  template <int Bits, int Quad, int End, int Chains, int Rows>
  static inline __attribute__((always_inline)) void quads(const uint8_t* lines, const int8_t* q, int64_t row_bytes,
                                                          __m256i (&sum)[Chains][Rows][2]) {
    if constexpr (Quad < End) {
      const __m256i w0 = load_quad<Bits, Quad>(lines, 0), w1 = load_quad<Bits, Quad>(lines, 1);
      for (int r = 0; r < Rows; ++r) {
        const __m256i x = broadcast_quad(row_of(q, r, row_bytes) + 4 * Quad);
        add_products(sum[Quad % Chains][r][0], w0, x);
        add_products(sum[Quad % Chains][r][1], w1, x);
      }
      quads<Bits, Quad + 1, End>(lines, q, row_bytes, sum);
    }
  }
};

}  // namespace

StripKernel fast_kernel_avxvnni(BlockKind kind, int bits, bool sub16, bool masters, int rows) {
  return pick_walk<RecordSum, QuadDot>(kind, bits, sub16, masters, rows);
}

}  // namespace scalewright::kernels::cpu
