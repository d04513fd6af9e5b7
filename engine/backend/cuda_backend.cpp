#include "engine/backend/cuda_backend.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "engine/backend/backend_convert.h"
#include "engine/backend/cuda_memory.h"
#include "engine/backend/cuda_staging.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {
namespace {

using kernels::kStripRows;

constexpr size_t kSliceBytes = size_t{32} << 20;  // of unpacked weights at a time: stays in the card's cache

class CudaBackend final : public Backend {
 public:
  CudaBackend(const device::DeviceInfo& info, void* stream, std::unique_ptr<kernels::CardProducts> products)
      : info_(info), stream_(stream), products_(std::move(products)), held_(stream) {}
  ~CudaBackend() override { device::release_stream(stream_); }

  std::string description() const override {
    return "CUDA, " + info_.name + ", " + std::to_string((info_.total_bytes + (1u << 29)) >> 30) + " GB" +
           (products_ ? ", " + products_->name() : ", products of its own");
  }
  int threads() const override { return 1; }
  // An error of a call that is still under way comes out of the next synchronize(), here at the latest of the next call.
  void defer(bool on) override {
    if (!on && deferred_) device::synchronize(stream_);
    deferred_ = on;
  }
  void synchronize() override {
    device::enter_device();
    const std::string error = device::synchronize(stream_);
    if (!error.empty()) throw std::runtime_error(info_.name + " failed: " + error);
  }
  std::string unsupported(const WeightView& w) const override { return why_unsupported(w); }
  std::shared_ptr<void> hold(const WeightList& list) override {
    device::enter_device();
    return held_.hold(list);
  }
  uint64_t hold_bytes(const WeightList& list) const override { return HeldWeights::hold_bytes(list); }
  std::optional<DeviceMemory> device_memory() const override {
    const CardUse use = card_use();
    return DeviceMemory{info_.name, use.total_bytes, use.available_bytes, use.held_bytes};
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

  // A slice of unpacked weights; for fast products one in bf16 and x beside it; or the parts of attention over many keys.
  size_t workspace_bytes(int64_t T, int64_t largest_n, int64_t largest_k) const override {
    const int64_t whole = (largest_n + kStripRows - 1) / kStripRows * kStripRows * largest_k;
    const int64_t most = std::max(static_cast<int64_t>(kSliceBytes / sizeof(float)), kStripRows * largest_k);
    const auto slice = static_cast<size_t>(std::min(whole, most)) * sizeof(float);
    const size_t rounded = static_cast<size_t>(T * largest_k) * sizeof(uint16_t);
    const size_t few = device::split_bytes(std::min(T, device::kGemvRows), largest_k);
    const size_t many = T <= device::kGemvRows ? 0 : std::max(slice, slice / 2 + rounded) + 2 * kScratchAlign;
    return std::max({few, many, device::most_attention_workspace_bytes(info_.processors)});
  }
  void set_workspace(void* data, size_t bytes) override {
    const bool ours = data && device::place_of(data) == device::Place::Card;
    workspace_ = ours ? Workspace{static_cast<uint8_t*>(data), bytes} : Workspace{};
  }

  void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
              Precision precision) override {
    if (T == 0) return;
    const int64_t N = w.rows(), K = w.cols();
    StagedCall call(stream_, held_, workspace_);
    const WeightView weight = call.in(w);
    const float* in = call.in(x, T, K, ldx);
    const float* shift = call.in(bias, N);
    float* out = call.out(y, T, N, ldy);
    if (T <= device::kGemvRows) {
      if (w.quantized) {
        const device::GemvMatrix matrix{weight.quant, shift, out};
        device::gemv(stream_, split(call, in, ldx, T, K), T, {&matrix, 1}, ldy, false);
      } else {
        device::gemv_dense(stream_, in, ldx, T, weight.dense, shift, out, ldy);
      }
    } else {
      if (shift) device::fill_rows(stream_, shift, T, N, out, ldy);
      if (precision == Precision::Exact || !linear_bf16(call, in, ldx, T, weight, shift != nullptr, out, ldy))
        for_slices(call, weight, [&](int64_t n0, int64_t rows, const float* slice) {
          product(T, rows, K, {in, ldx, 1}, {slice, 1, K}, out + n0, ldy, shift != nullptr);
        });
    }
    done(call);
  }
  void linear_set(const float* x, int64_t ldx, int64_t T, std::span<const LinearPart> parts, int64_t ldy,
                  Precision precision) override {
    if (T == 0) return;
    const bool together = T <= device::kGemvRows && std::all_of(parts.begin(), parts.end(), [](const LinearPart& part) {
      return part.w->quantized;
    });
    if (!together) return Backend::linear_set(x, ldx, T, parts, ldy, precision);
    const int64_t K = parts.front().w->cols();
    StagedCall call(stream_, held_, workspace_);
    std::vector<device::GemvMatrix> matrices;
    for (const LinearPart& part : parts) {
      const int64_t N = part.w->rows();
      matrices.push_back({call.in(part.w->quant), call.in(part.bias, N), call.out(part.y, T, N, ldy)});
    }
    device::gemv(stream_, split(call, call.in(x, T, K, ldx), ldx, T, K), T, matrices, ldy, false);
    done(call);
  }
  void linear_dx(const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx, int64_t lddx,
                 bool accumulate) override {
    if (T == 0) return;
    const int64_t N = w.rows(), K = w.cols();
    StagedCall call(stream_, held_, workspace_);
    const WeightView weight = call.in(w);
    const float* in = call.in(dy, T, N, lddy);
    float* out = accumulate ? call.both(dx, T, K, lddx) : call.out(dx, T, K, lddx);
    for_slices(call, weight, [&](int64_t n0, int64_t rows, const float* slice) {
      product(T, K, rows, {in + n0, lddy, 1}, {slice, K, 1}, out, lddx, accumulate || n0 > 0);
    });
    done(call);
  }
  void linear_dscale(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                     float* dscale, float* dscale_min) override {
    const int64_t N = w.layout.rows, K = w.layout.cols, scales = N * w.layout.groups();
    if (T == 0) return;
    StagedCall call(stream_, held_, workspace_);
    const QuantView weight = call.in(w);
    const float* grad = call.in(dy, T, N, lddy);
    const float* in = call.in(x, T, K, ldx);
    float* out = call.both(dscale, scales);
    float* out_min = w.layout.has_second_scale() ? call.both(dscale_min, scales) : nullptr;
    const int64_t rows = slice_rows(N, K);
    float* slice = call.scratch<float>(std::min(rows, N) * K);
    for (int64_t n0 = 0; n0 < N; n0 += rows) {
      const int64_t some = std::min(rows, N - n0);
      product(some, K, T, {grad + n0, 1, lddy}, {in, ldx, 1}, slice, K, false);
      device::reduce_dscale(stream_, slice, n0, some, weight, out, out_min);
    }
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
    float* delta = call.scratch<float>(T * s.heads);
    device::attention_backward(stream_, to_spec(s, call.in(first, T)), call.in(q, T, width, s.ldq),
                               call.in(k, s.keys, kv_width, s.ldk), call.in(v, s.keys, kv_width, s.ldv),
                               call.in(out, T, width, s.ldo), call.in(logsumexp, T * s.heads),
                               call.in(dout, T, width, s.ldo), call.out(dq, T, width, s.ldq),
                               call.out(dk, s.keys, kv_width, s.ldk), call.out(dv, s.keys, kv_width, s.ldv), delta);
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

 private:
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

  // x made ready for gemv, for the length of the call.
  const void* split(StagedCall& call, const float* x, int64_t ldx, int64_t T, int64_t K) {
    auto* room = call.scratch<uint8_t>(static_cast<int64_t>(device::split_bytes(T, K)));
    device::split_rows(stream_, x, ldx, T, K, room);
    return room;
  }

  // Rows of W that are unpacked at a time, whole strips.
  static int64_t slice_rows(int64_t N, int64_t K) {
    const int64_t rows = static_cast<int64_t>(kSliceBytes / sizeof(float)) / K / kStripRows * kStripRows;
    return std::clamp<int64_t>(rows, kStripRows, (N + kStripRows - 1) / kStripRows * kStripRows);
  }
  // use(first row, rows, values [rows, K]) for all of w.
  template <class Use>
  void for_slices(StagedCall& call, const WeightView& w, Use use) {
    const int64_t N = w.rows(), K = w.cols();
    if (!w.quantized && w.dense.type == kernels::DenseType::F32)
      return use(int64_t{0}, N, static_cast<const float*>(w.dense.data));
    const int64_t rows = slice_rows(N, K);
    float* slice = call.scratch<float>(std::min(rows, N) * K);
    for (int64_t n0 = 0; n0 < N; n0 += rows) {
      const int64_t some = std::min(rows, N - n0);
      device::unpack(stream_, w, n0, some, slice);
      use(n0, some, slice);
    }
  }
  void product(int64_t M, int64_t N, int64_t K, device::Strided a, device::Strided b, float* c, int64_t ldc,
               bool accumulate) {
    if (products_ && products_->gemm(stream_, M, N, K, a.data, a.row, a.col, b.data, b.row, b.col, c, ldc, accumulate))
      return;
    device::gemm(stream_, M, N, K, a, b, c, ldc, accumulate);
  }
  // Both factors rounded to bf16: for chat, where the caller allows it. False: nothing was done.
  bool linear_bf16(StagedCall& call, const float* x, int64_t ldx, int64_t T, const WeightView& w, bool accumulate,
                   float* y, int64_t ldy) {
    if (!products_) return false;
    const int64_t N = w.rows(), K = w.cols(), rows = slice_rows(N, K);
    if (K % 8 != 0) return false;  // rows that are not aligned are slow, or refused
    uint16_t* in = call.scratch<uint16_t>(T * K);
    uint16_t* slice = call.scratch<uint16_t>(std::min(rows, N) * K);
    device::to_bf16(stream_, x, ldx, T, K, in);
    for (int64_t n0 = 0; n0 < N; n0 += rows) {
      const int64_t some = std::min(rows, N - n0);
      device::unpack_bf16(stream_, w, n0, some, slice);
      if (products_->gemm_bf16(stream_, T, some, K, in, K, 1, slice, 1, K, y + n0, ldy, accumulate)) continue;
      if (n0 == 0) return false;
      throw std::runtime_error(info_.name + " failed in a product of " + products_->name() + ".");
    }
    return true;
  }

  device::DeviceInfo info_;
  void* stream_;
  std::unique_ptr<kernels::CardProducts> products_;
  HeldWeights held_;
  Workspace workspace_;
  bool deferred_ = false;
  bool recording_ = false, staged_ = false;  // staged: a call took memory or copied, since recording began
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(std::unique_ptr<kernels::CardProducts> products, std::string& why) {
  device::DeviceInfo info;
  why = device::find_device(info);
  if (!why.empty()) return nullptr;
  void* stream = nullptr;
  const std::string error = device::make_stream(&stream);
  if (!error.empty()) {
    why = info.name + " cannot be used (" + error + ")";
    return nullptr;
  }
  return std::make_unique<CudaBackend>(info, stream, std::move(products));
}

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
