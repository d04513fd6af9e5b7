#include "kernels/cpu/pair_kernels.h"

namespace scalewright::kernels::cpu {

const PairKernels* pair_kernels(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::Avx512 && cpu_features().avx512_bf16) return &pair_kernels_avx512bf16();
#endif
  (void)isa;
  return nullptr;
}

}  // namespace scalewright::kernels::cpu
