// What happens to the learned numbers between two steps. Sums have a fixed order: so many blocks, whatever the card.

#include "kernels/cuda/grids.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kThreads = 256;

SW_KERNEL(kThreads, adamw_kernel)
(AdamWTerms o, Global<const float> gradient, Global<float> parameter, Global<float> m, Global<float> v, int64_t n) {
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * block_dim_x();
  for (int64_t i = static_cast<int64_t>(block_x()) * block_dim_x() + thread_x(); i < n; i += step) {
    const float g = ld(gradient, i) * o.gradient_scale;
    const float mean = o.beta1 * ld(m, i) + o.rest1 * g, square = o.beta2 * ld(v, i) + o.rest2 * g * g;
    st(m, i, mean);
    st(v, i, square);
    st(parameter, i, ld(parameter, i) * o.decay - o.step_size * mean / (sqrtf(square) * o.root + o.epsilon));
  }
}

// The sum (or the largest) of what the threads of a block have, in thread 0.
SW_DEVICE double block_total(double v, Shared<double> room, bool largest) {
  st(room, thread_x(), v);
  sync_block();
  for (int width = kThreads / 2; width > 0; width /= 2) {
    if (thread_x() < width) {
      const double a = ld(room, thread_x()), b = ld(room, thread_x() + width);
      st(room, thread_x(), largest ? (a > b ? a : b) : a + b);
    }
    sync_block();
  }
  return ld(room, 0);
}

SW_KERNEL(kThreads, squares_kernel)
(Global<float> gradient, Global<const float> factor, int64_t n, Global<double> parts) {
  SW_SHARED(double, room, kThreads);
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * kThreads;
  double sum = 0.0;
  for (int64_t i = static_cast<int64_t>(block_x()) * kThreads + thread_x(); i < n; i += step) {
    float g = ld(gradient, i);
    if (factor) {
      g *= ld(factor, i);
      st(gradient, i, g);
    }
    sum += static_cast<double>(g) * static_cast<double>(g);
  }
  sum = block_total(sum, room, false);
  if (thread_x() == 0) st(parts, block_x(), sum);
}
SW_KERNEL(kThreads, magnitude_kernel)(Global<const float> values, int64_t n, Global<double> parts) {
  SW_SHARED(double, room, kThreads);
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * kThreads;
  double most = 0.0;
  for (int64_t i = static_cast<int64_t>(block_x()) * kThreads + thread_x(); i < n; i += step) {
    const float v = fabsf(ld(values, i));
    most = !(v <= most) ? (v > most ? v : INFINITY) : most;  // no number: beyond all
  }
  most = block_total(most, room, true);
  if (thread_x() == 0) st(parts, block_x(), most);
}
// One block joins the parts.
SW_KERNEL(kThreads, join_kernel)(Global<const double> parts, int count, Global<double> result, bool largest) {
  SW_SHARED(double, room, kThreads);
  double v = 0.0;
  for (int i = thread_x(); i < count; i += kThreads)
    v = largest ? (ld(parts, i) > v ? ld(parts, i) : v) : v + ld(parts, i);
  v = block_total(v, room, largest);
  if (thread_x() == 0) st(result, 0, v);
}

SW_KERNEL(kThreads, relative_kernel)
(Global<const float> start, Global<const float> change, Global<float> values, int64_t n) {
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * kThreads;
  for (int64_t i = static_cast<int64_t>(block_x()) * kThreads + thread_x(); i < n; i += step)
    st(values, i, ld(start, i) * (1.0f + ld(change, i)));
}

}  // namespace

void adamw(void* stream, const AdamWTerms& terms, const float* gradient, float* parameter, float* m, float* v,
           int64_t n) {
  SW_LAUNCH(adamw_kernel, dim3(strided_blocks(n)), dim3(kThreads), stream, terms, gradient, parameter, m, v, n);
}

void scaled_squares(void* stream, float* gradient, const float* factor, int64_t n, double* parts, double* result) {
  const unsigned blocks = strided_blocks(n, kSumParts);
  SW_LAUNCH(squares_kernel, dim3(blocks), dim3(kThreads), stream, gradient, factor, n, parts);
  SW_LAUNCH(join_kernel, dim3(1), dim3(kThreads), stream, parts, static_cast<int>(blocks), result, false);
}
void largest_magnitude(void* stream, const float* values, int64_t n, double* parts, double* result) {
  const unsigned blocks = strided_blocks(n, kSumParts);
  SW_LAUNCH(magnitude_kernel, dim3(blocks), dim3(kThreads), stream, values, n, parts);
  SW_LAUNCH(join_kernel, dim3(1), dim3(kThreads), stream, parts, static_cast<int>(blocks), result, true);
}
void relative_values(void* stream, const float* start, const float* change, float* values, int64_t n) {
  SW_LAUNCH(relative_kernel, dim3(strided_blocks(n)), dim3(kThreads), stream, start, change, values, n);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
