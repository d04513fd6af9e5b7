#pragma once
// Raw-pointer entry points of the AVX2 unpackers, called by unpack_avx2_dispatch.cpp. Nothing here is inline, so that no
// code built for AVX2 can be taken by another file.

#include <cstdint>

namespace scalewright::kernels {

// `chunks` consecutive chunks of one record to f32 [chunks * 32][16]. a, c [.][16] move on by one sub-block every `sub`
// inputs; sub is 16 or a multiple of 32, and `phase` says how many inputs of the first sub-block lie before the first chunk.
void unpack_lines_scaled_avx2(const uint8_t* lines, int bits, int64_t chunks, int64_t sub, int64_t phase, const float* a,
                              const float* c, float* panel);
void unpack_lines_codes_avx2(const uint8_t* lines, int bits, int64_t chunks, float* panel);

}  // namespace scalewright::kernels
