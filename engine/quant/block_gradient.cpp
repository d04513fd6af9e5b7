#include "engine/quant/block_gradient.h"

#include <algorithm>

#include "engine/model/transformer.h"
#include "engine/model/transformer_arena.h"
#include "kernels/cpu/gemm_kernels.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int64_t kStrip = kernels::cpu::kTileCols;
constexpr int64_t kRows = kernels::cpu::kTileRows;

// Sizes of a block by its configuration; the largest that any of its buffers needs.
struct Widths {
  explicit Widths(const ModelConfig& c)
      : D(c.width),
        F(c.feed_forward),
        q(int64_t{c.heads} * c.head_dim),
        kv(int64_t{c.kv_heads} * c.head_dim),
        heads(c.heads + c.kv_heads),
        half(c.rotary / 2) {}
  int64_t D, F, q, kv, heads, half;
  int64_t qkv() const { return q + 2 * kv; }
};

struct Buffers {
  BlockBuffers block;
  RopeRows rope;
  int32_t* first = nullptr;         // [T]
  float *d = nullptr, *d2 = nullptr;  // [T, D]
  float *d_wide = nullptr;          // [T, max(F, q)]
  float *d_rows = nullptr;          // [T, max(2F, qkv)]
  float *d_raw = nullptr;           // [T, qkv]: gradient before the norms of heads
  float *packed_x = nullptr, *packed_dy = nullptr;  // strips of 16 and 6 columns, [T] each
};

Buffers lay_out(const Widths& w, int64_t T, ArenaCursor& cursor) {
  Buffers b;
  const auto take = [&](int64_t columns) { return cursor.take<float>(T * columns + kStrip); };
  b.block.mid = take(w.D);
  b.block.next = take(w.D);
  b.block.normed = take(w.D);
  b.block.qkv = take(w.qkv());
  b.block.rot = take(w.qkv());
  b.block.attn = take(w.q);
  b.block.logsumexp = take(w.heads);
  b.block.gate_up = take(2 * w.F);
  b.block.act = take(w.F);
  b.block.y_output = take(w.D);
  b.block.y_down = take(w.D);
  b.block.inv_attn = take(1);
  b.block.inv_ffn = take(1);
  b.block.inv_post_attn = take(1);
  b.block.inv_post_ffn = take(1);
  b.block.inv_q = take(w.heads);
  b.block.inv_k = take(w.heads);
  b.rope = {.cos = take(w.half), .sin = take(w.half), .local_cos = take(w.half), .local_sin = take(w.half)};
  b.first = cursor.take<int32_t>(T);
  b.d = take(w.D);
  b.d2 = take(w.D);
  b.d_wide = take(std::max(w.F, w.q));
  b.d_rows = take(std::max(2 * w.F, w.qkv()));
  b.d_raw = take(w.qkv());
  const int64_t widest_x = std::max({w.D, w.F, w.q}), widest_dy = std::max({2 * w.F, w.qkv(), w.D});
  b.packed_x = take((widest_x + kStrip - 1) / kStrip * kStrip);
  b.packed_dy = take((widest_dy + kRows - 1) / kRows * kRows);
  return b;
}

}  // namespace

struct BlockGradient::Impl {
  Impl(std::shared_ptr<const Model> s, Backend& be, Transformer t, int64_t at_once)
      : stage(std::move(s)), backend(be), net(std::move(t)), widths(stage->config), most(at_once), pool(be.threads()) {}

  std::shared_ptr<const Model> stage;
  Backend& backend;
  Transformer net;
  Widths widths;
  int64_t most;
  kernels::cpu::ThreadPool pool;
  AlignedBytes arena, workspace;
  Buffers b;
  BlockTokens tokens;

  double forward(std::span<const int64_t> lengths, const float* x, const float* target);
  void backward(std::vector<std::vector<float>>& gradients);
  void weight_gradient(const BoundLinear& w, const float* dy, int64_t lddy, const float* x, int64_t ldx,
                       std::vector<std::vector<float>>& gradients);
  void input_gradients(const LinearSet& set, const float* dy, int64_t lddy, float* dx, int64_t lddx);
};

BlockGradient::BlockGradient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockGradient::~BlockGradient() = default;

uint64_t BlockGradient::bytes(const ModelConfig& config, int64_t tokens) {
  ArenaCursor count(nullptr);
  lay_out(Widths(config), tokens, count);
  return count.used();
}

Result<std::unique_ptr<BlockGradient>> BlockGradient::create(std::shared_ptr<const Model> stage, Backend& backend,
                                                             int64_t tokens) {
  SW_ASSIGN(Transformer net, Transformer::bind(*stage, backend));
  auto impl = std::make_unique<Impl>(std::move(stage), backend, std::move(net), tokens);
  impl->arena = AlignedBytes(bytes(impl->stage->config, tokens));
  ArenaCursor cursor(impl->arena.data());
  impl->b = lay_out(impl->widths, tokens, cursor);
  const bool head_norms = impl->net.head_norms();
  if (!head_norms) impl->b.block.rot = impl->b.block.qkv;
  if (!impl->net.local_rope()) impl->b.rope.local_cos = impl->b.rope.local_sin = nullptr;
  impl->workspace = AlignedBytes(impl->net.workspace_bytes(backend, tokens, 1));
  return std::unique_ptr<BlockGradient>(new BlockGradient(std::move(impl)));
}

double BlockGradient::Impl::forward(std::span<const int64_t> lengths, const float* x, const float* target) {
  int64_t t = 0;
  for (const int64_t length : lengths) {
    const int64_t begin = t;
    for (int64_t p = 0; p < length; ++p, ++t) {
      b.first[t] = static_cast<int32_t>(begin);
      net.fill_rope(b.rope, t, p, length);
    }
  }
  tokens = {.count = t, .first = b.first, .rope = b.rope};
  b.block.x = const_cast<float*>(x);  // only read: next and mid are others
  net.block(backend, 0, tokens, b.block, nullptr, Precision::Exact);
  double sum = 0.0;
  for (int64_t i = 0; i < t; ++i) {
    float row = 0.0f, size = 0.0f;
    for (int64_t k = i * widths.D; k < (i + 1) * widths.D; ++k) {
      b.d[k] = b.block.next[k] - target[k];
      row += b.d[k] * b.d[k];
      size += target[k] * target[k];
    }
    const float weight = size > 0.0f ? 1.0f / size : 0.0f;
    for (int64_t k = i * widths.D; k < (i + 1) * widths.D; ++k) b.d[k] *= weight;
    sum += row * weight;
  }
  return sum;
}

// gradients[w] = dy^T x. Both are brought into strips first, so that the inner product reads memory in order.
void BlockGradient::Impl::weight_gradient(const BoundLinear& w, const float* dy, int64_t lddy, const float* x,
                                          int64_t ldx, std::vector<std::vector<float>>& gradients) {
  const int64_t N = w.rows(), K = w.cols(), T = tokens.count;
  std::vector<float>& out = gradients[static_cast<size_t>(w.index)];
  out.resize(static_cast<size_t>(N * K));
  const auto pack = [&](const float* from, int64_t ld, int64_t width, int64_t strip, float* to) {
    pool.parallel_ranges((width + strip - 1) / strip, 1, [&](int64_t begin, int64_t end) {
      for (int64_t s = begin; s < end; ++s) {
        const int64_t wide = std::min(strip, width - s * strip);
        for (int64_t t = 0; t < T; ++t) {
          float* row = to + (s * T + t) * strip;
          for (int64_t k = 0; k < wide; ++k) row[k] = from[t * ld + s * strip + k];
          for (int64_t k = wide; k < strip; ++k) row[k] = 0.0f;
        }
      }
    });
  };
  pack(x, ldx, K, kStrip, b.packed_x);
  pack(dy, lddy, N, kRows, b.packed_dy);
  const kernels::cpu::GemmKernels& gemm = kernels::cpu::gemm_kernels(kernels::cpu::best_isa());
  pool.parallel_pieces((N + kRows - 1) / kRows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t s = 0; s * kStrip < K; ++s) {
      const int wide = static_cast<int>(std::min(kStrip, K - s * kStrip));
      for (int64_t r = begin; r < end; ++r) {
        gemm.columns(static_cast<int>(std::min(kRows, N - r * kRows)), wide, b.packed_dy + r * T * kRows, kRows,
                     b.packed_x + s * T * kStrip, kStrip, T, out.data() + r * kRows * K + s * kStrip, K, false);
      }
    }
  });
}

void BlockGradient::Impl::input_gradients(const LinearSet& set, const float* dy, int64_t lddy, float* dx,
                                          int64_t lddx) {
  bool accumulate = false;
  for (const BoundLinear& w : set) {
    backend.linear_dx(dy, lddy, tokens.count, w.view, dx, lddx, accumulate);
    dy += w.rows();
    accumulate = true;
  }
}

// The same steps as TrainGraph's (train_graph_backward.cpp), with every activation kept and the weights' gradients
// instead of the scales'. b.d: 0.5 * the gradient of the output.
void BlockGradient::Impl::backward(std::vector<std::vector<float>>& gradients) {
  const BoundLayer& layer = net.layer(0);
  const Layer& weights = *layer.layer;
  const BlockBuffers& k = b.block;
  const int64_t T = tokens.count, D = widths.D, F = widths.F, ld = widths.qkv(), q_width = widths.q,
                kv_width = widths.kv;
  for (int64_t i = 0; i < T * D; ++i) b.d[i] *= 2.0f;

  const float* dy = b.d;
  if (!weights.post_ffn_norm.empty()) {
    backend.rmsnorm_dx(dy, D, k.y_down, D, T, 1, D, weights.post_ffn_norm.data(), k.inv_post_ffn, b.d2, D, false);
    dy = b.d2;
  }
  weight_gradient(layer.down, dy, D, k.act, F, gradients);
  backend.linear_dx(dy, D, T, layer.down.view, b.d_wide, F, false);
  backend.gated_backward(k.gate_up, 2 * F, k.gate_up + F, 2 * F, b.d_wide, F, T, F, net.config().activation, b.d_rows,
                         b.d_rows + F);
  int64_t column = 0;
  for (const BoundLinear& w : layer.gate_up) {
    weight_gradient(w, b.d_rows + column, 2 * F, k.normed, D, gradients);  // the block's last norm is still there
    column += w.rows();
  }
  input_gradients(layer.gate_up, b.d_rows, 2 * F, b.d2, D);
  backend.rmsnorm_dx(b.d2, D, k.mid, D, T, 1, D, weights.ffn_norm.data(), k.inv_ffn, b.d, D, true);

  dy = b.d;
  if (!weights.post_attn_norm.empty()) {
    backend.rmsnorm_dx(dy, D, k.y_output, D, T, 1, D, weights.post_attn_norm.data(), k.inv_post_attn, b.d2, D, false);
    dy = b.d2;
  }
  weight_gradient(layer.output, dy, D, k.attn, q_width, gradients);
  backend.linear_dx(dy, D, T, layer.output.view, b.d_wide, q_width, false);
  float* d_qkv = b.d_rows;
  const bool normed_q = !weights.q_norm.empty(), normed_k = !weights.k_norm.empty(), norms = normed_q || normed_k;
  float* d_v = (norms ? b.d_raw : d_qkv) + q_width + kv_width;
  backend.attention_backward(net.attention_shape(0, T), k.rot, k.rot + q_width, k.qkv + q_width + kv_width,
                             tokens.first, k.attn, k.logsumexp, b.d_wide, d_qkv, d_qkv + q_width, d_v);
  net.unrotate(backend, 0, tokens, d_qkv);
  if (norms) {
    const auto through = [&](bool normed, const std::vector<float>& weight, const float* inv, int heads, int64_t at) {
      if (normed) {
        backend.rmsnorm_dx(d_qkv + at, ld, k.qkv + at, ld, T, heads, net.head_dim(), weight.data(), inv, b.d_raw + at,
                           ld, false);
      } else {
        backend.move(d_qkv + at, ld, T, int64_t{heads} * net.head_dim(), b.d_raw + at, ld, {}, false);
      }
    };
    through(normed_q, weights.q_norm, k.inv_q, net.heads(), 0);
    through(normed_k, weights.k_norm, k.inv_k, net.kv_heads(), q_width);
    d_qkv = b.d_raw;
  }
  backend.rmsnorm(k.x, D, T, 1, D, weights.attn_norm.data(), net.epsilon(), k.normed, D, k.inv_attn);
  column = 0;
  for (const BoundLinear& w : layer.qkv) {
    weight_gradient(w, d_qkv + column, ld, k.normed, D, gradients);
    column += w.rows();
  }
}

const float* BlockGradient::output() const {
  return impl_->b.block.next;
}

double BlockGradient::error(std::span<const int64_t> lengths, const float* x, const float* target) {
  const WorkspaceLoan loan(impl_->backend, impl_->workspace.data(), impl_->workspace.size());
  return impl_->forward(lengths, x, target);
}

double BlockGradient::error_and_gradient(std::span<const int64_t> lengths, const float* x, const float* target,
                                         std::vector<std::vector<float>>& gradients) {
  const WorkspaceLoan loan(impl_->backend, impl_->workspace.data(), impl_->workspace.size());
  const double sum = impl_->forward(lengths, x, target);
  gradients.resize(impl_->stage->weights.linears().size());
  impl_->backward(gradients);
  return sum;
}

}  // namespace scalewright::quant
