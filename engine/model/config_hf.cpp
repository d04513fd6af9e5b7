#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/core/json.h"
#include "engine/model/config_reader.h"

namespace scalewright {
namespace {

using nlohmann::json;

std::string shown(std::string text) {
  if (text.size() > 64) text.resize(64);
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return text;
}

Result<std::vector<double>> numbers(const json& object, const char* key, const std::string& source) {
  std::vector<double> values;
  const json& list = json_member(object, key);
  if (list.is_null()) return values;
  if (!list.is_array()) return fail(ErrorCode::Format, source + ": '" + key + "' is not a list of numbers.");
  for (const json& item : list) {
    if (!item.is_number()) return fail(ErrorCode::Format, source + ": '" + key + "' is not a list of numbers.");
    values.push_back(item.get<double>());
  }
  return values;
}

std::optional<double> optional_number(const json& object, const char* key) {
  const json& value = json_member(object, key);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

// One set of RoPE parameters: `scaling` is rope_parameters (transformers 5) or rope_scaling (before); null: no scaling.
Result<RopeConfig> read_rope(const json& config, const json& scaling, double theta, int64_t context,
                             const std::string& source) {
  RopeConfig rope;
  rope.theta = json_number(scaling, "rope_theta", theta);
  std::string type = json_string(scaling, "rope_type", json_string(scaling, "type", "default"));
  // Names that Phi-3's own files had for it.
  if (type == "su" || (type == "yarn" && json_string(config, "model_type") == "phi3")) type = "longrope";
  const auto factor = optional_number(scaling, "factor");
  rope.factor = factor.value_or(1.0);
  rope.original_context =
      json_int(scaling, "original_max_position_embeddings", json_int(config, "original_max_position_embeddings", 0));
  if (type == "default") {
    rope.kind = RopeKind::Default;
    rope.factor = 1.0;
    rope.original_context = 0;
  } else if (type == "linear") {
    rope.kind = RopeKind::Linear;
  } else if (type == "dynamic") {
    rope.kind = RopeKind::Dynamic;
    rope.original_context = 0;  // stretched beyond the context length itself
  } else if (type == "llama3") {
    rope.kind = RopeKind::Llama3;
    rope.low_freq_factor = json_number(scaling, "low_freq_factor", 1.0);
    rope.high_freq_factor = json_number(scaling, "high_freq_factor", 4.0);
    if (rope.original_context == 0) rope.original_context = context;
  } else if (type == "yarn") {
    rope.kind = RopeKind::Yarn;
    if (rope.original_context == 0) rope.original_context = context;
    if (!factor && rope.original_context > 0)
      rope.factor = static_cast<double>(context) / static_cast<double>(rope.original_context);
    rope.beta_fast = json_number(scaling, "beta_fast", 32.0);
    rope.beta_slow = json_number(scaling, "beta_slow", 1.0);
    rope.attention_factor = optional_number(scaling, "attention_factor");
    rope.mscale = optional_number(scaling, "mscale");
    rope.mscale_all_dim = optional_number(scaling, "mscale_all_dim");
    rope.truncate = json_bool(scaling, "truncate", true);
  } else if (type == "longrope") {
    rope.kind = RopeKind::LongRope;
    if (rope.original_context == 0) rope.original_context = context;
    SW_ASSIGN(rope.long_factors, numbers(scaling, "long_factor", source));
    SW_ASSIGN(rope.short_factors, numbers(scaling, "short_factor", source));
    rope.attention_factor = optional_number(scaling, "attention_factor");
    if (factor && *factor <= 1.0 && !rope.attention_factor) rope.attention_factor = 1.0;
  } else {
    return fail(ErrorCode::Unsupported, source + ": RoPE scaling of the type '" + shown(type) + "' is not supported.");
  }
  return rope;
}

Result<Activation> read_activation(const json& config, const std::string& family, const std::string& source) {
  const bool gemma = family.starts_with("gemma");
  std::string name;
  if (gemma) {
    // Gemma's published configurations say "gelu" where the models were trained with the tanh form; hidden_activation
    // rules.
    name = json_string(config, "hidden_activation", "gelu_pytorch_tanh");
  } else {
    name = json_string(config, "hidden_act", "silu");
  }
  if (name == "silu" || name == "swish") return Activation::Silu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return Activation::GeluTanh;
  if (name == "gelu") return gemma ? Activation::GeluTanh : Activation::GeluErf;
  return fail(ErrorCode::Unsupported, source + ": the activation '" + shown(name) + "' is not supported.");
}

// Which layers have a sliding window: layer_types where it is given, else the rule of the family.
Result<void> read_windows(const json& config, ModelConfig& c, const std::string& source) {
  // Left out, the classes of these families have a window of 4096; null means none.
  const bool usual_window =
      !config.contains("sliding_window") && (c.family == "mistral" || c.family == "gemma2" || c.family == "gemma3");
  c.window = usual_window ? 4096 : std::max<int64_t>(0, json_int(config, "sliding_window", 0));
  if ((c.family == "qwen2" || c.family == "qwen3") && !json_bool(config, "use_sliding_window", false)) c.window = 0;
  const json& types = json_member(config, "layer_types");
  std::vector<uint8_t> windows(static_cast<size_t>(c.layers));
  if (types.is_array()) {
    if (types.size() != windows.size()) {
      return fail(ErrorCode::Format, source + ": 'layer_types' has " + std::to_string(types.size()) + " entries for " +
                                         std::to_string(c.layers) + " layers.");
    }
    for (size_t i = 0; i < windows.size(); ++i) {
      const std::string type = types[i].is_string() ? types[i].get<std::string>() : std::string();
      if (type != "sliding_attention" && type != "full_attention") {
        return fail(ErrorCode::Unsupported, source + ": layers of the type '" + shown(type) + "' are not supported.");
      }
      windows[i] = type == "sliding_attention";
    }
  } else if (c.family == "gemma2") {
    for (size_t i = 0; i < windows.size(); ++i) windows[i] = i % 2 == 0;
  } else if (c.family == "gemma3") {
    const int64_t period = json_int(config, "sliding_window_pattern", json_int(config, "_sliding_window_pattern", 6));
    if (period < 1) return fail(ErrorCode::Format, source + ": 'sliding_window_pattern' is not positive.");
    for (size_t i = 0; i < windows.size(); ++i) windows[i] = (static_cast<int64_t>(i) + 1) % period != 0;
  } else if (c.family == "qwen2" || c.family == "qwen3") {
    const int64_t first = json_int(config, "max_window_layers", 28);
    for (size_t i = 0; i < windows.size(); ++i) windows[i] = static_cast<int64_t>(i) >= first;
  } else if (c.family == "mistral" || c.family == "phi3") {
    std::ranges::fill(windows, uint8_t{1});
  } else {
    c.window = 0;  // llama has none, whatever the configuration says
  }
  if (c.window > 0 && std::ranges::count(windows, uint8_t{1}) > 0)
    c.layer_has_window = std::move(windows);
  else
    c.window = 0;
  return {};
}

// gemma3: one base for layers with a window, another for the rest.
Result<void> read_all_ropes(const json& config, ModelConfig& c, const std::string& source) {
  const double usual = c.family == "gemma3" ? 1e6 : 10000.0;
  const double theta = json_number(config, "rope_theta", usual);
  const json& parameters = json_member(config, "rope_parameters");
  if (parameters.is_object() && json_member(parameters, "full_attention").is_object()) {
    SW_ASSIGN(c.rope, read_rope(config, json_member(parameters, "full_attention"), theta, c.context_length, source));
    SW_ASSIGN(RopeConfig local,
              read_rope(config, json_member(parameters, "sliding_attention"), 10000.0, c.context_length, source));
    if (!c.layer_has_window.empty()) c.rope_local = local;
    return {};
  }
  const json& scaling = parameters.is_object() ? parameters : json_member(config, "rope_scaling");
  SW_ASSIGN(c.rope, read_rope(config, scaling, theta, c.context_length, source));
  if (c.family == "gemma3" && !c.layer_has_window.empty()) {
    RopeConfig local;
    local.theta = json_number(config, "rope_local_base_freq", 10000.0);
    c.rope_local = local;
  }
  return {};
}

}  // namespace

Result<ModelConfig> config_from_hf(const json& whole, const std::string& source) {
  if (!whole.is_object()) return fail(ErrorCode::Format, source + ": this is no model configuration.");
  std::string type = json_string(whole, "model_type");
  const bool nested = json_member(whole, "text_config").is_object();
  const json& config = nested ? json_member(whole, "text_config") : whole;
  if (nested) {
    if (type != "gemma3") {
      return fail(ErrorCode::Unsupported, source + ": models of the type '" + shown(type) +
                                              "' are not supported; its text model is part of a larger one.");
    }
    type = "gemma3_text";
  }
  ModelConfig c;
  c.family = type == "gemma3_text" ? "gemma3" : type;
  static constexpr std::array<std::string_view, 8> known = {"llama", "mistral", "qwen2",  "qwen3",
                                                            "gemma", "gemma2",  "gemma3", "phi3"};
  if (std::ranges::find(known, c.family) == known.end()) {
    return fail(ErrorCode::Unsupported,
                source + ": the architecture '" + shown(type.empty() ? std::string("(none given)") : type) +
                    "' is not supported; llama, mistral, qwen2, qwen3, gemma, gemma2, gemma3 and phi3 are.");
  }
  const bool gemma = c.family.starts_with("gemma"), gemma3 = c.family == "gemma3";
  // Published configurations leave out what equals the defaults of the class.
  const int64_t usual_kv = c.family == "mistral"            ? 8
                           : c.family == "gemma2" || gemma3 ? 4
                           : c.family == "gemma"            ? 16
                                                            : 0;
  const auto count = [&](const char* key, int64_t fallback) -> Result<int64_t> {
    const json& value = json_member(config, key);
    if (value.is_null() && fallback > 0) return fallback;
    const int64_t number = json_int(config, key, -1);
    if (number < 0 || number > std::numeric_limits<int>::max()) {
      return fail(ErrorCode::Format, source + ": '" + key + "' is missing or is not a count.");
    }
    return number;
  };
  SW_ASSIGN(c.width, count("hidden_size", 0));
  SW_ASSIGN(c.feed_forward, count("intermediate_size", 0));
  SW_ASSIGN(const int64_t layers, count("num_hidden_layers", 0));
  SW_ASSIGN(const int64_t heads, count("num_attention_heads", gemma3 ? 8 : 0));
  const bool kv_as_heads = usual_kv == 0 || config.contains("num_key_value_heads");  // null: as many as heads
  SW_ASSIGN(const int64_t kv_heads, count("num_key_value_heads", kv_as_heads ? heads : usual_kv));
  SW_ASSIGN(c.vocabulary, count("vocab_size", gemma3 ? 262208 : 0));
  SW_ASSIGN(c.context_length, count("max_position_embeddings", gemma3 ? 131072 : gemma ? 8192 : 2048));
  if (heads < 1) return fail(ErrorCode::Format, source + ": 'num_attention_heads' is 0.");
  const int64_t usual_head = gemma ? 256 : c.family == "qwen3" ? 128 : std::max<int64_t>(1, c.width / heads);
  SW_ASSIGN(const int64_t head_dim, count("head_dim", usual_head));
  if (layers > 4096)
    return fail(ErrorCode::Format,
                source + ": 'num_hidden_layers' is " + std::to_string(layers) + ", which cannot be.");
  c.layers = static_cast<int>(layers);
  c.heads = static_cast<int>(heads);
  c.kv_heads = static_cast<int>(kv_heads);
  c.head_dim = static_cast<int>(head_dim);
  c.norm_epsilon = json_number(config, "rms_norm_eps", c.family == "phi3" ? 1e-5 : 1e-6);
  c.tied_embeddings = json_bool(whole, "tie_word_embeddings", json_bool(config, "tie_word_embeddings", gemma));
  c.rope_style = RopeStyle::Halves;
  SW_ASSIGN(c.activation, read_activation(config, c.family, source));
  if (json_bool(config, "use_bidirectional_attention", false)) {
    return fail(ErrorCode::Unsupported, source + ": attention in both directions is not supported.");
  }
  SW_TRY(read_windows(config, c, source));
  SW_TRY(read_all_ropes(config, c, source));

  const json& parameters = json_member(config, "rope_parameters");
  const double partial =
      json_number(config, "partial_rotary_factor", json_number(parameters, "partial_rotary_factor", 1.0));
  if (!(partial > 0.0 && partial <= 1.0))
    return fail(ErrorCode::Format, source + ": 'partial_rotary_factor' is not between 0 and 1.");
  c.rotary = static_cast<int>(static_cast<double>(c.head_dim) * partial);

  double scalar = static_cast<double>(c.head_dim);
  if (c.family == "gemma2" || gemma3) {
    scalar = json_number(config, "query_pre_attn_scalar", 256.0);
    // Absent means the default of the class; null means none.
    const auto cap = [&](const char* key, double usual) {
      return config.contains(key) ? json_number(config, key, 0.0) : usual;
    };
    c.attention_softcap = cap("attn_logit_softcapping", gemma3 ? 0.0 : 50.0);
    c.final_softcap = cap("final_logit_softcapping", gemma3 ? 0.0 : 30.0);
  }
  if (!(scalar > 0.0)) return fail(ErrorCode::Format, source + ": 'query_pre_attn_scalar' is not positive.");
  c.attention_scale = 1.0 / std::sqrt(scalar);
  if (gemma) {
    c.embedding_factor = std::sqrt(static_cast<float>(c.width));
    c.norm_adds_one = true;
  }
  SW_TRY(check_config(c, source));
  return c;
}

}  // namespace scalewright
