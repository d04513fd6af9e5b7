#include "engine/export/export_plan.h"

#include <algorithm>
#include <chrono>

#include "engine/export/dense_values.h"
#include "engine/format/file_metadata.h"
#include "engine/format/gguf_blocks.h"

namespace scalewright {

std::vector<ExportTensor> export_tensors(const Model& model, RopeStyle style) {
  const ModelConfig& c = model.config;
  std::vector<ExportTensor> all;
  const auto matrix = [&](const std::string& name, const Matrix& m) -> ExportTensor& {
    all.push_back({.name = name + ".weight", .matrix = &m});
    return all.back();
  };
  const auto norm = [&](const std::string& name, const std::vector<float>& values) {
    if (!values.empty()) all.push_back({.name = name + ".weight", .vector = &values, .norm = true});
  };
  const auto linear = [&](const Linear& l) {
    std::vector<int32_t> order;
    if (style != c.rope_style && (l.name.ends_with(".attn_q") || l.name.ends_with(".attn_k"))) {
      order = rope_row_order(l.name.ends_with("q") ? c.heads : c.kv_heads, c.head_dim, style == RopeStyle::Adjacent);
    }
    matrix(l.name, l.weight).row_order = order;
    if (!l.bias.empty()) all.push_back({.name = l.name + ".bias", .vector = &l.bias, .row_order = std::move(order)});
  };
  matrix("token_embd", model.weights.token_embd);
  for (size_t i = 0; i < model.weights.layers.size(); ++i) {
    const Layer& layer = model.weights.layers[i];
    const std::string prefix = "blk." + std::to_string(i) + ".";
    norm(prefix + "attn_norm", layer.attn_norm);
    for (const Linear& l : layer.qkv) linear(l);
    norm(prefix + "attn_q_norm", layer.q_norm);
    norm(prefix + "attn_k_norm", layer.k_norm);
    linear(layer.attn_output);
    norm(prefix + "post_attention_norm", layer.post_attn_norm);
    norm(prefix + "ffn_norm", layer.ffn_norm);
    for (const Linear& l : layer.gate_up) linear(l);
    linear(layer.down);
    norm(prefix + "post_ffw_norm", layer.post_ffn_norm);
  }
  norm("output_norm", model.weights.output_norm);
  if (model.weights.has_output) matrix("output", model.weights.output);
  return all;
}

Result<void> with_matrix(const ExportTensor& tensor, const std::function<Result<void>(const Matrix&)>& use) {
  if (tensor.row_order.empty()) return use(*tensor.matrix);
  SW_ASSIGN(const Matrix ordered, reorder_rows(*tensor.matrix, tensor.row_order));
  return use(ordered);
}

std::vector<float> vector_in_order(const ExportTensor& tensor) {
  if (tensor.row_order.empty()) return *tensor.vector;
  std::vector<float> values;
  values.reserve(tensor.vector->size());
  for (const int32_t from : tensor.row_order) values.push_back((*tensor.vector)[static_cast<size_t>(from)]);
  return values;
}

int bits_said(const Model& model) {
  const GgufEntry* said = model.metadata ? find_entry(model.metadata->entries, kGgufBitsKey) : nullptr;
  return said == nullptr ? 0 : static_cast<int>(std::clamp<int64_t>(said->as_int().value_or(0), 0, 8));
}

tl::unexpected<Error> writing_cancelled() {
  return fail(ErrorCode::Io, "Writing the model was cancelled; nothing was left behind.");
}

Result<void> ExportProgress::step(const std::string& name) {
  if (stop_.stop_requested()) return writing_cancelled();
  const double now = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (last_ < 0 || now - last_ > 0.1) {
    last_ = now;
    observer_.progress(
        {"writing " + name, static_cast<double>(done_) / static_cast<double>(total_ == 0 ? 1 : total_), -1.0});
  }
  ++done_;
  return {};
}

}  // namespace scalewright
