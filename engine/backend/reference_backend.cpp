#include "engine/backend/backend_convert.h"
#include "kernels/reference/reference.h"

namespace scalewright {
namespace {

namespace reference = kernels::reference;

class ReferenceBackend final : public Backend {
 public:
  std::string description() const override { return "reference, 1 thread, double sums"; }
  int threads() const override { return 1; }
  std::string unsupported(const WeightView& w) const override { return why_unsupported(w); }
  size_t workspace_bytes(int64_t, int64_t, int64_t) const override { return 0; }
  void set_workspace(void*, size_t) override {}

  void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
              Precision) override {
    reference::linear(x, ldx, T, w, bias, y, ldy);
  }
  void linear_dx(const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx, int64_t lddx,
                 bool accumulate) override {
    reference::linear_dx(dy, lddy, T, w, dx, lddx, accumulate);
  }
  void linear_dscale(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                     float* dscale, float* dscale_min) override {
    reference::linear_dscale(dy, lddy, x, ldx, T, w, dscale, dscale_min);
  }
  void linear_drow(const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                   const float* row_scale, float* drow) override {
    reference::linear_drow(dy, lddy, y, ldy, T, N, row_scale, drow);
  }
  void embed(const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo) override {
    reference::embed(ids, T, w, factor, out, ldo);
  }
  void rmsnorm(const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight, float epsilon,
               float* y, int64_t ldy, float* inv_rms) override {
    reference::rmsnorm(x, ldx, T, groups, D, weight, epsilon, y, ldy, inv_rms);
  }
  void rmsnorm_dx(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
                  const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate) override {
    reference::rmsnorm_dx(dy, lddy, x, ldx, T, groups, D, weight, inv_rms, dx, lddx, accumulate);
  }
  void rope(float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cos, const float* sin,
            RopeStyle style, bool inverse) override {
    reference::rope(x, ldx, T, heads, head_dim, rotary, cos, sin, style == RopeStyle::Adjacent, inverse);
  }
  void attention(const AttentionShape& s, const float* q, const void* k, const void* v, const int32_t* first,
                 float* out, float* logsumexp) override {
    reference::attention(to_spec(s, first), q, k, v, out, logsumexp);
  }
  void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v, const int32_t* first,
                          const float*, const float*, const float* dout, float* dq, float* dk, float* dv) override {
    reference::attention_backward(to_spec(s, first), q, k, v, dout, dq, dk, dv);
  }
  void store_kv(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type) override {
    for (int64_t t = 0; t < T; ++t)
      for (int64_t i = 0; i < width; ++i) {
        if (type == KvType::F32)
          static_cast<float*>(dst)[t * ldd + i] = src[t * lds + i];
        else
          static_cast<uint16_t*>(dst)[t * ldd + i] = kernels::float_to_half(src[t * lds + i]);
      }
  }
  void gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F, Activation act,
             float* out, int64_t ldo) override {
    reference::gated(gate, ldg, up, ldu, T, F, to_kind(act), out, ldo);
  }
  void gated_backward(const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout, int64_t lddo,
                      int64_t T, int64_t F, Activation act, float* dgate, float* dup) override {
    reference::gated_backward(gate, ldg, up, ldu, dout, lddo, T, F, to_kind(act), dgate, dup);
  }
  void add(const float* x, float* y, int64_t n) override {
    for (int64_t i = 0; i < n; ++i) y[i] += x[i];
  }
  void softcap(float* x, int64_t n, float cap) override { reference::softcap(x, n, cap); }
  void cross_entropy(float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                     float gradient_scale, double* nll, bool want_gradient) override {
    reference::cross_entropy(logits, ldl, T, V, targets, cap, gradient_scale, nll, want_gradient);
  }
  void adamw(const AdamStep& step, const float* gradient, float* parameter, float* m, float* v, int64_t n) override {
    const reference::AdamW o{step.learning_rate, step.beta1,          step.beta2, step.epsilon,
                             step.weight_decay,  step.gradient_scale, step.step};
    reference::adamw(o, gradient, parameter, m, v, n);
  }
};

}  // namespace

std::string why_unsupported(const WeightView& w) {
  if (!w.quantized) return w.dense.rows > 0 && w.dense.cols > 0 ? "" : "an empty matrix";
  const kernels::QuantLayout& q = w.quant.layout;
  const bool k_kind = q.kind == kernels::BlockKind::KMin || q.kind == kernels::BlockKind::KScale;
  if (q.rows <= 0 || q.cols <= 0) return "an empty matrix";
  if (q.bits < 2 || q.bits == 7 || q.bits > 8)
    return std::to_string(q.bits) + "-bit codes; 2, 3, 4, 5, 6 and 8 can be run";
  if (k_kind && (q.block != 256 || (q.sub != 16 && q.sub != 32)))
    return "super-blocks of " + std::to_string(q.block) + " inputs with sub-blocks of " + std::to_string(q.sub) +
           "; 256 with 16 or 32 can be run";
  if (!k_kind && q.sub != q.block) return "sub-blocks in a kind of matrix that has none";
  if (!k_kind && q.block % kernels::kChunk != 0 && q.block != q.cols)
    return "groups of " + std::to_string(q.block) + " inputs; multiples of 32, or one group a row, can be run";
  return "";
}

std::unique_ptr<Backend> make_reference_backend() {
  return std::make_unique<ReferenceBackend>();
}

}  // namespace scalewright
