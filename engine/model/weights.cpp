#include "engine/model/weights.h"

#include <bit>
#include <cstring>

#include "kernels/cpu/row_kernels.h"

namespace scalewright {

kernels::WeightView Matrix::view() const {
  kernels::WeightView view;
  view.quantized = quantized();
  if (view.quantized) {
    view.quant = quant().view();
  } else {
    view.dense = {dense().data.data(), dense().type, dense().rows, dense().cols};
  }
  return view;
}

std::span<const uint8_t> Matrix::data() const {
  const uint8_t* first = quantized() ? quant().view().records : dense().data.data();
  return {first, static_cast<size_t>(bytes())};
}

void Matrix::dequantize_row(int64_t row, std::span<float> out) const {
  if (quantized()) return quant().dequantize_row(row, out);
  const DenseMatrix& matrix = dense();
  const auto cols = static_cast<size_t>(matrix.cols);
  if (matrix.type == kernels::DenseType::F32) {
    std::memcpy(out.data(), matrix.data.data() + static_cast<size_t>(row) * cols * 4, cols * 4);
    return;
  }
  const auto* from = reinterpret_cast<const uint16_t*>(matrix.data.data()) + static_cast<size_t>(row) * cols;
  if (matrix.type == kernels::DenseType::F16) {
    kernels::cpu::row_kernels(kernels::cpu::best_isa()).from_half(from, matrix.cols, out.data());
    return;
  }
  for (size_t k = 0; k < cols; ++k) out[k] = std::bit_cast<float>(static_cast<uint32_t>(from[k]) << 16);
}

namespace {

// The linears of a layer in file order, for Layer and const Layer alike.
template <class AnyLayer, class Visit>
void visit_linears(AnyLayer& layer, const Visit& visit) {
  for (auto& linear : layer.qkv) visit(linear);
  visit(layer.attn_output);
  for (auto& linear : layer.gate_up) visit(linear);
  visit(layer.down);
}

uint64_t bytes_of(const std::vector<float>& values) {
  return values.size() * sizeof(float);
}

}  // namespace

uint64_t Weights::bytes() const {
  uint64_t total = token_embd.bytes() + bytes_of(output_norm) + (has_output ? output.bytes() : 0);
  for (const Layer& layer : layers) {
    for (const auto* norm : {&layer.attn_norm, &layer.ffn_norm, &layer.post_attn_norm, &layer.post_ffn_norm,
                             &layer.q_norm, &layer.k_norm}) {
      total += bytes_of(*norm);
    }
    visit_linears(layer, [&](const Linear& linear) { total += linear.weight.bytes() + bytes_of(linear.bias); });
  }
  return total;
}

WeightList Weights::list() const {
  WeightList all;
  const auto add = [&](const auto& values) {
    if (!values.empty()) all.vectors.push_back(std::as_bytes(std::span(values)));
  };
  add(output_norm);
  all.outside.push_back(token_embd.data());
  if (has_output) all.outside.push_back(output.data());
  for (const Layer& layer : layers) {
    for (const auto* norm :
         {&layer.attn_norm, &layer.ffn_norm, &layer.post_attn_norm, &layer.post_ffn_norm, &layer.q_norm, &layer.k_norm})
      add(*norm);
    auto& matrices = all.layers.emplace_back();
    visit_linears(layer, [&](const Linear& linear) {
      add(linear.bias);
      if (linear.weight.quantized()) add(linear.weight.quant().column_order());
      matrices.push_back(linear.weight.data());
    });
  }
  return all;
}

std::vector<Linear*> Weights::linears() {
  std::vector<Linear*> all;
  for (Layer& layer : layers) visit_linears(layer, [&](Linear& linear) { all.push_back(&linear); });
  return all;
}

std::vector<const Linear*> Weights::linears() const {
  std::vector<const Linear*> all;
  for (const Layer& layer : layers) visit_linears(layer, [&](const Linear& linear) { all.push_back(&linear); });
  return all;
}

}  // namespace scalewright
