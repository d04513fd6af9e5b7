#include "engine/model/tensor_names.h"

#include <array>
#include <string_view>
#include <utility>

namespace scalewright {
namespace {

bool has_post_norms(const ModelConfig& c) {
  return c.family == "gemma2" || c.family == "gemma3";
}
bool has_head_norms(const ModelConfig& c) {
  return c.family == "qwen3" || c.family == "gemma3";
}

}  // namespace

std::vector<TensorSpec> layer_tensors(const ModelConfig& c, int layer, bool fused_qkv, bool fused_gate_up) {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  const int64_t q = int64_t{c.heads} * c.head_dim, kv = int64_t{c.kv_heads} * c.head_dim;
  std::vector<TensorSpec> specs;
  const auto add = [&](TensorRole role, const char* name, int64_t rows, int64_t cols) {
    specs.push_back({role, prefix + name, rows, cols});
  };
  add(TensorRole::AttnNorm, "attn_norm", 1, c.width);
  if (fused_qkv) {
    add(TensorRole::Qkv, "attn_qkv", q + 2 * kv, c.width);
  } else {
    add(TensorRole::Qkv, "attn_q", q, c.width);
    add(TensorRole::Qkv, "attn_k", kv, c.width);
    add(TensorRole::Qkv, "attn_v", kv, c.width);
  }
  if (has_head_norms(c)) {
    add(TensorRole::QNorm, "attn_q_norm", 1, c.head_dim);
    add(TensorRole::KNorm, "attn_k_norm", 1, c.head_dim);
  }
  add(TensorRole::AttnOutput, "attn_output", c.width, q);
  if (has_post_norms(c)) add(TensorRole::PostAttnNorm, "post_attention_norm", 1, c.width);
  add(TensorRole::FfnNorm, "ffn_norm", 1, c.width);
  if (fused_gate_up) {
    add(TensorRole::GateUp, "ffn_up", 2 * c.feed_forward, c.width);
  } else {
    add(TensorRole::GateUp, "ffn_gate", c.feed_forward, c.width);
    add(TensorRole::GateUp, "ffn_up", c.feed_forward, c.width);
  }
  add(TensorRole::Down, "ffn_down", c.width, c.feed_forward);
  if (has_post_norms(c)) add(TensorRole::PostFfnNorm, "post_ffw_norm", 1, c.width);
  return specs;
}

bool is_in_block(const std::string& name) {
  return name.starts_with("blk.") || name.find("layers.") != std::string::npos;
}

std::string hf_tensor_name(const ModelConfig& c, const std::string& name, bool fused_gate_up) {
  if (name == "token_embd") return "embed_tokens";
  if (name == "output_norm") return "norm";
  if (name == "output") return "lm_head";
  const size_t dot = name.find('.', 4);
  if (!name.starts_with("blk.") || dot == std::string::npos) return name;
  const std::string part = name.substr(dot + 1);
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> names = {{
      {"attn_norm", "input_layernorm"},
      {"attn_q", "self_attn.q_proj"},
      {"attn_k", "self_attn.k_proj"},
      {"attn_v", "self_attn.v_proj"},
      {"attn_qkv", "self_attn.qkv_proj"},
      {"attn_q_norm", "self_attn.q_norm"},
      {"attn_k_norm", "self_attn.k_norm"},
      {"attn_output", "self_attn.o_proj"},
      {"post_attention_norm", "post_attention_layernorm"},
      {"post_ffw_norm", "post_feedforward_layernorm"},
      {"ffn_gate", "mlp.gate_proj"},
      {"ffn_up", "mlp.up_proj"},
      {"ffn_down", "mlp.down_proj"},
  }};
  std::string hf = part;
  if (part == "ffn_norm")
    hf = has_post_norms(c) ? "pre_feedforward_layernorm" : "post_attention_layernorm";
  else if (part == "ffn_up" && fused_gate_up)
    hf = "mlp.gate_up_proj";
  else {
    for (const auto& [gguf, other] : names) {
      if (part == gguf) hf = other;
    }
  }
  return "layers." + name.substr(4, dot - 4) + "." + hf;
}

}  // namespace scalewright
