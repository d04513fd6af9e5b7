#pragma once
// From the sum over a sub-block (t = sum of q x, S = sum of x) to its share of the product, a t - c S, as the kind of a
// record says. Only for files built with AVX2; internal linkage.

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/gemv_pick.h"

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __m256i broadcast_quad(const int8_t* q) {
  int value;
  __builtin_memcpy(&value, q, sizeof value);
  return _mm256_set1_epi32(value);
}
inline __attribute__((always_inline)) __m256 load_halves(const uint8_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline __attribute__((always_inline)) __m256i load_bytes(const uint8_t* p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}

// 16 rows in two registers.
struct Floats8x2 {
  __m256 half[2];
};

// Sums of one record of 16 rows. `Shift` was subtracted from every code (128 for 8 bits, else 0).
template <Scales Kind, bool Sub16, int Shift>
struct RecordSum {
  using Floats = Floats8x2;
  static inline __attribute__((always_inline)) Floats zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }

  __m256 acc[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  __m256 scaled[2], lowered[2];  // K kinds: before d and dmin

  inline __attribute__((always_inline)) void begin() {
    if constexpr (Kind == Scales::KMin || Kind == Scales::KScale) {
      for (int half = 0; half < 2; ++half) scaled[half] = lowered[half] = _mm256_setzero_ps();
    }
  }

  // Sub-block `sub` of the record; a, c only with masters.
  inline __attribute__((always_inline)) void add(const uint8_t* header, int64_t sub, const Floats& t, float S,
                                                 float offset, const float* a, const float* c) {
    for (int half = 0; half < 2; ++half) add_half(header, sub, half, t.half[half], S, offset, a, c);
  }
  inline __attribute__((always_inline)) void add_half(const uint8_t* header, int64_t sub, int half, __m256 t, float S,
                                                      float offset, const float* a, const float* c) {
    const __m256 sum = _mm256_set1_ps(S);
    if constexpr (Kind == Scales::Offset) {
      t = _mm256_fnmadd_ps(_mm256_set1_ps(offset - Shift), sum, t);
      acc[half] = _mm256_fmadd_ps(load_halves(header + 16 * half), t, acc[half]);
    } else if constexpr (Kind == Scales::Affine) {
      __m256 z = _mm256_cvtepi32_ps(
          _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(header + 32 + 16 * half))));
      if constexpr (Shift != 0) z = _mm256_sub_ps(z, _mm256_set1_ps(Shift));
      acc[half] = _mm256_fmadd_ps(load_halves(header + 16 * half), _mm256_fnmadd_ps(z, sum, t), acc[half]);
    } else if constexpr (Kind == Scales::KScale) {
      const __m256 scale = _mm256_cvtepi32_ps(
          _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(header + 64 + 16 * sub + 8 * half))));
      t = _mm256_fnmadd_ps(_mm256_set1_ps(offset - Shift), sum, t);
      scaled[half] = _mm256_fmadd_ps(scale, t, scaled[half]);
    } else {
      if constexpr (Shift != 0) t = _mm256_fmadd_ps(_mm256_set1_ps(Shift), sum, t);
      if constexpr (Kind == Scales::Min) {
        acc[half] = _mm256_fmadd_ps(load_halves(header + 16 * half), t, acc[half]);
        acc[half] = _mm256_fmadd_ps(load_halves(header + 32 + 16 * half), sum, acc[half]);
      } else if constexpr (Kind == Scales::Masters) {
        acc[half] = _mm256_fmadd_ps(_mm256_loadu_ps(a + 16 * sub + 8 * half), t, acc[half]);
        acc[half] = _mm256_fnmadd_ps(_mm256_loadu_ps(c + 16 * sub + 8 * half), sum, acc[half]);
      } else {
        __m256i scale = load_bytes(header + 64 + 16 * sub + 8 * half), minimum;
        if constexpr (Sub16) {  // one byte holds both
          minimum = _mm256_srli_epi32(scale, 4);
          scale = _mm256_and_si256(scale, _mm256_set1_epi32(15));
        } else {
          minimum = load_bytes(header + 192 + 16 * sub + 8 * half);
        }
        scaled[half] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(scale), t, scaled[half]);
        lowered[half] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(minimum), sum, lowered[half]);
      }
    }
  }

  inline __attribute__((always_inline)) void end(const uint8_t* header) {
    if constexpr (Kind == Scales::KMin || Kind == Scales::KScale) {
      for (int half = 0; half < 2; ++half) {
        acc[half] = _mm256_fmadd_ps(load_halves(header + 16 * half), scaled[half], acc[half]);
        if constexpr (Kind == Scales::KMin) {
          acc[half] = _mm256_fnmadd_ps(load_halves(header + 32 + 16 * half), lowered[half], acc[half]);
        }
      }
    }
  }

  inline __attribute__((always_inline)) void store(float* out) const {
    for (int half = 0; half < 2; ++half) {
      _mm256_storeu_ps(out + 8 * half, _mm256_add_ps(_mm256_loadu_ps(out + 8 * half), acc[half]));
    }
  }
};

}  // namespace
}  // namespace scalewright::kernels::cpu
