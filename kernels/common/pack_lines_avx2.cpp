#include "kernels/common/pack_lines.h"

#if defined(__AVX2__)
#include <immintrin.h>

namespace scalewright::kernels {
namespace {

constexpr int kLine = 64;

__m256i two_rows(const uint8_t* low, const uint8_t* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
                                 _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

// quad[i]: bytes 4i .. 4i + 3 of eight rows, one row a 32-bit lane.
void four_quads(const uint8_t* rows, int64_t stride, __m256i* quad) {
  const __m256i r0 = two_rows(rows, rows + 4 * stride), r1 = two_rows(rows + stride, rows + 5 * stride),
                r2 = two_rows(rows + 2 * stride, rows + 6 * stride),
                r3 = two_rows(rows + 3 * stride, rows + 7 * stride);
  const __m256i a = _mm256_unpacklo_epi32(r0, r1), b = _mm256_unpackhi_epi32(r0, r1), c = _mm256_unpacklo_epi32(r2, r3),
                d = _mm256_unpackhi_epi32(r2, r3);
  quad[0] = _mm256_unpacklo_epi64(a, c);
  quad[1] = _mm256_unpackhi_epi64(a, c);
  quad[2] = _mm256_unpacklo_epi64(b, d);
  quad[3] = _mm256_unpackhi_epi64(b, d);
}

void put(__m256i value, int line, uint8_t* lines) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lines + line * kLine), value);
}
// Codes are small enough that no bit crosses into the neighbouring byte.
template <int Bits>
__m256i up(__m256i value) {
  return _mm256_slli_epi16(value, Bits);
}
__m256i masked(__m256i value, char mask) {
  return _mm256_and_si256(value, _mm256_set1_epi8(mask));
}
__m256i either(__m256i a, __m256i b) {
  return _mm256_or_si256(a, b);
}
__m256i either(__m256i a, __m256i b, __m256i c, __m256i d) {
  return either(either(a, b), either(c, d));
}

// The lines of eight rows: 32 bytes of each.
void join(const __m256i (&q)[8], int bits, uint8_t* lines) {
  switch (bits) {
    case 2:
      for (int v = 0; v < 2; ++v)
        put(either(q[4 * v], up<2>(q[4 * v + 1]), up<4>(q[4 * v + 2]), up<6>(q[4 * v + 3])), v, lines);
      return;
    case 3: {
      const __m256i extra = either(q[6], up<3>(q[7]));
      const auto line = [&](int v, __m256i two) { put(either(q[2 * v], either(up<3>(q[2 * v + 1]), two)), v, lines); };
      line(0, up<6>(masked(extra, 3)));
      line(1, up<4>(masked(extra, 12)));
      line(2, up<2>(masked(extra, 48)));
      return;
    }
    case 8:
      for (int i = 0; i < 8; ++i) put(q[i], i, lines);
      return;
    default:
      break;
  }
  for (int v = 0; v < 4; ++v) put(either(masked(q[2 * v], 15), up<4>(masked(q[2 * v + 1], 15))), v, lines);
  if (bits == 5) {
    const auto top = [&](int i) { return masked(q[i], 16); };
    const __m256i low = either(_mm256_srli_epi16(top(0), 4), _mm256_srli_epi16(top(1), 3), _mm256_srli_epi16(top(2), 2),
                               _mm256_srli_epi16(top(3), 1));
    put(either(low, either(top(4), up<1>(top(5)), up<2>(top(6)), up<3>(top(7)))), 4, lines);
  }
  if (bits == 6) {
    for (int h = 0; h < 2; ++h) {
      const auto top = [&](int i) { return masked(q[4 * h + i], 48); };
      put(either(_mm256_srli_epi16(top(0), 4), _mm256_srli_epi16(top(1), 2), top(2), up<2>(top(3))), 4 + h, lines);
    }
  }
}

}  // namespace

void pack_lines_avx2(const uint8_t* codes, int64_t stride, int bits, uint8_t* lines) {
  for (int half = 0; half < 2; ++half, codes += 8 * stride, lines += 32) {
    __m256i quad[8];
    four_quads(codes, stride, quad);
    four_quads(codes + 16, stride, quad + 4);
    join(quad, bits, lines);
  }
}

void pack_nibbles_avx2(const uint8_t* nibbles, int64_t stride, uint8_t* lines) {
  for (int half = 0; half < 2; ++half, nibbles += 8 * stride, lines += 32) {
    __m256i quad[4];  // low nibbles: quads 0 .. 3 of the chunk, high: 4 .. 7
    four_quads(nibbles, stride, quad);
    for (int v = 0; v < 2; ++v) {
      const __m256i even = quad[2 * v], odd = quad[2 * v + 1];
      put(either(masked(even, 15), up<4>(masked(odd, 15))), v, lines);
      put(either(masked(_mm256_srli_epi16(even, 4), 15), masked(odd, static_cast<char>(0xf0))), 2 + v, lines);
    }
  }
}

}  // namespace scalewright::kernels
#endif
