#pragma once
// What is known of an output before any work: that it is none of the files being read, that it can be written, and
// that the type asked for holds what will be made.

#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/export/exporter.h"
#include "engine/model/model.h"
#include "engine/quant/quantize_job.h"

namespace scalewright {

// A file or folder that a job reads and must not touch.
struct KeptPath {
  std::filesystem::path path;
  std::string what;  // "the model being read"
};

// InvalidArgument where writing `output` would replace one of `kept`: the same file or folder (links are followed), a
// folder around it, a part of a folder that is kept, or another part of a split GGUF. An empty path keeps nothing.
Result<void> check_output(const std::filesystem::path& output, const std::vector<KeptPath>& kept);

// Begins the output as the writers do and takes it back: Io or InvalidArgument, with the reason, where that fails.
// A `folder` with the ending of a file is refused.
Result<void> try_output(const std::filesystem::path& output, bool folder);

// Unsupported where integers of `spec` for the block matrices of `model` do not fit GGUF `type` (empty: any quantized
// type), judged by the largest integers that the spec can give, and where no GGUF block divides the rows of any matrix.
// Where some are divided, the others are left to the writer, which says what it does with them.
Result<void> check_gguf_holds(const ModelSummary& model, const QuantSpec& spec, const std::string& type);

// Block matrices, and those of them that no GGUF block divides.
struct MatrixCount {
  int64_t all = 0, left = 0;
};
MatrixCount gguf_leaves(const ModelSummary& model);

// The same for a folder in one of the packed forms (GPTQ, AWQ, compressed-tensors): bits that the form has, groups that
// divide every row of inputs, sizes that fill whole words.
Result<void> check_folder_holds(const ModelSummary& model, const QuantSpec& spec, ExportTarget target);

// forecast_quantize for such a folder: the size on disk and bits a weight are the folder's, and so are the words.
Result<QuantizeForecast> forecast_folder(const ModelSummary& model, const QuantizeRequest& request, ExportTarget target);

// forecast_quantize for what is written: a folder, or a GGUF whose matrices are to have `gguf_type` (empty: what fits).
Result<QuantizeForecast> forecast_target(const ModelSummary& model, const QuantizeRequest& request, ExportTarget target,
                                         const std::string& gguf_type);

}  // namespace scalewright
