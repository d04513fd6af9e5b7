#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "engine/core/system.h"
#include "engine/format/file_metadata.h"
#include "engine/format/gguf_blocks.h"
#include "engine/format/safetensors.h"
#include "engine/model/config_reader.h"
#include "engine/model/gguf_tokenizer_keys.h"
#include "engine/model/tensor_reader.h"

namespace scalewright {
namespace {

using kernels::kStripRows;
using kernels::QuantLayout;

constexpr uint64_t kReadBytes = uint64_t{1} << 18;  // of a file at once, at least one strip: stays in a cache

// Tensors beside the weights that the configuration is made of; they are kept as they are.
constexpr std::string_view kRopeTensors[] = {"rope_freqs.weight", "rope_factors_long.weight",
                                             "rope_factors_short.weight"};

class GgufReader final : public TensorReader {
 public:
  static Result<std::unique_ptr<TensorReader>> open(GgufFile file, bool header_only);

 private:
  explicit GgufReader(GgufFile file) : file_(std::move(file)) {}

  std::string where(const std::string& name) const { return file_.path().string() + ": tensor '" + name + "'"; }
  Result<const GgufTensor*> require(const std::string& name) const;

  bool has(const std::string& name) const override { return file_.tensor(name + ".weight") != nullptr; }
  bool has_bias(const std::string& name) const override { return file_.tensor(name + ".bias") != nullptr; }
  Result<void> check_matrix(const std::string& name, int64_t rows, int64_t cols) const override;
  Result<void> check_vector(const std::string& name, bool bias, int64_t count) const override;
  Result<Matrix> read_matrix(const std::string& name, int64_t rows, int64_t cols) const override;
  Result<std::vector<float>> read_vector(const std::string& name, bool bias, int64_t count) const override;
  TensorSummary describe(const std::string& name, int64_t rows, int64_t cols) const override;
  std::vector<std::string> left_over(const std::set<std::string>& expected) const override;

  Result<void> read_whole(const GgufTensor& tensor, std::span<std::byte> out) const;
  Result<std::vector<double>> rope_tensor(std::string_view name) const;
  Result<void> read_header();
  Result<void> read_tokenizer();  // and what else must survive a round trip

  GgufFile file_;
};

std::string_view dense_name(GgufType type) {
  return type == GgufType::F32 ? "F32" : type == GgufType::F16 ? "F16" : "BF16";
}

Result<const GgufTensor*> GgufReader::require(const std::string& name) const {
  const GgufTensor* tensor = file_.tensor(name);
  if (tensor == nullptr) return fail(ErrorCode::Format, where(name) + " is missing.");
  const GgufTypeInfo& info = gguf_type_info(tensor->type);
  if (!info.supported) {
    return fail(ErrorCode::Unsupported,
                where(name) + " has the type " + std::string(info.name) +
                    ", which is not supported; F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to "
                    "Q6_K, TQ2_0 and Q2_0 are.");
  }
  return tensor;
}

Result<void> GgufReader::check_matrix(const std::string& name, int64_t rows, int64_t cols) const {
  SW_ASSIGN(const GgufTensor* tensor, require(name + ".weight"));
  if (tensor->cols() == cols && tensor->rows() == rows) return {};
  return fail(ErrorCode::Format, where(tensor->name) + " has " + std::to_string(tensor->rows()) + " rows of " +
                                     std::to_string(tensor->cols()) + " inputs; the metadata ask for " +
                                     std::to_string(rows) + " of " + std::to_string(cols) + ".");
}

Result<void> GgufReader::check_vector(const std::string& name, bool bias, int64_t count) const {
  SW_ASSIGN(const GgufTensor* tensor, require(name + (bias ? ".bias" : ".weight")));
  if (!is_dense(tensor->type))
    return fail(ErrorCode::Unsupported, where(tensor->name) + " is quantized; norms and biases must not be.");
  if (tensor->cols() == count && tensor->rows() == 1) return {};
  return fail(ErrorCode::Format, where(tensor->name) + " has " + std::to_string(tensor->rows() * tensor->cols()) +
                                     " elements; the metadata ask for " + std::to_string(count) + ".");
}

// Copying from the page cache and the first touch of fresh pages take longer than most of what is done with a matrix.
Result<void> GgufReader::read_whole(const GgufTensor& tensor, std::span<std::byte> out) const {
  constexpr size_t kPiece = size_t{8} << 20;
  const size_t pieces = (out.size() + kPiece - 1) / kPiece;
  std::vector<Result<void>> results(pieces);
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < pieces;) {
      const auto piece = out.subspan(i * kPiece, std::min(kPiece, out.size() - i * kPiece));
      results[i] = file_.read(tensor, i * kPiece, piece);
    }
  };
  {
    std::vector<std::jthread> helpers;
    const size_t threads = std::min<size_t>({static_cast<size_t>(processor_count()), pieces, 4});
    for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
  }
  for (const Result<void>& result : results) SW_TRY(result);
  return {};
}

Result<Matrix> GgufReader::read_matrix(const std::string& name, int64_t rows, int64_t cols) const {
  SW_TRY(check_matrix(name, rows, cols));
  const GgufTensor& tensor = *file_.tensor(name + ".weight");
  if (is_dense(tensor.type)) {
    DenseMatrix dense;
    dense.type = tensor.type == GgufType::F32   ? kernels::DenseType::F32
                 : tensor.type == GgufType::F16 ? kernels::DenseType::F16
                                                : kernels::DenseType::BF16;
    dense.rows = rows;
    dense.cols = cols;
    dense.data = AlignedBytes(tensor.bytes);
    SW_TRY(read_whole(tensor, std::as_writable_bytes(std::span(dense.data.data(), tensor.bytes))));
    return Matrix(std::move(dense));
  }
  const QuantLayout layout = *gguf_layout(tensor.type, rows, cols);
  const uint64_t strip_bytes = tensor.row_bytes() * kStripRows;
  const uint64_t at_once = std::max<uint64_t>(1, kReadBytes / strip_bytes);
  std::vector<uint8_t> buffer;
  int64_t buffered_from = 0, buffered_to = 0;  // strips
  auto built = QuantizedMatrix::build_records(layout, [&](int64_t strip, uint8_t* records) -> Result<void> {
    if (strip < buffered_from || strip >= buffered_to) {
      buffered_from = strip;
      buffered_to = std::min(layout.strips(), strip + static_cast<int64_t>(at_once));
      const uint64_t begin = static_cast<uint64_t>(strip) * strip_bytes;
      buffer.resize(std::min(tensor.bytes, static_cast<uint64_t>(buffered_to) * strip_bytes) - begin);
      SW_TRY(file_.read(tensor, begin, std::as_writable_bytes(std::span(buffer))));
    }
    const int rows_here = static_cast<int>(std::min<int64_t>(kStripRows, rows - strip * kStripRows));
    const uint8_t* blocks = buffer.data() + static_cast<uint64_t>(strip - buffered_from) * strip_bytes;
    if (!pack_gguf_strip(tensor.type, layout, blocks, rows_here, records)) return not_finite(where(tensor.name));
    return {};
  });
  if (!built) return tl::unexpected<Error>(std::move(built).error());
  return Matrix(std::move(*built));
}

Result<std::vector<float>> GgufReader::read_vector(const std::string& name, bool bias, int64_t count) const {
  SW_TRY(check_vector(name, bias, count));
  const GgufTensor& tensor = *file_.tensor(name + (bias ? ".bias" : ".weight"));
  std::vector<std::byte> raw(tensor.bytes);
  SW_TRY(file_.read(tensor, 0, raw));
  std::vector<float> values(static_cast<size_t>(count));
  convert_to_float(dense_name(tensor.type), raw.data(), values.size(), values.data());
  return values;
}

TensorSummary GgufReader::describe(const std::string& name, int64_t rows, int64_t cols) const {
  TensorSummary summary;
  summary.name = name + ".weight";
  summary.shape = {rows, cols};
  if (const GgufTensor* tensor = file_.tensor(summary.name)) summarize_gguf_tensor(*tensor, summary);
  return summary;
}

std::vector<std::string> GgufReader::left_over(const std::set<std::string>& expected) const {
  std::vector<std::string> names;
  for (const GgufTensor& tensor : file_.tensors()) {
    if (std::ranges::find(kRopeTensors, tensor.name) != std::end(kRopeTensors)) continue;
    std::string_view name = tensor.name;
    if (name.ends_with(".weight"))
      name.remove_suffix(7);
    else if (name.ends_with(".bias"))
      name.remove_suffix(5);
    if (name.ends_with(".attn_rot_embd") || name.ends_with(".rope_freqs"))
      continue;  // written by old converters, never read
    if (!expected.contains(std::string(name))) names.push_back(tensor.name);
  }
  return names;
}

Result<std::vector<double>> GgufReader::rope_tensor(std::string_view name) const {
  const GgufTensor* tensor = file_.tensor(name);
  std::vector<double> values;
  if (tensor == nullptr) return values;
  if (!is_dense(tensor->type) || tensor->cols() > 4096 || tensor->rows() != 1) {
    return fail(ErrorCode::Format, where(tensor->name) + " is no short list of numbers.");
  }
  std::vector<std::byte> raw(tensor->bytes);
  SW_TRY(file_.read(*tensor, 0, raw));
  std::vector<float> floats(static_cast<size_t>(tensor->cols()));
  convert_to_float(dense_name(tensor->type), raw.data(), floats.size(), floats.data());
  values.assign(floats.begin(), floats.end());
  return values;
}

Result<void> GgufReader::read_header() {
  GgufRopeTensors rope;
  SW_ASSIGN(rope.divisors, rope_tensor(kRopeTensors[0]));
  SW_ASSIGN(rope.long_factors, rope_tensor(kRopeTensors[1]));
  SW_ASSIGN(rope.short_factors, rope_tensor(kRopeTensors[2]));
  Model& model = prototype_;
  model.path = file_.path();
  model.name = file_.path().stem().string();
  model.container = Container::Gguf;
  model.file_bytes = file_.size();
  SW_ASSIGN(model.config, config_from_gguf(file_, rope));
  return check_tensors();
}

Result<void> GgufReader::read_tokenizer() {
  Model& model = prototype_;
  auto metadata = std::make_shared<FileMetadata>();
  metadata->entries = file_.entries();
  metadata->tensors = file_.tensors();
  for (const std::string_view name : kRopeTensors) {
    if (const GgufTensor* tensor = file_.tensor(name)) {
      std::vector<std::byte> raw(tensor->bytes);
      SW_TRY(file_.read(*tensor, 0, raw));
      metadata->extra.emplace_back(tensor->name, std::move(raw));
    }
  }
  if (const GgufEntry* entry = file_.entry("tokenizer.chat_template"); entry != nullptr && entry->as_string()) {
    metadata->chat_template = *entry->as_string();
  }
  SW_ASSIGN(auto keys, gguf_tokenizer_keys(file_.entries(), file_.path().string()));
  if (keys) {
    if (static_cast<int64_t>(keys->tokens.size()) > model.config.vocabulary) {
      return fail(ErrorCode::Format, file_.path().string() + ": the vocabulary has " +
                                         std::to_string(keys->tokens.size()) + " tokens, but the embedding only " +
                                         std::to_string(model.config.vocabulary) + " rows.");
    }
    const std::vector<int32_t> ends = {keys->eos, keys->eot};
    const auto token = [&](int32_t id) { return id < 0 ? std::string() : keys->tokens[static_cast<size_t>(id)]; };
    model.bos_token = token(keys->bos);
    model.eos_token = token(keys->eos);
    model.add_bos = keys->add_bos && keys->bos >= 0;
    auto tokenizer = make_tokenizer(std::move(*keys));
    if (!tokenizer) {
      Error error = std::move(tokenizer).error();
      error.message = file_.path().string() + ": " + error.message;
      return tl::unexpected<Error>(std::move(error));
    }
    model.tokenizer = std::move(*tokenizer);
    model.stop_ids = find_stop_ids(*model.tokenizer, metadata->chat_template, ends);
  }
  if (!metadata->chat_template.empty()) {
    // A template that cannot be parsed does not make the model useless; chat falls back to the plain one.
    auto parsed = ChatTemplate::parse(metadata->chat_template);
    if (parsed)
      model.chat_template = std::move(*parsed);
    else
      warnings_.push_back(file_.path().string() + ": the chat template is not used: " + parsed.error().message);
  }
  model.metadata = std::move(metadata);
  return {};
}

Result<std::unique_ptr<TensorReader>> GgufReader::open(GgufFile file, bool header_only) {
  std::unique_ptr<GgufReader> reader(new GgufReader(std::move(file)));
  SW_TRY(reader->read_header());
  if (!header_only) SW_TRY(reader->read_tokenizer());
  return std::unique_ptr<TensorReader>(std::move(reader));
}

}  // namespace

Result<std::unique_ptr<TensorReader>> open_gguf_reader(GgufFile file, bool header_only) {
  return GgufReader::open(std::move(file), header_only);
}

}  // namespace scalewright
