#pragma once
// The rounding of activations in its plainest form: what products in fast precision are tested against.

#include <cstdint>

namespace scalewright::kernels::reference {

// out [K]: x as the fast products see it, d * q by blocks of 32 inputs with d = max |x| / 127 and q = x * (127 / max
// |x|) rounded to nearest even.
void round_activations(const float* x, int64_t K, double* out);

}  // namespace scalewright::kernels::reference
