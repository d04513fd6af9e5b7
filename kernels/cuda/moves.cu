// Rows and columns that change their places, differences and zeros: what lies between the products.

#include "kernels/cuda/grids.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kThreads = 256;

SW_DEVICE int64_t listed(Global<const int32_t> list, int64_t i) {
  return list ? ld(list, i) : i;
}

// A block takes kThreads columns of a row.
SW_KERNEL(kThreads, move_kernel)
(Global<const float> x, int64_t ldx, int64_t K, Global<float> y, int64_t ldy, Global<const int32_t> from_rows,
 Global<const int32_t> from_columns, Global<const int32_t> to_rows, Global<const int32_t> to_columns, bool accumulate) {
  const int64_t t = block_x(), k = static_cast<int64_t>(block_y()) * kThreads + thread_x();
  if (k >= K) return;
  const float v = ld(x, listed(from_rows, t) * ldx + listed(from_columns, k));
  const int64_t to = listed(to_rows, t) * ldy + listed(to_columns, k);
  st(y, to, accumulate ? ld(y, to) + v : v);
}

SW_KERNEL(kThreads, subtract_kernel)(Global<const float> a, Global<const float> b, Global<float> out, int64_t n) {
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * kThreads;
  for (int64_t i = static_cast<int64_t>(block_x()) * kThreads + thread_x(); i < n; i += step)
    st(out, i, ld(a, i) - ld(b, i));
}
SW_KERNEL(kThreads, zero_kernel)(Global<float> y, int64_t n) {
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * kThreads;
  for (int64_t i = static_cast<int64_t>(block_x()) * kThreads + thread_x(); i < n; i += step) st(y, i, 0.0f);
}

}  // namespace

void move(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, float* y, int64_t ldy,
          const MoveLists& lists, bool accumulate) {
  const dim3 grid(static_cast<unsigned>(T), static_cast<unsigned>((K + kThreads - 1) / kThreads));
  SW_LAUNCH(move_kernel, grid, dim3(kThreads), stream, x, ldx, K, y, ldy, lists.from_rows, lists.from_columns,
            lists.to_rows, lists.to_columns, accumulate);
}
void subtract(void* stream, const float* a, const float* b, float* out, int64_t n) {
  SW_LAUNCH(subtract_kernel, dim3(strided_blocks(n)), dim3(kThreads), stream, a, b, out, n);
}
void zero(void* stream, float* y, int64_t n) {
  SW_LAUNCH(zero_kernel, dim3(strided_blocks(n)), dim3(kThreads), stream, y, n);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
