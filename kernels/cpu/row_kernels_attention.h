#pragma once
// The rows of attention over a vector type: softmax of a block of scores, its gradient, and products with keys and
// values as they lie in a cache.

#include "kernels/cpu/row_kernels_base.h"

namespace scalewright::kernels::cpu {

template <class V>
struct AttentionRows : RowsBase<V> {
  using Base = RowsBase<V>;
  using Base::each, Base::get, Base::put, Base::zero, Base::largest_of, Base::scale;
  static constexpr int64_t W = V::width;

  static void clear(float* x, int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) x[i] = 0.0f;
  }
  static float softmax_block(float* scores, int64_t n, int64_t low, int64_t high, float scale_, float cap,
                             float* largest, float* sum) {
    if (low >= high) {
      clear(scores, 0, n);
      return 1.0f;
    }
    float* x = scores + low;
    const int64_t count = high - low;
    float factor = scale_;
    if (cap > 0.0f) {
      const V inside = V::set(scale_ / cap), outside = V::set(cap);
      each(count, [&](int64_t i, int64_t c) { put(outside * hyperbolic_tangent(get(x + i, c) * inside), x + i, c); });
      factor = 1.0f;
    }
    // A negative factor would turn the maximum into the minimum.
    if (factor < 0.0f) {
      scale(x, count, factor);
      factor = 1.0f;
    }
    const float top = largest_of(x, count) * factor, now = top > *largest ? top : *largest;
    const float before = *largest;
    const V f = V::set(factor), shift = V::set(-now);
    V total = zero();
    int64_t i = 0;
    for (; i + W <= count; i += W) {
      const V e = exponential(multiply_add(V::load(x + i), f, shift));
      total = total + e;
      e.store(x + i);
    }
    if (i < count) {
      exponential(multiply_add(V::load_n(x + i, count - i), f, shift)).store_n(x + i, count - i);
      total = total + V::load_n(x + i, count - i);
    }
    clear(scores, 0, low);
    clear(scores, high, n);
    *largest = now;
    const float correction = now == before ? 1.0f : exp_of(before - now);
    *sum = *sum * correction + sum_lanes(total);
    return correction;
  }
  static float exp_of(float x) {
    if (x < -80.0f) return 0.0f;  // also the first block, where the maximum so far is minus infinity
    float out[W];
    exponential(V::set(x)).store(out);
    return out[0];
  }
  static void softmax_block_gradient(float* scores, float* dp, int64_t n, int64_t low, int64_t high, float scale_,
                                     float cap, float logsumexp, float delta) {
    if (low >= high) {
      clear(scores, 0, n);
      clear(dp, 0, n);
      return;
    }
    const V f = V::set(scale_), lse = V::set(logsumexp), mean = V::set(delta);
    if (cap > 0.0f) {
      const V inside = V::set(scale_ / cap), outside = V::set(cap), one = V::set(1.0f);
      each(high - low, [&](int64_t i, int64_t c) {
        const V h = hyperbolic_tangent(get(scores + low + i, c) * inside);
        const V p = exponential(outside * h - lse);
        put((get(dp + low + i, c) - mean) * p * f * (one - h * h), dp + low + i, c);
        put(p, scores + low + i, c);
      });
    } else {
      each(high - low, [&](int64_t i, int64_t c) {
        const V p = exponential(get(scores + low + i, c) * f - lse);
        put((get(dp + low + i, c) - mean) * p * f, dp + low + i, c);
        put(p, scores + low + i, c);
      });
    }
    clear(scores, 0, low);
    clear(scores, high, n);
    clear(dp, 0, low);
    clear(dp, high, n);
  }

  static V get_kv(const void* p, bool half, int64_t i, int64_t c) {
    if (!half) return get(static_cast<const float*>(p) + i, c);
    const uint16_t* h = static_cast<const uint16_t*>(p) + i;
    if (c == W) return V::load_half(h);
    uint16_t last[W] = {};
    for (int64_t j = 0; j < c; ++j) last[j] = h[j];
    return V::load_half(last);
  }
  // Heads that share their keys go together, so that a key is read and widened once for up to three of them.
  template <bool kHalf, int kHeads>
  static void score_heads(const float* q, const void* k, int64_t ldk, int64_t n, int64_t dim, float* scores,
                          int64_t lds) {
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
      V s[kHeads][4];
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) s[h][u] = zero();
      for (int64_t d = 0; d < dim; d += W) {
        const int64_t c = dim - d < W ? dim - d : W;
        V x[kHeads];
#pragma GCC unroll 4
        for (int h = 0; h < kHeads; ++h) x[h] = get(q + h * dim + d, c);
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) {
          const V key = get_kv(k, kHalf, (j + u) * ldk + d, c);
#pragma GCC unroll 4
          for (int h = 0; h < kHeads; ++h) s[h][u] = multiply_add(x[h], key, s[h][u]);
        }
      }
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) store_sums(s[h], scores + h * lds + j);
    }
    for (; j < n; ++j)
      for (int h = 0; h < kHeads; ++h) {
        V s = zero();
        for (int64_t d = 0; d < dim; d += W) {
          const int64_t c = dim - d < W ? dim - d : W;
          s = multiply_add(get(q + h * dim + d, c), get_kv(k, kHalf, j * ldk + d, c), s);
        }
        scores[h * lds + j] = sum_lanes(s);
      }
  }
  template <bool kHalf>
  static void score_type(const float* q, int heads, const void* k, int64_t ldk, int64_t n, int64_t dim, float* scores,
                         int64_t lds) {
    for (; heads >= 3; heads -= 3, q += 3 * dim, scores += 3 * lds)
      score_heads<kHalf, 3>(q, k, ldk, n, dim, scores, lds);
    if (heads == 2) score_heads<kHalf, 2>(q, k, ldk, n, dim, scores, lds);
    if (heads == 1) score_heads<kHalf, 1>(q, k, ldk, n, dim, scores, lds);
  }
  static void score_keys(const float* q, int heads, const void* k, int64_t ldk, bool half, int64_t n, int64_t dim,
                         float* scores, int64_t lds) {
    half ? score_type<true>(q, heads, k, ldk, n, dim, scores, lds)
         : score_type<false>(q, heads, k, ldk, n, dim, scores, lds);
  }
  template <bool kHalf, int kHeads>
  static void sum_heads(const float* p, int64_t ldp, const void* v, int64_t ldv, int64_t n, int64_t dim, float* out,
                        int64_t ldo) {
    // Two vectors of each head's output stay in registers over all keys.
    for (int64_t d = 0; d < dim; d += 2 * W) {
      const int64_t c0 = dim - d < W ? dim - d : W, c1 = dim - d - W < 0 ? 0 : (dim - d - W < W ? dim - d - W : W);
      V a[kHeads], b[kHeads];
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) {
        a[h] = get(out + h * ldo + d, c0);
        b[h] = c1 > 0 ? get(out + h * ldo + d + W, c1) : zero();
      }
      for (int64_t j = 0; j < n; ++j) {
        const V first = get_kv(v, kHalf, j * ldv + d, c0);
        const V second = c1 > 0 ? get_kv(v, kHalf, j * ldv + d + W, c1) : zero();
#pragma GCC unroll 4
        for (int h = 0; h < kHeads; ++h) {
          const V weight = V::set(p[h * ldp + j]);
          a[h] = multiply_add(weight, first, a[h]);
          b[h] = multiply_add(weight, second, b[h]);
        }
      }
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) {
        put(a[h], out + h * ldo + d, c0);
        if (c1 > 0) put(b[h], out + h * ldo + d + W, c1);
      }
    }
  }
  template <bool kHalf>
  static void sum_type(const float* p, int64_t ldp, int heads, const void* v, int64_t ldv, int64_t n, int64_t dim,
                       float* out, int64_t ldo) {
    for (; heads >= 3; heads -= 3, p += 3 * ldp, out += 3 * ldo) sum_heads<kHalf, 3>(p, ldp, v, ldv, n, dim, out, ldo);
    if (heads == 2) sum_heads<kHalf, 2>(p, ldp, v, ldv, n, dim, out, ldo);
    if (heads == 1) sum_heads<kHalf, 1>(p, ldp, v, ldv, n, dim, out, ldo);
  }
  static void sum_values(const float* p, int64_t ldp, int heads, const void* v, int64_t ldv, bool half, int64_t n,
                         int64_t dim, float* out, int64_t ldo) {
    half ? sum_type<true>(p, ldp, heads, v, ldv, n, dim, out, ldo)
         : sum_type<false>(p, ldp, heads, v, ldv, n, dim, out, ldo);
  }
};

}  // namespace scalewright::kernels::cpu
