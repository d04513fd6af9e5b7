#pragma once
// How quantized checkpoints outside GGUF pack their integers, and how those become the plain arrays of quant_layout.h.
// N output rows, K inputs, G groups of inputs, b bits. Codes stand in 32-bit words, least significant bits first.
//
//   GPTQ       qweight [K*b/32, N] packed along K; qzeros [G, N*b/32] packed along N; scales f16 [G, N]; g_idx [K]
//              a dense stream (3 bits: 32 codes in 3 words), or whole codes only (EfficientQAT: 10 codes of 3 bits a
//              word); version 1 stores z - 1, version 2 stores z
//   AWQ gemm   qweight [K, N/8], qzeros [G, N/8], scales [G, N]; nibble i of word c is row 8c + {0,2,4,6,1,3,5,7}[i]
//   compressed-tensors  weight_packed [N, K*b/32]; weight_zero_point [N*b/32, G] packed along N; weight_scale [N, G]
//   MLX        weight [N, K*b/32] a dense stream; scales, biases [N, G]: W = scale * q + bias
//   HQQ        W_q u8 [N*K/g * b/8, g]: the first part of the groups in the highest bits; 3 bits: W_q i32, ten parts in bits
//              29 .. 27 down to 2 .. 0, the last part filled up with zeros; scale, zero: W = (q - zero) * scale

#include <cstdint>
#include <vector>

#include "kernels/common/quant_layout.h"

namespace scalewright {

// Where code number i of a line of words lies.
struct WordPacking {
  int bits = 4;
  bool whole = false;  // a code never crosses from one word into the next
  int64_t words(int64_t codes) const {
    const int64_t a_word = 32 / bits;
    return whole ? (codes + a_word - 1) / a_word : (codes * bits + 31) / 32;
  }
  // `stride`: from one word of the line to the next.
  uint32_t get(const uint32_t* line, int64_t stride, int64_t i) const;
  void put(uint32_t* line, int64_t stride, int64_t i, uint32_t code) const;  // into zeroed bits
};

// Tensors of one matrix as they lie in the file, scales already as halves.
struct PackedMatrix {
  int64_t rows = 0, cols = 0, group = 0, groups = 0;  // N, K, inputs a group, G
  WordPacking packing;                                // of the codes
  std::vector<uint32_t> codes, zeros;
  std::vector<uint16_t> scales, biases;  // biases: MLX and HQQ
  std::vector<uint8_t> bytes;            // HQQ: W_q, but of 3 bits
  std::vector<int32_t> order;            // act-order: input of each stored position; empty: natural
  int zero_bias = 0;                     // added to a stored zero: 1 in GPTQ version 1
  std::vector<int16_t> plain_zeros;      // [N, G] where the zeros are not packed; else empty
};

// The memory layout for it; `affine` false: W = scale * q + bias.
kernels::QuantLayout packed_layout(const PackedMatrix& m, bool affine);

void decode_gptq_strip(const PackedMatrix& m, int64_t strip, const kernels::PlainStrip& plain);
void decode_awq_strip(const PackedMatrix& m, int64_t strip, const kernels::PlainStrip& plain);
void decode_compressed_strip(const PackedMatrix& m, int64_t strip, const kernels::PlainStrip& plain);
void decode_mlx_strip(const PackedMatrix& m, int64_t strip, const kernels::PlainStrip& plain);
int64_t hqq_lines(const PackedMatrix& m);  // first extent of W_q
void decode_hqq_strip(const PackedMatrix& m, int64_t strip, const kernels::PlainStrip& plain);

// One strip into the whole tensors, which are zeroed and large enough. Codes and zeros only; `plain` is Affine.
void encode_gptq_strip(PackedMatrix& m, int64_t strip, const kernels::PlainStrip& plain);
void encode_awq_strip(PackedMatrix& m, int64_t strip, const kernels::PlainStrip& plain);
void encode_compressed_strip(PackedMatrix& m, int64_t strip, const kernels::PlainStrip& plain);

}  // namespace scalewright
