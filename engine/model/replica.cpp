#include "engine/model/replica.h"

#include "engine/model/model_copy.h"

namespace scalewright {
namespace {

bool copied(const Matrix& m, const Backend& first) {
  return m.bytes() > 0 && first.in_device_memory(m.data().data());
}

Matrix second(const Matrix& m, const Backend& first) {
  const bool copy = copied(m, first);
  if (m.quantized()) return copy ? m.quant().copy(MemoryUse::Work) : m.quant().borrowed();
  const DenseMatrix& dense = m.dense();
  return DenseMatrix{dense.type, dense.rows, dense.cols,
                     copy ? dense.data.copy(MemoryUse::Work) : AlignedBytes::borrowed(dense.data)};
}
Linear second(const Linear& linear, const Backend& first) {
  return {linear.name, second(linear.weight, first), linear.bias};
}
std::vector<Linear> second(const std::vector<Linear>& linears, const Backend& first) {
  std::vector<Linear> all;
  for (const Linear& linear : linears) all.push_back(second(linear, first));
  return all;
}

}  // namespace

std::shared_ptr<Model> replicate(const Model& model, const Backend& first) {
  auto made = without_weights(model);
  Weights& w = made->weights;
  w.token_embd = second(model.weights.token_embd, first);
  for (const Layer& layer : model.weights.layers) {
    Layer& to = w.layers.emplace_back();
    to.attn_norm = layer.attn_norm;
    to.ffn_norm = layer.ffn_norm;
    to.post_attn_norm = layer.post_attn_norm;
    to.post_ffn_norm = layer.post_ffn_norm;
    to.q_norm = layer.q_norm;
    to.k_norm = layer.k_norm;
    to.qkv = second(layer.qkv, first);
    to.attn_output = second(layer.attn_output, first);
    to.gate_up = second(layer.gate_up, first);
    to.down = second(layer.down, first);
  }
  w.output_norm = model.weights.output_norm;
  w.has_output = model.weights.has_output;
  if (w.has_output) w.output = second(model.weights.output, first);
  return made;
}

uint64_t replicated_bytes(const Model& model, const Backend& first) {
  const Weights& w = model.weights;
  uint64_t total = 0;
  const auto count = [&](const Matrix& m) { total += copied(m, first) ? m.bytes() : 0; };
  count(w.token_embd);
  if (w.has_output) count(w.output);
  for (const Linear* linear : w.linears()) count(linear->weight);
  return total;
}

}  // namespace scalewright
