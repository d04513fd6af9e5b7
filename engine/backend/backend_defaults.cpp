// What a backend need not do itself, done by the host.

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "engine/backend/backend.h"

namespace scalewright {

void Backend::linear_backward(const float* x, int64_t ldx, int64_t T, std::span<const LinearGradient> parts,
                              int64_t lddy, float* dx, int64_t lddx, Precision /*precision*/) {
  for (const LinearGradient& part : parts)
    if (part.dscale) linear_dscale(part.dy, lddy, x, ldx, T, part.w->quant, part.dscale, part.dscale_min);
  bool accumulate = false;
  for (const LinearGradient& part : parts) {
    if (dx) linear_dx(part.dy, lddy, T, *part.w, dx, lddx, accumulate);
    accumulate = true;
  }
}

const float* Backend::make_rows(const BackwardInput& x, int64_t T, int64_t K) {
  switch (x.of) {
    case BackwardInput::Of::Rows:
      break;
    case BackwardInput::Of::Norm:
      rmsnorm(x.x, x.ldx, T, 1, K, x.weight, x.epsilon, x.room, K, x.inv_rms);
      return x.room;
    case BackwardInput::Of::Gate:
      gated(x.x, x.ldx, x.up, x.ldx, T, K, x.act, x.room, K);
      return x.room;
  }
  return x.x;
}

void Backend::make_rows(const BackwardGradient& dy, int64_t T, int64_t lddy) {
  switch (dy.of) {
    case BackwardGradient::Of::Rows:
      break;
    case BackwardGradient::Of::Gate:
      // gated_backward takes its strides from gate and up.
      if (lddy != dy.ldg) throw std::logic_error("gradients of a gate lie as the gate does");
      gated_backward(dy.gate, dy.ldg, dy.up, dy.ldg, dy.dout, dy.width, T, dy.width, dy.act, dy.rows,
                     dy.rows + dy.width);
      break;
    case BackwardGradient::Of::Turn:
      if (dy.rotary > 0) rope(dy.rows, lddy, T, dy.heads, dy.head_dim, dy.rotary, dy.cos, dy.sin, dy.style, true);
      break;
  }
}

void Backend::linear_backward_made(const BackwardInput& x, const BackwardGradient& dy, int64_t T,
                                   std::span<const LinearGradient> parts, int64_t lddy, float* dx, int64_t lddx,
                                   Precision precision) {
  const int64_t K = parts.front().w->cols();
  bool learns = false;
  for (const LinearGradient& part : parts) learns = learns || part.dscale;
  make_rows(dy, T, lddy);
  const float* rows = learns ? make_rows(x, T, K) : nullptr;
  linear_backward(rows, rows == x.x ? x.ldx : K, T, parts, lddy, dx, lddx, precision);
}

void Backend::linear_normed(const float* x, int64_t ldx, int64_t T, const float* weight, float epsilon, float* normed,
                            float* inv_rms, std::span<const LinearPart> parts, int64_t ldy, Precision precision) {
  const int64_t K = parts.front().w->cols();
  rmsnorm(x, ldx, T, 1, K, weight, epsilon, normed, K, inv_rms);
  if (parts.size() == 1) return linear(normed, K, T, *parts[0].w, parts[0].bias, parts[0].y, ldy, precision);
  linear_set(normed, K, T, parts, ldy, precision);
}

void Backend::linear_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                           float* activated, const WeightView& w, const float* bias, float* y, int64_t ldy,
                           Precision precision) {
  gated(gate, ldg, up, ldu, T, w.cols(), act, activated, w.cols());
  linear(activated, w.cols(), T, w, bias, y, ldy, precision);
}

void Backend::linear_add(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y,
                         float* room, Precision precision) {
  linear(x, ldx, T, w, bias, room, w.rows(), precision);
  add(room, y, T * w.rows());
}

void Backend::linear_add_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                               float* activated, const WeightView& w, const float* bias, float* y, float* room,
                               Precision precision) {
  gated(gate, ldg, up, ldu, T, w.cols(), act, activated, w.cols());
  linear_add(activated, w.cols(), T, w, bias, y, room, precision);
}

void Backend::rope_store(float* x, int64_t ldx, int64_t T, int heads, int kv_heads, int head_dim, int rotary,
                         const float* cos, const float* sin, RopeStyle style, void* dst, int64_t ldd, KvType type,
                         const int32_t* row) {
  if (rotary > 0) rope(x, ldx, T, heads + kv_heads, head_dim, rotary, cos, sin, style, false);
  const float* keys = x + int64_t{heads} * head_dim;
  const int64_t width = 2 * int64_t{kv_heads} * head_dim;
  if (row) return store_kv_at(keys, ldx, T, width, dst, ldd, type, row);
  store_kv(keys, ldx, T, width, dst, ldd, type);
}

void Backend::attend_add(const TokenAttention& token, float* attended, const WeightView& w, const float* bias, float* y,
                         float* room, Precision precision) {
  const AttentionShape& s = token.shape;
  const int64_t q_width = int64_t{s.heads} * s.head_dim, kv_width = int64_t{s.kv_heads} * s.head_dim;
  const int64_t element = s.kv == KvType::F16 ? 2 : 4;
  auto* rows = static_cast<uint8_t*>(token.cache);
  rope_store(token.heads, q_width + 2 * kv_width, 1, s.heads, s.kv_heads, s.head_dim, token.rotary, token.cos, token.sin,
             token.style, s.position ? rows : rows + s.query_offset * s.ldk * element, s.ldk, s.kv, s.position);
  attention(s, token.heads, rows, rows + kv_width * element, token.first, attended, nullptr);
  linear_add(attended, q_width, 1, w, bias, y, room, precision);
}

void Backend::move(const float* x, int64_t ldx, int64_t T, int64_t K, float* y, int64_t ldy, const MoveLists& lists,
                   bool accumulate) {
  synchronize();
  const auto listed = [](const int32_t* list, int64_t i) { return list ? int64_t{list[i]} : i; };
  for (int64_t t = 0; t < T; ++t) {
    const float* from = x + listed(lists.from_rows, t) * ldx;
    float* to = y + listed(lists.to_rows, t) * ldy;
    if (!lists.from_columns && !lists.to_columns && !accumulate) {
      std::memcpy(to, from, sizeof(float) * static_cast<size_t>(K));
      continue;
    }
    for (int64_t k = 0; k < K; ++k) {
      float& target = to[listed(lists.to_columns, k)];
      const float v = from[listed(lists.from_columns, k)];
      target = accumulate ? target + v : v;
    }
  }
}

void Backend::subtract(const float* a, const float* b, float* out, int64_t n) {
  synchronize();
  for (int64_t i = 0; i < n; ++i) out[i] = a[i] - b[i];
}

void Backend::zero(float* y, int64_t n) {
  synchronize();
  std::memset(y, 0, sizeof(float) * static_cast<size_t>(n));
}

double Backend::scaled_squares(float* gradient, const float* factor, int64_t n) {
  synchronize();
  if (factor)
    for (int64_t i = 0; i < n; ++i) gradient[i] *= factor[i];
  // Four sums hide the latency of the additions.
  double sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int64_t j = 0; j < 4; ++j) sums[j] += static_cast<double>(gradient[i + j]) * gradient[i + j];
  for (; i < n; ++i) sums[0] += static_cast<double>(gradient[i]) * gradient[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

double Backend::largest_magnitude(const float* values, int64_t n) {
  synchronize();
  float most = 0.0f;
  for (int64_t i = 0; i < n; ++i) {
    const float v = std::fabs(values[i]);
    if (std::isnan(v)) return std::numeric_limits<double>::infinity();
    if (v > most) most = v;
  }
  return most;
}

void Backend::relative_values(const float* start, const float* change, float* values, int64_t n) {
  synchronize();
  for (int64_t i = 0; i < n; ++i) values[i] = start[i] * (1.0f + change[i]);
}

}  // namespace scalewright
