// A plain fp32 product in tiles of 64 x 64, for machines that have a card but not cuBLAS, and for the emulation.

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kTile = 64, kDepth = 16, kThreads = 256;
constexpr int kRow = kTile + 4;  // floats a row of a tile in shared memory: four more, so that columns meet other banks

struct DeviceStrided {
  Global<const float> data;
  int64_t across, along;  // strides over the tile's side (m or n) and over k
};

// Elements [kDepth][kTile] of a factor from (side0, k0) on; what lies beyond the matrix is 0. Lanes go along whichever
// direction is contiguous.
SW_DEVICE void load_tile(const DeviceStrided& in, int64_t side0, int64_t sides, int64_t k0, int64_t K,
                         Shared<float> tile) {
  for (int e = thread_x(); e < kTile * kDepth; e += kThreads) {
    const bool along = in.along == 1;
    const int k = along ? e % 8 + 8 * (e / (8 * kTile)) : e / kTile;
    const int side = along ? e / 8 % kTile : e % kTile;
    const bool inside = side0 + side < sides && k0 + k < K;
    st(tile, k * kRow + side, inside ? ld(in.data, (side0 + side) * in.across + (k0 + k) * in.along) : 0.0f);
  }
}

// kFour: four results side by side are written at once, so that a warp writes whole sectors.
template <bool kFour>
SW_KERNEL(kThreads, gemm_kernel)
(int64_t M, int64_t N, int64_t K, DeviceStrided a, DeviceStrided b, Global<float> c, int64_t ldc, bool accumulate) {
  SW_SHARED(float, left, kDepth * kRow);
  SW_SHARED(float, right, kDepth * kRow);
  const int64_t m0 = static_cast<int64_t>(block_y()) * kTile, n0 = static_cast<int64_t>(block_x()) * kTile;
  const int down = thread_x() / 16 * 4, over = thread_x() % 16 * 4;
  float sum[4][4];
  SW_UNROLL
  for (int i = 0; i < 4; ++i) {
    SW_UNROLL
    for (int j = 0; j < 4; ++j) sum[i][j] = 0.0f;
  }
  for (int64_t k0 = 0; k0 < K; k0 += kDepth) {
    load_tile(a, m0, M, k0, K, left);
    load_tile(b, n0, N, k0, K, right);
    sync_block();
    SW_UNROLL
    for (int k = 0; k < kDepth; ++k) {
      const float4 x = ld4(left, k * kRow + down), y = ld4(right, k * kRow + over);
      const float xs[4] = {x.x, x.y, x.z, x.w}, ys[4] = {y.x, y.y, y.z, y.w};
      SW_UNROLL
      for (int i = 0; i < 4; ++i) {
        SW_UNROLL
        for (int j = 0; j < 4; ++j) sum[i][j] = fmaf(xs[i], ys[j], sum[i][j]);
      }
    }
    sync_block();
  }
  SW_UNROLL
  for (int i = 0; i < 4; ++i) {
    const int64_t m = m0 + down + i, n = n0 + over, at = m * ldc + n;
    if (m >= M) continue;
    if constexpr (kFour) {
      if (n >= N) continue;
      const float4 old = accumulate ? ld4(c, at) : float4{0.0f, 0.0f, 0.0f, 0.0f};
      st4(c, at, {sum[i][0] + old.x, sum[i][1] + old.y, sum[i][2] + old.z, sum[i][3] + old.w});
    } else {
      SW_UNROLL
      for (int j = 0; j < 4; ++j)
        if (n + j < N) st(c, at + j, sum[i][j] + (accumulate ? ld(c, at + j) : 0.0f));
    }
  }
}

SW_KERNEL(256, fill_rows_kernel)
(Global<const float> bias, int64_t N, Global<float> y, int64_t ldy) {
  const int64_t n = static_cast<int64_t>(block_y()) * block_dim_x() + thread_x();
  if (n < N) st(y, static_cast<int64_t>(block_x()) * ldy + n, bias ? ld(bias, n) : 0.0f);
}

}  // namespace

void gemm(void* stream, int64_t M, int64_t N, int64_t K, Strided a, Strided b, float* c, int64_t ldc,
          bool accumulate) {
  const dim3 grid(static_cast<unsigned>((N + kTile - 1) / kTile), static_cast<unsigned>((M + kTile - 1) / kTile));
  const DeviceStrided left{a.data, a.row, a.col}, right{b.data, b.col, b.row};
  if (N % 4 == 0 && ldc % 4 == 0 && reinterpret_cast<uintptr_t>(c) % 16 == 0) {
    SW_LAUNCH((gemm_kernel<true>), grid, dim3(kThreads), stream, M, N, K, left, right, c, ldc, accumulate);
  } else {
    SW_LAUNCH((gemm_kernel<false>), grid, dim3(kThreads), stream, M, N, K, left, right, c, ldc, accumulate);
  }
}

void fill_rows(void* stream, const float* bias, int64_t T, int64_t N, float* y, int64_t ldy) {
  SW_LAUNCH(fill_rows_kernel, dim3(static_cast<unsigned>(T), static_cast<unsigned>((N + 255) / 256)), dim3(256), stream,
            bias, N, y, ldy);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
