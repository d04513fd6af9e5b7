"""Reference logits of a LLaMA-like GGUF: transformers in float32 on the weights as the gguf package dequantizes them.

    python sample_logits.py MODEL.gguf FOLDER [TOKENS]

writes FOLDER/input_ids.npy (int32 [1, T]) and FOLDER/logits.npy (float32 [1, T, V]) for test_sample_logits. Needs numpy,
torch, transformers and gguf. transformers' own GGUF loader is not used: it has been wrong before.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from transformers import LlamaConfig, LlamaForCausalLM


def unpermute(rows: np.ndarray, heads: int) -> np.ndarray:
    """GGUF keeps the pair (i, i + hd/2) of a head in rows 2i, 2i + 1; Hugging Face keeps halves."""
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def main() -> None:
    model_path, folder = sys.argv[1], Path(sys.argv[2])
    length = int(sys.argv[3]) if len(sys.argv) > 3 else 96
    reader = GGUFReader(model_path)

    def key(name, default=None):
        field = reader.get_field(name)
        return default if field is None else field.contents()

    if key("general.architecture") != "llama":
        raise SystemExit("only the llama architecture is covered here")
    weights = {
        t.name: np.ascontiguousarray(dequantize(t.data, t.tensor_type), dtype=np.float32) for t in reader.tensors
    }
    heads = key("llama.attention.head_count")
    kv_heads = key("llama.attention.head_count_kv", heads)
    vocabulary, width = weights["token_embd.weight"].shape
    tied = "output.weight" not in weights
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=key("llama.feed_forward_length"),
        num_hidden_layers=key("llama.block_count"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        rms_norm_eps=key("llama.attention.layer_norm_rms_epsilon"),
        max_position_embeddings=key("llama.context_length"),
        rope_parameters={"rope_type": "default", "rope_theta": key("llama.rope.freq_base", 10000.0)},
        tie_word_embeddings=tied,
        attention_bias=False,
    )
    state = {
        "model.embed_tokens.weight": weights["token_embd.weight"],
        "model.norm.weight": weights["output_norm.weight"],
        "lm_head.weight": weights["token_embd.weight" if tied else "output.weight"],
    }
    names = {
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
        "attn_norm": "input_layernorm",
        "ffn_norm": "post_attention_layernorm",
    }
    for layer in range(config.num_hidden_layers):
        for ours, theirs in names.items():
            values = weights[f"blk.{layer}.{ours}.weight"]
            if ours in ("attn_q", "attn_k"):
                values = unpermute(values, heads if ours == "attn_q" else kv_heads)
            state[f"model.layers.{layer}.{theirs}.weight"] = values
    torch.set_num_threads(1)
    model = LlamaForCausalLM(config).float().eval()
    model.config._attn_implementation = "eager"
    missing, unexpected = model.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()}, strict=False)
    if unexpected or [m for m in missing if m != "lm_head.weight"]:
        raise SystemExit(f"weights do not fit: missing {missing}, unexpected {unexpected}")
    model.tie_weights()

    ids = np.random.default_rng(1).integers(0, vocabulary, size=(1, length), dtype=np.int32)
    with torch.no_grad():
        logits = model(torch.from_numpy(ids).long()).logits.numpy()
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "input_ids.npy", ids)
    np.save(folder / "logits.npy", logits.astype(np.float32))
    print(f"{ids.shape[1]} tokens, largest logit {np.abs(logits).max():.4f}")


if __name__ == "__main__":
    main()
