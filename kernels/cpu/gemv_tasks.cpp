#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {

StripKernel fast_kernel(Isa isa, BlockKind kind, int bits, bool sub16, bool masters, int rows) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::Avx512:
      return fast_kernel_avx512(kind, bits, sub16, masters, rows);
    case Isa::AvxVnni:
      return fast_kernel_avxvnni(kind, bits, sub16, masters, rows);
    case Isa::Avx2:
      return fast_kernel_avx2(kind, bits, sub16, masters, rows);
    case Isa::Scalar:
      break;
  }
#endif
  (void)isa, (void)kind, (void)bits, (void)sub16, (void)masters, (void)rows;
  return nullptr;
}

StripKernel exact_kernel(Isa isa, BlockKind kind, int bits, bool sub16, bool masters, int rows) {
#if defined(__x86_64__)
  if (isa == Isa::Avx512) return exact_kernel_avx512(kind, bits, sub16, masters, rows);
  if (isa != Isa::Scalar) return exact_kernel_avx2(kind, bits, sub16, masters, rows);
#endif
  (void)isa, (void)kind, (void)bits, (void)sub16, (void)masters, (void)rows;
  return nullptr;
}

}  // namespace scalewright::kernels::cpu
