#pragma once
// What one call of attention means, shared by the reference and every fast kernel.

#include <cstdint>

namespace scalewright::kernels {

// Query t is key number query_offset + t. It sees keys lowest_key(t) .. query_offset + t; a query that sees none
// (padding) gives a zero row and a logsumexp of minus infinity.
struct AttentionSpec {
  int64_t queries = 0, keys = 0, query_offset = 0;
  int heads = 0, kv_heads = 0, head_dim = 0;
  int64_t ldq = 0, ldk = 0, ldv = 0, ldo = 0;  // row strides in elements; head h starts at h * head_dim
  float scale = 1.0f;                          // of q.k
  float softcap = 0.0f;                        // 0: none; else cap * tanh(score / cap)
  int64_t window = 0;                          // 0: none; else only the last `window` keys, itself included
  bool half_kv = false;                        // keys and values are IEEE halves
  bool fast = false;                           // what is multiplied may be rounded (to 11 bits and more)
  const int32_t* position = nullptr;           // cards: where query_offset is read; keys is then the most there can be
  const int32_t* first = nullptr;              // [queries]: lowest key a query sees; null: 0

  constexpr int64_t lowest_key(int64_t t) const {
    int64_t low = first ? first[t] : 0;
    if (window > 0 && query_offset + t - window + 1 > low) low = query_offset + t - window + 1;
    return low < 0 ? 0 : low;
  }
  constexpr int64_t highest_key(int64_t t) const {  // inclusive
    const int64_t high = query_offset + t;
    return high < keys ? high : keys - 1;
  }
};

enum class GateKind : uint8_t { Silu, GeluTanh, GeluErf };

}  // namespace scalewright::kernels
