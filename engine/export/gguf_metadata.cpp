#include "engine/export/gguf_metadata.h"

#include <algorithm>
#include <cmath>

#include "engine/format/file_metadata.h"
#include "engine/format/gguf_blocks.h"
#include "engine/model/gguf_tokenizer_keys.h"
#include "engine/model/tuned_name.h"

namespace scalewright {
namespace {

// general.file_type: a number for the type that most matrices have. An embedding can hold more weights than all of them.
uint32_t file_type(const std::map<GgufType, int64_t>& types) {
  GgufType most = GgufType::F16;
  int64_t matrices = -1;
  for (const auto& [type, count] : types) {
    if (count > matrices) {
      most = type;
      matrices = count;
    }
  }
  switch (most) {
    case GgufType::F32:
      return 0;
    case GgufType::F16:
      return 1;
    case GgufType::Q4_0:
      return 2;
    case GgufType::Q4_1:
      return 3;
    case GgufType::Q8_0:
      return 7;
    case GgufType::Q5_0:
      return 8;
    case GgufType::Q5_1:
      return 9;
    case GgufType::Q2_K:
      return 10;
    case GgufType::Q3_K:
      return 12;
    case GgufType::Q4_K:
      return 15;
    case GgufType::Q5_K:
      return 17;
    case GgufType::Q6_K:
      return 18;
    case GgufType::BF16:
      return 32;
    case GgufType::TQ2_0:
      return 37;
    default:
      return 1024;  // "guessed"
  }
}

bool any_quantized(const std::map<GgufType, int64_t>& types) {
  return std::ranges::any_of(types, [](const auto& item) { return !is_dense(item.first); });
}

void set_entry(std::vector<GgufEntry>& entries, GgufEntry entry) {
  for (GgufEntry& old : entries) {
    if (old.key == entry.key) {
      old = std::move(entry);
      return;
    }
  }
  entries.push_back(std::move(entry));
}

// Says that the scales are learned ones, and by what: other programs show the name, and nothing else tells the file
// from its base.
void mark_tuned(const Model& model, std::vector<GgufEntry>& entries) {
  if (model.tuned_by.empty()) return;
  const auto text_of = [&](const char* key) {
    const GgufEntry* entry = find_entry(entries, key);
    return entry != nullptr ? entry->as_string().value_or("") : std::string();
  };
  const std::string given = text_of("general.name"), base = given.empty() ? model.name : given;
  const std::string toward = text_of("general.finetune");  // "Instruct"
  set_entry(entries, GgufEntry::string("general.name", tuned_name(base, model.tuned_by)));
  set_entry(entries,
            GgufEntry::string("general.finetune", toward.empty() ? model.tuned_by : toward + ", " + model.tuned_by));
  // What the base was made from, where the file says it, stays.
  if (find_entry(entries, "general.base_model.count") != nullptr) return;
  set_entry(entries, GgufEntry::u32("general.base_model.count", 1));
  set_entry(entries, GgufEntry::string("general.base_model.0.name", base));
}

// The keys of the file that the model came from. Only what no longer holds is changed.
GgufHeader kept_header(const FileMetadata& metadata, const std::map<GgufType, int64_t>& types) {
  GgufHeader header;
  header.entries = metadata.entries;
  std::map<GgufType, int64_t> before;
  for (const GgufTensor& tensor : metadata.tensors) {
    if (tensor.ne.size() > 1) ++before[tensor.type];
  }
  if (before != types) {
    if (find_entry(header.entries, "general.file_type") != nullptr || any_quantized(types)) {
      set_entry(header.entries, GgufEntry::u32("general.file_type", file_type(types)));
    }
    if (any_quantized(types)) set_entry(header.entries, GgufEntry::u32("general.quantization_version", 2));
  }
  return header;
}

Result<void> rope_keys(const ModelConfig& c, const std::string& a, GgufHeader& header) {
  const RopeConfig& rope = c.rope;
  auto& entries = header.entries;
  entries.push_back(GgufEntry::f32(a + "rope.freq_base", static_cast<float>(rope.theta)));
  entries.push_back(GgufEntry::u32(a + "rope.dimension_count", static_cast<uint32_t>(c.rotary)));
  std::vector<double> scaled, plain;
  double attention = 1.0, ignored = 1.0;
  rope_frequencies(rope, c.rotary, c.context_length, 1, scaled, attention);
  const auto tensor = [&](const char* name, const std::vector<double>& values) {
    header.tensors.emplace_back(name, std::vector<float>(values.begin(), values.end()));
  };
  const auto scaling = [&](const char* type) {
    entries.push_back(GgufEntry::string(a + "rope.scaling.type", type));
    entries.push_back(GgufEntry::f32(a + "rope.scaling.factor", static_cast<float>(rope.factor)));
  };
  const auto original = [&] {
    entries.push_back(
        GgufEntry::u32(a + "rope.scaling.original_context_length", static_cast<uint32_t>(rope.original_context)));
  };
  switch (rope.kind) {
    case RopeKind::Default:
      break;
    case RopeKind::Linear:
      scaling("linear");
      break;
    case RopeKind::Llama3: {
      RopeConfig unscaled;
      unscaled.theta = rope.theta;
      rope_frequencies(unscaled, c.rotary, c.context_length, 1, plain, ignored);
      for (size_t i = 0; i < plain.size(); ++i) plain[i] /= scaled[i];
      tensor("rope_freqs.weight", plain);
      break;
    }
    case RopeKind::Yarn: {
      if (!rope.truncate)
        return fail(ErrorCode::Unsupported,
                    "GGUF cannot hold YaRN scaling without truncation; export a folder instead.");
      scaling("yarn");
      original();
      const double usual = rope.factor > 1.0 ? 0.1 * std::log(rope.factor) + 1.0 : 1.0;
      if (std::abs(attention / usual - 1.0) > 1e-9)
        entries.push_back(GgufEntry::f32(a + "rope.scaling.attn_factor", static_cast<float>(attention / usual)));
      if (rope.beta_fast != 32.0)
        entries.push_back(GgufEntry::f32(a + "rope.scaling.yarn_beta_fast", static_cast<float>(rope.beta_fast)));
      if (rope.beta_slow != 1.0)
        entries.push_back(GgufEntry::f32(a + "rope.scaling.yarn_beta_slow", static_cast<float>(rope.beta_slow)));
      break;
    }
    case RopeKind::LongRope:
      original();
      entries.push_back(GgufEntry::f32(a + "rope.scaling.attn_factor", static_cast<float>(attention)));
      tensor("rope_factors_long.weight", rope.long_factors);
      tensor("rope_factors_short.weight", rope.short_factors);
      break;
    case RopeKind::Dynamic:
      return fail(ErrorCode::Unsupported, "GGUF cannot hold dynamic RoPE scaling; export a folder instead.");
  }
  if (!rope.frequency_divisors.empty()) tensor("rope_freqs.weight", rope.frequency_divisors);
  if (c.rope_local) {
    if (c.rope_local->kind != RopeKind::Default)
      return fail(ErrorCode::Unsupported, "GGUF cannot hold RoPE scaling of the layers with a window.");
    entries.push_back(GgufEntry::f32(a + "rope.freq_base_swa", static_cast<float>(c.rope_local->theta)));
    if (c.rope_local->theta != 10000.0)
      header.notes.push_back("Other programs may take 10000 for the RoPE base of the layers with a window.");
  }
  return {};
}

void window_keys(const ModelConfig& c, const std::string& a, GgufHeader& header) {
  if (c.window == 0) {
    if (c.family == "gemma2") header.entries.push_back(GgufEntry::u32(a + "attention.sliding_window", 0));
    return;
  }
  header.entries.push_back(GgufEntry::u32(a + "attention.sliding_window", static_cast<uint32_t>(c.window)));
  const bool by_layer = c.family == "gemma2" || c.family == "gemma3";
  const int usual = c.family == "gemma2" ? 2 : 6;
  bool as_usual = true;
  for (size_t i = 0; i < c.layer_has_window.size(); ++i) {
    as_usual &= (c.layer_has_window[i] != 0) == (by_layer ? (static_cast<int>(i) + 1) % usual != 0 : true);
  }
  if (by_layer && !as_usual) {
    GgufEntry flags;
    flags.key = a + "attention.sliding_window_pattern";
    flags.type = GgufValueType::Array;
    flags.element = GgufValueType::Bool;
    flags.count = c.layer_has_window.size();
    for (const uint8_t has : c.layer_has_window) flags.bytes.push_back(has != 0 ? 1 : 0);
    header.entries.push_back(std::move(flags));
    header.notes.push_back(
        "Other programs may take the usual pattern of layers with a sliding window instead of this model's.");
  } else if (!by_layer && !as_usual) {
    header.notes.push_back("The file cannot say that only some layers have a sliding window.");
  }
  if (c.family == "mistral" || c.family == "qwen2" || c.family == "qwen3") {
    header.notes.push_back("llama.cpp ignores the sliding window of " + std::to_string(c.window) +
                           " tokens; answers differ beyond it.");
  }
}

Result<void> tokenizer_keys(const Model& model, GgufHeader& header) {
  const FileMetadata& metadata = *model.metadata;
  if (!model.tokenizer || metadata.folder.empty()) {
    header.entries.push_back(GgufEntry::string("tokenizer.ggml.model", "no_vocab"));
    header.notes.push_back("The model has no tokenizer, so other programs can open the file but not chat with it.");
    return {};
  }
  auto read = gguf_tokenizer_data(metadata.folder);
  if (!read) return tl::unexpected<Error>(std::move(read).error());
  GgufTokenizerData& data = *read;
  // Embeddings are often padded; llama.cpp wants a token for every row.
  const size_t rows = static_cast<size_t>(model.config.vocabulary), tokens = data.tokens.size();
  if (tokens > rows) {
    return fail(ErrorCode::Unsupported, model.name + ": the tokenizer has " + std::to_string(tokens) +
                                            " tokens, but the embedding only " + std::to_string(rows) + " rows.");
  }
  if (tokens < rows) {
    if (data.types.empty()) data.types.assign(tokens, 1);
    for (size_t i = tokens; i < rows; ++i) data.tokens.push_back("[PAD" + std::to_string(i) + "]");
    data.types.resize(rows, 5);
    if (!data.scores.empty()) data.scores.resize(rows, -1000.0f);
  }
  data.add_bos = model.add_bos;
  for (GgufEntry& entry : gguf_tokenizer_entries(data)) header.entries.push_back(std::move(entry));
  if (!metadata.chat_template.empty())
    header.entries.push_back(GgufEntry::string("tokenizer.chat_template", metadata.chat_template));
  return {};
}

Result<GgufHeader> made_header(const Model& model, const std::map<GgufType, int64_t>& types) {
  const ModelConfig& c = model.config;
  const std::string architecture = gguf_architecture(c), a = architecture + ".";
  GgufHeader header;
  auto& entries = header.entries;
  const auto count = [&](const char* key, int64_t value) {
    entries.push_back(GgufEntry::u32(a + key, static_cast<uint32_t>(value)));
  };
  entries.push_back(GgufEntry::string("general.architecture", architecture));
  entries.push_back(GgufEntry::string("general.type", "model"));
  entries.push_back(GgufEntry::string("general.name", model.name));
  count("vocab_size", c.vocabulary);
  count("context_length", c.context_length);
  count("embedding_length", c.width);
  count("block_count", c.layers);
  count("feed_forward_length", c.feed_forward);
  count("attention.head_count", c.heads);
  count("attention.head_count_kv", c.kv_heads);
  entries.push_back(GgufEntry::f32(a + "attention.layer_norm_rms_epsilon", static_cast<float>(c.norm_epsilon)));
  if (c.width != int64_t{c.heads} * c.head_dim || architecture.starts_with("gemma") || architecture == "qwen3") {
    count("attention.key_length", c.head_dim);
    count("attention.value_length", c.head_dim);
  }
  SW_TRY(rope_keys(c, a, header));
  window_keys(c, a, header);
  if (c.family == "gemma2" || c.attention_softcap > 0)
    entries.push_back(GgufEntry::f32(a + "attn_logit_softcapping", static_cast<float>(c.attention_softcap)));
  if (c.family == "gemma2" || c.final_softcap > 0)
    entries.push_back(GgufEntry::f32(a + "final_logit_softcapping", static_cast<float>(c.final_softcap)));
  const bool largest = (c.family == "gemma2" && c.layers == 46) || (c.family == "gemma3" && c.layers == 62);
  const double usual =
      1.0 / std::sqrt(largest ? static_cast<double>(c.width) / c.heads : static_cast<double>(c.head_dim));
  if (std::abs(c.attention_scale / usual - 1.0) > 1e-9) {
    entries.push_back(GgufEntry::f32(a + "attention.scale", static_cast<float>(c.attention_scale)));
    header.notes.push_back("llama.cpp may not read this model's own attention scale (attention.scale).");
  }
  if (c.activation != (architecture.starts_with("gemma") ? Activation::GeluTanh : Activation::Silu)) {
    return fail(ErrorCode::Unsupported,
                model.name + ": GGUF cannot say that this " + c.family + " model has another activation than usual.");
  }
  entries.push_back(GgufEntry::u32("general.file_type", file_type(types)));
  if (any_quantized(types)) entries.push_back(GgufEntry::u32("general.quantization_version", 2));
  SW_TRY(tokenizer_keys(model, header));
  return header;
}

}  // namespace

std::string gguf_architecture(const ModelConfig& config) {
  return config.family == "mistral" ? "llama" : config.family;
}

Result<GgufHeader> gguf_header(const Model& model, const std::map<GgufType, int64_t>& types, int bits) {
  if (!model.metadata)
    return fail(ErrorCode::InvalidArgument, model.name + ": the model has lost what it was opened from.");
  GgufHeader header;
  if (!model.metadata->entries.empty()) {
    header = kept_header(*model.metadata, types);
  } else {
    SW_ASSIGN(header, made_header(model, types));
  }
  mark_tuned(model, header.entries);
  if (bits > 0) {
    set_entry(header.entries, GgufEntry::u32(kGgufBitsKey, static_cast<uint32_t>(bits)));
  } else {
    std::erase_if(header.entries, [](const GgufEntry& entry) { return entry.key == kGgufBitsKey; });
  }
  return header;
}

}  // namespace scalewright
