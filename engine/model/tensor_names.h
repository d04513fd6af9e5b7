#pragma once
// Which tensors a layer has, by the names of GGUF and of Hugging Face. GGUF names are the engine's own.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/config.h"

namespace scalewright {

enum class TensorRole { AttnNorm, FfnNorm, PostAttnNorm, PostFfnNorm, QNorm, KNorm, Qkv, AttnOutput, GateUp, Down };
constexpr bool is_norm(TensorRole role) {
  return role <= TensorRole::KNorm;
}

// A tensor of a layer: `name` without ".weight". rows [N] and cols [K] of a linear; a norm has rows 1, cols its length.
struct TensorSpec {
  TensorRole role = TensorRole::Qkv;
  std::string name;
  int64_t rows = 0, cols = 0;
};
// In file order: attn_norm, qkv, q and k norms, attn_output, post norm, ffn_norm, gate_up, down, post norm.
std::vector<TensorSpec> layer_tensors(const ModelConfig& config, int layer, bool fused_qkv, bool fused_gate_up);

bool is_in_block(const std::string& name);  // "blk.3.attn_q.weight", "model.layers.3.self_attn.q_proj.qweight"

// "blk.3.attn_q" -> "layers.3.self_attn.q_proj"; "output_norm" -> "norm"; "token_embd" -> "embed_tokens"; "output" ->
// "lm_head". The prefix "model." is the caller's. `fused_gate_up`: ffn_up is gate_up_proj.
std::string hf_tensor_name(const ModelConfig& config, const std::string& name, bool fused_gate_up);

}  // namespace scalewright
