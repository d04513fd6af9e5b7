#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/common/unpack_lines.h"

namespace scalewright::kernels {
namespace {

// Byte `c` of each 32-bit lane (one row) as a float.
inline __attribute__((always_inline)) __m256 byte_as_float(__m256i quad, int c) {
  const __m256i shifted = _mm256_srli_epi32(quad, 8 * c);
  return _mm256_cvtepi32_ps(c == 3 ? shifted : _mm256_and_si256(shifted, _mm256_set1_epi32(255)));
}

// `step`: subs to move a, c on by after the chunk, in floats; `middle`: the second half of the chunk has the next (a,
// c).
template <int Bits>
void scaled(const uint8_t* lines, int64_t chunks, int64_t sub, int64_t phase, const float* a, const float* c,
            float* panel) {
  const int64_t middle = sub == 16 ? 16 : 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk, lines += 64 * Bits, panel += 512) {
    for (int half = 0; half < 2; ++half) {
      const __m256 a0 = _mm256_loadu_ps(a + 8 * half), c0 = _mm256_loadu_ps(c + 8 * half);
      const __m256 a1 = _mm256_loadu_ps(a + middle + 8 * half), c1 = _mm256_loadu_ps(c + middle + 8 * half);
      for_quads<Bits>(
          lines, half, [&](int quad, __m256i codes) __attribute__((always_inline)) {
            float* out = panel + 64 * quad + 8 * half;
            const __m256 scale = quad < 4 ? a0 : a1, shift = quad < 4 ? c0 : c1;
            _mm256_storeu_ps(out, _mm256_fmsub_ps(byte_as_float(codes, 0), scale, shift));
            _mm256_storeu_ps(out + 16, _mm256_fmsub_ps(byte_as_float(codes, 1), scale, shift));
            _mm256_storeu_ps(out + 32, _mm256_fmsub_ps(byte_as_float(codes, 2), scale, shift));
            _mm256_storeu_ps(out + 48, _mm256_fmsub_ps(byte_as_float(codes, 3), scale, shift));
          });
    }
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

template <int Bits>
void plain(const uint8_t* lines, int64_t chunks, float* panel) {
  for (int64_t chunk = 0; chunk < chunks; ++chunk, lines += 64 * Bits, panel += 512) {
    for (int half = 0; half < 2; ++half) {
      for_quads<Bits>(
          lines, half, [&](int quad, __m256i codes) __attribute__((always_inline)) {
            float* out = panel + 64 * quad + 8 * half;
            _mm256_storeu_ps(out, byte_as_float(codes, 0));
            _mm256_storeu_ps(out + 16, byte_as_float(codes, 1));
            _mm256_storeu_ps(out + 32, byte_as_float(codes, 2));
            _mm256_storeu_ps(out + 48, byte_as_float(codes, 3));
          });
    }
  }
}

inline __attribute__((always_inline)) __m256 halves_at(const uint8_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline __attribute__((always_inline)) __m128i bytes_at(const uint8_t* p) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
}

}  // namespace

void record_scales_avx2(const uint8_t* header, BlockKind kind, bool sub16, float offset, int64_t first, int64_t count,
                        const float* master, const float* master_min, float* a, float* c) {
  for (int half = 0; half < 2; ++half) {
    const __m256 stored = halves_at(header + 16 * half);
    const __m256 d = master ? _mm256_loadu_ps(master + 8 * half) : stored;
    const uint8_t* second = header + 32 + 16 * half;
    float *to_a = a + 8 * half, *to_c = c + 8 * half;
    switch (kind) {
      case BlockKind::Offset:
        _mm256_storeu_ps(to_a, d);
        _mm256_storeu_ps(to_c, _mm256_mul_ps(d, _mm256_set1_ps(offset)));
        break;
      case BlockKind::Min: {
        _mm256_storeu_ps(to_a, d);
        __m256 minimum = halves_at(second);
        if (master) {  // the offset keeps its proportion to the scale
          const __m256 moved = _mm256_mul_ps(minimum, _mm256_div_ps(d, stored));
          minimum = _mm256_blendv_ps(moved, minimum, _mm256_cmp_ps(stored, _mm256_setzero_ps(), _CMP_EQ_OQ));
        }
        _mm256_storeu_ps(to_c, _mm256_xor_ps(minimum, _mm256_set1_ps(-0.0f)));
        break;
      }
      case BlockKind::Affine: {
        const __m128i zero = _mm_loadu_si128(reinterpret_cast<const __m128i*>(second));
        _mm256_storeu_ps(to_a, d);
        _mm256_storeu_ps(to_c, _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(zero))));
        break;
      }
      case BlockKind::KMin: {
        const __m256 dmin = master_min ? _mm256_loadu_ps(master_min + 8 * half) : halves_at(second);
        for (int64_t i = 0; i < count; ++i) {
          const uint8_t* scales = header + 64 + 16 * (first + i) + 8 * half;
          __m256i scale = _mm256_cvtepu8_epi32(bytes_at(scales)), minimum;
          if (sub16) {
            minimum = _mm256_srli_epi32(scale, 4);
            scale = _mm256_and_si256(scale, _mm256_set1_epi32(15));
          } else {
            minimum = _mm256_cvtepu8_epi32(bytes_at(scales + 128));
          }
          _mm256_storeu_ps(to_a + 16 * i, _mm256_mul_ps(d, _mm256_cvtepi32_ps(scale)));
          _mm256_storeu_ps(to_c + 16 * i, _mm256_mul_ps(dmin, _mm256_cvtepi32_ps(minimum)));
        }
        break;
      }
      case BlockKind::KScale:
        for (int64_t i = 0; i < count; ++i) {
          const __m256i scale = _mm256_cvtepi8_epi32(bytes_at(header + 64 + 16 * (first + i) + 8 * half));
          const __m256 product = _mm256_mul_ps(d, _mm256_cvtepi32_ps(scale));
          _mm256_storeu_ps(to_a + 16 * i, product);
          _mm256_storeu_ps(to_c + 16 * i, _mm256_mul_ps(product, _mm256_set1_ps(offset)));
        }
        break;
    }
  }
}

void unpack_lines_scaled_avx2(const uint8_t* lines, int bits, int64_t chunks, int64_t sub, int64_t phase,
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

void unpack_lines_codes_avx2(const uint8_t* lines, int bits, int64_t chunks, float* panel) {
  switch (bits) {
    case 2:
      return plain<2>(lines, chunks, panel);
    case 3:
      return plain<3>(lines, chunks, panel);
    case 4:
      return plain<4>(lines, chunks, panel);
    case 5:
      return plain<5>(lines, chunks, panel);
    case 6:
      return plain<6>(lines, chunks, panel);
    default:
      return plain<8>(lines, chunks, panel);
  }
}

}  // namespace scalewright::kernels
