#pragma once
// What the attention kernels share. A "row" is a query of one head; the rows of all heads that read one head of keys are
// numbered together, token by token, so that a tile of keys serves them all.

#include "kernels/common/attention_spec.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

constexpr float kMinusInfinity = -INFINITY;

struct DeviceAttention {
  int64_t queries, keys, query_offset, ldq, ldk, ldv, ldo, window;
  Global<const int32_t> first, position;
  int heads, kv_heads, group, head_dim;  // group: heads that read one head of keys
  float scale, softcap;

  // Of a recorded call: keys and offset as they are now.
  SW_DEVICE void settle() {
    if (!position) return;
    query_offset = ld(position, 0);
    keys = query_offset + queries;
  }
  SW_DEVICE int64_t lowest_key(int64_t t) const {
    int64_t low = first ? ld(first, t) : 0;
    if (window > 0 && query_offset + t - window + 1 > low) low = query_offset + t - window + 1;
    return low < 0 ? 0 : low;
  }
  SW_DEVICE int64_t highest_key(int64_t t) const {
    const int64_t high = query_offset + t;
    return high < keys ? high : keys - 1;
  }
  SW_DEVICE int64_t rows() const { return queries * group; }
  SW_DEVICE int head_of(int64_t row, int kv_head) const { return kv_head * group + static_cast<int>(row % group); }
  SW_DEVICE int stride() const { return head_dim | 1; }  // of a tile's rows: odd, so that its columns meet all banks
};

inline DeviceAttention to_device(const AttentionSpec& s) {
  DeviceAttention d;
  d.queries = s.queries;
  d.keys = s.keys;
  d.query_offset = s.query_offset;
  d.ldq = s.ldq;
  d.ldk = s.ldk;
  d.ldv = s.ldv;
  d.ldo = s.ldo;
  d.window = s.window;
  d.first = s.first;
  d.position = s.position;
  d.heads = s.heads;
  d.kv_heads = s.kv_heads;
  d.group = s.heads / s.kv_heads;
  d.head_dim = s.head_dim;
  d.scale = s.scale;
  d.softcap = s.softcap;
  return d;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
