#pragma once
// Products with a few rows of activations, 1..8: decoding a token. y [T, N] = x [T, K] W^T + bias. Reading W is what
// they cost, so it is read once, as it lies, and never written out.

#include <cstddef>
#include <cstdint>

#include "kernels/common/quant_layout.h"
#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::kernels::cpu {

// Bytes of workspace for T rows of K inputs, for any of the functions below. It need not be aligned.
size_t gemv_workspace_bytes(int64_t rows_of_x, int64_t K);

// Exact: fp32 activations, taken apart into integers that lose nothing a sum in fp32 would keep (gemv_activations.h).
void gemv_exact(ThreadPool& pool, Isa isa, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                const float* bias, float* y, int64_t ldy, void* workspace);
// Fast: activations rounded to 8 bits by blocks of 32 (activations.h), integer sums within a block.
void gemv_fast(ThreadPool& pool, Isa isa, const float* x, int64_t ldx, int64_t T, const QuantView& w, const float* bias,
               float* y, int64_t ldy, void* workspace);
// Up to kMostGemvParts matrices of as many inputs with the same rows: x is prepared once and the threads share all the
// strips. The numbers are those of the functions above.
inline constexpr size_t kMostGemvParts = 3;
struct GemvPart {
  const QuantView* w = nullptr;
  const float* bias = nullptr;
  float* y = nullptr;  // [T, N]
};
void gemv_set(ThreadPool& pool, Isa isa, bool fast, const float* x, int64_t ldx, int64_t T, const GemvPart* parts,
              int count, int64_t ldy, void* workspace);
// Matrices that are not quantized; exact.
void gemv_dense(ThreadPool& pool, Isa isa, const float* x, int64_t ldx, int64_t T, const DenseView& w,
                const float* bias, float* y, int64_t ldy);

}  // namespace scalewright::kernels::cpu
