#pragma once
// Products with a weight matrix in fp32: forward, gradient of the input, gradient of the scales. Weights are turned to
// floats a panel at a time inside the product, so that no full-precision copy of a matrix ever exists. Letters: T
// tokens, N output rows, K inputs, G groups.

#include <cstddef>
#include <cstdint>

#include "kernels/common/quant_layout.h"
#include "kernels/cpu/cpu_context.h"

namespace scalewright::kernels::cpu {

size_t gemm_thread_bytes();
// Shared scratch of linear_dscale_f32; the other products need none.
size_t gemm_shared_bytes(int64_t T, int64_t N, int64_t K);

// y [T, N] = x [T, K] W^T + bias [N] (may be null).
void linear_f32(const CpuContext& context, const float* x, int64_t ldx, int64_t T, const WeightView& w,
                const float* bias, float* y, int64_t ldy);
// dx [T, K] = (accumulate ? dx : 0) + dy [T, N] W.
void linear_dx_f32(const CpuContext& context, const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx,
                   int64_t lddx, bool accumulate);
// dscale, dscale_min [N, G] += gradient of the scales: W is linear in them, so it is the product of dY^T X, made tile
// by tile and never stored, with W at scale one (method.md, "per group"). dscale_min may be null.
void linear_dscale_f32(const CpuContext& context, const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T,
                       const QuantView& w, float* dscale, float* dscale_min);
// drow [N] += sum_t dy * y / row_scale.
void linear_drow_f32(const CpuContext& context, const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T,
                     int64_t N, const float* row_scale, float* drow);
// out [T, K] = factor * rows `ids` of w.
void embed_f32(const CpuContext& context, const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out,
               int64_t ldo);

}  // namespace scalewright::kernels::cpu
