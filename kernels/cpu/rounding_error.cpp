#include "kernels/cpu/rounding_error.h"

#include "kernels/cpu/rounding_error_impl.h"

namespace scalewright::kernels::cpu {

RoundingError rounding_error(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::Avx512) return rounding_error_avx512;
  if (isa != Isa::Scalar) return rounding_error_avx2;
#endif
  (void)isa;
  return rounding_error_any;
}

}  // namespace scalewright::kernels::cpu
