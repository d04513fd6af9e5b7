#pragma once
// Weights of a model as they were in the file: quantized matrices stay quantized, others keep their type.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/model/quantized_matrix.h"

namespace scalewright {

struct DenseMatrix {
  kernels::DenseType type = kernels::DenseType::F32;
  int64_t rows = 0, cols = 0;
  AlignedBytes data;
};

class Matrix {
 public:
  Matrix() = default;
  Matrix(DenseMatrix m) : value_(std::move(m)) {}
  Matrix(QuantizedMatrix m) : value_(std::move(m)) {}
  bool quantized() const noexcept { return std::holds_alternative<QuantizedMatrix>(value_); }
  QuantizedMatrix& quant() { return std::get<QuantizedMatrix>(value_); }
  const QuantizedMatrix& quant() const { return std::get<QuantizedMatrix>(value_); }
  const DenseMatrix& dense() const { return std::get<DenseMatrix>(value_); }
  int64_t rows() const noexcept { return quantized() ? quant().rows() : dense().rows; }
  int64_t cols() const noexcept { return quantized() ? quant().cols() : dense().cols; }
  uint64_t bytes() const noexcept { return quantized() ? quant().bytes() : dense().data.size(); }
  kernels::WeightView view() const;
  std::span<const uint8_t> data() const;  // the numbers or records, bytes() of them
  void dequantize_row(int64_t row, std::span<float> out) const;

 private:
  std::variant<DenseMatrix, QuantizedMatrix> value_;
};

// A linear layer. `name` is the GGUF tensor name without ".weight": "blk.3.ffn_down".
struct Linear {
  std::string name;
  Matrix weight;             // [N, K]
  std::vector<float> bias;   // [N] or empty
};

struct Layer {
  std::vector<float> attn_norm, ffn_norm;            // [D]
  std::vector<float> post_attn_norm, post_ffn_norm;  // [D] or empty (gemma2, gemma3)
  std::vector<float> q_norm, k_norm;                 // [head_dim] or empty (qwen3, gemma3)
  std::vector<Linear> qkv;       // attn_q, attn_k, attn_v; or one attn_qkv
  Linear attn_output;
  std::vector<Linear> gate_up;   // ffn_gate, ffn_up; or one fused "ffn_up" [2F, D], gate rows first
  Linear down;                   // ffn_down
};

struct Weights {
  Matrix token_embd;             // [V, D]
  std::vector<Layer> layers;
  std::vector<float> output_norm;  // [D]
  Matrix output;                 // [V, D]; empty when tied
  bool has_output = false;
  const Matrix& head() const noexcept { return has_output ? output : token_embd; }
  uint64_t bytes() const;
  // What a device is told of them (Backend::hold): norms and biases, and the matrices of each block.
  WeightList list() const;
  // Every block linear in file order: qkv.., attn_output, gate_up.., down, layer by layer.
  std::vector<Linear*> linears();
  std::vector<const Linear*> linears() const;
};

}  // namespace scalewright
