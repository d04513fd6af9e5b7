#include "kernels/cpu/row_kernels.h"

#if defined(__AVX512F__)
#include "kernels/cpu/row_kernels_impl.h"
#include "kernels/cpu/simd_avx512.h"

namespace scalewright::kernels::cpu {

const RowKernels& row_kernels_avx512() {
  static constexpr RowKernels table = Rows<Avx512Vec>::table();
  return table;
}

}  // namespace scalewright::kernels::cpu
#else
namespace scalewright::kernels::cpu {
const RowKernels& row_kernels_avx512() {
  return row_kernels_scalar();
}
}  // namespace scalewright::kernels::cpu
#endif
