#include "kernels/cpu/word_kernels_impl.h"
#include "kernels/cpu/word_registers_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

struct Registers : EightWords {
  // In place: the compiler would keep copies of the twelve sums.
  static inline __attribute__((always_inline)) void add_products(__m256i& sum, __m256i a, __m256i b) {
    const __m256i products = _mm256_madd_epi16(a, b);
    asm("vpaddd %1, %0, %0" : "+x"(sum) : "x"(products));
  }
};

}  // namespace

const WordKernels& word_kernels_avx2() {
  return WordTiles<Registers>::table();
}

}  // namespace scalewright::kernels::cpu
