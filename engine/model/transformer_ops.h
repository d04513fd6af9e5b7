#pragma once
// Moves of rows and columns around the products: gathers, scatters, differences. Plain loops; none is worth a kernel.

#include <cstdint>

namespace scalewright {

// out [T, K] with out[t, j] = x[t, order[j]]; ldx is the row stride of x in elements.
void gather_columns(const float* x, int64_t ldx, int64_t T, const int32_t* order, int64_t K, float* out);
// The transpose: x[t, order[j]] = (accumulate ? x[t, order[j]] : 0) + in[t, j]; `order` is a permutation of 0 .. K - 1.
void scatter_columns(const float* in, int64_t T, const int32_t* order, int64_t K, float* x, int64_t ldx,
                     bool accumulate);
// out [n, D] = rows `index` of x [*, D].
void gather_rows(const float* x, int64_t D, const int32_t* index, int64_t n, float* out);
// Rows `index` of x [*, D] = in [n, D].
void scatter_rows(const float* in, int64_t D, const int32_t* index, int64_t n, float* x);
// dst [T, width] = src [T, width].
void copy_columns(const float* src, int64_t lds, int64_t T, int64_t width, float* dst, int64_t ldd);
// out [n] = a - b.
void subtract(const float* a, const float* b, float* out, int64_t n);

}  // namespace scalewright
