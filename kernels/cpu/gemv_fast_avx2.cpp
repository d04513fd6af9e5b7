// Products of codes with activations of 8 bits. maddubs multiplies unsigned codes by signed activations and adds pairs
// in 16 bits; as many of these sums are added there as cannot overflow (31 * 127 * 2 * 4 < 2^15), and only then
// widened.

#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/cpu/gemv_fast_loop_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

// Adds the products of quad `Quad` to sums: 16-bit lanes up to 5 bits, 32-bit above.
template <int Bits, int Quad>
inline __attribute__((always_inline)) void add_quad(const uint8_t* lines, const int8_t* q, __m256i (&sum)[2]) {
  const __m256i x = broadcast_quad(q + 4 * Quad);
  for (int half = 0; half < 2; ++half) {
    const __m256i w = load_quad<Bits, Quad>(lines, half);
    if constexpr (Bits == 8) {  // w - 128 as magnitude and sign: no pair of products saturates
      const __m256i centred = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
      const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(centred), _mm256_sign_epi8(x, centred));
      sum[half] = _mm256_add_epi32(sum[half], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    } else {
      add16(sum[half], _mm256_maddubs_epi16(w, x));
    }
  }
}

// Four quads, 32-bit sums [half] for bits above 5, else 16-bit.
template <int Bits, int First>
inline __attribute__((always_inline)) void add_half_chunk(const uint8_t* lines, const int8_t* q, __m256i (&sum)[2]) {
  if constexpr (Bits == 6) {  // two products fill 16 bits
    for (int half = 0; half < 2; ++half) sum[half] = _mm256_setzero_si256();
    __m256i next[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    add_quad<Bits, First>(lines, q, sum);
    add_quad<Bits, First + 1>(lines, q, sum);
    add_quad<Bits, First + 2>(lines, q, next);
    add_quad<Bits, First + 3>(lines, q, next);
    const __m256i one = _mm256_set1_epi16(1);
    for (int half = 0; half < 2; ++half) {
      sum[half] = _mm256_add_epi32(_mm256_madd_epi16(sum[half], one), _mm256_madd_epi16(next[half], one));
    }
  } else {
    for (int half = 0; half < 2; ++half) sum[half] = _mm256_setzero_si256();
    add_quad<Bits, First>(lines, q, sum);
    add_quad<Bits, First + 1>(lines, q, sum);
    add_quad<Bits, First + 2>(lines, q, sum);
    add_quad<Bits, First + 3>(lines, q, sum);
  }
}

struct PairDot {
  template <int Bits>
  static constexpr int kShift = Bits == 8 ? 128 : 0;

  template <int Bits>
  static inline __attribute__((always_inline)) __m256i widen(__m256i sum) {
    if constexpr (Bits <= 5) return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
    return sum;
  }
  template <int Bits>
  static inline __attribute__((always_inline)) void half_chunks(const uint8_t* lines, const int8_t* q,
                                                                __m256i (&low)[2], __m256i (&high)[2]) {
    add_half_chunk<Bits, 0>(lines, q, low);
    add_half_chunk<Bits, 4>(lines, q, high);
    for (int half = 0; half < 2; ++half) {
      low[half] = widen<Bits>(low[half]);
      high[half] = widen<Bits>(high[half]);
    }
  }
  template <int Bits>
  static inline __attribute__((always_inline)) void chunk(const uint8_t* lines, const int8_t* q, __m256i (&sum)[2]) {
    __m256i low[2], high[2];
    add_half_chunk<Bits, 0>(lines, q, low);
    add_half_chunk<Bits, 4>(lines, q, high);
    for (int half = 0; half < 2; ++half) {
      sum[half] = Bits <= 4 ? widen<Bits>(_mm256_add_epi16(low[half], high[half]))
                            : _mm256_add_epi32(widen<Bits>(low[half]), widen<Bits>(high[half]));
    }
  }
};

template <int Bits, Scales Kind, bool Sub16>
using FastLoop = WalkRecords<PairDot, Bits, Kind, Sub16>;

}  // namespace

StripKernel fast_kernel_avx2(BlockKind kind, int bits, bool sub16, bool masters) {
  return pick_kernel<FastLoop>(kind, bits, sub16, masters);
}

}  // namespace scalewright::kernels::cpu
