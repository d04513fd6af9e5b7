#include <algorithm>

#include "engine/core/file.h"
#include "engine/export/dense_values.h"
#include "engine/export/export_plan.h"
#include "engine/export/hf_files.h"
#include "engine/export/packed_form.h"
#include "engine/format/safetensors.h"
#include "engine/model/tensor_names.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

bool packs(ExportTarget target) {
  return target != ExportTarget::Safetensors;
}

// Whether the tensor is a block linear that the quantized formats pack.
bool is_packed(const ExportTensor& tensor, ExportTarget target) {
  return packs(target) && tensor.matrix != nullptr && tensor.name.starts_with("blk.");
}

std::string module_name(const Model& model, const ExportTensor& tensor) {
  std::string name = tensor.name.substr(0, tensor.name.rfind('.'));
  const bool fused = name.ends_with(".ffn_up") && model.weights.layers.front().gate_up.size() == 1;
  const std::string hf = hf_tensor_name(model.config, name, fused);
  return hf == "lm_head" ? hf : "model." + hf;
}

// Norms as the family's files store them.
std::vector<float> hf_vector(const Model& model, const ExportTensor& tensor) {
  std::vector<float> values = vector_in_order(tensor);
  if (tensor.norm && model.config.norm_adds_one) {
    for (float& value : values) value -= 1.0f;
  }
  return values;
}

std::string dense_dtype(const Matrix& matrix) {
  return matrix.quantized() ? std::string("F16") : std::string(dtype_name(matrix.dense().type));
}

const std::map<std::string, std::string> kFileMetadata = {{"format", "pt"}};

struct FolderPlan {
  PackedForm form;
  ExportCheck check;
  std::string dtype = "float16";
};

// The tensors of the file, in its order.
Result<std::vector<SafetensorsTensor>> weight_headers(const Model& model, ExportTarget target, const PackedForm& form) {
  std::vector<SafetensorsTensor> headers;
  for (const ExportTensor& tensor : export_tensors(model, RopeStyle::Halves)) {
    const std::string module = module_name(model, tensor);
    if (is_packed(tensor, target)) {
      SW_ASSIGN(auto parts, packed_tensors(tensor.matrix->quant(), form, false));
      for (PackedTensor& part : parts) {
        part.header.name = module + "." + part.header.name;
        headers.push_back(std::move(part.header));
      }
    } else if (tensor.matrix != nullptr) {
      headers.push_back({.name = module + ".weight",
                         .dtype = dense_dtype(*tensor.matrix),
                         .shape = {tensor.matrix->rows(), tensor.matrix->cols()}});
    } else {
      const std::vector<float> values = hf_vector(model, tensor);
      const bool bias = tensor.name.ends_with(".bias");
      headers.push_back({.name = module + (bias ? ".bias" : ".weight"),
                         .dtype = std::string(exact_dtype(values)),
                         .shape = {static_cast<int64_t>(values.size())}});
    }
  }
  return headers;
}

Result<FolderPlan> plan_folder(const Model& model, ExportTarget target) {
  FolderPlan plan;
  if (packs(target)) {
    SW_ASSIGN(plan.form, find_packed_form(model, target));
    plan.check.container = plan.form.name();
  } else {
    plan.check.container = "F16";
  }
  if (model.config.rope_style == RopeStyle::Adjacent && model.config.rotary != model.config.head_dim) {
    return fail(ErrorCode::Unsupported,
                model.name + ": heads that turn only in part cannot be taken from GGUF's order of rows to a folder's.");
  }
  plan.check.exact = true;
  bool block_rounded = false, rest_rounded = false;
  for (const ExportTensor& tensor : export_tensors(model, RopeStyle::Halves)) {
    if (tensor.matrix == nullptr || is_packed(tensor, target)) continue;
    const std::string dtype = dense_dtype(*tensor.matrix);
    if (tensor.name.starts_with("blk.") && !tensor.matrix->quantized()) plan.check.container = dtype;
    if (dtype == "BF16") plan.dtype = "bfloat16";
    if (dtype == "F32") plan.dtype = "float32";
    if (tensor.matrix->quantized()) (tensor.name.starts_with("blk.") ? block_rounded : rest_rounded) = true;
  }
  SW_ASSIGN(auto headers, weight_headers(model, target, plan.form));
  SW_ASSIGN(plan.check.bytes, SafetensorsWriter::file_bytes(model.name, std::move(headers), kFileMetadata));
  plan.check.bytes += small_files_bytes(model);
  if (packs(target)) plan.dtype = "float16";
  plan.check.exact = !block_rounded && !rest_rounded;
  if (block_rounded)
    plan.check.explanation = "Quantized weights are written as numbers rounded to F16.";
  else if (rest_rounded)
    plan.check.explanation =
        "Codes, scales and zero points are exact; the quantized embedding is rounded to F16, which this format wants "
        "there.";
  switch (target) {
    case ExportTarget::Gptq:
      plan.check.opens_in = {"transformers with GPTQModel", "Scalewright"};
      if (plan.form.symmetric && (plan.form.bits == 4 || plan.form.bits == 8))
        plan.check.opens_in.insert(plan.check.opens_in.begin(), "vLLM");
      break;
    case ExportTarget::Awq:
    case ExportTarget::CompressedTensors:
      plan.check.opens_in = {"vLLM", "transformers", "Scalewright"};
      break;
    default:
      plan.check.opens_in = {"transformers", "vLLM", "llama.cpp's converter", "Scalewright"};
      break;
  }
  return plan;
}

// Header entries and their data, made one tensor at a time: first all headers, then all data in the same order.
Result<void> write_weights(const Model& model, ExportTarget target, const FolderPlan& plan, const fs::path& path,
                           Observer& observer, std::stop_token stop) {
  const std::vector<ExportTensor> tensors = export_tensors(model, RopeStyle::Halves);
  SW_ASSIGN(std::vector<SafetensorsTensor> headers, weight_headers(model, target, plan.form));
  SW_ASSIGN(SafetensorsWriter writer, SafetensorsWriter::create(path, std::move(headers), kFileMetadata));
  const auto write = [&](std::span<const std::byte> part) { return writer.write(part); };
  ExportProgress progress(observer, std::move(stop), tensors.size());
  for (const ExportTensor& tensor : tensors) {
    SW_TRY(progress.step(tensor.name));
    if (is_packed(tensor, target)) {
      const auto write_parts = [&](const Matrix& matrix) -> Result<void> {
        SW_ASSIGN(const auto parts, packed_tensors(matrix.quant(), plan.form, true));
        for (const PackedTensor& part : parts) SW_TRY(write(part.data));
        return {};
      };
      SW_TRY(with_matrix(tensor, write_parts));
    } else if (tensor.matrix != nullptr) {
      SW_TRY(
          with_matrix(tensor, [&](const Matrix& matrix) { return write_dense(matrix, dense_dtype(matrix), write); }));
    } else {
      const std::vector<float> values = hf_vector(model, tensor);
      std::vector<std::byte> bytes;
      append_dense(values, exact_dtype(values), bytes);
      SW_TRY(write(bytes));
    }
  }
  return writer.commit();
}

}  // namespace

Result<ExportCheck> check_folder(const Model& model, ExportTarget target) {
  SW_ASSIGN(FolderPlan plan, plan_folder(model, target));
  return plan.check;
}

Result<ExportCheck> write_folder(const Model& model, ExportTarget target, const fs::path& path, Observer& observer,
                                 std::stop_token stop) {
  SW_ASSIGN(FolderPlan plan, plan_folder(model, target));
  const std::string quantization = packs(target) ? quantization_config(plan.form) : std::string();
  SW_ASSIGN(const std::string config, hf_config(model, quantization, plan.dtype));
  std::error_code error;
  if (!fs::create_directory(path, error)) return fail(ErrorCode::Io, path.string() + ": the folder cannot be made: " + error.message() + ".");
  SW_TRY(write_text_file(path / "config.json", config));
  if (target == ExportTarget::Gptq) SW_TRY(write_text_file(path / "quantize_config.json", quantization + "\n"));
  std::vector<std::string> notes;
  SW_TRY(write_tokenizer_files(model, path, notes));
  SW_TRY(write_weights(model, target, plan, path / "model.safetensors", observer, std::move(stop)));
  for (const std::string& note : notes) plan.check.explanation += (plan.check.explanation.empty() ? "" : " ") + note;
  return plan.check;
}

}  // namespace scalewright
