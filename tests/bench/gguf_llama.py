"""A GGUF of the llama family as a transformers model in fp32: weights dequantized by the gguf package, q and k rows put back
into the order of Hugging Face (GGUF stores pairs next to each other). Shared by the scripts of tests/bench and tests/interop."""
import numpy as np
import torch
from gguf import GGUFReader, dequantize
from transformers import LlamaConfig, LlamaForCausalLM

NAMES = {
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def unpermute(w, heads):
    """GGUF row h*d + 2i + p  ->  row h*d + p*d/2 + i."""
    rows, cols = w.shape
    d = rows // heads
    return w.reshape(heads, d // 2, 2, cols).swapaxes(1, 2).reshape(rows, cols)


def load_llama(path):
    reader = GGUFReader(path)

    def value(key, default=None):
        field = reader.get_field("llama." + key)
        return default if field is None else field.contents()

    weights = {t.name: torch.from_numpy(np.array(dequantize(t.data, t.tensor_type), dtype=np.float32)) for t in reader.tensors}
    heads, kv_heads = value("attention.head_count"), value("attention.head_count_kv")
    config = LlamaConfig(
        vocab_size=weights["token_embd.weight"].shape[0], hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"), num_hidden_layers=value("block_count"), num_attention_heads=heads,
        num_key_value_heads=kv_heads, rms_norm_eps=value("attention.layer_norm_rms_epsilon"),
        max_position_embeddings=value("context_length"), rope_theta=value("rope.freq_base", 10000.0),
        tie_word_embeddings="output.weight" not in weights)
    config.rope_parameters = {"rope_type": "default", "rope_theta": float(value("rope.freq_base", 10000.0))}
    model = LlamaForCausalLM(config).float().eval()
    state = {"model.embed_tokens.weight": weights["token_embd.weight"], "model.norm.weight": weights["output_norm.weight"],
             "lm_head.weight": weights.get("output.weight", weights["token_embd.weight"])}
    for name, w in weights.items():
        parts = name.split(".")
        if parts[0] != "blk":
            continue
        if parts[2] == "attn_q":
            w = unpermute(w, heads)
        if parts[2] == "attn_k":
            w = unpermute(w, kv_heads)
        state[f"model.layers.{parts[1]}.{NAMES[parts[2]]}.weight"] = w
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all("rotary" in m for m in missing), (missing, unexpected)
    return model
