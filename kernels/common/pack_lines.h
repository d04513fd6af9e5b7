#pragma once
// Writing the code lines of quant_layout.h with AVX2: the line kernels under pack_strip_avx2 and for the file blocks
// that need no detour over plain codes. Call only where the processor has AVX2.

#include <cstdint>

namespace scalewright::kernels {

// One chunk: 32 codes of each of 16 rows, rows `stride` bytes apart, to bits * 64 bytes of lines.
void pack_lines_avx2(const uint8_t* codes, int64_t stride, int bits, uint8_t* lines);
// One chunk of 4 bits from 16 bytes of each row: low nibbles are inputs 0 .. 15, high ones 16 .. 31 (GGUF's Q4_0 and
// Q4_1).
void pack_nibbles_avx2(const uint8_t* nibbles, int64_t stride, uint8_t* lines);

}  // namespace scalewright::kernels
