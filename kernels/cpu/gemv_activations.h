#pragma once
// Activations as integers, a scale for each block of 32 inputs. Every instruction set gives the same bits. A block that
// holds an infinity or a NaN gets the scale NaN, so that it shows in the product.
//
// Rounded (fast): x ~ d * q with d = max |x| / 127 and q = round to nearest even of x * (127 / max |x|), all in fp32.
//
// Split (exact): x ~ d * (65025 * q2 + 255 * q1 + q0), three digits of -127..127, d the power of two that makes the
// largest |x| of the block 2^22 .. 127 * 65281: no digit of an fp32 number is lost but the last one of the block's
// largest numbers and what lies below it in smaller ones. The error of a number is at most 2^-22 of the power of two
// under the block's largest: what summing 32 products in fp32 costs anyway.

#include <cstdint>

#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {

inline constexpr float kTopDigit = 65025.0f;  // 255 * 255

// One row of K inputs as integers and what (q - offset) products need. chunks = ceil(K / 32); zeros beyond K.
struct IntegerRow {
  int8_t* q = nullptr;     // [chunks][planes][32]; planes 1 (rounded) or 3 (split; q0, q1, q2)
  float* d = nullptr;      // [chunks]
  float* sum32 = nullptr;  // [chunks] d times the sum of the block's integers
  float* sum16 = nullptr;  // [2 * chunks] the same of its halves
};

void round_activations(Isa isa, const float* x, int64_t K, const IntegerRow& row);
void split_activations(Isa isa, const float* x, int64_t K, const IntegerRow& row);

// The whole chunks of a row, on the instruction set of the name.
void round_chunks_avx2(const float* x, int64_t chunks, const IntegerRow& row);
void split_chunks_avx2(const float* x, int64_t chunks, const IntegerRow& row);
void round_chunks_avx512(const float* x, int64_t chunks, const IntegerRow& row);
void split_chunks_avx512(const float* x, int64_t chunks, const IntegerRow& row);

// What one block's largest number, given as the bits of its magnitude, says about its scale: d, and what to multiply x
// by.
struct BlockScale {
  float d, inverse;
};
BlockScale rounded_scale(uint32_t largest_bits);
BlockScale split_scale(uint32_t largest_bits);

}  // namespace scalewright::kernels::cpu
