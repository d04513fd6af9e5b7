#!/usr/bin/env python3
"""A GGUF of the llama family with random weights, quantized or F16, written as a stream: for speed and memory, not for sense.
Needs numpy.

  make_synthetic.py OUT.gguf --size 1 --type Q4_K [--head Q6_K] [--context 8192] [--seed 1]

Sizes in billions of parameters: 0.1, 1, 3, 7. Norms are ones; the head is tied unless --head is given."""
import argparse
import struct

import numpy as np

SIZES = {  # width, feed-forward, layers, heads, heads of keys
    "0.1": (768, 2048, 12, 12, 4), "1": (2048, 5632, 22, 32, 4), "3": (3072, 8192, 28, 24, 8), "7": (4096, 11008, 32, 32, 32),
}
VOCABULARY = 32000
# Number of the type in a file, weights a block, bytes a block, and where its halves lie: (byte, typical value).
# Codes of Q4_0 spread by 4.6 around 0, and so on: the values make weights of about 0.02.
TYPES = {
    "Q4_0": (2, 32, 18, [(0, 0.0045)]), "Q4_1": (3, 32, 20, [(0, 0.0045), (2, -0.034)]),
    "Q8_0": (8, 32, 34, [(0, 0.00027)]),
    "Q4_K": (12, 256, 144, [(0, 0.00014), (2, 0.001)]), "Q6_K": (14, 256, 210, [(208, 0.000016)]),
    "F16": (1, 1, 2, []),
}
F32, ALIGNMENT = 0, 32
CHUNK = 1 << 24  # bytes drawn at a time


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key, value):
    """One key and value: str, bool, int (u32), float (f32), or a list of one of them."""
    def kind(v):
        return 8 if isinstance(v, str) else 7 if isinstance(v, bool) else 4 if isinstance(v, int) else 6

    def one(v):
        return text(v) if isinstance(v, str) else struct.pack({7: "<?", 4: "<I", 6: "<f"}[kind(v)], v)

    if isinstance(value, list):
        body = struct.pack("<IIQ", 9, kind(value[0]), len(value)) + b"".join(one(v) for v in value)
    else:
        body = struct.pack("<I", kind(value)) + one(value)
    return text(key) + body


def tensors(size, matrix_type, head_type):
    """(name, rows, columns, type); rows 0: a vector of ones."""
    width, feed_forward, layers, heads, kv_heads = SIZES[size]
    kv = width // heads * kv_heads
    yield "token_embd.weight", VOCABULARY, width, head_type or matrix_type
    for layer in range(layers):
        at = f"blk.{layer}."
        yield at + "attn_norm.weight", 0, width, "F32"
        yield at + "ffn_norm.weight", 0, width, "F32"
        for name, rows, columns in (("attn_q", width, width), ("attn_k", kv, width), ("attn_v", kv, width), ("attn_output", width, width),
                                    ("ffn_gate", feed_forward, width), ("ffn_up", feed_forward, width), ("ffn_down", width, feed_forward)):
            yield at + name + ".weight", rows, columns, matrix_type
    yield "output_norm.weight", 0, width, "F32"


def bytes_of(rows, columns, kind):
    if kind == "F32":
        return columns * 4
    _, weights, size, _ = TYPES[kind]
    assert columns % weights == 0, f"{columns} columns are no multiple of {kind}'s {weights}"
    return rows * columns // weights * size


def write_blocks(out, total, kind, random):
    _, _, size, halves = TYPES[kind]
    step = CHUNK // size * size
    if kind == "F16":
        for start in range(0, total, step):
            out.write((0.02 * random.standard_normal(min(step, total - start) // 2, dtype=np.float32)).astype(np.float16).tobytes())
        return
    for start in range(0, total, step):
        blocks = np.frombuffer(random.bytes(min(step, total - start)), dtype=np.uint8).reshape(-1, size).copy()
        for at, value in halves:
            scale = (value * random.uniform(0.7, 1.3, len(blocks))).astype(np.float16)
            blocks[:, at:at + 2] = scale.view(np.uint8).reshape(-1, 2)
        if kind == "Q6_K":  # scales of 16 weights: keep their sizes alike
            blocks[:, 192:208] = (random.integers(40, 100, (len(blocks), 16)) * random.choice([-1, 1], (len(blocks), 16))).astype(np.int8).view(np.uint8)
        out.write(blocks.tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--size", choices=SIZES, default="1")
    parser.add_argument("--type", choices=TYPES, default="Q4_0")
    parser.add_argument("--head", choices=TYPES, help="type of the embedding, which is also the head")
    parser.add_argument("--context", type=int, default=8192)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    width, feed_forward, layers, heads, kv_heads = SIZES[options.size]
    random = np.random.default_rng(options.seed)
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)]
    names += [f"\u2581w{i}" for i in range(VOCABULARY - len(names))]
    kinds = [2, 3, 3] + [6] * 256 + [1] * (VOCABULARY - 259)
    keys = [
        entry("general.architecture", "llama"), entry("general.name", f"synthetic {options.size}B {options.type}"),
        entry("llama.context_length", options.context), entry("llama.embedding_length", width), entry("llama.block_count", layers),
        entry("llama.feed_forward_length", feed_forward), entry("llama.attention.head_count", heads),
        entry("llama.attention.head_count_kv", kv_heads), entry("llama.rope.dimension_count", width // heads),
        entry("llama.rope.freq_base", 10000.0), entry("llama.attention.layer_norm_rms_epsilon", 1e-5), entry("llama.vocab_size", VOCABULARY),
        entry("tokenizer.ggml.model", "llama"), entry("tokenizer.ggml.tokens", names),
        entry("tokenizer.ggml.scores", [0.0] * 259 + [-float(i) for i in range(VOCABULARY - 259)]),
        text("tokenizer.ggml.token_type") + struct.pack("<IIQ", 9, 5, VOCABULARY) + np.array(kinds, dtype="<i4").tobytes(),
        entry("tokenizer.ggml.bos_token_id", 1), entry("tokenizer.ggml.eos_token_id", 2), entry("tokenizer.ggml.unknown_token_id", 0),
    ]
    table, offset, parameters = [], 0, 0
    for name, rows, columns, kind in tensors(options.size, options.type, options.head):
        shape = [columns] if rows == 0 else [columns, rows]
        table.append(text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n in shape) +
                     struct.pack("<IQ", F32 if kind == "F32" else TYPES[kind][0], offset))
        offset += (bytes_of(rows, columns, kind) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        parameters += columns * max(rows, 1)
    with open(options.out, "wb") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, len(table), len(keys)) + b"".join(keys) + b"".join(table))
        out.write(b"\0" * (-out.tell() % ALIGNMENT))
        for _, rows, columns, kind in tensors(options.size, options.type, options.head):
            if kind == "F32":
                out.write(np.ones(columns, dtype="<f4").tobytes())
            else:
                write_blocks(out, bytes_of(rows, columns, kind), kind, random)
            out.write(b"\0" * (-out.tell() % ALIGNMENT))
    print(f"{options.out}: {parameters / 1e9:.2f} billion parameters, {offset / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
