#pragma once
// Attention of few queries over keys in halves: a token's, or a few drafted ones.

#include "kernels/common/attention_spec.h"
#include "kernels/cuda/attention_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

// Whether attention_few computes this.
bool few_queries(const AttentionSpec& s, const void* q, const void* k, const void* v);
// Rows of a block, and blocks that share the rows that read one head of keys.
int few_tile(const AttentionSpec& s);
int64_t few_tiles(const AttentionSpec& s);
// Blocks that share the keys of a head.
int few_parts(const AttentionSpec& s, int processors);
// As attention() with so many parts.
void attention_few(void* stream, const AttentionSpec& s, int parts, const float* q, const uint16_t* k,
                   const uint16_t* v, float* out, float* logsumexp, float* partial);

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
