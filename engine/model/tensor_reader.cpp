#include "engine/model/tensor_reader.h"

#include <algorithm>
#include <array>

#include "engine/format/file_metadata.h"
#include "engine/model/model_copy.h"

namespace scalewright {
namespace {

Linear* linear_of(Layer& layer, TensorRole role) {
  switch (role) {
    case TensorRole::Qkv:
      return &layer.qkv.emplace_back();
    case TensorRole::GateUp:
      return &layer.gate_up.emplace_back();
    case TensorRole::AttnOutput:
      return &layer.attn_output;
    default:
      return &layer.down;
  }
}

std::vector<float>& norm_of(Layer& layer, TensorRole role) {
  switch (role) {
    case TensorRole::AttnNorm:
      return layer.attn_norm;
    case TensorRole::FfnNorm:
      return layer.ffn_norm;
    case TensorRole::PostAttnNorm:
      return layer.post_attn_norm;
    case TensorRole::PostFfnNorm:
      return layer.post_ffn_norm;
    case TensorRole::QNorm:
      return layer.q_norm;
    default:
      return layer.k_norm;
  }
}

}  // namespace

std::vector<TensorSpec> TensorReader::layer_specs(int layer) const {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  return layer_tensors(prototype_.config, layer, has(prefix + "attn_qkv"), !has(prefix + "ffn_gate"));
}

std::shared_ptr<Model> TensorReader::skeleton() const {
  auto model = without_weights(prototype_);
  model->weights.layers.resize(static_cast<size_t>(prototype_.config.layers));
  return model;
}

Result<void> TensorReader::check_tensors() const {
  const ModelConfig& c = prototype_.config;
  std::set<std::string> expected = {"token_embd", "output_norm"};
  SW_TRY(check_matrix("token_embd", c.vocabulary, c.width));
  SW_TRY(check_vector("output_norm", false, c.width));
  if (!c.tied_embeddings) {
    SW_TRY(check_matrix("output", c.vocabulary, c.width));
    expected.insert("output");
  }
  for (int layer = 0; layer < c.layers; ++layer) {
    for (const TensorSpec& spec : layer_specs(layer)) {
      expected.insert(spec.name);
      if (is_norm(spec.role)) {
        SW_TRY(check_vector(spec.name, false, spec.cols));
        continue;
      }
      SW_TRY(check_matrix(spec.name, spec.rows, spec.cols));
      if (has_bias(spec.name))
        SW_TRY(check_vector(spec.name, true, spec.rows));
      else if (c.family == "qwen2" && spec.role == TensorRole::Qkv) {
        return fail(ErrorCode::Format, prototype_.path.string() + ": the bias of '" + spec.name + "' is missing.");
      }
    }
  }
  const std::vector<std::string> rest = left_over(expected);
  if (!rest.empty()) {
    std::string names;
    for (size_t i = 0; i < std::min<size_t>(rest.size(), 3); ++i) names += (i ? ", '" : "'") + rest[i] + "'";
    if (rest.size() > 3) names += " and " + std::to_string(rest.size() - 3) + " more";
    return fail(ErrorCode::Unsupported, prototype_.path.string() + ": a " + c.family + " model has no tensor " + names +
                                            " here; this variant of the architecture is not supported.");
  }
  return {};
}

std::vector<TensorSummary> TensorReader::summaries() const {
  const ModelConfig& c = prototype_.config;
  std::vector<TensorSummary> all = {describe("token_embd", c.vocabulary, c.width)};
  for (int layer = 0; layer < c.layers; ++layer) {
    for (const TensorSpec& spec : layer_specs(layer)) {
      if (!is_norm(spec.role)) all.push_back(describe(spec.name, spec.rows, spec.cols));
    }
  }
  if (!c.tied_embeddings) all.push_back(describe("output", c.vocabulary, c.width));
  return all;
}

int64_t TensorReader::parameters() const {
  const ModelConfig& c = prototype_.config;
  int64_t n = (c.tied_embeddings ? 1 : 2) * c.vocabulary * c.width + c.width;
  for (int layer = 0; layer < c.layers; ++layer) {
    for (const TensorSpec& spec : layer_specs(layer)) {
      n += spec.rows * spec.cols;
      if (!is_norm(spec.role) && has_bias(spec.name)) n += spec.rows;
    }
  }
  return n;
}

Result<Layer> TensorReader::read_layer(int index) const {
  if (index < 0 || index >= prototype_.config.layers) {
    return fail(ErrorCode::InvalidArgument, "There is no layer " + std::to_string(index) + ".");
  }
  Layer layer;
  for (const TensorSpec& spec : layer_specs(index)) {
    if (is_norm(spec.role)) {
      SW_ASSIGN(norm_of(layer, spec.role), read_vector(spec.name, false, spec.cols));
      continue;
    }
    Linear* linear = linear_of(layer, spec.role);
    linear->name = spec.name;
    SW_ASSIGN(linear->weight, read_matrix(spec.name, spec.rows, spec.cols));
    if (has_bias(spec.name)) {
      SW_ASSIGN(linear->bias, read_vector(spec.name, true, spec.rows));
      // Quantizers write a bias of zeros for layers that never had one.
      if (std::ranges::all_of(linear->bias, [](float b) { return b == 0.0f; })) linear->bias.clear();
    }
  }
  return layer;
}

Result<void> TensorReader::read_rest(Weights& weights) const {
  const ModelConfig& c = prototype_.config;
  SW_ASSIGN(weights.token_embd, read_matrix("token_embd", c.vocabulary, c.width));
  SW_ASSIGN(weights.output_norm, read_vector("output_norm", false, c.width));
  weights.has_output = !c.tied_embeddings;
  if (weights.has_output) {
    SW_ASSIGN(weights.output, read_matrix("output", c.vocabulary, c.width));
  }
  return {};
}

std::vector<int32_t> find_stop_ids(const Tokenizer& tokenizer, const std::string& chat_template,
                                   std::vector<int32_t> base) {
  static constexpr std::array<const char*, 5> kEnds = {"<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>",
                                                       "<|endoftext|>"};
  for (const char* end : kEnds) {
    const int32_t id = tokenizer.find(end);
    if (id < 0 || chat_template.find(end) == std::string::npos) continue;
    // Gemma's files mark <end_of_turn> as user-defined, not as a control token; the template says what it is for.
    if (tokenizer.is_special(id) || std::string_view(end) == "<end_of_turn>") base.push_back(id);
  }
  std::vector<int32_t> ids;
  for (const int32_t id : base) {
    if (id >= 0 && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

tl::unexpected<Error> not_finite(const std::string& tensor) {
  return fail(ErrorCode::Format, tensor + " holds a scale that is infinite or not a number; the file is damaged.");
}

Result<void> check_finite_halves(const uint16_t* halves, int64_t count, const std::string& tensor) {
  for (int64_t i = 0; i < count; ++i) {
    if ((halves[i] & 0x7c00) == 0x7c00) return not_finite(tensor);
  }
  return {};
}

}  // namespace scalewright
