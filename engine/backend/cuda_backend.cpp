#include "engine/backend/cuda_backend.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "engine/backend/backend_convert.h"
#include "engine/backend/cuda_factors.h"
#include "engine/backend/cuda_linear.h"
#include "engine/backend/cuda_memory.h"
#include "engine/backend/cuda_staging.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int64_t kReadBytes = int64_t{1} << 30;  // to find out how fast the card reads: far beyond its cache

class CudaBackend final : public Backend {
 public:
  CudaBackend(const device::DeviceInfo& info, void* stream, std::unique_ptr<kernels::CardProducts> products)
      : info_(info), stream_(stream), linear_(stream, std::move(products), info), held_(info.number, stream) {}
  ~CudaBackend() override { device::release_stream(stream_); }

  std::string description() const override {
    return "CUDA, " + info_.name + ", " + std::to_string((info_.total_bytes + (1u << 29)) >> 30) + " GB" +
           (linear_.products() ? ", " + linear_.products()->name() : ", products of its own");
  }
  int threads() const override { return 1; }
  std::string device() const override { return "cuda:" + std::to_string(info_.number); }
  // An error of a call that is still under way comes out of the next synchronize(), here at the latest of the next call.
  void defer(bool on) override {
    if (!on && deferred_) device::synchronize(stream_);
    deferred_ = on;
  }
  void synchronize() override {
    device::enter_device(info_.number);
    const std::string error = device::synchronize(stream_);
    if (!error.empty()) throw std::runtime_error(info_.name + " failed: " + error);
  }
  std::string unsupported(const WeightView& w) const override { return why_unsupported(w); }
  std::shared_ptr<void> hold(const WeightList& list) override {
    device::enter_device(info_.number);
    return held_.hold(list);
  }
  uint64_t hold_bytes(const WeightList& list) const override { return HeldWeights::hold_bytes(list); }
  std::optional<DeviceMemory> device_memory() const override {
    const CardUse use = card_use(info_.number);
    return DeviceMemory{info_.name, use.total_bytes, use.available_bytes, use.held_bytes, use.pinned_bytes};
  }
  bool in_device_memory(const void* data) const override { return device::place_of(data) == device::Place::Card; }

  bool begin_recording() override {
    if (held_.fetches()) return false;  // copies beside the calls cannot be repeated with them
    recording_ = true;
    staged_ = false;
    device::begin_recording(stream_);
    return true;
  }
  std::shared_ptr<void> end_recording() override {
    recording_ = false;
    const std::shared_ptr<void> made(device::end_recording(stream_), device::release_recording);
    return staged_ ? nullptr : made;
  }
  void replay(const void* recording) override { device::replay(const_cast<void*>(recording), stream_); }

  // Of products, of the parts of attention over many keys, or of its gradient, whose queries are inputs of a product.
  size_t workspace_bytes(int64_t T, int64_t largest_n, int64_t largest_k) const override {
    constexpr size_t kGradient = 4 * sizeof(uint16_t) + 2;  // a number of a query: four rounded ones, its share of its terms
    return std::max({CudaLinear::scratch_bytes(T, largest_n, largest_k),
                     device::most_attention_workspace_bytes(info_.processors),
                     T > device::kGemvRows ? static_cast<size_t>(T * largest_k) * kGradient : 0});
  }
  void set_workspace(void* data, size_t bytes) override {
    const bool ours = data && device::place_of(data) == device::Place::Card;
    workspace_ = ours ? Workspace{static_cast<uint8_t*>(data), bytes} : Workspace{};
  }

  void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
              Precision precision) override {
    const LinearPart part{&w, bias, y};
    linear_set(x, ldx, T, std::span(&part, 1), ldy, precision);
  }
  void linear_set(const float* x, int64_t ldx, int64_t T, std::span<const LinearPart> parts, int64_t ldy,
                  Precision precision) override {
    if (T == 0 || parts.empty()) return;
    StagedCall call(stream_, held_, workspace_);
    linear_.linear(call, x, ldx, T, parts, ldy, precision);
    done(call);
  }
  void linear_normed(const float* x, int64_t ldx, int64_t T, const float* weight, float epsilon, float* normed,
                     float* inv_rms, std::span<const LinearPart> parts, int64_t ldy, Precision precision) override {
    if (T == 0 || parts.empty()) return;
    const int64_t K = parts.front().w->cols();
    if (linear_.rounds(T, parts, precision)) {
      StagedCall call(stream_, held_, workspace_);
      const auto made = [&](uint16_t* to) {
        device::rmsnorm_rounded(stream_, call.in(x, T, K, ldx), ldx, T, K, call.in(weight, K), epsilon, to,
                                call.out(inv_rms, T));
      };
      linear_.linear_rounded(call, made, T, parts, ldy);
      return done(call);
    }
    if (inv_rms || !CudaLinear::few_rows(T, parts))
      return Backend::linear_normed(x, ldx, T, weight, epsilon, normed, inv_rms, parts, ldy, precision);
    StagedCall call(stream_, held_, workspace_);
    const auto split = [&](void* room) {
      device::split_normed(stream_, call.in(x, T, K, ldx), ldx, T, K, call.in(weight, K), room);
    };
    linear_.few_rows(call, T, parts, ldy, false, split, epsilon);
    done(call);
  }
  void linear_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                    float* activated, const WeightView& w, const float* bias, float* y, int64_t ldy,
                    Precision precision) override {
    if (T == 0) return;
    const LinearPart part{&w, bias, y};
    if (!linear_.rounds(T, {&part, 1}, precision))
      return Backend::linear_gated(gate, ldg, up, ldu, T, act, activated, w, bias, y, ldy, precision);
    gated_product(gate, ldg, up, ldu, T, act, part, ldy, false);
  }
  void linear_add(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, float* room,
                  Precision precision) override {
    const LinearPart part{&w, bias, y};
    if (T == 0) return;
    const bool few = CudaLinear::few_rows(T, {&part, 1});
    if (!few && !CudaLinear::adds(T, part)) return Backend::linear_add(x, ldx, T, w, bias, y, room, precision);
    StagedCall call(stream_, held_, workspace_);
    if (few) {
      linear_.few_rows(call, T, {&part, 1}, w.rows(), true, [&](void* split) {
        device::split_rows(stream_, call.in(x, T, w.cols(), ldx), ldx, T, w.cols(), split);
      });
    } else {
      linear_.linear(call, x, ldx, T, {&part, 1}, w.rows(), precision, true);
    }
    done(call);
  }
  void linear_add_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                        float* activated, const WeightView& w, const float* bias, float* y, float* room,
                        Precision precision) override {
    const LinearPart part{&w, bias, y};
    if (T == 0) return;
    if (CudaLinear::adds(T, part) && linear_.rounds(T, {&part, 1}, precision))
      return gated_product(gate, ldg, up, ldu, T, act, part, w.rows(), true);
    if (!CudaLinear::few_rows(T, {&part, 1}))
      return Backend::linear_add_gated(gate, ldg, up, ldu, T, act, activated, w, bias, y, room, precision);
    const int64_t F = w.cols();
    StagedCall call(stream_, held_, workspace_);
    linear_.few_rows(call, T, {&part, 1}, w.rows(), true, [&](void* split) {
      device::split_gated(stream_, call.in(gate, T, F, ldg), ldg, call.in(up, T, F, ldu), ldu, T, F, to_kind(act), split);
    });
    done(call);
  }
  void rope_store(float* x, int64_t ldx, int64_t T, int heads, int kv_heads, int head_dim, int rotary, const float* cos,
                  const float* sin, RopeStyle style, void* dst, int64_t ldd, KvType type, const int32_t* row) override {
    if (T == 0) return;
    if (row && !device::on_device(dst))
      return Backend::rope_store(x, ldx, T, heads, kv_heads, head_dim, rotary, cos, sin, style, dst, ldd, type, row);
    StagedCall call(stream_, held_, workspace_);
    const int64_t stored = 2 * int64_t{kv_heads} * head_dim, angles = T * (rotary / 2);
    const bool half = type == KvType::F16;
    float* in = call.both(x, T, int64_t{heads} * head_dim + stored, ldx);
    void* out = half ? static_cast<void*>(call.out(static_cast<uint16_t*>(dst), T, stored, ldd))
                     : call.out(static_cast<float*>(dst), T, stored, ldd);
    device::rope_store(stream_, in, ldx, T, heads, kv_heads, head_dim, rotary, angles ? call.in(cos, angles) : nullptr,
                       angles ? call.in(sin, angles) : nullptr, style == RopeStyle::Adjacent, out, ldd, half,
                       call.in(row, 1));
    done(call);
  }
  void attend_add(const TokenAttention& token, float* attended, const WeightView& w, const float* bias, float* y,
                  float* room, Precision precision) override {
    const AttentionShape& s = token.shape;
    const LinearPart part{&w, bias, y};
    const int64_t width = int64_t{s.kv_heads} * s.head_dim, pairs = token.rotary / 2;
    kernels::AttentionSpec spec = to_spec(s, nullptr);
    device::TokenRope rope{token.cos, token.sin, static_cast<int>(pairs), token.style == RopeStyle::Adjacent};
    auto* cache = static_cast<uint16_t*>(token.cache);
    if (s.kv != KvType::F16 || !CudaLinear::few_rows(1, {&part, 1}) ||
        !device::attention_token_takes(spec, rope, token.heads, cache, cache + width))
      return Backend::attend_add(token, attended, w, bias, y, room, precision);
    check_head(s);
    StagedCall call(stream_, held_, workspace_);
    spec.first = call.in(token.first, 1);
    spec.position = call.in(s.position, 1);
    rope.cosine = pairs ? call.in(token.cos, pairs) : nullptr;
    rope.sine = pairs ? call.in(token.sin, pairs) : nullptr;
    const float* heads = call.in(token.heads, int64_t{s.heads} * s.head_dim + 2 * width);
    uint16_t* keys = call.both(cache, s.keys, 2 * width, s.ldk);
    const size_t bytes = device::attention_workspace_bytes(spec, info_.processors);
    void* workspace = bytes > 0 ? call.scratch<uint8_t>(static_cast<int64_t>(bytes)) : nullptr;
    linear_.few_rows(call, 1, {&part, 1}, w.rows(), true, [&](void* split) {
      device::attention_token(stream_, spec, info_.processors, heads, rope, keys, keys + width, split, workspace);
    });
    done(call);
  }
  void linear_dx(const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx, int64_t lddx,
                 bool accumulate) override {
    const LinearGradient part{.w = &w, .dy = dy};
    backward(nullptr, 0, T, std::span(&part, 1), lddy, dx, lddx, accumulate, Precision::Exact);
  }
  void linear_dscale(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                     float* dscale, float* dscale_min) override {
    const WeightView view{.quantized = true, .quant = w, .dense = {}};
    const LinearGradient part{&view, dy, dscale, dscale_min};
    backward(x, ldx, T, std::span(&part, 1), lddy, nullptr, 0, false, Precision::Exact);
  }
  Precision tuning_precision() const override { return linear_.products() ? Precision::Fast : Precision::Exact; }
  void linear_backward(const float* x, int64_t ldx, int64_t T, std::span<const LinearGradient> parts, int64_t lddy,
                       float* dx, int64_t lddx, Precision precision) override {
    backward(x, ldx, T, parts, lddy, dx, lddx, false, precision);
  }
  void linear_backward_made(const BackwardInput& x, const BackwardGradient& dy, int64_t T,
                            std::span<const LinearGradient> parts, int64_t lddy, float* dx, int64_t lddx,
                            Precision precision) override {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    const bool changes = dy.of != BackwardGradient::Of::Rows;
    if (!linear_.rounds(parts, precision) || parts.size() > device::kMostSplit ||
        (changes && !CudaLinear::together(call, T, parts)))
      return Backend::linear_backward_made(x, dy, T, parts, lddy, dx, lddx, precision);
    const auto input = [&](uint16_t* to) { make_rounded(stream_, call, x, T, parts[0].w->cols(), to); };
    const auto gradient = [&](uint16_t* to) { make_rounded(stream_, call, dy, T, parts, lddy, to); };
    linear_.backward_rounded(call, input, changes ? CudaLinear::Make(gradient) : nullptr, T, parts, lddy, dx, lddx, false);
    done(call);
  }
  void linear_drow(const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                   const float* row_scale, float* drow) override {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::linear_drow(stream_, call.in(dy, T, N, lddy), lddy, call.in(y, T, N, ldy), ldy, T, N,
                        call.in(row_scale, N), call.both(drow, N));
    done(call);
  }
  void embed(const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo) override {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::embed(stream_, call.in(ids, T), T, call.in_place(w), factor, call.out(out, T, w.cols(), ldo), ldo);
    done(call);
  }
  void rmsnorm(const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight, float epsilon,
               float* y, int64_t ldy, float* inv_rms) override {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::rmsnorm(stream_, call.in(x, T, groups * D, ldx), ldx, T, groups, D, call.in(weight, D), epsilon,
                    call.out(y, T, groups * D, ldy), ldy, call.out(inv_rms, T * groups));
    done(call);
  }
  void rmsnorm_dx(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
                  const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate) override {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    const int64_t width = groups * D;
    device::rmsnorm_dx(stream_, call.in(dy, T, width, lddy), lddy, call.in(x, T, width, ldx), ldx, T, groups, D,
                       call.in(weight, D), call.in(inv_rms, T * groups),
                       accumulate ? call.both(dx, T, width, lddx) : call.out(dx, T, width, lddx), lddx, accumulate);
    done(call);
  }
  void rope(float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cos, const float* sin,
            RopeStyle style, bool inverse) override {
    if (T == 0 || rotary == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::rope(stream_, call.both(x, T, int64_t{heads} * head_dim, ldx), ldx, T, heads, head_dim, rotary,
                 call.in(cos, T * (rotary / 2)), call.in(sin, T * (rotary / 2)), style == RopeStyle::Adjacent, inverse);
    done(call);
  }
  void attention(const AttentionShape& s, const float* q, const void* k, const void* v, const int32_t* first,
                 float* out, float* logsumexp) override {
    if (s.queries == 0) return;
    check_head(s);
    StagedCall call(stream_, held_, workspace_);
    const int64_t width = int64_t{s.heads} * s.head_dim;
    kernels::AttentionSpec spec = to_spec(s, call.in(first, s.queries));
    spec.position = call.in(s.position, 1);
    const void *keys = stage_keys(call, s, k, s.ldk), *values = stage_keys(call, s, v, s.ldv);
    const size_t bytes = device::attention_workspace_bytes(spec, info_.processors);
    void* workspace = bytes > 0 ? call.scratch<uint8_t>(static_cast<int64_t>(bytes)) : nullptr;
    device::attention(stream_, spec, info_.processors, call.in(q, s.queries, width, s.ldq), keys, values,
                      call.out(out, s.queries, width, s.ldo), call.out(logsumexp, s.queries * s.heads), workspace);
    done(call);
  }
  void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v, const int32_t* first,
                          const float* out, const float* logsumexp, const float* dout, float* dq, float* dk,
                          float* dv) override {
    if (s.queries == 0) return;
    check_head(s);
    StagedCall call(stream_, held_, workspace_);
    const int64_t width = int64_t{s.heads} * s.head_dim, kv_width = int64_t{s.kv_heads} * s.head_dim, T = s.queries;
    const kernels::AttentionSpec spec = to_spec(s, call.in(first, T));
    auto* workspace =
        call.scratch<uint8_t>(static_cast<int64_t>(device::attention_backward_workspace_bytes(spec)));
    device::attention_backward(stream_, spec, call.in(q, T, width, s.ldq),
                               call.in(k, s.keys, kv_width, s.ldk), call.in(v, s.keys, kv_width, s.ldv),
                               call.in(out, T, width, s.ldo), call.in(logsumexp, T * s.heads),
                               call.in(dout, T, width, s.ldo), call.out(dq, T, width, s.ldq),
                               call.out(dk, s.keys, kv_width, s.ldk), call.out(dv, s.keys, kv_width, s.ldv), workspace);
    done(call);
  }
  void store_kv(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type) override {
    store_rows(src, lds, T, width, dst, ldd, type, nullptr);
  }
  void store_kv_at(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type,
                   const int32_t* row) override {
    if (device::on_device(dst)) return store_rows(src, lds, T, width, dst, ldd, type, row);
    Backend::store_kv_at(src, lds, T, width, dst, ldd, type, row);
  }
  void gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F, Activation act,
             float* out, int64_t ldo) override {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::gated(stream_, call.in(gate, T, F, ldg), ldg, call.in(up, T, F, ldu), ldu, T, F, to_kind(act),
                  call.out(out, T, F, ldo), ldo);
    done(call);
  }
  void gated_backward(const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout, int64_t lddo,
                      int64_t T, int64_t F, Activation act, float* dgate, float* dup) override {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::gated_backward(stream_, call.in(gate, T, F, ldg), ldg, call.in(up, T, F, ldu), ldu,
                           call.in(dout, T, F, lddo), lddo, T, F, to_kind(act), call.out(dgate, T, F, ldg),
                           call.out(dup, T, F, ldu));
    done(call);
  }
  void add(const float* x, float* y, int64_t n) override {
    if (n == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::add(stream_, call.in(x, n), call.both(y, n), n);
    done(call);
  }
  void softcap(float* x, int64_t n, float cap) override {
    if (n == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::softcap(stream_, call.both(x, n), n, cap);
    done(call);
  }
  bool largest(const float* logits, int64_t V, int count, float* values, int32_t* ids) override {
    if (count < 1 || count > device::kMostLargest || count > V) return false;
    StagedCall call(stream_, held_, workspace_);
    auto* room = call.scratch<uint8_t>(static_cast<int64_t>(device::largest_workspace_bytes(V, count)));
    device::largest(stream_, call.in(logits, V), V, count, call.out(values, count), call.out(ids, count), room);
    done(call);
    return true;
  }
  void cross_entropy(float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                     float gradient_scale, double* nll, bool want_gradient) override {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::cross_entropy(stream_, call.both(logits, T, V, ldl), ldl, T, V, call.in(targets, T), cap, gradient_scale,
                          call.out(nll, T), want_gradient);
    done(call);
  }
  void adamw(const AdamStep& s, const float* gradient, float* parameter, float* m, float* v, int64_t n) override {
    if (n == 0) return;
    const double step = static_cast<double>(s.step);
    device::AdamWTerms terms;
    terms.beta1 = s.beta1;
    terms.beta2 = s.beta2;
    terms.rest1 = static_cast<float>(1.0 - static_cast<double>(s.beta1));
    terms.rest2 = static_cast<float>(1.0 - static_cast<double>(s.beta2));
    terms.gradient_scale = s.gradient_scale;
    terms.decay = 1.0f - s.learning_rate * s.weight_decay;
    terms.step_size = static_cast<float>(s.learning_rate / (1.0 - std::pow(static_cast<double>(s.beta1), step)));
    terms.root = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(static_cast<double>(s.beta2), step)));
    terms.epsilon = s.epsilon;
    StagedCall call(stream_, held_, workspace_);
    device::adamw(stream_, terms, call.in(gradient, n), call.both(parameter, n), call.both(m, n), call.both(v, n), n);
    done(call);
  }
  double scaled_squares(float* gradient, const float* factor, int64_t n) override {
    return total(n, [&](StagedCall& call, double* parts, double* result) {
      device::scaled_squares(stream_, call.both(gradient, n), call.in(factor, n), n, parts, result);
    });
  }
  double largest_magnitude(const float* values, int64_t n) override {
    return total(n, [&](StagedCall& call, double* parts, double* result) {
      device::largest_magnitude(stream_, call.in(values, n), n, parts, result);
    });
  }
  void relative_values(const float* start, const float* change, float* values, int64_t n) override {
    if (n == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::relative_values(stream_, call.in(start, n), call.in(change, n), call.out(values, n), n);
    done(call);
  }
  void move(const float* x, int64_t ldx, int64_t T, int64_t K, float* y, int64_t ldy, const MoveLists& lists,
            bool accumulate) override {
    // What lists name lies anywhere in x or y: only shared memory can be reached so.
    const bool scattered = lists.from_rows || lists.from_columns || lists.to_rows || lists.to_columns;
    if (scattered && !(device::on_device(x) && device::on_device(y)))
      return Backend::move(x, ldx, T, K, y, ldy, lists, accumulate);
    if (T == 0 || K == 0) return;
    StagedCall call(stream_, held_, workspace_);
    const device::MoveLists there{call.in(lists.from_rows, T), call.in(lists.from_columns, K), call.in(lists.to_rows, T),
                                  call.in(lists.to_columns, K)};
    const float* from = scattered ? x : call.in(x, T, K, ldx);
    float* to = scattered ? y : accumulate ? call.both(y, T, K, ldy) : call.out(y, T, K, ldy);
    device::move(stream_, from, ldx, T, K, to, ldy, there, accumulate);
    done(call);
  }
  void subtract(const float* a, const float* b, float* out, int64_t n) override {
    if (n == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::subtract(stream_, call.in(a, n), call.in(b, n), call.out(out, n), n);
    done(call);
  }
  void zero(float* y, int64_t n) override {
    if (n == 0) return;
    StagedCall call(stream_, held_, workspace_);
    device::zero(stream_, call.out(y, n), n);
    done(call);
  }
  std::optional<Ceilings> ceilings() override {
    device::enter_device(info_.number);
    return Ceilings{measure_read_bandwidth(), linear_.measure_product_rate()};
  }

 private:
  // act(gate) * up, made rounded, times a matrix; `add`: to its y.
  void gated_product(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                     const LinearPart& part, int64_t ldy, bool add) {
    const int64_t F = part.w->cols();
    StagedCall call(stream_, held_, workspace_);
    const auto made = [&](uint16_t* to) {
      device::gated_rounded(stream_, call.in(gate, T, F, ldg), ldg, call.in(up, T, F, ldu), ldu, T, F, to_kind(act), to);
    };
    linear_.linear_rounded(call, made, T, {&part, 1}, ldy, add);
    done(call);
  }
  // work(call, parts, result): a number that the host waits for.
  template <class Work>
  double total(int64_t n, const Work& work) {
    if (n == 0) return 0.0;
    double result = 0.0;
    {
      StagedCall call(stream_, held_, workspace_);
      double* parts = call.scratch<double>(device::kSumParts + 1);
      work(call, parts, parts + device::kSumParts);
      device::copy_rows(stream_, &result, parts + device::kSumParts, sizeof result, sizeof result, 1);
      done(call);
    }
    synchronize();
    return result;
  }
  double measure_read_bandwidth() {
    constexpr int kTimes = 10, kRuns = 3;
    auto* data = static_cast<uint8_t*>(device::device_allocate(stream_, kReadBytes));
    auto* seen = static_cast<uint32_t*>(device::device_allocate(stream_, sizeof(uint32_t)));
    double best = 0.0;
    for (int run = 0; run <= kRuns && data && seen; ++run) {  // the first warms up
      device::synchronize(stream_);
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < kTimes; ++i) device::read_all(stream_, data, kReadBytes, info_.processors, seen);
      device::synchronize(stream_);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (run) best = std::max(best, kTimes * static_cast<double>(kReadBytes) / seconds);
    }
    device::device_release(stream_, seen);
    device::device_release(stream_, data);
    return best;
  }
  void store_rows(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type,
                  const int32_t* row) {
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    const bool half = type == KvType::F16;
    void* out = half ? static_cast<void*>(call.out(static_cast<uint16_t*>(dst), T, width, ldd))
                     : call.out(static_cast<float*>(dst), T, width, ldd);
    device::store_kv(stream_, call.in(src, T, width, lds), lds, T, width, out, ldd, half, call.in(row, 1));
    done(call);
  }
  // The host may read the results when a call returns, unless it said that it waits.
  void done(StagedCall& call) {
    const bool copies_back = call.finish();
    staged_ = staged_ || call.staged();
    if (recording_) return;
    if (!deferred_ || copies_back) synchronize();
  }
  static void check_head(const AttentionShape& s) {
    if (s.head_dim > device::kLargestHead)
      throw std::runtime_error("Attention heads of " + std::to_string(s.head_dim) +
                               " numbers do not run on the card; choose the device \"cpu\".");
  }
  static const void* stage_keys(StagedCall& call, const AttentionShape& s, const void* k, int64_t ld) {
    const int64_t width = int64_t{s.kv_heads} * s.head_dim;
    if (s.kv == KvType::F16) return call.in(static_cast<const uint16_t*>(k), s.keys, width, ld);
    return call.in(static_cast<const float*>(k), s.keys, width, ld);
  }

  void backward(const float* x, int64_t ldx, int64_t T, std::span<const LinearGradient> parts, int64_t lddy, float* dx,
                int64_t lddx, bool accumulate, Precision precision) {
    if (T == 0 || parts.empty()) return;
    StagedCall call(stream_, held_, workspace_);
    linear_.backward(call, x, ldx, T, parts, lddy, dx, lddx, accumulate, precision);
    done(call);
  }

  device::DeviceInfo info_;
  void* stream_;
  CudaLinear linear_;
  HeldWeights held_;
  Workspace workspace_;
  bool deferred_ = false;
  bool recording_ = false, staged_ = false;  // staged: a call took memory or copied, since recording began
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(std::unique_ptr<kernels::CardProducts> products, std::string& why,
                                           int number) {
  for (const device::DeviceInfo& info : device::find_devices(why)) {
    if (number != kFirstCard && number != info.number) continue;
    std::string error = device::enter_device(info.number);
    void* stream = nullptr;
    if (error.empty()) error = device::make_stream(&stream);
    if (error.empty()) return std::make_unique<CudaBackend>(info, stream, std::move(products));
    why = info.name + " cannot be used (" + error + ")";
  }
  if (why.empty()) why = "there is no card cuda:" + std::to_string(number) + " that can be used";
  return nullptr;
}

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
