#pragma once
// The rows of attention over a vector type: softmax of a block of scores, its gradient, and products with keys and
// values as they lie in a cache.

#include <type_traits>

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

  template <bool kHalf>
  static V load_kv(const void* p, int64_t i) {
    if constexpr (kHalf)
      return V::load_half(static_cast<const uint16_t*>(p) + i);
    else
      return V::load(static_cast<const float*>(p) + i);
  }
  template <bool kHalf>
  static V load_kv_n(const void* p, int64_t i, int64_t n) {
    if constexpr (!kHalf) return V::load_n(static_cast<const float*>(p) + i, n);
    uint16_t last[W] = {};
    for (int64_t j = 0; j < n; ++j) last[j] = static_cast<const uint16_t*>(p)[i + j];
    return V::load_half(last);
  }
  // A cache interleaves the heads, so that the rows of one lie too far apart for the processor to guess the next: they
  // are asked for in time.
  template <bool kHalf>
  static void prefetch_row(const void* rows, int64_t row, int64_t ld, int64_t from, int64_t to) {
    constexpr int64_t size = kHalf ? 2 : 4, line = 64 / size;
    const char* start = static_cast<const char*>(rows) + row * ld * size;
    for (int64_t d = from; d < to; d += line) __builtin_prefetch(start + d * size, 0, 3);
  }

  // Heads that share their keys go together, so that a key is read and widened once for all of them: as many as there
  // are registers for.
  static constexpr int kHeadsTogether = W >= 16 ? 4 : 3;
  // Calls body(first head, heads as a constant) for `heads` heads in parts that are nearly equal.
  template <class Body>
  static void split_heads(int heads, const Body& body) {
    for (int first = 0; first < heads;) {
      const int left = heads - first, parts = (left + kHeadsTogether - 1) / kHeadsTogether;
      const int now = (left + parts - 1) / parts;
      if (now == 1) body(first, std::integral_constant<int, 1>());
      if (now == 2) body(first, std::integral_constant<int, 2>());
      if (now == 3) body(first, std::integral_constant<int, 3>());
      if constexpr (kHeadsTogether > 3) {
        if (now == 4) body(first, std::integral_constant<int, 4>());
      }
      first += now;
    }
  }

  template <bool kHalf, int kHeads>
  static void score_heads(const float* q, const void* k, int64_t ldk, int64_t n, int64_t dim, float* scores,
                          int64_t lds) {
    const int64_t ahead = keys_ahead(dim, kHalf), whole = dim / W * W, rest = dim - whole;
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
      for (int u = 0; u < 4; ++u) prefetch_row<kHalf>(k, j + ahead + u, ldk, 0, dim);
      V s[kHeads][4];
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) s[h][u] = zero();
      const auto add = [&](const auto& query, const auto& key_part) __attribute__((always_inline)) {
        V x[kHeads];
#pragma GCC unroll 4
        for (int h = 0; h < kHeads; ++h) x[h] = query(h);
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) {
          const V key = key_part((j + u) * ldk);
#pragma GCC unroll 4
          for (int h = 0; h < kHeads; ++h) s[h][u] = multiply_add(x[h], key, s[h][u]);
        }
      };
      for (int64_t d = 0; d < whole; d += W)
        add([&](int h) { return V::load(q + h * dim + d); }, [&](int64_t at) { return load_kv<kHalf>(k, at + d); });
      if (rest != 0)
        add([&](int h) { return V::load_n(q + h * dim + whole, rest); },
            [&](int64_t at) { return load_kv_n<kHalf>(k, at + whole, rest); });
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) store_sums(s[h], scores + h * lds + j);
    }
    for (; j < n; ++j)
      for (int h = 0; h < kHeads; ++h) {
        V s = zero();
        for (int64_t d = 0; d < whole; d += W)
          s = multiply_add(V::load(q + h * dim + d), load_kv<kHalf>(k, j * ldk + d), s);
        if (rest != 0)
          s = multiply_add(V::load_n(q + h * dim + whole, rest), load_kv_n<kHalf>(k, j * ldk + whole, rest), s);
        scores[h * lds + j] = sum_lanes(s);
      }
  }
  static void score_keys(const float* q, int heads, const void* k, int64_t ldk, bool half, int64_t n, int64_t dim,
                         float* scores, int64_t lds) {
    split_heads(heads, [&](int first, auto together) {
      constexpr int kHeads = decltype(together)::value;
      half ? score_heads<true, kHeads>(q + first * dim, k, ldk, n, dim, scores + first * lds, lds)
           : score_heads<false, kHeads>(q + first * dim, k, ldk, n, dim, scores + first * lds, lds);
    });
  }

  // Columns d .. d + kVectors * W - 1 of each head's output stay in registers over all keys; the last vector may be
  // shorter, `last` columns.
  template <bool kHalf, int kHeads, int kVectors, bool kWhole>
  static void sum_columns(const float* p, int64_t ldp, const void* v, int64_t ldv, int64_t n, int64_t dim, int64_t d,
                          int64_t last, float* out, int64_t ldo) {
    const int64_t ahead = keys_ahead(dim, kHalf), end = d + (kVectors - 1) * W + last;
    V sum[kHeads][kVectors];
    const auto get_part = [&](const float* from, int i) {
      return kWhole || i + 1 < kVectors ? V::load(from + i * W) : V::load_n(from + i * W, last);
    };
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 4
      for (int i = 0; i < kVectors; ++i) sum[h][i] = get_part(out + h * ldo + d, i);
    for (int64_t j = 0; j < n; ++j) {
      prefetch_row<kHalf>(v, j + ahead, ldv, d, end);
      V value[kVectors];
#pragma GCC unroll 4
      for (int i = 0; i < kVectors; ++i)
        value[i] = kWhole || i + 1 < kVectors ? load_kv<kHalf>(v, j * ldv + d + i * W)
                                              : load_kv_n<kHalf>(v, j * ldv + d + i * W, last);
#pragma GCC unroll 4
      for (int h = 0; h < kHeads; ++h) {
        const V weight = V::set(p[h * ldp + j]);
#pragma GCC unroll 4
        for (int i = 0; i < kVectors; ++i) sum[h][i] = multiply_add(weight, value[i], sum[h][i]);
      }
    }
#pragma GCC unroll 4
    for (int h = 0; h < kHeads; ++h)
#pragma GCC unroll 4
      for (int i = 0; i < kVectors; ++i) {
        float* to = out + h * ldo + d + i * W;
        kWhole || i + 1 < kVectors ? sum[h][i].store(to) : sum[h][i].store_n(to, last);
      }
  }
  template <bool kHalf, int kHeads>
  static void sum_heads(const float* p, int64_t ldp, const void* v, int64_t ldv, int64_t n, int64_t dim, float* out,
                        int64_t ldo) {
    constexpr int kVectors = W >= 16 ? 4 : 2;
    int64_t d = 0;
    for (; d + kVectors * W <= dim; d += kVectors * W)
      sum_columns<kHalf, kHeads, kVectors, true>(p, ldp, v, ldv, n, dim, d, W, out, ldo);
    for (; d + W <= dim; d += W) sum_columns<kHalf, kHeads, 1, true>(p, ldp, v, ldv, n, dim, d, W, out, ldo);
    if (d < dim) sum_columns<kHalf, kHeads, 1, false>(p, ldp, v, ldv, n, dim, d, dim - d, out, ldo);
  }
  static void sum_values(const float* p, int64_t ldp, int heads, const void* v, int64_t ldv, bool half, int64_t n,
                         int64_t dim, float* out, int64_t ldo) {
    split_heads(heads, [&](int first, auto together) {
      constexpr int kHeads = decltype(together)::value;
      half ? sum_heads<true, kHeads>(p + first * ldp, ldp, v, ldv, n, dim, out + first * ldo, ldo)
           : sum_heads<false, kHeads>(p + first * ldp, ldp, v, ldv, n, dim, out + first * ldo, ldo);
    });
  }
};

}  // namespace scalewright::kernels::cpu
