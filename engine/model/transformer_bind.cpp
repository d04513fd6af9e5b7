// Turns a model's weights into views for the backend, after checking that their shapes fit each other.

#include <algorithm>
#include <string>

#include "engine/model/transformer.h"

namespace scalewright {
namespace {

tl::unexpected<Error> misfit(const std::string& name, int64_t rows, int64_t cols, int64_t want_rows,
                             int64_t want_cols) {
  return fail(ErrorCode::Format, name + ": the matrix is " + std::to_string(rows) + " x " + std::to_string(cols) +
                                     ", but the model's sizes ask for " + std::to_string(want_rows) + " x " +
                                     std::to_string(want_cols) + ". The file does not fit its own description.");
}

Result<void> check_vector(const std::string& name, const std::vector<float>& values, int64_t wanted, bool optional) {
  if (optional && values.empty()) return {};
  if (static_cast<int64_t>(values.size()) == wanted) return {};
  return fail(ErrorCode::Format, name + ": " + std::to_string(values.size()) +
                                     " numbers, but the model's sizes ask for " + std::to_string(wanted) +
                                     ". The file does not fit its own description.");
}

Result<void> check_backend(const std::string& name, const WeightView& view, const Backend& backend) {
  const std::string reason = backend.unsupported(view);
  if (reason.empty()) return {};
  return fail(ErrorCode::Unsupported, name + ": " + reason);
}

}  // namespace

Result<void> Transformer::bind_linear(const Linear& source, int64_t cols, const Backend& backend, BoundLinear& bound) {
  bound.index = linears_++;
  bound.view = source.weight.view();
  if (bound.cols() != cols) return misfit(source.name, bound.rows(), bound.cols(), bound.rows(), cols);
  SW_TRY(check_vector(source.name + " (bias)", source.bias, bound.rows(), true));
  SW_TRY(check_backend(source.name, bound.view, backend));
  if (!source.bias.empty()) bound.bias = source.bias.data();
  if (source.weight.quantized() && !source.weight.quant().column_order().empty()) {
    const std::vector<int32_t>& order = source.weight.quant().column_order();
    std::vector<uint8_t> seen(static_cast<size_t>(cols), 0);
    bool permutation = static_cast<int64_t>(order.size()) == cols;
    for (size_t j = 0; permutation && j < order.size(); ++j) {
      permutation = order[j] >= 0 && order[j] < cols && !seen[order[j]];
      if (permutation) seen[order[j]] = 1;
    }
    if (!permutation) {
      return fail(ErrorCode::Format, source.name + ": the order of its inputs (act-order) is no permutation of 0 to " +
                                         std::to_string(cols - 1) + ".");
    }
    bound.order = order.data();
    ordered_cols_ = std::max(ordered_cols_, cols);
  }
  largest_n_ = std::max(largest_n_, bound.rows());
  largest_k_ = std::max(largest_k_, bound.cols());
  return {};
}

Result<Transformer> Transformer::bind(const Model& model, const Backend& backend) {
  const ModelConfig& c = model.config;
  Transformer net;
  net.config_ = &c;
  net.width_ = c.width;
  net.feed_forward_ = c.feed_forward;
  net.vocabulary_ = c.vocabulary;
  net.heads_ = c.heads;
  net.kv_heads_ = c.kv_heads;
  net.head_dim_ = c.head_dim;
  net.rotary_ = c.rotary;
  net.epsilon_ = static_cast<float>(c.norm_epsilon);
  if (c.width <= 0 || c.feed_forward <= 0 || c.vocabulary <= 0 || c.heads <= 0 || c.kv_heads <= 0 || c.head_dim <= 0 ||
      c.heads % c.kv_heads != 0 || c.rotary < 0 || c.rotary > c.head_dim || c.rotary % 2 != 0 ||
      model.weights.layers.size() != static_cast<size_t>(c.layers)) {
    return fail(
        ErrorCode::Format,
        model.name + ": its sizes (width, heads, rotary part, layers) make no transformer. The file is damaged.");
  }
  if (!c.layer_has_window.empty() && c.layer_has_window.size() != static_cast<size_t>(c.layers)) {
    return fail(ErrorCode::Format, model.name + ": the list of layers with a sliding window has the wrong length.");
  }

  const int64_t D = c.width, F = c.feed_forward;
  net.layers_.resize(model.weights.layers.size());
  for (size_t l = 0; l < net.layers_.size(); ++l) {
    const Layer& source = model.weights.layers[l];
    BoundLayer& bound = net.layers_[l];
    const std::string at = model.name + ": layer " + std::to_string(l);
    bound.layer = &source;
    bound.windowed = c.window > 0 && !c.layer_has_window.empty() && c.layer_has_window[l] != 0;
    SW_TRY(check_vector(at + " attn_norm", source.attn_norm, D, false));
    SW_TRY(check_vector(at + " ffn_norm", source.ffn_norm, D, false));
    SW_TRY(check_vector(at + " post_attn_norm", source.post_attn_norm, D, true));
    SW_TRY(check_vector(at + " post_ffn_norm", source.post_ffn_norm, D, true));
    SW_TRY(check_vector(at + " q_norm", source.q_norm, c.head_dim, true));
    SW_TRY(check_vector(at + " k_norm", source.k_norm, c.head_dim, true));
    net.post_norms_ |= !source.post_attn_norm.empty() || !source.post_ffn_norm.empty();
    net.head_norms_ |= !source.q_norm.empty() || !source.k_norm.empty();

    const auto bind_set = [&](const std::vector<Linear>& linears, const std::vector<int64_t>& rows,
                              LinearSet& set) -> Result<void> {
      int64_t total = 0;
      for (int64_t n : rows) total += n;
      if (linears.size() != 1 && linears.size() != rows.size()) {
        return fail(ErrorCode::Format, at + ": " + std::to_string(linears.size()) + " matrices where one or " +
                                           std::to_string(rows.size()) + " belong.");
      }
      for (size_t i = 0; i < linears.size(); ++i) {
        BoundLinear& w = set.items[set.count++];
        SW_TRY(net.bind_linear(linears[i], D, backend, w));
        const int64_t wanted = linears.size() == 1 ? total : rows[i];
        if (w.rows() != wanted) return misfit(linears[i].name, w.rows(), w.cols(), wanted, D);
      }
      return {};
    };
    SW_TRY(bind_set(source.qkv, {net.q_width(), net.kv_width(), net.kv_width()}, bound.qkv));
    SW_TRY(net.bind_linear(source.attn_output, net.q_width(), backend, bound.output));
    if (bound.output.rows() != D)
      return misfit(source.attn_output.name, bound.output.rows(), bound.output.cols(), D, net.q_width());
    SW_TRY(bind_set(source.gate_up, {F, F}, bound.gate_up));
    SW_TRY(net.bind_linear(source.down, F, backend, bound.down));
    if (bound.down.rows() != D) return misfit(source.down.name, bound.down.rows(), bound.down.cols(), D, F);
  }

  net.embedding_ = model.weights.token_embd.view();
  net.head_ = model.weights.head().view();
  if (net.embedding_.rows() != c.vocabulary || net.embedding_.cols() != D) {
    return misfit("token_embd", net.embedding_.rows(), net.embedding_.cols(), c.vocabulary, D);
  }
  if (net.head_.rows() != c.vocabulary || net.head_.cols() != D) {
    return misfit("output", net.head_.rows(), net.head_.cols(), c.vocabulary, D);
  }
  SW_TRY(check_backend("token_embd", net.embedding_, backend));
  SW_TRY(check_backend("output", net.head_, backend));
  SW_TRY(check_vector("output_norm", model.weights.output_norm, D, false));
  net.output_norm_ = &model.weights.output_norm;

  net.rope_ = RopeTables(c.rope, c.rotary, c.context_length);
  net.has_local_ = c.rope_local.has_value() &&
                   std::any_of(net.layers_.begin(), net.layers_.end(), [](const BoundLayer& b) { return b.windowed; });
  if (net.has_local_) net.local_ = RopeTables(*c.rope_local, c.rotary, c.context_length);
  return net;
}

}  // namespace scalewright
