#pragma once
// Codes of a chunk as AVX-512 registers: a line of 64 bytes, all 16 rows, is one. Only for files built with AVX-512;
// everything has internal linkage (see quads_avx2.h).

#include <immintrin.h>

#include <cstdint>

namespace scalewright::kernels {
namespace {

// a | (b & mask), bit by bit, in one instruction.
inline __attribute__((always_inline)) __m512i or_masked(__m512i a, __m512i b, __m512i mask) {
  return _mm512_ternarylogic_epi32(a, b, mask, 0xF8);
}

// Each 32-bit lane of sum += four products of unsigned bytes of w with signed bytes of x. As one instruction that the
// compiler cannot see into: with the intrinsic it copies every sum before and after.
inline __attribute__((always_inline)) void add_products(__m512i& sum, __m512i w, __m512i x) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(w), "v"(x));
}

// Quad `Quad` (inputs 4 Quad .. 4 Quad + 3 of the chunk): byte 4r + c is the code of row r, input c.
template <int Bits, int Quad>
inline __attribute__((always_inline)) __m512i load_quad16(const uint8_t* lines) {
  const auto line = [&](int v) __attribute__((always_inline)) {
    return _mm512_loadu_si512(lines + 64 * v);
  };
  if constexpr (Bits == 2) {
    return _mm512_and_si512(_mm512_srli_epi16(line(Quad / 4), 2 * (Quad % 4)), _mm512_set1_epi8(3));
  } else if constexpr (Bits == 3) {
    if constexpr (Quad < 6) {
      return _mm512_and_si512(_mm512_srli_epi16(line(Quad / 2), 3 * (Quad % 2)), _mm512_set1_epi8(7));
    } else {  // the six spare bits, two a line, make the last two quads
      __m512i spare = _mm512_and_si512(_mm512_srli_epi16(line(0), 6), _mm512_set1_epi8(3));
      spare = or_masked(spare, _mm512_srli_epi16(line(1), 4), _mm512_set1_epi8(12));
      spare = or_masked(spare, _mm512_srli_epi16(line(2), 2), _mm512_set1_epi8(48));
      return _mm512_and_si512(_mm512_srli_epi16(spare, Quad == 6 ? 0 : 3), _mm512_set1_epi8(7));
    }
  } else if constexpr (Bits == 8) {
    return line(Quad);
  } else {
    const __m512i low = _mm512_and_si512(_mm512_srli_epi16(line(Quad / 2), 4 * (Quad % 2)), _mm512_set1_epi8(15));
    if constexpr (Bits == 5) {  // bit Quad of the fifth line goes to bit 4
      const __m512i top = line(4);
      const __m512i moved =
          Quad < 4 ? _mm512_slli_epi16(top, Quad < 4 ? 4 - Quad : 0) : _mm512_srli_epi16(top, Quad < 4 ? 0 : Quad - 4);
      return or_masked(low, moved, _mm512_set1_epi8(16));
    } else if constexpr (Bits == 6) {  // bits 2i, 2i + 1 of line 4 or 5 go to bits 4, 5
      const __m512i top = line(4 + Quad / 4);
      const __m512i moved = Quad % 4 < 2 ? _mm512_slli_epi16(top, Quad % 4 < 2 ? 4 - 2 * (Quad % 4) : 0)
                                         : _mm512_srli_epi16(top, Quad % 4 < 2 ? 0 : 2 * (Quad % 4) - 4);
      return or_masked(low, moved, _mm512_set1_epi8(48));
    } else {
      static_assert(Bits == 4);
      return low;
    }
  }
}

// Calls body(quad index as a constant, register) for the eight quads of a chunk.
template <int Bits, int Quad = 0, class Body>
inline __attribute__((always_inline)) void for_quads16(const uint8_t* lines, const Body& body) {
  if constexpr (Quad < 8) {
    body(Quad, load_quad16<Bits, Quad>(lines));
    for_quads16<Bits, Quad + 1>(lines, body);
  }
}

}  // namespace
}  // namespace scalewright::kernels
