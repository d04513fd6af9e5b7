#pragma once
// Bits by layer under a size budget: an integer program over what each choice costs in loss and in bytes (as in HAWQ,
// arXiv:2011.10680, and LQ-LoRA, arXiv:2311.12023), solved exactly by dynamic programming over the sizes that can occur.

#include <cstdint>
#include <vector>

#include "engine/core/error.h"

namespace scalewright::quant {

struct BitOption {
  int64_t bytes = 0;
  double loss = 0.0;
};
// One option for each item, so that the sum of losses is least and that of bytes at most `budget`. Exact as long as no
// more than a million different sums of bytes are worth keeping; beyond, neighbouring sums are merged.
// InvalidArgument, saying the least that is possible, where even the smallest options do not fit.
Result<std::vector<int>> allocate_bits(const std::vector<std::vector<BitOption>>& items, int64_t budget);

}  // namespace scalewright::quant
