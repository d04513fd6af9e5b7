// Products of codes with activations of 8 bits: vpdpbusd multiplies unsigned codes by signed activations and adds four
// products to a 32-bit lane, exactly for codes up to 255.

#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/common/quads_avxvnni.h"
#include "kernels/cpu/gemv_fast_loop_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

struct QuadDot {
  template <int Bits>
  static constexpr int kShift = 0;

  // sum [half] = products of quads Quad .. Quad + 3.
  template <int Bits, int Quad>
  static inline __attribute__((always_inline)) void four(const uint8_t* lines, const int8_t* q, __m256i (&sum)[2]) {
    for (int half = 0; half < 2; ++half) {
      sum[half] = _mm256_setzero_si256();
      add_products(sum[half], load_quad<Bits, Quad>(lines, half), broadcast_quad(q + 4 * Quad));
      add_products(sum[half], load_quad<Bits, Quad + 1>(lines, half), broadcast_quad(q + 4 * Quad + 4));
      add_products(sum[half], load_quad<Bits, Quad + 2>(lines, half), broadcast_quad(q + 4 * Quad + 8));
      add_products(sum[half], load_quad<Bits, Quad + 3>(lines, half), broadcast_quad(q + 4 * Quad + 12));
    }
  }
  template <int Bits>
  static inline __attribute__((always_inline)) void half_chunks(const uint8_t* lines, const int8_t* q,
                                                                __m256i (&low)[2], __m256i (&high)[2]) {
    four<Bits, 0>(lines, q, low);
    four<Bits, 4>(lines, q, high);
  }
  template <int Bits>
  static inline __attribute__((always_inline)) void chunk(const uint8_t* lines, const int8_t* q, __m256i (&sum)[2]) {
    __m256i low[2], high[2];
    half_chunks<Bits>(lines, q, low, high);
    for (int half = 0; half < 2; ++half) sum[half] = _mm256_add_epi32(low[half], high[half]);
  }
};

template <int Bits, Scales Kind, bool Sub16>
using FastLoop = WalkRecords<QuadDot, Bits, Kind, Sub16>;

}  // namespace

StripKernel fast_kernel_avxvnni(BlockKind kind, int bits, bool sub16, bool masters) {
  return pick_kernel<FastLoop>(kind, bits, sub16, masters);
}

}  // namespace scalewright::kernels::cpu
