#include "engine/model/transformer_ops.h"

#include <cstring>

namespace scalewright {

void gather_columns(const float* x, int64_t ldx, int64_t T, const int32_t* order, int64_t K, float* out) {
  for (int64_t t = 0; t < T; ++t, x += ldx, out += K) {
    for (int64_t j = 0; j < K; ++j) out[j] = x[order[j]];
  }
}

void scatter_columns(const float* in, int64_t T, const int32_t* order, int64_t K, float* x, int64_t ldx,
                     bool accumulate) {
  for (int64_t t = 0; t < T; ++t, x += ldx, in += K) {
    if (accumulate) {
      for (int64_t j = 0; j < K; ++j) x[order[j]] += in[j];
    } else {
      for (int64_t j = 0; j < K; ++j) x[order[j]] = in[j];
    }
  }
}

void gather_rows(const float* x, int64_t D, const int32_t* index, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) std::memcpy(out + i * D, x + index[i] * D, sizeof(float) * D);
}

void scatter_rows(const float* in, int64_t D, const int32_t* index, int64_t n, float* x) {
  for (int64_t i = 0; i < n; ++i) std::memcpy(x + index[i] * D, in + i * D, sizeof(float) * D);
}

void copy_columns(const float* src, int64_t lds, int64_t T, int64_t width, float* dst, int64_t ldd) {
  for (int64_t t = 0; t < T; ++t) std::memcpy(dst + t * ldd, src + t * lds, sizeof(float) * width);
}

void subtract(const float* a, const float* b, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = a[i] - b[i];
}

}  // namespace scalewright
