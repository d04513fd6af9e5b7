// What a file holds, from its headers alone.

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/core/json.h"
#include "engine/format/file_metadata.h"
#include "engine/format/gguf_blocks.h"
#include "engine/format/safetensors.h"
#include "engine/model/packed_tensors.h"
#include "engine/model/tensor_names.h"
#include "engine/model/tensor_reader.h"
#include "engine/model/tuned_name.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Control bytes and broken UTF-8 do not belong into a table or into JSON.
std::string shown(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
  }
  if (text.size() > 64) text.resize(64);
  return text;
}

void add_config(const ModelConfig& config, ModelSummary& summary) {
  summary.family = config.family;
  summary.context_length = config.context_length;
  summary.vocabulary = config.vocabulary;
  summary.width = config.width;
  summary.layers = config.layers;
}

// The type of most weights of the block linears stands for the model.
void add_type(ModelSummary& summary) {
  std::map<std::string, int64_t> weights;
  for (const TensorSummary& tensor : summary.tensors) {
    if (tensor.name.find(".weight") == std::string::npos || !is_in_block(tensor.name)) continue;
    int64_t n = 1;
    for (const int64_t extent : tensor.shape) n *= extent;
    weights[tensor.type] += n;
    summary.quantized |= tensor.bits < 16;
  }
  const auto most = std::ranges::max_element(weights, {}, [](const auto& item) { return item.second; });
  if (most != weights.end()) summary.type = most->first;
}

// Whether an error means that the file is sound but not for us.
bool take_unsupported(const Error& error, ModelSummary& summary) {
  if (error.code != ErrorCode::Unsupported) return false;
  summary.unsupported = error.message;
  return true;
}

Result<ModelSummary> summarize_gguf(const fs::path& path) {
  ModelSummary summary;
  summary.path = path;
  summary.name = path.stem().string();
  summary.container = Container::Gguf;
  auto opened = GgufFile::open(path);
  if (!opened) {
    if (take_unsupported(opened.error(), summary)) return summary;
    return tl::unexpected<Error>(std::move(opened).error());
  }
  GgufFile& file = *opened;
  summary.file_bytes = file.size();
  const auto text = [&](const std::string& key) {
    const GgufEntry* entry = file.entry(key);
    return entry == nullptr ? std::string() : entry->as_string().value_or("");
  };
  summary.family = shown(text("general.architecture"));
  summary.tuned = says_tuned(text("general.name"));
  summary.has_chat_template = !text("tokenizer.chat_template").empty();
  const GgufEntry* tokens = file.entry("tokenizer.ggml.tokens");
  summary.has_tokenizer = tokens != nullptr && tokens->element == GgufValueType::String && tokens->count > 0;
  const auto number = [&](const char* key) {
    const GgufEntry* entry = file.entry(summary.family + "." + key);
    return entry == nullptr ? int64_t{0} : entry->as_int().value_or(0);
  };
  summary.context_length = number("context_length");
  summary.width = number("embedding_length");
  summary.layers = static_cast<int>(std::clamp<int64_t>(number("block_count"), 0, 1 << 20));
  summary.vocabulary = tokens == nullptr ? 0 : static_cast<int64_t>(tokens->count);
  double bits = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    summary.parameters += tensor.rows() * tensor.cols();
    bits += 8.0 * static_cast<double>(tensor.bytes);
    if (tensor.ne.size() < 2) continue;
    TensorSummary& item = summary.tensors.emplace_back();
    item.name = tensor.name;
    item.shape.assign(tensor.ne.rbegin(), tensor.ne.rend());
    summarize_gguf_tensor(tensor, item);
  }
  if (summary.parameters > 0) summary.bits_per_weight = bits / static_cast<double>(summary.parameters);
  add_type(summary);
  if (const GgufEntry* said = file.entry(kGgufBitsKey))
    summary.type = stored_type_name(summary.type, static_cast<int>(std::clamp<int64_t>(said->as_int().value_or(0), 0, 8)));
  const auto reader = open_gguf_reader(std::move(file), true);
  if (reader) {
    add_config((*reader)->skeleton()->config, summary);
    summary.tensors = (*reader)->summaries();
    summary.parameters = (*reader)->parameters();
  } else if (!take_unsupported(reader.error(), summary)) {
    return tl::unexpected<Error>(reader.error());
  }
  return summary;
}

Result<ModelSummary> summarize_folder(const fs::path& folder) {
  ModelSummary summary;
  summary.path = folder;
  summary.name = own_name(folder);
  std::error_code error;
  summary.has_tokenizer = fs::exists(folder / "tokenizer.json", error) || fs::exists(folder / "tokenizer.model", error);
  summary.has_chat_template =
      fs::exists(folder / "chat_template.jinja", error) || fs::exists(folder / "chat_template.json", error);
  if (!summary.has_chat_template && fs::exists(folder / "tokenizer_config.json", error)) {
    SW_ASSIGN(const std::string text, read_text_file(folder / "tokenizer_config.json", uint64_t{64} << 20));
    SW_ASSIGN(const json parsed, parse_json(text, (folder / "tokenizer_config.json").string()));
    summary.has_chat_template = !json_member(parsed, "chat_template").is_null();
  }
  const auto reader = open_folder_reader(folder, true);
  if (reader) {
    const auto model = (*reader)->skeleton();
    summary.container = model->container;
    summary.file_bytes = model->file_bytes;
    if (model->metadata) {
      SW_ASSIGN(const json config, parse_json(model->metadata->config_json, (folder / "config.json").string()));
      summary.tuned = says_tuned(json_string(config, "_name_or_path"));
    }
    add_config(model->config, summary);
    summary.tensors = (*reader)->summaries();
    summary.parameters = (*reader)->parameters();
  } else {
    if (!take_unsupported(reader.error(), summary)) return tl::unexpected<Error>(reader.error());
    SW_ASSIGN(const std::string text, read_text_file(folder / "config.json", uint64_t{64} << 20));
    SW_ASSIGN(const json config, parse_json(text, (folder / "config.json").string()));
    summary.family = shown(json_string(config, "model_type"));
    if (const auto tensors = SafetensorsFolder::open(folder)) {
      summary.file_bytes = tensors->bytes();
      for (const auto& [name, tensor] : tensors->tensors()) summary.parameters += tensor.count();
    }
  }
  if (summary.parameters > 0)
    summary.bits_per_weight = 8.0 * static_cast<double>(summary.file_bytes) / static_cast<double>(summary.parameters);
  add_type(summary);
  return summary;
}

}  // namespace

void summarize_gguf_tensor(const GgufTensor& tensor, TensorSummary& summary) {
  const GgufTypeInfo& info = gguf_type_info(tensor.type);
  summary.type = info.name;
  summary.bytes = tensor.bytes;
  if (const auto layout = gguf_layout(tensor.type, tensor.rows(), tensor.cols())) {
    summary.bits = layout->bits;
    summary.group = layout->sub;
  } else {
    summary.bits = static_cast<int>(8 * info.block_bytes / info.block);
    summary.group = info.block > 1 ? info.block : 0;
  }
}

Result<ModelSummary> summarize_model(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return fail(ErrorCode::Io, path.string() + ": there is no such file or folder. Check the path; a model is a .gguf file or a folder of safetensors.");
  return fs::is_directory(path, error) ? summarize_folder(path) : summarize_gguf(path);
}

}  // namespace scalewright
