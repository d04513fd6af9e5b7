// Attention forward in the flash form: keys and values go through shared memory 32 at a time, a lane has a key's score, then
// a few columns of the output. With few queries several blocks share the keys and a second kernel joins their parts.

#include <algorithm>

#include "kernels/cuda/attention_device.h"
#include "kernels/cuda/attention_fast.h"
#include "kernels/cuda/attention_few.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kKeys = kWarp;  // a tile
// Of heads up to kWidth: rows of a block and its warps, so that its shared memory fits 48 KB.
constexpr int kRowsOfWarp = 4;
template <int kWidth>
constexpr int kBlockWarps = kWidth > 128 ? 2 : 4;
template <int kWidth>
constexpr int kBlockRows = kRowsOfWarp * kBlockWarps<kWidth>;
constexpr int64_t kLeastKeys = 128;  // of a part, when keys are split
constexpr int64_t kMostParts = 32;

template <bool kHalf>
struct KeyType {
  using type = float;
};
template <>
struct KeyType<true> {
  using type = uint16_t;
};
SW_DEVICE float key_value(Global<const float> p, int64_t i) { return ld(p, i); }
SW_DEVICE float key_value(Global<const uint16_t> p, int64_t i) { return half_to_float(ld(p, i)); }

// Rows key0 .. key0 + 31 of one head; beyond `end` zeros.
template <class T>
SW_DEVICE void load_keys(const DeviceAttention& s, Global<const T> from, int64_t ld_from, int kv_head, int64_t key0,
                         int64_t end, int warps, Shared<float> tile) {
  const int lane = thread_x() % kWarp;
  for (int j = thread_x() / kWarp; j < kKeys; j += warps)
    for (int d = lane; d < s.head_dim; d += kWarp) {
      const int64_t key = key0 + j;
      const float v = key < end ? key_value(from, key * ld_from + static_cast<int64_t>(kv_head) * s.head_dim + d) : 0.0f;
      st(tile, j * s.stride() + d, v);
    }
}

// grid: tiles of rows, heads of keys, parts of the keys. parts > 1: `partial` [parts][queries * heads][head_dim + 2] gets
// sums that are not normalized, then their largest score and total; else out and logsumexp get the result.
template <int kWidth, bool kHalf>
SW_KERNEL_BLOCKS(32 * kBlockWarps<kWidth>, kWidth > 64 ? 3 : 4, attention_kernel)
(DeviceAttention s, Global<const float> q, Global<const typename KeyType<kHalf>::type> k,
 Global<const typename KeyType<kHalf>::type> v, Global<float> out, Global<float> logsumexp, Global<float> partial) {
  constexpr int kWarps = kBlockWarps<kWidth>, kRows = kBlockRows<kWidth>, kColumns = kWidth / kWarp;
  wait_for_previous();
  s.settle();
  SW_SHARED(float, tile, kKeys * (kWidth + 1));
  SW_SHARED(float, query, kRows * kWidth);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int64_t row0 = static_cast<int64_t>(block_x()) * kRows;
  int64_t begin = s.keys, end = 0;  // keys that any row of the block sees
  for (int64_t t = row0 / s.group; t < s.queries && t * s.group < row0 + kRows; ++t) {
    const int64_t low = s.lowest_key(t), high = s.highest_key(t);
    if (low > high) continue;
    begin = low < begin ? low : begin;
    end = high + 1 > end ? high + 1 : end;
  }
  if (grid_dim_z() > 1 && begin < end) {
    const int64_t part = ((end - begin + grid_dim_z() - 1) / grid_dim_z() + kKeys - 1) / kKeys * kKeys;
    begin += part * block_z();
    end = begin + part < end ? begin + part : end;
  }
  int64_t low[kRowsOfWarp], high[kRowsOfWarp];
  float most[kRowsOfWarp], total[kRowsOfWarp], sum[kRowsOfWarp][kColumns];
  SW_UNROLL
  for (int r = 0; r < kRowsOfWarp; ++r) {
    const int64_t row = row0 + warp * kRowsOfWarp + r;
    const bool real = row < s.rows();
    low[r] = real ? s.lowest_key(row / s.group) : 0;
    high[r] = real ? s.highest_key(row / s.group) : -1;
    most[r] = kMinusInfinity;
    total[r] = 0.0f;
    SW_UNROLL
    for (int i = 0; i < kColumns; ++i) sum[r][i] = 0.0f;
    for (int d = lane; d < D; d += kWarp) {
      const int64_t at = row / s.group * s.ldq + static_cast<int64_t>(s.head_of(row, kv_head)) * D + d;
      st(query, (warp * kRowsOfWarp + r) * kWidth + d, real ? ld(q, at) : 0.0f);
    }
  }
  for (int64_t key0 = begin; key0 < end; key0 += kKeys) {
    load_keys(s, k, s.ldk, kv_head, key0, end, kWarps, tile);
    sync_block();
    float score[kRowsOfWarp], fade[kRowsOfWarp];
    SW_UNROLL
    for (int r = 0; r < kRowsOfWarp; ++r) score[r] = 0.0f;
    for (int d = 0; d < D; ++d) {
      const float key = ld(tile, lane * s.stride() + d);
      SW_UNROLL
      for (int r = 0; r < kRowsOfWarp; ++r)
        score[r] = fmaf(ld(query, (warp * kRowsOfWarp + r) * kWidth + d), key, score[r]);
    }
    SW_UNROLL
    for (int r = 0; r < kRowsOfWarp; ++r) {
      float value = score[r] * s.scale;
      if (s.softcap > 0.0f) value = s.softcap * tanhf(value / s.softcap);
      const int64_t key = key0 + lane;
      const bool seen = key >= low[r] && key <= high[r] && key < end;
      const float now = fmaxf(most[r], warp_max(seen ? value : kMinusInfinity));
      fade[r] = most[r] == kMinusInfinity ? 0.0f : expf(most[r] - now);
      score[r] = seen ? expf(value - now) : 0.0f;
      most[r] = now;
      total[r] = total[r] * fade[r] + warp_sum(score[r]);
    }
    sync_block();
    load_keys(s, v, s.ldv, kv_head, key0, end, kWarps, tile);
    sync_block();
    SW_UNROLL
    for (int r = 0; r < kRowsOfWarp; ++r) {
      SW_UNROLL
      for (int i = 0; i < kColumns; ++i) sum[r][i] *= fade[r];
    }
    for (int j = 0; j < kKeys; ++j) {
      float value[kColumns];
      SW_UNROLL
      for (int i = 0; i < kColumns; ++i)
        value[i] = lane + kWarp * i < D ? ld(tile, j * s.stride() + lane + kWarp * i) : 0.0f;
      SW_UNROLL
      for (int r = 0; r < kRowsOfWarp; ++r) {
        const float p = shuffle(score[r], j);
        SW_UNROLL
        for (int i = 0; i < kColumns; ++i) sum[r][i] = fmaf(p, value[i], sum[r][i]);
      }
    }
    sync_block();
  }
  SW_UNROLL
  for (int r = 0; r < kRowsOfWarp; ++r) {
    const int64_t row = row0 + warp * kRowsOfWarp + r;
    if (row >= s.rows()) continue;
    const int64_t t = row / s.group, head = s.head_of(row, kv_head);
    if (grid_dim_z() > 1) {
      const int64_t at = (block_z() * s.queries * s.heads + t * s.heads + head) * (D + 2);
      SW_UNROLL
      for (int i = 0; i < kColumns; ++i)
        if (lane + kWarp * i < D) st(partial, at + lane + kWarp * i, sum[r][i]);
      if (lane == 0) st(partial, at + D, most[r]);
      if (lane == 0) st(partial, at + D + 1, total[r]);
      continue;
    }
    const float share = total[r] > 0.0f ? 1.0f / total[r] : total[r] == 0.0f ? 0.0f : total[r];
    SW_UNROLL
    for (int i = 0; i < kColumns; ++i)
      if (lane + kWarp * i < D) st(out, t * s.ldo + head * D + lane + kWarp * i, sum[r][i] * share);
    if (logsumexp && lane == 0)
      st(logsumexp, t * s.heads + head, total[r] == 0.0f ? kMinusInfinity : most[r] + logf(total[r]));
  }
}

// A warp a query and head.
SW_KERNEL(kWarp, join_kernel)
(DeviceAttention s, int parts, Global<const float> partial, Global<float> out, Global<float> logsumexp) {
  wait_for_previous();
  const int64_t row = block_x(), rows = s.queries * s.heads, D = s.head_dim;
  float most = kMinusInfinity, total = 0.0f;
  for (int p = 0; p < parts; ++p) most = fmaxf(most, ld(partial, (p * rows + row) * (D + 2) + D));
  for (int p = 0; p < parts; ++p) {
    const int64_t at = (p * rows + row) * (D + 2);
    const float largest = ld(partial, at + D);
    if (largest != kMinusInfinity) total += ld(partial, at + D + 1) * expf(largest - most);
  }
  for (int64_t d = thread_x(); d < D; d += kWarp) {
    float sum = 0.0f;
    for (int p = 0; p < parts; ++p) {
      const int64_t at = (p * rows + row) * (D + 2);
      const float largest = ld(partial, at + D);
      if (largest != kMinusInfinity) sum += ld(partial, at + d) * expf(largest - most);
    }
    st(out, row / s.heads * s.ldo + row % s.heads * D + d, total == 0.0f ? 0.0f : sum / total);
  }
  if (logsumexp && thread_x() == 0) st(logsumexp, row, total == 0.0f ? kMinusInfinity : most + logf(total));
}

int64_t row_tiles(const AttentionSpec& s) {
  const int rows = s.head_dim <= 128 ? kBlockRows<128> : kBlockRows<256>;
  return (s.queries * (s.heads / s.kv_heads) + rows - 1) / rows;
}
// So many parts that two blocks a processor have work, none of fewer than kLeastKeys keys.
int parts_of(const AttentionSpec& s, int processors) {
  int64_t keys = s.window > 0 && s.window < s.keys ? s.window + s.queries : s.keys;
  keys = keys < s.keys ? keys : s.keys;
  int64_t parts = 2 * processors / (row_tiles(s) * s.kv_heads);
  if (parts > keys / kLeastKeys) parts = keys / kLeastKeys;
  if (parts > kMostParts) parts = kMostParts;
  return static_cast<int>(parts < 1 ? 1 : parts);
}

template <int kWidth, bool kHalf>
void launch_attention(void* stream, const AttentionSpec& s, int parts, const float* q, const void* k, const void* v,
                      float* out, float* logsumexp, float* partial) {
  using T = typename KeyType<kHalf>::type;
  const dim3 grid(static_cast<unsigned>(row_tiles(s)), static_cast<unsigned>(s.kv_heads), static_cast<unsigned>(parts));
  SW_LAUNCH_EARLY((attention_kernel<kWidth, kHalf>), grid, dim3(kWarp * kBlockWarps<kWidth>), stream, to_device(s), q,
                  static_cast<const T*>(k), static_cast<const T*>(v), out, logsumexp, partial);
}

}  // namespace

size_t attention_workspace_bytes(const AttentionSpec& s, int processors) {
  const size_t rounded = static_cast<size_t>(attention_rounded(s)) * sizeof(uint16_t);
  const int parts = std::max(parts_of(s, processors), few_parts(s, processors));
  if (parts == 1) return rounded;
  return std::max(rounded, sizeof(float) * static_cast<size_t>(parts * s.queries * s.heads * (s.head_dim + 2)));
}

// Split keys make at most two blocks a processor, each of so many rows; few queries have no more.
size_t most_attention_workspace_bytes(int processors) {
  return sizeof(float) * 2 * static_cast<size_t>(processors) * kBlockRows<128> * (kLargestHead + 2);
}

void attention(void* stream, const AttentionSpec& s, int processors, const float* q, const void* k, const void* v,
               float* out, float* logsumexp, void* workspace) {
  if (attention_fast(stream, s, q, k, v, out, logsumexp, static_cast<uint16_t*>(workspace))) return;
  const bool few = few_queries(s, q, k, v);
  const int parts = few ? few_parts(s, processors) : parts_of(s, processors);
  auto* partial = parts > 1 ? static_cast<float*>(workspace) : nullptr;
  const auto launch = s.head_dim <= 64    ? (s.half_kv ? launch_attention<64, true> : launch_attention<64, false>)
                      : s.head_dim <= 128 ? (s.half_kv ? launch_attention<128, true> : launch_attention<128, false>)
                                          : (s.half_kv ? launch_attention<256, true> : launch_attention<256, false>);
  if (few) {
    attention_few(stream, s, parts, q, static_cast<const uint16_t*>(k), static_cast<const uint16_t*>(v), out, logsumexp,
                  partial);
  } else {
    launch(stream, s, parts, q, k, v, out, logsumexp, partial);
  }
  if (parts > 1)
    SW_LAUNCH_EARLY(join_kernel, dim3(static_cast<unsigned>(s.queries * s.heads)), dim3(kWarp), stream, to_device(s),
                    parts, partial, out, logsumexp);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
