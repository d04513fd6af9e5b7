// Attention forward on the tensor cores. A warp has 16 rows, their queries and sums in registers; the block's keys and
// values go through shared memory, the next tile on its way while products of this one run.

#include "kernels/cuda/attention_fast.h"
#include "kernels/cuda/attention_fast_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

// Of heads up to kWidth: warps of a block, and keys of a tile, so that two of keys and two of values fit 48 KB.
template <int kWidth>
constexpr int kBlockWarps = kWidth > 64 ? 8 : 4;
template <int kWidth>
constexpr int kTileKeys = 32;
template <int kWidth>
constexpr int kBlocks = kWidth > 64 ? 1 : 3;  // that should fit a processor

// Scores of 16 rows become probabilities up to a factor a row; what was summed before fades by fade[row].
template <int kTiles>
SW_DEVICE void soften(float (&score)[kTiles][4], float factor, float (&most)[2], float (&total)[2], float (&fade)[2]) {
  SW_UNROLL
  for (int r = 0; r < 2; ++r) {
    float now = most[r];
    SW_UNROLL
    for (int j = 0; j < kTiles; ++j) now = fmaxf(now, fmaxf(score[j][r * 2], score[j][r * 2 + 1]));
    now = fmaxf(now, shuffle_xor(now, 1));
    now = fmaxf(now, shuffle_xor(now, 2));
    const float shift = now == -INFINITY ? 0.0f : now * factor;
    fade[r] = power_of_two(fmaf(most[r], factor, -shift));
    most[r] = now;
    total[r] *= fade[r];
    SW_UNROLL
    for (int j = 0; j < kTiles; ++j) {
      SW_UNROLL
      for (int i = r * 2; i < r * 2 + 2; ++i) {
        score[j][i] = power_of_two(fmaf(score[j][i], factor, -shift));
        total[r] += score[j][i];
      }
    }
  }
}

// grid: tiles of rows, the last first (they see most keys), and heads of keys.
template <int kWidth, bool kCap, class T>
SW_KERNEL_BLOCKS(32 * kBlockWarps<kWidth>, kBlocks<kWidth>, fast_attention_kernel)
(FastAttention s, Global<const float> q, Global<const T> k, Global<const T> v, Global<float> out,
 Global<float> logsumexp) {
  constexpr int kThreads = kWarp * kBlockWarps<kWidth>, kRows = 16 * kBlockWarps<kWidth>, kKeys = kTileKeys<kWidth>;
  constexpr int kSteps = kWidth / 16, kColumns = kWidth / 8, kTiles = kKeys / 8, kWords = kKeys * kRowWords<kWidth>;
  SW_SHARED(uint32_t, keys, 2 * kWords);
  SW_SHARED(uint32_t, values, 2 * kWords);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = block_y();
  const int row0 = (grid_dim_x() - 1 - block_x()) * kRows;
  const KeySpan all = keys_of_rows(s, row0, kRows);
  KeySpan seen[2];
  int64_t from[2], to[2];
  SW_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int row = row0 + warp * 16 + lane / 4 + r * 8;
    const bool real = row < s.rows;
    seen[r] = s.keys_of(row);
    from[r] = real ? s.start_of(row, kv_head, s.ldq) : -1;
    to[r] = real ? s.start_of(row, kv_head, s.ldo) : -1;
  }
  // Keys that one row of the warp sees, and those that all of them see.
  const int some_low = warp_least(seen[0].low < seen[1].low ? seen[0].low : seen[1].low);
  const int some_high = warp_most(seen[0].high > seen[1].high ? seen[0].high : seen[1].high);
  const int every_low = warp_most(seen[0].low > seen[1].low ? seen[0].low : seen[1].low);
  const int every_high = warp_least(seen[0].high < seen[1].high ? seen[0].high : seen[1].high);
  uint32_t query[kSteps][4];
  load_left(q, from, D, query);
  float sum[kColumns][4], most[2] = {-INFINITY, -INFINITY}, total[2] = {0.0f, 0.0f};
  SW_UNROLL
  for (int c = 0; c < kColumns; ++c) {
    SW_UNROLL
    for (int i = 0; i < 4; ++i) sum[c][i] = 0.0f;
  }

  Transit<kKeys, kWidth, kThreads, T> transit;
  const auto fetch = [&](Global<const T> p, int ld_row, int key0) {
    transit.load(p, D, [&](int j) {
      return key0 + j <= all.high ? static_cast<int64_t>(key0 + j) * ld_row + kv_head * D : int64_t{-1};
    });
  };
  if (!all.empty()) {
    fetch(k, s.ldk, all.low);
    transit.store(keys);
    fetch(v, s.ldv, all.low);
    transit.store(values);
  }
  sync_block();
  for (int key0 = all.low, now = 0; key0 <= all.high; key0 += kKeys, now = kWords - now) {
    const bool more = key0 + kKeys <= all.high;
    const bool wanted = key0 <= some_high && key0 + kKeys > some_low;
    float score[kTiles][4];
    if (more) fetch(k, s.ldk, key0 + kKeys);
    if (wanted) {
      SW_UNROLL
      for (int j = 0; j < kTiles; ++j) {
        SW_UNROLL
        for (int i = 0; i < 4; ++i) score[j][i] = 0.0f;
      }
      SW_UNROLL
      for (int step = 0; step < kSteps; ++step) {
        SW_UNROLL
        for (int j = 0; j < kTiles; j += 2) {
          uint32_t b[4];
          ld_rows_across<kWidth>(keys + now, j * 8, step, b);
          two_products(score[j], score[j + 1], query[step], b);
        }
      }
    }
    if (more) transit.store(keys + (kWords - now));
    if (more) fetch(v, s.ldv, key0 + kKeys);
    if (wanted) {
      if constexpr (kCap) {
        SW_UNROLL
        for (int j = 0; j < kTiles; ++j) {
          SW_UNROLL
          for (int i = 0; i < 4; ++i) score[j][i] = s.capped(score[j][i]);
        }
      }
      if (key0 < every_low || key0 + kKeys - 1 > every_high) {
        SW_UNROLL
        for (int j = 0; j < kTiles; ++j) {
          SW_UNROLL
          for (int i = 0; i < 4; ++i) {
            const int key = key0 + j * 8 + lane % 4 * 2 + i % 2;
            if (key < seen[i / 2].low || key > seen[i / 2].high) score[j][i] = -INFINITY;
          }
        }
      }
      float fade[2];
      soften(score, s.factor<kCap>(), most, total, fade);
      if (ballot(fade[0] != 1.0f || fade[1] != 1.0f) != 0) {
        SW_UNROLL
        for (int c = 0; c < kColumns; ++c) {
          SW_UNROLL
          for (int i = 0; i < 4; ++i) sum[c][i] *= fade[i / 2];
        }
      }
      SW_UNROLL
      for (int step = 0; step < kKeys / 16; ++step) {
        uint32_t p[4];
        to_left(score[step * 2], score[step * 2 + 1], p);
        SW_UNROLL
        for (int c = 0; c < kColumns; c += 2) {
          uint32_t b[4];
          ld_rows_down<kWidth>(values + now, step * 16, c, b);
          two_products(sum[c], sum[c + 1], p, b);
        }
      }
    }
    if (more) transit.store(values + (kWords - now));
    sync_block();
  }

  float part[2];
  SW_UNROLL
  for (int r = 0; r < 2; ++r) {
    total[r] += shuffle_xor(total[r], 1);
    total[r] += shuffle_xor(total[r], 2);
    part[r] = total[r] > 0.0f ? 1.0f / total[r] : total[r];
    if (!logsumexp || lane % 4 != 0 || to[r] < 0) continue;
    const float sum_log = (most[r] * s.factor<kCap>() + log2f(total[r])) * kLn2;
    st(logsumexp, s.number_of(row0 + warp * 16 + lane / 4 + r * 8, kv_head), total[r] == 0.0f ? -INFINITY : sum_log);
  }
  store_rows(sum, part, to, D, out);
}

template <int kWidth, bool kCap, class T>
void launch(void* stream, const AttentionSpec& s, const float* q, const void* k, const void* v, float* out,
            float* logsumexp) {
  constexpr int kRows = 16 * kBlockWarps<kWidth>;
  const int64_t rows = s.queries * (s.heads / s.kv_heads);
  SW_LAUNCH((fast_attention_kernel<kWidth, kCap, T>),
            dim3(static_cast<unsigned>((rows + kRows - 1) / kRows), static_cast<unsigned>(s.kv_heads)),
            dim3(kWarp * kBlockWarps<kWidth>), stream, to_fast(s), q, static_cast<const T*>(k),
            static_cast<const T*>(v), out, logsumexp);
}

}  // namespace

bool attention_fast(void* stream, const AttentionSpec& s, const float* q, const void* k, const void* v, float* out,
                    float* logsumexp) {
  if (!suits_fast(s) || !lie_in_fours({q, k, v, out})) return false;
  const auto choose = [&]<bool kCap>() {
    if (s.head_dim <= 64) return s.half_kv ? launch<64, kCap, uint16_t> : launch<64, kCap, float>;
    return s.half_kv ? launch<128, kCap, uint16_t> : launch<128, kCap, float>;
  };
  const auto run = s.softcap > 0.0f ? choose.template operator()<true>() : choose.template operator()<false>();
  run(stream, s, q, k, v, out, logsumexp);
  return true;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
