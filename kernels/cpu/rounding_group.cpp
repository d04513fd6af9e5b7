#include "kernels/cpu/rounding_group.h"

#include "kernels/cpu/rounding_group_impl.h"

namespace scalewright::kernels::cpu {

const RoundingGroup& rounding_group(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::Avx512) return rounding_group_avx512();
  if (isa != Isa::Scalar) return rounding_group_avx2();
#endif
  (void)isa;
  return kTable;
}

}  // namespace scalewright::kernels::cpu
