#include "kernels/cpu/word_kernels_impl.h"
#include "kernels/cpu/word_registers_avx2.h"

namespace scalewright::kernels::cpu {
namespace {

struct Registers : EightWords {
  // In place: the compiler would keep copies of the twelve sums.
  static inline __attribute__((always_inline)) void add_products(__m256i& sum, __m256i a, __m256i b) {
    asm("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  }
};

}  // namespace

const WordKernels& word_kernels_avxvnni() {
  return WordTiles<Registers>::table();
}

}  // namespace scalewright::kernels::cpu
