// Products of codes with activations of 8 bits: vpdpbusd multiplies unsigned codes by signed activations and adds four
// products to a 32-bit lane, exactly for codes up to 255.

#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/common/quads_avxvnni.h"
#include "kernels/cpu/gemv_walk_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

struct QuadDot {
  static constexpr int kPlanes = 1;
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
  template <int Bits, int First, int Count, int Rows>
  static inline __attribute__((always_inline)) void add(const uint8_t* lines, const int8_t* q, const float* d,
                                                        int64_t row_bytes, __m256 (&t)[Rows][2]) {
    for (int r = 0; r < Rows; ++r) {
      const int8_t* x = row_of(q, r, row_bytes);
      __m256i sum[2];
      four<Bits, First>(lines, x, sum);
      if constexpr (Count == 8) {
        __m256i high[2];
        four<Bits, First + 4>(lines, x, high);
        for (int half = 0; half < 2; ++half) sum[half] = _mm256_add_epi32(sum[half], high[half]);
      }
      const __m256 scale = _mm256_broadcast_ss(row_of(d, r, row_bytes));
      for (int half = 0; half < 2; ++half)
        t[r][half] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(sum[half]), t[r][half]);
    }
  }
};

}  // namespace

StripKernel fast_kernel_avxvnni(BlockKind kind, int bits, bool sub16, bool masters, int rows) {
  return pick_walk<QuadDot>(kind, bits, sub16, masters, rows);
}

}  // namespace scalewright::kernels::cpu
