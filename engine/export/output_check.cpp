#include "engine/export/output_check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "engine/core/ascii.h"
#include "engine/core/file.h"
#include "engine/export/gguf_container.h"
#include "engine/export/hf_files.h"
#include "engine/export/packed_form.h"
#include "engine/export/staged_output.h"
#include "engine/model/tensor_names.h"
#include "engine/quant/container.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

// Links resolved as far as the path exists, "out/" as "out".
fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path whole = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) whole = fs::absolute(path, error).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

bool contains(const fs::path& folder, const fs::path& inner) {
  const auto [left, right] = std::mismatch(folder.begin(), folder.end(), inner.begin(), inner.end());
  return left == folder.end() && right != inner.end();
}

// "model" of model-00002-of-00003.gguf with what makes the set, "-of-00003.gguf"; empty: no part of a set.
std::pair<std::string, std::string> split_set(const fs::path& path) {
  constexpr size_t kTail = 20;  // "-00002-of-00003.gguf"
  const std::string name = path.filename().string();
  if (name.size() <= kTail || !name.ends_with(".gguf")) return {};
  const std::string tail = name.substr(name.size() - kTail);
  const auto digits = [&](size_t at) {
    return std::all_of(tail.begin() + static_cast<std::ptrdiff_t>(at), tail.begin() + static_cast<std::ptrdiff_t>(at) + 5,
                       [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  if (tail[0] != '-' || !digits(1) || tail.substr(6, 4) != "-of-" || !digits(10)) return {};
  return {name.substr(0, name.size() - kTail), tail.substr(6)};
}

constexpr uint64_t kHeaderEntryBytes = 112;  // of a tensor in the header of a safetensors file

// Of a GGUF: all that is not tensors.
uint64_t gguf_key_bytes(const ModelSummary& model) {
  const double tensors = model.bits_per_weight * static_cast<double>(model.parameters) / 8.0;
  return static_cast<uint64_t>(std::max(0.0, static_cast<double>(model.file_bytes) - tensors));
}

bool is_block_matrix(const TensorSummary& tensor) {
  return is_in_block(tensor.name) && tensor.shape.size() == 2;
}

}  // namespace

Result<void> check_output(const fs::path& output, const std::vector<KeptPath>& kept) {
  if (output.empty()) return {};
  const fs::path out = real(output);
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::InvalidArgument, output.string() + ": " + why + "; nothing was written. Choose another name for the output.");
  };
  for (const auto& [path, what] : kept) {
    std::error_code error;
    if (path.empty() || !fs::exists(path, error)) continue;
    const fs::path in = real(path);
    if (out == in || fs::equivalent(out, in, error)) return refuse("this is " + what + ", and writing would replace it");
    if (contains(out, in)) return refuse("this folder holds " + what + " (" + in.string() + "), and writing would replace it");
    // A new file beside the tensors does no harm; one of the folder's own does.
    if (fs::is_directory(in, error) && contains(in, out) && fs::exists(out, error) && out.extension() != ".gguf")
      return refuse("this is a part of " + what + " (" + in.string() + "), and writing would replace it");
    if (const auto set = split_set(in); !set.first.empty() && in.parent_path() == out.parent_path() && set == split_set(out))
      return refuse("this is a part of " + what + ", which is in several files, and writing would replace it");
  }
  return {};
}

Result<void> try_output(const fs::path& output, bool folder) {
  std::error_code error;
  const fs::path parent = real(output).parent_path();
  if (output.empty()) return fail(ErrorCode::InvalidArgument, "The output has no name; give a file or a folder.");
  if (!fs::is_directory(parent, error)) {
    return fail(ErrorCode::Io, output.string() + ": there is no folder " + parent.string() + " to write into. Make it first, or choose another one.");
  }
  if (!folder) {
    if (fs::is_directory(output, error))
      return fail(ErrorCode::InvalidArgument, output.string() + ": this is a folder; give the name of a file in it.");
    SW_ASSIGN(const AtomicFile trial, AtomicFile::create(output));
    return {};
  }
  constexpr std::array kFileEndings = {".bin", ".gguf", ".ggml", ".safetensors", ".pt", ".pth", ".onnx",
                                       ".json", ".jsonl", ".txt", ".csv", ".zip", ".tar", ".gz", ".npy"};
  const std::string ending = output.extension().string();
  if (std::any_of(kFileEndings.begin(), kFileEndings.end(), [&](const char* known) { return lower(ending) == known; })) {
    return fail(ErrorCode::InvalidArgument, output.string() + ": the model would become a folder, and this is the name of a " + ending +
                                                " file. Write a name that ends in .gguf, or a folder's name without an ending.");
  }
  SW_ASSIGN(const StagedOutput trial, StagedOutput::create(output, true));
  return {};
}

Result<void> check_folder_holds(const ModelSummary& model, const QuantSpec& spec, ExportTarget target) {
  const std::string form = packed_form_name(target);
  if (std::ranges::find(packed_form_bits(target), spec.bits) == packed_form_bits(target).end()) {
    return fail(ErrorCode::Unsupported, "A " + form + " folder holds codes of " + packed_form_bits_text(target) + " bits, not of " + std::to_string(spec.bits) + ". Choose other bits, or write a .gguf file.");
  }
  for (const TensorSummary& tensor : model.tensors) {
    if (!is_block_matrix(tensor)) continue;
    const int64_t rows = tensor.shape[0], cols = tensor.shape[1];
    const auto no = [&](const std::string& why, const std::string& advice) {
      return fail(ErrorCode::Unsupported, "'" + tensor.name + "' is " + std::to_string(rows) + " x " + std::to_string(cols) + ": " + why + ", as a " + form + " folder needs. " + advice);
    };
    if (spec.group > 0 && spec.group < cols && cols % spec.group != 0) {
      int64_t smaller = spec.group;
      while (smaller >= 32 && cols % smaller != 0) smaller /= 2;
      return no("its " + std::to_string(cols) + " inputs are no multiple of the groups of " + std::to_string(spec.group),
                (smaller >= 32 ? "Choose groups of " + std::to_string(smaller) : std::string("Choose one scale a row (group 0)")) + ", or write a .gguf file.");
    }
    if (!fills_whole_words(target, spec.bits, rows, cols)) return no("that does not fill whole words", "Write a .gguf file.");
  }
  return {};
}

Result<QuantizeForecast> forecast_folder(const ModelSummary& model, const QuantizeRequest& request, ExportTarget target) {
  SW_ASSIGN(QuantizeForecast forecast, forecast_quantize(model, request));
  uint64_t known = 0, bytes = 0;
  for (const TensorSummary& tensor : model.tensors) {
    known += tensor.bytes;
    bytes += kHeaderEntryBytes;
    if (is_block_matrix(tensor)) {
      bytes += 3 * kHeaderEntryBytes;  // codes, scales, zero points and what goes with them
      bytes += packed_bytes(target, request.spec, tensor.shape[0], tensor.shape[1]);
      continue;
    }
    // Embedding and head stay as they are, or become F16 where they were quantized.
    uint64_t elements = 1;
    for (const int64_t extent : tensor.shape) elements *= static_cast<uint64_t>(extent);
    bytes += elements * (tensor.type == "F32" ? 4 : 2);
  }
  // Norms, and of a GGUF the keys, which become the tokenizer's files; those of a folder are copied.
  bytes += model.file_bytes > known ? model.file_bytes - known : 0;
  const uint64_t tokenizer = model.container == Container::Gguf ? gguf_key_bytes(model) : small_files_bytes(model.path);
  // Without the lengths of the strings: a fifth of them.
  forecast.file_bytes = model.container == Container::Gguf ? bytes - tokenizer / 5 : bytes + tokenizer;
  forecast.bits_per_weight =
      model.parameters > 0 ? 8.0 * static_cast<double>(bytes - (model.container == Container::Gguf ? tokenizer : 0)) / static_cast<double>(model.parameters) : 0.0;
  forecast.container.clear();
  forecast.explanation = std::string("A ") + packed_form_name(target) + " folder holds " + std::to_string(request.spec.bits) +
                         "-bit codes as they are: " + std::to_string((forecast.file_bytes + 500000) / 1000000) + " MB.";
  return forecast;
}

Result<QuantizeForecast> forecast_target(const ModelSummary& model, const QuantizeRequest& request, ExportTarget target, const std::string& gguf_type) {
  if (target != ExportTarget::Gguf) return forecast_folder(model, request, target);
  SW_ASSIGN(QuantizeForecast forecast, forecast_quantize(model, request));
  const GgufTypeInfo* type = gguf_type.empty() ? nullptr : find_gguf_type(gguf_type);
  if (type == nullptr || request.budget.given()) return forecast;
  // Embedding and head follow a dense type, not a quantized one (plan_container).
  double more = 0.0;
  for (const TensorSummary& tensor : model.tensors) {
    const bool block = is_block_matrix(tensor);
    if (tensor.shape.size() != 2 || !(block || is_dense(type->type))) continue;
    const double weights = static_cast<double>(tensor.shape[0] * tensor.shape[1]);
    const quant::GgufFit fit = quant::gguf_fit(request.spec, tensor.shape[1]);
    more += weights / static_cast<double>(type->block) * static_cast<double>(type->block_bytes);
    more -= block ? weights * (fit.type.empty() ? 16.0 : fit.bits_per_weight) / 8.0 : static_cast<double>(tensor.bytes);
  }
  forecast.file_bytes = static_cast<uint64_t>(std::max(0.0, static_cast<double>(forecast.file_bytes) + more));
  forecast.bits_per_weight += 8.0 * more / static_cast<double>(std::max<int64_t>(1, model.parameters));
  forecast.container = type->name;
  forecast.explanation.clear();
  return forecast;
}

MatrixCount gguf_leaves(const ModelSummary& model) {
  MatrixCount count;
  for (const TensorSummary& tensor : model.tensors) {
    if (!is_block_matrix(tensor)) continue;
    ++count.all;
    if (tensor.shape[1] % 32 != 0) ++count.left;
  }
  return count;
}

Result<void> check_gguf_holds(const ModelSummary& model, const QuantSpec& spec, const std::string& type) {
  std::set<int64_t> widths;
  int64_t undivided = 0;  // inputs of a matrix that no block divides
  for (const TensorSummary& tensor : model.tensors) {
    if (!is_block_matrix(tensor)) continue;
    if (tensor.shape[1] % 32 == 0) widths.insert(tensor.shape[1]);
    else undivided = tensor.shape[1];
  }
  const GgufTypeInfo* wanted = find_gguf_type(type);
  if (widths.empty() && undivided > 0 && (wanted == nullptr || !is_dense(wanted->type))) {
    return fail(ErrorCode::Unsupported, "GGUF blocks hold 32 inputs, and the rows of this model (" + std::to_string(undivided) +
                                            ") are no multiple of that, so nothing would be quantized. Write a folder with one scale a row (group 0).");
  }
  const int most = (1 << spec.bits) - 1;
  for (const int64_t cols : widths) {
    // Two rows that use the whole range of codes with the zero points at both of its ends.
    const auto groups = static_cast<size_t>(spec.group == 0 ? 1 : (cols + spec.group - 1) / spec.group);
    std::vector<uint8_t> codes(static_cast<size_t>(2 * cols));
    for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<uint8_t>(i % 2 == 0 ? 0 : most);
    const std::vector<float> scales(2 * groups, 1.0f);
    std::vector<int16_t> zeros(2 * groups, static_cast<int16_t>(1 << (spec.bits - 1)));
    for (size_t i = 0; i < zeros.size() && !spec.symmetric; ++i) zeros[i] = static_cast<int16_t>(i < groups ? 0 : most);
    SW_ASSIGN(QuantizedMatrix matrix, QuantizedMatrix::from_affine(2, cols, spec, codes, scales, zeros));
    const auto plan = plan_container(Matrix(std::move(matrix)), "blk.N", type);
    if (plan && (!type.empty() || !is_dense(plan->type))) continue;
    if (!plan && plan.error().code != ErrorCode::Unsupported) return tl::unexpected<Error>(plan.error());
    const std::string what = std::to_string(spec.bits) + "-bit integers with " + (spec.symmetric ? "the zero point in the middle" : "free zero points") + " in " +
                             (spec.group == 0 ? std::string("whole rows") : "groups of " + std::to_string(spec.group)) + " (rows of " + std::to_string(cols) + ")";
    std::string advice = type.empty() ? "Choose fewer bits, or write a folder." : "Leave the type to be chosen automatically.";
    if (!spec.symmetric) {
      QuantSpec symmetric = spec;
      symmetric.symmetric = true;
      if (check_gguf_holds(model, symmetric, type)) {
        advice = "With symmetric zero points (--symmetric) they fit" + std::string(type.empty() ? ", or write a folder, which holds both." : ", or leave the type to be chosen automatically.");
      }
    }
    return fail(ErrorCode::Unsupported, what + " " + (type.empty() ? std::string("fit no GGUF type") : "do not fit into " + type) + ". " + advice);
  }
  return {};
}

}  // namespace scalewright
