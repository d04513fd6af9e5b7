// Attention forward on the tensor cores. A warp has 16 rows, their queries and sums in registers; the block's keys and
// values, in bf16 or in halves, go through shared memory, values on their way while scores are made, the next keys
// while values are summed.

#include "kernels/cuda/attention_fast.h"
#include "kernels/cuda/attention_fast_device.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kBlockWarps = 4, kTileKeys = 64;
template <int kWidth>
constexpr int kBlocks = kWidth > 64 ? 2 : 3;  // that should fit a processor

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

// grid: tiles of rows, the last first (they see most keys), heads of keys side by side.
template <int kWidth, bool kCap, bool kHalves>
SW_KERNEL_BLOCKS(32 * kBlockWarps, kBlocks<kWidth>, fast_attention_kernel)
(FastAttention s, Global<const float> q, Global<const uint16_t> k, Global<const uint16_t> v, Global<float> out,
 Global<float> logsumexp) {
  constexpr int kThreads = kWarp * kBlockWarps, kRows = 16 * kBlockWarps, kKeys = kTileKeys;
  constexpr int kSteps = kWidth / 16, kColumns = kWidth / 8, kTiles = kKeys / 8, kWords = kKeys * kRowWords<kWidth>;
  SW_SHARED(uint32_t, keys, kWords);
  SW_SHARED(uint32_t, values, kWords);
  const int lane = thread_x() % kWarp, warp = thread_x() / kWarp, D = s.head_dim, kv_head = s.head_of_block();
  const int row0 = (s.tiles() - 1 - s.tile_of_block()) * kRows;
  const KeySpan all = keys_of_rows(s, row0, kRows);
  // On their way to where nobody reads any more; keys after the last are zeros.
  const KeyTiles<kKeys, kWidth, kThreads> key_tiles(k, s.ldk, D, kv_head, all.high + 1),
      value_tiles(v, s.ldv, D, kv_head, all.high + 1);
  const auto fetch = [&](const auto& tiles, Shared<uint32_t> to, int key0) {
    tiles.copy_later(key0, to, 0);
    close_copies();
  };
  const auto arrived = [&](Shared<uint32_t> tile) {
    open_copies<0>();
    if constexpr (kHalves) halves_to_bf16<kKeys, kWidth, kThreads>(tile, 0);
    sync_block();
  };
  fetch(key_tiles, keys, all.low);
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

  for (int key0 = all.low; key0 <= all.high; key0 += kKeys) {
    const bool sees = key0 <= some_high && key0 + kKeys > some_low;
    arrived(keys);
    fetch(value_tiles, values, key0);
    uint32_t p[kKeys / 16][4];
    if (sees) {
      float score[kTiles][4];
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
          ld_rows_across<kWidth>(keys, j * 8, step, b);
          two_products(score[j], score[j + 1], query[step], b);
        }
      }
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
      for (int step = 0; step < kKeys / 16; ++step) to_left(score[step * 2], score[step * 2 + 1], p[step]);
    }
    arrived(values);
    fetch(key_tiles, keys, key0 + kKeys);
    if (!sees) continue;
    SW_UNROLL
    for (int step = 0; step < kKeys / 16; ++step) {
      SW_UNROLL
      for (int c = 0; c < kColumns; c += 2) {
        uint32_t b[4];
        ld_rows_down<kWidth>(values, step * 16, c, b);
        two_products(sum[c], sum[c + 1], p[step], b);
      }
    }
  }
  open_copies<0>();

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

template <int kWidth, bool kCap, bool kHalves>
void launch(void* stream, const AttentionSpec& s, const float* q, const uint16_t* k, const uint16_t* v, float* out,
            float* logsumexp) {
  constexpr int kRows = 16 * kBlockWarps;
  const int64_t rows = s.queries * (s.heads / s.kv_heads);
  SW_LAUNCH((fast_attention_kernel<kWidth, kCap, kHalves>),
            dim3(static_cast<unsigned>((rows + kRows - 1) / kRows * s.kv_heads)), dim3(kWarp * kBlockWarps), stream,
            to_fast(s), q, k, v, out, logsumexp);
}

}  // namespace

int64_t attention_rounded(const AttentionSpec& s) {
  return suits_fast(s) && !s.half_kv ? 2 * s.head_dim * s.keys * s.kv_heads : 0;
}

bool attention_fast(void* stream, const AttentionSpec& s, const float* q, const void* k, const void* v, float* out,
                    float* logsumexp, uint16_t* rounded) {
  if (!suits_fast(s) || !lie_in_fours({q, k, v, out})) return false;
  AttentionSpec as_given = s;
  auto *keys = static_cast<const uint16_t*>(k), *values = static_cast<const uint16_t*>(v);
  if (s.half_kv) {
    if ((s.ldk | s.ldv) % 8 != 0) return false;
  } else {
    const int64_t width = int64_t{s.kv_heads} * s.head_dim;
    to_bf16(stream, static_cast<const float*>(k), s.ldk, s.keys, width, rounded);
    to_bf16(stream, static_cast<const float*>(v), s.ldv, s.keys, width, rounded + s.keys * width);
    keys = rounded;
    values = rounded + s.keys * width;
    as_given.ldk = as_given.ldv = width;
  }
  const auto choose = [&]<bool kCap>() {
    if (s.head_dim <= 64) return s.half_kv ? launch<64, kCap, true> : launch<64, kCap, false>;
    return s.half_kv ? launch<128, kCap, true> : launch<128, kCap, false>;
  };
  const auto run = s.softcap > 0.0f ? choose.template operator()<true>() : choose.template operator()<false>();
  run(stream, as_given, q, keys, values, out, logsumexp);
  return true;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
