#include "kernels/cpu/rounding_error.h"
#include "kernels/cpu/rounding_error_impl.h"

namespace scalewright::kernels::cpu {

float rounding_error_avx2(const float* w, const float* weight, int64_t n, float scale, float lowest, float highest) {
  return rounding_error_any(w, weight, n, scale, lowest, highest);
}

}  // namespace scalewright::kernels::cpu
