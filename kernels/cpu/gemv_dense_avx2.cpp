// Products with matrices that are not quantized: dot products along rows, four rows at a time, sums in fp32.

#include <immintrin.h>

#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

template <DenseType Type>
inline __attribute__((always_inline)) __m256 load8(const void* row, int64_t k) {
  if constexpr (Type == DenseType::F32) {
    return _mm256_loadu_ps(static_cast<const float*>(row) + k);
  } else {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(static_cast<const uint16_t*>(row) + k));
    if constexpr (Type == DenseType::F16) return _mm256_cvtph_ps(bits);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
}

// The last K % 8 elements, zeros behind them.
template <DenseType Type>
inline __attribute__((always_inline)) __m256 load_tail(const void* row, int64_t k, int64_t count) {
  if constexpr (Type == DenseType::F32) {
    alignas(32) float rest[8] = {};
    for (int64_t i = 0; i < count; ++i) rest[i] = static_cast<const float*>(row)[k + i];
    return _mm256_load_ps(rest);
  } else {
    alignas(16) uint16_t rest[8] = {};
    for (int64_t i = 0; i < count; ++i) rest[i] = static_cast<const uint16_t*>(row)[k + i];
    return load8<Type>(rest, 0);
  }
}

inline __attribute__((always_inline)) float sum_of(__m256 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

template <DenseType Type, int Rows, int Tokens>
void dots(const float* x, int64_t ldx, const void* rows, int64_t K, float* out, int64_t ldo) {
  constexpr int64_t kSize = Type == DenseType::F32 ? 4 : 2;
  const char* row[Rows];
  for (int r = 0; r < Rows; ++r) row[r] = static_cast<const char*>(rows) + r * K * kSize;
  __m256 sum[Rows][Tokens];
  for (auto& line : sum) {
    for (auto& value : line) value = _mm256_setzero_ps();
  }
  int64_t k = 0;
  for (; k + 8 <= K; k += 8) {
    for (int r = 0; r < Rows; ++r) {
      if (k % (64 / kSize) == 0) _mm_prefetch(row[r] + k * kSize + 1024, _MM_HINT_T0);
      const __m256 w = load8<Type>(row[r], k);
      for (int t = 0; t < Tokens; ++t) {
        sum[r][t] = _mm256_fmadd_ps(w, _mm256_loadu_ps(x + t * ldx + k), sum[r][t]);
      }
    }
  }
  if (k < K) {
    for (int t = 0; t < Tokens; ++t) {
      const __m256 v = load_tail<DenseType::F32>(x + t * ldx, k, K - k);
      for (int r = 0; r < Rows; ++r) sum[r][t] = _mm256_fmadd_ps(load_tail<Type>(row[r], k, K - k), v, sum[r][t]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int t = 0; t < Tokens; ++t) out[t * ldo + r] = sum_of(sum[r][t]);
  }
}

template <DenseType Type, int Rows>
void dots_of_rows(const float* x, int64_t ldx, int64_t T, const void* rows, int64_t K, float* out, int64_t ldo) {
  int64_t t = 0;
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

void dense_rows_avx2(const float* x, int64_t ldx, int64_t T, const void* rows, DenseType type, int64_t K, int rows_of_w,
                     float* out, int64_t ldo) {
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
