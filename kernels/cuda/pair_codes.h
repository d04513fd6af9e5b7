#pragma once
// Codes of two quads of inputs that are neighbours, for warps that take eight chunks of a strip side by side: lane l has quads
// l % 4 * 2 and the next of chunk l / 4, and of four rows all that a line has of them at once.

#include "kernels/cuda/quant_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int kChunksAcross = 8;

template <int kBits>
struct PairCodes {
  static constexpr int kLines = kBits == 3 ? 3 : kBits == 2 || kBits == 4 ? 1 : 2;
  uint4 rows[kLines];
  SW_DEVICE void read(Global<const uint8_t> from, int lane, int row0) {
    SW_UNROLL
    for (int i = 0; i < kLines; ++i) rows[i] = ldg_u128(from, 64 * line_of(lane % 4, i) + 4 * row0);
  }
  SW_DEVICE uint32_t word(int line, int r) const {
    if constexpr (kLines == 3) {
      const uint32_t late = line == 1 ? of_row(rows[1], r) : of_row(rows[2], r);
      return line == 0 ? of_row(rows[0], r) : late;
    } else if constexpr (kLines == 2) {
      const bool second = kBits == 8 ? line % 2 != 0 : line >= 4;
      return second ? of_row(rows[1], r) : of_row(rows[0], r);
    }
    return of_row(rows[0], r);
  }

 private:
  static SW_DEVICE uint32_t of_row(const uint4& line, int r) {
    return r == 0 ? line.x : r == 1 ? line.y : r == 2 ? line.z : line.w;
  }
  // The i-th line that quads 2 pair and 2 pair + 1 need.
  static SW_DEVICE int line_of(int pair, int i) {
    switch (kBits) {
      case 2:
        return pair / 2;
      case 3:
        return i;
      case 8:
        return 2 * pair + i;
      default:
        return i == 0 ? pair : kBits == 5 ? 4 : 4 + pair / 2;
    }
  }
};

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
