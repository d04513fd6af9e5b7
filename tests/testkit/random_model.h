#pragma once
// Small random models whose block linears are quantized in a given kind, for tests that no golden file covers. Header
// only.

#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "engine/model/batch.h"
#include "engine/model/model.h"

namespace scalewright::testkit {

struct RandomKind {
  const char* name;
  kernels::BlockKind kind;
  int bits, offset, sub, block;  // sub 0: the block; block 0: all of K
};

inline const std::vector<RandomKind>& random_kinds() {
  using kernels::BlockKind;
  static const std::vector<RandomKind> kinds = {
      {"Q4_1", BlockKind::Min, 4, 0, 0, 32},       {"Q4_0", BlockKind::Offset, 4, 8, 0, 32},
      {"Q8_0", BlockKind::Offset, 8, 128, 0, 32},  {"Q4_K", BlockKind::KMin, 4, 0, 32, 256},
      {"Q5_K", BlockKind::KMin, 5, 0, 32, 256},    {"Q2_K", BlockKind::KMin, 2, 0, 16, 256},
      {"Q3_K", BlockKind::KScale, 3, 4, 16, 256},  {"Q6_K", BlockKind::KScale, 6, 32, 16, 256},
      {"W3 g64", BlockKind::Affine, 3, 0, 0, 64},  {"W4 per row", BlockKind::Affine, 4, 0, 0, 0},
      {"min per row", BlockKind::Min, 4, 0, 0, 0},
  };
  return kinds;
}

class ModelMaker {
 public:
  ModelMaker(const RandomKind& kind, unsigned seed) : kind_(kind), random_(seed) {}

  float uniform(float low, float high) { return low + (high - low) * static_cast<float>(random_() % 65536) / 65536.0f; }
  std::vector<float> vector(int64_t n, float low, float high) {
    std::vector<float> v(static_cast<size_t>(n));
    for (float& x : v) x = uniform(low, high);
    return v;
  }
  // Entries of about `size`.
  QuantizedMatrix quantized(int64_t rows, int64_t cols, float size) {
    using kernels::BlockKind;
    kernels::QuantLayout layout;
    layout.rows = rows;
    layout.cols = cols;
    layout.kind = kind_.kind;
    layout.bits = static_cast<uint8_t>(kind_.bits);
    layout.offset = static_cast<int16_t>(kind_.offset);
    layout.block = kind_.block ? kind_.block : cols;
    layout.sub = kind_.sub ? kind_.sub : static_cast<int32_t>(layout.block);
    const int codes = 1 << kind_.bits;
    auto built = QuantizedMatrix::build(layout, [&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
      const int64_t G = layout.groups(), S = layout.subs(), K = layout.chunks() * kernels::kChunk;
      for (int64_t r = 0; r < kernels::kStripRows && strip * kernels::kStripRows + r < rows; ++r) {
        for (int64_t k = 0; k < cols; ++k)
          plain.codes[r * K + k] = static_cast<uint8_t>(random_() % static_cast<unsigned>(codes));
        const bool k_kind = kind_.kind == BlockKind::KMin || kind_.kind == BlockKind::KScale;
        // Minimums as large as the mean of what they are taken from: a common sign would saturate the attention.
        const float balance = static_cast<float>(codes - 1) / static_cast<float>(codes);
        const float step = 2.0f * size / static_cast<float>(codes) / (k_kind ? 8.0f : 1.0f);
        for (int64_t g = 0; g < G; ++g) {
          plain.scale[r * G + g] = kernels::float_to_half(step * uniform(0.6f, 1.4f));
          if (kind_.kind == BlockKind::Min)
            plain.scale_min[r * G + g] = kernels::float_to_half(-size * uniform(0.6f, 1.4f));
          if (kind_.kind == BlockKind::KMin)
            plain.scale_min[r * G + g] = kernels::float_to_half(size / 8.0f * balance * uniform(0.6f, 1.4f));
          if (kind_.kind == BlockKind::Affine)
            plain.zero[r * G + g] = static_cast<int16_t>(codes / 2 - static_cast<int>(random_() % 2));
        }
        for (int64_t s = 0; k_kind && s < S; ++s) {
          const int largest = kind_.kind == BlockKind::KMin ? 16 : 24;  // entries centred on 0 where there are minimums
          plain.sub_scale[r * S + s] =
              static_cast<int16_t>(largest / 4 + static_cast<int>(random_() % static_cast<unsigned>(largest / 2)));
          if (kind_.kind == BlockKind::KScale && random_() % 4 == 0)
            plain.sub_scale[r * S + s] = static_cast<int16_t>(-plain.sub_scale[r * S + s]);
          if (kind_.kind == BlockKind::KMin)
            plain.sub_min[r * S + s] = static_cast<int16_t>(6 + static_cast<int>(random_() % 5));
        }
      }
      return {};
    });
    if (!built) std::abort();
    return std::move(*built);
  }
  Linear linear(const std::string& name, int64_t rows, int64_t cols, float size, bool bias, bool act_order) {
    Linear out;
    out.name = name;
    QuantizedMatrix matrix = quantized(rows, cols, size);
    if (act_order) {
      std::vector<int32_t> order(static_cast<size_t>(cols));
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), random_);
      matrix.set_column_order(std::move(order));
    }
    out.weight = std::move(matrix);
    if (bias) out.bias = vector(rows, -0.3f, 0.3f);
    return out;
  }
  Matrix dense(int64_t rows, int64_t cols, float size) {
    DenseMatrix m;
    m.rows = rows;
    m.cols = cols;
    m.data = AlignedBytes(static_cast<size_t>(rows * cols) * sizeof(float));
    auto* data = reinterpret_cast<float*>(m.data.data());
    for (int64_t i = 0; i < rows * cols; ++i) data[i] = uniform(-size, size);
    return m;
  }

 private:
  RandomKind kind_;
  std::mt19937 random_;
};

// Two layers (three with `variant`) unless told otherwise, widths of 256. `variant`: every switch that golden families
// spread over several models; it has three layers always.
inline std::shared_ptr<Model> random_model(const RandomKind& kind, bool variant, unsigned seed, int layers = 2) {
  ModelMaker make(kind, seed);
  auto model = std::make_shared<Model>();
  model->name = std::string("random ") + kind.name;
  ModelConfig& c = model->config;
  c.family = "llama";
  c.width = 256;
  c.feed_forward = variant ? 256 : 512;
  c.layers = variant ? 3 : layers;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 64;
  c.vocabulary = 61;
  c.context_length = 64;
  c.rotary = variant ? 32 : 64;
  c.rope_style = variant ? RopeStyle::Adjacent : RopeStyle::Halves;
  c.activation = variant ? Activation::GeluTanh : Activation::Silu;
  c.attention_scale = 0.125;
  if (variant) {
    c.attention_softcap = 5.0;
    c.final_softcap = 6.0;
    c.window = 4;
    c.layer_has_window = {1, 0, 1};
    c.rope_local = RopeConfig{.theta = 100.0};
    c.embedding_factor = 2.0;
  }
  const int64_t D = c.width, F = c.feed_forward, Q = 256, KV = 128;
  const float size = 0.06f;
  for (int l = 0; l < c.layers; ++l) {
    const std::string at = "blk." + std::to_string(l) + ".";
    Layer layer;
    layer.attn_norm = make.vector(D, 0.5f, 1.5f);
    layer.ffn_norm = make.vector(D, 0.5f, 1.5f);
    const bool fused = variant && l == 1;
    if (fused) {
      layer.qkv.push_back(make.linear(at + "attn_qkv", Q + 2 * KV, D, size, true, true));
      layer.gate_up.push_back(make.linear(at + "ffn_up", 2 * F, D, size, true, false));
    } else {
      layer.qkv.push_back(make.linear(at + "attn_q", Q, D, size, variant, false));
      layer.qkv.push_back(make.linear(at + "attn_k", KV, D, size, variant, false));
      layer.qkv.push_back(make.linear(at + "attn_v", KV, D, size, variant, variant));
      layer.gate_up.push_back(make.linear(at + "ffn_gate", F, D, size, variant, false));
      layer.gate_up.push_back(make.linear(at + "ffn_up", F, D, size, false, variant));
    }
    layer.attn_output = make.linear(at + "attn_output", D, Q, size, variant, variant);
    layer.down = make.linear(at + "ffn_down", D, F, size, variant, variant);
    if (variant) {
      if (l != 0) layer.post_attn_norm = make.vector(D, 0.5f, 1.5f);
      if (l != 1) layer.post_ffn_norm = make.vector(D, 0.5f, 1.5f);
      if (l != 2) layer.q_norm = make.vector(c.head_dim, 0.5f, 1.5f);
      layer.k_norm = make.vector(c.head_dim, 0.5f, 1.5f);
    }
    model->weights.layers.push_back(std::move(layer));
  }
  model->weights.token_embd = make.dense(c.vocabulary, D, 1.0f);
  model->weights.output_norm = make.vector(D, 0.5f, 1.5f);
  model->weights.output = make.dense(c.vocabulary, D, 0.2f);
  model->weights.has_output = true;
  return model;
}

// Two samples in the first row and padding behind the second; targets random, some not learned.
inline Batch random_batch(const Model& model, int64_t rows, int64_t context, unsigned seed) {
  std::mt19937 random(seed);
  Batch batch;
  batch.rows = rows;
  batch.context = context;
  const auto V = static_cast<unsigned>(model.config.vocabulary);
  for (int64_t b = 0; b < rows; ++b) {
    for (int64_t t = 0; t < context; ++t) {
      const bool second = b == 0 && t >= context / 2, padding = b == rows - 1 && t >= context - 2;
      batch.ids.push_back(static_cast<int32_t>(random() % V));
      batch.targets.push_back(padding || random() % 4 == 0 ? -100 : static_cast<int32_t>(random() % V));
      batch.segments.push_back(padding ? -1 : second);
      batch.positions.push_back(static_cast<int32_t>(second ? t - context / 2 : t));
    }
  }
  return batch;
}

}  // namespace scalewright::testkit
