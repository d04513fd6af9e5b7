#pragma once
// RowKernels over a vector type: everything but attention, and the table.

#include "kernels/cpu/row_kernels_attention.h"

namespace scalewright::kernels::cpu {

template <class V>
struct Rows : AttentionRows<V> {
  using Base = AttentionRows<V>;
  using Base::each, Base::get, Base::put, Base::zero, Base::largest_of, Base::scale, Base::dot;
  static constexpr int64_t W = V::width;

  // ---- conversions
  template <V (*Load)(const uint16_t*)>
  static void widen(const uint16_t* in, int64_t n, float* out) {
    int64_t i = 0;
    for (; i + W <= n; i += W) Load(in + i).store(out + i);
    if (i == n) return;
    uint16_t last[W] = {};
    for (int64_t j = i; j < n; ++j) last[j - i] = in[j];
    Load(last).store_n(out + i, n - i);
  }
  static void to_half(const float* in, int64_t n, uint16_t* out) {
    int64_t i = 0;
    for (; i + W <= n; i += W) V::load(in + i).store_half(out + i);
    if (i == n) return;
    uint16_t last[W];
    V::load_n(in + i, n - i).store_half(last);
    for (int64_t j = i; j < n; ++j) out[j] = last[j - i];
  }

  // ---- plain arithmetic
  static void add(const float* x, int64_t n, float* y) {
    each(n, [&](int64_t i, int64_t c) { put(get(y + i, c) + get(x + i, c), y + i, c); });
  }
  static void multiply_accumulate(const float* a, const float* b, int64_t n, float* sums) {
    each(n,
         [&](int64_t i, int64_t c) { put(multiply_add(get(a + i, c), get(b + i, c), get(sums + i, c)), sums + i, c); });
  }
  static void softcap(float* x, int64_t n, float cap) {
    const V factor = V::set(cap), inverse = V::set(1.0f / cap);
    each(n, [&](int64_t i, int64_t c) { put(factor * hyperbolic_tangent(get(x + i, c) * inverse), x + i, c); });
  }

  // ---- norms
  static float norm(const float* x, int64_t n, const float* weight, float epsilon, float* y) {
    const float mean = dot(x, x, n) / static_cast<float>(n);
    const float inverse = 1.0f / sqrt_of(mean + epsilon);
    const V f = V::set(inverse);
    if (weight)
      each(n, [&](int64_t i, int64_t c) { put(get(x + i, c) * f * get(weight + i, c), y + i, c); });
    else
      each(n, [&](int64_t i, int64_t c) { put(get(x + i, c) * f, y + i, c); });
    return inverse;
  }
  static float sqrt_of(float x) {
    float out[W];
    square_root(V::set(x)).store(out);
    return out[0];
  }
  static void norm_gradient(const float* dy, const float* x, int64_t n, const float* weight, float inverse, float* dx,
                            bool accumulate) {
    V sum = zero(), other = zero();
    int64_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
      sum = multiply_add(gradient_at(dy, weight, i, W), V::load(x + i), sum);
      other = multiply_add(gradient_at(dy, weight, i + W, W), V::load(x + i + W), other);
    }
    for (; i < n; i += W) {
      const int64_t c = n - i < W ? n - i : W;
      sum = multiply_add(gradient_at(dy, weight, i, c), get(x + i, c), sum);
    }
    const float projection = sum_lanes(sum + other) * inverse * inverse / static_cast<float>(n);
    const V f = V::set(inverse), back = V::set(-projection);
    each(n, [&](int64_t j, int64_t c) {
      V value = multiply_add(back, get(x + j, c), gradient_at(dy, weight, j, c)) * f;
      if (accumulate) value = value + get(dx + j, c);
      put(value, dx + j, c);
    });
  }
  static V gradient_at(const float* dy, const float* weight, int64_t i, int64_t c) {
    return weight ? get(dy + i, c) * get(weight + i, c) : get(dy + i, c);
  }

  // ---- rotary positions
  static void rope_halves(float* head, int64_t pairs, const float* cosine, const float* sine, float sign) {
    const V direction = V::set(sign);
    float* other = head + pairs;
    each(pairs, [&](int64_t i, int64_t c) {
      const V a = get(head + i, c), b = get(other + i, c), co = get(cosine + i, c), si = get(sine + i, c) * direction;
      put(a * co - b * si, head + i, c);
      put(b * co + a * si, other + i, c);
    });
  }
  static void rope_adjacent(float* head, int64_t pairs, const float* cosine, const float* sine, float sign) {
    int64_t i = 0;
    if constexpr (W > 1) {
      const V direction = V::set(sign);
      for (; i + W / 2 <= pairs; i += W / 2) {
        const V x = V::load(head + 2 * i), co = V::load_twice(cosine + i), si = V::load_twice(sine + i) * direction;
        multiply_add(x, co, x.swapped() * si.even_negated()).store(head + 2 * i);
      }
    }
    for (; i < pairs; ++i) {
      const float a = head[2 * i], b = head[2 * i + 1], si = sine[i] * sign;
      head[2 * i] = a * cosine[i] - b * si;
      head[2 * i + 1] = b * cosine[i] + a * si;
    }
  }

  // ---- gates: the activation's value and, where asked, its slope
  struct Gate {
    V value, slope;
  };
  template <GateKind kKind>
  static Gate activate(V x) {
    const V one = V::set(1.0f), half = V::set(0.5f);
    if constexpr (kKind == GateKind::Silu) {
      const V s = one / (one + exponential(zero() - x));
      const V value = x * s;
      return {value, multiply_add(one - s, value, s)};
    } else if constexpr (kKind == GateKind::GeluTanh) {
      constexpr float root = 0.797884561f, cubic = 0.044715f;  // sqrt(2 / pi)
      const V square = x * x;
      const V h = hyperbolic_tangent(V::set(root) * x * multiply_add(V::set(cubic), square, one));
      const V inner = V::set(root) * multiply_add(V::set(3.0f * cubic), square, one);
      const V above = half * (one + h);
      return {x * above, multiply_add(half * x * (one - h * h), inner, above)};
    } else {
      V gauss;
      const V tail = half * error_complement(x * V::set(0.707106781f), &gauss);
      const V share = select_less(x, zero(), tail, one - tail);  // of a normal variable below x
      return {x * share, multiply_add(x * gauss, V::set(0.398942280f), share)};
    }
  }
  template <GateKind kKind>
  static void gated_kind(const float* gate, const float* up, int64_t n, float* out) {
    each(n, [&](int64_t i, int64_t c) { put(activate<kKind>(get(gate + i, c)).value * get(up + i, c), out + i, c); });
  }
  template <GateKind kKind>
  static void gradient_kind(const float* gate, const float* up, const float* dout, int64_t n, float* dgate,
                            float* dup) {
    each(n, [&](int64_t i, int64_t c) {
      const Gate a = activate<kKind>(get(gate + i, c));
      const V d = get(dout + i, c), u = get(up + i, c);
      put(d * u * a.slope, dgate + i, c);
      put(d * a.value, dup + i, c);
    });
  }
  static void gated(const float* gate, const float* up, int64_t n, GateKind kind, float* out) {
    switch (kind) {
      case GateKind::Silu:
        return gated_kind<GateKind::Silu>(gate, up, n, out);
      case GateKind::GeluTanh:
        return gated_kind<GateKind::GeluTanh>(gate, up, n, out);
      case GateKind::GeluErf:
        return gated_kind<GateKind::GeluErf>(gate, up, n, out);
    }
  }
  static void gated_gradient(const float* gate, const float* up, const float* dout, int64_t n, GateKind kind,
                             float* dgate, float* dup) {
    switch (kind) {
      case GateKind::Silu:
        return gradient_kind<GateKind::Silu>(gate, up, dout, n, dgate, dup);
      case GateKind::GeluTanh:
        return gradient_kind<GateKind::GeluTanh>(gate, up, dout, n, dgate, dup);
      case GateKind::GeluErf:
        return gradient_kind<GateKind::GeluErf>(gate, up, dout, n, dgate, dup);
    }
  }

  // ---- loss
  template <bool kStore>
  static float exp_sum_store(const float* x, int64_t n, float* largest, float* out) {
    *largest = largest_of(x, n);
    const V shift = V::set(*largest);
    V total = zero();
    // Sums of 4096 are added up, which rounds less than one sum over a vocabulary.
    for (int64_t start = 0; start < n; start += 4096) {
      const int64_t end = start + 4096 < n ? start + 4096 : n;
      V s[2] = {zero(), zero()};
      int64_t i = start;
      for (; i + 2 * W <= end; i += 2 * W)
        for (int u = 0; u < 2; ++u) {
          const V e = exponential(V::load(x + i + u * W) - shift);
          if constexpr (kStore) e.store(out + i + u * W);
          s[u] = s[u] + e;
        }
      for (; i < end; i += W) {
        const int64_t c = end - i < W ? end - i : W;
        const V e = exponential(get(x + i, c) - shift);
        if constexpr (kStore) put(e, out + i, c);
        float part[W] = {};
        put(e, part, c);
        s[0] = s[0] + V::load(part);
      }
      total = total + (s[0] + s[1]);
    }
    return sum_lanes(total);
  }
  static float exp_sum(const float* x, int64_t n, float* largest, float* out) {
    return out ? exp_sum_store<true>(x, n, largest, out) : exp_sum_store<false>(x, n, largest, out);
  }
  static void softmax_gradient(float* x, int64_t n, float shift, float factor, float cap) {
    const V s = V::set(shift), f = V::set(factor), inverse = V::set(1.0f / cap), one = V::set(1.0f);
    each(n, [&](int64_t i, int64_t c) {
      const V value = get(x + i, c), h = value * inverse;
      put(exponential(value - s) * f * (one - h * h), x + i, c);
    });
  }

  // ---- optimizer
  static void adamw(const AdamWTerms& o, const float* gradient, int64_t n, float* parameter, float* m, float* v) {
    const V beta1 = V::set(o.beta1), beta2 = V::set(o.beta2), rest1 = V::set(o.rest1), rest2 = V::set(o.rest2);
    const V clip = V::set(o.gradient_scale), decay = V::set(o.decay), step = V::set(o.step_size), root = V::set(o.root);
    const V epsilon = V::set(o.epsilon);
    each(n, [&](int64_t i, int64_t c) {
      const V g = get(gradient + i, c) * clip;
      const V mean = multiply_add(beta1, get(m + i, c), rest1 * g);
      const V square = multiply_add(beta2, get(v + i, c), rest2 * g * g);
      put(mean, m + i, c);
      put(square, v + i, c);
      const V change = step * mean / multiply_add(square_root(square), root, epsilon);
      put(get(parameter + i, c) * decay - change, parameter + i, c);
    });
  }

  static constexpr RowKernels table() {
    return {widen<V::load_half>,
            widen<V::load_bfloat>,
            to_half,
            add,
            multiply_accumulate,
            softcap,
            dot,
            norm,
            norm_gradient,
            rope_halves,
            rope_adjacent,
            gated,
            gated_gradient,
            exp_sum,
            softmax_gradient,
            Base::softmax_block,
            Base::softmax_block_gradient,
            scale,
            Base::score_keys,
            Base::sum_values,
            adamw};
  }
};

}  // namespace scalewright::kernels::cpu
