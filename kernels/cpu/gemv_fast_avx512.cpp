// Products of codes with activations of 8 bits. vpdpbusd multiplies unsigned codes by signed activations and adds four
// products to a 32-bit lane, exactly for codes up to 255: nothing can overflow or saturate.

#include <immintrin.h>

#include "kernels/common/quads_avx512.h"
#include "kernels/cpu/gemv_scales_avx512.h"
#include "kernels/cpu/gemv_walk.h"

namespace scalewright::kernels::cpu {
namespace {

struct FastDot : RowByRow<FastDot> {
  static constexpr int kPlanes = 1;

  // t + d * (sum over quads First .. First + Count - 1), in two chains that do not wait for each other.
  template <int Bits, int First, int Count>
  static inline __attribute__((always_inline)) __m512 add_row(const uint8_t* lines, const int8_t* q, float d, __m512 t) {
    __m512i even = _mm512_setzero_si512(), odd = _mm512_setzero_si512();
    pairs<Bits, First, First + Count>(lines, q, even, odd);
    return _mm512_fmadd_ps(_mm512_set1_ps(d), _mm512_cvtepi32_ps(_mm512_add_epi32(even, odd)), t);
  }
  template <int Bits, int Quad, int End>
  static inline __attribute__((always_inline)) void pairs(const uint8_t* lines, const int8_t* q, __m512i& even,
                                                          __m512i& odd) {
    if constexpr (Quad < End) {
      add_products(even, load_quad16<Bits, Quad>(lines), broadcast_quad16(q + 4 * Quad));
      add_products(odd, load_quad16<Bits, Quad + 1>(lines), broadcast_quad16(q + 4 * Quad + 4));
      pairs<Bits, Quad + 2, End>(lines, q, even, odd);
    }
  }
};

}  // namespace

StripKernel fast_kernel_avx512(BlockKind kind, int bits, bool sub16, bool masters, int rows) {
  return pick_walk<RecordSum16, FastDot>(kind, bits, sub16, masters, rows);
}

}  // namespace scalewright::kernels::cpu
