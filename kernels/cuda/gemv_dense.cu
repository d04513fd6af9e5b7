// Products of few rows with a matrix that is not quantized: a warp takes two output rows, a lane every 32nd input, or
// four inputs at a time where everything is aligned.

#include "kernels/cuda/dense_device.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kWarps = 4, kOutputs = 2;  // outputs a warp

template <DenseType kType, int kRows, bool kFour>
SW_KERNEL(32 * kWarps, gemv_dense_kernel)
(DeviceDense w, Global<const float> x, int64_t ldx, int T, Global<const float> bias, Global<float> y, int64_t ldy) {
  wait_for_previous();
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp;
  const int64_t n0 = (static_cast<int64_t>(block_x()) * kWarps + warp) * kOutputs, K = w.cols;
  float sum[kRows][kOutputs];
  SW_UNROLL
  for (int t = 0; t < kRows; ++t) {
    SW_UNROLL
    for (int r = 0; r < kOutputs; ++r) sum[t][r] = 0.0f;
  }
  for (int64_t k = kFour ? 4 * lane : lane; k < K; k += kFour ? 4 * kWarp : kWarp) {
    float4 weight[kOutputs];
    SW_UNROLL
    for (int r = 0; r < kOutputs; ++r) {
      weight[r] = {0.0f, 0.0f, 0.0f, 0.0f};
      if (n0 + r >= w.rows) continue;
      if constexpr (kFour) {
        weight[r] = dense_four<kType>(w, (n0 + r) * K + k);
      } else {
        weight[r].x = dense_at<kType>(w, (n0 + r) * K + k);
      }
    }
    SW_UNROLL
    for (int t = 0; t < kRows; ++t) {
      if (t >= T) continue;
      float4 in = {0.0f, 0.0f, 0.0f, 0.0f};
      if constexpr (kFour) {
        in = ld4(x, t * ldx + k);
      } else {
        in.x = ld(x, t * ldx + k);
      }
      SW_UNROLL
      for (int r = 0; r < kOutputs; ++r) {
        sum[t][r] = fmaf(weight[r].x, in.x, sum[t][r]);
        if constexpr (!kFour) continue;
        sum[t][r] = fmaf(weight[r].y, in.y, sum[t][r]);
        sum[t][r] = fmaf(weight[r].z, in.z, sum[t][r]);
        sum[t][r] = fmaf(weight[r].w, in.w, sum[t][r]);
      }
    }
  }
  SW_UNROLL
  for (int t = 0; t < kRows; ++t) {
    SW_UNROLL
    for (int r = 0; r < kOutputs; ++r) {
      const float all = warp_sum(sum[t][r]);
      if (lane == 0 && t < T && n0 + r < w.rows) st(y, t * ldy + n0 + r, all + (bias ? ld(bias, n0 + r) : 0.0f));
    }
  }
}

template <DenseType kType, int kRows>
void launch_dense(void* stream, const float* x, int64_t ldx, int64_t T, const DenseView& w, const float* bias, float* y,
                  int64_t ldy) {
  const dim3 grid(static_cast<unsigned>((w.rows + kWarps * kOutputs - 1) / (kWarps * kOutputs))), block(kWarp * kWarps);
  const bool four = w.cols % 4 == 0 && ldx % 4 == 0 && reinterpret_cast<uintptr_t>(x) % 16 == 0 &&
                    reinterpret_cast<uintptr_t>(w.data) % 16 == 0;
  const int rows = static_cast<int>(T);
  if (four) {
    SW_LAUNCH_EARLY((gemv_dense_kernel<kType, kRows, true>), grid, block, stream, to_device(w), x, ldx, rows, bias, y,
                    ldy);
  } else {
    SW_LAUNCH_EARLY((gemv_dense_kernel<kType, kRows, false>), grid, block, stream, to_device(w), x, ldx, rows, bias, y,
                    ldy);
  }
}

template <DenseType kType>
void dense_rows(void* stream, const float* x, int64_t ldx, int64_t T, const DenseView& w, const float* bias, float* y,
                int64_t ldy) {
  if (T == 1) return launch_dense<kType, 1>(stream, x, ldx, T, w, bias, y, ldy);
  launch_dense<kType, 8>(stream, x, ldx, T, w, bias, y, ldy);
}

}  // namespace

void gemv_dense(void* stream, const float* x, int64_t ldx, int64_t T, const DenseView& w, const float* bias, float* y,
                int64_t ldy) {
  switch (w.type) {
    case DenseType::F32:
      return dense_rows<DenseType::F32>(stream, x, ldx, T, w, bias, y, ldy);
    case DenseType::F16:
      return dense_rows<DenseType::F16>(stream, x, ldx, T, w, bias, y, ldy);
    case DenseType::BF16:
      return dense_rows<DenseType::BF16>(stream, x, ldx, T, w, bias, y, ldy);
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
