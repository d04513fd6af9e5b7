// Norms, rotations and other operations on rows.

#include "kernels/cuda/grids.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/rounding_device.h"
#include "kernels/cuda/rowwise_device.h"

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
template <class Out>
SW_KERNEL(kNormThreads, rmsnorm_kernel)
(Global<const float> x, int64_t ldx, int groups, int64_t D, Global<const float> weight, float epsilon, Global<Out> y,
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
    put(y, to + d, ld(x, from + d) * inverse * (weight ? ld(weight, d) : 1.0f));
}
template <class Out>
SW_KERNEL(kFourThreads, rmsnorm_fours_kernel)
(Global<const float> x, int64_t ldx, int groups, int64_t D, Global<const float> weight, float epsilon, Global<Out> y,
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
    if (d < width) put4(y, to + d, times4(scaled4(mine[i], inverse), weight4(weight, d)));
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

// Where the columns of several matrices side by side go: of each [T, its columns], one after the other.
struct Split {
  int64_t ends[kMostSplit];  // the column after a matrix's last
  int count;
  // Of number `column` of row t, of T.
  SW_DEVICE int64_t place(int64_t t, int64_t T, int64_t column) const {
    int64_t begin = 0;
    SW_UNROLL
    for (int i = 0; i < kMostSplit; ++i) {
      if (i >= count) break;
      if (column < ends[i]) return T * begin + t * (ends[i] - begin) + column - begin;
      begin = ends[i];
    }
    return 0;
  }
};

// rope_kernel of the first `turning` heads of a row, and the rest of it as it is, rounded. kFour: a thread takes four
// pairs, or eight numbers that do not turn; everything is aligned, pairs lie half a head apart, and whole heads turn.
template <bool kFour>
SW_KERNEL(256, turn_rounded_kernel)
(Global<const float> x, int64_t ldx, int64_t T, int heads, int turning, int head_dim, int pairs,
 Global<const float> cosine, Global<const float> sine, bool adjacent, bool inverse, Split split, Global<uint16_t> out) {
  const int64_t t = block_x();
  const int i = static_cast<int>(column());
  if constexpr (kFour) {
    const int each = pairs / 4, head = i / each, pair = i % each * 4;
    if (head >= heads) return;
    const int64_t first = static_cast<int64_t>(head) * head_dim + pair, second = first + pairs;
    float4 a = ld4(x, t * ldx + first), b = ld4(x, t * ldx + second);
    if (head < turning) {
      const float4 c = ld4(cosine, t * pairs + pair), turn = ld4(sine, t * pairs + pair);
      const float4 s = inverse ? scaled4(turn, -1.0f) : turn;
      const float4 low = a, high = b;
      a = {low.x * c.x - high.x * s.x, low.y * c.y - high.y * s.y, low.z * c.z - high.z * s.z,
           low.w * c.w - high.w * s.w};
      b = {high.x * c.x + low.x * s.x, high.y * c.y + low.y * s.y, high.z * c.z + low.z * s.z,
           high.w * c.w + low.w * s.w};
    }
    put4(out, split.place(t, T, first), a);
    put4(out, split.place(t, T, second), b);
  } else {
    const int head = i / head_dim, d = i % head_dim;
    if (head >= heads) return;
    const int64_t at = t * ldx + i;
    float v = ld(x, at);
    if (head < turning && d < 2 * pairs) {
      const int pair = adjacent ? d / 2 : d % pairs;
      const bool low = adjacent ? d % 2 == 0 : d < pairs;
      const int64_t apart = adjacent ? 1 : pairs;
      const float c = ld(cosine, t * pairs + pair), turn = ld(sine, t * pairs + pair), s = inverse ? -turn : turn;
      v = low ? v * c - ld(x, at + apart) * s : v * c + ld(x, at - apart) * s;
    }
    put(out, split.place(t, T, i), v);
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

// Heads of a few numbers are a warp's work.
dim3 norm_block(int64_t D) {
  return dim3(D <= 256 ? kWarp : kNormThreads);
}

bool fits_fours(int64_t D) {
  return D % 4 == 0 && D <= int64_t{4} * kMostFours * kFourThreads;
}
// Two fours a thread where that fills warps.
dim3 fours_block(int64_t D) {
  const int64_t threads = (D / 8 + kWarp - 1) / kWarp * kWarp;
  return dim3(static_cast<unsigned>(threads < kWarp ? kWarp : threads < kFourThreads ? threads : kFourThreads));
}

template <class Out>
void norm_to(void* stream, const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight,
             float epsilon, Out* y, int64_t ldy, float* inv_rms) {
  const dim3 grid(static_cast<unsigned>(T * groups));
  if (fits_fours(D) && aligned(x, ldx) && aligned(y, ldy) && aligned(weight, 0)) {
    SW_LAUNCH((rmsnorm_fours_kernel<Out>), grid, fours_block(D), stream, x, ldx, groups, D, weight, epsilon, y, ldy,
              inv_rms);
  } else {
    SW_LAUNCH((rmsnorm_kernel<Out>), grid, norm_block(D), stream, x, ldx, groups, D, weight, epsilon, y, ldy, inv_rms);
  }
}
}  // namespace

void rmsnorm(void* stream, const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight,
             float epsilon, float* y, int64_t ldy, float* inv_rms) {
  norm_to(stream, x, ldx, T, groups, D, weight, epsilon, y, ldy, inv_rms);
}
void rmsnorm_rounded(void* stream, const float* x, int64_t ldx, int64_t T, int64_t D, const float* weight,
                     float epsilon, uint16_t* y, float* inv_rms) {
  norm_to(stream, x, ldx, T, 1, D, weight, epsilon, y, D, inv_rms);
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
  const dim3 grid =
      by_columns(T, int64_t{heads + kv_heads} * (rotary / 2) + int64_t{kv_heads} * (2 * head_dim - rotary));
  if (half) {
    SW_LAUNCH_EARLY((rope_store_kernel<true>), grid, dim3(256), stream, x, ldx, h, cosine, sine, adjacent, floats,
                    halves, ldd, first_row);
  } else {
    SW_LAUNCH_EARLY((rope_store_kernel<false>), grid, dim3(256), stream, x, ldx, h, cosine, sine, adjacent, floats,
                    halves, ldd, first_row);
  }
}
void turn_rounded(void* stream, const float* x, int64_t ldx, int64_t T, const TurnedHeads& h, const float* cosine,
                  const float* sine, bool adjacent, bool inverse, std::span<const int64_t> widths, uint16_t* out) {
  Split split{};
  bool fours = !adjacent && h.rotary == h.head_dim && h.rotary % 8 == 0 && aligned(x, ldx) && aligned(cosine, 0) &&
               aligned(sine, 0) && aligned(out, 0);
  for (const int64_t width : widths) {
    const int64_t end = (split.count ? split.ends[split.count - 1] : 0) + width;
    split.ends[split.count++] = end;
    fours = fours && width % 4 == 0;
  }
  const int64_t numbers = int64_t{h.heads} * h.head_dim;
  if (fours) {
    SW_LAUNCH((turn_rounded_kernel<true>), by_columns(T, numbers / 8), dim3(256), stream, x, ldx, T, h.heads, h.turning,
              h.head_dim, h.rotary / 2, cosine, sine, adjacent, inverse, split, out);
  } else {
    SW_LAUNCH((turn_rounded_kernel<false>), by_columns(T, numbers), dim3(256), stream, x, ldx, T, h.heads, h.turning,
              h.head_dim, h.rotary / 2, cosine, sine, adjacent, inverse, split, out);
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
