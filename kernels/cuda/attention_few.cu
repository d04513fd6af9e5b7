// Attention of few queries, bound by reading keys and values once. A few lanes share a key, 16 bytes each, and a warp
// takes several keys at once; every group of lanes keeps sums of its own, joined at the end through shared memory.

#include "kernels/cuda/attention_few.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kWarps = 8, kEight = 8;  // halves in 16 bytes
constexpr int kMostRows = 8;           // queries and heads of a block
// Keys of a group of lanes that are on their way together, as registers allow.
template <int kRows>
constexpr int kAhead = kRows < kMostRows ? 4 : 2;
constexpr int64_t kLeastKeys = 256, kMostParts = 32;

// Eight halves as floats.
SW_DEVICE void eight_floats(const uint4& words, float (&out)[kEight]) {
  const uint32_t word[4] = {words.x, words.y, words.z, words.w};
  SW_UNROLL
  for (int i = 0; i < 4; ++i) {
    out[2 * i] = half_to_float(word[i] & 0xffffu);
    out[2 * i + 1] = half_to_float(word[i] >> 16);
  }
}

// Lanes kLanes share a key; kRows rows of one head of keys, in the order of attention_device.h. grid: tiles of rows,
// heads of keys, parts of the keys; with several parts `partial` gets what attention_kernel leaves there.
template <int kLanes, int kRows>
SW_KERNEL(32 * kWarps, few_kernel)
(DeviceAttention s, Global<const float> q, Global<const uint8_t> k, Global<const uint8_t> v, Global<float> out,
 Global<float> logsumexp, Global<float> partial) {
  constexpr int kGroups = kWarps * kWarp / kLanes, kWidth = kLanes * kEight, kRoom = kWidth + 4;
  constexpr int kKeysAhead = kAhead<kRows>;
  wait_for_previous();
  s.settle();
  SW_SHARED(float, sums, kWarps* kRows* kRoom);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int mine = lane % kLanes * kEight, group = thread_x() / kLanes;
  const bool inside = mine < D;
  const int64_t row0 = static_cast<int64_t>(block_x()) * kRows;
  float query[kRows][kEight], sum[kRows][kEight], most[kRows], total[kRows];
  int64_t low[kRows], high[kRows], begin = s.keys, end = 0;
  SW_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const int64_t row = row0 + r, t = row / s.group;
    const bool real = row < s.rows();
    low[r] = real ? s.lowest_key(t) : 0;
    high[r] = real ? s.highest_key(t) : -1;
    if (low[r] <= high[r]) {
      begin = low[r] < begin ? low[r] : begin;
      end = high[r] + 1 > end ? high[r] + 1 : end;
    }
    most[r] = kMinusInfinity;
    total[r] = 0.0f;
    const int64_t at = real ? t * s.ldq + static_cast<int64_t>(s.head_of(row, kv_head)) * D + mine : 0;
    SW_UNROLL
    for (int i = 0; i < kEight; i += 4) {
      const float4 four = real && inside ? ld4(q, at + i) : float4{0.0f, 0.0f, 0.0f, 0.0f};
      query[r][i] = four.x;
      query[r][i + 1] = four.y;
      query[r][i + 2] = four.z;
      query[r][i + 3] = four.w;
    }
    SW_UNROLL
    for (int i = 0; i < kEight; ++i) sum[r][i] = 0.0f;
  }
  if (grid_dim_z() > 1 && begin < end) {
    const int64_t part = (end - begin + grid_dim_z() - 1) / grid_dim_z();
    begin += part * block_z();
    end = begin + part < end ? begin + part : end;
  }
  const int64_t head = static_cast<int64_t>(kv_head) * D + mine;
  for (int64_t key0 = begin + group; key0 - group < end; key0 += kGroups * kKeysAhead) {
    uint4 keys[kKeysAhead], values[kKeysAhead];
    SW_UNROLL
    for (int j = 0; j < kKeysAhead; ++j) {
      const int64_t key = key0 + j * kGroups;
      const bool there = inside && key < end;
      keys[j] = there ? ld_u128(k, 2 * (key * s.ldk + head)) : uint4{0, 0, 0, 0};
      values[j] = there ? ld_u128(v, 2 * (key * s.ldv + head)) : uint4{0, 0, 0, 0};
    }
    float score[kRows][kKeysAhead];
    SW_UNROLL
    for (int j = 0; j < kKeysAhead; ++j) {
      float key[kEight];
      eight_floats(keys[j], key);
      SW_UNROLL
      for (int r = 0; r < kRows; ++r) {
        float product = 0.0f;
        SW_UNROLL
        for (int i = 0; i < kEight; ++i) product = fmaf(query[r][i], key[i], product);
        SW_UNROLL
        for (int mask = kLanes / 2; mask > 0; mask /= 2) product += shuffle_xor(product, mask);
        product *= s.scale;
        if (s.softcap > 0.0f) product = s.softcap * tanhf(product / s.softcap);
        const int64_t at = key0 + j * kGroups;
        score[r][j] = at >= low[r] && at <= high[r] && at < end ? product : kMinusInfinity;
      }
    }
    SW_UNROLL
    for (int r = 0; r < kRows; ++r) {
      float now = most[r];
      SW_UNROLL
      for (int j = 0; j < kKeysAhead; ++j) now = fmaxf(now, score[r][j]);
      const float fade = most[r] == kMinusInfinity ? 0.0f : expf(most[r] - now);
      most[r] = now;
      total[r] *= fade;
      SW_UNROLL
      for (int i = 0; i < kEight; ++i) sum[r][i] *= fade;
      SW_UNROLL
      for (int j = 0; j < kKeysAhead; ++j) {
        score[r][j] = score[r][j] == kMinusInfinity ? 0.0f : expf(score[r][j] - now);
        total[r] += score[r][j];
      }
    }
    SW_UNROLL
    for (int j = 0; j < kKeysAhead; ++j) {
      float value[kEight];
      eight_floats(values[j], value);
      SW_UNROLL
      for (int r = 0; r < kRows; ++r) {
        SW_UNROLL
        for (int i = 0; i < kEight; ++i) sum[r][i] = fmaf(score[r][j], value[i], sum[r][i]);
      }
    }
  }
  // Groups of a warp, then its warps.
  SW_UNROLL
  for (int r = 0; r < kRows; ++r) {
    SW_UNROLL
    for (int mask = kLanes; mask < kWarp; mask *= 2) {
      const float other = shuffle_xor(most[r], mask), now = fmaxf(most[r], other);
      const float keep = most[r] == kMinusInfinity ? 0.0f : expf(most[r] - now);
      const float take = other == kMinusInfinity ? 0.0f : expf(other - now);
      total[r] = total[r] * keep + shuffle_xor(total[r], mask) * take;
      SW_UNROLL
      for (int i = 0; i < kEight; ++i) sum[r][i] = sum[r][i] * keep + shuffle_xor(sum[r][i], mask) * take;
      most[r] = now;
    }
    if (lane < kLanes) {
      const int at = (warp * kRows + r) * kRoom;
      st4(sums, at + mine, {sum[r][0], sum[r][1], sum[r][2], sum[r][3]});
      st4(sums, at + mine + 4, {sum[r][4], sum[r][5], sum[r][6], sum[r][7]});
      if (lane == 0) st(sums, at + kWidth, most[r]);
      if (lane == 0) st(sums, at + kWidth + 1, total[r]);
    }
  }
  sync_block();
  for (int r = warp; r < kRows; r += kWarps) {
    const int64_t row = row0 + r;
    if (row >= s.rows()) break;
    float largest = kMinusInfinity, all = 0.0f;
    for (int w = 0; w < kWarps; ++w) largest = fmaxf(largest, ld(sums, (w * kRows + r) * kRoom + kWidth));
    float part[kWarps];
    SW_UNROLL
    for (int w = 0; w < kWarps; ++w) {
      const float its = ld(sums, (w * kRows + r) * kRoom + kWidth);
      part[w] = its == kMinusInfinity ? 0.0f : expf(its - largest);
      all += part[w] * ld(sums, (w * kRows + r) * kRoom + kWidth + 1);
    }
    const int64_t t = row / s.group, its_head = s.head_of(row, kv_head);
    const bool split = grid_dim_z() > 1;
    const int64_t to =
        split ? (block_z() * s.queries * s.heads + t * s.heads + its_head) * (D + 2) : t * s.ldo + its_head * D;
    const float share = split ? 1.0f : all > 0.0f ? 1.0f / all : all == 0.0f ? 0.0f : all;
    for (int d = lane; d < D; d += kWarp) {
      float value = 0.0f;
      SW_UNROLL
      for (int w = 0; w < kWarps; ++w) value = fmaf(part[w], ld(sums, (w * kRows + r) * kRoom + d), value);
      st(split ? partial : out, to + d, value * share);
    }
    if (lane != 0) continue;
    if (split) {
      st(partial, to + D, largest);
      st(partial, to + D + 1, all);
    } else if (logsumexp) {
      st(logsumexp, t * s.heads + its_head, all == 0.0f ? kMinusInfinity : largest + logf(all));
    }
  }
}

int64_t rows_of(const AttentionSpec& s) {
  return s.queries * (s.heads / s.kv_heads);
}
int tile_of(const AttentionSpec& s) {
  const int64_t rows = rows_of(s);
  return rows == 1 ? 1 : rows == 2 ? 2 : rows <= 4 || s.head_dim > 128 ? 4 : kMostRows;
}
int64_t tiles_of(const AttentionSpec& s) {
  return (rows_of(s) + tile_of(s) - 1) / tile_of(s);
}

template <int kLanes>
void launch_lanes(void* stream, const AttentionSpec& s, int parts, const float* q, const uint8_t* k, const uint8_t* v,
                  float* out, float* logsumexp, float* partial) {
  const dim3 grid(static_cast<unsigned>(tiles_of(s)), static_cast<unsigned>(s.kv_heads), static_cast<unsigned>(parts));
  const dim3 block(kWarp * kWarps);
  switch (tile_of(s)) {
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
        SW_LAUNCH_EARLY((few_kernel<kLanes, kMostRows>), grid, block, stream, to_device(s), q, k, v, out, logsumexp,
                        partial);
      break;
  }
}

}  // namespace

bool few_queries(const AttentionSpec& s, const void* q, const void* k, const void* v) {
  const auto aligned = [](const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; };
  return s.half_kv && s.queries <= kGemvRows && s.head_dim % kEight == 0 && s.head_dim >= 32 && s.ldk % kEight == 0 &&
         s.ldv % kEight == 0 && s.ldq % 4 == 0 && aligned(k) && aligned(v) && aligned(q);
}

int few_parts(const AttentionSpec& s, int processors) {
  int64_t keys = s.window > 0 && s.window < s.keys ? s.window + s.queries : s.keys;
  keys = keys < s.keys ? keys : s.keys;
  int64_t parts = 2 * processors / (tiles_of(s) * s.kv_heads);
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
