// Reading as fast as the card can, to set beside what others reach.

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kThreads = 512, kLoads = 4;  // loads under way at once, 16 bytes each

SW_KERNEL(kThreads, read_kernel)(Global<const uint8_t> data, int64_t words, Global<uint32_t> seen) {
  uint32_t all = 0;
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * kThreads;
  for (int64_t i = static_cast<int64_t>(block_x()) * kThreads + thread_x(); i < words; i += kLoads * step) {
    uint4 word[kLoads];
    SW_UNROLL
    for (int l = 0; l < kLoads; ++l)
      word[l] = i + l * step < words ? ldg_u128(data, 16 * (i + l * step)) : uint4{0, 0, 0, 0};
    SW_UNROLL
    for (int l = 0; l < kLoads; ++l) all |= word[l].x ^ word[l].y ^ word[l].z ^ word[l].w;
  }
  if (all == 0x9e3779b9u) st(seen, 0, all);  // hardly ever: the loads cannot be dropped
}

}  // namespace

void read_all(void* stream, const uint8_t* data, int64_t bytes, int processors, uint32_t* seen) {
  SW_LAUNCH(read_kernel, dim3(static_cast<unsigned>(4 * processors)), dim3(kThreads), stream, data, bytes / 16, seen);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
