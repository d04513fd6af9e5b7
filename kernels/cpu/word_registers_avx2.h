#pragma once
// Registers of eight words, for files built with AVX2: what word_kernels_avx2.cpp and word_kernels_avxvnni.cpp share.

#include <immintrin.h>

#include <cstdint>

namespace scalewright::kernels::cpu {
namespace {

struct EightWords {
  using Integers = __m256i;
  using Floats = __m256;
  static constexpr int kWidth = 8, kRows = 6, kVectors = 2;  // twelve sums, two words of B, one of A, one product

  static Integers zero() { return _mm256_setzero_si256(); }
  static Integers load(const uint32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static Integers all(const uint32_t* p) { return _mm256_set1_epi32(static_cast<int>(*p)); }
  static void scale_store(Integers sum, float row, const float* columns, bool accumulate, float* out) {
    const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(row), _mm256_loadu_ps(columns)), x = _mm256_cvtepi32_ps(sum);
    _mm256_storeu_ps(out, accumulate ? _mm256_fmadd_ps(x, scale, _mm256_loadu_ps(out)) : _mm256_mul_ps(x, scale));
  }

  static Floats no_floats() { return _mm256_setzero_ps(); }
  static Floats load_floats(const float* p) { return _mm256_loadu_ps(p); }
  static void store(Floats x, float* p) { _mm256_storeu_ps(p, x); }
  static Floats larger_magnitude(const float* p, Floats x) {
    return _mm256_max_ps(x, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_loadu_ps(p)));
  }
  static float largest_lane(Floats x) {
    __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
  }
  static Integers rounded(const float* p, __m256 factor) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(p), factor));
  }
  static void pack16(const float* in, float factor, uint32_t* out) {
    const __m256 f = _mm256_set1_ps(factor);
    const __m256i halves = _mm256_packs_epi32(rounded(in, f), rounded(in + 8, f));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permute4x64_epi64(halves, 0xd8));
  }
  static void weave(const float* a, const float* b, const float* factor, uint32_t* out) {
    const __m256 f = _mm256_loadu_ps(factor);
    const __m256i both = _mm256_blend_epi16(rounded(a, f), _mm256_slli_epi32(rounded(b, f), 16), 0xaa);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), both);
  }
};

}  // namespace
}  // namespace scalewright::kernels::cpu
