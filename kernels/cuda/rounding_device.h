#pragma once
// Numbers stored as floats or rounded to bf16, whichever the place takes.

#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

SW_DEVICE void put(Global<float> out, int64_t i, float v) { st(out, i, v); }
SW_DEVICE void put(Global<uint16_t> out, int64_t i, float v) { st(out, i, static_cast<uint16_t>(bf16_bits(v))); }
// Four of them, i a multiple of 4.
SW_DEVICE void put4(Global<float> out, int64_t i, float4 v) { st4(out, i, v); }
SW_DEVICE void put4(Global<uint16_t> out, int64_t i, float4 v) {
  st(as<uint2>(out), i / 4, uint2{bf16_pair(v.x, v.y), bf16_pair(v.z, v.w)});
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
