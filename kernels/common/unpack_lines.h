#pragma once
// Raw-pointer entry points of the AVX2 and AVX-512 unpackers, called by unpack_dispatch.cpp. Nothing here is inline, so
// that no code built for one instruction set can be taken by another file.

#include <cstdint>

#include "kernels/common/quant_layout.h"

namespace scalewright::kernels {

// `chunks` consecutive chunks of one record to f32 [chunks * 32][16]. a, c [.][16] move on by one sub-block every `sub`
// inputs; sub is 16 or a multiple of 32, and `phase` says how many inputs of the first sub-block lie before the first
// chunk.
void unpack_lines_scaled_avx2(const uint8_t* lines, int bits, int64_t chunks, int64_t sub, int64_t phase,
                              const float* a, const float* c, float* panel);
void unpack_lines_scaled_avx512(const uint8_t* lines, int bits, int64_t chunks, int64_t sub, int64_t phase,
                                const float* a, const float* c, float* panel);
// Sub-blocks first .. first + count - 1 of one record: a, c [count][16], without row scales. sub16: sub-blocks of 16
// inputs in KMin. d, dmin [16]: masters in place of the header's halves, or null.
void record_scales_avx2(const uint8_t* header, BlockKind kind, bool sub16, float offset, int64_t first, int64_t count,
                        const float* d, const float* dmin, float* a, float* c);
void unpack_lines_codes_avx2(const uint8_t* lines, int bits, int64_t chunks, float* panel);

}  // namespace scalewright::kernels
