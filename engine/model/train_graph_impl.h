#pragma once
// What TrainGraph owns, shared by its files: train_graph.cpp (forward, head), train_graph_backward.cpp (blocks
// backwards), train_graph_buffers.cpp (memory).

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/model/train_graph.h"
#include "engine/model/transformer.h"
#include "engine/model/transformer_arena.h"

namespace scalewright {

// How the gradient of one linear's scales is found.
struct TrainedLinear {
  bool trained = false;
  bool by_output =
      false;  // sum of dy * y / scale (linear_drow) instead of a product with the input: one factor a row, no minimums
  bool second = false;                   // dmin follows the scales
  size_t offset = 0;                     // in values and gradient
  int64_t count = 0;                     // N * G scales
  const float* negative_bias = nullptr;  // [N] by_output with a bias: what the product must lose
};

// What is decided about a model before memory is laid out.
struct TrainDecisions {
  std::vector<TrainedLinear> linears;  // by index in Weights::linears()
  int lowest = 0;                      // lowest layer with something to learn; L: none
  int kept = 0;                        // of the layers lowest .. L - 1, how many keep their activations
  int slots = 1;                       // sets of activations
  bool by_output = false;              // any linear
  bool raw_qkv = false;                // products must survive beside rotated q and k
  bool heads_normed = false, post_norms = false, local_rope = false;
  int64_t tokens = 0;   // T: B * context
  int64_t chunk = 0;    // rows of logits
  int64_t ordered = 0;  // widest act-order input
};
TrainDecisions decide(const Model& model, const TrainShape& shape);

// Activations of one block that its backward pass reads.
struct TrainSlot {
  float* qkv = nullptr;                          // [T, qkv_width]
  float* attn = nullptr;                         // [T, H * head_dim]
  float* logsumexp = nullptr;                    // [T, H]
  float* mid = nullptr;                          // [T, D]
  float* gate_up = nullptr;                      // [T, max(2F, qkv_width)]: also dqkv
  float *y_output = nullptr, *y_down = nullptr;  // [T, D], models with post norms
  float* inv = nullptr;                          // [T, 2 + 2 post + heads + kv_heads]: inverse norms
  int layer = -1;                                // whose activations these are
};

struct TrainBuffers {
  // Of a batch without padding: T tokens.
  int32_t *ids = nullptr, *first = nullptr;        // [T]
  int32_t* source = nullptr;                       // [T] position in the batch
  int32_t *learned = nullptr, *targets = nullptr;  // [T] rows of the stream with something to predict, and what
  RopeRows rope;                                   // [T, rotary/2]
  int64_t step_bytes = 0;                          // from ids to the end of rope
  float* stream = nullptr;                         // [L - lowest + 1][T, D] inputs of the blocks, then the last output
  std::vector<TrainSlot> slots;
  // One live block.
  float *normed = nullptr, *d_stream = nullptr, *d_normed = nullptr;  // [T, D]
  float* wide = nullptr;                                              // [T, max(F, H * head_dim)]
  float* rot = nullptr;                                               // [T, qkv_width], raw_qkv
  float* d_wide = nullptr;                                            // [T, max(2F, qkv_width)], by_output
  float* gathered = nullptr;                                          // [T, ordered]
  std::vector<float*> negative_bias;                                  // by linear
  // The head.
  float *head_in = nullptr, *head_normed = nullptr, *head_dx = nullptr, *head_inv = nullptr;  // [chunk, D], [chunk]
  float* logits = nullptr;                                                                    // [chunk, V]
  double* nll = nullptr;                                                                      // [T]
  void* workspace = nullptr;
  size_t workspace_bytes = 0;
};
// The one place that knows the memory: plans (without a base) and takes. `items` may be null.
TrainBuffers lay_out(const Model& model, const Backend& backend, const TrainDecisions& decisions, ArenaCursor& cursor,
                     std::vector<MemoryItem>* items);

struct TrainGraph::Impl {
  Impl(std::shared_ptr<const Model> m, Backend& be, const TrainShape& s, Transformer t)
      : model(std::move(m)), backend(be), shape(s), net(std::move(t)) {}

  std::shared_ptr<const Model> model;
  Backend& backend;
  std::shared_ptr<void> held;  // the model's weights on the device; let go before the model is
  TrainShape shape;
  Transformer net;
  TrainDecisions decided;
  TrainBuffers b;

  // Of the step under way.
  const float* values = nullptr;
  float* gradient = nullptr;
  BlockTokens tokens;
  int64_t learned = 0;  // rows of b.learned
  int rotated = -1;     // layer whose rotated q and k are in b.rot
  Precision precision = Precision::Exact;

  // What the host writes for a step, from b.ids to the rope tables, lies where it is read, or is copied there from here.
  AlignedBytes inbox;
  template <class T>
  T* written(T* p) const {
    if (!inbox.data() || !p) return p;
    return reinterpret_cast<T*>(inbox.data() + (reinterpret_cast<uint8_t*>(p) - reinterpret_cast<uint8_t*>(b.ids)));
  }

  void use_values(const float* values);
  // False when an id lies outside the vocabulary. `all`: also tokens after which nothing is learned.
  bool prepare(const Batch& batch, bool all);
  float* stream(int l) {
    return b.stream + (std::max(l, decided.lowest) - decided.lowest) * shape.batch * shape.context * net.width();
  }
  TrainSlot& slot_of(int l);
  BlockBuffers buffers(int l);
  void forward_blocks();
  Sums head(float gradient_scale, bool want_gradient);

  // train_graph_backward.cpp
  void backward_blocks();
  void recompute(int l);
  void backward_block(int l);
  void backward_feed_forward(int l, const BlockBuffers& k, bool below);
  void backward_attention(int l, const BlockBuffers& k, bool below);
  bool any_trained(const LinearSet& set) const;
  BackwardInput normed(const float* x, const std::vector<float>& weight, float* inv_rms) const;  // rows of D, made in b.normed
  void row_gradient(const BoundLinear& w, const float* dy, int64_t lddy, const float* y, int64_t ldy);
  void backward_products(std::span<const BoundLinear> set, const BackwardGradient& dy, int64_t lddy,
                         const BackwardInput& x, const float* y, int64_t ldy, float* dx, int64_t lddx);
};

}  // namespace scalewright
