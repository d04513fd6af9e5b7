#pragma once
// What the attention kernels on the tensor cores share. Factors are bf16; tiles of them lie in shared memory row by
// row, and a lane of a warp holds of a product's sums the rows l / 4 and l / 4 + 8, columns l % 4 * 2 and the next
// (mma_bf16).

#include "kernels/common/attention_spec.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

constexpr float kLog2E = 1.44269504f, kLn2 = 0.693147181f;
constexpr int kNoKey = 0x7fffffff;

// Keys low .. high; none when low > high.
struct KeySpan {
  int low = kNoKey, high = -1;
  SW_DEVICE bool empty() const { return low > high; }
};

// As DeviceAttention; all of it fits 32 bits (suits_fast).
struct FastAttention {
  Global<const int32_t> first;
  int rows, queries, keys, query_offset, ldq, ldk, ldv, ldo, window;
  int heads, kv_heads, group, head_dim;
  uint32_t share;  // 2^32 / group, rounded up: row / group without a division; 0 where group is 1
  float scale;
  float cap,
      cap_factor;  // of a soft cap: of scores in powers of two; of a raw product to 2 / ln 2 times the tanh's argument

  // Of a block in a grid where the heads of a tile follow each other: what takes long begins first, whatever the head.
  SW_DEVICE int head_of_block() const { return block_x() % kv_heads; }
  SW_DEVICE int tile_of_block() const { return block_x() / kv_heads; }
  SW_DEVICE int tiles() const { return grid_dim_x() / kv_heads; }

  SW_DEVICE int token_of(int row) const {
    if (share == 0) return row;
    return static_cast<int>(static_cast<uint64_t>(static_cast<uint32_t>(row)) * share >> 32);
  }
  // Of the numbers of `row`, ld_row apart a token.
  SW_DEVICE int64_t start_of(int row, int kv_head, int ld_row) const {
    const int t = token_of(row);
    return static_cast<int64_t>(t) * ld_row + (kv_head * group + row - t * group) * head_dim;
  }
  // Of the row's number among [queries, heads].
  SW_DEVICE int64_t number_of(int row, int kv_head) const {
    const int t = token_of(row);
    return static_cast<int64_t>(t) * heads + kv_head * group + row - t * group;
  }
  SW_DEVICE KeySpan keys_of_token(int t) const {
    KeySpan span;
    const int own = query_offset + t, reach = window > 0 ? own - window + 1 : 0, start = first ? ld(first, t) : 0;
    const int low = start > reach ? start : reach, high = own < keys ? own : keys - 1;
    if (low > high) return span;
    span.low = low > 0 ? low : 0;
    span.high = high;
    return span;
  }
  SW_DEVICE KeySpan keys_of(int row) const {
    KeySpan none;
    return row < rows ? keys_of_token(token_of(row)) : none;
  }
  // Of a raw product, or what the soft cap made of it, to a score in powers of two.
  template <bool kCap>
  SW_DEVICE float factor() const {
    return kCap ? cap : scale * kLog2E;
  }
  // tanh of the raw product's score over the cap.
  SW_DEVICE float capped(float product) const {
    return 1.0f - quick_quotient(2.0f, power_of_two(product * cap_factor) + 1.0f);
  }
};

inline FastAttention to_fast(const AttentionSpec& s) {
  FastAttention f;
  f.first = s.first;
  f.group = s.heads / s.kv_heads;
  f.rows = static_cast<int>(s.queries * f.group);
  f.queries = static_cast<int>(s.queries);
  f.keys = static_cast<int>(s.keys);
  f.query_offset = static_cast<int>(s.query_offset);
  f.ldq = static_cast<int>(s.ldq);
  f.ldk = static_cast<int>(s.ldk);
  f.ldv = static_cast<int>(s.ldv);
  f.ldo = static_cast<int>(s.ldo);
  f.window = static_cast<int>(s.window < s.keys ? s.window : 0);
  f.heads = s.heads;
  f.kv_heads = s.kv_heads;
  f.head_dim = s.head_dim;
  f.share = f.group == 1 ? 0 : static_cast<uint32_t>((uint64_t{1} << 32) / static_cast<uint64_t>(f.group) + 1);
  f.scale = s.scale;
  f.cap = s.softcap * kLog2E;
  f.cap_factor = s.softcap > 0.0f ? 2.0f * kLog2E * s.scale / s.softcap : 0.0f;
  return f;
}

SW_DEVICE int shuffle_xor_int(int v, int mask) {
  return static_cast<int>(float_to_bits(shuffle_xor(bits_to_float(static_cast<uint32_t>(v)), mask)));
}
SW_DEVICE int warp_least(int v) {
  SW_UNROLL
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const int other = shuffle_xor_int(v, mask);
    v = other < v ? other : v;
  }
  return v;
}
SW_DEVICE int warp_most(int v) {
  SW_UNROLL
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const int other = shuffle_xor_int(v, mask);
    v = other > v ? other : v;
  }
  return v;
}
// The keys that any of `count` rows sees; by a warp.
SW_DEVICE KeySpan keys_of_rows(const FastAttention& s, int row0, int count) {
  KeySpan all;
  const int end = row0 + count < s.rows ? row0 + count : s.rows;
  for (int t = s.token_of(row0) + thread_x() % kWarp; t * s.group < end; t += kWarp) {
    const KeySpan span = s.keys_of_token(t);
    all.low = span.low < all.low ? span.low : all.low;
    all.high = span.high > all.high ? span.high : all.high;
  }
  all.low = warp_least(all.low);
  all.high = warp_most(all.high);
  return all;
}

// Words of a row of kWidth numbers in a tile: four more than they fill, so that the same eight numbers of eight rows,
// as ld_matrices wants them, lie in different banks.
template <int kWidth>
constexpr int kRowWords = kWidth / 2 + 4;
template <int kWidth>
SW_DEVICE int tile_word(int row, int chunk) {
  return row * kRowWords<kWidth> + chunk * 4;
}
// A: rows row0 .. row0 + 15, numbers 16 step .. 16 step + 15.
template <int kWidth>
SW_DEVICE void ld_left(Shared<uint32_t> tile, int row0, int step, uint32_t (&a)[4]) {
  const int lane = thread_x() % kWarp;
  ld_matrices(tile, tile_word<kWidth>(row0 + lane % 16, step * 2 + lane / 16), a);
}
// B of two products, transposed: columns are the tile's rows row0 .. row0 + 7 (b[0], b[1]) and the eight after (b[2],
// b[3]), k its numbers 16 step .. 16 step + 15.
template <int kWidth>
SW_DEVICE void ld_rows_across(Shared<uint32_t> tile, int row0, int step, uint32_t (&b)[4]) {
  const int lane = thread_x() % kWarp;
  ld_matrices(tile, tile_word<kWidth>(row0 + lane / 16 * 8 + lane % 8, step * 2 + lane / 8 % 2), b);
}
// B of two products: k is the tile's rows row0 .. row0 + 15, columns its numbers 8 chunk .. (b[0], b[1]) and the eight
// after.
template <int kWidth>
SW_DEVICE void ld_rows_down(Shared<uint32_t> tile, int row0, int chunk, uint32_t (&b)[4]) {
  const int lane = thread_x() % kWarp;
  ld_matrices_turned(tile, tile_word<kWidth>(row0 + lane % 16, chunk + lane / 16), b);
}
SW_DEVICE void two_products(float (&first)[4], float (&second)[4], const uint32_t (&a)[4], const uint32_t (&b)[4]) {
  const uint32_t low[2] = {b[0], b[1]}, high[2] = {b[2], b[3]};
  mma_bf16(first, a, low);
  mma_bf16(second, a, high);
}
// Sums of 16 rows and 16 columns as the factor A of a product with those columns as k.
SW_DEVICE void to_left(const float (&first)[4], const float (&second)[4], uint32_t (&a)[4]) {
  a[0] = bf16_pair(first[0], first[1]);
  a[1] = bf16_pair(first[2], first[3]);
  a[2] = bf16_pair(second[0], second[1]);
  a[3] = bf16_pair(second[2], second[3]);
}

// Two rows of numbers (-1: zeros) as the factor A, straight from the card's memory: a quad reads a sector.
template <int kSteps>
SW_DEVICE void load_left(Global<const float> from, const int64_t (&start)[2], int D, uint32_t (&a)[kSteps][4]) {
  SW_UNROLL
  for (int step = 0; step < kSteps; ++step) {
    SW_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int d = step * 16 + i / 2 * 8 + thread_x() % 4 * 2;
      a[step][i] = 0;
      if (start[i % 2] < 0 || d >= D) continue;
      const float2 two = ld2(from, start[i % 2] + d);
      a[step][i] = bf16_pair(two.x, two.y);
    }
  }
}
// The same of numbers in bf16, D a multiple of 8: a quad reads a sector, and its lanes then pass on what others need.
template <int kSteps>
SW_DEVICE void load_left(Global<const uint16_t> from, const int64_t (&start)[2], int D, uint32_t (&a)[kSteps][4]) {
  const int lane = thread_x() % kWarp, p = lane % 4, source = lane - p + p / 2;
  SW_UNROLL
  for (int step = 0; step < kSteps; ++step) {
    SW_UNROLL
    for (int r = 0; r < 2; ++r) {
      const int d = step * 16 + 4 * p;
      uint2 four = {0, 0};
      if (start[r] >= 0 && d < D) four = ldg_u64(as<const uint8_t>(from), 2 * (start[r] + d));
      SW_UNROLL
      for (int half = 0; half < 2; ++half) {
        const uint32_t even = shuffle(four.x, source + 2 * half), odd = shuffle(four.y, source + 2 * half);
        a[step][r + 2 * half] = p % 2 == 0 ? even : odd;
      }
    }
  }
}
// The sums of two rows (-1: not kept) times `factor[row]`.
template <int kColumns>
SW_DEVICE void store_rows(const float (&sum)[kColumns][4], const float (&factor)[2], const int64_t (&start)[2], int D,
                          Global<float> to) {
  SW_UNROLL
  for (int r = 0; r < 2; ++r) {
    SW_UNROLL
    for (int c = 0; c < kColumns; ++c) {
      const int d = c * 8 + thread_x() % 4 * 2;
      if (start[r] < 0 || d >= D) continue;
      float2 two;
      two.x = sum[c][r * 2] * factor[r];
      two.y = sum[c][r * 2 + 1] * factor[r];
      st2(to, start[r] + d, two);
    }
  }
}

// A thread's pieces of eight numbers of 16 bits of a tile of rows: the same columns of every kStep-th row, heads of D.
template <int kRows, int kWidth, int kThreads>
struct Pieces {
  static constexpr int kAcross = kWidth / 8, kStep = kThreads / kAcross, kCount = kRows / kStep;
  static_assert(kThreads % kAcross == 0 && kRows % kStep == 0);
  int row = thread_x() / kAcross, column = thread_x() % kAcross * 8, word = tile_word<kWidth>(row, column / 8);

  // On their way to a tile at `to`, a multiple of eight being in a row: rows 0 .. left - 1 lie `pitch` bytes apart and the
  // thread's first piece of them at `from` + byte; the others are zeros.
  SW_DEVICE void copy_later(Shared<uint32_t> to, int at, Global<const uint8_t> from, int64_t byte, int64_t pitch, int D,
                            int left) const {
    SW_UNROLL
    for (int i = 0; i < kCount; ++i)
      copy_or_zero_later(to, at + word + i * kStep * kRowWords<kWidth>, from, byte + i * kStep * pitch,
                         column < D && row + i * kStep < left);
  }
};

// Rows of keys, or of their values, that a block walks over by tiles.
template <int kKeys, int kWidth, int kThreads>
struct KeyTiles {
  Pieces<kKeys, kWidth, kThreads> pieces;
  Global<const uint8_t> from;  // the thread's first piece of the tile at key 0
  int pitch, D, end;           // bytes of a row; the key after the last
  SW_DEVICE KeyTiles(Global<const uint16_t> all, int ld_row, int D_, int kv_head, int end_)
      : from(as<const uint8_t>(all) + 2 * (static_cast<int64_t>(pieces.row) * ld_row + kv_head * D_ + pieces.column)),
        pitch(2 * ld_row),
        D(D_),
        end(end_) {}
  // Nothing where key0 is not before the end.
  SW_DEVICE void copy_later(int key0, Shared<uint32_t> tiles, int word) const {
    if (key0 < end) pieces.copy_later(tiles, word, from, static_cast<int64_t>(key0) * pitch, pitch, D, end - key0);
  }
};

// Makes bf16 of the halves that the thread itself copied to a tile.
template <int kRows, int kWidth, int kThreads>
SW_DEVICE void halves_to_bf16(Shared<uint32_t> tiles, int word) {
  const Pieces<kRows, kWidth, kThreads> pieces;
  const auto pair = [](uint32_t two) { return bf16_pair(half_to_float(two & 0xffffu), half_to_float(two >> 16)); };
  SW_UNROLL
  for (int i = 0; i < pieces.kCount; ++i) {
    const int at = word + pieces.word + i * pieces.kStep * kRowWords<kWidth>;
    const uint4 halves = ld_u128(tiles, at);
    st4(tiles, at, uint4{pair(halves.x), pair(halves.y), pair(halves.z), pair(halves.w)});
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
