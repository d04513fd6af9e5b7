#include <immintrin.h>

#include "kernels/cpu/gemv_activations.h"

namespace scalewright::kernels::cpu {
namespace {

// Zeros where the scale is no number: the conversion of an infinity would be the smallest integer.
inline __attribute__((always_inline)) __m512i to_integers(__m512 x, const BlockScale& scale) {
  const __mmask16 keep = scale.d == scale.d ? __mmask16{0xffff} : __mmask16{0};
  return _mm512_maskz_cvtps_epi32(keep, _mm512_mul_ps(x, _mm512_set1_ps(scale.inverse)));
}

inline __attribute__((always_inline)) __m512i magnitudes(__m512 low, __m512 high) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  return _mm512_max_epi32(_mm512_and_si512(_mm512_castps_si512(low), magnitude),
                          _mm512_and_si512(_mm512_castps_si512(high), magnitude));
}

inline __attribute__((always_inline)) uint32_t largest_bits(__m512 low, __m512 high) {
  return static_cast<uint32_t>(_mm512_reduce_max_epi32(magnitudes(low, high)));
}

// Lane i of the result: the largest of v[i].
inline __attribute__((always_inline)) __m128i largest_of_four(const __m512i (&v)[4]) {
  const __m512i a = _mm512_max_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
  const __m512i b = _mm512_max_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
  const __m512i four = _mm512_max_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  const __m256i two = _mm256_max_epi32(_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64(four, 1));
  return _mm_max_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
}

inline __attribute__((always_inline)) __m128i sums_of_four(__m512i v0, __m512i v1, __m512i v2, __m512i v3) {
  const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(v0, v1), _mm512_unpackhi_epi32(v0, v1));
  const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(v2, v3), _mm512_unpackhi_epi32(v2, v3));
  const __m512i four = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  const __m256i two = _mm256_add_epi32(_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64(four, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
}

// rounded_scale of four chunks.
inline __attribute__((always_inline)) __m128 rounded_scales(__m128i bits, float (&inverses)[4]) {
  const __m128 largest = _mm_castsi128_ps(bits), limit = _mm_set1_ps(127.0f);
  const __m128 inverse = _mm_div_ps(limit, largest);
  const __mmask8 no_number = _mm_cmpgt_epi32_mask(bits, _mm_set1_epi32(0x7f7fffff));
  const __mmask8 finite = _mm_cmp_ps_mask(inverse, _mm_castsi128_ps(_mm_set1_epi32(0x7f7fffff)), _CMP_LE_OQ);
  _mm_store_ps(inverses, _mm_maskz_mov_ps(finite & ~no_number, inverse));
  const __m128 d = _mm_maskz_div_ps(finite, largest, limit);
  return _mm_mask_mov_ps(d, no_number, _mm_castsi128_ps(_mm_set1_epi32(0x7fc00000)));
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

// Four chunks together: their maxima and sums are brought into lanes of one register, so that what is asked once a
// chunk is computed for four.
void round_chunks_avx512(const float* x, int64_t chunks, const IntegerRow& row) {
  int64_t j = 0;
  for (; j + 4 <= chunks; j += 4) {
    __m512 value[4][2];
    __m512i largest[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      value[i][0] = _mm512_loadu_ps(x + 32 * (j + i));
      value[i][1] = _mm512_loadu_ps(x + 32 * (j + i) + 16);
      largest[i] = magnitudes(value[i][0], value[i][1]);
    }
    alignas(16) float inverse[4];
    const __m128 d = rounded_scales(largest_of_four(largest), inverse);
    __m512i q[4][2];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const __m512 factor = _mm512_set1_ps(inverse[i]);
      const __mmask16 keep = _mm512_cmp_ps_mask(factor, _mm512_setzero_ps(), _CMP_NEQ_OQ);
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half)
        q[i][half] = _mm512_maskz_cvtps_epi32(keep, _mm512_mul_ps(value[i][half], factor));
      store_bytes(q[i][0], q[i][1], row.q + 32 * (j + i));
    }
    const __m128i first = sums_of_four(q[0][0], q[1][0], q[2][0], q[3][0]);
    const __m128i second = sums_of_four(q[0][1], q[1][1], q[2][1], q[3][1]);
    const __m128 a = _mm_mul_ps(d, _mm_cvtepi32_ps(first)), b = _mm_mul_ps(d, _mm_cvtepi32_ps(second));
    _mm_storeu_ps(row.d + j, d);
    _mm_storeu_ps(row.sum32 + j, _mm_mul_ps(d, _mm_cvtepi32_ps(_mm_add_epi32(first, second))));
    _mm_storeu_ps(row.sum16 + 2 * j, _mm_unpacklo_ps(a, b));
    _mm_storeu_ps(row.sum16 + 2 * j + 4, _mm_unpackhi_ps(a, b));
  }
  for (; j < chunks; ++j) {
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
