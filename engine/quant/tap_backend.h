#pragma once
// A backend that passes every call on and shows the inputs of chosen matrices to an observer first.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/backend/backend.h"

namespace scalewright::quant {

class TapBackend : public Backend {
 public:
  using Tap = std::function<void(const float* x, int64_t ldx, int64_t T)>;

  explicit TapBackend(Backend& inner) : inner_(inner) {}
  void clear() { taps_.clear(); }
  // Calls `tap` before each product with the matrix whose numbers begin at `data`; or, where nobody reads the product,
  // instead of it.
  void watch(const void* data, Tap tap, bool instead = false) { taps_.push_back({data, std::move(tap), instead}); }
  static const void* data_of(const WeightView& w) {
    return w.quantized ? static_cast<const void*>(w.quant.records) : w.dense.data;
  }

  std::string description() const override { return inner_.description(); }
  int threads() const override { return inner_.threads(); }
  std::string unsupported(const WeightView& w) const override { return inner_.unsupported(w); }
  size_t workspace_bytes(int64_t T, int64_t n, int64_t k) const override { return inner_.workspace_bytes(T, n, k); }
  void set_workspace(void* data, size_t bytes) override { inner_.set_workspace(data, bytes); }
  void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
              Precision precision) override {
    bool wanted = true;
    for (const Watched& watched : taps_) {
      if (watched.data != data_of(w)) continue;
      watched.tap(x, ldx, T);
      wanted &= !watched.instead;
    }
    if (wanted) inner_.linear(x, ldx, T, w, bias, y, ldy, precision);
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
  void gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F, Activation act,
             float* out, int64_t ldo) override {
    inner_.gated(gate, ldg, up, ldu, T, F, act, out, ldo);
  }
  void gated_backward(const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout, int64_t lddo,
                      int64_t T, int64_t F, Activation act, float* dgate, float* dup) override {
    inner_.gated_backward(gate, ldg, up, ldu, dout, lddo, T, F, act, dgate, dup);
  }
  void add(const float* x, float* y, int64_t n) override { inner_.add(x, y, n); }
  void softcap(float* x, int64_t n, float cap) override { inner_.softcap(x, n, cap); }
  void cross_entropy(float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                     float gradient_scale, double* nll, bool want_gradient) override {
    inner_.cross_entropy(logits, ldl, T, V, targets, cap, gradient_scale, nll, want_gradient);
  }
  void adamw(const AdamStep& step, const float* gradient, float* parameter, float* m, float* v, int64_t n) override {
    inner_.adamw(step, gradient, parameter, m, v, n);
  }

 private:
  Backend& inner_;
  struct Watched {
    const void* data;
    Tap tap;
    bool instead;
  };
  std::vector<Watched> taps_;
};

}  // namespace scalewright::quant
