#pragma once
// gemv_scales_avx2.h with all 16 rows in one register. Only for files built with AVX-512; internal linkage.

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/gemv_walk.h"

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __m512 load_halves16(const uint8_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline __attribute__((always_inline)) __m128i load_bytes16(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

// From the sum over a sub-block (t = sum of q x, S = sum of x) to its share of the product, a t - c S.
// Nothing is subtracted from codes: vpdpbusd takes them whole.
template <Scales Kind, bool Sub16, int Shift>
struct RecordSum16 {
  static_assert(Shift == 0);
  using Floats = __m512;
  static inline __attribute__((always_inline)) Floats zero() { return _mm512_setzero_ps(); }

  __m512 acc = _mm512_setzero_ps();
  __m512 scaled, lowered;  // K kinds: before d and dmin

  inline __attribute__((always_inline)) void begin() {
    if constexpr (Kind == Scales::KMin || Kind == Scales::KScale) scaled = lowered = _mm512_setzero_ps();
  }

  // Sub-block `sub` of the record; a, c only with masters.
  inline __attribute__((always_inline)) void add(const uint8_t* header, int64_t sub, __m512 t, float S, float offset,
                                                 const float* a, const float* c) {
    const __m512 sum = _mm512_set1_ps(S);
    if constexpr (Kind == Scales::Offset) {
      t = _mm512_fnmadd_ps(_mm512_set1_ps(offset), sum, t);
      acc = _mm512_fmadd_ps(load_halves16(header), t, acc);
    } else if constexpr (Kind == Scales::Affine) {
      const __m256i zero = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(header + 32));
      const __m512 z = _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(zero));
      acc = _mm512_fmadd_ps(load_halves16(header), _mm512_fnmadd_ps(z, sum, t), acc);
    } else if constexpr (Kind == Scales::KScale) {
      const __m512 scale = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load_bytes16(header + 64 + 16 * sub)));
      scaled = _mm512_fmadd_ps(scale, _mm512_fnmadd_ps(_mm512_set1_ps(offset), sum, t), scaled);
    } else if constexpr (Kind == Scales::Min) {
      acc = _mm512_fmadd_ps(load_halves16(header), t, acc);
      acc = _mm512_fmadd_ps(load_halves16(header + 32), sum, acc);
    } else if constexpr (Kind == Scales::Masters) {
      acc = _mm512_fmadd_ps(_mm512_loadu_ps(a + 16 * sub), t, acc);
      acc = _mm512_fnmadd_ps(_mm512_loadu_ps(c + 16 * sub), sum, acc);
    } else {
      __m512i scale = _mm512_cvtepu8_epi32(load_bytes16(header + 64 + 16 * sub)), minimum;
      if constexpr (Sub16) {  // one byte holds both
        minimum = _mm512_srli_epi32(scale, 4);
        scale = _mm512_and_si512(scale, _mm512_set1_epi32(15));
      } else {
        minimum = _mm512_cvtepu8_epi32(load_bytes16(header + 192 + 16 * sub));
      }
      scaled = _mm512_fmadd_ps(_mm512_cvtepi32_ps(scale), t, scaled);
      lowered = _mm512_fmadd_ps(_mm512_cvtepi32_ps(minimum), sum, lowered);
    }
  }

  inline __attribute__((always_inline)) void end(const uint8_t* header) {
    if constexpr (Kind == Scales::KMin || Kind == Scales::KScale)
      acc = _mm512_fmadd_ps(load_halves16(header), scaled, acc);
    if constexpr (Kind == Scales::KMin) acc = _mm512_fnmadd_ps(load_halves16(header + 32), lowered, acc);
  }

  inline __attribute__((always_inline)) void store(float* out) const {
    _mm512_storeu_ps(out, _mm512_add_ps(_mm512_loadu_ps(out), acc));
  }
};

inline __attribute__((always_inline)) __m512i broadcast_quad16(const int8_t* q) {
  int value;
  __builtin_memcpy(&value, q, sizeof value);
  return _mm512_set1_epi32(value);
}

// A Dot (gemv_walk.h) from its add_row<Bits, First, Count>(lines, q, d, t), t + d * (sum over those quads): the unpacked
// codes stay in registers from one row to the next.
template <class Dot>
struct RowByRow {
  template <int Bits>
  static constexpr int kShift = 0;

  template <int Bits, int First, int Count, int Rows>
  static inline __attribute__((always_inline)) void add(const uint8_t* lines, const int8_t* q, const float* d,
                                                        int64_t row_bytes, __m512 (&t)[Rows]) {
    for (int r = 0; r < Rows; ++r)
      t[r] = Dot::template add_row<Bits, First, Count>(lines, row_of(q, r, row_bytes), *row_of(d, r, row_bytes), t[r]);
  }
};

}  // namespace
}  // namespace scalewright::kernels::cpu
