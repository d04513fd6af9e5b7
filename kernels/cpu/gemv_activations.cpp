#include "kernels/cpu/gemv_activations.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace scalewright::kernels::cpu {
namespace {

constexpr uint32_t kInfinity = 0x7f800000u;
constexpr int kLimit = 127 * 65281;  // the largest number that three digits hold

uint32_t largest_bits(const float* x) {
  uint32_t largest = 0;
  for (int i = 0; i < 32; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu;
    if (bits > largest) largest = bits;
  }
  return largest;
}

// Integers of a block, or zeros where its scale is no number.
void to_integers(const float* x, const BlockScale& scale, int (&v)[32]) {
  for (int i = 0; i < 32; ++i) {
    v[i] = std::isnan(scale.d) ? 0 : static_cast<int>(std::nearbyint(x[i] * scale.inverse));
  }
}

void store_sums(const int (&v)[32], float d, float* sum32, float* sum16) {
  int sums[2] = {0, 0};
  for (int i = 0; i < 32; ++i) sums[i / 16] += v[i];
  sum16[0] = d * static_cast<float>(sums[0]);
  sum16[1] = d * static_cast<float>(sums[1]);
  *sum32 = d * static_cast<float>(sums[0] + sums[1]);
}

void round_chunk(const float* x, const IntegerRow& row, int64_t j) {
  const BlockScale scale = rounded_scale(largest_bits(x));
  int v[32];
  to_integers(x, scale, v);
  for (int i = 0; i < 32; ++i) row.q[32 * j + i] = static_cast<int8_t>(v[i]);
  row.d[j] = scale.d;
  store_sums(v, scale.d, row.sum32 + j, row.sum16 + 2 * j);
}

// v = 255 * (the result) + digit, the digit in -127..127.
int take_digit(int v, int8_t* digit) {
  int rest = v % 255;
  if (rest > 127) rest -= 255;
  if (rest < -127) rest += 255;
  *digit = static_cast<int8_t>(rest);
  return (v - rest) / 255;
}

void split_chunk(const float* x, const IntegerRow& row, int64_t j) {
  const BlockScale scale = split_scale(largest_bits(x));
  int v[32];
  to_integers(x, scale, v);
  int8_t* q = row.q + 96 * j;
  for (int i = 0; i < 32; ++i) {
    const int upper = take_digit(v[i], q + i);
    q[64 + i] = static_cast<int8_t>(take_digit(upper, q + 32 + i));
  }
  row.d[j] = scale.d;
  store_sums(v, scale.d, row.sum32 + j, row.sum16 + 2 * j);
}

using WholeChunks = void (*)(const float* x, int64_t chunks, const IntegerRow& row);
using OneChunk = void (*)(const float* x, const IntegerRow& row, int64_t chunk);

void convert(WholeChunks whole_chunks, OneChunk one_chunk, const float* x, int64_t K, const IntegerRow& row) {
  const int64_t whole = K / 32;
  if (whole_chunks) {
    whole_chunks(x, whole, row);
  } else {
    for (int64_t j = 0; j < whole; ++j) one_chunk(x + 32 * j, row, j);
  }
  if (K % 32 == 0) return;
  float rest[32] = {};
  std::memcpy(rest, x + 32 * whole, static_cast<size_t>(K % 32) * sizeof(float));
  one_chunk(rest, row, whole);
}

}  // namespace

BlockScale rounded_scale(uint32_t bits) {
  if (bits >= kInfinity) return {std::numeric_limits<float>::quiet_NaN(), 0.0f};
  const float largest = std::bit_cast<float>(bits), inverse = 127.0f / largest;
  // A block of nothing, or of numbers so small that their inverse is not finite.
  if (!(inverse <= std::numeric_limits<float>::max())) return {0.0f, 0.0f};
  return {largest / 127.0f, inverse};
}

BlockScale split_scale(uint32_t bits) {
  if (bits >= kInfinity) return {std::numeric_limits<float>::quiet_NaN(), 0.0f};
  // Exponent of d: that of the largest number less 22, one more where it would pass the limit.
  int exponent = static_cast<int>(bits >> 23) - 22;
  if ((bits & 0x7fffffu) > static_cast<uint32_t>(2 * kLimit - (1 << 23))) ++exponent;
  if (exponent < 1) exponent = 1;  // numbers below 2^-104 are rounded more
  return {std::bit_cast<float>(static_cast<uint32_t>(exponent) << 23),
          std::bit_cast<float>(static_cast<uint32_t>(254 - exponent) << 23)};
}

void round_activations(Isa isa, const float* x, int64_t K, const IntegerRow& row) {
  WholeChunks whole_chunks = nullptr;
#if defined(__x86_64__)
  if (isa != Isa::Scalar) whole_chunks = round_chunks_avx2;
  if (isa == Isa::Avx512) whole_chunks = round_chunks_avx512;
#endif
  (void)isa;
  convert(whole_chunks, round_chunk, x, K, row);
}

void split_activations(Isa isa, const float* x, int64_t K, const IntegerRow& row) {
  WholeChunks whole_chunks = nullptr;
#if defined(__x86_64__)
  if (isa != Isa::Scalar) whole_chunks = split_chunks_avx2;
  if (isa == Isa::Avx512) whole_chunks = split_chunks_avx512;
#endif
  (void)isa;
  convert(whole_chunks, split_chunk, x, K, row);
}

}  // namespace scalewright::kernels::cpu
