#pragma once
// What the writers share: the tensors of a model by name, rows put into the order that the target wants.

#include <functional>
#include <string>
#include <vector>

#include "engine/core/observer.h"
#include "engine/export/exporter.h"
#include "engine/model/model.h"

namespace scalewright {

// One tensor of the model, by its GGUF name. Exactly one of matrix and vector is set.
struct ExportTensor {
  std::string name;  // "blk.3.attn_q.weight", "blk.3.attn_norm.weight", "blk.3.attn_q.bias"
  const Matrix* matrix = nullptr;
  const std::vector<float>* vector = nullptr;
  bool norm = false;               // vector: the full factor
  std::vector<int32_t> row_order;  // rows of the target from rows of the model; empty: as they are
};
// Embedding, layers, output norm, head: the order of a file. `style`: how the target lays out rotated rows.
std::vector<ExportTensor> export_tensors(const Model& model, RopeStyle style);
// The matrix or vector itself or a copy in the target's order.
Result<void> with_matrix(const ExportTensor& tensor, const std::function<Result<void>(const Matrix&)>& use);
std::vector<float> vector_in_order(const ExportTensor& tensor);

// The bits of its integers by the word of the GGUF that the model came from (kGgufBitsKey); 0: none.
int bits_said(const Model& model);

// Tells the observer which tensor is being written, at most ten times a second; fails when asked to stop.
class ExportProgress {
 public:
  ExportProgress(Observer& observer, std::stop_token stop, size_t total)
      : observer_(observer), stop_(std::move(stop)), total_(total) {}
  Result<void> step(const std::string& name);

 private:
  Observer& observer_;
  std::stop_token stop_;
  size_t total_, done_ = 0;
  double last_ = -1.0;
};

// What stopping a job leads to.
tl::unexpected<Error> writing_cancelled();

// export_gguf.cpp, export_folder.cpp. What they write is at `path` also when they fail: it is the place of a StagedOutput.
Result<ExportCheck> check_gguf(const Model& model, const std::string& type);
Result<ExportCheck> write_gguf(const Model& model, const std::filesystem::path& path, const std::string& type,
                               Observer& observer, std::stop_token stop);
Result<ExportCheck> check_folder(const Model& model, ExportTarget target);
Result<ExportCheck> write_folder(const Model& model, ExportTarget target, const std::filesystem::path& path,
                                 Observer& observer, std::stop_token stop);

}  // namespace scalewright
