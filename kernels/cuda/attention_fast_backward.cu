// Attention backward on the tensor cores. As attention_backward.cu: one kernel owns rows and walks keys for dq, one
// owns keys and walks rows for dk and dv, of factors that were rounded to bf16 before. A warp has 16 of its own; the
// others go through shared memory in tiles of 16, the next ones on their way while products of this one run.

#include "kernels/cuda/attention_fast.h"
#include "kernels/cuda/attention_fast_device.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

// Of heads up to kWidth: warps of a block, and keys or rows of the tile that it walks.
template <int kWidth>
constexpr int kQueryWarps = kWidth > 64 ? 8 : 4;
constexpr int kKeyWarps = 4;
constexpr int kTile = 16;
// Tiles in shared memory: the one that is used, and those on their way.
constexpr int kKeyStages = 4;
template <int kWidth>
constexpr int kRowStages = kWidth > 64 ? 3 : 4;

// Strides of the gradients; those of FastAttention are of the rounded factors.
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

template <int kWidth, bool kCap>
SW_KERNEL_BLOCKS(32 * kQueryWarps<kWidth>, kWidth > 64 ? 1 : 3, fast_dq_kernel)
(FastAttention s, GradientRows to, Global<const uint16_t> q, Global<const uint16_t> k, Global<const uint16_t> v,
 Global<const float> logsumexp, Global<const uint16_t> dout, Global<const float> delta, Global<float> dq) {
  constexpr int kThreads = kWarp * kQueryWarps<kWidth>, kRows = 16 * kQueryWarps<kWidth>;
  constexpr int kSteps = kWidth / 16, kColumns = kWidth / 8, kWords = kTile * kRowWords<kWidth>;
  SW_SHARED(uint32_t, keys, kKeyStages * kWords);
  SW_SHARED(uint32_t, values, kKeyStages * kWords);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int row0 = (grid_dim_x() - 1 - block_x()) * kRows;
  const KeySpan all = keys_of_rows(s, row0, kRows);
  const auto fetch = [&](int key0, int stage) {
    copy_keys_later<kTile, kWidth, kThreads>(s, kv_head, key0, all.high, k, v, keys, values, stage * kWords);
  };
  SW_UNROLL
  for (int i = 0; i + 1 < kKeyStages; ++i) fetch(all.low == kNoKey ? kNoKey : all.low + i * kTile, i);

  KeySpan seen[2];
  int64_t from[2], from_grad[2];
  float row_lse[2], row_delta[2];
  SW_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int row = row0 + warp * 16 + lane / 4 + r * 8;
    const bool real = row < s.rows;
    seen[r] = s.keys_of(row);
    from[r] = real ? s.start_of(row, kv_head, s.ldq) : -1;
    from_grad[r] = real ? s.start_of(row, kv_head, s.ldo) : -1;
    row_lse[r] = real ? in_powers(ld(logsumexp, s.number_of(row, kv_head))) : 0.0f;
    row_delta[r] = real ? ld(delta, s.number_of(row, kv_head)) : 0.0f;
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

  for (int key0 = all.low, stage = 0; key0 <= all.high; key0 += kTile, stage = (stage + 1) % kKeyStages) {
    open_copies<kKeyStages - 2>();
    sync_block();
    fetch(key0 + (kKeyStages - 1) * kTile, (stage + kKeyStages - 1) % kKeyStages);
    if (key0 > some_high || key0 + kTile <= some_low) continue;
    const int now = stage * kWords;
    float score[2][4], dp[2][4];
    clear(score);
    clear(dp);
    SW_UNROLL
    for (int step = 0; step < kSteps; ++step) {
      uint32_t b[4];
      ld_rows_across<kWidth>(keys + now, 0, step, b);
      two_products(score[0], score[1], query[step], b);
      ld_rows_across<kWidth>(values + now, 0, step, b);
      two_products(dp[0], dp[1], grad[step], b);
    }
    const auto all_pairs = [&](auto hidden) {
      SW_UNROLL
      for (int i = 0; i < 8; ++i) {
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
    uint32_t left[4];
    to_left(dp[0], dp[1], left);
    SW_UNROLL
    for (int c = 0; c < kColumns; c += 2) {
      uint32_t b[4];
      ld_rows_down<kWidth>(keys + now, 0, c, b);
      two_products(sum[c], sum[c + 1], left, b);
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

template <int kWidth, bool kCap>
SW_KERNEL_BLOCKS(32 * kKeyWarps, 2, fast_dkv_kernel)
(FastAttention s, GradientRows to, Global<const uint16_t> q, Global<const uint16_t> k, Global<const uint16_t> v,
 Global<const float> logsumexp, Global<const uint16_t> dout, Global<const float> delta, Global<float> dk,
 Global<float> dv) {
  constexpr int kThreads = kWarp * kKeyWarps, kOwn = 16 * kKeyWarps, kStages = kRowStages<kWidth>;
  constexpr int kSteps = kWidth / 16, kColumns = kWidth / 8, kWords = kTile * kRowWords<kWidth>;
  SW_SHARED(uint32_t, values, kOwn * kRowWords<kWidth>);
  SW_SHARED(uint32_t, queries, kStages * kWords);
  SW_SHARED(uint32_t, grads, kStages * kWords);
  SW_SHARED(float, terms, kStages * 4 * kTile);  // of a row: logsumexp, delta, lowest and highest key (bits)
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int first = block_x() * kOwn, last = first + kOwn < s.keys ? first + kOwn - 1 : s.keys - 1;
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
    const auto at = [&](int ld_row) {
      return [&, ld_row](int i) { return row0 + i < s.rows ? s.start_of(row0 + i, kv_head, ld_row) : int64_t{-1}; };
    };
    if (row0 < row_end) {
      copy_rows_later<kTile, kWidth, kThreads>(queries, stage * kWords, q, D, at(s.ldq));
      copy_rows_later<kTile, kWidth, kThreads>(grads, stage * kWords, dout, D, at(s.ldo));
    }
    close_copies();
  };
  // What a row's softmax was: a thread has one of its terms.
  static_assert(kThreads >= 4 * kTile);
  const auto term_of = [&](int row0) {
    const int which = thread_x() / kTile, row = row0 + thread_x() % kTile;
    if (which >= 2) {
      const KeySpan span = s.keys_of(row);
      return bits_to_float(static_cast<uint32_t>(which == 2 ? span.low : span.high));
    }
    if (row >= s.rows) return 0.0f;
    const float value = ld(which == 0 ? logsumexp : delta, s.number_of(row, kv_head));
    return which == 0 ? in_powers(value) : value;
  };
  const auto store_terms = [&](int stage, float term) {
    if (thread_x() < 4 * kTile) st(terms, stage * 4 * kTile + thread_x(), term);
  };
  const auto key_of_term = [&](int at) { return static_cast<int>(float_to_bits(ld(terms, at))); };

  // The values of the block stay in shared memory.
  SW_UNROLL
  for (int j = 0; j < kOwn; j += kTile)
    copy_rows_later<kTile, kWidth, kThreads>(values, j * kRowWords<kWidth>, v, D, [&](int i) {
      const int key = first + j + i;
      return key < s.keys ? static_cast<int64_t>(key) * s.ldv + kv_head * D : int64_t{-1};
    });
  int rows[kStages];  // where the tiles begin, the one that is used first
  float term = 0.0f;  // of the tile before the last of them: the others are in shared memory
  SW_UNROLL
  for (int i = 0; i + 1 < kStages; ++i) {
    rows[i] = next_tile(s, i == 0 ? begin : rows[i - 1] + kTile, row_end, first, last);
    fetch(rows[i], i);
    if (i > 0) store_terms(i - 1, term);
    term = rows[i] < row_end ? term_of(rows[i]) : 0.0f;
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
    const int behind = (stage + kStages - 1) % kStages, before = (stage + kStages - 2) % kStages;
    open_copies<kStages - 2>();
    store_terms(before, term);
    sync_block();
    fetch(rows[kStages - 1], behind);
    if (rows[kStages - 1] < row_end) term = term_of(rows[kStages - 1]);
    // Whether the tile after the last sees any of the keys: its first keys are on their way during the products.
    const int candidate = rows[kStages - 1] + kTile;
    const KeySpan span = s.keys_of(candidate + lane % kTile);
    const int now = stage * kWords, at = stage * 4 * kTile;
    const int low = key_of_term(at + 2 * kTile + lane % 16), high = key_of_term(at + 3 * kTile + lane % 16);
    if (ballot(low <= key0 + 15 && high >= key0) != 0) {
      float p[2][4], ds[2][4];
      clear(p);
      clear(ds);
      SW_UNROLL
      for (int step = 0; step < kSteps; ++step) {
        uint32_t a[4], b[4];
        ld_rows_across<kWidth>(queries + now, 0, step, b);
        two_products(p[0], p[1], key_rows[step], b);
        ld_left<kWidth>(values, warp * 16, step, a);
        ld_rows_across<kWidth>(grads + now, 0, step, b);
        two_products(ds[0], ds[1], a, b);
      }
      const bool partly = ballot(low > key0 || high < key0 + 15) != 0;
      const auto all_pairs = [&](auto hidden) {
        SW_UNROLL
        for (int j = 0; j < 2; ++j) {
          const int row = at + j * 8 + lane % 4 * 2;
          const float2 logs = ld2(terms, row), deltas = ld2(terms, row + kTile);
          SW_UNROLL
          for (int i = 0; i < 4; ++i)
            pair_gradient<kCap>(s, hidden(key0 + lane / 4 + i / 2 * 8, row + i % 2), i % 2 ? logs.y : logs.x,
                                i % 2 ? deltas.y : deltas.x, p[j][i], ds[j][i]);
        }
      };
      if (partly) {
        all_pairs(
            [&](int key, int row) { return key < key_of_term(row + 2 * kTile) || key > key_of_term(row + 3 * kTile); });
      } else {
        all_pairs([](int, int) { return false; });
      }
      uint32_t by_value[4], by_key[4];
      to_left(p[0], p[1], by_value);
      to_left(ds[0], ds[1], by_key);
      SW_UNROLL
      for (int c = 0; c < kColumns; c += 2) {
        uint32_t b[4];
        ld_rows_down<kWidth>(grads + now, 0, c, b);
        two_products(sum_v[c], sum_v[c + 1], by_value, b);
        ld_rows_down<kWidth>(queries + now, 0, c, b);
        two_products(sum_k[c], sum_k[c + 1], by_key, b);
      }
    }
    SW_UNROLL
    for (int i = 0; i + 1 < kStages; ++i) rows[i] = rows[i + 1];
    const bool sees = ballot(span.low <= last && span.high >= first) != 0;
    rows[kStages - 1] =
        sees || candidate >= row_end ? candidate : next_tile(s, candidate + kTile, row_end, first, last);
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
void launch(void* stream, const AttentionSpec& s, const GradientRows& to, const Rounded& of, const float* logsumexp,
            const float* delta, float* dq, float* dk, float* dv) {
  constexpr int kRows = 16 * kQueryWarps<kWidth>, kKeys = 16 * kKeyWarps;
  const int64_t rows = s.queries * (s.heads / s.kv_heads);
  const FastAttention d = to_fast(s);
  SW_LAUNCH((fast_dq_kernel<kWidth, kCap>),
            dim3(static_cast<unsigned>((rows + kRows - 1) / kRows), static_cast<unsigned>(s.kv_heads)),
            dim3(kWarp * kQueryWarps<kWidth>), stream, d, to, of.q, of.k, of.v, logsumexp, of.dout, delta, dq);
  SW_LAUNCH((fast_dkv_kernel<kWidth, kCap>),
            dim3(static_cast<unsigned>((s.keys + kKeys - 1) / kKeys), static_cast<unsigned>(s.kv_heads)),
            dim3(kWarp * kKeyWarps), stream, d, to, of.q, of.k, of.v, logsumexp, of.dout, delta, dk, dv);
}

}  // namespace

int64_t attention_backward_rounded(const AttentionSpec& s) {
  if (!suits_fast(s)) return 0;
  return 2 * s.head_dim * (s.queries * s.heads + s.keys * s.kv_heads);
}

bool attention_backward_fast(void* stream, const AttentionSpec& s, const float* q, const float* k, const float* v,
                             const float* logsumexp, const float* dout, const float* delta, float* dq, float* dk,
                             float* dv, uint16_t* rounded) {
  if (!suits_fast(s) || !lie_in_fours({q, k, v, dout, dq, dk, dv, rounded})) return false;
  const int64_t width = int64_t{s.heads} * s.head_dim, kv_width = int64_t{s.kv_heads} * s.head_dim;
  const auto round = [&](const float* from, int64_t ld, int64_t count, int64_t columns) {
    uint16_t* to = rounded;
    rounded += count * columns;
    to_bf16(stream, from, ld, count, columns, to);
    return to;
  };
  const Rounded of{round(q, s.ldq, s.queries, width), round(k, s.ldk, s.keys, kv_width),
                   round(v, s.ldv, s.keys, kv_width), round(dout, s.ldo, s.queries, width)};
  const GradientRows to{static_cast<int>(s.ldq), static_cast<int>(s.ldk), static_cast<int>(s.ldv)};
  AttentionSpec tight = s;
  tight.ldq = tight.ldo = width;
  tight.ldk = tight.ldv = kv_width;
  const auto run = s.softcap > 0.0f ? (s.head_dim <= 64 ? launch<64, true> : launch<128, true>)
                                    : (s.head_dim <= 64 ? launch<64, false> : launch<128, false>);
  run(stream, tight, to, of, logsumexp, delta, dq, dk, dv);
  return true;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
