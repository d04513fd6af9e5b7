#include <immintrin.h>

#include "kernels/cpu/gemv_rough.h"

namespace scalewright::kernels::cpu {

RoughStrip rough_strip_avx2(const float* sums, const uint8_t* records, int64_t record_bytes, int64_t count,
                            const float* energy) {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
  for (int64_t g = 0; g < count; ++g, records += record_bytes) {
    const auto* header = reinterpret_cast<const __m128i*>(records);
    const __m256 d0 = _mm256_cvtph_ps(_mm_loadu_si128(header)), d1 = _mm256_cvtph_ps(_mm_loadu_si128(header + 1));
    const __m256 e = _mm256_broadcast_ss(energy + g);
    low = _mm256_fmadd_ps(_mm256_mul_ps(d0, d0), e, low);
    high = _mm256_fmadd_ps(_mm256_mul_ps(d1, d1), e, high);
  }
  const __m256 sixteen = _mm256_set1_ps(16.0f);
  const __m256 y0 = _mm256_mul_ps(sixteen, _mm256_loadu_ps(sums));
  const __m256 y1 = _mm256_mul_ps(sixteen, _mm256_loadu_ps(sums + 8));
  const __m256 reach0 = _mm256_add_ps(y0, _mm256_sqrt_ps(low)), reach1 = _mm256_add_ps(y1, _mm256_sqrt_ps(high));
  if (_mm256_movemask_ps(_mm256_cmp_ps(reach0, reach1, _CMP_UNORD_Q))) return {__builtin_inff(), __builtin_inff()};
  // The two maxima side by side: [peak x 4 | reach x 4].
  const __m256 peak = _mm256_max_ps(y0, y1), reach = _mm256_max_ps(reach0, reach1);
  __m256 both = _mm256_max_ps(_mm256_permute2f128_ps(peak, reach, 0x20), _mm256_permute2f128_ps(peak, reach, 0x31));
  both = _mm256_max_ps(both, _mm256_permute_ps(both, 0x4e));
  both = _mm256_max_ps(both, _mm256_permute_ps(both, 0xb1));
  return {_mm256_cvtss_f32(both), _mm_cvtss_f32(_mm256_extractf128_ps(both, 1))};
}

}  // namespace scalewright::kernels::cpu
