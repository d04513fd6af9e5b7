#include <immintrin.h>

#include "kernels/cpu/gemm_int8_tile.h"

namespace scalewright::kernels::cpu {

void pack_token_wide(const int8_t* q, const float* d, int64_t chunks, TileForm form, int centre, int token,
                     int8_t* packed_q, float* packed_d, int32_t* packed_start) {
  const __m256i ones = _mm256_set1_epi8(1), pairs = _mm256_set1_epi16(1);
  for (int64_t j = 0; j < chunks; ++j, q += 32) {
    const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q));
    alignas(32) int32_t quads[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(quads), codes);
    for (int i = 0; i < 8; ++i) __builtin_memcpy(packed_q + ((j * 8 + i) * kTileTokens + token) * 4, &quads[i], 4);
    packed_d[j * kTileTokens + token] = d[j];
    // The sum of every quad, then of the chunk's first 16 and last 16 inputs.
    __m256i sums = _mm256_madd_epi16(_mm256_maddubs_epi16(ones, codes), pairs);
    sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0x4e));
    sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0xb1));
    const int low = -centre * _mm256_extract_epi32(sums, 0), high = -centre * _mm256_extract_epi32(sums, 4);
    if (form == TileForm::Halves) {
      packed_start[(2 * j) * kTileTokens + token] = low;
      packed_start[(2 * j + 1) * kTileTokens + token] = high;
    } else {
      packed_start[j * kTileTokens + token] = low + high;
    }
  }
}

}  // namespace scalewright::kernels::cpu
