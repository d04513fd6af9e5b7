// Norms, rotations, gates and other operations on rows.

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kNormThreads = 256;

// A block a head (or row) of D numbers.
SW_KERNEL(kNormThreads, rmsnorm_kernel)
(Global<const float> x, int64_t ldx, int groups, int64_t D, Global<const float> weight, float epsilon, Global<float> y,
 int64_t ldy, Global<float> inv_rms) {
  SW_SHARED(float, room, kNormThreads / kWarp);
  const int64_t t = block_x() / groups, from = t * ldx + block_x() % groups * D, to = t * ldy + block_x() % groups * D;
  float squares = 0.0f;
  for (int64_t d = thread_x(); d < D; d += block_dim_x()) {
    const float v = ld(x, from + d);
    squares = fmaf(v, v, squares);
  }
  squares = block_sum(squares, room, thread_x(), block_dim_x());
  const float inverse = reciprocal_root(squares / static_cast<float>(D) + epsilon);
  if (inv_rms && thread_x() == 0) st(inv_rms, block_x(), inverse);
  for (int64_t d = thread_x(); d < D; d += block_dim_x())
    st(y, to + d, ld(x, from + d) * inverse * (weight ? ld(weight, d) : 1.0f));
}

SW_KERNEL(kNormThreads, rmsnorm_dx_kernel)
(Global<const float> dy, int64_t lddy, Global<const float> x, int64_t ldx, int groups, int64_t D,
 Global<const float> weight, Global<const float> inv_rms, Global<float> dx, int64_t lddx, bool accumulate) {
  SW_SHARED(float, room, kNormThreads / kWarp);
  const int64_t t = block_x() / groups, head = block_x() % groups * D;
  const int64_t in = t * ldx + head, grad = t * lddy + head, out = t * lddx + head;
  float dot = 0.0f;
  for (int64_t d = thread_x(); d < D; d += block_dim_x())
    dot = fmaf(ld(dy, grad + d) * (weight ? ld(weight, d) : 1.0f), ld(x, in + d), dot);
  const float inverse = ld(inv_rms, block_x());
  dot = block_sum(dot, room, thread_x(), block_dim_x()) * inverse * inverse / static_cast<float>(D);
  for (int64_t d = thread_x(); d < D; d += block_dim_x()) {
    const float g = ld(dy, grad + d) * (weight ? ld(weight, d) : 1.0f);
    const float value = inverse * (g - dot * ld(x, in + d));
    st(dx, out + d, value + (accumulate ? ld(dx, out + d) : 0.0f));
  }
}

SW_KERNEL(256, rope_kernel)
(Global<float> x, int64_t ldx, int64_t T, int heads, int head_dim, int pairs, Global<const float> cosine,
 Global<const float> sine, bool adjacent, bool inverse) {
  const int64_t i = static_cast<int64_t>(block_x()) * block_dim_x() + thread_x();
  if (i >= T * heads * pairs) return;
  const int pair = static_cast<int>(i % pairs), head = static_cast<int>(i / pairs % heads);
  const int64_t t = i / pairs / heads, at = t * ldx + static_cast<int64_t>(head) * head_dim;
  const int64_t first = at + (adjacent ? 2 * pair : pair), second = at + (adjacent ? 2 * pair + 1 : pair + pairs);
  const float c = ld(cosine, t * pairs + pair), s = inverse ? -ld(sine, t * pairs + pair) : ld(sine, t * pairs + pair);
  const float a = ld(x, first), b = ld(x, second);
  st(x, first, a * c - b * s);
  st(x, second, b * c + a * s);
}

constexpr float kRoot = 0.7978845608028654f;  // sqrt(2 / pi)

SW_DEVICE float activation(GateKind kind, float x) {
  switch (kind) {
    case GateKind::Silu:
      return x / (1.0f + expf(-x));
    case GateKind::GeluTanh:
      return 0.5f * x * (1.0f + tanhf(kRoot * (x + 0.044715f * x * x * x)));
    case GateKind::GeluErf:
      return 0.5f * x * (1.0f + erff(x * 0.7071067811865476f));
  }
  return 0.0f;
}
SW_DEVICE float activation_slope(GateKind kind, float x) {
  switch (kind) {
    case GateKind::Silu: {
      const float s = 1.0f / (1.0f + expf(-x));
      return s * (1.0f + x * (1.0f - s));
    }
    case GateKind::GeluTanh: {
      const float h = tanhf(kRoot * (x + 0.044715f * x * x * x));
      return 0.5f * (1.0f + h) + 0.5f * x * (1.0f - h * h) * kRoot * (1.0f + 3.0f * 0.044715f * x * x);
    }
    case GateKind::GeluErf:
      return 0.5f * (1.0f + erff(x * 0.7071067811865476f)) + x * expf(-0.5f * x * x) * 0.3989422804014327f;
  }
  return 0.0f;
}

// Elementwise kernels: a block 256 columns of a row.
SW_DEVICE int64_t column() { return static_cast<int64_t>(block_y()) * block_dim_x() + thread_x(); }

SW_KERNEL(256, gated_kernel)
(Global<const float> gate, int64_t ldg, Global<const float> up, int64_t ldu, int64_t F, GateKind kind,
 Global<float> out, int64_t ldo) {
  const int64_t t = block_x(), f = column();
  if (f < F) st(out, t * ldo + f, activation(kind, ld(gate, t * ldg + f)) * ld(up, t * ldu + f));
}

SW_KERNEL(256, gated_backward_kernel)
(Global<const float> gate, int64_t ldg, Global<const float> up, int64_t ldu, Global<const float> dout, int64_t lddo,
 int64_t F, GateKind kind, Global<float> dgate, Global<float> dup) {
  const int64_t t = block_x(), f = column();
  if (f >= F) return;
  const float g = ld(gate, t * ldg + f), u = ld(up, t * ldu + f), d = ld(dout, t * lddo + f);
  st(dgate, t * ldg + f, d * u * activation_slope(kind, g));
  st(dup, t * ldu + f, d * activation(kind, g));
}

template <bool kHalf>
SW_KERNEL(256, store_kv_kernel)
(Global<const float> src, int64_t lds, int64_t width, Global<float> floats, Global<uint16_t> halves, int64_t ldd,
 Global<const int32_t> first_row) {
  const int64_t t = block_x(), i = column();
  if (i >= width) return;
  const float v = ld(src, t * lds + i);
  const int64_t to = (first_row ? t + ld(first_row, 0) : t) * ldd + i;
  if constexpr (kHalf) {
    st(halves, to, float_to_half(v));
  } else {
    st(floats, to, v);
  }
}

SW_KERNEL(256, add_kernel)(Global<const float> x, Global<float> y, int64_t n) {
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * block_dim_x();
  for (int64_t i = static_cast<int64_t>(block_x()) * block_dim_x() + thread_x(); i < n; i += step)
    st(y, i, ld(y, i) + ld(x, i));
}
SW_KERNEL(256, softcap_kernel)(Global<float> x, int64_t n, float cap) {
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * block_dim_x();
  for (int64_t i = static_cast<int64_t>(block_x()) * block_dim_x() + thread_x(); i < n; i += step)
    st(x, i, cap * tanhf(ld(x, i) / cap));
}

dim3 by_columns(int64_t T, int64_t width) {
  return dim3(static_cast<unsigned>(T), static_cast<unsigned>((width + 255) / 256));
}
dim3 by_elements(int64_t n) {
  const int64_t blocks = (n + 255) / 256;
  return dim3(static_cast<unsigned>(blocks < 4096 ? blocks : 4096));
}
// Heads of a few numbers are a warp's work.
dim3 norm_block(int64_t D) { return dim3(D <= 256 ? kWarp : kNormThreads); }

}  // namespace

void rmsnorm(void* stream, const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight,
             float epsilon, float* y, int64_t ldy, float* inv_rms) {
  SW_LAUNCH(rmsnorm_kernel, dim3(static_cast<unsigned>(T * groups)), norm_block(D), stream, x, ldx, groups, D, weight,
            epsilon, y, ldy, inv_rms);
}
void rmsnorm_dx(void* stream, const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups,
                int64_t D, const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate) {
  SW_LAUNCH(rmsnorm_dx_kernel, dim3(static_cast<unsigned>(T * groups)), norm_block(D), stream, dy, lddy, x, ldx, groups,
            D, weight, inv_rms, dx, lddx, accumulate);
}
void rope(void* stream, float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cosine,
          const float* sine, bool adjacent, bool inverse) {
  const int pairs = rotary / 2;
  if (pairs == 0) return;
  SW_LAUNCH(rope_kernel, dim3(static_cast<unsigned>((T * heads * pairs + 255) / 256)), dim3(256), stream, x, ldx, T,
            heads, head_dim, pairs, cosine, sine, adjacent, inverse);
}
void gated(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
           GateKind kind, float* out, int64_t ldo) {
  SW_LAUNCH(gated_kernel, by_columns(T, F), dim3(256), stream, gate, ldg, up, ldu, F, kind, out, ldo);
}
void gated_backward(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout,
                    int64_t lddo, int64_t T, int64_t F, GateKind kind, float* dgate, float* dup) {
  SW_LAUNCH(gated_backward_kernel, by_columns(T, F), dim3(256), stream, gate, ldg, up, ldu, dout, lddo, F, kind, dgate,
            dup);
}
void store_kv(void* stream, const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, bool half,
              const int32_t* first_row) {
  auto* floats = half ? nullptr : static_cast<float*>(dst);
  auto* halves = half ? static_cast<uint16_t*>(dst) : nullptr;
  if (half) {
    SW_LAUNCH((store_kv_kernel<true>), by_columns(T, width), dim3(256), stream, src, lds, width, floats, halves, ldd,
              first_row);
  } else {
    SW_LAUNCH((store_kv_kernel<false>), by_columns(T, width), dim3(256), stream, src, lds, width, floats, halves, ldd,
              first_row);
  }
}
void add(void* stream, const float* x, float* y, int64_t n) {
  SW_LAUNCH(add_kernel, by_elements(n), dim3(256), stream, x, y, n);
}
void softcap(void* stream, float* x, int64_t n, float cap) {
  SW_LAUNCH(softcap_kernel, by_elements(n), dim3(256), stream, x, n, cap);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
