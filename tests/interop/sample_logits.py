#!/usr/bin/env python3
"""Reference logits of a GGUF of the llama family: transformers in float32 on the weights as the gguf package dequantizes them.

    sample_logits.py MODEL.gguf FOLDER [TOKENS]

writes for test_sample_logits into FOLDER: input_ids.npy int32 [1, T], columns.npy int32 [C], the vocabulary entries that are kept,
logits.npy float32 [1, T, C] and largest.npy float32 [1], the largest logit of all. tests/golden/sample was made so from the sample
model. Needs numpy, torch, transformers and gguf. transformers' own GGUF loader is not used: it has been wrong before.
"""
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))
from gguf_llama import load_llama  # noqa: E402

COLUMNS = 1024


def main():
    path, folder = sys.argv[1], Path(sys.argv[2])
    length = int(sys.argv[3]) if len(sys.argv) > 3 else 64
    torch.set_num_threads(1)
    model = load_llama(path).float().eval()
    model.config._attn_implementation = "eager"
    vocabulary = model.config.vocab_size
    random = np.random.default_rng(1)
    ids = random.integers(0, vocabulary, size=(1, length), dtype=np.int32)
    columns = np.sort(random.choice(vocabulary, size=min(COLUMNS, vocabulary), replace=False)).astype(np.int32)
    with torch.no_grad():
        logits = model(torch.from_numpy(ids).long()).logits.numpy().astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "input_ids.npy", ids)
    np.save(folder / "columns.npy", columns)
    np.save(folder / "logits.npy", np.ascontiguousarray(logits[:, :, columns]))
    np.save(folder / "largest.npy", np.abs(logits).max().reshape(1))
    print(f"{length} tokens, {len(columns)} of {vocabulary} columns, largest logit {np.abs(logits).max():.4f}")


if __name__ == "__main__":
    main()
