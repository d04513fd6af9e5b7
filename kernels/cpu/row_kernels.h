#pragma once
// One row (or one run of elements) of every operation that is not a product, one set an instruction set. Raw pointers
// only.

#include <cstdint>

#include "kernels/common/attention_spec.h"
#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {

// Rows of keys or values of `dim` numbers that score_keys and sum_values ask for ahead of their use. Runs of this length,
// one after the other, find everything but the first in a cache.
inline constexpr int64_t kBytesAhead = 4096;
constexpr int64_t keys_ahead(int64_t dim, bool half) {
  const int64_t keys = kBytesAhead / (dim * (half ? 2 : 4)) / 4 * 4;
  return keys < 4 ? 4 : keys;
}

struct AdamWTerms {
  float beta1, beta2, rest1, rest2;  // rest = 1 - beta
  float gradient_scale;
  float decay;      // 1 - learning rate * weight decay
  float step_size;  // learning rate / (1 - beta1^t)
  float root;       // 1 / sqrt(1 - beta2^t)
  float epsilon;
};

struct RowKernels {
  // Conversions of n elements.
  void (*from_half)(const uint16_t* in, int64_t n, float* out);
  void (*from_bfloat)(const uint16_t* in, int64_t n, float* out);
  void (*to_half)(const float* in, int64_t n, uint16_t* out);

  void (*add)(const float* x, int64_t n, float* y);                                     // y += x
  void (*multiply_accumulate)(const float* a, const float* b, int64_t n, float* sums);  // sums += a * b
  void (*softcap)(float* x, int64_t n, float cap);                                      // cap * tanh(x / cap)
  float (*dot)(const float* a, const float* b, int64_t n);

  // y = x * inverse * weight (null: ones); returns inverse = 1 / sqrt(mean(x^2) + epsilon).
  float (*norm)(const float* x, int64_t n, const float* weight, float epsilon, float* y);
  void (*norm_gradient)(const float* dy, const float* x, int64_t n, const float* weight, float inverse, float* dx,
                        bool accumulate);
  // One head: `pairs` pairs, cosine and sine [pairs]; sign -1 turns back.
  void (*rope_halves)(float* head, int64_t pairs, const float* cosine, const float* sine, float sign);
  void (*rope_adjacent)(float* head, int64_t pairs, const float* cosine, const float* sine, float sign);

  void (*gated)(const float* gate, const float* up, int64_t n, GateKind kind, float* out);
  void (*gated_gradient)(const float* gate, const float* up, const float* dout, int64_t n, GateKind kind, float* dgate,
                         float* dup);

  // largest = max of x; returns sum of e^(x - largest). Where `out` is not null the terms are stored there; it may be
  // x.
  float (*exp_sum)(const float* x, int64_t n, float* largest, float* out);
  // x = e^(x - shift) * factor * (1 - (x / cap)^2).
  void (*softmax_gradient)(float* x, int64_t n, float shift, float factor, float cap);

  // One row of scores q.k against a block of n keys, of which only low .. high - 1 are seen. Makes them probabilities
  // against the running maximum and sum of the row (the others 0), and returns what earlier output must be multiplied
  // by.
  float (*softmax_block)(float* scores, int64_t n, int64_t low, int64_t high, float scale, float cap, float* largest,
                         float* sum);
  // The same row in the backward pass: scores becomes p = e^(score - logsumexp), dp becomes p * (dp - delta) * slope,
  // the gradient of the unscaled q.k; both 0 where nothing is seen.
  void (*softmax_block_gradient)(float* scores, float* dp, int64_t n, int64_t low, int64_t high, float scale, float cap,
                                 float logsumexp, float delta);
  void (*scale)(float* x, int64_t n, float factor);

  // For each of `heads` rows that share the keys: scores[h * lds + j] = q[h * dim ..] . k[j], n keys of `dim` floats or
  // halves at stride ldk.
  void (*score_keys)(const float* q, int heads, const void* k, int64_t ldk, bool half, int64_t n, int64_t dim,
                     float* scores, int64_t lds);
  // out[h * ldo + d] += sum_j p[h * ldp + j] * v[j][d].
  void (*sum_values)(const float* p, int64_t ldp, int heads, const void* v, int64_t ldv, bool half, int64_t n,
                     int64_t dim, float* out, int64_t ldo);

  void (*adamw)(const AdamWTerms& o, const float* gradient, int64_t n, float* parameter, float* m, float* v);
};

const RowKernels& row_kernels_scalar();
const RowKernels& row_kernels_avx2();    // call only where Isa::Avx2 is supported
const RowKernels& row_kernels_avx512();  // call only where Isa::Avx512 is supported
const RowKernels& row_kernels(Isa isa);

}  // namespace scalewright::kernels::cpu
