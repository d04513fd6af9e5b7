#pragma once
// Grids of kernels whose threads walk over n elements by strides.

#include <cstdint>

#include "kernels/cuda/space.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

// Blocks of 256 threads for n elements, up to `most`.
inline unsigned strided_blocks(int64_t n, int64_t most = 4096) {
  const int64_t blocks = (n + 255) / 256;
  return static_cast<unsigned>(blocks < most ? blocks : most);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
