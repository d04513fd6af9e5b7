// Products with matrices that are not quantized: dot products along rows, four rows at a time, sums in fp32.

#include <immintrin.h>

#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __mmask16 lanes(int64_t count) {
  return count >= 16 ? __mmask16{0xffff} : static_cast<__mmask16>((1u << count) - 1);
}

// Up to 16 elements from k on, zeros behind them.
template <DenseType Type>
inline __attribute__((always_inline)) __m512 load16(const void* row, int64_t k, __mmask16 mask) {
  if constexpr (Type == DenseType::F32) {
    return _mm512_maskz_loadu_ps(mask, static_cast<const float*>(row) + k);
  } else {
    const __m256i bits = _mm256_maskz_loadu_epi16(mask, static_cast<const uint16_t*>(row) + k);
    if constexpr (Type == DenseType::F16) return _mm512_cvtph_ps(bits);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
}

template <DenseType Type, int Rows, int Tokens>
void dots(const float* x, int64_t ldx, const void* rows, int64_t K, float* out, int64_t ldo) {
  constexpr int64_t kSize = Type == DenseType::F32 ? 4 : 2;
  const char* row[Rows];
  for (int r = 0; r < Rows; ++r) row[r] = static_cast<const char*>(rows) + r * K * kSize;
  __m512 sum[Rows][Tokens];
  for (auto& line : sum) {
    for (auto& value : line) value = _mm512_setzero_ps();
  }
  for (int64_t k = 0; k < K; k += 16) {
    const __mmask16 mask = lanes(K - k);
    for (int r = 0; r < Rows; ++r) {
      if (k % (64 / kSize) == 0) _mm_prefetch(row[r] + k * kSize + 1024, _MM_HINT_T0);
      const __m512 w = load16<Type>(row[r], k, mask);
      for (int t = 0; t < Tokens; ++t) {
        sum[r][t] = _mm512_fmadd_ps(w, _mm512_maskz_loadu_ps(mask, x + t * ldx + k), sum[r][t]);
      }
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int t = 0; t < Tokens; ++t) out[t * ldo + r] = _mm512_reduce_add_ps(sum[r][t]);
  }
}

template <DenseType Type, int Rows>
void dots_of_rows(const float* x, int64_t ldx, int64_t T, const void* rows, int64_t K, float* out, int64_t ldo) {
  int64_t t = 0;
  for (; t + 4 <= T; t += 4) dots<Type, Rows, 4>(x + t * ldx, ldx, rows, K, out + t * ldo, ldo);
  for (; t + 2 <= T; t += 2) dots<Type, Rows, 2>(x + t * ldx, ldx, rows, K, out + t * ldo, ldo);
  if (t < T) dots<Type, Rows, 1>(x + t * ldx, ldx, rows, K, out + t * ldo, ldo);
}

template <DenseType Type>
void dots_of_type(const float* x, int64_t ldx, int64_t T, const void* rows, int64_t K, int count, float* out,
                  int64_t ldo) {
  if (count == 4) return dots_of_rows<Type, 4>(x, ldx, T, rows, K, out, ldo);
  constexpr int64_t kSize = Type == DenseType::F32 ? 4 : 2;
  for (int r = 0; r < count; ++r) {
    dots_of_rows<Type, 1>(x, ldx, T, static_cast<const char*>(rows) + r * K * kSize, K, out + r, ldo);
  }
}

}  // namespace

void dense_rows_avx512(const float* x, int64_t ldx, int64_t T, const void* rows, DenseType type, int64_t K,
                       int rows_of_w, float* out, int64_t ldo) {
  switch (type) {
    case DenseType::F32:
      return dots_of_type<DenseType::F32>(x, ldx, T, rows, K, rows_of_w, out, ldo);
    case DenseType::F16:
      return dots_of_type<DenseType::F16>(x, ldx, T, rows, K, rows_of_w, out, ldo);
    case DenseType::BF16:
      return dots_of_type<DenseType::BF16>(x, ldx, T, rows, K, rows_of_w, out, ldo);
  }
}

}  // namespace scalewright::kernels::cpu
