#include <immintrin.h>

#include "kernels/cpu/word_kernels_impl.h"

namespace scalewright::kernels::cpu {
namespace {

struct Registers {
  using Integers = __m512i;
  using Floats = __m512;
  static constexpr int kWidth = 16, kRows = 12, kVectors = 2;  // 24 sums, two words of B, one of A

  static Integers zero() { return _mm512_setzero_si512(); }
  static Integers load(const uint32_t* p) { return _mm512_loadu_si512(p); }
  static Integers all(const uint32_t* p) { return _mm512_set1_epi32(static_cast<int>(*p)); }
  // In place: the compiler would keep copies of the sums.
  static inline __attribute__((always_inline)) void add_products(Integers& sum, Integers a, Integers b) {
    asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  }
  static void scale_store(Integers sum, float row, const float* columns, bool accumulate, float* out) {
    const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(row), _mm512_loadu_ps(columns)), x = _mm512_cvtepi32_ps(sum);
    _mm512_storeu_ps(out, accumulate ? _mm512_fmadd_ps(x, scale, _mm512_loadu_ps(out)) : _mm512_mul_ps(x, scale));
  }

  static Floats no_floats() { return _mm512_setzero_ps(); }
  static Floats load_floats(const float* p) { return _mm512_loadu_ps(p); }
  static void store(Floats x, float* p) { _mm512_storeu_ps(p, x); }
  static Floats larger_magnitude(const float* p, Floats x) {
    return _mm512_max_ps(x, _mm512_abs_ps(_mm512_loadu_ps(p)));
  }
  static float largest_lane(Floats x) { return _mm512_reduce_max_ps(x); }
  static Integers rounded(const float* p, __m512 factor) {
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(p), factor));
  }
  static void pack16(const float* in, float factor, uint32_t* out) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_cvtsepi32_epi16(rounded(in, _mm512_set1_ps(factor))));
  }
  static void weave(const float* a, const float* b, const float* factor, uint32_t* out) {
    const __m512 f = _mm512_loadu_ps(factor);
    const __m512i both = _mm512_mask_blend_epi16(0xaaaaaaaa, rounded(a, f), _mm512_slli_epi32(rounded(b, f), 16));
    _mm512_storeu_si512(out, both);
  }
};

}  // namespace

const WordKernels& word_kernels_avx512() {
  return WordTiles<Registers>::table();
}

}  // namespace scalewright::kernels::cpu
