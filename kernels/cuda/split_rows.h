#pragma once
// Rows of x as gemv.cu multiplies them on the tensor cores: whole numbers of four signed bytes, in units of a power of
// two that each chunk of 32 inputs has of its own. 30 bits below the largest of a chunk stay, more than fp32 keeps in a
// sum.
//
//   [T, chunks, 4, 32]  int8: the four digits of 32 inputs, the highest first
//   [T, chunks, 4]      fp32: unit * 2^16, sum of the chunk; unit, 0
//   [T, chunks, 4]      fp32: sums of the first and of the second half of the chunk; 0, 0
//
//   [T, ceil(K / 1024)] fp32: of split_normed, sums of the squares of 1024 inputs
//
// chunks is a multiple of 4; inputs beyond K are zero. A chunk with an infinity or a NaN has NaN as its unit.

#include "kernels/common/quant_layout.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int kSplitBytes = 4 * kChunk;  // of digits a chunk
inline constexpr int kSplitTerms = 4;           // floats a chunk in each of two arrays
static_assert(kSplitBytes == 128);

constexpr int64_t split_chunks(int64_t K) {
  return (K + 4 * kChunk - 1) / (4 * kChunk) * 4;
}

inline constexpr int kSquaredInputs = 1024;  // of a sum of squares
constexpr int64_t square_sums(int64_t K) {
  return (K + kSquaredInputs - 1) / kSquaredInputs;
}

// Bytes from the start of rows made ready to the sums of squares behind them.
constexpr int64_t squares_at(int64_t T, int64_t K) {
  return T * split_chunks(K) * (kSplitBytes + 2 * kSplitTerms * static_cast<int64_t>(sizeof(float)));
}

// What a product of rows that split_normed made ready is multiplied with.
struct RowScale {
  Global<const float> squares;  // null: nothing
  int parts;
  float share, epsilon;  // share: 1 / K

  // Of the sum of squares of a row: every so many parts from one on.
  SW_DEVICE float some_of(int64_t row, int from, int step) const {
    float sum = 0.0f;
    if (squares)
      for (int i = from; i < parts; i += step) sum += ld(squares, row * parts + i);
    return sum;
  }
  SW_DEVICE float of(float sum) const { return squares ? reciprocal_root(fmaf(sum, share, epsilon)) : 1.0f; }
};

struct SplitRows {
  Global<uint32_t> digits;
  Global<float> terms, half_sums;
};

// Where the arrays of T rows of K inputs lie.
inline SplitRows rows_at(void* split, int64_t T, int64_t K) {
  const int64_t chunks = split_chunks(K);
  auto* bytes = static_cast<uint8_t*>(split);
  auto* terms = reinterpret_cast<float*>(bytes + T * chunks * kSplitBytes);
  return {reinterpret_cast<uint32_t*>(bytes), terms, terms + T * chunks * kSplitTerms};
}

SW_DEVICE uint32_t digits_of(float value, float factor) {
  // Adding half of each lower byte's range carries, so that the bytes are digits from -128 to 127.
  return (static_cast<uint32_t>(static_cast<int32_t>(value * factor)) + 0x00808080u) ^ 0x00808080u;
}

// Writes inputs 4 * quad .. + 3 of a chunk, `at` being its number among all rows'. Eight lanes side by side have the
// quads of a chunk; all of a warp call it, and those without a chunk do not store.
SW_DEVICE void split_quad(const SplitRows& out, int64_t at, int quad, float4 v, bool stores) {
  const float x[4] = {v.x, v.y, v.z, v.w};
  uint32_t largest = 0;
  SW_UNROLL
  for (int i = 0; i < 4; ++i) {
    const uint32_t size = float_to_bits(x[i]) & 0x7fffffffu;
    largest = size > largest ? size : largest;
  }
  float half_sum = (x[0] + x[1]) + (x[2] + x[3]);
  SW_UNROLL
  for (int mask = 1; mask < 8; mask *= 2) {
    const uint32_t other = float_to_bits(shuffle_xor(bits_to_float(largest), mask));
    largest = other > largest ? other : largest;
    if (mask < 4) half_sum += shuffle_xor(half_sum, mask);
  }
  const float second_sum = shuffle_xor(half_sum, 4);
  const bool finite = largest < 0x7f800000u;
  // |x| < 2^(exponent - 126), so a whole number stays below 2^30.
  const uint32_t exponent = largest >> 23 < 30 ? 30 : largest >> 23;
  const float factor = bits_to_float((283 - exponent) << 23);
  const float unit = bits_to_float(finite ? (exponent - 29) << 23 : 0x7fffffffu);
  if (!stores) return;
  uint32_t word[4];
  SW_UNROLL
  for (int i = 0; i < 4; ++i) word[i] = finite ? digits_of(x[i], factor) : 0;
  SW_UNROLL
  for (int digit = 0; digit < 4; ++digit) {
    const int shift = 24 - 8 * digit;
    const uint32_t plane = (word[0] >> shift & 255u) | (word[1] >> shift & 255u) << 8 |
                           (word[2] >> shift & 255u) << 16 | (word[3] >> shift & 255u) << 24;
    st(out.digits, at * (kSplitBytes / 4) + digit * (kChunk / 4) + quad, plane);
  }
  if (quad > 1) return;
  if (quad == 0) {
    st4(out.terms, at * kSplitTerms, {unit * 65536.0f, half_sum + second_sum, unit, 0.0f});
  } else {
    st4(out.half_sums, at * kSplitTerms, {half_sum, second_sum, 0.0f, 0.0f});
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
