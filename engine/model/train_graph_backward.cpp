// The blocks backwards. Only scales get gradients, so an input gradient is computed only where something below learns.

#include <algorithm>
#include <array>
#include <span>

#include "engine/model/train_graph_impl.h"

namespace scalewright {

bool TrainGraph::Impl::any_trained(const LinearSet& set) const {
  return std::any_of(set.begin(), set.end(), [&](const BoundLinear& w) { return decided.linears[w.index].trained; });
}

// The gradient of one factor a row, from the layer's output y.
void TrainGraph::Impl::row_gradient(const BoundLinear& w, const float* dy, int64_t lddy, const float* y, int64_t ldy) {
  const TrainedLinear& t = decided.linears[w.index];
  const int64_t T = tokens.count, N = w.rows();
  const float* factor = values + t.offset;
  backend.linear_drow(dy, lddy, y, ldy, T, N, factor, gradient + t.offset);
  // y holds the bias, the product does not: the same row of -bias for every token (stride 0) takes it away.
  if (t.negative_bias) backend.linear_drow(dy, lddy, t.negative_bias, 0, T, N, factor, gradient + t.offset);
}

// Matrices side by side: dy, y [T, all their rows], x [T, K] their input. Gradients of what is learned of them, from x
// or from y (TrainedLinear::by_output), then dx [T, K] unless null; it may be x.
void TrainGraph::Impl::backward_products(std::span<const BoundLinear> set, const BackwardGradient& dy, int64_t lddy,
                                         const BackwardInput& x, const float* y, int64_t ldy, float* dx, int64_t lddx) {
  std::array<LinearGradient, std::tuple_size_v<decltype(LinearSet::items)>> parts;
  size_t count = 0;
  bool ordered = false, by_output = false, learns = false;
  int64_t column = 0;
  for (const BoundLinear& w : set) {
    const TrainedLinear& t = decided.linears[w.index];
    LinearGradient& part = parts[count++];
    part = {.w = &w.view, .dy = dy.rows + column};
    if (t.trained && t.by_output) {
      by_output = true;
    } else if (t.trained) {
      part.dscale = gradient + t.offset;
      part.dscale_min = t.second ? part.dscale + t.count : nullptr;
      learns = true;
    }
    ordered = ordered || w.order;
    column += w.rows();
  }
  const int64_t T = tokens.count, width = set.front().cols();
  const std::span<const LinearGradient> wanted(parts.data(), count);
  if (!ordered && !by_output) {
    if (learns || dx) backend.linear_backward_made(x, dy, T, wanted, lddy, dx, lddx, precision);
    return;
  }
  backend.make_rows(dy, T, lddy);
  column = 0;
  for (const BoundLinear& w : set) {
    const TrainedLinear& t = decided.linears[w.index];
    if (t.trained && t.by_output) row_gradient(w, dy.rows + column, lddy, y + column, ldy);
    column += w.rows();
  }
  const float* rows = learns ? backend.make_rows(x, T, width) : nullptr;
  const int64_t ldx = rows == x.x ? x.ldx : width;
  if (!ordered) {
    if (learns || dx) backend.linear_backward(rows, ldx, T, wanted, lddy, dx, lddx, precision);
    return;
  }
  // Each has an order of its inputs of its own.
  for (size_t i = 0; i < count; ++i) {
    if (!parts[i].dscale) continue;
    LinearGradient part = parts[i];
    const float* in = rows;
    int64_t ld = ldx;
    if (set[i].order) {
      backend.move(rows, ldx, tokens.count, set[i].cols(), b.gathered, set[i].cols(), {.from_columns = set[i].order},
                   false);
      in = b.gathered;
      ld = set[i].cols();
    }
    backend.linear_backward(in, ld, tokens.count, std::span(&part, 1), lddy, nullptr, 0, precision);
  }
  if (!dx) return;
  for (size_t i = 0; i < count; ++i) {
    const LinearGradient part{.w = parts[i].w, .dy = parts[i].dy};
    const int64_t K = set[i].cols();
    backend.linear_backward(nullptr, 0, tokens.count, std::span(&part, 1), lddy, b.gathered, K, precision);
    backend.move(b.gathered, K, tokens.count, K, dx, lddx, {.to_columns = set[i].order}, i > 0);
  }
}

// A layer that kept only its input: everything its backward pass reads, again. The product of `down` is left out unless
// a norm follows it: without one it is the difference of two streams that are there (kernels.md, CPU plan 6).
void TrainGraph::Impl::recompute(int l) {
  const BlockBuffers k = buffers(l);
  net.attention_half(backend, l, tokens, k, nullptr, precision);
  net.feed_forward_products(backend, l, tokens.count, k, precision);
  if (!net.layer(l).layer->post_ffn_norm.empty()) net.feed_forward_end(backend, l, tokens.count, k, precision);
  slot_of(l).layer = l;
  rotated = l;
}

BackwardInput TrainGraph::Impl::normed(const float* x, const std::vector<float>& weight, float* inv_rms) const {
  return {.of = BackwardInput::Of::Norm,
          .x = x,
          .ldx = net.width(),
          .weight = weight.data(),
          .epsilon = net.epsilon(),
          .inv_rms = inv_rms,
          .room = b.normed};
}

void TrainGraph::Impl::backward_blocks() {
  rotated = net.layers() - 1;
  for (int l = net.layers() - 1; l >= decided.lowest; --l) {
    // The last layer that went through the shared slot is still in it.
    if (slot_of(l).layer != l) recompute(l);
    backward_block(l);
    slot_of(l).layer = -1;
  }
}

void TrainGraph::Impl::backward_block(int l) {
  const BoundLayer& layer = net.layer(l);
  const BlockBuffers k = buffers(l);
  const bool below = l > decided.lowest;
  const bool attention_learns = any_trained(layer.qkv) || decided.linears[layer.output.index].trained;
  backward_feed_forward(l, k, below || attention_learns);
  if (below || attention_learns) backward_attention(l, k, below);
}

// d_stream: gradient of k.next in, of k.mid out (when `below`: something before this half learns).
void TrainGraph::Impl::backward_feed_forward(int l, const BlockBuffers& k, bool below) {
  const BoundLayer& layer = net.layer(l);
  const Layer& weights = *layer.layer;
  const int64_t T = tokens.count, D = net.width(), F = net.feed_forward();
  float* dy = b.d_stream;
  const float* y = k.y_down;
  if (!weights.post_ffn_norm.empty()) {
    backend.rmsnorm_dx(dy, D, k.y_down, D, T, 1, D, weights.post_ffn_norm.data(), k.inv_post_ffn, b.normed, D, false);
    dy = b.normed;
  }
  const TrainedLinear& down = decided.linears[layer.down.index];
  if (down.trained && down.by_output && weights.post_ffn_norm.empty()) {
    backend.subtract(k.next, k.mid, b.d_normed, T * D);
    y = b.d_normed;
  }
  const bool further = below || any_trained(layer.gate_up);
  const Activation act = net.config().activation;
  const BackwardInput activated{
      .of = BackwardInput::Of::Gate, .x = k.gate_up, .ldx = 2 * F, .up = k.gate_up + F, .act = act, .room = b.wide};
  backward_products(std::span(&layer.down, 1), {.rows = dy}, D, activated, y, D, further ? b.wide : nullptr, F);
  if (!further) return;

  const BackwardGradient d_gate_up{.of = BackwardGradient::Of::Gate,
                                   .rows = decided.by_output ? b.d_wide : k.gate_up,
                                   .gate = k.gate_up,
                                   .up = k.gate_up + F,
                                   .dout = b.wide,
                                   .ldg = 2 * F,
                                   .width = F,
                                   .act = act};
  backward_products(std::span(layer.gate_up.begin(), layer.gate_up.end()), d_gate_up, 2 * F,
                    normed(k.mid, weights.ffn_norm, k.inv_ffn), k.gate_up, 2 * F, below ? b.d_normed : nullptr, D);
  if (!below) return;
  backend.rmsnorm_dx(b.d_normed, D, k.mid, D, T, 1, D, weights.ffn_norm.data(), k.inv_ffn, b.d_stream, D, true);
}

// d_stream: gradient of k.mid in, of k.x out (when `below`: a layer below learns).
void TrainGraph::Impl::backward_attention(int l, const BlockBuffers& k, bool below) {
  const BoundLayer& layer = net.layer(l);
  const Layer& weights = *layer.layer;
  const int64_t T = tokens.count, D = net.width(), q_width = net.q_width(), kv_width = net.kv_width(),
                ld = net.qkv_width();
  float* dy = b.d_stream;
  const float* y = k.y_output;
  if (!weights.post_attn_norm.empty()) {
    backend.rmsnorm_dx(dy, D, k.y_output, D, T, 1, D, weights.post_attn_norm.data(), k.inv_post_attn, b.normed, D,
                       false);
    dy = b.normed;
  }
  const TrainedLinear& output = decided.linears[layer.output.index];
  if (output.trained && output.by_output && weights.post_attn_norm.empty()) {
    backend.subtract(k.mid, k.x, b.d_normed, T * D);
    y = b.d_normed;
  }
  const bool further = below || any_trained(layer.qkv);
  backward_products(std::span(&layer.output, 1), {.rows = dy}, D, {.x = k.attn, .ldx = q_width}, y, D,
                    further ? b.wide : nullptr, q_width);
  if (!further) return;

  if (decided.raw_qkv && rotated != l) net.rotate(backend, l, tokens, k);
  rotated = -1;
  // With head norms the gradient ends in rot, whose q and k are no longer needed then; its v part is free from the
  // start.
  const bool normed_q = !weights.q_norm.empty(), normed_k = !weights.k_norm.empty(), norms = normed_q || normed_k;
  float* d_qkv = decided.by_output ? b.d_wide : k.gate_up;
  float* d_v = (norms ? k.rot : d_qkv) + q_width + kv_width;
  const float* v = k.qkv + q_width + kv_width;
  AttentionShape products = net.attention_shape(l, T);
  products.precision = precision;
  backend.attention_backward(products, k.rot, k.rot + q_width, v, tokens.first, k.attn, k.logsumexp, b.wide, d_qkv,
                             d_qkv + q_width, d_v);
  BackwardGradient gradient_of = net.unrotated(l, tokens, d_qkv);
  if (norms) {
    net.unrotate(backend, l, tokens, d_qkv);
    const auto through = [&](bool normed, const std::vector<float>& weight, const float* inv, int heads,
                             int64_t column) {
      if (normed) {
        backend.rmsnorm_dx(d_qkv + column, ld, k.qkv + column, ld, T, heads, net.head_dim(), weight.data(), inv,
                           k.rot + column, ld, false);
      } else {
        backend.move(d_qkv + column, ld, T, int64_t{heads} * net.head_dim(), k.rot + column, ld, {}, false);
      }
    };
    through(normed_q, weights.q_norm, k.inv_q, net.heads(), 0);
    through(normed_k, weights.k_norm, k.inv_k, net.kv_heads(), q_width);
    gradient_of = {.rows = k.rot};
  }

  backward_products(std::span(layer.qkv.begin(), layer.qkv.end()), gradient_of, ld,
                    normed(k.x, weights.attn_norm, k.inv_attn), k.qkv, ld, below ? b.d_normed : nullptr, D);
  if (!below) return;
  backend.rmsnorm_dx(b.d_normed, D, k.x, D, T, 1, D, weights.attn_norm.data(), k.inv_attn, b.d_stream, D, true);
}

}  // namespace scalewright
