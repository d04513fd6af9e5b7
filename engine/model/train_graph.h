#pragma once
// Forward and backward of the whole transformer for PEQA: only quantization scales get gradients (arXiv:2305.14152).
// Memory is planned first, then taken from one arena; nothing is allocated during a step.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/model/batch.h"
#include "engine/model/model.h"

namespace scalewright {

// Group: one learned scale a record (per group; per row where the group is the row). Row: one factor an output row.
enum class Granularity { Group, Row };

// Where the learned numbers of each quantized block linear lie in one flat array. Group: scale [N, G], then for K-quants
// with minimums dmin [N, G]. Row: factor [N].
struct TrainableEntry {
  size_t linear = 0;          // index in Weights::linears()
  std::string name;           // "blk.3.ffn_down"
  int64_t rows = 0, groups = 0;
  bool second = false;
  size_t offset = 0, count = 0;
};
struct TrainableLayout {
  Granularity granularity = Granularity::Group;
  std::vector<TrainableEntry> entries;
  size_t total = 0;
};
TrainableLayout trainable_layout(const Model& model, Granularity granularity);
// The values before tuning: scales as fp32 of their halves (Group), ones (Row).
void initial_scales(const Model& model, const TrainableLayout& layout, float* values);
// Rounds `values` to fp16 into the model's records (Row: folded into the scales of `base`, the halves before tuning, all
// entries in order as QuantizedMatrix::scale_halves gives them).
void store_scales(Model& model, const TrainableLayout& layout, const float* values, const std::vector<std::vector<uint16_t>>& base);
std::vector<std::vector<uint16_t>> snapshot_scales(const Model& model, const TrainableLayout& layout);
// The model counts as not tuned afterwards (Model::tuned_by).
void restore_scales(Model& model, const TrainableLayout& layout, const std::vector<std::vector<uint16_t>>& base);

enum class MemoryPart { Weights, Scales, Activations, Logits, Workspace, Program };
struct MemoryItem {
  std::string name;  // in words: "activations kept for 12 of 30 layers"
  MemoryPart part = MemoryPart::Workspace;
  uint64_t bytes = 0;
};

struct TrainShape {
  int64_t batch = 1, context = 512;
  Granularity granularity = Granularity::Group;
  int kept_layers = 0;      // the last `kept_layers` blocks keep their activations; the others are recomputed from their input
  int64_t loss_chunk = 128; // tokens of logits at once
  Precision precision = Precision::Exact;  // of the products of forward_backward(); Backend::tuning_precision()
};

class TrainGraph {
 public:
  // Exactly what create() takes from the arena, item by item (activations, logits, workspace; not weights or scales).
  static std::vector<MemoryItem> plan(const Model& model, const Backend& backend, const TrainShape& shape);
  // `arena`: at least the sum of plan(), 64-byte aligned, owned by the caller. The backend works in it from the first
  // step until the graph is gone.
  static Result<std::unique_ptr<TrainGraph>> create(std::shared_ptr<const Model> model, Backend& backend, const TrainShape& shape,
                                                    void* arena, size_t arena_bytes);
  ~TrainGraph();

  // An id or target beyond the vocabulary, or a batch larger than the shape, gives a NaN sum and no gradient.
  struct Sums { double nll = 0.0; int64_t counted = 0; };
  // Sum of -log p over learned positions, at the given scale values (layout order); no gradient. Always exact.
  Sums forward(const Batch& batch, const float* values);
  // Adds gradient_scale * d(sum of nll)/d(values) to gradient [layout.total].
  Sums forward_backward(const Batch& batch, const float* values, float gradient_scale, float* gradient);
  // Logits [B * T, V] of a batch for tests (not from the arena).
  void logits(const Batch& batch, const float* values, float* out);

 private:
  struct Impl;
  explicit TrainGraph(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalewright
