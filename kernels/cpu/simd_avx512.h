#pragma once
// Sixteen floats, for files compiled for AVX-512 only: the operations of Avx2Vec (simd_avx2.h), twice as wide.

#include <immintrin.h>

#include <cstdint>

namespace scalewright::kernels::cpu {

struct Avx512Vec {
  static constexpr int width = 16;
  __m512 v;

  static Avx512Vec set(float x) { return {_mm512_set1_ps(x)}; }
  static Avx512Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Avx512Vec load_n(const float* p, int64_t n) { return {_mm512_maskz_loadu_ps(mask(n), p)}; }  // the rest is 0
  static Avx512Vec load_half(const uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  static Avx512Vec load_bfloat(const uint16_t* p) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
  }
  // p[0], p[0], p[1], p[1] .. p[7], p[7]
  static Avx512Vec load_twice(const float* p) {
    const __m512 eight = _mm512_castps256_ps512(_mm256_loadu_ps(p));
    const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    return {_mm512_permutexvar_ps(twice, eight)};
  }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  void store_n(float* p, int64_t n) const { _mm512_mask_storeu_ps(p, mask(n), v); }
  void store_half(uint16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  // Neighbours change places: v[1], v[0], v[3], v[2] ..
  Avx512Vec swapped() const { return {_mm512_permute_ps(v, 0xB1)}; }
  // -v[0], v[1], -v[2], v[3] ..
  Avx512Vec even_negated() const { return {_mm512_xor_ps(v, _mm512_castsi512_ps(_mm512_set1_epi64(0x80000000)))}; }

 private:
  static __mmask16 mask(int64_t n) {
    return n <= 0 ? __mmask16{0} : n >= 16 ? __mmask16{0xffff} : static_cast<__mmask16>((1u << n) - 1);
  }
};

inline Avx512Vec operator+(Avx512Vec a, Avx512Vec b) {
  return {_mm512_add_ps(a.v, b.v)};
}
inline Avx512Vec operator-(Avx512Vec a, Avx512Vec b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
inline Avx512Vec operator*(Avx512Vec a, Avx512Vec b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
inline Avx512Vec operator/(Avx512Vec a, Avx512Vec b) {
  return {_mm512_div_ps(a.v, b.v)};
}
inline Avx512Vec multiply_add(Avx512Vec a, Avx512Vec b, Avx512Vec c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
// Where b is not a number the result is b (the hardware's rule), so that one NaN is never lost.
inline Avx512Vec larger(Avx512Vec a, Avx512Vec b) {
  return {_mm512_max_ps(a.v, b.v)};
}
inline Avx512Vec smaller(Avx512Vec a, Avx512Vec b) {
  return {_mm512_min_ps(a.v, b.v)};
}
inline Avx512Vec square_root(Avx512Vec a) {
  return {_mm512_sqrt_ps(a.v)};
}
inline Avx512Vec magnitude(Avx512Vec a) {
  return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)};
}
inline Avx512Vec with_sign_of(Avx512Vec a, Avx512Vec sign) {
  const __m512 bit = _mm512_set1_ps(-0.0f);
  return {_mm512_or_ps(_mm512_andnot_ps(bit, a.v), _mm512_and_ps(bit, sign.v))};
}
// a < b ? x : y, lane by lane.
inline Avx512Vec select_less(Avx512Vec a, Avx512Vec b, Avx512Vec x, Avx512Vec y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), y.v, x.v)};
}
inline float sum_lanes(Avx512Vec a) {
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  __m128 h = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  h = _mm_add_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
// out[i] = the sum of the lanes of s[i].
inline void store_sums(const Avx512Vec (&s)[4], float* out) {
  const __m512 a = _mm512_add_ps(_mm512_unpacklo_ps(s[0].v, s[1].v), _mm512_unpackhi_ps(s[0].v, s[1].v));
  const __m512 b = _mm512_add_ps(_mm512_unpacklo_ps(s[2].v, s[3].v), _mm512_unpackhi_ps(s[2].v, s[3].v));
  // Each 128 bits: sums of s0, s1, s2, s3.
  const __m512 four = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xEE));
  const __m256 two = _mm256_add_ps(_mm512_castps512_ps256(four), _mm512_extractf32x8_ps(four, 1));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1)));
}
inline float largest_lane(Avx512Vec a) {
  const __m256 half = _mm256_max_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  __m128 h = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  h = _mm_max_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
}

// e^x as in simd_avx2.h; the power of two is put on by scalef.
inline Avx512Vec exponential(Avx512Vec x) {
  const __m512 y = _mm512_min_ps(_mm512_set1_ps(88.0f), _mm512_max_ps(_mm512_set1_ps(-87.0f), x.v));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(y, _mm512_set1_ps(1.44269504f)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), y);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 p = _mm512_set1_ps(1.38144614e-3f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.36878098e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.16683943e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.66665201e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.99999934e-1f));
  p = _mm512_fmadd_ps(_mm512_mul_ps(r, r), p, _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
  return {_mm512_scalef_ps(p, n)};
}

// tanh to 2e-7 relative: an odd polynomial below 5/8, 1 - 2 / (e^2x + 1) above.
inline Avx512Vec hyperbolic_tangent(Avx512Vec x) {
  const Avx512Vec a = magnitude(x), one = Avx512Vec::set(1.0f), square = x * x;
  Avx512Vec p = Avx512Vec::set(-5.71702153e-3f);
  p = multiply_add(p, square, Avx512Vec::set(2.06505646e-2f));
  p = multiply_add(p, square, Avx512Vec::set(-5.37434902e-2f));
  p = multiply_add(p, square, Avx512Vec::set(1.33314912e-1f));
  p = multiply_add(p, square, Avx512Vec::set(-3.33332839e-1f));
  const Avx512Vec near = multiply_add(p * square, x, x);
  const Avx512Vec far = one - Avx512Vec::set(2.0f) / (exponential(a + a) + one);
  return select_less(a, Avx512Vec::set(0.625f), near, with_sign_of(far, x));
}

// The complementary error function of |x| and e^(-x^2), as in simd_avx2.h.
inline Avx512Vec error_complement(Avx512Vec x, Avx512Vec* gauss) {
  const Avx512Vec a = magnitude(x), one = Avx512Vec::set(1.0f);
  const Avx512Vec t = one / multiply_add(a, Avx512Vec::set(0.5f), one);
  Avx512Vec p = Avx512Vec::set(5.88001966e-2f);
  p = multiply_add(p, t, Avx512Vec::set(-2.18230945e-1f));
  p = multiply_add(p, t, Avx512Vec::set(1.22164442e-1f));
  p = multiply_add(p, t, Avx512Vec::set(3.07695048e-1f));
  p = multiply_add(p, t, Avx512Vec::set(1.30835298e-1f));
  p = multiply_add(p, t, Avx512Vec::set(3.21701253e-1f));
  p = multiply_add(p, t, Avx512Vec::set(2.77034717e-1f));
  *gauss = exponential(Avx512Vec::set(0.0f) - a * a);
  return *gauss * t * p;
}

}  // namespace scalewright::kernels::cpu
