// Attention backward. Probabilities come again from the logsumexp; one kernel walks the keys of a tile of rows for dq,
// one the rows of a tile of keys for dk and dv, so that every sum has one owner and one order.

#include "kernels/cuda/attention_device.h"
#include "kernels/cuda/attention_fast.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kWarps = 4;
// Of heads up to kWidth: rows that a block owns, and rows of the tile that it walks (lanes share a row when there are
// fewer than 32), so that its shared memory fits 48 KB.
template <int kWidth>
constexpr int kOwnRows = kWidth > 128  ? 4
                         : kWidth > 64 ? 8
                                       : 16;
template <int kWidth>
constexpr int kTileRows = kWidth > 128 ? 16 : 32;

// Row `from` of a head's numbers to shared memory at `to`, or zeros.
SW_DEVICE void load_row(Global<const float> p, int64_t from, bool real, int D, Shared<float> to, int at) {
  for (int d = thread_x() % kWarp; d < D; d += kWarp) st(to, at + d, real ? ld(p, from + d) : 0.0f);
}

// Sums over d of two pairs of rows, shared by the lanes of a row of the tile.
template <int kTile>
SW_DEVICE void two_products(int D, Shared<float> a, Shared<float> b, int own, Shared<float> tile_a,
                            Shared<float> tile_b, int row, float& first, float& second) {
  first = second = 0.0f;
  for (int d = thread_x() % kWarp / kTile; d < D; d += kWarp / kTile) {
    first = fmaf(ld(a, own + d), ld(tile_a, row + d), first);
    second = fmaf(ld(b, own + d), ld(tile_b, row + d), second);
  }
  if constexpr (kTile < kWarp) {
    first += shuffle_xor(first, kTile);
    second += shuffle_xor(second, kTile);
  }
}

// Probability and gradient of the raw score of one pair.
SW_DEVICE void pair_gradient(const DeviceAttention& s, bool seen, float product, float dp, float logsumexp, float delta,
                             float& p, float& ds) {
  float score = product * s.scale, slope = s.scale;
  if (s.softcap > 0.0f) {
    const float h = tanhf(score / s.softcap);
    score = s.softcap * h;
    slope *= 1.0f - h * h;
  }
  p = seen ? expf(score - logsumexp) : 0.0f;
  ds = seen ? p * (dp - delta) * slope : 0.0f;
}

// delta [queries, heads] = sum over d of dout * out. A warp a query and head.
SW_KERNEL(kWarp, delta_kernel)
(DeviceAttention s, Global<const float> dout, Global<const float> out, Global<float> delta) {
  const int64_t row = block_x(), at = row / s.heads * s.ldo + row % s.heads * s.head_dim;
  float sum = 0.0f;
  for (int d = thread_x(); d < s.head_dim; d += kWarp) sum = fmaf(ld(dout, at + d), ld(out, at + d), sum);
  sum = warp_sum(sum);
  if (thread_x() == 0) st(delta, row, sum);
}

template <int kWidth>
SW_KERNEL(32 * kWarps, dq_kernel)
(DeviceAttention s, Global<const float> q, Global<const float> k, Global<const float> v, Global<const float> logsumexp,
 Global<const float> dout, Global<const float> delta, Global<float> dq) {
  constexpr int kOwn = kOwnRows<kWidth>, kTile = kTileRows<kWidth>, kMine = kOwn / kWarps, kColumns = kWidth / kWarp;
  SW_SHARED(float, keys, kTile*(kWidth + 1));
  SW_SHARED(float, values, kTile*(kWidth + 1));
  SW_SHARED(float, query, kOwn* kWidth);
  SW_SHARED(float, grad, kOwn* kWidth);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int64_t row0 = static_cast<int64_t>(block_x()) * kOwn;
  int64_t begin = s.keys, end = 0;
  for (int64_t t = row0 / s.group; t < s.queries && t * s.group < row0 + kOwn; ++t) {
    const int64_t low = s.lowest_key(t), high = s.highest_key(t);
    if (low > high) continue;
    begin = low < begin ? low : begin;
    end = high + 1 > end ? high + 1 : end;
  }
  float sum[kMine][kColumns];
  SW_UNROLL
  for (int r = 0; r < kMine; ++r) {
    const int64_t row = row0 + warp * kMine + r, t = row / s.group;
    const bool real = row < s.rows();
    const int64_t head = static_cast<int64_t>(s.head_of(row, kv_head)) * D;
    load_row(q, t * s.ldq + head, real, D, query, (warp * kMine + r) * kWidth);
    load_row(dout, t * s.ldo + head, real, D, grad, (warp * kMine + r) * kWidth);
    SW_UNROLL
    for (int i = 0; i < kColumns; ++i) sum[r][i] = 0.0f;
  }
  for (int64_t key0 = begin; key0 < end; key0 += kTile) {
    for (int j = warp; j < kTile; j += kWarps) {
      const int64_t head = static_cast<int64_t>(kv_head) * D;
      load_row(k, (key0 + j) * s.ldk + head, key0 + j < end, D, keys, j * s.stride());
      load_row(v, (key0 + j) * s.ldv + head, key0 + j < end, D, values, j * s.stride());
    }
    sync_block();
    SW_UNROLL
    for (int r = 0; r < kMine; ++r) {
      const int64_t row = row0 + warp * kMine + r, t = row / s.group, key = key0 + lane % kTile;
      const bool real = row < s.rows();
      const bool seen = real && key >= s.lowest_key(t) && key <= s.highest_key(t);
      const int64_t at = real ? t * s.heads + s.head_of(row, kv_head) : 0;
      float product, dp, p, ds;
      two_products<kTile>(D, query, grad, (warp * kMine + r) * kWidth, keys, values, lane % kTile * s.stride(), product,
                          dp);
      pair_gradient(s, seen, product, dp, ld(logsumexp, at), ld(delta, at), p, ds);
      for (int j = 0; j < kTile; ++j) {
        const float g = shuffle(ds, j);
        SW_UNROLL
        for (int i = 0; i < kColumns; ++i)
          if (lane + kWarp * i < D) sum[r][i] = fmaf(g, ld(keys, j * s.stride() + lane + kWarp * i), sum[r][i]);
      }
    }
    sync_block();
  }
  SW_UNROLL
  for (int r = 0; r < kMine; ++r) {
    const int64_t row = row0 + warp * kMine + r;
    if (row >= s.rows()) continue;
    SW_UNROLL
    for (int i = 0; i < kColumns; ++i)
      if (lane + kWarp * i < D)
        st(dq, row / s.group * s.ldq + static_cast<int64_t>(s.head_of(row, kv_head)) * D + lane + kWarp * i, sum[r][i]);
  }
}

template <int kWidth>
SW_KERNEL(32 * kWarps, dkv_kernel)
(DeviceAttention s, Global<const float> q, Global<const float> k, Global<const float> v, Global<const float> logsumexp,
 Global<const float> dout, Global<const float> delta, Global<float> dk, Global<float> dv) {
  constexpr int kOwn = kOwnRows<kWidth>, kTile = kTileRows<kWidth>, kMine = kOwn / kWarps, kColumns = kWidth / kWarp;
  SW_SHARED(float, query, kTile*(kWidth + 1));
  SW_SHARED(float, grad, kTile*(kWidth + 1));
  SW_SHARED(float, keys, kOwn* kWidth);
  SW_SHARED(float, values, kOwn* kWidth);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int64_t key0 = static_cast<int64_t>(block_x()) * kOwn;
  const int64_t last_key = key0 + kOwn < s.keys ? key0 + kOwn - 1 : s.keys - 1;
  float sum_k[kMine][kColumns], sum_v[kMine][kColumns];
  SW_UNROLL
  for (int r = 0; r < kMine; ++r) {
    const int64_t key = key0 + warp * kMine + r, head = static_cast<int64_t>(kv_head) * D;
    load_row(k, key * s.ldk + head, key < s.keys, D, keys, (warp * kMine + r) * kWidth);
    load_row(v, key * s.ldv + head, key < s.keys, D, values, (warp * kMine + r) * kWidth);
    SW_UNROLL
    for (int i = 0; i < kColumns; ++i) sum_k[r][i] = sum_v[r][i] = 0.0f;
  }
  // Only queries from the first key on see any of these, and with a window none far behind the last.
  const int64_t first = key0 - s.query_offset > 0 ? key0 - s.query_offset : 0;
  int64_t last = s.queries;
  if (s.window > 0 && last_key + s.window - s.query_offset < last) last = last_key + s.window - s.query_offset;
  for (int64_t row0 = first * s.group; row0 < last * s.group; row0 += kTile) {
    const int64_t row = row0 + lane % kTile, t = row / s.group;
    const bool real = row < s.rows();
    const int64_t low = real ? s.lowest_key(t) : 0, high = real ? s.highest_key(t) : -1;
    // The same in every warp: samples that lie side by side do not see each other.
    if (ballot(low <= last_key && high >= key0) == 0) continue;
    for (int j = warp; j < kTile; j += kWarps) {
      const int64_t other = row0 + j, at = other / s.group;
      const int64_t head = static_cast<int64_t>(s.head_of(other, kv_head)) * D;
      load_row(q, at * s.ldq + head, other < s.rows(), D, query, j * s.stride());
      load_row(dout, at * s.ldo + head, other < s.rows(), D, grad, j * s.stride());
    }
    sync_block();
    const int64_t at = real ? t * s.heads + s.head_of(row, kv_head) : 0;
    const float row_lse = ld(logsumexp, at), row_delta = ld(delta, at);
    SW_UNROLL
    for (int r = 0; r < kMine; ++r) {
      const int64_t key = key0 + warp * kMine + r;
      float product, dp, p, ds;
      two_products<kTile>(D, keys, values, (warp * kMine + r) * kWidth, query, grad, lane % kTile * s.stride(), product,
                          dp);
      pair_gradient(s, key >= low && key <= high, product, dp, row_lse, row_delta, p, ds);
      for (int j = 0; j < kTile; ++j) {
        const float by_key = shuffle(ds, j), by_value = shuffle(p, j);
        SW_UNROLL
        for (int i = 0; i < kColumns; ++i) {
          if (lane + kWarp * i >= D) continue;
          sum_k[r][i] = fmaf(by_key, ld(query, j * s.stride() + lane + kWarp * i), sum_k[r][i]);
          sum_v[r][i] = fmaf(by_value, ld(grad, j * s.stride() + lane + kWarp * i), sum_v[r][i]);
        }
      }
    }
    sync_block();
  }
  SW_UNROLL
  for (int r = 0; r < kMine; ++r) {
    const int64_t key = key0 + warp * kMine + r;
    if (key >= s.keys) continue;
    SW_UNROLL
    for (int i = 0; i < kColumns; ++i) {
      const int64_t d = static_cast<int64_t>(kv_head) * D + lane + kWarp * i;
      if (lane + kWarp * i >= D) continue;
      st(dk, key * s.ldk + d, sum_k[r][i]);
      st(dv, key * s.ldv + d, sum_v[r][i]);
    }
  }
}

template <int kWidth>
void launch_backward(void* stream, const AttentionSpec& s, const float* q, const float* k, const float* v,
                     const float* logsumexp, const float* dout, const float* delta, float* dq, float* dk, float* dv) {
  constexpr int kOwn = kOwnRows<kWidth>;
  const int64_t rows = s.queries * (s.heads / s.kv_heads);
  const DeviceAttention d = to_device(s);
  SW_LAUNCH((dq_kernel<kWidth>),
            dim3(static_cast<unsigned>((rows + kOwn - 1) / kOwn), static_cast<unsigned>(s.kv_heads)),
            dim3(kWarp * kWarps), stream, d, q, k, v, logsumexp, dout, delta, dq);
  SW_LAUNCH((dkv_kernel<kWidth>),
            dim3(static_cast<unsigned>((s.keys + kOwn - 1) / kOwn), static_cast<unsigned>(s.kv_heads)),
            dim3(kWarp * kWarps), stream, d, q, k, v, logsumexp, dout, delta, dk, dv);
}

}  // namespace

// Of delta [queries, heads], or of four words each where factors are rounded, in whole lines: those lie behind it.
static size_t delta_bytes(const AttentionSpec& s) {
  const size_t each = attention_backward_rounded(s) > 0 ? 4 * sizeof(uint32_t) : sizeof(float);
  return (static_cast<size_t>(s.queries * s.heads) * each + 127) / 128 * 128;
}
size_t attention_backward_workspace_bytes(const AttentionSpec& s) {
  return delta_bytes(s) + static_cast<size_t>(attention_backward_rounded(s)) * sizeof(uint16_t);
}

void attention_backward(void* stream, const AttentionSpec& s, const float* q, const float* k, const float* v,
                        const float* out, const float* logsumexp, const float* dout, float* dq, float* dk, float* dv,
                        void* workspace) {
  auto* delta = static_cast<float*>(workspace);
  auto* rounded = reinterpret_cast<uint16_t*>(static_cast<uint8_t*>(workspace) + delta_bytes(s));
  if (attention_backward_fast(stream, s, q, k, v, out, logsumexp, dout, dq, dk, dv, delta, rounded)) return;
  SW_LAUNCH(delta_kernel, dim3(static_cast<unsigned>(s.queries * s.heads)), dim3(kWarp), stream, to_device(s), dout,
            out, delta);
  const auto launch = s.head_dim <= 64    ? launch_backward<64>
                      : s.head_dim <= 128 ? launch_backward<128>
                                          : launch_backward<256>;
  launch(stream, s, q, k, v, logsumexp, dout, delta, dq, dk, dv);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
