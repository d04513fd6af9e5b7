#pragma once
// What the kernels of attention of few queries share: a few lanes share a key, 16 bytes each, and a warp takes several keys at
// once; every group of lanes keeps sums of its own, joined at the end through shared memory.

#include "kernels/cuda/attention_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int kFewWarps = 8, kEight = 8;  // halves in 16 bytes
inline constexpr int kMostFewRows = 8;           // queries and heads of a block

SW_DEVICE void read_eight(Global<const float> x, int64_t at, float (&out)[kEight]) {
  const float4 low = ld4(x, at), high = ld4(x, at + 4);
  const float all[kEight] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
  SW_UNROLL
  for (int i = 0; i < kEight; ++i) out[i] = all[i];
}

// Eight halves as floats.
SW_DEVICE void eight_floats(const uint4& words, float (&out)[kEight]) {
  const uint32_t word[4] = {words.x, words.y, words.z, words.w};
  SW_UNROLL
  for (int i = 0; i < 4; ++i) {
    out[2 * i] = half_to_float(word[i] & 0xffffu);
    out[2 * i + 1] = half_to_float(word[i] >> 16);
  }
}

// What a lane knows of kRows rows of one head of keys: elements `mine` .. + 7 of the queries and of the sums, kLanes lanes
// having a head.
template <int kLanes, int kRows>
struct FewRows {
  static constexpr int kGroups = kFewWarps * kWarp / kLanes, kWidth = kLanes * kEight;
  static constexpr int kRoom = kWidth + 4;                    // floats of a row in shared memory: sums, largest, total
  static constexpr int kAhead = kRows < kMostFewRows ? 4 : 2;  // keys on their way together, as registers allow
  float query[kRows][kEight], sum[kRows][kEight], most[kRows], total[kRows];
  int64_t low[kRows], high[kRows];

  SW_DEVICE void clear() {
    SW_UNROLL
    for (int r = 0; r < kRows; ++r) {
      most[r] = kMinusInfinity;
      total[r] = 0.0f;
      SW_UNROLL
      for (int i = 0; i < kEight; ++i) query[r][i] = sum[r][i] = 0.0f;
    }
  }
  SW_DEVICE float score(const DeviceAttention& s, int r, const float (&key)[kEight]) const {
    float product = 0.0f;
    SW_UNROLL
    for (int i = 0; i < kEight; ++i) product = fmaf(query[r][i], key[i], product);
    SW_UNROLL
    for (int mask = kLanes / 2; mask > 0; mask /= 2) product += shuffle_xor(product, mask);
    product *= s.scale;
    return s.softcap > 0.0f ? s.softcap * tanhf(product / s.softcap) : product;
  }
  // Keys begin .. end - 1, those of this lane's group; head: where its eight begin in a row of keys, and of values.
  SW_DEVICE void look(const DeviceAttention& s, Global<const uint8_t> k, Global<const uint8_t> v, int64_t head,
                      bool inside, int group, int64_t begin, int64_t end) {
    for (int64_t key0 = begin + group; key0 - group < end; key0 += kGroups * kAhead) {
      uint4 keys[kAhead], values[kAhead];
      SW_UNROLL
      for (int j = 0; j < kAhead; ++j) {
        const int64_t key = key0 + j * kGroups;
        const bool there = inside && key < end;
        keys[j] = there ? ld_u128(k, 2 * (key * s.ldk + head)) : uint4{0, 0, 0, 0};
        values[j] = there ? ld_u128(v, 2 * (key * s.ldv + head)) : uint4{0, 0, 0, 0};
      }
      float seen[kRows][kAhead];
      SW_UNROLL
      for (int j = 0; j < kAhead; ++j) {
        float key[kEight];
        eight_floats(keys[j], key);
        SW_UNROLL
        for (int r = 0; r < kRows; ++r) {
          const float its = score(s, r, key);
          const int64_t at = key0 + j * kGroups;
          seen[r][j] = at >= low[r] && at <= high[r] && at < end ? its : kMinusInfinity;
        }
      }
      SW_UNROLL
      for (int r = 0; r < kRows; ++r) {
        float now = most[r];
        SW_UNROLL
        for (int j = 0; j < kAhead; ++j) now = fmaxf(now, seen[r][j]);
        const float fade = most[r] == kMinusInfinity ? 0.0f : expf(most[r] - now);
        most[r] = now;
        total[r] *= fade;
        SW_UNROLL
        for (int i = 0; i < kEight; ++i) sum[r][i] *= fade;
        SW_UNROLL
        for (int j = 0; j < kAhead; ++j) {
          seen[r][j] = seen[r][j] == kMinusInfinity ? 0.0f : expf(seen[r][j] - now);
          total[r] += seen[r][j];
        }
      }
      SW_UNROLL
      for (int j = 0; j < kAhead; ++j) {
        float value[kEight];
        eight_floats(values[j], value);
        SW_UNROLL
        for (int r = 0; r < kRows; ++r) {
          SW_UNROLL
          for (int i = 0; i < kEight; ++i) sum[r][i] = fmaf(seen[r][j], value[i], sum[r][i]);
        }
      }
    }
  }
  // Joins the groups of a warp, and leaves what the warp has in sums [warps, kRows, kRoom]. A barrier must follow.
  SW_DEVICE void leave(Shared<float> sums, int lane, int warp) {
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
        const int at = (warp * kRows + r) * kRoom, mine = lane * kEight;
        st4(sums, at + mine, {sum[r][0], sum[r][1], sum[r][2], sum[r][3]});
        st4(sums, at + mine + 4, {sum[r][4], sum[r][5], sum[r][6], sum[r][7]});
        if (lane == 0) st(sums, at + kWidth, most[r]);
        if (lane == 0) st(sums, at + kWidth + 1, total[r]);
      }
    }
  }
  // What all warps left of a row: each warp's share in it, the largest score and the sum of the others by it.
  struct Joined {
    float part[kFewWarps], largest, all;
  };
  SW_DEVICE static Joined join(Shared<float> sums, int r) {
    Joined out;
    out.largest = kMinusInfinity;
    out.all = 0.0f;
    SW_UNROLL
    for (int w = 0; w < kFewWarps; ++w) out.largest = fmaxf(out.largest, ld(sums, (w * kRows + r) * kRoom + kWidth));
    SW_UNROLL
    for (int w = 0; w < kFewWarps; ++w) {
      const float its = ld(sums, (w * kRows + r) * kRoom + kWidth);
      out.part[w] = its == kMinusInfinity ? 0.0f : expf(its - out.largest);
      out.all += out.part[w] * ld(sums, (w * kRows + r) * kRoom + kWidth + 1);
    }
    return out;
  }
};

// The block's share of keys begin .. end - 1 where several blocks have them.
SW_DEVICE void take_part(int64_t& begin, int64_t& end) {
  if (grid_dim_z() == 1 || begin >= end) return;
  const int64_t part = (end - begin + grid_dim_z() - 1) / grid_dim_z();
  begin += part * block_z();
  end = begin + part < end ? begin + part : end;
}

// What sums are multiplied by in the end; a row that sees no key is zero.
SW_DEVICE float share_of(float all) {
  return all > 0.0f ? 1.0f / all : all == 0.0f ? 0.0f : all;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
