#pragma once
// A backend that passes every call on to another: what to derive from to change a few of them. A test sees to it that
// none is missing here.

#include "engine/backend/backend.h"

namespace scalewright {

class ForwardingBackend : public Backend {
 public:
  // `inner` must live as long.
  explicit ForwardingBackend(Backend& inner) : inner_(inner) {}

  std::string description() const override { return inner_.description(); }
  int threads() const override { return inner_.threads(); }
  std::string device() const override { return inner_.device(); }
  const Companions* companions() const override { return inner_.companions(); }
  std::string unsupported(const WeightView& w) const override { return inner_.unsupported(w); }
  void defer(bool on) override { inner_.defer(on); }
  void synchronize() override { inner_.synchronize(); }
  std::shared_ptr<void> hold(const WeightList& list) override { return inner_.hold(list); }
  uint64_t hold_bytes(const WeightList& list) const override { return inner_.hold_bytes(list); }
  std::optional<DeviceMemory> device_memory() const override { return inner_.device_memory(); }
  bool in_device_memory(const void* data) const override { return inner_.in_device_memory(data); }
  bool begin_recording() override { return inner_.begin_recording(); }
  std::shared_ptr<void> end_recording() override { return inner_.end_recording(); }
  void replay(const void* recording) override { inner_.replay(recording); }
  size_t workspace_bytes(int64_t T, int64_t largest_n, int64_t largest_k) const override {
    return inner_.workspace_bytes(T, largest_n, largest_k);
  }
  void set_workspace(void* data, size_t bytes) override { inner_.set_workspace(data, bytes); }
  void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
              Precision precision) override {
    inner_.linear(x, ldx, T, w, bias, y, ldy, precision);
  }
  void linear_set(const float* x, int64_t ldx, int64_t T, std::span<const LinearPart> parts, int64_t ldy,
                  Precision precision) override {
    inner_.linear_set(x, ldx, T, parts, ldy, precision);
  }
  void linear_normed(const float* x, int64_t ldx, int64_t T, const float* weight, float epsilon, float* normed,
                     float* inv_rms, std::span<const LinearPart> parts, int64_t ldy, Precision precision) override {
    inner_.linear_normed(x, ldx, T, weight, epsilon, normed, inv_rms, parts, ldy, precision);
  }
  void linear_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                    float* activated, const WeightView& w, const float* bias, float* y, int64_t ldy,
                    Precision precision) override {
    inner_.linear_gated(gate, ldg, up, ldu, T, act, activated, w, bias, y, ldy, precision);
  }
  void linear_add(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, float* room,
                  Precision precision) override {
    inner_.linear_add(x, ldx, T, w, bias, y, room, precision);
  }
  void linear_add_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                        float* activated, const WeightView& w, const float* bias, float* y, float* room,
                        Precision precision) override {
    inner_.linear_add_gated(gate, ldg, up, ldu, T, act, activated, w, bias, y, room, precision);
  }
  void rope_store(float* x, int64_t ldx, int64_t T, int heads, int kv_heads, int head_dim, int rotary, const float* cos,
                  const float* sin, RopeStyle style, void* dst, int64_t ldd, KvType type, const int32_t* row) override {
    inner_.rope_store(x, ldx, T, heads, kv_heads, head_dim, rotary, cos, sin, style, dst, ldd, type, row);
  }
  void attend_add(const TokenAttention& token, float* attended, const WeightView& w, const float* bias, float* y,
                  float* room, Precision precision) override {
    inner_.attend_add(token, attended, w, bias, y, room, precision);
  }
  Precision tuning_precision() const override { return inner_.tuning_precision(); }
  void linear_backward(const float* x, int64_t ldx, int64_t T, std::span<const LinearGradient> parts, int64_t lddy,
                       float* dx, int64_t lddx, Precision precision) override {
    inner_.linear_backward(x, ldx, T, parts, lddy, dx, lddx, precision);
  }
  void linear_backward_made(const BackwardInput& x, const BackwardGradient& dy, int64_t T,
                            std::span<const LinearGradient> parts, int64_t lddy, float* dx, int64_t lddx,
                            Precision precision) override {
    inner_.linear_backward_made(x, dy, T, parts, lddy, dx, lddx, precision);
  }
  void linear_dx(const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx, int64_t lddx,
                 bool accumulate) override {
    inner_.linear_dx(dy, lddy, T, w, dx, lddx, accumulate);
  }
  void linear_dscale(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                     float* dscale, float* dscale_min) override {
    inner_.linear_dscale(dy, lddy, x, ldx, T, w, dscale, dscale_min);
  }
  void linear_drow(const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                   const float* row_scale, float* drow) override {
    inner_.linear_drow(dy, lddy, y, ldy, T, N, row_scale, drow);
  }
  void embed(const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo) override {
    inner_.embed(ids, T, w, factor, out, ldo);
  }
  void rmsnorm(const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight, float epsilon,
               float* y, int64_t ldy, float* inv_rms) override {
    inner_.rmsnorm(x, ldx, T, groups, D, weight, epsilon, y, ldy, inv_rms);
  }
  void rmsnorm_dx(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
                  const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate) override {
    inner_.rmsnorm_dx(dy, lddy, x, ldx, T, groups, D, weight, inv_rms, dx, lddx, accumulate);
  }
  void rope(float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cos, const float* sin,
            RopeStyle style, bool inverse) override {
    inner_.rope(x, ldx, T, heads, head_dim, rotary, cos, sin, style, inverse);
  }
  void attention(const AttentionShape& s, const float* q, const void* k, const void* v, const int32_t* first,
                 float* out, float* logsumexp) override {
    inner_.attention(s, q, k, v, first, out, logsumexp);
  }
  void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v, const int32_t* first,
                          const float* out, const float* logsumexp, const float* dout, float* dq, float* dk,
                          float* dv) override {
    inner_.attention_backward(s, q, k, v, first, out, logsumexp, dout, dq, dk, dv);
  }
  void store_kv(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type) override {
    inner_.store_kv(src, lds, T, width, dst, ldd, type);
  }
  void store_kv_at(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type,
                   const int32_t* row) override {
    inner_.store_kv_at(src, lds, T, width, dst, ldd, type, row);
  }
  void gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F, Activation act,
             float* out, int64_t ldo) override {
    inner_.gated(gate, ldg, up, ldu, T, F, act, out, ldo);
  }
  void gated_backward(const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout, int64_t lddo,
                      int64_t T, int64_t F, Activation act, float* dgate, float* dup) override {
    inner_.gated_backward(gate, ldg, up, ldu, dout, lddo, T, F, act, dgate, dup);
  }
  void move(const float* x, int64_t ldx, int64_t T, int64_t K, float* y, int64_t ldy, const MoveLists& lists,
            bool accumulate) override {
    inner_.move(x, ldx, T, K, y, ldy, lists, accumulate);
  }
  void subtract(const float* a, const float* b, float* out, int64_t n) override { inner_.subtract(a, b, out, n); }
  void zero(float* y, int64_t n) override { inner_.zero(y, n); }
  void add(const float* x, float* y, int64_t n) override { inner_.add(x, y, n); }
  void softcap(float* x, int64_t n, float cap) override { inner_.softcap(x, n, cap); }
  uint64_t sketch_bytes(const WeightView& w) const override { return inner_.sketch_bytes(w); }
  void make_sketch(const WeightView& w, void* sketch) override { inner_.make_sketch(w, sketch); }
  uint64_t largest_products(const float* x, const WeightView& w, void* sketch, int count, float* values,
                            int32_t* ids) override {
    return inner_.largest_products(x, w, sketch, count, values, ids);
  }
  bool largest(const float* logits, int64_t V, int count, float* values, int32_t* ids) override {
    return inner_.largest(logits, V, count, values, ids);
  }
  void cross_entropy(float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                     float gradient_scale, double* nll, bool want_gradient) override {
    inner_.cross_entropy(logits, ldl, T, V, targets, cap, gradient_scale, nll, want_gradient);
  }
  void adamw(const AdamStep& step, const float* gradient, float* parameter, float* m, float* v, int64_t n) override {
    inner_.adamw(step, gradient, parameter, m, v, n);
  }
  double scaled_squares(float* gradient, const float* factor, int64_t n) override {
    return inner_.scaled_squares(gradient, factor, n);
  }
  double largest_magnitude(const float* values, int64_t n) override { return inner_.largest_magnitude(values, n); }
  void relative_values(const float* start, const float* change, float* values, int64_t n) override {
    inner_.relative_values(start, change, values, n);
  }
  std::optional<Ceilings> ceilings() override { return inner_.ceilings(); }

 protected:
  Backend& inner() const { return inner_; }

 private:
  Backend& inner_;
};

}  // namespace scalewright
