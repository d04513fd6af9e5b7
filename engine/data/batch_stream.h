#pragma once
// Endless batches of a dataset in a seeded order, several samples a row; can be left and resumed at any batch.

#include <cstdint>
#include <memory>

#include "engine/data/dataset.h"
#include "engine/model/batch.h"

namespace scalewright {

struct BatchCursor {
  int64_t epoch = 0;
  int64_t batch = 0;  // within the epoch
  friend bool operator==(const BatchCursor&, const BatchCursor&) = default;
};

class BatchStream {
 public:
  // Rows are packed once an epoch, the order drawn from seed and epoch (shuffle false: file order, for validation and text).
  BatchStream(std::shared_ptr<const EncodedDataset> data, int64_t batch, int64_t context, uint64_t seed, bool shuffle);
  ~BatchStream();
  void next(Batch& batch);             // moves on; after the last batch of an epoch the next epoch begins
  int64_t batches_per_epoch() const;   // of the current epoch
  BatchCursor cursor() const;          // of the batch that next() will give
  void seek(const BatchCursor& cursor);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalewright
