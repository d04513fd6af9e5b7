#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/model/config_reader.h"

namespace scalewright {
namespace {

// Typed look-up of "{architecture}.{name}".
class Keys {
 public:
  Keys(const GgufFile& file, std::string architecture) : file_(file), prefix_(std::move(architecture) + ".") {}

  bool has(const std::string& name) const { return file_.entry(prefix_ + name) != nullptr; }

  // A count; an array that says the same for every layer counts as one number.
  Result<int64_t> count(const std::string& name, std::optional<int64_t> fallback = {}) const {
    const GgufEntry* entry = file_.entry(prefix_ + name);
    if (entry == nullptr) {
      if (fallback) return *fallback;
      return missing(name);
    }
    if (const auto values = entry->as_ints(); values && !values->empty()) {
      if (std::ranges::all_of(*values, [&](int64_t v) { return v == values->front(); })) return values->front();
      return fail(ErrorCode::Unsupported,
                  where() + "'" + prefix_ + name + "' differs by layer, which is not supported.");
    }
    const auto value = entry->as_int();
    if (!value || *value < 0) return wrong(name, "a count");
    return *value;
  }
  Result<double> number(const std::string& name, std::optional<double> fallback = {}) const {
    const GgufEntry* entry = file_.entry(prefix_ + name);
    if (entry == nullptr) {
      if (fallback) return *fallback;
      return missing(name);
    }
    const auto value = entry->as_number();
    if (!value || !std::isfinite(*value)) return wrong(name, "a finite number");
    return *value;
  }
  Result<std::string> text(const std::string& name) const {
    const GgufEntry* entry = file_.entry(prefix_ + name);
    if (entry == nullptr) return std::string();
    const auto value = entry->as_string();
    if (!value) return wrong(name, "a text");
    return *value;
  }
  // Whether each layer has a sliding window, from the optional pattern key; `period`: every period-th layer has none.
  Result<std::vector<uint8_t>> window_pattern(int layers, int64_t period) const {
    std::vector<uint8_t> pattern(static_cast<size_t>(layers));
    const GgufEntry* entry = file_.entry(prefix_ + "attention.sliding_window_pattern");
    if (entry != nullptr) {
      if (const auto flags = entry->as_ints()) {
        if (flags->size() != pattern.size()) return wrong("attention.sliding_window_pattern", "one flag a layer");
        for (size_t i = 0; i < pattern.size(); ++i) pattern[i] = (*flags)[i] != 0;
        return pattern;
      }
      const auto value = entry->as_int();
      if (!value || *value < 1) return wrong("attention.sliding_window_pattern", "a period");
      period = *value;
    }
    for (size_t i = 0; i < pattern.size(); ++i) pattern[i] = (static_cast<int64_t>(i) + 1) % period != 0;
    return pattern;
  }

  std::string where() const { return file_.path().string() + ": "; }

 private:
  tl::unexpected<Error> missing(const std::string& name) const {
    return fail(ErrorCode::Format,
                where() + "the metadata '" + prefix_ + name + "' is missing; convert the model anew.");
  }
  tl::unexpected<Error> wrong(const std::string& name, const char* what) const {
    return fail(ErrorCode::Format, where() + "the metadata '" + prefix_ + name + "' is not " + what + ".");
  }
  const GgufFile& file_;
  std::string prefix_;
};

std::string shown(std::string text) {
  if (text.size() > 64) text.resize(64);
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return text;
}

Result<RopeConfig> read_rope(const Keys& keys, const GgufRopeTensors& tensors) {
  RopeConfig rope;
  SW_ASSIGN(rope.theta, keys.number("rope.freq_base", 10000.0));
  SW_ASSIGN(const std::string scaling, keys.text("rope.scaling.type"));
  SW_ASSIGN(rope.factor, keys.number("rope.scaling.factor", 1.0));
  if (!keys.has("rope.scaling.factor") && keys.has("rope.scale_linear")) {
    SW_ASSIGN(rope.factor, keys.number("rope.scale_linear"));
  }
  if (rope.factor == 0.0) rope.factor = 1.0;  // converters write 0 for "none"
  SW_ASSIGN(rope.original_context, keys.count("rope.scaling.original_context_length", 0));
  rope.frequency_divisors = tensors.divisors;
  if (!tensors.long_factors.empty() || !tensors.short_factors.empty()) {
    rope.kind = RopeKind::LongRope;
    rope.long_factors = tensors.long_factors;
    rope.short_factors = tensors.short_factors;
    SW_ASSIGN(rope.attention_factor, keys.number("rope.scaling.attn_factor", 1.0));
    if (rope.original_context == 0) {
      SW_ASSIGN(rope.original_context, keys.count("context_length"));
    }
    return rope;
  }
  if (scaling.empty() || scaling == "none") {
    // A factor without a type means linear scaling: that is how the key was first used.
    rope.kind = rope.factor == 1.0 ? RopeKind::Default : RopeKind::Linear;
  } else if (scaling == "linear") {
    rope.kind = RopeKind::Linear;
  } else if (scaling == "yarn") {
    rope.kind = RopeKind::Yarn;
    if (rope.original_context == 0) {
      SW_ASSIGN(rope.original_context, keys.count("context_length"));
    }
    SW_ASSIGN(rope.beta_fast, keys.number("rope.scaling.yarn_beta_fast", 32.0));
    SW_ASSIGN(rope.beta_slow, keys.number("rope.scaling.yarn_beta_slow", 1.0));
    SW_ASSIGN(const double attention, keys.number("rope.scaling.attn_factor", 1.0));
    if (attention != 1.0)
      rope.attention_factor = attention * (rope.factor > 1.0 ? 0.1 * std::log(rope.factor) + 1.0 : 1.0);
  } else if (scaling == "longrope") {
    return fail(ErrorCode::Format,
                keys.where() + "longrope scaling needs the tensors rope_factors_long and rope_factors_short.");
  } else {
    return fail(ErrorCode::Unsupported,
                keys.where() + "RoPE scaling of the type '" + shown(scaling) + "' is not supported.");
  }
  return rope;
}

}  // namespace

Result<ModelConfig> config_from_gguf(const GgufFile& file, const GgufRopeTensors& rope_tensors) {
  const std::string source = file.path().string();
  const GgufEntry* architecture = file.entry("general.architecture");
  if (architecture == nullptr || !architecture->as_string()) {
    return fail(ErrorCode::Format,
                source + ": the metadata 'general.architecture' is missing; this may be no language model.");
  }
  const std::string name = *architecture->as_string();
  if (const GgufEntry* parts = file.entry("split.count"); parts != nullptr && parts->as_int().value_or(0) > 1) {
    return fail(ErrorCode::Unsupported, source + ": this is one of " + std::to_string(*parts->as_int()) +
                                            " parts of a model; join them first (llama-gguf-split --merge).");
  }
  static const std::map<std::string, RopeStyle, std::less<>> known = {
      {"llama", RopeStyle::Adjacent}, {"qwen2", RopeStyle::Halves},  {"qwen3", RopeStyle::Halves},
      {"gemma", RopeStyle::Halves},   {"gemma2", RopeStyle::Halves}, {"gemma3", RopeStyle::Halves},
      {"phi3", RopeStyle::Halves}};
  const auto style = known.find(name);
  if (style == known.end()) {
    return fail(ErrorCode::Unsupported,
                source + ": the architecture '" + shown(name) +
                    "' is not supported; llama (with mistral), qwen2, qwen3, gemma, gemma2, gemma3 and phi3 are.");
  }
  const Keys keys(file, name);
  const auto small = [&](const char* key, std::optional<int64_t> fallback = {}) -> Result<int> {
    SW_ASSIGN(const int64_t value, keys.count(key, fallback));
    if (value > std::numeric_limits<int>::max()) {
      return fail(ErrorCode::Format, source + ": the metadata '" + name + "." + key + "' is " + std::to_string(value) +
                                         ", which cannot be.");
    }
    return static_cast<int>(value);
  };
  ModelConfig c;
  c.family = name;
  c.rope_style = style->second;
  SW_ASSIGN(c.width, keys.count("embedding_length"));
  SW_ASSIGN(c.layers, small("block_count"));
  SW_ASSIGN(c.context_length, keys.count("context_length"));
  SW_ASSIGN(c.feed_forward, keys.count("feed_forward_length"));
  SW_ASSIGN(c.heads, small("attention.head_count"));
  SW_ASSIGN(c.kv_heads, small("attention.head_count_kv", c.heads));
  SW_ASSIGN(c.norm_epsilon, keys.number("attention.layer_norm_rms_epsilon"));
  SW_ASSIGN(const int64_t experts, keys.count("expert_count", 0));
  if (experts > 0) return fail(ErrorCode::Unsupported, source + ": mixtures of experts are not supported.");
  if (c.heads < 1) return fail(ErrorCode::Format, source + ": the number of attention heads is 0.");
  SW_ASSIGN(c.head_dim, small("attention.key_length", c.width / c.heads));
  SW_ASSIGN(const int value_length, small("attention.value_length", c.head_dim));
  if (value_length != c.head_dim)
    return fail(ErrorCode::Unsupported, source + ": keys and values of different lengths are not supported.");
  SW_ASSIGN(c.rotary, small("rope.dimension_count", c.head_dim));
  SW_ASSIGN(c.rope, read_rope(keys, rope_tensors));
  SW_ASSIGN(c.window, keys.count("attention.sliding_window", 0));
  const size_t layers = static_cast<size_t>(std::clamp(c.layers, 0, 4096));
  const bool gemma = name.starts_with("gemma");
  c.activation = gemma ? Activation::GeluTanh : Activation::Silu;
  c.attention_scale = 1.0 / std::sqrt(static_cast<double>(std::max(1, c.head_dim)));
  if (gemma) {
    c.embedding_factor = std::sqrt(static_cast<float>(c.width));
    c.norm_adds_one = true;
  }
  // The two largest Gemma models scale attention by width / heads; their files do not say so.
  if ((name == "gemma2" && c.layers == 46) || (name == "gemma3" && c.layers == 62)) {
    c.attention_scale = 1.0 / std::sqrt(static_cast<double>(c.width) / c.heads);
  }
  SW_ASSIGN(c.attention_scale, keys.number("attention.scale", c.attention_scale));
  if (name == "gemma2") {
    SW_ASSIGN(c.attention_softcap, keys.number("attn_logit_softcapping", 50.0));
    SW_ASSIGN(c.final_softcap, keys.number("final_logit_softcapping", 30.0));
  } else {
    SW_ASSIGN(c.attention_softcap, keys.number("attn_logit_softcapping", 0.0));
    SW_ASSIGN(c.final_softcap, keys.number("final_logit_softcapping", 0.0));
  }
  if (name == "gemma2" && c.window == 0 && !keys.has("attention.sliding_window")) c.window = 4096;
  if (c.window > 0) {
    if (name == "gemma2" || name == "gemma3") {
      SW_ASSIGN(c.layer_has_window, keys.window_pattern(static_cast<int>(layers), name == "gemma2" ? 2 : 6));
    } else {
      c.layer_has_window.assign(layers, 1);
    }
  }
  if (name == "gemma3" && c.window > 0) {
    RopeConfig local;
    SW_ASSIGN(local.theta, keys.number("rope.freq_base_swa", 10000.0));
    c.rope_local = local;
  }
  const GgufTensor* embedding = file.tensor("token_embd.weight");
  if (embedding == nullptr) return fail(ErrorCode::Format, source + ": the tensor 'token_embd.weight' is missing.");
  c.vocabulary = embedding->rows();
  c.tied_embeddings = file.tensor("output.weight") == nullptr;
  SW_TRY(check_config(c, source));
  return c;
}

}  // namespace scalewright
