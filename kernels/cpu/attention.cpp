#include "kernels/cpu/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/attention_blocks.h"
#include "kernels/cpu/word_kernels.h"

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

constexpr int kHeadsOfBlock = 4;  // heads of a group that take a block of keys together, so that it is prepared once

struct HeadScratch {
  float *out, *largest, *sum;  // [96][width], [96], [96]
  uint32_t* queries;           // of words, [96][width / 2]
  float* query_scale;          // of words, [96]
};

struct ForwardScratch {
  float *keys, *keys_t, *values, *scores;
  uint32_t* probabilities;  // of words
  // Scales of keys, of rows of probabilities and of columns of values, and what values are multiplied with.
  float *key_scale, *probability_scale, *value_scale, *value_factor;
  HeadScratch heads[kHeadsOfBlock];
};

// A block's operands as they are, in fp32.
struct Floats {
  const AttentionSpec& s;
  const GemmKernels& kernels;
  const RowKernels& rows;
  int tile_rows() const { return kernels.tile_rows; }
  static constexpr int64_t kTogether = 1;  // keys that cannot be told apart in a sum over keys

  void queries(const float*, int64_t, const ForwardScratch&, const HeadScratch&) const {}
  void keys(const void* k, const void* v, int64_t count, const ForwardScratch& m) const {
    gather_head(rows, k, s.half_kv, s.ldk, count, s.head_dim, m.keys);
    transpose_head(kernels, m.keys, count, s.head_dim, m.keys_t);
    gather_head(rows, v, s.half_kv, s.ldv, count, s.head_dim, m.values);
  }
  // Scores of queries i .. i + tile - 1 of the block (q its first row) and keys j .. j + cols - 1.
  void score(int tile, const float* q, int64_t i, int64_t j, int64_t cols, const ForwardScratch& m,
             const HeadScratch&) const {
    multiply_rows(kernels, tile, cols, q + i * s.ldq, s.ldq, m.keys_t + j, kBlock, s.head_dim,
                  m.scores + i * kBlock + j, kBlock, false);
  }
  void add_values(int tile, int64_t i, int64_t first, int64_t end, const ForwardScratch& m,
                  const HeadScratch& h) const {
    const int64_t width = padded_dim(s.head_dim);
    multiply_rows(kernels, tile, width, m.scores + i * kBlock + first, kBlock, m.values + first * width, width,
                  end - first, h.out + i * width, width, true);
  }
};

// The same in words of 16-bit integers. A query and a key have as many bits as leave room for the sum over a head: 12.5
// for heads of 64 (a score is off by 2^-12 or so of what the largest elements make of it). A probability has 14, so
// that what is lost of many small ones beside a large one stays below a hundredth of a percent each; a value has the
// rest.
struct Words {
  const AttentionSpec& s;
  const GemmKernels& kernels;
  const RowKernels& rows;
  const WordKernels& words;
  int tile_rows() const { return words.tile_rows; }
  static constexpr int64_t kTogether = 16;
  static constexpr float kProbabilityLimit = 16383.0f;
  static constexpr float kValueLimit = 1365.0f;
  static_assert(double{kBlock} * kProbabilityLimit * kValueLimit < 0x1p31);

  float limit = std::floor(std::sqrt(2147483647.0f / static_cast<float>(padded_dim(s.head_dim)))) - 1;

  void queries(const float* q, int64_t count, const ForwardScratch& m, const HeadScratch& h) const {
    const int64_t width = padded_dim(s.head_dim);
    gather_head(rows, q, false, s.ldq, count, s.head_dim, m.keys);
    for (int64_t i = 0; i < count; ++i)
      h.query_scale[i] = words.along(m.keys + i * width, width / 2, limit, h.queries + i * width / 2);
  }
  void keys(const void* k, const void* v, int64_t count, const ForwardScratch& m) const {
    const int64_t width = padded_dim(s.head_dim), even = padded_dim(count);
    gather_head(rows, k, s.half_kv, s.ldk, count, s.head_dim, m.values);
    auto* rounded = reinterpret_cast<uint32_t*>(m.keys);
    for (int64_t i = 0; i < count; ++i)
      m.key_scale[i] = words.along(m.values + i * width, width / 2, limit, rounded + i * width / 2);
    std::fill(m.key_scale + count, m.key_scale + even, 0.0f);
    // Words move like numbers: [count][width / 2] to [width / 2][96]. Columns beyond count are scaled by 0.
    std::fill(rounded + count * width / 2, rounded + even * width / 2, 0u);
    kernels.transpose(m.keys, width / 2, even, width / 2, m.keys_t, kBlock);

    gather_head(rows, v, s.half_kv, s.ldv, count, s.head_dim, m.keys);
    std::fill(m.keys + count * width, m.keys + even * width, 0.0f);
    std::fill(m.value_scale, m.value_scale + width, 0.0f);
    for (int64_t i = 0; i < count; ++i) words.magnitudes(m.keys + i * width, width, m.value_scale);
    for (int64_t d = 0; d < width; ++d) {
      m.value_factor[d] = m.value_scale[d] < kSmallestWord ? 0.0f : kValueLimit / m.value_scale[d];
      m.value_scale[d] /= kValueLimit;
    }
    auto* woven = reinterpret_cast<uint32_t*>(m.values);
    for (int64_t i = 0; i < even; i += 2)
      words.across(m.keys + i * width, m.keys + (i + 1) * width, m.value_factor, width, woven + i / 2 * width);
  }
  void multiply(int tile, int64_t cols, const uint32_t* a, int64_t lda, const float* a_scale, const float* b,
                int64_t ldb, const float* b_scale, int64_t k, float* c, int64_t ldc, bool accumulate) const {
    const auto* in = reinterpret_cast<const uint32_t*>(b);
    for (int64_t j = 0; j < cols; j += words.tile_cols)
      words.rows(tile, static_cast<int>(std::min<int64_t>(words.tile_cols, cols - j)), a, lda, a_scale, in + j, ldb,
                 b_scale + j, k, c + j, ldc, accumulate);
  }
  void score(int tile, const float*, int64_t i, int64_t j, int64_t cols, const ForwardScratch& m,
             const HeadScratch& h) const {
    const int64_t length = padded_dim(s.head_dim) / 2;
    multiply(tile, cols, h.queries + i * length, length, h.query_scale + i, m.keys_t + j, kBlock, m.key_scale + j,
             length, m.scores + i * kBlock + j, kBlock, false);
  }
  void add_values(int tile, int64_t i, int64_t first, int64_t end, const ForwardScratch& m,
                  const HeadScratch& h) const {
    const int64_t width = padded_dim(s.head_dim), length = (end - first) / 2;
    for (int64_t r = i; r < i + tile; ++r)
      m.probability_scale[r] =
          words.along(m.scores + r * kBlock + first, length, kProbabilityLimit, m.probabilities + r * kBlock / 2);
    multiply(tile, width, m.probabilities + i * kBlock / 2, kBlock / 2, m.probability_scale + i,
             m.values + first / 2 * width, width, m.value_scale, length, h.out + i * width, width, true);
  }
};

ForwardScratch forward_scratch(float* memory, int64_t width) {
  const auto take = [&](int64_t count) {
    float* taken = memory;
    memory += count;
    return taken;
  };
  const auto take_words = [&](int64_t count) { return reinterpret_cast<uint32_t*>(take(count)); };
  ForwardScratch m;
  m.keys = take(kBlock * width);
  m.keys_t = take(kBlock * width);
  m.values = take(kBlock * width);
  m.scores = take(kBlock * kBlock);
  m.probabilities = take_words(kBlock * kBlock / 2);
  m.key_scale = take(kBlock);
  m.probability_scale = take(kBlock);
  m.value_scale = take(width);
  m.value_factor = take(width);
  for (HeadScratch& h : m.heads)
    h = {take(kBlock * width), take(kBlock), take(kBlock), take_words(kBlock * width / 2), take(kBlock)};
  return m;
}
constexpr int64_t forward_floats(int64_t width) {
  return 3 * kBlock * width + kBlock * kBlock * 3 / 2 + 2 * kBlock + 2 * width +
         kHeadsOfBlock * (kBlock * width * 3 / 2 + 3 * kBlock);
}

// Queries t0 and on of `heads` heads from `first_head` on, all of which share key head kv.
template <class Operands>
void forward_block(const CpuContext& context, const AttentionSpec& s, const Operands& operands, const float* q,
                   const void* k, const void* v, float* out, float* logsumexp, int kv, int first_head, int heads,
                   int64_t t0, float* memory) {
  const RowKernels& rows = row_kernels(context.isa);
  const int64_t dim = s.head_dim, width = padded_dim(dim), count = std::min(kBlock, s.queries - t0);
  const ForwardScratch m = forward_scratch(memory, width);
  const KeyRange seen = visible(s, t0, count, 0, s.keys);
  const float* block = q + t0 * s.ldq + first_head * dim;
  for (int head = 0; head < heads; ++head) {
    const HeadScratch& h = m.heads[head];
    operands.queries(block + head * dim, count, m, h);
    std::fill(h.out, h.out + count * width, 0.0f);
    std::fill(h.largest, h.largest + count, kMinusInfinity);
    std::fill(h.sum, h.sum + count, 0.0f);
  }
  for (int64_t key = seen.first / kBlock * kBlock; key < seen.end; key += kBlock) {
    const int64_t keys = std::min(kBlock, s.keys - key);
    operands.keys(kv_row(s, k, s.ldk, key, kv), kv_row(s, v, s.ldv, key, kv), keys, m);
    for (int head = 0; head < heads; ++head) {
      const HeadScratch& h = m.heads[head];
      for (int64_t i = 0; i < count; i += operands.tile_rows()) {
        const int tile = static_cast<int>(std::min<int64_t>(operands.tile_rows(), count - i));
        const KeyRange range = visible(s, t0 + i, tile, key, keys);
        if (range.empty()) continue;
        constexpr int64_t together = Operands::kTogether;
        const int64_t j = range.first / 16 * 16, first = range.first / together * together,
                      end = (range.end + together - 1) / together * together;
        operands.score(tile, block + head * dim, i, j, padded_dim(range.end - j), m, h);
        for (int64_t r = i; r < i + tile; ++r) {
          const int64_t low = std::max<int64_t>(0, s.lowest_key(t0 + r) - key);
          const int64_t high = std::min(keys, s.highest_key(t0 + r) + 1 - key);
          const float correction =
              rows.softmax_block(m.scores + r * kBlock, end, low, high, s.scale, s.softcap, h.largest + r, h.sum + r);
          if (correction != 1.0f) rows.scale(h.out + r * width, width, correction);
        }
        operands.add_values(tile, i, first, end, m, h);
      }
    }
  }
  for (int head = 0; head < heads; ++head) {
    const HeadScratch& h = m.heads[head];
    for (int64_t r = 0; r < count; ++r) {
      const float sum = h.sum[r];
      rows.scale(h.out + r * width, dim, sum != 0.0f ? 1.0f / sum : 0.0f);
      std::memcpy(out + (t0 + r) * s.ldo + (first_head + head) * dim, h.out + r * width,
                  static_cast<size_t>(dim) * sizeof(float));
      if (logsumexp)
        logsumexp[(t0 + r) * s.heads + first_head + head] = sum != 0.0f ? h.largest[r] + std::log(sum) : kMinusInfinity;
    }
  }
}

}  // namespace

size_t attention_thread_bytes(int head_dim) {
  const int64_t width = padded_dim(head_dim), block = kBlock * width;
  const int64_t backward = 9 * block + 2 * kBlock * kBlock + 4 * kBlock;
  return static_cast<size_t>(std::max(backward, forward_floats(width))) * sizeof(float);
}

size_t attention_shared_bytes(const AttentionSpec& s) {
  if (s.queries > kFewQueries) return 0;
  return static_cast<size_t>(split_keys(s).count * s.queries * s.heads * (s.head_dim + 2)) * sizeof(float);
}

void attention_forward(const CpuContext& context, const AttentionSpec& s, const float* q, const void* k, const void* v,
                       float* out, float* logsumexp) {
  if (s.queries <= kFewQueries) return forward_few(context, s, q, k, v, out, logsumexp);
  const int64_t blocks = (s.queries + kBlock - 1) / kBlock;
  const int group = s.heads / s.kv_heads, parts = (group + kHeadsOfBlock - 1) / kHeadsOfBlock;
  // The last queries see the most keys: they go first, so that the threads end together.
  const auto all_blocks = [&](const auto& operands) {
    context.pool->parallel_pieces(blocks * s.kv_heads * parts, 1, [&](int thread, int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) {
        const int part = static_cast<int>(item % (s.kv_heads * parts)), kv = part / parts;
        const int first = kv * group + part % parts * kHeadsOfBlock;
        forward_block(context, s, operands, q, k, v, out, logsumexp, kv, first,
                      std::min(kHeadsOfBlock, (kv + 1) * group - first),
                      (blocks - 1 - item / (s.kv_heads * parts)) * kBlock, context.scratch(thread));
      }
    });
  };
  const GemmKernels& kernels = gemm_kernels(context.isa);
  const RowKernels& rows = row_kernels(context.isa);
  const WordKernels* words = s.fast ? word_kernels(context.isa) : nullptr;
  words ? all_blocks(Words{s, kernels, rows, *words}) : all_blocks(Floats{s, kernels, rows});
}

}  // namespace scalewright::kernels::cpu
