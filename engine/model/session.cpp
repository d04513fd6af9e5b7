#include "engine/model/session.h"

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "engine/core/backoff.h"
#include "engine/core/system.h"
#include "engine/model/decode_plan.h"
#include "engine/model/transformer.h"
#include "engine/model/transformer_arena.h"
#include "kernels/cpu/gemv_largest.h"

namespace scalewright {
namespace {

constexpr int64_t kDefaultContext = 4096;
// Of append_rows. So many tokens take the kernels that one takes, on the CPU to the same bits (products of few rows,
// attention of few queries); more would take those of prompts.
constexpr int64_t kMostRows = 4;
constexpr int64_t kFewestHeadRows = 8;
constexpr uint64_t kLogitBytes = uint64_t{32} << 20;  // rows of logits that are computed at once stay below this

struct Dims {
  int64_t context, chunk, head_rows;
  int64_t D, F, V, q_width, kv_width, half_rotary, ordered;
  int layers;
  bool local_rope;
  uint64_t sketch;  // bytes
};

Dims dims_of(const Model& model, const SessionOptions& options) {
  const ModelConfig& c = model.config;
  Dims d{};
  d.context = options.context > 0
                  ? options.context
                  : std::min(c.context_length > 0 ? c.context_length : kDefaultContext, kDefaultContext);
  d.chunk = std::clamp<int64_t>(options.chunk, 1, d.context);
  d.D = c.width;
  d.F = c.feed_forward;
  d.V = c.vocabulary;
  d.q_width = int64_t{c.heads} * c.head_dim;
  d.kv_width = int64_t{c.kv_heads} * c.head_dim;
  d.half_rotary = c.rotary / 2;
  d.layers = c.layers;
  d.local_rope = c.rope_local.has_value();
  d.head_rows = std::clamp<int64_t>(static_cast<int64_t>(kLogitBytes / (4 * std::max<int64_t>(d.V, 1))), kFewestHeadRows,
                                    std::max(d.chunk, kFewestHeadRows));
  d.head_rows = std::min(d.head_rows, d.chunk);
  for (const Linear* linear : model.weights.linears()) {
    if (linear->weight.quantized() && !linear->weight.quant().column_order().empty())
      d.ordered = std::max(d.ordered, linear->weight.cols());
  }
  // The largest logits alone are what an answer needs; a soft cap could make equal ones of them.
  const kernels::WeightView head = model.weights.head().view();
  if (options.precision == Precision::Fast && head.quantized && c.final_softcap <= 0.0 &&
      kernels::cpu::worth_sketching(head.quant))
    d.sketch = kernels::cpu::sketch_bytes(head.quant.layout);
  return d;
}

// What the host writes for the next `count` tokens, side by side in memory.
struct Tables {
  float* begin = nullptr;
  int64_t floats = 0;           // of the whole, numbers of 4 bytes all
  int32_t* ids = nullptr;       // [count]
  int32_t* position = nullptr;  // [1] of the token that a recording computes
  int32_t* rows = nullptr;      // [count] rows of the stream that are looked at
  int32_t* targets = nullptr;   // [count]
  RopeRows rope;                // [count, rotary/2]
};

Tables lay_out_tables(const Dims& d, int64_t count, ArenaCursor& cursor) {
  const int64_t angles = count * d.half_rotary;
  Tables t;
  t.floats = 3 * count + 1 + (d.local_rope ? 4 : 2) * angles;
  t.begin = cursor.take<float>(t.floats);
  if (!t.begin) return t;
  t.ids = reinterpret_cast<int32_t*>(t.begin);
  t.position = t.ids + count;
  t.rows = t.position + 1;
  t.targets = t.rows + count;
  t.rope.cos = reinterpret_cast<float*>(t.targets + count);
  t.rope.sin = t.rope.cos + angles;
  if (d.local_rope) {
    t.rope.local_cos = t.rope.sin + angles;
    t.rope.local_sin = t.rope.local_cos + angles;
  }
  return t;
}

struct Buffers {
  uint8_t* cache = nullptr;  // L x [context, 2 * kv_width] of KvType
  int64_t cache_layer_bytes = 0;
  int32_t* first = nullptr;  // [chunk] zeros: every token sees the cache from its start
  Tables chunk, token;       // of a chunk of tokens, and of one that a recording computes
  BlockBuffers block;
  float* logits = nullptr;  // [head_rows, V]
  float* last = nullptr;    // [V]
  uint8_t* sketch = nullptr;  // of the head
  float* hidden = nullptr;    // [D] the stream that the head waits with
  double* nll = nullptr;    // [head_rows]
};

// Without a base only the cursor moves: what bytes() counts is what create() takes.
Buffers lay_out(const Dims& d, KvType kv, ArenaCursor& cursor) {
  Buffers b;
  b.cache_layer_bytes = (d.context * 2 * d.kv_width * (kv == KvType::F32 ? 4 : 2) + 63) / 64 * 64;
  b.cache = cursor.take<uint8_t>(b.cache_layer_bytes * d.layers);
  b.first = cursor.take<int32_t>(d.chunk);
  b.chunk = lay_out_tables(d, d.chunk, cursor);
  b.token = lay_out_tables(d, 1, cursor);
  BlockBuffers& k = b.block;
  k.x = k.mid = k.next = cursor.take<float>(d.chunk * d.D);
  k.normed = k.y_output = k.y_down = cursor.take<float>(d.chunk * d.D);
  k.qkv = k.rot = cursor.take<float>(d.chunk * (d.q_width + 2 * d.kv_width));
  k.attn = cursor.take<float>(d.chunk * d.q_width);
  k.gate_up = cursor.take<float>(d.chunk * 2 * d.F);
  k.act = cursor.take<float>(d.chunk * d.F);
  if (d.ordered > 0) k.gathered = cursor.take<float>(d.chunk * d.ordered);
  b.logits = cursor.take<float>(d.head_rows * d.V);
  b.last = cursor.take<float>(d.V);
  if (d.sketch > 0) {
    b.sketch = cursor.take<uint8_t>(static_cast<int64_t>(d.sketch));
    b.hidden = cursor.take<float>(d.D);
  }
  b.nll = cursor.take<double>(d.head_rows);
  return b;
}

}  // namespace

struct Session::Impl {
  Impl(std::shared_ptr<const Model> m, Backend& be, Transformer t, const SessionOptions& o)
      : model(std::move(m)), backend(be), net(std::move(t)), options(o), d(dims_of(*model, o)) {}

  std::shared_ptr<const Model> model;
  Backend& backend;
  std::shared_ptr<void> held;  // the model's weights on the device; let go before the model is
  Transformer net;
  SessionOptions options;
  Dims d;
  AlignedBytes memory, inbox;
  Buffers b;
  // Where the host writes: b.chunk and b.token themselves, or memory that they are filled from.
  Tables written_chunk, written_token;
  std::vector<int32_t> ids;  // [context] what is in the cache
  void* workspace = nullptr;
  size_t workspace_bytes = 0;
  int64_t position = 0;
  DecodePlans plans;
  bool head_due = false;    // b.hidden has not met the head
  uint64_t head_bytes = 0;  // that the last logits took
  Backoff search;           // of the head: where logits stay so flat that searches read more than all of it
  int64_t rope_choice = 0;  // that the keys in the cache were turned with

  Result<void> check(std::span<const int32_t> more) const;
  void run_chunk(int64_t at, int64_t T, int64_t longest, int64_t read);
  void prepare(int64_t longest);
  template <class PerChunk>
  void run(std::span<const int32_t> more, bool every_row, PerChunk&& per_chunk);
  void finish(int64_t last_row);
  void keep(const float* logits);
  void all_logits();
  void deliver(const Tables& written, const Tables& to);
  bool replay(int32_t id);
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

uint64_t Session::bytes(const Model& model, const SessionOptions& options) {
  ArenaCursor cursor(nullptr);
  const Dims d = dims_of(model, options);
  lay_out(d, options.kv, cursor);
  return cursor.used() + static_cast<uint64_t>(d.context) * sizeof(int32_t);
}

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const Model> model, Backend& backend,
                                                 const SessionOptions& options) {
  if (options.context < 0 || options.context > (int64_t{1} << 31)) {
    return fail(ErrorCode::InvalidArgument,
                "A context of " + std::to_string(options.context) + " positions is not possible; ask for 1 or more.");
  }
  SW_ASSIGN(Transformer net, Transformer::bind(*model, backend));
  auto impl = std::make_unique<Impl>(std::move(model), backend, std::move(net), options);
  impl->d.sketch = impl->d.sketch > 0 ? backend.sketch_bytes(impl->net.head_view()) : 0;
  impl->workspace_bytes = impl->net.workspace_bytes(backend, impl->d.chunk, impl->d.head_rows);

  ArenaCursor count(nullptr);
  lay_out(impl->d, options.kv, count);
  count.take<uint8_t>(static_cast<int64_t>(impl->workspace_bytes));
  const std::optional<DeviceMemory> device = backend.device_memory();
  const uint64_t available = device ? device->left_bytes() : memory_status().available_bytes;  // 0: not known
  const auto out_of_memory = [&] {
    return fail(ErrorCode::OutOfMemory, "A context of " + std::to_string(impl->d.context) + " positions needs " +
                                            std::to_string((count.used() >> 20) + 1) + " MB, and " +
                                            (device ? device->name : "the machine") + " has " +
                                            std::to_string(available >> 20) + " MB free. Choose a shorter context" +
                                            (device ? ", or the device \"cpu\"." : "."));
  };
  if ((device || available != 0) && count.used() > available) return out_of_memory();
  try {
    impl->memory = AlignedBytes(count.used(), MemoryUse::Work);
    impl->held = backend.hold(impl->model->weights.list());
    impl->ids.resize(static_cast<size_t>(impl->d.context));
    if (backend.in_device_memory(impl->memory.data())) {
      ArenaCursor tables(nullptr);
      lay_out_tables(impl->d, impl->d.chunk, tables);
      lay_out_tables(impl->d, 1, tables);
      impl->inbox = AlignedBytes(tables.used(), MemoryUse::Inbox);
    }
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
  ArenaCursor cursor(impl->memory.data());
  impl->b = lay_out(impl->d, options.kv, cursor);
  impl->workspace = cursor.take<uint8_t>(static_cast<int64_t>(impl->workspace_bytes));
  if (impl->b.sketch) backend.make_sketch(impl->net.head_view(), impl->b.sketch);
  impl->written_chunk = impl->b.chunk;
  impl->written_token = impl->b.token;
  if (impl->inbox.data()) {
    ArenaCursor tables(impl->inbox.data());
    impl->written_chunk = lay_out_tables(impl->d, impl->d.chunk, tables);
    impl->written_token = lay_out_tables(impl->d, 1, tables);
  } else {
    impl->plans.give_up();
  }
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

Result<void> Session::Impl::check(std::span<const int32_t> more) const {
  const int64_t n = static_cast<int64_t>(more.size());
  if (n > d.context - position) {
    return fail(ErrorCode::InvalidArgument, "The context is full: " + std::to_string(position) + " of " +
                                                std::to_string(d.context) + " positions are used and " +
                                                std::to_string(n) +
                                                " more are needed. Start anew or choose a longer context.");
  }
  for (int64_t t = 0; t < n; ++t) {
    if (more[t] < 0 || more[t] >= d.V) {
      return fail(ErrorCode::InvalidArgument, "Token " + std::to_string(t) + " has id " + std::to_string(more[t]) +
                                                  ", but the model's vocabulary ends at " + std::to_string(d.V - 1) +
                                                  ". The tokenizer does not belong to this model.");
    }
  }
  return {};
}

// Tokens at .. at + T - 1 through all blocks; the last `read` rows of the stream end in b.block.x.
void Session::Impl::run_chunk(int64_t at, int64_t T, int64_t longest, int64_t read) {
  backend.synchronize();  // the tables of the last chunk may still be read
  std::copy_n(ids.begin() + at, T, written_chunk.ids);
  for (int64_t t = 0; t < T; ++t) net.fill_rope(written_chunk.rope, t, at + t, longest);
  deliver(written_chunk, b.chunk);
  net.embed(backend, b.chunk.ids, T, b.block.x);
  BlockTokens tokens{.count = T, .first = b.first, .rope = b.chunk.rope};
  for (int l = 0; l < net.layers(); ++l) {
    if (l + 1 == net.layers()) tokens.unread = T - read;
    const KvRows cache{.data = b.cache + l * b.cache_layer_bytes, .type = options.kv, .position = at};
    net.block(backend, l, tokens, b.block, &cache, options.precision);
  }
}

void Session::Impl::deliver(const Tables& written, const Tables& to) {
  if (written.begin != to.begin)
    backend.move(written.begin, written.floats, 1, written.floats, to.begin, to.floats, {}, false);
}

// longrope chooses its factors by the length of the whole input. Where a growing sequence passes the original context,
// all keys so far were made with the other factors, and so was what deeper layers read from them: compute the cache
// anew, once, so that a Session always equals a model that got the whole sequence at once. (The dynamic kind changes
// with every token; its older keys stay as they are, as in transformers.)
void Session::Impl::prepare(int64_t longest) {
  if (!net.rope().switches_once()) return;
  const int64_t choice = net.rope().choice(longest);
  if (choice != rope_choice) {
    for (int64_t at = 0; at < position; at += d.chunk) run_chunk(at, std::min(d.chunk, position - at), longest, 0);
  }
  rope_choice = choice;
}

// Appends checked ids; per_chunk(first, T) sees the final stream of each chunk in b.block.x: of every row, or only of
// the very last. It gives the logits of the chunk's last row, or null where it did not compute them.
template <class PerChunk>
void Session::Impl::run(std::span<const int32_t> more, bool every_row, PerChunk&& per_chunk) {
  const int64_t n = static_cast<int64_t>(more.size());
  const int64_t longest = position + n;
  const WorkspaceLoan loan(backend, workspace, workspace_bytes);
  DeferredCalls deferred(backend);
  prepare(longest);
  std::copy(more.begin(), more.end(), ids.begin() + position);
  for (int64_t done = 0; done < n;) {
    const int64_t T = std::min(d.chunk, n - done);
    run_chunk(position, T, longest, every_row ? T : done + T == n ? 1 : 0);
    position += T;
    const float* last = per_chunk(done, T);
    done += T;
    if (done < n) continue;
    if (last)
      keep(last);
    else
      finish(T - 1);
  }
  deferred.finish();
}

void Session::Impl::finish(int64_t last_row) {
  const float* row = b.block.x + last_row * d.D;
  head_due = b.sketch != nullptr;
  if (head_due) return backend.move(row, d.D, 1, d.D, b.hidden, d.D, {}, false);
  net.head(backend, row, 1, b.block.normed, nullptr, b.last, options.precision);
  head_bytes = model->weights.head().bytes();
}

void Session::Impl::keep(const float* logits) {
  backend.move(logits, d.V, 1, d.V, b.last, d.V, {}, false);
  head_bytes = model->weights.head().bytes();
  head_due = false;
}

void Session::Impl::all_logits() {
  if (!head_due) return;
  const WorkspaceLoan loan(backend, workspace, workspace_bytes);
  net.head(backend, b.hidden, 1, b.block.normed, nullptr, b.last, options.precision);
  head_bytes = model->weights.head().bytes();
  head_due = false;
}

// One more token by a recording of what a token takes; false: nothing was done.
bool Session::Impl::replay(int32_t id) {
  const int64_t bound = DecodePlans::bound(position + 1, d.context);
  const DecodePlans::Way way = plans.way(bound);
  if (way == DecodePlans::Way::Calls) return false;
  const WorkspaceLoan loan(backend, workspace, workspace_bytes);
  DeferredCalls deferred(backend);
  prepare(position + 1);
  if (way == DecodePlans::Way::Record) {
    std::shared_ptr<void> recording;
    if (backend.begin_recording()) {
      deliver(written_token, b.token);
      net.embed(backend, b.token.ids, 1, b.block.x);
      const BlockTokens tokens{.count = 1, .first = b.first, .rope = b.token.rope};
      for (int l = 0; l < net.layers(); ++l) {
        const KvRows cache{.data = b.cache + l * b.cache_layer_bytes,
                           .type = options.kv,
                           .position = bound - 1,
                           .at = b.token.position};
        net.block(backend, l, tokens, b.block, &cache, options.precision);
      }
      finish(0);
      recording = backend.end_recording();
    }
    if (!recording) {
      plans.give_up();
      return false;
    }
    plans.keep(bound, std::move(recording));
  }
  backend.synchronize();  // prepare() may have computed the cache anew
  ids[static_cast<size_t>(position)] = *written_token.ids = id;
  *written_token.position = static_cast<int32_t>(position);
  net.fill_rope(written_token.rope, 0, position, position + 1);
  backend.replay(plans.at(bound));
  ++position;
  deferred.finish();
  return true;
}

Result<void> Session::append(std::span<const int32_t> ids, const LogitSink& sink) {
  Impl& s = *impl_;
  SW_TRY(s.check(ids));
  if (ids.size() == 1 && !sink && s.replay(ids[0])) return {};
  s.run(ids, sink != nullptr, [&](int64_t first, int64_t T) -> const float* {
    if (!sink) return nullptr;
    int64_t rows = 0;
    for (int64_t r = 0; r < T; r += rows) {
      rows = std::min(s.d.head_rows, T - r);
      s.net.head(s.backend, s.b.block.x + r * s.d.D, rows, s.b.block.normed, nullptr, s.b.logits, s.options.precision);
      s.backend.synchronize();
      sink(first + r, rows, s.b.logits);
    }
    return s.b.logits + (rows - 1) * s.d.V;
  });
  return {};
}

Result<void> Session::append_rows(std::span<const int32_t> ids) {
  Impl& s = *impl_;
  SW_TRY(s.check(ids));
  if (static_cast<int64_t>(ids.size()) > most_rows())
    return fail(ErrorCode::InvalidArgument, "append_rows keeps the logits of " + std::to_string(most_rows()) + " tokens at most.");
  s.run(ids, true, [&](int64_t, int64_t T) {
    s.net.head(s.backend, s.b.block.x, T, s.b.block.normed, nullptr, s.b.logits, s.options.precision);
    return s.b.logits + (T - 1) * s.d.V;
  });
  return {};
}

int64_t Session::most_rows() const noexcept {
  return std::min(kMostRows, impl_->d.head_rows);
}
bool Session::records() const noexcept {
  return impl_->inbox.data() != nullptr;
}
std::span<const float> Session::row_logits(int64_t row) const {
  return {impl_->b.logits + row * impl_->d.V, static_cast<size_t>(impl_->d.V)};
}
bool Session::largest_row_logits(int64_t row, int count, float* values, int32_t* ids) const {
  return impl_->backend.largest(impl_->b.logits + row * impl_->d.V, impl_->d.V, count, values, ids);
}

Result<void> Session::append_nll(std::span<const int32_t> ids, std::span<const int32_t> targets,
                                 std::span<double> nll) {
  Impl& s = *impl_;
  if (targets.size() != ids.size() || nll.size() != ids.size()) {
    return fail(ErrorCode::InvalidArgument, "append_nll wants as many targets and results as ids.");
  }
  SW_TRY(s.check(ids));
  for (int32_t target : targets) {
    if (target >= s.d.V) {
      return fail(ErrorCode::InvalidArgument, "A target has id " + std::to_string(target) +
                                                  ", but the model's vocabulary ends at " + std::to_string(s.d.V - 1) +
                                                  ".");
    }
  }
  s.run(ids, true, [&](int64_t first, int64_t T) -> const float* {
    // Only counted rows go through the head, collected side by side (normalizing in place is allowed).
    int64_t r = 0;
    while (r < T) {
      s.backend.synchronize();
      int64_t n = 0;
      const int64_t begin = r;
      for (; r < T && n < s.d.head_rows; ++r) {
        nll[first + r] = 0.0;
        if (targets[first + r] < 0) continue;
        s.written_chunk.rows[n] = static_cast<int32_t>(r);
        s.written_chunk.targets[n++] = targets[first + r];
      }
      if (n == 0) continue;
      s.deliver(s.written_chunk, s.b.chunk);
      s.backend.move(s.b.block.x, s.d.D, n, s.d.D, s.b.block.normed, s.d.D, {.from_rows = s.b.chunk.rows}, false);
      s.net.head(s.backend, s.b.block.normed, n, s.b.block.normed, nullptr, s.b.logits, s.options.precision);
      s.backend.cross_entropy(s.b.logits, s.d.V, n, s.d.V, s.b.chunk.targets, 0.0f, 1.0f, s.b.nll, false);
      s.backend.synchronize();
      n = 0;
      for (int64_t t = begin; t < r; ++t) {
        if (targets[first + t] >= 0) nll[first + t] = s.b.nll[n++];
      }
    }
    return nullptr;
  });
  return {};
}

std::span<const float> Session::logits() const {
  impl_->all_logits();
  return {impl_->b.last, static_cast<size_t>(impl_->d.V)};
}
bool Session::largest_logits(int count, float* values, int32_t* ids) {
  Impl& s = *impl_;
  if (s.head_due && s.search.take()) {
    const WorkspaceLoan loan(s.backend, s.workspace, s.workspace_bytes);
    s.net.norm_output(s.backend, s.b.hidden, s.b.block.normed);
    const uint64_t read =
        s.backend.largest_products(s.b.block.normed, s.net.head_view(), s.b.sketch, count, values, ids);
    if (read > 0) {
      s.search.add(1.0 - static_cast<double>(read) / static_cast<double>(s.model->weights.head().bytes()));
      s.head_bytes = read;
      return true;
    }
  }
  s.all_logits();
  return s.backend.largest(s.b.last, s.d.V, count, values, ids);
}
bool Session::head_waits() const noexcept {
  return impl_->b.sketch != nullptr;
}
uint64_t Session::head_bytes() const noexcept {
  return impl_->head_bytes;
}
int64_t Session::position() const noexcept {
  return impl_->position;
}
int64_t Session::context() const noexcept {
  return impl_->d.context;
}
void Session::rewind(int64_t position) {
  impl_->position = std::clamp<int64_t>(position, 0, impl_->position);
}

}  // namespace scalewright
