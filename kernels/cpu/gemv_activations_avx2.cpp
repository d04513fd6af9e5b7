#include <immintrin.h>

#include "kernels/cpu/gemv_activations.h"

namespace scalewright::kernels::cpu {
namespace {

// Bits of the largest magnitude of 32 numbers; as integers, so that a NaN is the largest of all.
inline __attribute__((always_inline)) uint32_t largest_bits(const __m256 (&v)[4]) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256i m = _mm256_and_si256(_mm256_castps_si256(v[0]), magnitude);
  for (int i = 1; i < 4; ++i) m = _mm256_max_epi32(m, _mm256_and_si256(_mm256_castps_si256(v[i]), magnitude));
  __m128i s = _mm_max_epi32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
  s = _mm_max_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_max_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(s));
}

inline __attribute__((always_inline)) void load_chunk(const float* x, __m256 (&v)[4]) {
  for (int i = 0; i < 4; ++i) v[i] = _mm256_loadu_ps(x + 8 * i);
}

// Zeros where the scale is no number: the conversion of an infinity would be the smallest integer.
inline __attribute__((always_inline)) void to_integers(const __m256 (&v)[4], const BlockScale& scale,
                                                       __m256i (&code)[4]) {
  const __m256 inverse = _mm256_set1_ps(scale.inverse);
  const __m256i keep = _mm256_set1_epi32(scale.d == scale.d ? -1 : 0);
  for (int i = 0; i < 4; ++i) {
    code[i] = _mm256_and_si256(keep, _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse)));
  }
}

// 32 integers of -128..127 as bytes, in order.
inline __attribute__((always_inline)) __m256i to_bytes(const __m256i (&code)[4]) {
  // The packs work within 128-bit lanes; the permutation puts the inputs back in order.
  return _mm256_permutevar8x32_epi32(
      _mm256_packs_epi16(_mm256_packs_epi32(code[0], code[1]), _mm256_packs_epi32(code[2], code[3])),
      _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

inline __attribute__((always_inline)) int sum_of(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

inline __attribute__((always_inline)) void store_sums(const __m256i (&code)[4], float d, float* sum32, float* sum16) {
  const int low = sum_of(_mm256_add_epi32(code[0], code[1])), high = sum_of(_mm256_add_epi32(code[2], code[3]));
  sum16[0] = d * static_cast<float>(low);
  sum16[1] = d * static_cast<float>(high);
  *sum32 = d * static_cast<float>(low + high);
}

// v = 255 * (the result) + digit, the digit in -127..127.
inline __attribute__((always_inline)) __m256i take_digit(__m256i v, __m256i* digit) {
  const __m256i base = _mm256_set1_epi32(255);
  // The quotient may be one off where the remainder is near half; the comparisons mend it.
  __m256i quotient = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(v), _mm256_set1_ps(1.0f / 255.0f)));
  __m256i rest = _mm256_sub_epi32(v, _mm256_sub_epi32(_mm256_slli_epi32(quotient, 8), quotient));
  const __m256i above = _mm256_cmpgt_epi32(rest, _mm256_set1_epi32(127));
  const __m256i below = _mm256_cmpgt_epi32(_mm256_set1_epi32(-127), rest);
  quotient = _mm256_add_epi32(_mm256_sub_epi32(quotient, above), below);
  rest = _mm256_add_epi32(_mm256_sub_epi32(rest, _mm256_and_si256(above, base)), _mm256_and_si256(below, base));
  *digit = rest;
  return quotient;
}

}  // namespace

void round_chunks_avx2(const float* x, int64_t chunks, const IntegerRow& row) {
  for (int64_t j = 0; j < chunks; ++j) {
    __m256 v[4];
    load_chunk(x + 32 * j, v);
    const BlockScale scale = rounded_scale(largest_bits(v));
    __m256i code[4];
    to_integers(v, scale, code);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row.q + 32 * j), to_bytes(code));
    row.d[j] = scale.d;
    store_sums(code, scale.d, row.sum32 + j, row.sum16 + 2 * j);
  }
}

void split_chunks_avx2(const float* x, int64_t chunks, const IntegerRow& row) {
  for (int64_t j = 0; j < chunks; ++j) {
    __m256 v[4];
    load_chunk(x + 32 * j, v);
    const BlockScale scale = split_scale(largest_bits(v));
    __m256i code[4], digit[3][4];
    to_integers(v, scale, code);
    for (int i = 0; i < 4; ++i) digit[2][i] = take_digit(take_digit(code[i], &digit[0][i]), &digit[1][i]);
    for (int plane = 0; plane < 3; ++plane) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(row.q + 96 * j + 32 * plane), to_bytes(digit[plane]));
    }
    row.d[j] = scale.d;
    store_sums(code, scale.d, row.sum32 + j, row.sum16 + 2 * j);
  }
}

}  // namespace scalewright::kernels::cpu
