#include "engine/model/train_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <string>

#include "engine/model/train_graph_impl.h"

namespace scalewright {

TrainGraph::TrainGraph(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrainGraph::~TrainGraph() {
  impl_->backend.set_workspace(nullptr, 0);
}

Result<std::unique_ptr<TrainGraph>> TrainGraph::create(std::shared_ptr<const Model> model, Backend& backend,
                                                       const TrainShape& shape, void* arena, size_t arena_bytes) {
  if (shape.batch < 1 || shape.context < 1 || shape.batch > (int64_t{1} << 31) / shape.context) {
    return fail(ErrorCode::InvalidArgument,
                "A step of " + std::to_string(shape.batch) + " rows of " + std::to_string(shape.context) +
                    " tokens is not possible; choose at least 1 of each and fewer than 2^31 together.");
  }
  if (reinterpret_cast<uintptr_t>(arena) % 64 != 0) {
    return fail(ErrorCode::InvalidArgument, "The memory of a training graph must begin at a multiple of 64 bytes.");
  }
  SW_ASSIGN(Transformer net, Transformer::bind(*model, backend));
  auto impl = std::make_unique<Impl>(std::move(model), backend, shape, std::move(net));
  impl->decided = decide(*impl->model, shape);

  ArenaCursor count(nullptr);
  lay_out(*impl->model, backend, impl->decided, count, nullptr);
  if (arena_bytes < count.used()) {
    return fail(ErrorCode::OutOfMemory, "Training steps of this shape need " + std::to_string(count.used()) +
                                            " bytes of working memory, and " + std::to_string(arena_bytes) +
                                            " were given. Choose a shorter context or keep fewer layers.");
  }
  try {
    impl->held = backend.hold(impl->model->weights.list());
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::OutOfMemory, "There is no room left on the card for the norms of " + impl->model->name +
                                            " and for the blocks that come from the host's memory. Close other "
                                            "programs that use the card, or choose the device \"cpu\".");
  }
  ArenaCursor cursor(arena);
  impl->b = lay_out(*impl->model, backend, impl->decided, cursor, nullptr);
  if (backend.in_device_memory(arena))
    impl->inbox = AlignedBytes(static_cast<size_t>(impl->b.step_bytes), MemoryUse::Inbox);
  const std::vector<const Linear*> linears = impl->model->weights.linears();
  for (size_t i = 0; i < linears.size(); ++i) {
    float* negative = impl->b.negative_bias[i];
    if (!negative) continue;
    std::transform(linears[i]->bias.begin(), linears[i]->bias.end(), negative, std::negate<float>());
    impl->decided.linears[i].negative_bias = negative;
  }
  return std::unique_ptr<TrainGraph>(new TrainGraph(std::move(impl)));
}

// The learned numbers become the scales that the backend multiplies with.
void TrainGraph::Impl::use_values(const float* learned_values) {
  values = learned_values;
  const auto use = [&](BoundLinear& w) {
    const TrainedLinear& t = decided.linears[w.index];
    if (!t.trained) return;
    if (shape.granularity == Granularity::Row) {
      w.view.quant.row_scale = values + t.offset;
    } else {
      w.view.quant.scale = values + t.offset;
      if (t.second) w.view.quant.scale_min = values + t.offset + t.count;
    }
  };
  for (BoundLayer& layer : net.bound()) {
    for (BoundLinear& w : layer.qkv) use(w);
    for (BoundLinear& w : layer.gate_up) use(w);
    use(layer.output);
    use(layer.down);
  }
}

// Takes from a batch the tokens that anything depends on: no padding, and in each sample none behind the last learned
// position (attention looks back only).
bool TrainGraph::Impl::prepare(const Batch& batch, bool all) {
  const int64_t V = net.vocabulary();
  backend.synchronize();
  const RopeRows rope{written(b.rope.cos), written(b.rope.sin), written(b.rope.local_cos), written(b.rope.local_sin)};
  int32_t *ids = written(b.ids), *source = written(b.source), *first = written(b.first), *rows = written(b.learned),
          *targets = written(b.targets);
  int64_t n = 0;
  learned = 0;
  for (int64_t row = 0; row < batch.rows; ++row) {
    const int64_t base = row * batch.context;
    for (int64_t begin = 0; begin < batch.context;) {
      const int32_t segment = batch.segments[base + begin];
      int64_t end = begin, used = begin, longest = 0;
      for (; end < batch.context && batch.segments[base + end] == segment; ++end) {
        longest = std::max<int64_t>(longest, batch.positions[base + end] + int64_t{1});
        if (batch.targets[base + end] >= 0) used = end + 1;
      }
      if (all) used = end;
      if (segment < 0) used = begin;
      const int64_t start = n;
      for (int64_t t = begin; t < used; ++t, ++n) {
        const int64_t at = base + t;
        if (batch.ids[at] < 0 || batch.ids[at] >= V || batch.targets[at] >= V) return false;
        ids[n] = batch.ids[at];
        source[n] = static_cast<int32_t>(at);
        first[n] = static_cast<int32_t>(start);
        net.fill_rope(rope, n, batch.positions[at], longest);
        if (batch.targets[at] >= 0) {
          rows[learned] = static_cast<int32_t>(n);
          targets[learned++] = batch.targets[at];
        }
      }
      begin = end;
    }
  }
  if (inbox.data()) {
    const int64_t floats = b.step_bytes / static_cast<int64_t>(sizeof(float));
    backend.move(reinterpret_cast<const float*>(inbox.data()), floats, 1, floats, reinterpret_cast<float*>(b.ids),
                 floats, {}, false);
  }
  tokens = {.count = n, .first = b.first, .rope = b.rope};
  return true;
}

TrainSlot& TrainGraph::Impl::slot_of(int l) {
  const int first_kept = net.layers() - decided.kept;
  if (l < decided.lowest) return b.slots.back();
  return l >= first_kept ? b.slots[l - first_kept] : b.slots.back();
}

BlockBuffers TrainGraph::Impl::buffers(int l) {
  const int64_t T = shape.batch * shape.context;
  TrainSlot& slot = slot_of(l);
  BlockBuffers k;
  k.x = stream(l);
  k.next = stream(l + 1);
  k.mid = slot.mid;
  k.y_output = slot.y_output;
  k.y_down = slot.y_down;
  if (l < decided.lowest) {
    // Nothing below is learned: no gradient comes here, so the stream is moved on in place.
    k.next = k.mid = k.x;
    k.y_output = k.y_down = b.normed;
  }
  k.normed = b.normed;
  k.qkv = slot.qkv;
  k.rot = decided.raw_qkv ? b.rot : slot.qkv;
  k.attn = slot.attn;
  k.logsumexp = slot.logsumexp;
  k.gate_up = slot.gate_up;
  k.act = b.wide;
  k.inv_attn = slot.inv;
  k.inv_ffn = slot.inv + T;
  k.inv_post_attn = slot.inv + 2 * T;
  k.inv_post_ffn = slot.inv + 3 * T;
  k.inv_q = slot.inv + 4 * T;
  k.inv_k = k.inv_q + T * net.heads();
  k.gathered = b.gathered;
  return k;
}

void TrainGraph::Impl::forward_blocks() {
  // Not for this call alone: the optimizer's step takes it too.
  backend.set_workspace(b.workspace, b.workspace_bytes);
  net.embed(backend, b.ids, tokens.count, stream(0));
  for (int l = 0; l < net.layers(); ++l) {
    net.block(backend, l, tokens, buffers(l), nullptr, precision);
    slot_of(l).layer = l;
  }
}

// Loss of the learned positions, `chunk` rows of logits at a time; with a gradient, d_stream becomes that of the last
// output.
TrainGraph::Sums TrainGraph::Impl::head(float gradient_scale, bool want_gradient) {
  const int64_t D = net.width(), V = net.vocabulary();
  const float cap = static_cast<float>(net.config().final_softcap);
  if (want_gradient) backend.zero(b.d_stream, tokens.count * D);
  for (int64_t r = 0; r < learned; r += decided.chunk) {
    const int64_t n = std::min(decided.chunk, learned - r);
    backend.move(stream(net.layers()), D, n, D, b.head_in, D, {.from_rows = b.learned + r}, false);
    net.head(backend, b.head_in, n, b.head_normed, b.head_inv, b.logits, precision);
    backend.cross_entropy(b.logits, V, n, V, b.targets + r, cap, gradient_scale, b.nll + r, want_gradient);
    if (!want_gradient) continue;
    const LinearGradient part{.w = &net.head_view(), .dy = b.logits};
    backend.linear_backward(nullptr, 0, n, std::span(&part, 1), V, b.head_normed, D, precision);
    backend.rmsnorm_dx(b.head_normed, D, b.head_in, D, n, 1, D, net.output_norm().data(), b.head_inv, b.head_dx, D,
                       false);
    backend.move(b.head_dx, D, n, D, b.d_stream, D, {.to_rows = b.learned + r}, false);
  }
  backend.synchronize();
  Sums sums;
  sums.counted = learned;
  for (int64_t i = 0; i < learned; ++i) sums.nll += b.nll[i];
  return sums;
}

namespace {
TrainGraph::Sums impossible() {
  return {.nll = std::numeric_limits<double>::quiet_NaN(), .counted = 1};
}
}  // namespace

TrainGraph::Sums TrainGraph::forward(const Batch& batch, const float* values) {
  Impl& g = *impl_;
  if (batch.rows * batch.context > g.shape.batch * g.shape.context || !g.prepare(batch, false)) return impossible();
  if (g.learned == 0) return {};
  g.use_values(values);
  g.precision = Precision::Exact;
  const DeferredCalls calls(g.backend);
  g.forward_blocks();
  return g.head(1.0f, false);
}

TrainGraph::Sums TrainGraph::forward_backward(const Batch& batch, const float* values, float gradient_scale,
                                              float* gradient) {
  Impl& g = *impl_;
  if (batch.rows * batch.context > g.shape.batch * g.shape.context || !g.prepare(batch, false)) return impossible();
  if (g.learned == 0) return {};
  g.use_values(values);
  g.gradient = gradient;
  g.precision = g.shape.precision;
  DeferredCalls calls(g.backend);
  g.forward_blocks();
  const bool anything = g.decided.lowest < g.net.layers();
  const Sums sums = g.head(gradient_scale, anything);
  if (anything) g.backward_blocks();
  calls.finish();
  return sums;
}

void TrainGraph::logits(const Batch& batch, const float* values, float* out) {
  Impl& g = *impl_;
  const int64_t V = g.net.vocabulary(), D = g.net.width();
  std::fill_n(out, batch.rows * batch.context * V, 0.0f);
  if (batch.rows * batch.context > g.shape.batch * g.shape.context || !g.prepare(batch, true) || g.tokens.count == 0)
    return;
  g.use_values(values);
  g.precision = Precision::Exact;
  g.forward_blocks();
  const float* hidden = g.stream(g.net.layers());
  for (int64_t r = 0; r < g.tokens.count; r += g.decided.chunk) {
    const int64_t n = std::min(g.decided.chunk, g.tokens.count - r);
    g.net.head(g.backend, hidden + r * D, n, g.b.head_normed, nullptr, g.b.logits, Precision::Exact);
    for (int64_t i = 0; i < n; ++i) {
      std::memcpy(out + g.written(g.b.source)[r + i] * V, g.b.logits + i * V, sizeof(float) * V);
    }
  }
}

}  // namespace scalewright
