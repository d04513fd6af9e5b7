#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/core/json.h"
#include "engine/export/hf_files.h"
#include "engine/format/file_metadata.h"
#include "engine/model/tuned_name.h"

namespace scalewright {
namespace {

using ordered = nlohmann::ordered_json;

std::string class_of(const std::string& family) {
  if (family == "mistral") return "MistralForCausalLM";
  if (family == "qwen2") return "Qwen2ForCausalLM";
  if (family == "qwen3") return "Qwen3ForCausalLM";
  if (family == "gemma") return "GemmaForCausalLM";
  if (family == "gemma2") return "Gemma2ForCausalLM";
  if (family == "gemma3") return "Gemma3ForCausalLM";
  if (family == "phi3") return "Phi3ForCausalLM";
  return "LlamaForCausalLM";
}

// A GGUF says by what each frequency is divided; llama3's rule says it with four numbers. They are found again where
// they give the same divisors; nullopt where none of the usual ones does.
std::optional<RopeConfig> llama3_of(const RopeConfig& rope, int rotary, int64_t context) {
  std::vector<double> given, tried;
  double ignored = 1.0;
  rope_frequencies(rope, rotary, context, 1, given, ignored);
  double largest = 1.0;
  for (const double divisor : rope.frequency_divisors) largest = std::max(largest, divisor);
  for (const int64_t original : {8192, 4096, 2048, 16384, 32768, 1024, 512, 256, 128, 64, 32, 16}) {
    for (const auto& [low, high] :
         {std::pair(1.0, 4.0), std::pair(1.0, 2.0), std::pair(2.0, 4.0), std::pair(1.0, 8.0)}) {
      RopeConfig candidate;
      candidate.kind = RopeKind::Llama3;
      candidate.theta = rope.theta;
      candidate.factor = largest;
      candidate.low_freq_factor = low;
      candidate.high_freq_factor = high;
      candidate.original_context = original;
      rope_frequencies(candidate, rotary, context, 1, tried, ignored);
      bool same = true;
      for (size_t i = 0; i < given.size(); ++i) same &= std::abs(tried[i] / given[i] - 1.0) < 1e-5;
      if (same) return candidate;
    }
  }
  return std::nullopt;
}

Result<ordered> rope_scaling(const ModelConfig& c) {
  RopeConfig rope = c.rope;
  if (!rope.frequency_divisors.empty()) {
    const auto found = llama3_of(rope, c.rotary, c.context_length);
    if (!found)
      return fail(ErrorCode::Unsupported,
                  "The RoPE divisors of this GGUF (rope_freqs) follow no rule that config.json can state; export GGUF "
                  "instead.");
    rope = *found;
  }
  switch (rope.kind) {
    case RopeKind::Default:
      return ordered();
    case RopeKind::Linear:
      return ordered{{"rope_type", "linear"}, {"factor", rope.factor}};
    case RopeKind::Dynamic:
      return ordered{{"rope_type", "dynamic"}, {"factor", rope.factor}};
    case RopeKind::Llama3:
      return ordered{{"rope_type", "llama3"},
                     {"factor", rope.factor},
                     {"low_freq_factor", rope.low_freq_factor},
                     {"high_freq_factor", rope.high_freq_factor},
                     {"original_max_position_embeddings", rope.original_context}};
    case RopeKind::Yarn: {
      ordered scaling = {{"rope_type", "yarn"},
                         {"factor", rope.factor},
                         {"original_max_position_embeddings", rope.original_context},
                         {"beta_fast", rope.beta_fast},
                         {"beta_slow", rope.beta_slow}};
      if (rope.attention_factor) scaling["attention_factor"] = *rope.attention_factor;
      return scaling;
    }
    case RopeKind::LongRope: {
      ordered scaling = {
          {"type", "longrope"}, {"short_factor", rope.short_factors}, {"long_factor", rope.long_factors}};
      if (rope.attention_factor) scaling["attention_factor"] = *rope.attention_factor;
      return scaling;
    }
  }
  return ordered();
}

// Which linears have biases, as the classes of transformers are told: those of attention, those of the feed-forward part.
// Unsupported where a class knows no such biases and would leave them out.
Result<void> state_biases(const Model& model, ordered& config) {
  const auto any = [](const std::vector<Linear>& set, const Linear& last) {
    return !last.bias.empty() || std::ranges::any_of(set, [](const Linear& linear) { return !linear.bias.empty(); });
  };
  bool attention = false, feed_forward = false;
  for (const Layer& layer : model.weights.layers) {
    attention |= any(layer.qkv, layer.attn_output);
    feed_forward |= any(layer.gate_up, layer.down);
  }
  const std::string type = config["model_type"];
  const bool asked = type != "qwen2" && type != "mistral" && type != "phi3";
  if (asked) config["attention_bias"] = attention;
  if (type == "llama") config["mlp_bias"] = feed_forward;
  const bool lost = feed_forward ? type != "llama" : attention && !asked && type != "qwen2";
  if (!lost) return {};
  return fail(ErrorCode::Unsupported, model.name + ": a folder of the family " + type + " cannot state biases of its " +
                                          (feed_forward ? "feed-forward part" : "attention") +
                                          ". Export it as a GGUF file.");
}

// For a model that came from GGUF.
Result<ordered> made_config(const Model& model) {
  const ModelConfig& c = model.config;
  ordered config = {{"architectures", {class_of(c.family)}},
                    {"model_type", c.family == "gemma3" ? "gemma3_text" : c.family},
                    {"vocab_size", c.vocabulary},
                    {"hidden_size", c.width},
                    {"intermediate_size", c.feed_forward},
                    {"num_hidden_layers", c.layers},
                    {"num_attention_heads", c.heads},
                    {"num_key_value_heads", c.kv_heads},
                    {"max_position_embeddings", c.context_length},
                    {"rms_norm_eps", c.norm_epsilon},
                    {"rope_theta", c.rope.theta},
                    {"tie_word_embeddings", c.tied_embeddings},
                    {"attention_dropout", 0.0},
                    {"use_cache", true}};
  config["pad_token_id"] = nullptr;  // the classes' own defaults may lie beyond a small vocabulary
  if (c.family != "phi3")
    config["head_dim"] = c.head_dim;
  else if (c.width != int64_t{c.heads} * c.head_dim)
    return fail(ErrorCode::Unsupported, model.name + ": a phi3 folder cannot state a head dimension of its own.");
  if (c.rotary != c.head_dim) config["partial_rotary_factor"] = static_cast<double>(c.rotary) / c.head_dim;
  SW_ASSIGN(const ordered scaling, rope_scaling(c));
  config["rope_scaling"] = scaling;
  if (c.rope.kind == RopeKind::LongRope) config["original_max_position_embeddings"] = c.rope.original_context;
  const char* activation = c.activation == Activation::Silu       ? "silu"
                           : c.activation == Activation::GeluTanh ? "gelu_pytorch_tanh"
                                                                  : "gelu";
  config["hidden_act"] = activation;
  if (c.family.starts_with("gemma")) config["hidden_activation"] = activation;
  if (c.family == "gemma2" || c.family == "gemma3") {
    // transformers takes a whole number here and nothing else.
    const double scalar = 1.0 / (c.attention_scale * c.attention_scale), whole = std::round(scalar);
    config["query_pre_attn_scalar"] =
        std::abs(scalar / whole - 1.0) < 1e-5 ? ordered(static_cast<int64_t>(whole)) : ordered(scalar);
    config["attn_logit_softcapping"] = c.attention_softcap > 0 ? ordered(c.attention_softcap) : ordered();
    config["final_logit_softcapping"] = c.final_softcap > 0 ? ordered(c.final_softcap) : ordered();
  }
  if (c.rope_local) config["rope_local_base_freq"] = c.rope_local->theta;
  if (c.window > 0) {
    const bool all = std::ranges::all_of(c.layer_has_window, [](uint8_t has) { return has != 0; });
    config["sliding_window"] = c.window;
    if (c.family == "llama" && all) {
      config["architectures"] = {class_of("mistral")};
      config["model_type"] = "mistral";
    }
    if (c.family == "qwen2" || c.family == "qwen3") config["use_sliding_window"] = true;
    if (c.family != "llama" && c.family != "phi3") {
      ordered types = ordered::array();
      for (const uint8_t has : c.layer_has_window) types.push_back(has != 0 ? "sliding_attention" : "full_attention");
      config["layer_types"] = types;
    }
  } else if (c.family == "phi3" || c.family == "mistral") {
    config["sliding_window"] = nullptr;
  }
  SW_TRY(state_biases(model, config));
  return config;
}

}  // namespace

Result<std::string> hf_config(const Model& model, const std::string& quantization, const std::string& dtype) {
  ordered config;
  if (model.metadata && !model.metadata->config_json.empty()) {
    try {
      config = ordered::parse(model.metadata->config_json);
    } catch (const std::exception&) {
      return fail(ErrorCode::Format, model.name + ": the config.json that the model came with cannot be read.");
    }
    config.erase("quantization_config");
    config.erase("quantization");
    // The text part alone is written, under its own name.
    if (config.contains("text_config") && config["text_config"].is_object()) {
      ordered text = config["text_config"];
      text["model_type"] = "gemma3_text";
      text["architectures"] = {class_of("gemma3")};
      config = std::move(text);
    }
    config["vocab_size"] = model.config.vocabulary;
  } else {
    SW_ASSIGN(config, made_config(model));
  }
  if (model.tokenizer && !config.contains("bos_token_id") && model.tokenizer->bos() >= 0)
    config["bos_token_id"] = model.tokenizer->bos();
  if (!config.contains("eos_token_id") && !model.stop_ids.empty()) {
    config["eos_token_id"] = model.stop_ids.size() == 1 ? ordered(model.stop_ids.front()) : ordered(model.stop_ids);
  }
  // A tuned folder is another model than the one its configuration names.
  if (!model.tuned_by.empty()) {
    const auto given = config.find("_name_or_path");
    const bool named = given != config.end() && given->is_string() && !given->get<std::string>().empty();
    config["_name_or_path"] = tuned_name(named ? given->get<std::string>() : model.name, model.tuned_by);
  }
  config.erase("dtype");
  config["torch_dtype"] = dtype;
  if (!quantization.empty()) config["quantization_config"] = ordered::parse(quantization);
  return config.dump(2, ' ', false, ordered::error_handler_t::replace) + "\n";
}

}  // namespace scalewright
