// Softmax cross-entropy in place, the optimizer, and the gradient of one factor a row.

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kRowThreads = 512, kStrips = 8;

// A block a row of logits.
SW_KERNEL(kRowThreads, cross_entropy_kernel)
(Global<float> logits, int64_t ldl, int64_t V, Global<const int32_t> targets, float cap, float gradient_scale,
 Global<double> nll, bool want_gradient) {
  SW_SHARED(float, room, kRowThreads / kWarp);
  const int64_t t = block_x();
  const auto row = logits + t * ldl;
  const int32_t target = ld(targets, t);
  if (target < 0) {
    if (thread_x() == 0) st(nll, t, 0.0);
    if (want_gradient)
      for (int64_t i = thread_x(); i < V; i += kRowThreads) st(row, i, 0.0f);
    return;
  }
  float most = -INFINITY;
  for (int64_t i = thread_x(); i < V; i += kRowThreads) most = fmaxf(most, ld(row, i));
  most = block_max(most, room, thread_x(), kRowThreads);
  float total = 0.0f;
  for (int64_t i = thread_x(); i < V; i += kRowThreads) total += expf(ld(row, i) - most);
  total = block_sum(total, room, thread_x(), kRowThreads);
  if (thread_x() == 0)
    st(nll, t, static_cast<double>(most) - static_cast<double>(ld(row, target)) + static_cast<double>(logf(total)));
  if (!want_gradient) return;
  // The target's logit is read above by another thread than the one that overwrites it.
  sync_block();
  const float share = 1.0f / total;
  for (int64_t i = thread_x(); i < V; i += kRowThreads) {
    const float logit = ld(row, i);
    float g = expf(logit - most) * share - (i == target ? 1.0f : 0.0f);
    if (cap > 0.0f) {
      const float h = logit / cap;
      g *= 1.0f - h * h;
    }
    st(row, i, g * gradient_scale);
  }
}

// 32 columns a block; its warps share the tokens, and a fixed order of sums joins them.
SW_KERNEL(32 * kStrips, drow_kernel)
(Global<const float> dy, int64_t lddy, Global<const float> y, int64_t ldy, int64_t T, int64_t N,
 Global<const float> row_scale, Global<float> drow) {
  SW_SHARED(float, sums, kStrips * kWarp);
  const int lane = thread_x() % kWarp, strip = thread_x() / kWarp;
  const int64_t n = static_cast<int64_t>(block_x()) * kWarp + lane;
  float sum = 0.0f;
  if (n < N)
    for (int64_t t = strip; t < T; t += kStrips) sum = fmaf(ld(dy, t * lddy + n), ld(y, t * ldy + n), sum);
  st(sums, strip * kWarp + lane, sum);
  sync_block();
  if (strip != 0 || n >= N) return;
  float all = 0.0f;
  for (int other = 0; other < kStrips; ++other) all += ld(sums, other * kWarp + lane);
  st(drow, n, ld(drow, n) + all / ld(row_scale, n));
}

}  // namespace

void cross_entropy(void* stream, float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                   float gradient_scale, double* nll, bool want_gradient) {
  SW_LAUNCH(cross_entropy_kernel, dim3(static_cast<unsigned>(T)), dim3(kRowThreads), stream, logits, ldl, V, targets,
            cap, gradient_scale, nll, want_gradient);
}
void linear_drow(void* stream, const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                 const float* row_scale, float* drow) {
  SW_LAUNCH(drow_kernel, dim3(static_cast<unsigned>((N + kWarp - 1) / kWarp)), dim3(kWarp * kStrips), stream, dy, lddy,
            y, ldy, T, N, row_scale, drow);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
