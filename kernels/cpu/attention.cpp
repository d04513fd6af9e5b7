#include "kernels/cpu/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/attention_blocks.h"
#include "kernels/cpu/pair_kernels.h"

namespace scalewright::kernels::cpu {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr int64_t kFewQueries = 4;  // up to here a query at a time is faster than tiles of six
constexpr int64_t kKeyPieces = 16;  // most pieces that the keys of few queries are split into
constexpr int64_t kSmallestPiece = 256;
constexpr int64_t kLongestRun = 256;  // keys of a piece that are taken at once, at most
constexpr int kHeadsAtOnce = 12;      // of those that share keys

const void* kv_row(const AttentionSpec& s, const void* data, int64_t ld, int64_t key, int kv_head) {
  const int64_t at = key * ld + static_cast<int64_t>(kv_head) * s.head_dim;
  return s.half_kv ? static_cast<const void*>(static_cast<const uint16_t*>(data) + at)
                   : static_cast<const void*>(static_cast<const float*>(data) + at);
}

// ---- few queries: the keys are split into pieces, each gives a maximum, a sum and an output, which are then joined in
// order

struct Pieces {
  int64_t first = 0, length = 0, count = 0;
};

Pieces split_keys(const AttentionSpec& s) {
  const KeyRange seen = visible(s, 0, s.queries, 0, s.keys);
  Pieces pieces;
  if (seen.empty()) return pieces;
  const int64_t keys = seen.end - seen.first;
  pieces.first = seen.first;
  pieces.length = std::max(kSmallestPiece, (keys + kKeyPieces - 1) / kKeyPieces);
  pieces.count = (keys + pieces.length - 1) / pieces.length;
  return pieces;
}

void forward_few(const CpuContext& context, const AttentionSpec& s, const float* q, const void* k, const void* v,
                 float* out, float* logsumexp) {
  const RowKernels& rows = row_kernels(context.isa);
  const int group = s.heads / s.kv_heads;
  const int64_t entry = s.head_dim + 2, dim = s.head_dim;  // output, maximum, sum
  const int64_t run = std::min(kLongestRun, keys_ahead(dim, s.half_kv));
  const Pieces pieces = split_keys(s);
  float* partial = context.shared();  // [pieces][queries][heads][entry]
  // A thread takes all heads of a piece of keys, run after run, so that it reads the cache from end to end; where there
  // are too few pieces for the threads, some of the heads.
  const int64_t wanted = (2 * context.pool->threads() + pieces.count - 1) / std::max<int64_t>(pieces.count, 1);
  const int64_t parts = std::clamp<int64_t>(wanted, 1, s.kv_heads);
  context.pool->parallel_pieces(pieces.count * parts, 1, [&](int thread, int64_t begin_item, int64_t end_item) {
    float* scores = context.scratch(thread);
    for (int64_t item = begin_item; item < end_item; ++item) {
      const int64_t piece = item / parts, part = item % parts, key0 = pieces.first + piece * pieces.length;
      const int kv_begin = static_cast<int>(part * s.kv_heads / parts),
                kv_end = static_cast<int>((part + 1) * s.kv_heads / parts);
      for (int64_t t = 0; t < s.queries; ++t) {
        float* to = partial + (piece * s.queries + t) * s.heads * entry;
        for (int h = kv_begin * group; h < kv_end * group; ++h) {
          std::fill(to + h * entry, to + h * entry + dim, 0.0f);
          to[h * entry + dim] = kMinusInfinity;
          to[h * entry + dim + 1] = 0.0f;
        }
        const int64_t begin = std::max(key0, s.lowest_key(t)),
                      end = std::min(key0 + pieces.length, s.highest_key(t) + 1);
        // Maximum and sum carry over from run to run.
        for (int64_t key = begin; key < end; key += run)
          for (int kv = kv_begin; kv < kv_end; ++kv)
            for (int h0 = 0; h0 < group; h0 += kHeadsAtOnce) {
              const int64_t count = std::min(run, end - key);
              const int heads = std::min(kHeadsAtOnce, group - h0);
              float* first = to + (kv * group + h0) * entry;
              rows.score_keys(q + t * s.ldq + (kv * group + h0) * dim, heads, kv_row(s, k, s.ldk, key, kv), s.ldk,
                              s.half_kv, count, dim, scores, kLongestRun);
              for (int h = 0; h < heads; ++h) {
                float* out_h = first + h * entry;
                const float correction = rows.softmax_block(scores + h * kLongestRun, count, 0, count, s.scale,
                                                            s.softcap, out_h + dim, out_h + dim + 1);
                if (correction != 1.0f) rows.scale(out_h, dim, correction);
              }
              rows.sum_values(scores, kLongestRun, heads, kv_row(s, v, s.ldv, key, kv), s.ldv, s.half_kv, count, dim,
                              first, entry);
            }
      }
    }
  });
  for (int64_t t = 0; t < s.queries; ++t)
    for (int head = 0; head < s.heads; ++head) {
      float largest = kMinusInfinity, sum = 0.0f;
      for (int64_t p = 0; p < pieces.count; ++p)
        largest = std::max(largest, partial[((p * s.queries + t) * s.heads + head) * entry + dim]);
      float* to = out + t * s.ldo + static_cast<int64_t>(head) * dim;
      std::fill(to, to + dim, 0.0f);
      for (int64_t p = 0; p < pieces.count; ++p) {
        const float* from = partial + ((p * s.queries + t) * s.heads + head) * entry;
        if (from[dim + 1] == 0.0f) continue;
        const float factor = std::exp(from[dim] - largest);
        sum += from[dim + 1] * factor;
        for (int64_t d = 0; d < dim; ++d) to[d] += from[d] * factor;
      }
      if (sum != 0.0f) rows.scale(to, dim, 1.0f / sum);
      if (logsumexp) logsumexp[t * s.heads + head] = sum != 0.0f ? largest + std::log(sum) : kMinusInfinity;
    }
}

// ---- many queries: one block of queries of the heads that share a key head

struct ForwardScratch {
  float *keys, *keys_t, *values, *scores, *out, *largest, *sum;
  uint32_t *queries, *probabilities;  // of pairs
};

// A block's operands as they are, in fp32.
struct Floats {
  const AttentionSpec& s;
  const GemmKernels& kernels;
  const RowKernels& rows;
  int tile_rows() const { return kernels.tile_rows; }
  static constexpr int64_t kTogether = 1;  // keys that cannot be told apart in a sum over keys

  void queries(const float*, int64_t, const ForwardScratch&) const {}
  void keys(const void* k, const void* v, int64_t count, const ForwardScratch& m) const {
    gather_head(rows, k, s.half_kv, s.ldk, count, s.head_dim, m.keys);
    transpose_head(kernels, m.keys, count, s.head_dim, m.keys_t);
    gather_head(rows, v, s.half_kv, s.ldv, count, s.head_dim, m.values);
  }
  // Scores of queries i .. i + tile - 1 of the block (q its first row) and keys j .. j + cols - 1.
  void score(int tile, const float* q, int64_t i, int64_t j, int64_t cols, const ForwardScratch& m) const {
    multiply_rows(kernels, tile, cols, q + i * s.ldq, s.ldq, m.keys_t + j, kBlock, s.head_dim,
                  m.scores + i * kBlock + j, kBlock, false);
  }
  void add_values(int tile, int64_t i, int64_t first, int64_t end, const ForwardScratch& m) const {
    const int64_t width = padded_dim(s.head_dim);
    multiply_rows(kernels, tile, width, m.scores + i * kBlock + first, kBlock, m.values + first * width, width,
                  end - first, m.out + i * width, width, true);
  }
};

// The same in pairs of bf16.
struct Pairs {
  const AttentionSpec& s;
  const GemmKernels& kernels;
  const RowKernels& rows;
  const PairKernels& pairs;
  int tile_rows() const { return pairs.tile_rows; }
  static constexpr int64_t kTogether = 2;

  void queries(const float* q, int64_t count, const ForwardScratch& m) const {
    for (int64_t i = 0; i < count; ++i) pairs.along(q + i * s.ldq, s.head_dim / 2, m.queries + i * s.head_dim / 2);
  }
  void keys(const void* k, const void* v, int64_t count, const ForwardScratch& m) const {
    const int64_t width = padded_dim(s.head_dim);
    gather_head(rows, k, s.half_kv, s.ldk, count, s.head_dim, m.values);
    auto* words = reinterpret_cast<uint32_t*>(m.keys);
    for (int64_t i = 0; i < count; ++i) pairs.along(m.values + i * width, width / 2, words + i * width / 2);
    // Words move like numbers: [count][width / 2] to [width / 2][96], zeros beyond count.
    kernels.transpose(m.keys, width / 2, count, s.head_dim / 2, m.keys_t, kBlock);
    for (int64_t p = 0; p < s.head_dim / 2 && count < kBlock; ++p)
      std::fill(m.keys_t + p * kBlock + count, m.keys_t + (p + 1) * kBlock, 0.0f);
    gather_head(rows, v, s.half_kv, s.ldv, count, s.head_dim, m.keys);
    if (count % 2 != 0) std::fill(m.keys + count * width, m.keys + (count + 1) * width, 0.0f);
    auto* woven = reinterpret_cast<uint32_t*>(m.values);
    for (int64_t i = 0; i < count; i += 2)
      pairs.across(m.keys + i * width, m.keys + (i + 1) * width, width, woven + i / 2 * width);
  }
  void multiply(int tile, int64_t cols, const uint32_t* a, int64_t lda, const float* b, int64_t ldb, int64_t k,
                float* c, int64_t ldc, bool accumulate) const {
    const auto* words = reinterpret_cast<const uint32_t*>(b);
    for (int64_t j = 0; j < cols; j += pairs.tile_cols)
      pairs.rows(tile, static_cast<int>(std::min<int64_t>(pairs.tile_cols, cols - j)), a, lda, words + j, ldb, k, c + j,
                 ldc, accumulate);
  }
  void score(int tile, const float*, int64_t i, int64_t j, int64_t cols, const ForwardScratch& m) const {
    multiply(tile, cols, m.queries + i * s.head_dim / 2, s.head_dim / 2, m.keys_t + j, kBlock, s.head_dim / 2,
             m.scores + i * kBlock + j, kBlock, false);
  }
  void add_values(int tile, int64_t i, int64_t first, int64_t end, const ForwardScratch& m) const {
    const int64_t width = padded_dim(s.head_dim), words = (end - first) / 2;
    for (int64_t r = i; r < i + tile; ++r)
      pairs.along(m.scores + r * kBlock + first, words, m.probabilities + r * kBlock / 2);
    multiply(tile, width, m.probabilities + i * kBlock / 2, kBlock / 2, m.values + first / 2 * width, width, words,
             m.out + i * width, width, true);
  }
};

template <class Operands>
void forward_block(const CpuContext& context, const AttentionSpec& s, const Operands& operands, const float* q,
                   const void* k, const void* v, float* out, float* logsumexp, int kv, int64_t t0, float* memory) {
  const RowKernels& rows = row_kernels(context.isa);
  const int group = s.heads / s.kv_heads;
  const int64_t dim = s.head_dim, width = padded_dim(dim), count = std::min(kBlock, s.queries - t0);
  ForwardScratch m;
  m.keys = memory;                       // [96][width]
  m.keys_t = m.keys + kBlock * width;    // [dim][96]
  m.values = m.keys_t + kBlock * width;  // [96][width]
  m.scores = m.values + kBlock * width;  // [96][96]
  m.out = m.scores + kBlock * kBlock;    // [96][width]
  m.largest = m.out + kBlock * width;
  m.sum = m.largest + kBlock;
  m.queries = reinterpret_cast<uint32_t*>(m.sum + kBlock);  // [96][dim / 2]
  m.probabilities = m.queries + kBlock * width / 2;         // [96][48]
  const KeyRange seen = visible(s, t0, count, 0, s.keys);
  // Heads of the group one after the other: all keys for one head, so that its output and running sums stay close.
  for (int head = kv * group; head < (kv + 1) * group; ++head) {
    const float* block = q + t0 * s.ldq + head * dim;
    operands.queries(block, count, m);
    std::fill(m.out, m.out + count * width, 0.0f);
    std::fill(m.largest, m.largest + count, kMinusInfinity);
    std::fill(m.sum, m.sum + count, 0.0f);
    for (int64_t key = seen.first / kBlock * kBlock; key < seen.end; key += kBlock) {
      const int64_t keys = std::min(kBlock, s.keys - key);
      operands.keys(kv_row(s, k, s.ldk, key, kv), kv_row(s, v, s.ldv, key, kv), keys, m);
      for (int64_t i = 0; i < count; i += operands.tile_rows()) {
        const int tile = static_cast<int>(std::min<int64_t>(operands.tile_rows(), count - i));
        const KeyRange range = visible(s, t0 + i, tile, key, keys);
        if (range.empty()) continue;
        constexpr int64_t together = Operands::kTogether;
        const int64_t j = range.first / 16 * 16, first = range.first / together * together,
                      end = (range.end + together - 1) / together * together;
        operands.score(tile, block, i, j, padded_dim(range.end - j), m);
        for (int64_t r = i; r < i + tile; ++r) {
          const int64_t low = std::max<int64_t>(0, s.lowest_key(t0 + r) - key);
          const int64_t high = std::min(keys, s.highest_key(t0 + r) + 1 - key);
          const float correction =
              rows.softmax_block(m.scores + r * kBlock, end, low, high, s.scale, s.softcap, m.largest + r, m.sum + r);
          if (correction != 1.0f) rows.scale(m.out + r * width, width, correction);
        }
        operands.add_values(tile, i, first, end, m);
      }
    }
    for (int64_t r = 0; r < count; ++r) {
      const float sum = m.sum[r];
      rows.scale(m.out + r * width, dim, sum != 0.0f ? 1.0f / sum : 0.0f);
      std::memcpy(out + (t0 + r) * s.ldo + head * dim, m.out + r * width, static_cast<size_t>(dim) * sizeof(float));
      if (logsumexp) logsumexp[(t0 + r) * s.heads + head] = sum != 0.0f ? m.largest[r] + std::log(sum) : kMinusInfinity;
    }
  }
}

}  // namespace

size_t attention_thread_bytes(int head_dim) {
  const int64_t block = kBlock * padded_dim(head_dim);
  return static_cast<size_t>(9 * block + 2 * kBlock * kBlock + 4 * kBlock) * sizeof(float);
}

size_t attention_shared_bytes(const AttentionSpec& s) {
  if (s.queries > kFewQueries) return 0;
  return static_cast<size_t>(split_keys(s).count * s.queries * s.heads * (s.head_dim + 2)) * sizeof(float);
}

void attention_forward(const CpuContext& context, const AttentionSpec& s, const float* q, const void* k, const void* v,
                       float* out, float* logsumexp) {
  if (s.queries <= kFewQueries) return forward_few(context, s, q, k, v, out, logsumexp);
  const int64_t blocks = (s.queries + kBlock - 1) / kBlock;
  // The last queries see the most keys: they go first, so that the threads end together.
  const auto all_blocks = [&](const auto& operands) {
    context.pool->parallel_pieces(blocks * s.kv_heads, 1, [&](int thread, int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item)
        forward_block(context, s, operands, q, k, v, out, logsumexp, static_cast<int>(item % s.kv_heads),
                      (blocks - 1 - item / s.kv_heads) * kBlock, context.scratch(thread));
    });
  };
  const GemmKernels& kernels = gemm_kernels(context.isa);
  const RowKernels& rows = row_kernels(context.isa);
  const PairKernels* pairs = s.fast && s.head_dim % 2 == 0 ? pair_kernels(context.isa) : nullptr;
  pairs ? all_blocks(Pairs{s, kernels, rows, *pairs}) : all_blocks(Floats{s, kernels, rows});
}

}  // namespace scalewright::kernels::cpu
