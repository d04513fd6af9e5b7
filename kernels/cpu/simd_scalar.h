#pragma once
// One float behind the operations of Avx2Vec: the plain C++ form of kernels that are written once over a vector type.

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/common/quant_layout.h"

namespace scalewright::kernels::cpu {

struct ScalarVec {
  static constexpr int width = 1;
  float v;

  static ScalarVec set(float x) { return {x}; }
  static ScalarVec load(const float* p) { return {*p}; }
  static ScalarVec load_n(const float* p, int64_t n) { return {n > 0 ? *p : 0.0f}; }
  static ScalarVec load_half(const uint16_t* p) { return {half_to_float(*p)}; }
  static ScalarVec load_bfloat(const uint16_t* p) { return {std::bit_cast<float>(static_cast<uint32_t>(*p) << 16)}; }
  void store(float* p) const { *p = v; }
  void store_n(float* p, int64_t n) const {
    if (n > 0) *p = v;
  }
  void store_half(uint16_t* p) const { *p = float_to_half(v); }
};

inline ScalarVec operator+(ScalarVec a, ScalarVec b) {
  return {a.v + b.v};
}
inline ScalarVec operator-(ScalarVec a, ScalarVec b) {
  return {a.v - b.v};
}
inline ScalarVec operator*(ScalarVec a, ScalarVec b) {
  return {a.v * b.v};
}
inline ScalarVec operator/(ScalarVec a, ScalarVec b) {
  return {a.v / b.v};
}
inline ScalarVec multiply_add(ScalarVec a, ScalarVec b, ScalarVec c) {
  return {a.v * b.v + c.v};
}
inline ScalarVec larger(ScalarVec a, ScalarVec b) {
  return {a.v > b.v ? a.v : b.v};
}
inline ScalarVec smaller(ScalarVec a, ScalarVec b) {
  return {a.v < b.v ? a.v : b.v};
}
inline ScalarVec square_root(ScalarVec a) {
  return {std::sqrt(a.v)};
}
inline ScalarVec magnitude(ScalarVec a) {
  return {std::fabs(a.v)};
}
inline ScalarVec select_less(ScalarVec a, ScalarVec b, ScalarVec x, ScalarVec y) {
  return a.v < b.v ? x : y;
}
inline float sum_lanes(ScalarVec a) {
  return a.v;
}
inline void store_sums(const ScalarVec (&s)[4], float* out) {
  for (int i = 0; i < 4; ++i) out[i] = s[i].v;
}
inline float largest_lane(ScalarVec a) {
  return a.v;
}
inline ScalarVec exponential(ScalarVec x) {
  return {std::exp(x.v)};
}
inline ScalarVec hyperbolic_tangent(ScalarVec x) {
  return {std::tanh(x.v)};
}
inline ScalarVec error_complement(ScalarVec x, ScalarVec* gauss) {
  gauss->v = std::exp(-x.v * x.v);
  return {std::erfc(std::fabs(x.v))};
}

}  // namespace scalewright::kernels::cpu
