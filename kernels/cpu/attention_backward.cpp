#include <algorithm>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/attention_blocks.h"

namespace scalewright::kernels::cpu {
namespace {

struct Tensors {
  const float *q, *k, *v, *out, *logsumexp, *dout;
  float *dq, *dk, *dv;
};

// One thread's view of the work: a block of queries against a block of keys, for one head.
class BlockPair {
 public:
  BlockPair(const CpuContext& context, const AttentionSpec& s, const Tensors& t, float* memory)
      : s_(s),
        t_(t),
        kernels_(gemm_kernels(context.isa)),
        rows_(row_kernels(context.isa)),
        dim_(s.head_dim),
        width_(padded_dim(dim_)) {
    float** blocks[] = {&keys_, &keys_t_, &values_, &values_t_, &queries_, &douts_, &dk_, &dv_, &dq_};
    for (float** block : blocks) {
      *block = memory;
      memory += kBlock * width_;
    }
    p_ = memory;
    ds_ = p_ + kBlock * kBlock;
    delta_ = ds_ + kBlock * kBlock;
  }

  void load_keys(int kv, int64_t key) {
    key_ = key;
    keys_count_ = std::min(kBlock, s_.keys - key);
    gather_head(rows_, t_.k + key * s_.ldk + kv * dim_, false, s_.ldk, keys_count_, dim_, keys_);
    gather_head(rows_, t_.v + key * s_.ldv + kv * dim_, false, s_.ldv, keys_count_, dim_, values_);
    transpose_head(kernels_, keys_, keys_count_, dim_, keys_t_);
    transpose_head(kernels_, values_, keys_count_, dim_, values_t_);
  }
  // The block of queries at `query`, their output gradients, and delta = sum_d dout * out of each.
  void load_queries(int head, int64_t query, bool for_keys) {
    query_ = query;
    head_ = head;
    queries_count_ = std::min(kBlock, s_.queries - query);
    for (int64_t i = 0; i < queries_count_; ++i) {
      const int64_t at = (query + i) * s_.ldo + head * dim_;
      delta_[i] = rows_.dot(t_.dout + at, t_.out + at, dim_);
    }
    if (!for_keys) return;
    gather_head(rows_, t_.q + query * s_.ldq + head * dim_, false, s_.ldq, queries_count_, dim_, queries_);
    gather_head(rows_, t_.dout + query * s_.ldo + head * dim_, false, s_.ldo, queries_count_, dim_, douts_);
  }

  // p_ and ds_ of all tiles of queries that see any of these keys.
  void probabilities() {
    for (int64_t i = 0; i < queries_count_; i += kernels_.tile_rows) {
      const int tile = static_cast<int>(std::min<int64_t>(kernels_.tile_rows, queries_count_ - i));
      const KeyRange range = visible(s_, query_ + i, tile, key_, keys_count_);
      const int64_t first = range.empty() ? 0 : range.first / 16 * 16;
      const int64_t columns = padded_dim(range.end - first);
      multiply_rows(kernels_, tile, columns, t_.q + (query_ + i) * s_.ldq + head_ * dim_, s_.ldq, keys_t_ + first,
                    kBlock, dim_, p_ + i * kBlock + first, kBlock, false);
      multiply_rows(kernels_, tile, columns, t_.dout + (query_ + i) * s_.ldo + head_ * dim_, s_.ldo, values_t_ + first,
                    kBlock, dim_, ds_ + i * kBlock + first, kBlock, false);
      for (int64_t r = i; r < i + tile; ++r) {
        const int64_t low = std::max<int64_t>(0, s_.lowest_key(query_ + r) - key_);
        const int64_t high = std::min(keys_count_, s_.highest_key(query_ + r) + 1 - key_);
        rows_.softmax_block_gradient(p_ + r * kBlock, ds_ + r * kBlock, kBlock, low, high, s_.scale, s_.softcap,
                                     t_.logsumexp[(query_ + r) * s_.heads + head_], delta_[r]);
      }
    }
  }
  // dk_ += dS^T Q and dv_ += P^T dO, a tile of keys at a time, over the queries that can see these keys.
  void add_to_keys() {
    for (int64_t j = 0; j < keys_count_; j += kernels_.tile_rows) {
      const int tile = static_cast<int>(std::min<int64_t>(kernels_.tile_rows, keys_count_ - j));
      const int64_t first = std::max<int64_t>(0, key_ + j - s_.query_offset - query_);
      if (first >= queries_count_) continue;
      multiply_columns(kernels_, tile, width_, p_ + first * kBlock + j, kBlock, douts_ + first * width_, width_,
                       queries_count_ - first, dv_ + j * width_, width_, true);
      multiply_columns(kernels_, tile, width_, ds_ + first * kBlock + j, kBlock, queries_ + first * width_, width_,
                       queries_count_ - first, dk_ + j * width_, width_, true);
    }
  }
  // to [rows][ld] += dS K, of the columns that the head has.
  void add_to_queries(float* to, int64_t ld, int64_t columns) {
    for (int64_t i = 0; i < queries_count_; i += kernels_.tile_rows) {
      const int tile = static_cast<int>(std::min<int64_t>(kernels_.tile_rows, queries_count_ - i));
      const KeyRange range = visible(s_, query_ + i, tile, key_, keys_count_);
      if (range.empty()) continue;
      multiply_rows(kernels_, tile, columns, ds_ + i * kBlock + range.first, kBlock, keys_ + range.first * width_,
                    width_, range.end - range.first, to + i * ld, ld, true);
    }
  }

  // dk, dv of one block of keys, over all heads that share it. with_queries: dq grows on the way, which one thread may
  // do for all blocks of keys of a head in order.
  void key_block(int kv, int64_t key, bool with_queries) {
    load_keys(kv, key);
    std::fill(dk_, dk_ + keys_count_ * width_, 0.0f);
    std::fill(dv_, dv_ + keys_count_ * width_, 0.0f);
    const int group = s_.heads / s_.kv_heads;
    const int64_t first = std::max<int64_t>(0, key - s_.query_offset) / kBlock * kBlock;
    for (int head = kv * group; head < (kv + 1) * group; ++head)
      for (int64_t query = first; query < s_.queries; query += kBlock) {
        if (visible(s_, query, std::min(kBlock, s_.queries - query), key, keys_count_).empty()) continue;
        load_queries(head, query, true);
        probabilities();
        add_to_keys();
        if (with_queries) add_to_queries(t_.dq + query * s_.ldq + head * dim_, s_.ldq, dim_);
      }
    for (int64_t j = 0; j < keys_count_; ++j) {
      std::copy_n(dk_ + j * width_, dim_, t_.dk + (key + j) * s_.ldk + kv * dim_);
      std::copy_n(dv_ + j * width_, dim_, t_.dv + (key + j) * s_.ldv + kv * dim_);
    }
  }
  // dq of one block of queries of one head, the probabilities made anew.
  void query_block(int head, int64_t query) {
    const int kv = head / (s_.heads / s_.kv_heads);
    load_queries(head, query, false);
    std::fill(dq_, dq_ + queries_count_ * width_, 0.0f);
    const KeyRange seen = visible(s_, query, queries_count_, 0, s_.keys);
    for (int64_t key = seen.first / kBlock * kBlock; key < seen.end; key += kBlock) {
      load_keys(kv, key);
      probabilities();
      add_to_queries(dq_, width_, width_);
    }
    for (int64_t i = 0; i < queries_count_; ++i)
      std::copy_n(dq_ + i * width_, dim_, t_.dq + (query + i) * s_.ldq + head * dim_);
  }
  // Everything of one key head.
  void whole_head(int kv) {
    const int64_t wide = static_cast<int64_t>(s_.heads / s_.kv_heads) * dim_;
    for (int64_t t = 0; t < s_.queries; ++t) std::fill_n(t_.dq + t * s_.ldq + kv * wide, wide, 0.0f);
    for (int64_t key = 0; key < s_.keys; key += kBlock) key_block(kv, key, true);
  }

 private:
  const AttentionSpec& s_;
  const Tensors& t_;
  const GemmKernels& kernels_;
  const RowKernels& rows_;
  int64_t dim_, width_;
  int64_t key_ = 0, keys_count_ = 0, query_ = 0, queries_count_ = 0;
  int head_ = 0;
  float *keys_, *keys_t_, *values_, *values_t_, *queries_, *douts_, *dk_, *dv_, *dq_, *p_, *ds_, *delta_;
};

}  // namespace

void attention_backward(const CpuContext& context, const AttentionSpec& s, const float* q, const float* k,
                        const float* v, const float* out, const float* logsumexp, const float* dout, float* dq,
                        float* dk, float* dv) {
  const Tensors tensors{q, k, v, out, logsumexp, dout, dq, dk, dv};
  const int threads = context.pool->threads();
  // As many key heads as share out evenly are done whole, by one thread each. The rest is cut into blocks of keys (dk,
  // dv) and blocks of queries (dq): the scores are made twice there, but nothing is written by two threads.
  const int64_t whole = s.kv_heads / threads * threads, rest = s.kv_heads - whole;
  const int64_t group = s.heads / s.kv_heads;
  const int64_t key_blocks = (s.keys + kBlock - 1) / kBlock, query_blocks = (s.queries + kBlock - 1) / kBlock;
  const int64_t key_items = rest * key_blocks, query_items = rest * group * query_blocks;
  context.pool->parallel_pieces(whole + key_items + query_items, 1, [&](int thread, int64_t begin, int64_t end) {
    BlockPair pair(context, s, tensors, context.scratch(thread));
    for (int64_t i = begin; i < end; ++i) {
      int64_t item = i;
      if (item < whole) {
        pair.whole_head(static_cast<int>(item));
        continue;
      }
      item -= whole;
      if (item < key_items) {
        pair.key_block(static_cast<int>(whole + item / key_blocks), item % key_blocks * kBlock, false);
        continue;
      }
      item -= key_items;
      // The last queries see the most keys: they go first, so that the threads end together.
      pair.query_block(static_cast<int>(whole * group + item % (rest * group)),
                       (query_blocks - 1 - item / (rest * group)) * kBlock);
    }
  });
}

}  // namespace scalewright::kernels::cpu
