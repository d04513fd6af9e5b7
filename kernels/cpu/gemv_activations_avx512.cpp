#include <immintrin.h>

#include "kernels/cpu/gemv_activations.h"

namespace scalewright::kernels::cpu {
namespace {

// Zeros where the scale is no number: the conversion of an infinity would be the smallest integer.
inline __attribute__((always_inline)) __m512i to_integers(__m512 x, const BlockScale& scale) {
  const __mmask16 keep = scale.d == scale.d ? __mmask16{0xffff} : __mmask16{0};
  return _mm512_maskz_cvtps_epi32(keep, _mm512_mul_ps(x, _mm512_set1_ps(scale.inverse)));
}

inline __attribute__((always_inline)) uint32_t largest_bits(__m512 low, __m512 high) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  const __m512i a = _mm512_and_si512(_mm512_castps_si512(low), magnitude);
  const __m512i b = _mm512_and_si512(_mm512_castps_si512(high), magnitude);
  return static_cast<uint32_t>(_mm512_reduce_max_epi32(_mm512_max_epi32(a, b)));
}

inline __attribute__((always_inline)) void store_bytes(__m512i low, __m512i high, int8_t* q) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(q), _mm512_cvtepi32_epi8(low));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(q + 16), _mm512_cvtepi32_epi8(high));
}

inline __attribute__((always_inline)) void store_sums(__m512i low, __m512i high, float d, float* sum32, float* sum16) {
  const int first = _mm512_reduce_add_epi32(low), second = _mm512_reduce_add_epi32(high);
  sum16[0] = d * static_cast<float>(first);
  sum16[1] = d * static_cast<float>(second);
  *sum32 = d * static_cast<float>(first + second);
}

// v = 255 * (the result) + digit, the digit in -127..127.
inline __attribute__((always_inline)) __m512i take_digit(__m512i v, __m512i* digit) {
  const __m512i base = _mm512_set1_epi32(255), one = _mm512_set1_epi32(1);
  // The quotient may be one off where the remainder is near half; the comparisons mend it.
  __m512i quotient = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(v), _mm512_set1_ps(1.0f / 255.0f)));
  __m512i rest = _mm512_sub_epi32(v, _mm512_sub_epi32(_mm512_slli_epi32(quotient, 8), quotient));
  const __mmask16 above = _mm512_cmpgt_epi32_mask(rest, _mm512_set1_epi32(127));
  const __mmask16 below = _mm512_cmpgt_epi32_mask(_mm512_set1_epi32(-127), rest);
  quotient = _mm512_mask_add_epi32(quotient, above, quotient, one);
  quotient = _mm512_mask_sub_epi32(quotient, below, quotient, one);
  rest = _mm512_mask_sub_epi32(rest, above, rest, base);
  *digit = _mm512_mask_add_epi32(rest, below, rest, base);
  return quotient;
}

}  // namespace

void round_chunks_avx512(const float* x, int64_t chunks, const IntegerRow& row) {
  for (int64_t j = 0; j < chunks; ++j) {
    const __m512 low = _mm512_loadu_ps(x + 32 * j), high = _mm512_loadu_ps(x + 32 * j + 16);
    const BlockScale scale = rounded_scale(largest_bits(low, high));
    const __m512i a = to_integers(low, scale), b = to_integers(high, scale);
    store_bytes(a, b, row.q + 32 * j);
    row.d[j] = scale.d;
    store_sums(a, b, scale.d, row.sum32 + j, row.sum16 + 2 * j);
  }
}

void split_chunks_avx512(const float* x, int64_t chunks, const IntegerRow& row) {
  for (int64_t j = 0; j < chunks; ++j) {
    const __m512 low = _mm512_loadu_ps(x + 32 * j), high = _mm512_loadu_ps(x + 32 * j + 16);
    const BlockScale scale = split_scale(largest_bits(low, high));
    __m512i rest[2] = {to_integers(low, scale), to_integers(high, scale)};
    row.d[j] = scale.d;
    store_sums(rest[0], rest[1], scale.d, row.sum32 + j, row.sum16 + 2 * j);
    for (int plane = 0; plane < 2; ++plane) {
      __m512i digit[2];
      for (int half = 0; half < 2; ++half) rest[half] = take_digit(rest[half], &digit[half]);
      store_bytes(digit[0], digit[1], row.q + 96 * j + 32 * plane);
    }
    store_bytes(rest[0], rest[1], row.q + 96 * j + 64);
  }
}

}  // namespace scalewright::kernels::cpu
