#include "kernels/cuda/gates_device.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/split_rows.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kThreads = 256;
static_assert(kSquaredInputs == 4 * kThreads);

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

// The same of x times the norm's weight. What x is divided by is known when all blocks are done, and is left to the
// product. The weights never change, and are on their way before x is there.
SW_KERNEL(kThreads, split_normed_kernel)
(Global<const float> x, int64_t ldx, int64_t K, Global<const float> weight, int64_t chunks, bool aligned, SplitRows out,
 Global<float> squares) {
  SW_SHARED(float, room, kThreads / kWarp);
  const int thread = thread_x(), threads = block_dim_x();
  const int64_t i = static_cast<int64_t>(block_x()) * threads + thread, chunk = i / 8;
  const float4 by = four_inputs(weight, 0, 4 * i, K, aligned);
  wait_for_previous();
  const float4 v = four_inputs(x, block_y() * ldx, 4 * i, K, aligned);
  split_quad(out, block_y() * chunks + chunk, static_cast<int>(i % 8), {v.x * by.x, v.y * by.y, v.z * by.z, v.w * by.w},
             chunk < chunks);
  const float sum = block_sum(fmaf(v.x, v.x, v.y * v.y) + fmaf(v.z, v.z, v.w * v.w), room, thread, threads);
  if (thread == 0) st(squares, static_cast<int64_t>(block_y()) * grid_dim_x() + block_x(), sum);
}

SW_KERNEL(kThreads, split_gated_kernel)
(Global<const float> gate, int64_t ldg, Global<const float> up, int64_t ldu, int64_t F, GateKind kind, int64_t chunks,
 bool aligned, SplitRows out) {
  wait_for_previous();
  const int64_t i = static_cast<int64_t>(block_x()) * block_dim_x() + thread_x(), chunk = i / 8;
  const float4 g = four_inputs(gate, block_y() * ldg, 4 * i, F, aligned);
  const float4 u = four_inputs(up, block_y() * ldu, 4 * i, F, aligned);
  const float4 v = {activation(kind, g.x) * u.x, activation(kind, g.y) * u.y, activation(kind, g.z) * u.z,
                    activation(kind, g.w) * u.w};
  split_quad(out, block_y() * chunks + chunk, static_cast<int>(i % 8), v, chunk < chunks);
}

bool fours(const float* x, int64_t ld) {
  return ld % 4 == 0 && reinterpret_cast<uintptr_t>(x) % 16 == 0;
}
dim3 by_quads(int64_t T, int64_t chunks) {
  return dim3(static_cast<unsigned>((8 * chunks + kThreads - 1) / kThreads), static_cast<unsigned>(T));
}

}  // namespace

size_t split_bytes(int64_t T, int64_t K) {
  return static_cast<size_t>(squares_at(T, K)) + static_cast<size_t>(T * square_sums(K)) * sizeof(float);
}

void split_rows(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, void* split) {
  const int64_t chunks = split_chunks(K);
  SW_LAUNCH_EARLY(split_rows_kernel, by_quads(T, chunks), dim3(kThreads), stream, x, ldx, K, chunks, fours(x, ldx),
                  rows_at(split, T, K));
}

void split_normed(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, const float* weight, void* split) {
  const int64_t chunks = split_chunks(K);
  const SplitRows rows = rows_at(split, T, K);
  SW_LAUNCH_EARLY(split_normed_kernel, by_quads(T, chunks), dim3(kThreads), stream, x, ldx, K, weight, chunks,
                  fours(x, ldx) && fours(weight, 0), rows,
                  reinterpret_cast<float*>(static_cast<uint8_t*>(split) + squares_at(T, K)));
}

void split_gated(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
                 GateKind kind, void* split) {
  const int64_t chunks = split_chunks(F);
  SW_LAUNCH_EARLY(split_gated_kernel, by_quads(T, chunks), dim3(kThreads), stream, gate, ldg, up, ldu, F, kind, chunks,
                  fours(gate, ldg) && fours(up, ldu), rows_at(split, T, F));
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
