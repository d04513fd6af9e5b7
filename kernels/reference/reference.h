#pragma once
// Every operation in its plainest form, sums in double. Slow on purpose: it is what each fast kernel is tested against.
// Letters: T tokens, N output rows, K inputs, G groups, D width, F feed-forward width, V vocabulary.

#include <cstddef>
#include <cstdint>

#include "kernels/common/attention_spec.h"
#include "kernels/common/quant_layout.h"

namespace scalewright::kernels::reference {

// Row n of w as doubles, out [K].
void dequantize_row(const WeightView& w, int64_t n, double* out);

// y [T, N] = x [T, K] W^T + bias [N] (may be null).
void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy);
// dx [T, K] = (accumulate ? dx : 0) + dy [T, N] W.
void linear_dx(const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx, int64_t lddx, bool accumulate);
// dscale, dscale_min [N, G] += the gradient of the scales (method.md, "per group"); dscale_min may be null.
void linear_dscale(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                   float* dscale, float* dscale_min);
// drow [N] += sum_t dy * y / row_scale.
void linear_drow(const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                 const float* row_scale, float* drow);
// out [T, K] = factor * rows `ids` of w.
void embed(const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo);

// y = x / rms(x) * weight [D] (null: ones) for `groups` heads of D a token; inv_rms [T, groups] may be null. In place
// allowed.
void rmsnorm(const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight, float epsilon,
             float* y, int64_t ldy, float* inv_rms);
void rmsnorm_dx(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
                const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate);
// cosine, sine [T, rotary/2]. adjacent: pairs (2i, 2i+1), else (i, i + rotary/2).
void rope(float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cosine, const float* sine,
          bool adjacent, bool inverse);
// k, v: float or half rows as the spec says; logsumexp [T, heads] may be null.
void attention(const AttentionSpec& s, const float* q, const void* k, const void* v, float* out, float* logsumexp);
// Computes its probabilities itself, so it needs neither the output nor the logsumexp of the forward.
void attention_backward(const AttentionSpec& s, const float* q, const float* k, const float* v, const float* dout,
                        float* dq, float* dk, float* dv);

double activation(GateKind kind, double x);
double activation_slope(GateKind kind, double x);
void gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F, GateKind kind,
           float* out, int64_t ldo);
void gated_backward(const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout, int64_t lddo,
                    int64_t T, int64_t F, GateKind kind, float* dgate, float* dup);
void softcap(float* x, int64_t n, float cap);
// As Backend::cross_entropy.
void cross_entropy(float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                   float gradient_scale, double* nll, bool want_gradient);

struct AdamW {
  double learning_rate, beta1, beta2, epsilon, weight_decay, gradient_scale;
  int64_t step;  // 1 for the first
};
void adamw(const AdamW& o, const float* gradient, float* parameter, float* m, float* v, int64_t n);

}  // namespace scalewright::kernels::reference
