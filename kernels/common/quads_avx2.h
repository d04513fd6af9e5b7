#pragma once
// Codes of a chunk as AVX2 registers. Only for files built with AVX2; everything has internal linkage, so that no other
// file can end up calling code that its machine may not run.

#include <immintrin.h>

#include <cstdint>

namespace scalewright::kernels {
namespace {

// Quad `Quad` (inputs 4 Quad .. 4 Quad + 3 of the chunk) of rows 8 * half .. + 7: byte 4r + c is the code of row r,
// input c.
template <int Bits, int Quad>
inline __attribute__((always_inline)) __m256i load_quad(const uint8_t* lines, int half) {
  const auto line = [&](int v) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lines + 64 * v + 32 * half));
  };
  if constexpr (Bits == 2) {
    return _mm256_and_si256(_mm256_srli_epi16(line(Quad / 4), 2 * (Quad % 4)), _mm256_set1_epi8(3));
  } else if constexpr (Bits == 3) {
    if constexpr (Quad < 6) {
      return _mm256_and_si256(_mm256_srli_epi16(line(Quad / 2), 3 * (Quad % 2)), _mm256_set1_epi8(7));
    } else {  // the six spare bits, two a line, make the last two quads
      const __m256i spare =
          _mm256_or_si256(_mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(line(0), 6), _mm256_set1_epi8(3)),
                                          _mm256_and_si256(_mm256_srli_epi16(line(1), 4), _mm256_set1_epi8(12))),
                          _mm256_and_si256(_mm256_srli_epi16(line(2), 2), _mm256_set1_epi8(48)));
      return _mm256_and_si256(_mm256_srli_epi16(spare, Quad == 6 ? 0 : 3), _mm256_set1_epi8(7));
    }
  } else if constexpr (Bits == 8) {
    return line(Quad);
  } else {
    const __m256i low = _mm256_and_si256(_mm256_srli_epi16(line(Quad / 2), 4 * (Quad % 2)), _mm256_set1_epi8(15));
    if constexpr (Bits == 5) {  // bit Quad of the fifth line goes to bit 4
      const __m256i top = line(4);
      const __m256i moved =
          Quad < 4 ? _mm256_slli_epi16(top, Quad < 4 ? 4 - Quad : 0) : _mm256_srli_epi16(top, Quad < 4 ? 0 : Quad - 4);
      return _mm256_or_si256(low, _mm256_and_si256(moved, _mm256_set1_epi8(16)));
    } else if constexpr (Bits == 6) {  // bits 2i, 2i + 1 of line 4 or 5 go to bits 4, 5
      const __m256i top = line(4 + Quad / 4);
      const __m256i moved = Quad % 4 < 2 ? _mm256_slli_epi16(top, Quad % 4 < 2 ? 4 - 2 * (Quad % 4) : 0)
                                         : _mm256_srli_epi16(top, Quad % 4 < 2 ? 0 : 2 * (Quad % 4) - 4);
      return _mm256_or_si256(low, _mm256_and_si256(moved, _mm256_set1_epi8(48)));
    } else {
      static_assert(Bits == 4);
      return low;
    }
  }
}

// sum += value in 16-bit lanes, as one instruction that the compiler cannot see into: it would regroup a chain of
// integer sums into a tree, for which there are not enough registers.
inline __attribute__((always_inline)) void add16(__m256i& sum, __m256i value) {
  asm("vpaddw %1, %0, %0" : "+x"(sum) : "x"(value));
}

// Calls body(quad index as a constant, register) for the eight quads of a chunk.
template <int Bits, int Quad = 0, class Body>
inline __attribute__((always_inline)) void for_quads(const uint8_t* lines, int half, const Body& body) {
  if constexpr (Quad < 8) {
    body(Quad, load_quad<Bits, Quad>(lines, half));
    for_quads<Bits, Quad + 1>(lines, half, body);
  }
}

}  // namespace
}  // namespace scalewright::kernels
