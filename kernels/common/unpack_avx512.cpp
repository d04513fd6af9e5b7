#include <immintrin.h>

#include "kernels/common/quads_avx512.h"
#include "kernels/common/unpack_lines.h"

namespace scalewright::kernels {
namespace {

// Byte `c` of each 32-bit lane (one row) as a float.
inline __attribute__((always_inline)) __m512 byte_as_float(__m512i quad, int c) {
  const __m512i shifted = _mm512_srli_epi32(quad, static_cast<unsigned>(8 * c));
  return _mm512_cvtepi32_ps(c == 3 ? shifted : _mm512_and_si512(shifted, _mm512_set1_epi32(255)));
}

template <int Bits>
void scaled(const uint8_t* lines, int64_t chunks, int64_t sub, int64_t phase, const float* a, const float* c,
            float* panel) {
  const int64_t middle = sub == 16 ? 16 : 0;  // the second half of the chunk has the next (a, c)
  for (int64_t chunk = 0; chunk < chunks; ++chunk, lines += 64 * Bits, panel += 512) {
    const __m512 a0 = _mm512_loadu_ps(a), c0 = _mm512_loadu_ps(c);
    const __m512 a1 = _mm512_loadu_ps(a + middle), c1 = _mm512_loadu_ps(c + middle);
    for_quads16<Bits>(
        lines, [&](int quad, __m512i codes) __attribute__((always_inline)) {
          float* out = panel + 64 * quad;
          const __m512 scale = quad < 4 ? a0 : a1, shift = quad < 4 ? c0 : c1;
          _mm512_storeu_ps(out, _mm512_fmsub_ps(byte_as_float(codes, 0), scale, shift));
          _mm512_storeu_ps(out + 16, _mm512_fmsub_ps(byte_as_float(codes, 1), scale, shift));
          _mm512_storeu_ps(out + 32, _mm512_fmsub_ps(byte_as_float(codes, 2), scale, shift));
          _mm512_storeu_ps(out + 48, _mm512_fmsub_ps(byte_as_float(codes, 3), scale, shift));
        });
    phase += 32;
    if (sub == 16) {
      a += 32;
      c += 32;
    } else if (phase == sub && chunk + 1 < chunks) {
      a += 16;
      c += 16;
      phase = 0;
    }
  }
}

}  // namespace

void unpack_lines_scaled_avx512(const uint8_t* lines, int bits, int64_t chunks, int64_t sub, int64_t phase,
                                const float* a, const float* c, float* panel) {
  switch (bits) {
    case 2:
      return scaled<2>(lines, chunks, sub, phase, a, c, panel);
    case 3:
      return scaled<3>(lines, chunks, sub, phase, a, c, panel);
    case 4:
      return scaled<4>(lines, chunks, sub, phase, a, c, panel);
    case 5:
      return scaled<5>(lines, chunks, sub, phase, a, c, panel);
    case 6:
      return scaled<6>(lines, chunks, sub, phase, a, c, panel);
    default:
      return scaled<8>(lines, chunks, sub, phase, a, c, panel);
  }
}

}  // namespace scalewright::kernels
