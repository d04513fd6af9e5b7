#pragma once
// One transformer for every family: the switches of ModelConfig decide what a block does (formats.md, "Families"). The
// same block runs in Session (KV cache) and TrainGraph (segments), so that chat, evaluation and training cannot
// disagree. Letters: T tokens, D width, F feed-forward width, H heads, V vocabulary, N rows and K inputs of a matrix.

#include <array>
#include <cstdint>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/model/model.h"
#include "engine/model/transformer_rope.h"

namespace scalewright {

// A linear layer ready for the backend. `view` may carry fp32 masters while a model is tuned.
struct BoundLinear {
  WeightView view;
  const float* bias = nullptr;     // [N] or null
  const int32_t* order = nullptr;  // [K] act-order: stored input j is input order[j] of the layer; null: natural
  int index = 0;                   // in Weights::linears()
  int64_t rows() const { return view.rows(); }
  int64_t cols() const { return view.cols(); }
};

// Linears that read the same input and write side by side into one row: q, k, v or gate, up, fused or not.
struct LinearSet {
  std::array<BoundLinear, 3> items;
  int count = 0;
  BoundLinear* begin() { return items.data(); }
  BoundLinear* end() { return items.data() + count; }
  const BoundLinear* begin() const { return items.data(); }
  const BoundLinear* end() const { return items.data() + count; }
};

struct BoundLayer {
  const Layer* layer = nullptr;
  LinearSet qkv, gate_up;
  BoundLinear output, down;
  bool windowed = false;
};

// cos and sin rows [T, rotary/2] of the tokens of a call: of the whole model, and of its windowed layers (gemma3).
struct RopeRows {
  float* cos = nullptr;
  float* sin = nullptr;
  float* local_cos = nullptr;  // null: windowed layers use cos, sin
  float* local_sin = nullptr;
};

struct BlockTokens {
  int64_t count = 0;               // T
  const int32_t* first = nullptr;  // [T] lowest key that a token sees
  RopeRows rope;
  // So many tokens at the front have no reader behind this block: their keys and values go to the cache, and their rows
  // of mid and next are not made. Only with a cache.
  int64_t unread = 0;
};

// KV rows of one layer: key and value of a position side by side, 2 * kv_width elements a row.
struct KvRows {
  void* data = nullptr;
  KvType type = KvType::F32;
  int64_t position = 0;  // rows filled before this call
  const int32_t* at = nullptr;  // of recorded calls: where that number is read; position is then the most it can be
};

// Where a block keeps its numbers, [T, ...] each, rows contiguous. Session lets x, mid and next be one buffer, and rot
// be qkv.
struct BlockBuffers {
  float* x = nullptr;          // [T, D] the stream coming in
  float* mid = nullptr;        // [T, D] after attention
  float* next = nullptr;       // [T, D] after feed-forward
  float* normed = nullptr;     // [T, D] scratch: input of the products
  float* qkv = nullptr;        // [T, qkv_width] the products, biases included
  float* rot = nullptr;        // [T, qkv_width] q and k after norm and RoPE; qkv itself when nobody needs the raw ones
  float* attn = nullptr;       // [T, H * head_dim]
  float* logsumexp = nullptr;  // [T, H]; null: no gradient wanted
  float* gate_up = nullptr;    // [T, 2F]
  float* act = nullptr;        // [T, F] scratch
  float *y_output = nullptr,
        *y_down = nullptr;  // [T, D] products whose sum cannot be formed in place: scratch, or kept for norms
  float *inv_attn = nullptr, *inv_ffn = nullptr;            // [T] or null
  float *inv_post_attn = nullptr, *inv_post_ffn = nullptr;  // [T] or null
  float *inv_q = nullptr, *inv_k = nullptr;                 // [T, heads] or null
  float* gathered = nullptr;                                // [T, ordered_cols] scratch for act-order inputs
};

class Transformer {
 public:
  // Checks that shapes fit each other and that the backend can compute every matrix (Format, Unsupported).
  static Result<Transformer> bind(const Model& model, const Backend& backend);

  int layers() const { return static_cast<int>(layers_.size()); }
  int64_t width() const { return width_; }                // D
  int64_t feed_forward() const { return feed_forward_; }  // F
  int64_t vocabulary() const { return vocabulary_; }      // V
  int64_t q_width() const { return int64_t{heads_} * head_dim_; }
  int64_t kv_width() const { return int64_t{kv_heads_} * head_dim_; }
  int64_t qkv_width() const { return q_width() + 2 * kv_width(); }
  int heads() const { return heads_; }
  int kv_heads() const { return kv_heads_; }
  int head_dim() const { return head_dim_; }
  int64_t half_rotary() const { return rotary_ / 2; }
  bool local_rope() const { return has_local_; }
  int64_t ordered_cols() const { return ordered_cols_; }  // widest act-order input; 0: none
  bool post_norms() const { return post_norms_; }         // any layer has one
  bool head_norms() const { return head_norms_; }
  float epsilon() const { return epsilon_; }
  const ModelConfig& config() const { return *config_; }
  std::vector<BoundLayer>& bound() { return layers_; }
  const BoundLayer& layer(int l) const { return layers_[l]; }
  // Workspace that the backend needs for T tokens of blocks and `head_rows` rows of logits, bytes.
  size_t workspace_bytes(const Backend& backend, int64_t T, int64_t head_rows) const;

  RopeTables& rope() { return rope_; }
  RopeTables& local() { return local_; }
  // Fills row t of the tables for a token at `position` of an input of `longest` positions.
  void fill_rope(const RopeRows& rows, int64_t t, int64_t position, int64_t longest);

  // out [T, D]: the stream that enters block 0.
  void embed(Backend& backend, const int32_t* ids, int64_t T, float* out) const;
  // One block: b.x -> b.next. Without `cache` the tokens attend to each other.
  void block(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b, const KvRows* cache,
             Precision precision) const;
  // The parts of it, for the backward pass, which repeats some.
  void attention_half(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b, const KvRows* cache,
                      Precision precision) const;  // b.x -> b.mid
  void attend(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b, const KvRows* cache,
              Precision precision) const;  // b.x -> b.attn
  // Of tokens that attend to the cache, the last of whose rows are theirs.
  AttentionShape cached_shape(int l, const BlockTokens& tokens, const KvRows& cache, Precision precision) const;
  // Whether one call does what follows the products of a token's heads up to b.mid; attend_token does it.
  bool attends_at_once(int l, const BlockTokens& tokens, const BlockBuffers& b, const KvRows* cache) const;
  void attend_token(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b, const KvRows& cache,
                    Precision precision) const;
  void attention_end(Backend& backend, int l, int64_t T, const BlockBuffers& b,
                     Precision precision) const;  // b.x and b.attn -> b.mid
  void feed_forward_products(Backend& backend, int l, int64_t T, const BlockBuffers& b,
                             Precision precision) const;  // b.mid -> b.gate_up
  void feed_forward_end(Backend& backend, int l, int64_t T, const BlockBuffers& b,
                        Precision precision) const;  // b.gate_up -> b.next
  void add_feed_forward(Backend& backend, int l, int64_t T, const BlockBuffers& b,
                        Precision precision) const;  // b.mid and b.act -> b.next
  // Norms of heads and RoPE: b.qkv -> b.rot.
  void rotate(Backend& backend, int l, const BlockTokens& tokens, const BlockBuffers& b) const;
  // Gradients of rotated q and k as those of the products (or of the norms' outputs); rows of qkv_width.
  BackwardGradient unrotated(int l, const BlockTokens& tokens, float* d_qkv) const;
  void unrotate(Backend& backend, int l, const BlockTokens& tokens, float* d_qkv) const {  // in place
    backend.make_rows(unrotated(l, tokens, d_qkv), tokens.count, qkv_width());
  }
  AttentionShape attention_shape(int l, int64_t T) const;  // of tokens that attend to each other, strides of qkv rows

  // Raw logits [rows, V] (soft cap applied) of final hidden states: normed [rows, D] is scratch, inv_rms [rows] may be
  // null.
  void head(Backend& backend, const float* hidden, int64_t rows, float* normed, float* inv_rms, float* logits,
            Precision precision) const;
  // normed [D] that the head multiplies, of one final hidden state.
  void norm_output(Backend& backend, const float* hidden, float* normed) const;
  const std::vector<float>& output_norm() const { return *output_norm_; }
  const WeightView& head_view() const { return head_; }

  // y [T, N] = x [T, K] W^T + bias, gathering act-order inputs first.
  static void product(Backend& backend, const BoundLinear& w, const float* x, int64_t ldx, int64_t T, float* y,
                      int64_t ldy, float* gathered, Precision precision);

 private:
  // The products of a set side by side in y, of b.normed, which becomes the norm of x.
  void normed_products(Backend& backend, const LinearSet& set, const float* x, const std::vector<float>& norm,
                       float* inv_rms, int64_t T, float* y, int64_t ldy, const BlockBuffers& b,
                       Precision precision) const;
  // q and k of b.qkv, their norms applied where the model has them, to b.rot.
  void norm_heads(Backend& backend, int l, int64_t T, const BlockBuffers& b) const;
  struct Angles {
    const float *cos, *sin;
  };
  Angles angles(int l, const BlockTokens& tokens) const;
  void turn(Backend& backend, int l, const BlockTokens& tokens, float* rows) const;
  void add_branch(Backend& backend, const BoundLinear& w, const std::vector<float>& post_norm, const float* input,
                  int64_t ld_input, int64_t T, const float* from, float* to, float* own, float* inv_rms,
                  float* gathered, Precision precision) const;
  Result<void> bind_linear(const Linear& source, int64_t cols, const Backend& backend, BoundLinear& bound);

  const ModelConfig* config_ = nullptr;
  int64_t width_ = 0, feed_forward_ = 0, vocabulary_ = 0;
  int heads_ = 0, kv_heads_ = 0, head_dim_ = 0, rotary_ = 0;
  bool has_local_ = false, post_norms_ = false, head_norms_ = false;
  int64_t ordered_cols_ = 0, largest_n_ = 0, largest_k_ = 0;
  int linears_ = 0;
  float epsilon_ = 0.0f;
  std::vector<BoundLayer> layers_;
  WeightView embedding_, head_;
  const std::vector<float>* output_norm_ = nullptr;
  RopeTables rope_, local_;
};

}  // namespace scalewright
