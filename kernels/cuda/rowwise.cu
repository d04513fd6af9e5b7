// Norms, rotations, gates and other operations on rows.

#include "kernels/cuda/gates_device.h"
#include "kernels/cuda/grids.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kNormThreads = 256;
// With everything aligned, a thread keeps up to so many fours of a row; longer rows are read twice.
constexpr int kMostFours = 4, kFourThreads = 1024;

SW_DEVICE float dot4(float4 a, float4 b) {
  return fmaf(a.x, b.x, fmaf(a.y, b.y, fmaf(a.z, b.z, a.w * b.w)));
}
SW_DEVICE float4 times4(float4 a, float4 b) {
  return {a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w};
}
SW_DEVICE float4 scaled4(float4 a, float factor) {
  return {a.x * factor, a.y * factor, a.z * factor, a.w * factor};
}
// Four of weight [D], or ones.
SW_DEVICE float4 weight4(Global<const float> weight, int64_t d) {
  return weight ? ld4(weight, d) : float4{1.0f, 1.0f, 1.0f, 1.0f};
}

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
SW_KERNEL(kFourThreads, rmsnorm_fours_kernel)
(Global<const float> x, int64_t ldx, int groups, int64_t D, Global<const float> weight, float epsilon, Global<float> y,
 int64_t ldy, Global<float> inv_rms) {
  SW_SHARED(float, room, kFourThreads / kWarp);
  const int64_t t = block_x() / groups, from = t * ldx + block_x() % groups * D, to = t * ldy + block_x() % groups * D;
  const int stride = 4 * block_dim_x(), begin = 4 * thread_x(), width = static_cast<int>(D);
  float4 mine[kMostFours];
  float squares = 0.0f;
  SW_UNROLL
  for (int i = 0; i < kMostFours; ++i) {
    const int d = begin + i * stride;
    mine[i] = d < width ? ld4(x, from + d) : float4{0.0f, 0.0f, 0.0f, 0.0f};
  }
  SW_UNROLL
  for (int i = 0; i < kMostFours; ++i) squares += dot4(mine[i], mine[i]);
  squares = block_sum(squares, room, thread_x(), block_dim_x());
  const float inverse = reciprocal_root(squares / static_cast<float>(D) + epsilon);
  if (inv_rms && thread_x() == 0) st(inv_rms, block_x(), inverse);
  SW_UNROLL
  for (int i = 0; i < kMostFours; ++i) {
    const int d = begin + i * stride;
    if (d < width) st4(y, to + d, times4(scaled4(mine[i], inverse), weight4(weight, d)));
  }
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
SW_KERNEL(kFourThreads, rmsnorm_dx_fours_kernel)
(Global<const float> dy, int64_t lddy, Global<const float> x, int64_t ldx, int groups, int64_t D,
 Global<const float> weight, Global<const float> inv_rms, Global<float> dx, int64_t lddx, bool accumulate) {
  SW_SHARED(float, room, kFourThreads / kWarp);
  const int64_t t = block_x() / groups, head = block_x() % groups * D;
  const int64_t in = t * ldx + head, grad = t * lddy + head, out = t * lddx + head;
  const int stride = 4 * block_dim_x(), begin = 4 * thread_x(), width = static_cast<int>(D);
  float4 value[kMostFours], gradient[kMostFours];
  float dot = 0.0f;
  SW_UNROLL
  for (int i = 0; i < kMostFours; ++i) {
    const int d = begin + i * stride;
    value[i] = gradient[i] = {0.0f, 0.0f, 0.0f, 0.0f};
    if (d >= width) continue;
    value[i] = ld4(x, in + d);
    gradient[i] = times4(ld4(dy, grad + d), weight4(weight, d));
  }
  SW_UNROLL
  for (int i = 0; i < kMostFours; ++i) dot += dot4(gradient[i], value[i]);
  const float inverse = ld(inv_rms, block_x());
  dot = block_sum(dot, room, thread_x(), block_dim_x()) * inverse * inverse / static_cast<float>(D);
  SW_UNROLL
  for (int i = 0; i < kMostFours; ++i) {
    const int d = begin + i * stride;
    if (d >= width) continue;
    const float4 old = accumulate ? ld4(dx, out + d) : float4{0.0f, 0.0f, 0.0f, 0.0f};
    st4(dx, out + d,
        {fmaf(inverse, gradient[i].x - dot * value[i].x, old.x), fmaf(inverse, gradient[i].y - dot * value[i].y, old.y),
         fmaf(inverse, gradient[i].z - dot * value[i].z, old.z),
         fmaf(inverse, gradient[i].w - dot * value[i].w, old.w)});
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
SW_DEVICE int64_t column() {
  return static_cast<int64_t>(block_y()) * block_dim_x() + thread_x();
}

// kFour: a thread takes four columns; everything is aligned.
template <bool kFour>
SW_KERNEL(256, gated_kernel)
(Global<const float> gate, int64_t ldg, Global<const float> up, int64_t ldu, int64_t F, GateKind kind,
 Global<float> out, int64_t ldo) {
  const int64_t t = block_x(), f = column() * (kFour ? 4 : 1);
  if (f >= F) return;
  if constexpr (kFour) {
    const float4 g = ld4(gate, t * ldg + f), u = ld4(up, t * ldu + f);
    st4(out, t * ldo + f,
        {activation(kind, g.x) * u.x, activation(kind, g.y) * u.y, activation(kind, g.z) * u.z,
         activation(kind, g.w) * u.w});
  } else {
    st(out, t * ldo + f, activation(kind, ld(gate, t * ldg + f)) * ld(up, t * ldu + f));
  }
}

template <bool kFour>
SW_KERNEL(256, gated_backward_kernel)
(Global<const float> gate, int64_t ldg, Global<const float> up, int64_t ldu, Global<const float> dout, int64_t lddo,
 int64_t F, GateKind kind, Global<float> dgate, Global<float> dup) {
  const int64_t t = block_x(), f = column() * (kFour ? 4 : 1);
  if (f >= F) return;
  if constexpr (kFour) {
    const float4 g = ld4(gate, t * ldg + f), u = ld4(up, t * ldu + f), d = ld4(dout, t * lddo + f);
    st4(dgate, t * ldg + f,
        {d.x * u.x * activation_slope(kind, g.x), d.y * u.y * activation_slope(kind, g.y),
         d.z * u.z * activation_slope(kind, g.z), d.w * u.w * activation_slope(kind, g.w)});
    st4(dup, t * ldu + f,
        {d.x * activation(kind, g.x), d.y * activation(kind, g.y), d.z * activation(kind, g.z),
         d.w * activation(kind, g.w)});
  } else {
    const float g = ld(gate, t * ldg + f), u = ld(up, t * ldu + f), d = ld(dout, t * lddo + f);
    st(dgate, t * ldg + f, d * u * activation_slope(kind, g));
    st(dup, t * ldu + f, d * activation(kind, g));
  }
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

// A thread a pair of a head that turns, or one number that is stored as it is.
struct StoredHeads {
  int heads, kv_heads, head_dim, pairs;
};
template <bool kHalf>
SW_KERNEL(256, rope_store_kernel)
(Global<float> x, int64_t ldx, StoredHeads h, Global<const float> cosine, Global<const float> sine, bool adjacent,
 Global<float> floats, Global<uint16_t> halves, int64_t ldd, Global<const int32_t> first_row) {
  wait_for_previous();
  const int64_t t = block_x(), to = (first_row ? t + ld(first_row, 0) : t) * ldd;
  const auto store = [&](int64_t i, float v) {
    if constexpr (kHalf) {
      st(halves, to + i, float_to_half(v));
    } else {
      st(floats, to + i, v);
    }
  };
  const int64_t q_width = static_cast<int64_t>(h.heads) * h.head_dim;
  int i = static_cast<int>(column());
  const int turning = (h.heads + h.kv_heads) * h.pairs, rest = h.head_dim - 2 * h.pairs;
  if (i < turning) {
    const int pair = i % h.pairs, first = i / h.pairs * h.head_dim + (adjacent ? 2 * pair : pair);
    const int second = first + (adjacent ? 1 : h.pairs);
    const float c = ld(cosine, t * h.pairs + pair), s = ld(sine, t * h.pairs + pair);
    const float a = ld(x, t * ldx + first), b = ld(x, t * ldx + second);
    st(x, t * ldx + first, a * c - b * s);
    st(x, t * ldx + second, b * c + a * s);
    if (first < q_width) return;
    store(first - q_width, a * c - b * s);
    store(second - q_width, b * c + a * s);
    return;
  }
  i -= turning;
  int64_t from = q_width + static_cast<int64_t>(h.kv_heads) * h.head_dim + i - static_cast<int64_t>(h.kv_heads) * rest;
  if (i < h.kv_heads * rest) from = q_width + i / rest * h.head_dim + 2 * h.pairs + i % rest;
  if (from < q_width + 2 * static_cast<int64_t>(h.kv_heads) * h.head_dim) store(from - q_width, ld(x, t * ldx + from));
}

dim3 by_columns(int64_t T, int64_t width) {
  return dim3(static_cast<unsigned>(T), static_cast<unsigned>((width + 255) / 256));
}
// Heads of a few numbers are a warp's work.
dim3 norm_block(int64_t D) {
  return dim3(D <= 256 ? kWarp : kNormThreads);
}

bool aligned(const float* p, int64_t ld) {
  return ld % 4 == 0 && reinterpret_cast<uintptr_t>(p) % 16 == 0;
}
bool fits_fours(int64_t D) {
  return D % 4 == 0 && D <= int64_t{4} * kMostFours * kFourThreads;
}
// Two fours a thread where that fills warps.
dim3 fours_block(int64_t D) {
  const int64_t threads = (D / 8 + kWarp - 1) / kWarp * kWarp;
  return dim3(static_cast<unsigned>(threads < kWarp ? kWarp : threads < kFourThreads ? threads : kFourThreads));
}

}  // namespace

void rmsnorm(void* stream, const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight,
             float epsilon, float* y, int64_t ldy, float* inv_rms) {
  const dim3 grid(static_cast<unsigned>(T * groups));
  if (fits_fours(D) && aligned(x, ldx) && aligned(y, ldy) && aligned(weight, 0)) {
    SW_LAUNCH(rmsnorm_fours_kernel, grid, fours_block(D), stream, x, ldx, groups, D, weight, epsilon, y, ldy, inv_rms);
  } else {
    SW_LAUNCH(rmsnorm_kernel, grid, norm_block(D), stream, x, ldx, groups, D, weight, epsilon, y, ldy, inv_rms);
  }
}
void rmsnorm_dx(void* stream, const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups,
                int64_t D, const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate) {
  const dim3 grid(static_cast<unsigned>(T * groups));
  if (fits_fours(D) && aligned(dy, lddy) && aligned(x, ldx) && aligned(dx, lddx) && aligned(weight, 0)) {
    SW_LAUNCH(rmsnorm_dx_fours_kernel, grid, fours_block(D), stream, dy, lddy, x, ldx, groups, D, weight, inv_rms, dx,
              lddx, accumulate);
  } else {
    SW_LAUNCH(rmsnorm_dx_kernel, grid, norm_block(D), stream, dy, lddy, x, ldx, groups, D, weight, inv_rms, dx, lddx,
              accumulate);
  }
}
void rope(void* stream, float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cosine,
          const float* sine, bool adjacent, bool inverse) {
  const int pairs = rotary / 2;
  if (pairs == 0) return;
  SW_LAUNCH(rope_kernel, dim3(static_cast<unsigned>((T * heads * pairs + 255) / 256)), dim3(256), stream, x, ldx, T,
            heads, head_dim, pairs, cosine, sine, adjacent, inverse);
}
void rope_store(void* stream, float* x, int64_t ldx, int64_t T, int heads, int kv_heads, int head_dim, int rotary,
                const float* cosine, const float* sine, bool adjacent, void* dst, int64_t ldd, bool half,
                const int32_t* first_row) {
  auto* floats = half ? nullptr : static_cast<float*>(dst);
  auto* halves = half ? static_cast<uint16_t*>(dst) : nullptr;
  const StoredHeads h{heads, kv_heads, head_dim, rotary / 2};
  const dim3 grid = by_columns(T, int64_t{heads + kv_heads} * (rotary / 2) + int64_t{kv_heads} * (2 * head_dim - rotary));
  if (half) {
    SW_LAUNCH_EARLY((rope_store_kernel<true>), grid, dim3(256), stream, x, ldx, h, cosine, sine, adjacent, floats, halves,
                    ldd, first_row);
  } else {
    SW_LAUNCH_EARLY((rope_store_kernel<false>), grid, dim3(256), stream, x, ldx, h, cosine, sine, adjacent, floats,
                    halves, ldd, first_row);
  }
}
void gated(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
           GateKind kind, float* out, int64_t ldo) {
  if (F % 4 == 0 && aligned(gate, ldg) && aligned(up, ldu) && aligned(out, ldo)) {
    SW_LAUNCH((gated_kernel<true>), by_columns(T, F / 4), dim3(256), stream, gate, ldg, up, ldu, F, kind, out, ldo);
  } else {
    SW_LAUNCH((gated_kernel<false>), by_columns(T, F), dim3(256), stream, gate, ldg, up, ldu, F, kind, out, ldo);
  }
}
void gated_backward(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout,
                    int64_t lddo, int64_t T, int64_t F, GateKind kind, float* dgate, float* dup) {
  if (F % 4 == 0 && aligned(gate, ldg) && aligned(up, ldu) && aligned(dout, lddo) && aligned(dgate, 0) &&
      aligned(dup, 0)) {
    SW_LAUNCH((gated_backward_kernel<true>), by_columns(T, F / 4), dim3(256), stream, gate, ldg, up, ldu, dout, lddo, F,
              kind, dgate, dup);
  } else {
    SW_LAUNCH((gated_backward_kernel<false>), by_columns(T, F), dim3(256), stream, gate, ldg, up, ldu, dout, lddo, F,
              kind, dgate, dup);
  }
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
  SW_LAUNCH(add_kernel, dim3(strided_blocks(n)), dim3(256), stream, x, y, n);
}
void softcap(void* stream, float* x, int64_t n, float cap) {
  SW_LAUNCH(softcap_kernel, dim3(strided_blocks(n)), dim3(256), stream, x, n, cap);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
