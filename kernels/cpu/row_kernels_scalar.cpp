#include "kernels/cpu/row_kernels_impl.h"
#include "kernels/cpu/simd_scalar.h"

namespace scalewright::kernels::cpu {

const RowKernels& row_kernels_scalar() {
  static constexpr RowKernels table = Rows<ScalarVec>::table();
  return table;
}

const RowKernels& row_kernels(Isa isa) {
  switch (isa) {
    case Isa::Avx512:
      return row_kernels_avx512();
    case Isa::AvxVnni:
    case Isa::Avx2:
      return row_kernels_avx2();
    case Isa::Scalar:
      break;
  }
  return row_kernels_scalar();
}

}  // namespace scalewright::kernels::cpu
