#pragma once
// What a sketch says of a strip (gemv_largest.h). Raw pointers only.

#include <cstdint>

namespace scalewright::kernels::cpu {

// Of 16 rows whose rough products are 16 * sums [16]: the largest, and the largest of them with its margin added; both
// infinity where one is no number. The margin is the root of sum over records of d^2 * energy [count].
struct RoughStrip {
  float peak, reach;
};
RoughStrip rough_strip_avx2(const float* sums, const uint8_t* records, int64_t record_bytes, int64_t count,
                            const float* energy);

}  // namespace scalewright::kernels::cpu
