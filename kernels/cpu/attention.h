#pragma once
// Attention in flash form (Dao et al., arXiv:2205.14135): blocks of 96 queries against blocks of 96 keys, the softmax
// kept as a running maximum and sum, nothing of size queries x keys ever stored. Grouped heads share the keys and
// values they read.

#include <cstddef>

#include "kernels/common/attention_spec.h"
#include "kernels/cpu/cpu_context.h"

namespace scalewright::kernels::cpu {

// Scratch of one thread for heads of this size.
size_t attention_thread_bytes(int head_dim);
// Shared scratch of a call with few queries (decoding), at most.
size_t attention_shared_bytes(const AttentionSpec& s);

// out [T, heads * head_dim]; logsumexp [T, heads] may be null.
void attention_forward(const CpuContext& context, const AttentionSpec& s, const float* q, const void* k, const void* v,
                       float* out, float* logsumexp);
// Writes dq, dk, dv from the output and logsumexp of the forward; keys and values fp32, query_offset 0.
void attention_backward(const CpuContext& context, const AttentionSpec& s, const float* q, const float* k,
                        const float* v, const float* out, const float* logsumexp, const float* dout, float* dq,
                        float* dk, float* dv);

}  // namespace scalewright::kernels::cpu
