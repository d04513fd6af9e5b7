#pragma once
// Attention on the tensor cores, for specs that allow factors rounded to bf16 (q, k, v, dout, probabilities and their
// gradients); sums, softmax and logsumexp are fp32. False: not for this call, and nothing was done.

#include <cstdint>
#include <initializer_list>

#include "kernels/common/attention_spec.h"
#include "kernels/cuda/space.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int64_t kLeastFastQueries = 16;
inline constexpr int kLargestFastHead = 128;

// As attention(). rounded: room for attention_rounded(spec) numbers in bf16.
int64_t attention_rounded(const AttentionSpec& s);
bool attention_fast(void* stream, const AttentionSpec& s, const float* q, const void* k, const void* v, float* out,
                    float* logsumexp, uint16_t* rounded);
// As attention_backward(). terms: room for four words a query and head; rounded: for attention_backward_rounded(spec)
// numbers.
int64_t attention_backward_rounded(const AttentionSpec& s);
bool attention_backward_fast(void* stream, const AttentionSpec& s, const float* q, const float* k, const float* v,
                             const float* out, const float* logsumexp, const float* dout, float* dq, float* dk,
                             float* dv, void* terms, uint16_t* rounded);

// What both need of a call: numbers that can be read four at a time, and heads in eights.
inline bool suits_fast(const AttentionSpec& s) {
  const int64_t rows = s.queries * (s.heads / s.kv_heads);
  return s.fast && !s.position && s.queries >= kLeastFastQueries && s.head_dim <= kLargestFastHead && s.scale > 0.0f &&
         s.head_dim % 8 == 0 && (s.ldq | s.ldk | s.ldv | s.ldo) % 4 == 0 && rows < (1 << 24) && s.keys < (1 << 24) &&
         (s.ldq | s.ldk | s.ldv | s.ldo) < (1 << 30);
}
inline bool lie_in_fours(std::initializer_list<const void*> all) {
  for (const void* data : all)
    if (reinterpret_cast<uintptr_t>(data) % 16 != 0) return false;
  return true;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
