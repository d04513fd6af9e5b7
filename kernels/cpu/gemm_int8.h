#pragma once
// Products with many rows of activations in fast precision: prompts. y [T, N] = x [T, K] W^T + bias with x rounded to 8
// bits by blocks of 32 (gemv_activations.h). A strip of W is unpacked to bytes once for all rows; six rows meet it at a
// time.

#include <cstddef>
#include <cstdint>

#include "kernels/common/quant_layout.h"
#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::kernels::cpu {

size_t gemm_fast_workspace_bytes(int64_t T, int64_t K);

// Any T from 1; worth it from about 4 rows. workspace: gemm_fast_workspace_bytes(T, K), not necessarily aligned.
void gemm_fast(ThreadPool& pool, Isa isa, const float* x, int64_t ldx, int64_t T, const QuantView& w, const float* bias,
               float* y, int64_t ldy, void* workspace);

}  // namespace scalewright::kernels::cpu
