// Attention backward on the tensor cores. As attention_backward.cu: one kernel owns rows and walks keys for dq, one
// owns keys and walks rows for dk and dv, of factors that were rounded to bf16 before. A warp has 16 of its own; the
// others go through shared memory in tiles of 32, the next ones on their way while products of this one run.

#include "kernels/cuda/attention_fast.h"
#include "kernels/cuda/attention_fast_device.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/rounding_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

// Warps of a block, for keys of heads up to kWidth, and keys or rows of the tile that it walks.
constexpr int kQueryWarps = 4;
template <int kWidth>
constexpr int kKeyWarps = kWidth > 64 ? 8 : 4;
constexpr int kTile = 32, kTiles = kTile / 8;
// Tiles in shared memory: the one that is used, and those on their way.
constexpr int kStages = 2;

// Strides of the gradients; those of FastAttention are of the rounded factors: of queries and of dout the same.
struct GradientRows {
  int ldq, ldk, ldv;
};

// Of raw scores and the gradients of probabilities, dp: probabilities and, up to the scale, the gradients of raw
// scores. `logsumexp` in powers of two. A score of minus infinity gives zeros.
template <bool kCap>
SW_DEVICE void pair_gradient(const FastAttention& s, bool hidden, float logsumexp, float delta, float& score,
                             float& dp) {
  float slope = 1.0f;
  if constexpr (kCap) {
    score = s.capped(score);
    slope = 1.0f - score * score;
  }
  if (hidden) score = -INFINITY;
  score = power_of_two(fmaf(score, s.factor<kCap>(), -logsumexp));
  dp = score * (dp - delta) * slope;
}
// In powers of two; of a row that sees no key such that every probability is zero.
SW_DEVICE float in_powers(float logsumexp) {
  return logsumexp == -INFINITY ? INFINITY : logsumexp * kLog2E;
}

template <int kCount>
SW_DEVICE void clear(float (&sum)[kCount][4]) {
  SW_UNROLL
  for (int c = 0; c < kCount; ++c) {
    SW_UNROLL
    for (int i = 0; i < 4; ++i) sum[c][i] = 0.0f;
  }
}

// Rows that read one head of keys follow each other.
SW_DEVICE int64_t place_of_terms(const FastAttention& s, int row, int kv_head) {
  return static_cast<int64_t>(kv_head) * s.rows + row;
}
// Of each row, four words: logsumexp in powers of two, delta = the sum over d of dout * out, its lowest and highest
// key; and dout [queries, heads] in bf16. A warp a query and head.
constexpr int kTermWarps = 8;
SW_KERNEL(32 * kTermWarps, terms_kernel)
(FastAttention s, Global<const float> dout, Global<const float> out, int ld_row, Global<const float> logsumexp,
 Global<uint32_t> terms, Global<uint16_t> rounded) {
  const int lane = thread_x() % kWarp, number = block_x() * kTermWarps + thread_x() / kWarp, t = number / s.heads;
  if (t >= s.queries) return;
  const int64_t d = 4 * lane, at = static_cast<int64_t>(t) * ld_row + (number - t * s.heads) * s.head_dim + d;
  float sum = 0.0f;
  if (d < s.head_dim) {
    const float4 gradient = ld4(dout, at), value = ld4(out, at);
    sum = fmaf(gradient.x, value.x, fmaf(gradient.y, value.y, fmaf(gradient.z, value.z, gradient.w * value.w)));
    put4(rounded, static_cast<int64_t>(number) * s.head_dim + d, gradient);
  }
  sum = warp_sum(sum);
  if (lane != 0) return;
  const KeySpan span = s.keys_of_token(t);
  const int head = number - t * s.heads, kv_head = head / s.group;
  st(as<uint4>(terms), place_of_terms(s, t * s.group + head - kv_head * s.group, kv_head),
     uint4{float_to_bits(in_powers(ld(logsumexp, number))), float_to_bits(sum), static_cast<uint32_t>(span.low),
           static_cast<uint32_t>(span.high)});
}

template <int kWidth, bool kCap>
SW_KERNEL_BLOCKS(32 * kQueryWarps, kWidth > 64 ? 2 : 3, fast_dq_kernel)
(FastAttention s, GradientRows to, Global<const uint16_t> q, Global<const uint16_t> k, Global<const uint16_t> v,
 Global<const uint16_t> dout, Global<const uint8_t> terms, Global<float> dq) {
  constexpr int kThreads = kWarp * kQueryWarps, kRows = 16 * kQueryWarps;
  constexpr int kSteps = kWidth / 16, kColumns = kWidth / 8, kWords = kTile * kRowWords<kWidth>;
  SW_SHARED(uint32_t, keys, kStages * kWords);
  SW_SHARED(uint32_t, values, kStages * kWords);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = s.head_of_block();
  const int row0 = (s.tiles() - 1 - s.tile_of_block()) * kRows;
  const KeySpan all = keys_of_rows(s, row0, kRows);
  const KeyTiles<kTile, kWidth, kThreads> key_tiles(k, s.ldk, D, kv_head, all.high + 1),
      value_tiles(v, s.ldv, D, kv_head, all.high + 1);
  const auto fetch = [&](int key0, int stage) {
    key_tiles.copy_later(key0, keys, stage * kWords);
    value_tiles.copy_later(key0, values, stage * kWords);
    close_copies();
  };
  SW_UNROLL
  for (int i = 0; i + 1 < kStages; ++i) fetch(all.low == kNoKey ? kNoKey : all.low + i * kTile, i);

  KeySpan seen[2];
  int64_t from[2], from_grad[2];
  float row_lse[2], row_delta[2];
  SW_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int row = row0 + warp * 16 + lane / 4 + r * 8;
    const bool real = row < s.rows;
    from[r] = real ? s.start_of(row, kv_head, s.ldq) : -1;
    from_grad[r] = real ? s.start_of(row, kv_head, s.ldo) : -1;
    row_lse[r] = row_delta[r] = 0.0f;
    if (!real) continue;
    const uint4 term = ld_u128(terms, 16 * place_of_terms(s, row, kv_head));
    row_lse[r] = bits_to_float(term.x);
    row_delta[r] = bits_to_float(term.y);
    seen[r].low = static_cast<int>(term.z);
    seen[r].high = static_cast<int>(term.w);
  }
  const int some_low = warp_least(seen[0].low < seen[1].low ? seen[0].low : seen[1].low);
  const int some_high = warp_most(seen[0].high > seen[1].high ? seen[0].high : seen[1].high);
  const int every_low = warp_most(seen[0].low > seen[1].low ? seen[0].low : seen[1].low);
  const int every_high = warp_least(seen[0].high < seen[1].high ? seen[0].high : seen[1].high);
  uint32_t query[kSteps][4], grad[kSteps][4];
  load_left(q, from, D, query);
  load_left(dout, from_grad, D, grad);
  float sum[kColumns][4];
  clear(sum);

  for (int key0 = all.low, stage = 0; key0 <= all.high; key0 += kTile, stage = (stage + 1) % kStages) {
    open_copies<kStages - 2>();
    sync_block();
    fetch(key0 + (kStages - 1) * kTile, (stage + kStages - 1) % kStages);
    if (key0 > some_high || key0 + kTile <= some_low) continue;
    const int now = stage * kWords;
    float score[kTiles][4], dp[kTiles][4];
    clear(score);
    clear(dp);
    SW_UNROLL
    for (int step = 0; step < kSteps; ++step) {
      SW_UNROLL
      for (int j = 0; j < kTiles; j += 2) {
        uint32_t b[4];
        ld_rows_across<kWidth>(keys + now, j * 8, step, b);
        two_products(score[j], score[j + 1], query[step], b);
        ld_rows_across<kWidth>(values + now, j * 8, step, b);
        two_products(dp[j], dp[j + 1], grad[step], b);
      }
    }
    const auto all_pairs = [&](auto hidden) {
      SW_UNROLL
      for (int i = 0; i < kTiles * 4; ++i) {
        const int r = i % 4 / 2;
        pair_gradient<kCap>(s, hidden(key0 + i / 4 * 8 + lane % 4 * 2 + i % 2, seen[r]), row_lse[r], row_delta[r],
                            score[i / 4][i % 4], dp[i / 4][i % 4]);
      }
    };
    if (key0 < every_low || key0 + kTile - 1 > every_high) {
      all_pairs([](int key, const KeySpan& span) { return key < span.low || key > span.high; });
    } else {
      all_pairs([](int, const KeySpan&) { return false; });
    }
    SW_UNROLL
    for (int j = 0; j < kTiles; j += 2) {
      uint32_t left[4];
      to_left(dp[j], dp[j + 1], left);
      SW_UNROLL
      for (int c = 0; c < kColumns; c += 2) {
        uint32_t b[4];
        ld_rows_down<kWidth>(keys + now, j * 8, c, b);
        two_products(sum[c], sum[c + 1], left, b);
      }
    }
  }
  open_copies<0>();
  SW_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int row = row0 + warp * 16 + lane / 4 + r * 8;
    from[r] = row < s.rows ? s.start_of(row, kv_head, to.ldq) : -1;
  }
  const float scale[2] = {s.scale, s.scale};
  store_rows(sum, scale, from, D, dq);
}

// The first tile of rows from row0 on that sees any of the keys first .. last, or row_end.
SW_DEVICE int next_tile(const FastAttention& s, int row0, int row_end, int first, int last) {
  for (; row0 < row_end; row0 += kTile) {
    const KeySpan span = s.keys_of(row0 + thread_x() % kTile);
    if (ballot(span.low <= last && span.high >= first) != 0) break;
  }
  return row0;
}

// Words of shared memory: values of the block's keys, and tiles of queries and of their gradients.
template <int kWidth>
constexpr int kGradientWords = (16 * kKeyWarps<kWidth> + 2 * kStages * kTile) * kRowWords<kWidth>;
template <int kWidth, bool kCap>
SW_KERNEL_BLOCKS(32 * kKeyWarps<kWidth>, kWidth > 64 ? 1 : 2, fast_dkv_kernel)
(FastAttention s, GradientRows to, Global<const uint16_t> q, Global<const uint16_t> k, Global<const uint16_t> v,
 Global<const uint16_t> dout, Global<const uint8_t> row_terms, Global<float> dk, Global<float> dv) {
  constexpr int kThreads = kWarp * kKeyWarps<kWidth>, kOwn = 16 * kKeyWarps<kWidth>;
  constexpr int kSteps = kWidth / 16, kColumns = kWidth / 8, kWords = kTile * kRowWords<kWidth>;
  SW_ROOM(values);
  const auto queries = values + kOwn * kRowWords<kWidth>, grads = queries + kStages * kWords;
  SW_SHARED(uint32_t, terms, kStages * kTile * 4);  // as terms_kernel leaves them
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = s.head_of_block();
  const int first = s.tile_of_block() * kOwn, last = first + kOwn < s.keys ? first + kOwn - 1 : s.keys - 1;
  // Where the lane's two keys begin.
  const auto starts = [&](int ld_row, int64_t(&start)[2]) {
    SW_UNROLL
    for (int r = 0; r < 2; ++r) {
      const int key = first + warp * 16 + lane / 4 + r * 8;
      start[r] = key < s.keys ? static_cast<int64_t>(key) * ld_row + kv_head * D : -1;
    }
  };
  // Only queries from the first key on see any of these, and with a window none far behind the last.
  int end = s.queries;
  if (s.window > 0 && last + s.window - s.query_offset < end) end = last + s.window - s.query_offset;
  const int row_end = end * s.group, begin = first > s.query_offset ? (first - s.query_offset) * s.group : 0;
  const auto fetch = [&](int row0, int stage) {
    const Pieces<kTile, kWidth, kThreads> pieces;
    if (row0 < row_end) {
      SW_UNROLL
      for (int i = 0; i < pieces.kCount; ++i) {
        const int row = row0 + pieces.row + i * pieces.kStep;
        const bool there = pieces.column < D && row < s.rows;
        const int64_t byte = 2 * (s.start_of(row, kv_head, s.ldq) + pieces.column);
        const int word = stage * kWords + pieces.word + i * pieces.kStep * kRowWords<kWidth>;
        copy_or_zero_later(queries, word, as<const uint8_t>(q), byte, there);
        copy_or_zero_later(grads, word, as<const uint8_t>(dout), byte, there);
      }
      // Rows after the last are zeros, and so is what they add.
      const int row = row0 + thread_x();
      if (thread_x() < kTile)
        copy_or_zero_later(terms, (stage * kTile + thread_x()) * 4, row_terms, 16 * place_of_terms(s, row, kv_head),
                           row < s.rows);
    }
    close_copies();
  };
  // The values of the block stay in shared memory.
  const KeyTiles<kOwn, kWidth, kThreads> value_tiles(v, s.ldv, D, kv_head, last + 1);
  value_tiles.copy_later(first, values, 0);
  int rows[kStages];  // where the tiles begin, the one that is used first
  SW_UNROLL
  for (int i = 0; i + 1 < kStages; ++i) {
    rows[i] = next_tile(s, i == 0 ? begin : rows[i - 1] + kTile, row_end, first, last);
    fetch(rows[i], i);
  }
  int64_t start[2];
  starts(s.ldk, start);
  uint32_t key_rows[kSteps][4];
  load_left(k, start, D, key_rows);
  float sum_k[kColumns][4], sum_v[kColumns][4];
  clear(sum_k);
  clear(sum_v);
  rows[kStages - 1] = next_tile(s, rows[kStages - 2] + kTile, row_end, first, last);
  const int key0 = first + warp * 16;
  for (int stage = 0; rows[0] < row_end; stage = (stage + 1) % kStages) {
    open_copies<kStages - 2>();
    sync_block();
    fetch(rows[kStages - 1], (stage + kStages - 1) % kStages);
    // Whether the tile after the last sees any of the keys: its first keys are on their way during the products.
    const int candidate = rows[kStages - 1] + kTile;
    const KeySpan span = s.keys_of(candidate + thread_x() % kTile);
    const int now = stage * kWords, at = stage * kTile;
    const auto keys_seen = [&](int row) {
      const uint4 term = ld_u128(terms, (at + row) * 4);
      return KeySpan{static_cast<int>(term.z), static_cast<int>(term.w)};
    };
    const KeySpan own = keys_seen(lane);
    const auto sees_any = [&] { return ballot(span.low <= last && span.high >= first) != 0; };
    bool next_sees = false;
    const bool partly = ballot(own.low > key0 || own.high < key0 + 15) != 0;
    if (ballot(own.low <= key0 + 15 && own.high >= key0) != 0) {
      float p[kTiles][4], ds[kTiles][4];
      clear(p);
      clear(ds);
      SW_UNROLL
      for (int step = 0; step < kSteps; ++step) {
        uint32_t a[4];
        ld_left<kWidth>(values, warp * 16, step, a);
        SW_UNROLL
        for (int j = 0; j < kTiles; j += 2) {
          uint32_t b[4];
          ld_rows_across<kWidth>(queries + now, j * 8, step, b);
          two_products(p[j], p[j + 1], key_rows[step], b);
          ld_rows_across<kWidth>(grads + now, j * 8, step, b);
          two_products(ds[j], ds[j + 1], a, b);
        }
      }
      next_sees = sees_any();
      const auto all_pairs = [&](auto hidden) {
        SW_UNROLL
        for (int j = 0; j < kTiles; ++j) {
          SW_UNROLL
          for (int odd = 0; odd < 2; ++odd) {
            const int row = j * 8 + lane % 4 * 2 + odd;
            const uint2 term = ld_u64(terms, (at + row) * 4);
            SW_UNROLL
            for (int i = odd; i < 4; i += 2)
              pair_gradient<kCap>(s, hidden(key0 + lane / 4 + i / 2 * 8, row), bits_to_float(term.x),
                                  bits_to_float(term.y), p[j][i], ds[j][i]);
          }
        }
      };
      if (partly) {
        all_pairs([&](int key, int row) {
          const KeySpan sees = keys_seen(row);
          return key < sees.low || key > sees.high;
        });
      } else {
        all_pairs([](int, int) { return false; });
      }
      SW_UNROLL
      for (int j = 0; j < kTiles; j += 2) {
        uint32_t by_value[4], by_key[4];
        to_left(p[j], p[j + 1], by_value);
        to_left(ds[j], ds[j + 1], by_key);
        SW_UNROLL
        for (int c = 0; c < kColumns; c += 2) {
          uint32_t b[4];
          ld_rows_down<kWidth>(grads + now, j * 8, c, b);
          two_products(sum_v[c], sum_v[c + 1], by_value, b);
          ld_rows_down<kWidth>(queries + now, j * 8, c, b);
          two_products(sum_k[c], sum_k[c + 1], by_key, b);
        }
      }
    } else {
      next_sees = sees_any();
    }
    SW_UNROLL
    for (int i = 0; i + 1 < kStages; ++i) rows[i] = rows[i + 1];
    rows[kStages - 1] =
        next_sees || candidate >= row_end ? candidate : next_tile(s, candidate + kTile, row_end, first, last);
  }
  open_copies<0>();
  const float one[2] = {1.0f, 1.0f}, scale[2] = {s.scale, s.scale};
  starts(to.ldk, start);
  store_rows(sum_k, scale, start, D, dk);
  starts(to.ldv, start);
  store_rows(sum_v, one, start, D, dv);
}

struct Rounded {
  const uint16_t *q, *k, *v, *dout;
};
template <int kWidth, bool kCap>
void launch(void* stream, const AttentionSpec& s, const GradientRows& to, const Rounded& of, const uint8_t* terms,
            float* dq, float* dk, float* dv) {
  constexpr int kRows = 16 * kQueryWarps, kKeys = 16 * kKeyWarps<kWidth>;
  const int64_t rows = s.queries * (s.heads / s.kv_heads);
  const FastAttention d = to_fast(s);
  SW_LAUNCH((fast_dq_kernel<kWidth, kCap>), dim3(static_cast<unsigned>((rows + kRows - 1) / kRows * s.kv_heads)),
            dim3(kWarp * kQueryWarps), stream, d, to, of.q, of.k, of.v, of.dout, terms, dq);
  SW_LAUNCH_ROOM(4 * kGradientWords<kWidth>, (fast_dkv_kernel<kWidth, kCap>),
                 dim3(static_cast<unsigned>((s.keys + kKeys - 1) / kKeys * s.kv_heads)),
                 dim3(kWarp * kKeyWarps<kWidth>), stream, d, to, of.q, of.k, of.v, of.dout, terms, dk, dv);
}

}  // namespace

int64_t attention_backward_rounded(const AttentionSpec& s) {
  if (!suits_fast(s)) return 0;
  return 2 * s.head_dim * (s.queries * s.heads + s.keys * s.kv_heads);
}

bool attention_backward_fast(void* stream, const AttentionSpec& s, const float* q, const float* k, const float* v,
                             const float* out, const float* logsumexp, const float* dout, float* dq, float* dk,
                             float* dv, void* terms, uint16_t* rounded) {
  if (!suits_fast(s) || !lie_in_fours({q, k, v, out, dout, dq, dk, dv, terms, rounded})) return false;
  const int64_t width = int64_t{s.heads} * s.head_dim, kv_width = int64_t{s.kv_heads} * s.head_dim;
  const auto round = [&](const float* from, int64_t ld, int64_t count, int64_t columns) {
    uint16_t* to = rounded;
    rounded += count * columns;
    to_bf16(stream, from, ld, count, columns, to);
    return to;
  };
  const Rounded of{round(q, s.ldq, s.queries, width), round(k, s.ldk, s.keys, kv_width),
                   round(v, s.ldv, s.keys, kv_width), rounded};
  const GradientRows to{static_cast<int>(s.ldq), static_cast<int>(s.ldk), static_cast<int>(s.ldv)};
  AttentionSpec tight = s;
  tight.ldq = tight.ldo = width;
  tight.ldk = tight.ldv = kv_width;
  const auto run = s.softcap > 0.0f ? (s.head_dim <= 64 ? launch<64, true> : launch<128, true>)
                                    : (s.head_dim <= 64 ? launch<64, false> : launch<128, false>);
  SW_LAUNCH(terms_kernel, dim3(static_cast<unsigned>((s.queries * s.heads + kTermWarps - 1) / kTermWarps)),
            dim3(kWarp * kTermWarps), stream, to_fast(tight), dout, out, static_cast<int>(s.ldo), logsumexp,
            static_cast<uint32_t*>(terms), rounded);
  run(stream, tight, to, of, static_cast<const uint8_t*>(terms), dq, dk, dv);
  return true;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
