#pragma once
// The threaded forms of RowKernels over [T, width] arrays; see Backend for what each means. Small work stays on the
// caller.

#include <cstdint>

#include "kernels/common/attention_spec.h"
#include "kernels/cpu/cpu_context.h"
#include "kernels/cpu/row_kernels.h"

namespace scalewright::kernels::cpu {

void rmsnorm(const CpuContext& context, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
             const float* weight, float epsilon, float* y, int64_t ldy, float* inv_rms);
void rmsnorm_dx(const CpuContext& context, const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T,
                int groups, int64_t D, const float* weight, const float* inv_rms, float* dx, int64_t lddx,
                bool accumulate);
void rope(const CpuContext& context, float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary,
          const float* cosine, const float* sine, bool adjacent, bool inverse);
void gated(const CpuContext& context, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T,
           int64_t F, GateKind kind, float* out, int64_t ldo);
void gated_backward(const CpuContext& context, const float* gate, int64_t ldg, const float* up, int64_t ldu,
                    const float* dout, int64_t lddo, int64_t T, int64_t F, GateKind kind, float* dgate, float* dup);
void store_kv(const CpuContext& context, const float* src, int64_t lds, int64_t T, int64_t width, void* dst,
              int64_t ldd, bool half);
void add(const CpuContext& context, const float* x, float* y, int64_t n);
void softcap(const CpuContext& context, float* x, int64_t n, float cap);
void cross_entropy(const CpuContext& context, float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets,
                   float cap, float gradient_scale, double* nll, bool want_gradient);
void adamw(const CpuContext& context, const AdamWTerms& terms, const float* gradient, float* parameter, float* m,
           float* v, int64_t n);

}  // namespace scalewright::kernels::cpu
