#pragma once
// Eight floats, for files compiled for AVX2 only. The operations that kernels written once over a vector type need;
// ScalarVec in simd_scalar.h has the same ones.

#include <immintrin.h>

#include <cstdint>

namespace scalewright::kernels::cpu {

struct Avx2Vec {
  static constexpr int width = 8;
  __m256 v;

  static Avx2Vec set(float x) { return {_mm256_set1_ps(x)}; }
  static Avx2Vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Avx2Vec load_n(const float* p, int64_t n) { return {_mm256_maskload_ps(p, mask(n))}; }  // the rest is 0
  static Avx2Vec load_half(const uint16_t* p) {
    return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  static Avx2Vec load_bfloat(const uint16_t* p) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16))};
  }
  // p[0], p[0], p[1], p[1] .. p[3], p[3]
  static Avx2Vec load_twice(const float* p) {
    const __m256 four = _mm256_castps128_ps256(_mm_loadu_ps(p));
    return {_mm256_permutevar8x32_ps(four, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3))};
  }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
  void store_n(float* p, int64_t n) const { _mm256_maskstore_ps(p, mask(n), v); }
  void store_half(uint16_t* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  // Neighbours change places: v[1], v[0], v[3], v[2] ..
  Avx2Vec swapped() const { return {_mm256_permute_ps(v, 0xB1)}; }
  // -v[0], v[1], -v[2], v[3] ..
  Avx2Vec even_negated() const { return {_mm256_xor_ps(v, _mm256_castsi256_ps(_mm256_set1_epi64x(0x80000000)))}; }

 private:
  static __m256i mask(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
};

inline Avx2Vec operator+(Avx2Vec a, Avx2Vec b) {
  return {_mm256_add_ps(a.v, b.v)};
}
inline Avx2Vec operator-(Avx2Vec a, Avx2Vec b) {
  return {_mm256_sub_ps(a.v, b.v)};
}
inline Avx2Vec operator*(Avx2Vec a, Avx2Vec b) {
  return {_mm256_mul_ps(a.v, b.v)};
}
inline Avx2Vec operator/(Avx2Vec a, Avx2Vec b) {
  return {_mm256_div_ps(a.v, b.v)};
}
inline Avx2Vec multiply_add(Avx2Vec a, Avx2Vec b, Avx2Vec c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
// Where b is not a number the result is b (the hardware's rule), so that one NaN is never lost.
inline Avx2Vec larger(Avx2Vec a, Avx2Vec b) {
  return {_mm256_max_ps(a.v, b.v)};
}
inline Avx2Vec smaller(Avx2Vec a, Avx2Vec b) {
  return {_mm256_min_ps(a.v, b.v)};
}
inline Avx2Vec square_root(Avx2Vec a) {
  return {_mm256_sqrt_ps(a.v)};
}
inline Avx2Vec magnitude(Avx2Vec a) {
  return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)};
}
inline Avx2Vec with_sign_of(Avx2Vec a, Avx2Vec sign) {
  const __m256 bit = _mm256_set1_ps(-0.0f);
  return {_mm256_or_ps(_mm256_andnot_ps(bit, a.v), _mm256_and_ps(bit, sign.v))};
}
// a < b ? x : y, lane by lane.
inline Avx2Vec select_less(Avx2Vec a, Avx2Vec b, Avx2Vec x, Avx2Vec y) {
  return {_mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ))};
}
inline float sum_lanes(Avx2Vec a) {
  __m128 h = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  h = _mm_add_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
// out[i] = the sum of the lanes of s[i].
inline void store_sums(const Avx2Vec (&s)[4], float* out) {
  const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(s[0].v, s[1].v), _mm256_hadd_ps(s[2].v, s[3].v));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1)));
}
inline float largest_lane(Avx2Vec a) {
  __m128 h = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  h = _mm_max_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
}

// e^x to 1e-7 relative for |x| <= 87; below it stays near 1e-38, above near 2e38. Reduction by ln 2 in two parts (Cody
// and Waite), then 1 + r + r^2 P(r) with P fitted for the least relative error over |r| <= ln 2 / 2.
inline Avx2Vec exponential(Avx2Vec x) {
  const __m256 y = _mm256_min_ps(_mm256_set1_ps(88.0f), _mm256_max_ps(_mm256_set1_ps(-87.0f), x.v));
  const __m256 n =
      _mm256_round_ps(_mm256_mul_ps(y, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), y);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
  __m256 p = _mm256_set1_ps(1.38144614e-3f);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.36878098e-3f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.16683943e-2f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.66665201e-1f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.99999934e-1f));
  p = _mm256_fmadd_ps(_mm256_mul_ps(r, r), p, _mm256_add_ps(r, _mm256_set1_ps(1.0f)));
  const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return {_mm256_mul_ps(p, _mm256_castsi256_ps(power))};
}

// tanh to 2e-7 relative: an odd polynomial below 5/8, 1 - 2 / (e^2x + 1) above.
inline Avx2Vec hyperbolic_tangent(Avx2Vec x) {
  const Avx2Vec a = magnitude(x), one = Avx2Vec::set(1.0f), square = x * x;
  Avx2Vec p = Avx2Vec::set(-5.71702153e-3f);
  p = multiply_add(p, square, Avx2Vec::set(2.06505646e-2f));
  p = multiply_add(p, square, Avx2Vec::set(-5.37434902e-2f));
  p = multiply_add(p, square, Avx2Vec::set(1.33314912e-1f));
  p = multiply_add(p, square, Avx2Vec::set(-3.33332839e-1f));
  const Avx2Vec near = multiply_add(p * square, x, x);
  const Avx2Vec far = one - Avx2Vec::set(2.0f) / (exponential(a + a) + one);
  return select_less(a, Avx2Vec::set(0.625f), near, with_sign_of(far, x));
}

// The complementary error function of |x| and e^(-x^2), which its users need too. erfc(a) = e^(-a^2) t P(t), t = 1 / (1
// + a/2).
inline Avx2Vec error_complement(Avx2Vec x, Avx2Vec* gauss) {
  const Avx2Vec a = magnitude(x), one = Avx2Vec::set(1.0f);
  const Avx2Vec t = one / multiply_add(a, Avx2Vec::set(0.5f), one);
  Avx2Vec p = Avx2Vec::set(5.88001966e-2f);
  p = multiply_add(p, t, Avx2Vec::set(-2.18230945e-1f));
  p = multiply_add(p, t, Avx2Vec::set(1.22164442e-1f));
  p = multiply_add(p, t, Avx2Vec::set(3.07695048e-1f));
  p = multiply_add(p, t, Avx2Vec::set(1.30835298e-1f));
  p = multiply_add(p, t, Avx2Vec::set(3.21701253e-1f));
  p = multiply_add(p, t, Avx2Vec::set(2.77034717e-1f));
  *gauss = exponential(Avx2Vec::set(0.0f) - a * a);
  return *gauss * t * p;
}

}  // namespace scalewright::kernels::cpu
