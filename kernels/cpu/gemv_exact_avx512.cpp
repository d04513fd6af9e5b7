// Products of codes with fp32 activations that came apart into three digits (gemv_activations.h): each digit is
// multiplied as an activation of 8 bits, and the digits' sums are put together in 32 bits and fp32.

#include <immintrin.h>

#include "kernels/common/quads_avx512.h"
#include "kernels/cpu/gemv_activations.h"
#include "kernels/cpu/gemv_scales_avx512.h"
#include "kernels/cpu/gemv_walk.h"

namespace scalewright::kernels::cpu {
namespace {

struct ExactDot : RowByRow<ExactDot> {
  static constexpr int kPlanes = 3;

  // t + d * (q0 + 255 q1 + 255^2 q2), sums over quads First .. First + Count - 1. The lower two fit 32 bits together:
  // 32 * 255 * 127 * 256 < 2^31.
  template <int Bits, int First, int Count>
  static inline __attribute__((always_inline)) __m512 add_row(const uint8_t* lines, const int8_t* q, float d, __m512 t) {
    __m512i sum[3] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    quads<Bits, First, First + Count>(lines, q, sum);
    // 255 x = 256 x - x
    const __m512i low = _mm512_add_epi32(sum[0], _mm512_sub_epi32(_mm512_slli_epi32(sum[1], 8), sum[1]));
    t = _mm512_fmadd_ps(_mm512_cvtepi32_ps(low), _mm512_set1_ps(d), t);
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[2]), _mm512_set1_ps(d * kTopDigit), t);
  }
  template <int Bits, int Quad, int End>
  static inline __attribute__((always_inline)) void quads(const uint8_t* lines, const int8_t* q, __m512i (&sum)[3]) {
    if constexpr (Quad < End) {
      const __m512i w = load_quad16<Bits, Quad>(lines);
      for (int digit = 0; digit < 3; ++digit) add_products(sum[digit], w, broadcast_quad16(q + 32 * digit + 4 * Quad));
      quads<Bits, Quad + 1, End>(lines, q, sum);
    }
  }
};

}  // namespace

StripKernel exact_kernel_avx512(BlockKind kind, int bits, bool sub16, bool masters, int rows) {
  return pick_walk<RecordSum16, ExactDot>(kind, bits, sub16, masters, rows);
}

}  // namespace scalewright::kernels::cpu
