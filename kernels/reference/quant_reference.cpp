#include "kernels/reference/quant_reference.h"

#include <cmath>

namespace scalewright::kernels::reference {

void round_activations(const float* x, int64_t K, double* out) {
  for (int64_t begin = 0; begin < K; begin += 32) {
    const int64_t end = begin + 32 < K ? begin + 32 : K;
    float largest = 0.0f;
    for (int64_t k = begin; k < end; ++k) largest = std::fmax(largest, std::fabs(x[k]));
    const float d = largest / 127.0f, inverse = largest > 0.0f ? 127.0f / largest : 0.0f;
    for (int64_t k = begin; k < end; ++k) {
      const float scaled = x[k] * inverse;
      out[k] = static_cast<double>(d) * std::nearbyint(scaled);
    }
  }
}

}  // namespace scalewright::kernels::reference
