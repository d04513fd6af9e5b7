#pragma once
// Factors of products backwards, made on the card from what they are made of, rounded to bf16 on their way. Compiled twice,
// see kernels/cuda/space.h.

#include <span>

#include "engine/backend/backend.h"
#include "engine/backend/cuda_staging.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

// to [T, K], rows side by side.
void make_rounded(void* stream, StagedCall& call, const BackwardInput& x, int64_t T, int64_t K, uint16_t* to);
// to: [T, rows] of one part after the other, up to device::kMostSplit of them. dy is a Gate or a Turn.
void make_rounded(void* stream, StagedCall& call, const BackwardGradient& dy, int64_t T,
                  std::span<const LinearGradient> parts, int64_t lddy, uint16_t* to);

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
