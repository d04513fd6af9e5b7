#include "kernels/cpu/row_kernels.h"

#if defined(__AVX2__)
#include "kernels/cpu/row_kernels_impl.h"
#include "kernels/cpu/simd_avx2.h"

namespace scalewright::kernels::cpu {

const RowKernels& row_kernels_avx2() {
  static constexpr RowKernels table = Rows<Avx2Vec>::table();
  return table;
}

}  // namespace scalewright::kernels::cpu
#else
namespace scalewright::kernels::cpu {
const RowKernels& row_kernels_avx2() {
  return row_kernels_scalar();
}
}  // namespace scalewright::kernels::cpu
#endif
