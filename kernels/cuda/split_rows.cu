#include "kernels/cuda/kernels.h"
#include "kernels/cuda/split_rows.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kThreads = 256;

SW_DEVICE float4 four_inputs(Global<const float> x, int64_t from, int64_t k, int64_t K, bool aligned) {
  if (aligned && k + 4 <= K) return ld4(x, from + k);
  return {k < K ? ld(x, from + k) : 0.0f, k + 1 < K ? ld(x, from + k + 1) : 0.0f,
          k + 2 < K ? ld(x, from + k + 2) : 0.0f, k + 3 < K ? ld(x, from + k + 3) : 0.0f};
}

// A thread four inputs.
SW_KERNEL(kThreads, split_rows_kernel)
(Global<const float> x, int64_t ldx, int64_t K, int64_t chunks, bool aligned, SplitRows out) {
  wait_for_previous();
  const int64_t i = static_cast<int64_t>(block_x()) * block_dim_x() + thread_x(), chunk = i / 8;
  const int quad = static_cast<int>(i % 8);
  const float4 v = four_inputs(x, block_y() * ldx, 4 * i, K, aligned);
  split_quad(out, block_y() * chunks + chunk, quad, v, chunk < chunks);
}

}  // namespace

size_t split_bytes(int64_t T, int64_t K) {
  return static_cast<size_t>(T * split_chunks(K)) * (kSplitBytes + kSplitTerms * sizeof(float));
}

void split_rows(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, void* split) {
  const int64_t chunks = split_chunks(K);
  const bool aligned = ldx % 4 == 0 && reinterpret_cast<uintptr_t>(x) % 16 == 0;
  auto* digits = static_cast<uint32_t*>(split);
  auto* terms = reinterpret_cast<float*>(static_cast<uint8_t*>(split) + T * chunks * kSplitBytes);
  const dim3 grid(static_cast<unsigned>((8 * chunks + kThreads - 1) / kThreads), static_cast<unsigned>(T));
  SW_LAUNCH_EARLY(split_rows_kernel, grid, dim3(kThreads), stream, x, ldx, K, chunks, aligned, SplitRows{digits, terms});
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
