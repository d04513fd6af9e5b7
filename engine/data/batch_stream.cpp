#include "engine/data/batch_stream.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include "engine/core/random.h"

namespace scalewright {
namespace {

void shuffle(std::vector<int32_t>& items, SplitMix64& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

// Finds the first open row with enough room in O(log rows): a tree whose nodes hold the most room below them.
class FirstFit {
 public:
  FirstFit(size_t rows, int32_t room) : leaves_(std::bit_ceil(std::max<size_t>(rows, 1))), most_(2 * leaves_, room) {}
  size_t place(int32_t length) {
    size_t node = 1;
    while (node < leaves_) {
      node *= 2;
      if (most_[node] < length) ++node;
    }
    const size_t row = node - leaves_;
    most_[node] -= length;
    while (node > 1) {
      node /= 2;
      most_[node] = std::max(most_[2 * node], most_[2 * node + 1]);
    }
    return row;
  }

 private:
  size_t leaves_;
  std::vector<int32_t> most_;
};

}  // namespace

struct BatchStream::Impl {
  std::shared_ptr<const EncodedDataset> data;
  int64_t batch = 1, context = 1;
  uint64_t seed = 1;
  bool shuffled = false;

  std::vector<int32_t> usable;  // examples that teach something
  int64_t packed_epoch = -1;
  std::vector<int32_t> row_begin;  // [rows + 1] into row_items
  std::vector<int32_t> row_items;  // examples, row after row
  BatchCursor cursor;

  int64_t length(int32_t example) const {
    return std::min<int64_t>(static_cast<int64_t>(data->examples[static_cast<size_t>(example)].ids.size()), context);
  }

  void pack(int64_t epoch) {
    if (epoch == packed_epoch) return;
    SplitMix64 random(seed * 0x2545f4914f6cdd1du + static_cast<uint64_t>(epoch));
    std::vector<int32_t> order = usable;
    if (shuffled) shuffle(order, random);
    FirstFit fit(order.size(), static_cast<int32_t>(context));
    std::vector<int32_t> row_of(order.size());
    int32_t rows = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      row_of[i] = static_cast<int32_t>(fit.place(static_cast<int32_t>(length(order[i]))));
      rows = std::max(rows, row_of[i] + 1);
    }
    // First-fit leaves the emptier rows last; without this every epoch would end with them.
    std::vector<int32_t> place(static_cast<size_t>(rows));
    std::iota(place.begin(), place.end(), 0);
    if (shuffled) shuffle(place, random);
    row_begin.assign(static_cast<size_t>(rows) + 1, 0);
    for (int32_t& row : row_of) {
      row = place[static_cast<size_t>(row)];
      ++row_begin[static_cast<size_t>(row) + 1];
    }
    std::partial_sum(row_begin.begin(), row_begin.end(), row_begin.begin());
    row_items.resize(order.size());
    std::vector<int32_t> at(row_begin.begin(), row_begin.end() - 1);
    for (size_t i = 0; i < order.size(); ++i) {
      row_items[static_cast<size_t>(at[static_cast<size_t>(row_of[i])]++)] = order[i];
    }
    packed_epoch = epoch;
  }

  int64_t rows() const { return row_begin.empty() ? 0 : static_cast<int64_t>(row_begin.size()) - 1; }
  int64_t batches() const { return (rows() + batch - 1) / batch; }

  void fill_row(int64_t row, Batch& out, int64_t out_row) const {
    size_t at = static_cast<size_t>(out_row * context);
    const auto first = static_cast<size_t>(row_begin[static_cast<size_t>(row)]);
    const auto last = static_cast<size_t>(row_begin[static_cast<size_t>(row) + 1]);
    for (size_t item = first; item < last; ++item) {
      const EncodedExample& example = data->examples[static_cast<size_t>(row_items[item])];
      const auto count = static_cast<size_t>(length(row_items[item]));
      for (size_t t = 0; t < count; ++t, ++at) {
        out.ids[at] = example.ids[t];
        // The last token of a sample must not predict the first of its neighbour.
        out.targets[at] = t + 1 < count && example.learned[t + 1] != 0 ? example.ids[t + 1] : -100;
        out.segments[at] = static_cast<int32_t>(item - first);
        out.positions[at] = static_cast<int32_t>(t);
      }
    }
  }
};

BatchStream::BatchStream(std::shared_ptr<const EncodedDataset> data, int64_t batch, int64_t context, uint64_t seed,
                         bool shuffle)
    : impl_(std::make_unique<Impl>()) {
  impl_->data = std::move(data);
  impl_->batch = std::max<int64_t>(batch, 1);
  impl_->context = std::max<int64_t>(context, 1);
  impl_->seed = seed;
  impl_->shuffled = shuffle;
  for (size_t i = 0; i < impl_->data->examples.size(); ++i) {
    const EncodedExample& example = impl_->data->examples[i];
    const auto end = static_cast<size_t>(impl_->length(static_cast<int32_t>(i)));
    for (size_t t = 1; t < end; ++t) {
      if (example.learned[t] == 0) continue;
      impl_->usable.push_back(static_cast<int32_t>(i));
      break;
    }
  }
  impl_->pack(0);
}

BatchStream::~BatchStream() = default;

int64_t BatchStream::batches_per_epoch() const {
  return impl_->batches();
}
BatchCursor BatchStream::cursor() const {
  return impl_->cursor;
}

void BatchStream::seek(const BatchCursor& cursor) {
  impl_->cursor = cursor;
  impl_->pack(cursor.epoch);
}

void BatchStream::next(Batch& batch) {
  Impl& s = *impl_;
  const auto size = static_cast<size_t>(s.batch * s.context);
  batch.rows = s.batch;
  batch.context = s.context;
  batch.ids.assign(size, 0);
  batch.targets.assign(size, -100);
  batch.segments.assign(size, -1);
  batch.positions.assign(size, 0);
  if (s.usable.empty()) return;
  for (int64_t i = 0; i < s.batch; ++i) {
    const int64_t row = s.cursor.batch * s.batch + i;
    if (row < s.rows()) s.fill_row(row, batch, i);
  }
  if (++s.cursor.batch >= s.batches()) {
    s.cursor = {s.cursor.epoch + 1, 0};
    s.pack(s.cursor.epoch);
  }
}

}  // namespace scalewright
