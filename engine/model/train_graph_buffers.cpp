// Memory of a TrainGraph: what is decided about the model, and one function that both plans and lays out the arena.

#include <algorithm>
#include <string>

#include "engine/model/train_graph_impl.h"

namespace scalewright {
namespace {

// One factor scales a whole row: then ds_n = sum_t dy[t, n] * y[t, n] / s_n needs no product (method.md, "per row").
// Not with separate minimums, and not where a scale is 0 and y tells nothing.
bool row_factor(const Matrix& weight) {
  const kernels::QuantLayout& q = weight.quant().layout();
  if (q.groups() != 1 || q.has_second_scale()) return false;
  std::vector<float> scale(static_cast<size_t>(q.rows));
  std::vector<float> second(q.kind == kernels::BlockKind::Min ? scale.size() : 0);
  weight.quant().read_scales(scale, second);
  return std::none_of(scale.begin(), scale.end(), [](float s) { return s == 0.0f; });
}

}  // namespace

TrainDecisions decide(const Model& model, const TrainShape& shape) {
  TrainDecisions d;
  const TrainableLayout layout = trainable_layout(model, shape.granularity);
  const std::vector<const Linear*> linears = model.weights.linears();
  d.linears.resize(linears.size());
  for (const TrainableEntry& entry : layout.entries) {
    TrainedLinear& t = d.linears[entry.linear];
    t.trained = true;
    t.second = entry.second;
    t.offset = entry.offset;
    t.count = entry.rows * entry.groups;
    t.by_output = shape.granularity == Granularity::Row || row_factor(linears[entry.linear]->weight);
    d.by_output |= t.by_output;
  }

  const int L = static_cast<int>(model.weights.layers.size());
  d.lowest = L;
  size_t index = 0;
  for (int l = 0; l < L; ++l) {
    const Layer& layer = model.weights.layers[l];
    const size_t end = index + layer.qkv.size() + 1 + layer.gate_up.size() + 1;
    for (; index < end; ++index) {
      if (d.linears[index].trained) d.lowest = std::min(d.lowest, l);
    }
    d.heads_normed |= !layer.q_norm.empty() || !layer.k_norm.empty();
    d.post_norms |= !layer.post_attn_norm.empty() || !layer.post_ffn_norm.empty();
  }
  const int trained_layers = L - d.lowest;
  d.kept = std::clamp(shape.kept_layers, 0, trained_layers);
  // The layers that keep nothing share one set.
  d.slots = std::max(d.kept + (d.kept < trained_layers ? 1 : 0), 1);
  d.raw_qkv = d.by_output || d.heads_normed;
  d.local_rope = model.config.rope_local.has_value();
  d.tokens = shape.batch * shape.context;
  d.chunk = std::clamp<int64_t>(shape.loss_chunk, 1, d.tokens);
  for (const Linear* linear : linears) {
    if (linear->weight.quantized() && !linear->weight.quant().column_order().empty())
      d.ordered = std::max(d.ordered, linear->weight.cols());
  }
  return d;
}

TrainBuffers lay_out(const Model& model, const Backend& backend, const TrainDecisions& d, ArenaCursor& cursor,
                     std::vector<MemoryItem>* items) {
  const ModelConfig& c = model.config;
  const int L = static_cast<int>(model.weights.layers.size());
  const int64_t T = d.tokens, D = c.width, F = c.feed_forward, V = c.vocabulary;
  const int64_t q_width = int64_t{c.heads} * c.head_dim, kv_width = int64_t{c.kv_heads} * c.head_dim;
  const int64_t qkv_width = q_width + 2 * kv_width, half = c.rotary / 2;
  const int64_t widest = std::max(2 * F, qkv_width);
  size_t counted = 0;
  const auto item = [&](std::string name, MemoryPart part) {
    if (items && cursor.used() > counted) items->push_back({std::move(name), part, cursor.used() - counted});
    counted = cursor.used();
  };

  TrainBuffers b;
  b.stream = cursor.take<float>((L - d.lowest + 1) * T * D);
  item("inputs of " + std::to_string(L - d.lowest) + " layers", MemoryPart::Activations);

  b.slots.resize(d.slots);
  for (int s = 0; s < d.slots; ++s) {
    TrainSlot& slot = b.slots[s];
    slot.qkv = cursor.take<float>(T * qkv_width);
    slot.attn = cursor.take<float>(T * q_width);
    slot.logsumexp = cursor.take<float>(T * c.heads);
    slot.mid = cursor.take<float>(T * D);
    slot.gate_up = cursor.take<float>(T * widest);
    if (d.post_norms) {
      slot.y_output = cursor.take<float>(T * D);
      slot.y_down = cursor.take<float>(T * D);
    }
    slot.inv = cursor.take<float>(T * (4 + c.heads + c.kv_heads));
    if (s + 1 == d.kept) {
      item("activations kept for " + std::to_string(d.kept) + " of " + std::to_string(L) + " layers",
           MemoryPart::Activations);
    }
  }
  item("activations of the layer under way", MemoryPart::Activations);

  b.normed = cursor.take<float>(T * D);
  b.d_stream = cursor.take<float>(T * D);
  b.d_normed = cursor.take<float>(T * D);
  b.wide = cursor.take<float>(T * std::max(F, q_width));
  if (d.raw_qkv) b.rot = cursor.take<float>(T * qkv_width);
  if (d.by_output) b.d_wide = cursor.take<float>(T * widest);
  if (d.ordered > 0) b.gathered = cursor.take<float>(T * d.ordered);
  const std::vector<const Linear*> linears = model.weights.linears();
  b.negative_bias.assign(linears.size(), nullptr);
  for (size_t i = 0; i < linears.size(); ++i) {
    if (d.linears[i].by_output && !linears[i]->bias.empty())
      b.negative_bias[i] = cursor.take<float>(linears[i]->weight.rows());
  }
  item("gradients of the layer under way", MemoryPart::Activations);

  const size_t before_step = cursor.used();
  b.ids = cursor.take<int32_t>(T);
  b.first = cursor.take<int32_t>(T);
  b.source = cursor.take<int32_t>(T);
  b.learned = cursor.take<int32_t>(T);
  b.targets = cursor.take<int32_t>(T);
  b.rope.cos = cursor.take<float>(T * half);
  b.rope.sin = cursor.take<float>(T * half);
  if (d.local_rope) {
    b.rope.local_cos = cursor.take<float>(T * half);
    b.rope.local_sin = cursor.take<float>(T * half);
  }
  b.step_bytes = static_cast<int64_t>(cursor.used() - before_step);
  item("tokens and positions of a step", MemoryPart::Activations);

  b.head_in = cursor.take<float>(d.chunk * D);
  b.head_normed = cursor.take<float>(d.chunk * D);
  b.head_dx = cursor.take<float>(d.chunk * D);
  b.head_inv = cursor.take<float>(d.chunk);
  b.logits = cursor.take<float>(d.chunk * V);
  b.nll = cursor.take<double>(T);
  item("logits of " + std::to_string(d.chunk) + " tokens", MemoryPart::Logits);

  int64_t largest_n = 0, largest_k = 0;
  for (const Linear* linear : linears) {
    largest_n = std::max(largest_n, linear->weight.rows());
    largest_k = std::max(largest_k, linear->weight.cols());
  }
  b.workspace_bytes =
      std::max(backend.workspace_bytes(T, largest_n, largest_k), backend.workspace_bytes(d.chunk, V, D));
  b.workspace = cursor.take<uint8_t>(static_cast<int64_t>(b.workspace_bytes));
  item("workspace of the kernels", MemoryPart::Workspace);
  return b;
}

std::vector<MemoryItem> TrainGraph::plan(const Model& model, const Backend& backend, const TrainShape& shape) {
  std::vector<MemoryItem> items;
  ArenaCursor cursor(nullptr);
  lay_out(model, backend, decide(model, shape), cursor, &items);
  return items;
}

}  // namespace scalewright
