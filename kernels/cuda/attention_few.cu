// Attention of few queries, bound by reading keys and values once.

#include "kernels/cuda/attention_few.h"
#include "kernels/cuda/attention_few_device.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int64_t kLeastKeys = 256, kMostParts = 32;

// kRows rows of one head of keys, in the order of attention_device.h. grid: tiles of rows, heads of keys, parts of the
// keys; with several parts `partial` gets what attention_kernel leaves there.
template <int kLanes, int kRows>
SW_KERNEL(32 * kFewWarps, few_kernel)
(DeviceAttention s, Global<const float> q, Global<const uint8_t> k, Global<const uint8_t> v, Global<float> out,
 Global<float> logsumexp, Global<float> partial) {
  using Rows = FewRows<kLanes, kRows>;
  wait_for_previous();
  s.settle();
  SW_SHARED(float, sums, kFewWarps* kRows* Rows::kRoom);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int mine = lane % kLanes * kEight;
  const bool inside = mine < D;
  const int64_t row0 = static_cast<int64_t>(block_x()) * kRows;
  Rows rows;
  rows.clear();
  int64_t begin = s.keys, end = 0;
  SW_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const int64_t row = row0 + r, t = row / s.group;
    const bool real = row < s.rows();
    rows.low[r] = real ? s.lowest_key(t) : 0;
    rows.high[r] = real ? s.highest_key(t) : -1;
    if (rows.low[r] <= rows.high[r]) {
      begin = rows.low[r] < begin ? rows.low[r] : begin;
      end = rows.high[r] + 1 > end ? rows.high[r] + 1 : end;
    }
    if (real && inside)
      read_eight(q, t * s.ldq + static_cast<int64_t>(s.head_of(row, kv_head)) * D + mine, rows.query[r]);
  }
  take_part(begin, end);
  rows.look(s, k, v, static_cast<int64_t>(kv_head) * D + mine, inside, thread_x() / kLanes, begin, end);
  rows.leave(sums, lane, warp);
  sync_block();
  for (int r = warp; r < kRows; r += kFewWarps) {
    const int64_t row = row0 + r;
    if (row >= s.rows()) break;
    const auto joined = Rows::join(sums, r);
    const int64_t t = row / s.group, its_head = s.head_of(row, kv_head);
    const bool split = grid_dim_z() > 1;
    const int64_t to =
        split ? (block_z() * s.queries * s.heads + t * s.heads + its_head) * (D + 2) : t * s.ldo + its_head * D;
    const float share = split ? 1.0f : share_of(joined.all);
    for (int d = lane; d < D; d += kWarp) {
      float value = 0.0f;
      SW_UNROLL
      for (int w = 0; w < kFewWarps; ++w) value = fmaf(joined.part[w], ld(sums, (w * kRows + r) * Rows::kRoom + d), value);
      st(split ? partial : out, to + d, value * share);
    }
    if (lane != 0) continue;
    if (split) {
      st(partial, to + D, joined.largest);
      st(partial, to + D + 1, joined.all);
    } else if (logsumexp) {
      st(logsumexp, t * s.heads + its_head, joined.all == 0.0f ? kMinusInfinity : joined.largest + logf(joined.all));
    }
  }
}

template <int kLanes>
void launch_lanes(void* stream, const AttentionSpec& s, int parts, const float* q, const uint8_t* k, const uint8_t* v,
                  float* out, float* logsumexp, float* partial) {
  const dim3 grid(static_cast<unsigned>(few_tiles(s)), static_cast<unsigned>(s.kv_heads), static_cast<unsigned>(parts));
  const dim3 block(kWarp * kFewWarps);
  switch (few_tile(s)) {
    case 1:
      SW_LAUNCH_EARLY((few_kernel<kLanes, 1>), grid, block, stream, to_device(s), q, k, v, out, logsumexp, partial);
      break;
    case 2:
      SW_LAUNCH_EARLY((few_kernel<kLanes, 2>), grid, block, stream, to_device(s), q, k, v, out, logsumexp, partial);
      break;
    case 4:
      SW_LAUNCH_EARLY((few_kernel<kLanes, 4>), grid, block, stream, to_device(s), q, k, v, out, logsumexp, partial);
      break;
    default:
      if constexpr (kLanes <= 16)
        SW_LAUNCH_EARLY((few_kernel<kLanes, kMostFewRows>), grid, block, stream, to_device(s), q, k, v, out, logsumexp,
                        partial);
      break;
  }
}

}  // namespace

int few_tile(const AttentionSpec& s) {
  const int64_t rows = s.queries * (s.heads / s.kv_heads);
  return rows == 1 ? 1 : rows == 2 ? 2 : rows <= 4 || s.head_dim > 128 ? 4 : kMostFewRows;
}
int64_t few_tiles(const AttentionSpec& s) {
  return (s.queries * (s.heads / s.kv_heads) + few_tile(s) - 1) / few_tile(s);
}

bool few_queries(const AttentionSpec& s, const void* q, const void* k, const void* v) {
  const auto aligned = [](const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; };
  return s.half_kv && s.queries <= kGemvRows && s.head_dim % kEight == 0 && s.head_dim >= 32 && s.ldk % kEight == 0 &&
         s.ldv % kEight == 0 && s.ldq % 4 == 0 && aligned(k) && aligned(v) && aligned(q);
}

int few_parts(const AttentionSpec& s, int processors) {
  int64_t keys = s.window > 0 && s.window < s.keys ? s.window + s.queries : s.keys;
  keys = keys < s.keys ? keys : s.keys;
  int64_t parts = 2 * processors / (few_tiles(s) * s.kv_heads);
  if (parts > keys / kLeastKeys) parts = keys / kLeastKeys;
  if (parts > kMostParts) parts = kMostParts;
  return static_cast<int>(parts < 1 ? 1 : parts);
}

void attention_few(void* stream, const AttentionSpec& s, int parts, const float* q, const uint16_t* k,
                   const uint16_t* v, float* out, float* logsumexp, float* partial) {
  const auto launch = s.head_dim <= 64 ? launch_lanes<8> : s.head_dim <= 128 ? launch_lanes<16> : launch_lanes<32>;
  launch(stream, s, parts, q, reinterpret_cast<const uint8_t*>(k), reinterpret_cast<const uint8_t*>(v), out, logsumexp,
         partial);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
