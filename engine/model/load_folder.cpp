#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/json.h"
#include "engine/format/file_metadata.h"
#include "engine/model/config_reader.h"
#include "engine/model/packed_tensors.h"
#include "engine/model/tensor_reader.h"

namespace scalewright {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t kLargestConfig = uint64_t{64} << 20;

// Suffixes that quantizers give the parts of a linear; a module with them counts as one tensor.
constexpr std::string_view kParts[] = {"weight",
                                       "bias",
                                       "qweight",
                                       "qzeros",
                                       "scales",
                                       "g_idx",
                                       "weight_packed",
                                       "weight_scale",
                                       "weight_zero_point",
                                       "weight_shape",
                                       "weight_g_idx",
                                       "biases",
                                       "W_q",
                                       "scale",
                                       "zero",
                                       "nbits",
                                       "group_size",
                                       "axis",
                                       "shape",
                                       "view_as_float",
                                       "unpack_view_dtype",
                                       "compute_dtype",
                                       "packing",
                                       "quant_scale",
                                       "quant_zero",
                                       "offload_meta",
                                       "encoded_state_dict",
                                       "stores_quant_config",
                                       "channel_wise",
                                       "optimize",
                                       "round_zero"};

class FolderReader final : public TensorReader {
 public:
  static Result<std::unique_ptr<TensorReader>> open(const fs::path& folder, bool header_only);

 private:
  FolderReader(SafetensorsFolder folder, FolderQuantization quantization)
      : folder_(std::move(folder)), quantization_(quantization), packed_(folder_, quantization_) {}

  std::string module(const std::string& name) const;
  std::string where(const std::string& name) const { return folder_.path().string() + ": tensor '" + name + "'"; }
  Result<void> read_header(const json& config, const std::string& source);
  Result<void> read_tokenizer(const json& config);

  bool has(const std::string& name) const override {
    const std::string m = module(name);
    return folder_.find(m + ".weight") != nullptr || packed_.has(m);
  }
  bool has_bias(const std::string& name) const override { return folder_.find(module(name) + ".bias") != nullptr; }
  Result<void> check_matrix(const std::string& name, int64_t rows, int64_t cols) const override;
  Result<void> check_vector(const std::string& name, bool bias, int64_t count) const override;
  Result<Matrix> read_matrix(const std::string& name, int64_t rows, int64_t cols) const override;
  Result<std::vector<float>> read_vector(const std::string& name, bool bias, int64_t count) const override;
  TensorSummary describe(const std::string& name, int64_t rows, int64_t cols) const override;
  std::vector<std::string> left_over(const std::set<std::string>& expected) const override;
  std::vector<std::string> warnings() const override;

  SafetensorsFolder folder_;
  FolderQuantization quantization_;
  PackedTensors packed_;
  std::string prefix_ = "model.", head_ = "lm_head";
  bool nested_ = false;  // the text model of a larger one
};

// Text of a file that need not be there.
Result<std::string> optional_text(const fs::path& path, uint64_t largest) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::string();
  return read_text_file(path, largest);
}

// Special tokens are written as a text or as an object with its content.
std::string token_text(const json& config, const char* key) {
  const json& value = json_member(config, key);
  if (value.is_string()) return value.get<std::string>();
  return json_string(value, "content");
}

void append_ids(const json& config, const char* key, std::vector<int32_t>& ids, int64_t vocabulary) {
  const json& value = json_member(config, key);
  const auto add = [&](const json& item) {
    if (!item.is_number_integer()) return;
    const int64_t id = item.get<int64_t>();
    if (id >= 0 && id < vocabulary) ids.push_back(static_cast<int32_t>(id));
  };
  if (value.is_array()) {
    for (const json& item : value) add(item);
  } else {
    add(value);
  }
}

// The template where transformers look for it: a file of its own, else tokenizer_config.json (one text, or several by
// name).
Result<std::string> find_chat_template(const fs::path& folder, const json& tokenizer_config) {
  SW_ASSIGN(std::string source, optional_text(folder / "chat_template.jinja", kLargestConfig));
  if (!source.empty()) return source;
  const auto from = [](const json& value) -> std::string {
    if (value.is_string()) return value.get<std::string>();
    std::string any;
    if (value.is_array()) {
      for (const json& item : value) {
        const std::string text = json_string(item, "template");
        if (json_string(item, "name") == "default") return text;
        if (any.empty()) any = text;
      }
    }
    return any;
  };
  SW_ASSIGN(const std::string separate, optional_text(folder / "chat_template.json", kLargestConfig));
  if (!separate.empty()) {
    SW_ASSIGN(const json parsed, parse_json(separate, (folder / "chat_template.json").string()));
    source = from(json_member(parsed, "chat_template"));
    if (!source.empty()) return source;
  }
  return from(json_member(tokenizer_config, "chat_template"));
}

// Whether the tokenizer's post-processor begins every text with `bos`. The vocabulary is skipped while parsing.
bool post_processor_adds(const fs::path& tokenizer_json, const std::string& bos) {
  auto text = read_text_file(tokenizer_json);
  if (!text || bos.empty()) return false;
  const auto wanted = [](int depth, json::parse_event_t event, json& parsed) {
    return !(depth == 1 && event == json::parse_event_t::key && parsed != json("post_processor"));
  };
  const json document = json::parse(*text, wanted, false);
  const json& post = json_member(document, "post_processor");
  const auto begins = [&](const json& processor) {
    const json& single = json_member(processor, "single");
    return single.is_array() && !single.empty() &&
           json_string(json_member(single.front(), "SpecialToken"), "id") == bos;
  };
  if (begins(post)) return true;
  const json& several = json_member(post, "processors");
  return several.is_array() && std::ranges::any_of(several, begins);
}

std::string FolderReader::module(const std::string& name) const {
  if (name == "output") return head_;
  const bool fused = name.ends_with(".ffn_up") &&
                     folder_.find(prefix_ + hf_tensor_name(prototype_.config, name, false) + ".weight") == nullptr &&
                     !packed_.has(prefix_ + hf_tensor_name(prototype_.config, name, false));
  return prefix_ + hf_tensor_name(prototype_.config, name, fused);
}

Result<void> FolderReader::check_matrix(const std::string& name, int64_t rows, int64_t cols) const {
  const std::string m = module(name);
  if (packed_.has(m)) return packed_.check(m, rows, cols);
  const SafetensorsTensor* tensor = folder_.find(m + ".weight");
  if (tensor == nullptr) return fail(ErrorCode::Format, where(m + ".weight") + " is missing.");
  if (tensor->dtype != "F32" && tensor->dtype != "F16" && tensor->dtype != "BF16") {
    return fail(ErrorCode::Unsupported, where(tensor->name) + " has the type " + tensor->dtype +
                                            ", which is not supported; F32, F16 and BF16 are.");
  }
  if (tensor->shape == std::vector<int64_t>{rows, cols}) return {};
  return fail(ErrorCode::Format, where(tensor->name) + " has " + std::to_string(tensor->count()) +
                                     " elements; config.json asks for " + std::to_string(rows) + " rows of " +
                                     std::to_string(cols) + " inputs.");
}

Result<void> FolderReader::check_vector(const std::string& name, bool bias, int64_t count) const {
  const std::string full = module(name) + (bias ? ".bias" : ".weight");
  const SafetensorsTensor* tensor = folder_.find(full);
  if (tensor == nullptr) return fail(ErrorCode::Format, where(full) + " is missing.");
  if (tensor->shape == std::vector<int64_t>{count}) return {};
  return fail(ErrorCode::Format, where(full) + " has " + std::to_string(tensor->count()) +
                                     " elements; config.json asks for " + std::to_string(count) + ".");
}

Result<Matrix> FolderReader::read_matrix(const std::string& name, int64_t rows, int64_t cols) const {
  SW_TRY(check_matrix(name, rows, cols));
  const std::string m = module(name);
  if (packed_.has(m)) {
    SW_ASSIGN(QuantizedMatrix matrix, packed_.read(m, rows, cols));
    return Matrix(std::move(matrix));
  }
  const SafetensorsTensor& tensor = *folder_.find(m + ".weight");
  DenseMatrix dense;
  dense.type = tensor.dtype == "F32"   ? kernels::DenseType::F32
               : tensor.dtype == "F16" ? kernels::DenseType::F16
                                       : kernels::DenseType::BF16;
  dense.rows = rows;
  dense.cols = cols;
  dense.data = AlignedBytes(tensor.bytes);
  SW_TRY(folder_.read(tensor, 0, std::as_writable_bytes(std::span(dense.data.data(), tensor.bytes))));
  return Matrix(std::move(dense));
}

Result<std::vector<float>> FolderReader::read_vector(const std::string& name, bool bias, int64_t count) const {
  SW_TRY(check_vector(name, bias, count));
  const SafetensorsTensor& tensor = *folder_.find(module(name) + (bias ? ".bias" : ".weight"));
  std::vector<std::byte> raw(tensor.bytes);
  SW_TRY(folder_.read(tensor, 0, raw));
  std::vector<float> values(static_cast<size_t>(count));
  if (!convert_to_float(tensor.dtype, raw.data(), values.size(), values.data())) {
    return fail(ErrorCode::Unsupported,
                where(tensor.name) + " has the type " + tensor.dtype + ", which is not supported here.");
  }
  if (!bias && prototype_.config.norm_adds_one) {
    for (float& value : values) value += 1.0f;
  }
  return values;
}

TensorSummary FolderReader::describe(const std::string& name, int64_t rows, int64_t cols) const {
  const std::string m = module(name);
  TensorSummary summary{.name = m + ".weight", .shape = {rows, cols}};
  for (const std::string_view part : kParts) {
    if (const SafetensorsTensor* tensor = folder_.find(m + "." + std::string(part));
        tensor != nullptr && part != "bias") {
      summary.bytes += tensor->bytes;
    }
  }
  if (packed_.has(m)) {
    packed_.summarize(m, rows, cols, summary);
  } else if (const SafetensorsTensor* tensor = folder_.find(summary.name)) {
    summary.type = tensor->dtype;
    summary.bits = static_cast<int>(safetensors_dtype_bits(tensor->dtype));
  }
  return summary;
}

std::vector<std::string> FolderReader::left_over(const std::set<std::string>& expected) const {
  std::set<std::string> modules;
  for (const std::string& name : expected) modules.insert(module(name));
  std::set<std::string> rest;
  for (const auto& [name, tensor] : folder_.tensors()) {
    const size_t dot = name.rfind('.');
    const std::string owner = name.substr(0, dot);
    const std::string_view part =
        dot == std::string::npos ? std::string_view() : std::string_view(name).substr(dot + 1);
    if (modules.contains(owner) && std::ranges::find(kParts, part) != std::end(kParts)) continue;
    if (name.ends_with(".rotary_emb.inv_freq") || (prototype_.config.tied_embeddings && owner == head_)) continue;
    if (nested_ &&
        (name.find("vision_tower.") != std::string::npos || name.find("multi_modal_projector.") != std::string::npos))
      continue;
    rest.insert(name);
  }
  return {rest.begin(), rest.end()};
}

std::vector<std::string> FolderReader::warnings() const {
  std::vector<std::string> all = warnings_;
  if (packed_.rounded()) {
    all.push_back(folder_.path().string() + ": scales or offsets that are no halves (fp16) were rounded to them.");
  }
  return all;
}

Result<void> FolderReader::read_tokenizer(const json& config) {
  const fs::path& folder = folder_.path();
  Model& model = prototype_;
  std::error_code error;
  auto metadata = std::make_shared<FileMetadata>(*model.metadata);
  json tokenizer_config, generation;
  SW_ASSIGN(const std::string config_text, optional_text(folder / "tokenizer_config.json", kLargestConfig));
  if (!config_text.empty()) {
    SW_ASSIGN(tokenizer_config, parse_json(config_text, (folder / "tokenizer_config.json").string()));
  }
  SW_ASSIGN(metadata->generation_config_json, optional_text(folder / "generation_config.json", kLargestConfig));
  if (!metadata->generation_config_json.empty()) {
    SW_ASSIGN(generation, parse_json(metadata->generation_config_json, (folder / "generation_config.json").string()));
  }
  SW_ASSIGN(metadata->chat_template, find_chat_template(folder, tokenizer_config));
  if (!metadata->chat_template.empty()) {
    auto parsed = ChatTemplate::parse(metadata->chat_template);
    if (parsed)
      model.chat_template = std::move(*parsed);
    else
      warnings_.push_back(folder.string() + ": the chat template is not used: " + parsed.error().message);
  }
  std::vector<int32_t> ends;
  append_ids(config, "eos_token_id", ends, model.config.vocabulary);
  append_ids(generation, "eos_token_id", ends, model.config.vocabulary);
  const bool fast = fs::exists(folder / "tokenizer.json", error);
  if (fast || fs::exists(folder / "tokenizer.model", error)) {
    SW_ASSIGN(model.tokenizer, load_tokenizer_folder(folder));
    const Tokenizer& tokenizer = *model.tokenizer;
    ends.insert(ends.begin(), tokenizer.eos());
    const auto text_of = [&](const char* key, int32_t id) {
      const std::string text = token_text(tokenizer_config, key);
      return text.empty() && id >= 0 ? tokenizer.token_text(id) : text;
    };
    model.bos_token = text_of("bos_token", tokenizer.bos());
    model.eos_token = text_of("eos_token", tokenizer.eos());
    const json& adds = json_member(tokenizer_config, "add_bos_token");
    const std::string kind = json_string(tokenizer_config, "tokenizer_class");
    if (adds.is_boolean())
      model.add_bos = adds.get<bool>();
    else if (fast)
      model.add_bos = post_processor_adds(folder / "tokenizer.json", model.bos_token);
    else
      model.add_bos = kind.empty() || kind.starts_with("Llama") || kind.starts_with("Gemma");
    model.add_bos = model.add_bos && tokenizer.bos() >= 0;
    model.stop_ids = find_stop_ids(tokenizer, metadata->chat_template, std::move(ends));
  } else {
    for (const int32_t id : ends) {
      if (std::ranges::find(model.stop_ids, id) == model.stop_ids.end()) model.stop_ids.push_back(id);
    }
  }
  model.metadata = std::move(metadata);
  return {};
}

Result<void> FolderReader::read_header(const json& config, const std::string& source) {
  Model& model = prototype_;
  const fs::path& folder = folder_.path();
  model.path = folder;
  model.name = fs::absolute(folder).lexically_normal().filename().string();
  if (model.name.empty()) model.name = fs::absolute(folder).lexically_normal().parent_path().filename().string();
  model.container = quantization_.container;
  model.gptq_v1 = quantization_.gptq_v1;
  model.file_bytes = folder_.bytes();
  nested_ = json_member(config, "text_config").is_object();
  SW_ASSIGN(model.config, config_from_hf(config, source));
  for (const char* prefix : {"model.", "model.language_model.", "language_model.model.", ""}) {
    if (folder_.find(std::string(prefix) + "embed_tokens.weight") == nullptr) continue;
    prefix_ = prefix;
    break;
  }
  if (folder_.find("lm_head.weight") == nullptr && !packed_.has("lm_head") &&
      folder_.find("language_model.lm_head.weight") != nullptr) {
    head_ = "language_model.lm_head";
  }
  // Embeddings are often padded beyond what the configuration says.
  if (const SafetensorsTensor* embedding = folder_.find(prefix_ + "embed_tokens.weight");
      embedding != nullptr && embedding->shape.size() == 2) {
    model.config.vocabulary = embedding->shape[0];
  }
  SW_TRY(check_config(model.config, source));
  return check_tensors();
}

Result<std::unique_ptr<TensorReader>> FolderReader::open(const fs::path& folder, bool header_only) {
  const fs::path config_path = folder / "config.json";
  std::error_code error;
  if (!fs::exists(config_path, error)) {
    return fail(ErrorCode::Format,
                folder.string() + ": there is no config.json; this folder holds no Hugging Face model.");
  }
  SW_ASSIGN(const std::string text, read_text_file(config_path, kLargestConfig));
  SW_ASSIGN(const json config, parse_json(text, config_path.string()));
  json separate;
  SW_ASSIGN(const std::string quantize_text, optional_text(folder / "quantize_config.json", kLargestConfig));
  if (!quantize_text.empty()) {
    SW_ASSIGN(separate, parse_json(quantize_text, (folder / "quantize_config.json").string()));
  }
  SW_ASSIGN(const FolderQuantization quantization, read_quantization(config, separate, config_path.string()));
  SW_ASSIGN(SafetensorsFolder tensors, SafetensorsFolder::open(folder));
  std::unique_ptr<FolderReader> reader(new FolderReader(std::move(tensors), quantization));
  auto metadata = std::make_shared<FileMetadata>();
  metadata->folder = folder;
  metadata->config_json = text;
  reader->prototype_.metadata = std::move(metadata);
  SW_TRY(reader->read_header(config, config_path.string()));
  if (!header_only) SW_TRY(reader->read_tokenizer(config));
  return std::unique_ptr<TensorReader>(std::move(reader));
}

}  // namespace

Result<std::unique_ptr<TensorReader>> open_folder_reader(const fs::path& folder, bool header_only) {
  return FolderReader::open(folder, header_only);
}

}  // namespace scalewright
