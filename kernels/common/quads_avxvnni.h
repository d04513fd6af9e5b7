#pragma once
// Products of quads with AVX-VNNI, the 256-bit form of vpdpbusd. Only for files built with it; internal linkage.

#include <immintrin.h>

namespace scalewright::kernels {
namespace {

// Each 32-bit lane of sum += four products of unsigned bytes of w with signed bytes of x. As one instruction that the
// compiler cannot see into, see quads_avx512.h.
inline __attribute__((always_inline)) void add_products(__m256i& sum, __m256i w, __m256i x) {
  asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(w), "x"(x));
}

}  // namespace
}  // namespace scalewright::kernels
