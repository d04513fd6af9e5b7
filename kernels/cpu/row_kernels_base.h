#pragma once
// What kernels written once over a vector type V (ScalarVec, Avx2Vec, Avx512Vec) are made of. Every template is
// instantiated with the type of the including file only, so nothing compiled for one instruction set can stand in for
// another.

#include "kernels/cpu/row_kernels.h"

namespace scalewright::kernels::cpu {

template <class V>
struct RowsBase {
  static constexpr int64_t W = V::width;
  static V zero() { return V::set(0.0f); }

  // Calls body(i, count): whole vectors with count = W, then the rest.
  template <class Body>
  static void each(int64_t n, Body body) {
    int64_t i = 0;
    for (; i + W <= n; i += W) body(i, W);
    if (i < n) body(i, n - i);
  }
  static V get(const float* p, int64_t count) { return count == W ? V::load(p) : V::load_n(p, count); }
  static void put(V v, float* p, int64_t count) { count == W ? v.store(p) : v.store_n(p, count); }

  static void scale(float* x, int64_t n, float factor) {
    const V f = V::set(factor);
    each(n, [&](int64_t i, int64_t c) { put(get(x + i, c) * f, x + i, c); });
  }
  static float dot(const float* a, const float* b, int64_t n) {
    V s[4] = {zero(), zero(), zero(), zero()};
    int64_t i = 0;
    for (; i + 4 * W <= n; i += 4 * W)
      for (int u = 0; u < 4; ++u) s[u] = multiply_add(V::load(a + i + u * W), V::load(b + i + u * W), s[u]);
    for (; i < n; i += W) {
      const int64_t c = n - i < W ? n - i : W;
      s[0] = multiply_add(get(a + i, c), get(b + i, c), s[0]);
    }
    return sum_lanes((s[0] + s[1]) + (s[2] + s[3]));
  }
  static float largest_of(const float* x, int64_t n) {
    V m = V::set(x[0]), m2 = m;
    int64_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
      m = larger(m, V::load(x + i));
      m2 = larger(m2, V::load(x + i + W));
    }
    for (; i + W <= n; i += W) m = larger(m, V::load(x + i));
    float largest = largest_lane(larger(m, m2));
    for (; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
    return largest;
  }
};

}  // namespace scalewright::kernels::cpu
