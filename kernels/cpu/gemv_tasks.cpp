#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {

StripKernel fast_kernel(Isa isa, BlockKind kind, int bits, bool sub16, bool masters) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::Avx512:
      return fast_kernel_avx512(kind, bits, sub16, masters);
    case Isa::AvxVnni:
      return fast_kernel_avxvnni(kind, bits, sub16, masters);
    case Isa::Avx2:
      return fast_kernel_avx2(kind, bits, sub16, masters);
    case Isa::Scalar:
      break;
  }
#endif
  (void)isa, (void)kind, (void)bits, (void)sub16, (void)masters;
  return nullptr;
}

StripKernel exact_kernel(Isa isa, BlockKind kind, int bits, bool sub16, bool masters) {
#if defined(__x86_64__)
  if (isa == Isa::Avx512) return exact_kernel_avx512(kind, bits, sub16, masters);
  if (isa != Isa::Scalar) return exact_kernel_avx2(kind, bits, sub16, masters);
#endif
  (void)isa, (void)kind, (void)bits, (void)sub16, (void)masters;
  return nullptr;
}

}  // namespace scalewright::kernels::cpu
