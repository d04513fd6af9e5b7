#include "kernels/cpu/rounding_group_impl.h"

namespace scalewright::kernels::cpu {

const RoundingGroup& rounding_group_avx512() {
  return kTable;
}

}  // namespace scalewright::kernels::cpu
