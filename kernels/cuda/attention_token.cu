// What one token does between the products of q, k and v and that of the attention's output, in one go: rope of q and k, k
// and v to the cache, attention over it, and what comes out as rows that gemv.cu multiplies. A block takes a tile of
// queries of one head of keys; all blocks of that head turn its new key, and the first of them stores it.

#include "kernels/cuda/attention_few.h"
#include "kernels/cuda/attention_few_device.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/split_rows.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

struct DeviceRope {
  Global<const float> cosine, sine;
  int pairs;
  bool adjacent;
};
// What a lane's eight elements of a head are turned by: own * c + others * s, the others being `apart` from its own, or
// neighbours where that is 0.
struct Turn {
  float c[kEight], s[kEight];
  int apart;
};

SW_DEVICE Turn read_turn(const DeviceRope& rope, int mine) {
  Turn turn;
  turn.apart = 0;
  SW_UNROLL
  for (int i = 0; i < kEight; ++i) {
    turn.c[i] = 1.0f;
    turn.s[i] = 0.0f;
  }
  if (mine >= 2 * rope.pairs) return turn;
  if (rope.adjacent) {
    const float4 c = ld4(rope.cosine, mine / 2), s = ld4(rope.sine, mine / 2);
    const float cs[4] = {c.x, c.y, c.z, c.w}, ss[4] = {s.x, s.y, s.z, s.w};
    SW_UNROLL
    for (int i = 0; i < kEight; ++i) {
      turn.c[i] = cs[i / 2];
      turn.s[i] = i % 2 == 0 ? -ss[i / 2] : ss[i / 2];
    }
    return turn;
  }
  const bool second = mine >= rope.pairs;
  turn.apart = second ? -rope.pairs : rope.pairs;
  read_eight(rope.cosine, second ? mine - rope.pairs : mine, turn.c);
  read_eight(rope.sine, second ? mine - rope.pairs : mine, turn.s);
  if (second) return turn;
  SW_UNROLL
  for (int i = 0; i < kEight; ++i) turn.s[i] = -turn.s[i];
  return turn;
}
// Elements at .. at + 7 of x, turned.
SW_DEVICE void read_turned(const Turn& turn, Global<const float> x, int64_t at, float (&out)[kEight]) {
  float own[kEight], others[kEight];
  read_eight(x, at, own);
  if (turn.apart != 0) {
    read_eight(x, at + turn.apart, others);
  } else {
    SW_UNROLL
    for (int i = 0; i < kEight; ++i) others[i] = own[i ^ 1];
  }
  SW_UNROLL
  for (int i = 0; i < kEight; ++i) out[i] = fmaf(own[i], turn.c[i], others[i] * turn.s[i]);
}

// Rounded as the cache has them, `words` being what it stores.
SW_DEVICE void round_to_halves(float (&x)[kEight], float4& words) {
  uint32_t word[4];
  SW_UNROLL
  for (int i = 0; i < 4; ++i) {
    const uint32_t low = float_to_half(x[2 * i]), high = float_to_half(x[2 * i + 1]);
    word[i] = low | high << 16;
    x[2 * i] = half_to_float(low);
    x[2 * i + 1] = half_to_float(high);
  }
  words = {bits_to_float(word[0]), bits_to_float(word[1]), bits_to_float(word[2]), bits_to_float(word[3])};
}

// Chunks that only fill up the last unit of K inputs are zero.
SW_DEVICE void clear_rest(const SplitRows& out, int64_t K, int lane) {
  const int64_t full = K / kChunk, chunk = full + lane / 8;
  split_quad(out, chunk, lane % 8, {0.0f, 0.0f, 0.0f, 0.0f}, chunk < (full + 3) / 4 * 4);
}

// grid: tiles of the heads that read one head of keys, those heads, parts of the keys; with several parts `partial` gets
// what each has, as attention_kernel leaves it. keys, values: the same cache, to be written.
template <int kLanes, int kRows>
SW_KERNEL(32 * kFewWarps, token_kernel)
(DeviceAttention s, Global<const float> qkv, DeviceRope rope, Global<const uint8_t> k, Global<const uint8_t> v,
 Global<float> keys, Global<float> values, SplitRows out, Global<float> partial) {
  using Rows = FewRows<kLanes, kRows>;
  SW_SHARED(float, sums, kFewWarps* kRows* Rows::kRoom);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int mine = lane % kLanes * kEight, row0 = block_x() * kRows;
  const bool inside = mine < D, first_part = block_z() == 0;
  const int64_t head = static_cast<int64_t>(kv_head) * D + mine;
  // Where the token stands was there before the kernels of its layers began.
  s.settle();
  const Turn turn = read_turn(rope, inside ? mine : 0);
  const int64_t now = s.query_offset;
  int64_t begin = s.lowest_key(0), end = now;
  Rows rows;
  rows.clear();
  wait_for_previous();
  SW_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const bool real = row0 + r < s.group;
    rows.low[r] = begin;
    rows.high[r] = real ? now : -1;
    if (real && inside)
      read_turned(turn, qkv, static_cast<int64_t>(kv_head * s.group + row0 + r) * D + mine, rows.query[r]);
  }
  if (first_part && warp == 0) {
    // The token's own key. Each group of lanes works it out, and the first one counts it.
    float key[kEight] = {}, value[kEight] = {};
    float4 key_words{}, value_words{};
    if (inside) {
      read_turned(turn, qkv, static_cast<int64_t>(s.heads) * D + head, key);
      read_eight(qkv, static_cast<int64_t>(s.heads + s.kv_heads) * D + head, value);
      round_to_halves(key, key_words);
      round_to_halves(value, value_words);
      if (block_x() == 0 && lane < kLanes) {
        st4(keys, (now * s.ldk + head) / 2, key_words);
        st4(values, (now * s.ldv + head) / 2, value_words);
      }
    }
    SW_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const float score = rows.score(s, r, key);
      if (lane >= kLanes) continue;
      rows.most[r] = score;
      rows.total[r] = 1.0f;
      SW_UNROLL
      for (int i = 0; i < kEight; ++i) rows.sum[r][i] = value[i];
    }
  }
  take_part(begin, end);
  rows.look(s, k, v, head, inside, thread_x() / kLanes, begin, end);
  rows.leave(sums, lane, warp);
  sync_block();
  const bool split = grid_dim_z() > 1;
  for (int r = warp; r < kRows; r += kFewWarps) {
    if (row0 + r >= s.group) break;
    const auto joined = Rows::join(sums, r);
    const int64_t its = static_cast<int64_t>(kv_head) * s.group + row0 + r;
    const float share = split ? 1.0f : share_of(joined.all);
    const int64_t to = (block_z() * static_cast<int64_t>(s.heads) + its) * (D + 2);
    for (int d0 = 0; d0 < D; d0 += 4 * kWarp) {
      const int d = d0 + 4 * lane;
      float4 x{0.0f, 0.0f, 0.0f, 0.0f};
      SW_UNROLL
      for (int w = 0; w < kFewWarps; ++w) {
        if (d >= D) continue;
        const float4 some = ld4(sums, (w * kRows + r) * Rows::kRoom + d);
        const float part = joined.part[w] * share;
        x = {fmaf(part, some.x, x.x), fmaf(part, some.y, x.y), fmaf(part, some.z, x.z), fmaf(part, some.w, x.w)};
      }
      if (!split) {
        split_quad(out, (its * D + d) / kChunk, lane % 8, x, d < D);
      } else if (d < D) {
        st2(partial, to + d, {x.x, x.y});
        st2(partial, to + d + 2, {x.z, x.w});
      }
    }
    if (split && lane == 0) st2(partial, to + D, {joined.largest, joined.all});
  }
  if (!split && block_x() == 0 && kv_head == s.kv_heads - 1 && warp == kFewWarps - 1)
    clear_rest(out, static_cast<int64_t>(s.heads) * D, lane);
}

// A warp a head: up to kWarp parts, a lane each.
SW_KERNEL(kWarp, token_join_kernel)
(int heads, int D, int parts, Global<const float> partial, SplitRows out) {
  wait_for_previous();
  const int lane = thread_x();
  const int64_t its = block_x(), mine = (lane * static_cast<int64_t>(heads) + its) * (D + 2) + D;
  const float2 of = lane < parts ? ld2(partial, mine) : float2{kMinusInfinity, 0.0f};
  const float most = warp_max(of.x), weight = of.x == kMinusInfinity ? 0.0f : expf(of.x - most);
  const float share = weight * share_of(warp_sum(of.y * weight));
  for (int d0 = 0; d0 < D; d0 += 4 * kWarp) {
    const int d = d0 + 4 * lane;
    float4 x{0.0f, 0.0f, 0.0f, 0.0f};
    for (int p = 0; p < parts; ++p) {
      const float by = shuffle(share, p);
      if (d >= D) continue;
      const int64_t at = (p * static_cast<int64_t>(heads) + its) * (D + 2) + d;
      const float2 low = ld2(partial, at), high = ld2(partial, at + 2);
      x = {fmaf(by, low.x, x.x), fmaf(by, low.y, x.y), fmaf(by, high.x, x.z), fmaf(by, high.y, x.w)};
    }
    split_quad(out, (its * D + d) / kChunk, lane % 8, x, d < D);
  }
  if (block_x() == grid_dim_x() - 1) clear_rest(out, static_cast<int64_t>(heads) * D, lane);
}

struct TokenCall {
  AttentionSpec spec;
  const float* qkv;
  TokenRope rope;
  uint16_t *keys, *values;
  SplitRows out;
  float* partial;
  int parts;
};

template <int kLanes, int kRows>
void launch_rows(void* stream, const TokenCall& c) {
  const dim3 grid(static_cast<unsigned>(few_tiles(c.spec)), static_cast<unsigned>(c.spec.kv_heads),
                  static_cast<unsigned>(c.parts));
  const DeviceRope rope{c.rope.cosine, c.rope.sine, c.rope.pairs, c.rope.adjacent};
  SW_LAUNCH_EARLY((token_kernel<kLanes, kRows>), grid, dim3(kWarp * kFewWarps), stream, to_device(c.spec), c.qkv, rope,
                  reinterpret_cast<const uint8_t*>(c.keys), reinterpret_cast<const uint8_t*>(c.values),
                  reinterpret_cast<float*>(c.keys), reinterpret_cast<float*>(c.values), c.out, c.partial);
}
template <int kLanes>
void launch_lanes(void* stream, const TokenCall& c) {
  switch (few_tile(c.spec)) {
    case 1:
      return launch_rows<kLanes, 1>(stream, c);
    case 2:
      return launch_rows<kLanes, 2>(stream, c);
    case 4:
      return launch_rows<kLanes, 4>(stream, c);
    default:
      if constexpr (kLanes <= 16) launch_rows<kLanes, kMostFewRows>(stream, c);
  }
}

}  // namespace

bool attention_token_takes(const AttentionSpec& s, const TokenRope& rope, const float* qkv, const void* keys,
                           const void* values) {
  const bool rows = s.queries == 1 && s.head_dim % kChunk == 0 && few_queries(s, qkv, keys, values);
  const auto fours = [](const float* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; };
  return rows && rope.pairs % (rope.adjacent ? 4 : kEight) == 0 && fours(rope.cosine) && fours(rope.sine);
}

void attention_token(void* stream, const AttentionSpec& s, int processors, const float* qkv, const TokenRope& rope,
                     uint16_t* keys, uint16_t* values, void* split, void* workspace) {
  const int64_t K = int64_t{s.heads} * s.head_dim;
  const int parts = few_parts(s, processors);
  const SplitRows out = rows_at(split, 1, K);
  auto* partial = parts > 1 ? static_cast<float*>(workspace) : nullptr;
  const TokenCall call{s, qkv, rope, keys, values, out, partial, parts};
  const auto launch = s.head_dim <= 64 ? launch_lanes<8> : s.head_dim <= 128 ? launch_lanes<16> : launch_lanes<32>;
  launch(stream, call);
  if (parts > 1)
    SW_LAUNCH_EARLY(token_join_kernel, dim3(static_cast<unsigned>(s.heads)), dim3(kWarp), stream, s.heads, s.head_dim,
                    parts, partial, out);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
