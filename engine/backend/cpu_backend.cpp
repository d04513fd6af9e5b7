#include "engine/backend/cpu_backend.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>

#include "engine/backend/backend_convert.h"
#include "kernels/cpu/attention.h"
#include "kernels/cpu/gemm_f32.h"
#include "kernels/cpu/gemm_int8.h"
#include "kernels/cpu/gemv.h"
#include "kernels/cpu/gemv_largest.h"
#include "kernels/cpu/rowwise.h"

namespace scalewright {
namespace {

namespace cpu = kernels::cpu;

constexpr size_t kAlignment = 64;
constexpr int kUsualHeadDim = 256;  // larger heads work too, in memory of the backend's own
// Products with up to so many rows read the weights as they lie; above, panels of weights serve all rows. Measured.
constexpr int64_t kFewRowsExact = 5, kFewRowsFast = 4, kFewRowsDense = 8;
constexpr int64_t kFastRows = 512;  // rows rounded to 8 bits at a time

constexpr size_t aligned(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Memory of the backend's own, for calls that no workspace was set for.
class OwnBuffer {
 public:
  ~OwnBuffer() { std::free(data_); }
  OwnBuffer() = default;
  OwnBuffer(const OwnBuffer&) = delete;
  OwnBuffer& operator=(const OwnBuffer&) = delete;
  std::byte* at_least(size_t bytes) {
    if (bytes <= bytes_) return data_;
    std::free(data_);
    data_ = static_cast<std::byte*>(std::aligned_alloc(kAlignment, aligned(bytes)));
    if (!data_) throw std::bad_alloc();
    bytes_ = aligned(bytes);
    return data_;
  }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(int threads, cpu::Isa isa) : pool_(threads), isa_(isa) {}

  std::string description() const override {
    const int n = pool_.threads();
    return "CPU, " + std::to_string(n) + (n == 1 ? " thread, " : " threads, ") + cpu::isa_name(isa_);
  }
  int threads() const override { return pool_.threads(); }
  std::string unsupported(const WeightView& w) const override { return why_unsupported(w); }

  size_t workspace_bytes(int64_t T, int64_t largest_n, int64_t largest_k) const override {
    return kAlignment + all_threads(usual_thread_bytes()) + aligned(shared_bytes(T, largest_n, largest_k));
  }
  void set_workspace(void* data, size_t bytes) override {
    const size_t off = (kAlignment - reinterpret_cast<uintptr_t>(data) % kAlignment) % kAlignment;
    workspace_ = data && bytes > off ? static_cast<std::byte*>(data) + off : nullptr;
    workspace_bytes_ = workspace_ ? bytes - off : 0;
  }

  void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
              Precision precision) override {
    const int64_t K = w.cols();
    const bool fast = w.quantized && precision == Precision::Fast;
    if (T > (fast ? kFewRowsFast : w.quantized ? kFewRowsExact : kFewRowsDense)) {
      if (!fast) return cpu::linear_f32(context(cpu::gemm_thread_bytes(), 0), x, ldx, T, w, bias, y, ldy);
      void* memory = context(0, cpu::gemm_fast_workspace_bytes(std::min(T, kFastRows), K)).shared_scratch;
      for (int64_t t = 0; t < T; t += kFastRows)
        cpu::gemm_fast(pool_, isa_, x + t * ldx, ldx, std::min(kFastRows, T - t), w.quant, bias, y + t * ldy, ldy,
                       memory);
      return;
    }
    if (!w.quantized) return cpu::gemv_dense(pool_, isa_, x, ldx, T, w.dense, bias, y, ldy);
    void* memory = context(0, cpu::gemv_workspace_bytes(T, K)).shared_scratch;
    const auto product = fast ? cpu::gemv_fast : cpu::gemv_exact;
    product(pool_, isa_, x, ldx, T, w.quant, bias, y, ldy, memory);
  }
  void linear_set(const float* x, int64_t ldx, int64_t T, std::span<const LinearPart> parts, int64_t ldy,
                  Precision precision) override {
    const bool fast = precision == Precision::Fast;
    bool together = parts.size() <= cpu::kMostGemvParts && T <= (fast ? kFewRowsFast : kFewRowsExact);
    for (const LinearPart& part : parts) together = together && part.w->quantized;
    if (!together) return Backend::linear_set(x, ldx, T, parts, ldy, precision);
    cpu::GemvPart set[cpu::kMostGemvParts];
    for (size_t i = 0; i < parts.size(); ++i) set[i] = {&parts[i].w->quant, parts[i].bias, parts[i].y};
    void* memory = context(0, cpu::gemv_workspace_bytes(T, parts[0].w->cols())).shared_scratch;
    cpu::gemv_set(pool_, isa_, fast, x, ldx, T, set, static_cast<int>(parts.size()), ldy, memory);
  }
  void linear_dx(const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx, int64_t lddx,
                 bool accumulate) override {
    cpu::linear_dx_f32(context(cpu::gemm_thread_bytes(), 0), dy, lddy, T, w, dx, lddx, accumulate);
  }
  void linear_dscale(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                     float* dscale, float* dscale_min) override {
    const size_t shared = cpu::gemm_shared_bytes(T, w.layout.rows, w.layout.cols);
    cpu::linear_dscale_f32(context(cpu::gemm_thread_bytes(), shared), dy, lddy, x, ldx, T, w, dscale, dscale_min);
  }
  void linear_drow(const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                   const float* row_scale, float* drow) override {
    cpu::linear_drow_f32(context(0, 0), dy, lddy, y, ldy, T, N, row_scale, drow);
  }
  void embed(const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo) override {
    cpu::embed_f32(context(cpu::gemm_thread_bytes(), 0), ids, T, w, factor, out, ldo);
  }
  void rmsnorm(const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight, float epsilon,
               float* y, int64_t ldy, float* inv_rms) override {
    cpu::rmsnorm(context(0, 0), x, ldx, T, groups, D, weight, epsilon, y, ldy, inv_rms);
  }
  void rmsnorm_dx(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
                  const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate) override {
    cpu::rmsnorm_dx(context(0, 0), dy, lddy, x, ldx, T, groups, D, weight, inv_rms, dx, lddx, accumulate);
  }
  void rope(float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cos, const float* sin,
            RopeStyle style, bool inverse) override {
    cpu::rope(context(0, 0), x, ldx, T, heads, head_dim, rotary, cos, sin, style == RopeStyle::Adjacent, inverse);
  }
  void attention(const AttentionShape& s, const float* q, const void* k, const void* v, const int32_t* first,
                 float* out, float* logsumexp) override {
    const kernels::AttentionSpec spec = to_spec(s, first);
    cpu::attention_forward(context(cpu::attention_thread_bytes(s.head_dim), cpu::attention_shared_bytes(spec)), spec, q,
                           k, v, out, logsumexp);
  }
  void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v, const int32_t* first,
                          const float* out, const float* logsumexp, const float* dout, float* dq, float* dk,
                          float* dv) override {
    cpu::attention_backward(context(cpu::attention_thread_bytes(s.head_dim), 0), to_spec(s, first), q, k, v, out,
                            logsumexp, dout, dq, dk, dv);
  }
  void store_kv(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type) override {
    cpu::store_kv(context(0, 0), src, lds, T, width, dst, ldd, type == KvType::F16);
  }
  void gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F, Activation act,
             float* out, int64_t ldo) override {
    cpu::gated(context(0, 0), gate, ldg, up, ldu, T, F, to_kind(act), out, ldo);
  }
  void gated_backward(const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout, int64_t lddo,
                      int64_t T, int64_t F, Activation act, float* dgate, float* dup) override {
    cpu::gated_backward(context(0, 0), gate, ldg, up, ldu, dout, lddo, T, F, to_kind(act), dgate, dup);
  }
  void add(const float* x, float* y, int64_t n) override { cpu::add(context(0, 0), x, y, n); }
  void softcap(float* x, int64_t n, float cap) override { cpu::softcap(context(0, 0), x, n, cap); }
  uint64_t sketch_bytes(const WeightView& w) const override {
    return w.quantized && isa_ != cpu::Isa::Scalar && cpu::worth_sketching(w.quant) ? cpu::sketch_bytes(w.quant.layout)
                                                                                     : 0;
  }
  void make_sketch(const WeightView& w, void* sketch) override { cpu::make_sketch(pool_, w.quant, sketch); }
  uint64_t largest_products(const float* x, const WeightView& w, void* sketch, int count, float* values,
                            int32_t* ids) override {
    if (count < 1 || count > cpu::kMostLargest || count > w.rows()) return 0;
    void* memory = context(0, cpu::gemv_workspace_bytes(1, w.cols())).shared_scratch;
    return cpu::gemv_largest(pool_, isa_, x, w.quant, sketch, count, values, ids, memory);
  }
  void cross_entropy(float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                     float gradient_scale, double* nll, bool want_gradient) override {
    cpu::cross_entropy(context(0, 0), logits, ldl, T, V, targets, cap, gradient_scale, nll, want_gradient);
  }
  void adamw(const AdamStep& s, const float* gradient, float* parameter, float* m, float* v, int64_t n) override {
    const double step = static_cast<double>(s.step);
    cpu::AdamWTerms terms;
    terms.beta1 = s.beta1;
    terms.beta2 = s.beta2;
    terms.rest1 = static_cast<float>(1.0 - static_cast<double>(s.beta1));
    terms.rest2 = static_cast<float>(1.0 - static_cast<double>(s.beta2));
    terms.gradient_scale = s.gradient_scale;
    terms.decay = 1.0f - s.learning_rate * s.weight_decay;
    terms.step_size = static_cast<float>(s.learning_rate / (1.0 - std::pow(static_cast<double>(s.beta1), step)));
    terms.root = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(static_cast<double>(s.beta2), step)));
    terms.epsilon = s.epsilon;
    cpu::adamw(context(0, 0), terms, gradient, parameter, m, v, n);
  }

 private:
  static size_t usual_thread_bytes() {
    return aligned(std::max(cpu::gemm_thread_bytes(), cpu::attention_thread_bytes(kUsualHeadDim)));
  }
  static size_t shared_bytes(int64_t T, int64_t N, int64_t K) {
    return std::max({cpu::gemm_shared_bytes(T, N, K), cpu::gemv_workspace_bytes(std::min(T, kFewRowsExact), K),
                     cpu::gemm_fast_workspace_bytes(std::min(T, kFastRows), K)});
  }
  size_t all_threads(size_t bytes) const { return static_cast<size_t>(pool_.threads()) * bytes; }

  // The workspace as the kernels want it: pieces for the threads first, then what they share. What does not fit is
  // taken from buffers of our own, which grow to the largest call.
  cpu::CpuContext context(size_t thread_bytes, size_t shared) {
    cpu::CpuContext c;
    c.pool = &pool_;
    c.isa = isa_;
    const size_t usual = all_threads(usual_thread_bytes());
    if (thread_bytes > 0) {
      const bool fits = thread_bytes <= usual_thread_bytes() && usual <= workspace_bytes_;
      c.thread_bytes = fits ? usual_thread_bytes() : aligned(thread_bytes);
      c.thread_scratch = fits ? workspace_ : own_threads_.at_least(all_threads(c.thread_bytes));
    }
    if (shared > 0) {
      const bool fits = usual + shared <= workspace_bytes_;
      c.shared_scratch = fits ? workspace_ + usual : own_shared_.at_least(shared);
      c.shared_bytes = shared;
    }
    return c;
  }

  cpu::ThreadPool pool_;
  cpu::Isa isa_;
  std::byte* workspace_ = nullptr;
  size_t workspace_bytes_ = 0;
  OwnBuffer own_threads_, own_shared_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(int threads, kernels::cpu::Isa isa) {
  return std::make_unique<CpuBackend>(threads, isa);
}

}  // namespace scalewright
