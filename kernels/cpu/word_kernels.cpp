#include "kernels/cpu/word_kernels.h"

namespace scalewright::kernels::cpu {

const WordKernels* word_kernels(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::Avx512) return &word_kernels_avx512();
  if (isa == Isa::AvxVnni) return &word_kernels_avxvnni();
  if (isa == Isa::Avx2) return &word_kernels_avx2();
#endif
  (void)isa;
  return nullptr;
}

}  // namespace scalewright::kernels::cpu
