#include "engine/model/transformer.h"

#include <algorithm>

namespace scalewright {

size_t Transformer::workspace_bytes(const Backend& backend, int64_t T, int64_t head_rows) const {
  return std::max(backend.workspace_bytes(T, largest_n_, largest_k_),
                  backend.workspace_bytes(head_rows, vocabulary_, width_));
}

void Transformer::fill_rope(const RopeRows& rows, int64_t t, int64_t position, int64_t longest) {
  const int64_t half = half_rotary();
  rope_.fill(position, longest, rows.cos + t * half, rows.sin + t * half);
  if (rows.local_cos) local_.fill(position, longest, rows.local_cos + t * half, rows.local_sin + t * half);
}

void Transformer::embed(Backend& backend, const int32_t* ids, int64_t T, float* out) const {
  backend.embed(ids, T, embedding_, static_cast<float>(config_->embedding_factor), out, width_);
}

void Transformer::product(Backend& backend, const BoundLinear& w, const float* x, int64_t ldx, int64_t T, float* y,
                          int64_t ldy, float* gathered, Precision precision) {
  if (w.order) {
    backend.move(x, ldx, T, w.cols(), gathered, w.cols(), {.from_columns = w.order}, false);
    x = gathered;
    ldx = w.cols();
  }
  backend.linear(x, ldx, T, w.view, w.bias, y, ldy, precision);
}

void Transformer::normed_products(Backend& backend, const LinearSet& set, const float* x,
                                  const std::vector<float>& norm, float* inv_rms, int64_t T, float* y, int64_t ldy,
                                  const BlockBuffers& b, Precision precision) const {
  std::array<LinearPart, std::tuple_size_v<decltype(set.items)>> parts;
  size_t count = 0;
  bool ordered = false;
  for (const BoundLinear& w : set) {
    parts[count++] = {&w.view, w.bias, y};
    y += w.rows();
    ordered = ordered || w.order;
  }
  if (!ordered)
    return backend.linear_normed(x, width_, T, norm.data(), epsilon_, b.normed, inv_rms, std::span(parts.data(), count),
                                 ldy, precision);
  backend.rmsnorm(x, width_, T, 1, width_, norm.data(), epsilon_, b.normed, width_, inv_rms);
  size_t i = 0;
  for (const BoundLinear& w : set) product(backend, w, b.normed, width_, T, parts[i++].y, ldy, b.gathered, precision);
}

AttentionShape Transformer::attention_shape(int l, int64_t T) const {
  AttentionShape s;
  s.queries = s.keys = T;
  s.heads = heads_;
  s.kv_heads = kv_heads_;
  s.head_dim = head_dim_;
  s.ldq = s.ldk = s.ldv = qkv_width();
  s.ldo = q_width();
  s.scale = static_cast<float>(config_->attention_scale);
  s.softcap = static_cast<float>(config_->attention_softcap);
  s.window = layers_[l].windowed ? config_->window : 0;
  return s;
}

void Transformer::norm_heads(Backend& backend, int l, int64_t T, const BlockBuffers& b) const {
  const int64_t ld = qkv_width();
  const Layer& w = *layers_[l].layer;
  float* k = b.rot + q_width();
  const float* raw_k = b.qkv + q_width();
  if (!w.q_norm.empty()) {
    backend.rmsnorm(b.qkv, ld, T, heads_, head_dim_, w.q_norm.data(), epsilon_, b.rot, ld, b.inv_q);
  } else if (b.rot != b.qkv) {
    backend.move(b.qkv, ld, T, q_width(), b.rot, ld, {}, false);
  }
  if (!w.k_norm.empty()) {
    backend.rmsnorm(raw_k, ld, T, kv_heads_, head_dim_, w.k_norm.data(), epsilon_, k, ld, b.inv_k);
  } else if (b.rot != b.qkv) {
    backend.move(raw_k, ld, T, kv_width(), k, ld, {}, false);
  }
}

void Transformer::rotate(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b) const {
  norm_heads(backend, l, tokens.count, b);
  turn(backend, l, tokens, b.rot);
}

BackwardGradient Transformer::unrotated(int l, const BlockTokens& tokens, float* d_qkv) const {
  const Angles by = angles(l, tokens);
  return {.of = BackwardGradient::Of::Turn,
          .rows = d_qkv,
          .heads = heads_ + kv_heads_,
          .head_dim = head_dim_,
          .rotary = rotary_,
          .cos = by.cos,
          .sin = by.sin,
          .style = config_->rope_style};
}

Transformer::Angles Transformer::angles(int l, const BlockTokens& tokens) const {
  const bool local = layers_[l].windowed && tokens.rope.local_cos;
  return local ? Angles{tokens.rope.local_cos, tokens.rope.local_sin} : Angles{tokens.rope.cos, tokens.rope.sin};
}

void Transformer::turn(Backend& backend, int l, const BlockTokens& tokens, float* rows) const {
  if (rotary_ == 0) return;
  const Angles by = angles(l, tokens);
  // Heads of q and k lie side by side in a row: one call turns both.
  backend.rope(rows, qkv_width(), tokens.count, heads_ + kv_heads_, head_dim_, rotary_, by.cos, by.sin,
               config_->rope_style, false);
}

// to = from + [post norm of] (input W^T). The product lands where the sum will be, unless that would overwrite the
// stream or the norm's gradient needs it; then it goes to `own` [T, D].
void Transformer::add_branch(Backend& backend, const BoundLinear& w, const std::vector<float>& post_norm,
                             const float* input, int64_t ld_input, int64_t T, const float* from, float* to, float* own,
                             float* inv_rms, float* gathered, Precision precision) const {
  if (post_norm.empty() && to == from && !w.order)
    return backend.linear_add(input, ld_input, T, w.view, w.bias, to, own, precision);
  float* y = post_norm.empty() && to != from ? to : own;
  product(backend, w, input, ld_input, T, y, width_, gathered, precision);
  if (!post_norm.empty()) {
    float* normed = to != from ? to : own;
    backend.rmsnorm(y, width_, T, 1, width_, post_norm.data(), epsilon_, normed, width_, inv_rms);
    y = normed;
  }
  backend.add(y == to ? from : y, to, T * width_);
}

AttentionShape Transformer::cached_shape(int l, const BlockTokens& tokens, const KvRows& cache,
                                         Precision precision) const {
  AttentionShape s = attention_shape(l, tokens.count - tokens.unread);
  s.keys = cache.position + tokens.count;
  s.query_offset = cache.position + tokens.unread;
  s.position = cache.at;
  s.ldk = s.ldv = 2 * kv_width();
  s.kv = cache.type;
  s.precision = precision;
  return s;
}

void Transformer::attend(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b, const KvRows* cache,
                         Precision precision) const {
  const BoundLayer& layer = layers_[l];
  const int64_t T = tokens.count, ld = qkv_width(), unread = cache ? tokens.unread : 0;
  normed_products(backend, layer.qkv, b.x, layer.layer->attn_norm, b.inv_attn, T, b.qkv, ld, b, precision);
  norm_heads(backend, l, T, b);
  // In a Session rot is qkv, so k and v of a token are neighbours and one call turns and stores both.
  const bool neighbours = b.rot == b.qkv;
  if (!cache || !neighbours) turn(backend, l, tokens, b.rot);

  const float* k = b.rot + q_width();
  const float* v = b.qkv + q_width() + kv_width();
  if (cache) {
    const AttentionShape shape = cached_shape(l, tokens, *cache, precision);
    const int64_t row = shape.ldk, element = cache->type == KvType::F32 ? 4 : 2;
    auto* rows = static_cast<uint8_t*>(cache->data);
    uint8_t* filled = rows + cache->position * row * element;
    if (neighbours) {
      const Angles by = angles(l, tokens);
      backend.rope_store(b.rot, ld, T, heads_, kv_heads_, head_dim_, rotary_, by.cos, by.sin, config_->rope_style,
                         cache->at ? rows : filled, row, cache->type, cache->at);
    } else {
      backend.store_kv(k, ld, T, kv_width(), filled, row, cache->type);
      backend.store_kv(v, ld, T, kv_width(), filled + kv_width() * element, row, cache->type);
    }
    if (shape.queries == 0) return;
    backend.attention(shape, b.rot + unread * ld, rows, rows + kv_width() * element, tokens.first + unread, b.attn,
                      b.logsumexp);
  } else {
    AttentionShape shape = attention_shape(l, T);
    shape.precision = precision;
    backend.attention(shape, b.rot, k, v, tokens.first, b.attn, b.logsumexp);
  }
}

void Transformer::attention_end(Backend& backend, int l, int64_t T, const BlockBuffers& b, Precision precision) const {
  const BoundLayer& layer = layers_[l];
  add_branch(backend, layer.output, layer.layer->post_attn_norm, b.attn, q_width(), T, b.x, b.mid, b.y_output,
             b.inv_post_attn, b.gathered, precision);
}

bool Transformer::attends_at_once(int l, const BlockTokens& tokens, const BlockBuffers& b, const KvRows* cache) const {
  const BoundLayer& layer = layers_[l];
  return cache && tokens.count == 1 && tokens.unread == 0 && b.rot == b.qkv && b.mid == b.x && !b.logsumexp &&
         layer.layer->post_attn_norm.empty() && !layer.output.order;
}

void Transformer::attend_token(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b,
                               const KvRows& cache, Precision precision) const {
  const BoundLayer& layer = layers_[l];
  normed_products(backend, layer.qkv, b.x, layer.layer->attn_norm, b.inv_attn, 1, b.qkv, qkv_width(), b, precision);
  norm_heads(backend, l, 1, b);
  const Angles by = angles(l, tokens);
  const TokenAttention token{.shape = cached_shape(l, tokens, cache, precision),
                             .rotary = rotary_,
                             .style = config_->rope_style,
                             .cos = by.cos,
                             .sin = by.sin,
                             .heads = b.qkv,
                             .cache = cache.data,
                             .first = tokens.first};
  backend.attend_add(token, b.attn, layer.output.view, layer.output.bias, b.mid, b.y_output, precision);
}

void Transformer::attention_half(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b,
                                 const KvRows* cache, Precision precision) const {
  if (attends_at_once(l, tokens, b, cache)) return attend_token(backend, l, tokens, b, *cache, precision);
  attend(backend, l, tokens, b, cache, precision);
  const int64_t unread = cache ? tokens.unread : 0;
  if (tokens.count == unread) return;
  BlockBuffers read = b;
  read.x += unread * width_;
  read.mid += unread * width_;
  attention_end(backend, l, tokens.count - unread, read, precision);
}

void Transformer::feed_forward_products(Backend& backend, int l, int64_t T, const BlockBuffers& b,
                                        Precision precision) const {
  const BoundLayer& layer = layers_[l];
  normed_products(backend, layer.gate_up, b.mid, layer.layer->ffn_norm, b.inv_ffn, T, b.gate_up, 2 * feed_forward_, b,
                  precision);
}

void Transformer::feed_forward_end(Backend& backend, int l, int64_t T, const BlockBuffers& b,
                                   Precision precision) const {
  const BoundLayer& layer = layers_[l];
  const int64_t F = feed_forward_;
  if (layer.layer->post_ffn_norm.empty() && b.next == b.mid && !layer.down.order)
    return backend.linear_add_gated(b.gate_up, 2 * F, b.gate_up + F, 2 * F, T, config_->activation, b.act,
                                    layer.down.view, layer.down.bias, b.next, b.y_down, precision);
  if (layer.layer->post_ffn_norm.empty() && b.next != b.mid && !layer.down.order) {
    backend.linear_gated(b.gate_up, 2 * F, b.gate_up + F, 2 * F, T, config_->activation, b.act, layer.down.view,
                         layer.down.bias, b.next, width_, precision);
    return backend.add(b.mid, b.next, T * width_);
  }
  backend.gated(b.gate_up, 2 * F, b.gate_up + F, 2 * F, T, F, config_->activation, b.act, F);
  add_feed_forward(backend, l, T, b, precision);
}

void Transformer::add_feed_forward(Backend& backend, int l, int64_t T, const BlockBuffers& b,
                                   Precision precision) const {
  const BoundLayer& layer = layers_[l];
  add_branch(backend, layer.down, layer.layer->post_ffn_norm, b.act, feed_forward_, T, b.mid, b.next, b.y_down,
             b.inv_post_ffn, b.gathered, precision);
}

void Transformer::block(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b, const KvRows* cache,
                        Precision precision) const {
  attention_half(backend, l, tokens, b, cache, precision);
  const int64_t unread = cache ? tokens.unread : 0, T = tokens.count - unread;
  if (T == 0) return;
  BlockBuffers read = b;
  read.mid += unread * width_;
  read.next += unread * width_;
  feed_forward_products(backend, l, T, read, precision);
  feed_forward_end(backend, l, T, read, precision);
}

void Transformer::norm_output(Backend& backend, const float* hidden, float* normed) const {
  backend.rmsnorm(hidden, width_, 1, 1, width_, output_norm_->data(), epsilon_, normed, width_, nullptr);
}

void Transformer::head(Backend& backend, const float* hidden, int64_t rows, float* normed, float* inv_rms,
                       float* logits, Precision precision) const {
  const LinearPart part{&head_, nullptr, logits};
  backend.linear_normed(hidden, width_, rows, output_norm_->data(), epsilon_, normed, inv_rms, {&part, 1}, vocabulary_,
                        precision);
  const float cap = static_cast<float>(config_->final_softcap);
  if (cap > 0.0f) backend.softcap(logits, rows * vocabulary_, cap);
}

}  // namespace scalewright
