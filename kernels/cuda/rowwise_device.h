#pragma once
// How kernels that take numbers of rows one by one are laid out: a block has 256 columns of a row, of four numbers each
// where everything is aligned.

#include <cstdint>

#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

SW_DEVICE int64_t column() { return static_cast<int64_t>(block_y()) * block_dim_x() + thread_x(); }
inline dim3 by_columns(int64_t T, int64_t width) {
  return dim3(static_cast<unsigned>(T), static_cast<unsigned>((width + 255) / 256));
}
inline bool aligned(const void* p, int64_t ld) { return ld % 4 == 0 && reinterpret_cast<uintptr_t>(p) % 16 == 0; }

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
