#!/usr/bin/env python3
"""The peer of a tuning step: LoRA (rank 8 on q and v, fp32) in PyTorch on the weights of a GGUF of the llama family.

Needs numpy, torch, transformers and gguf from the Python registry. Prints one JSON object: seconds a step (median), peak
resident memory, tokens per second.  Example:  lora_torch.py model.gguf --context 512 --batch 1 --steps 3 --threads 2
"""
import argparse
import json
import resource
import time

import torch
from torch import nn

from gguf_llama import load_llama


class LoraLinear(nn.Module):
    """y = W x + (alpha / r) B A x with W frozen."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.base = base
        self.a = nn.Parameter(torch.randn(rank, base.in_features) * 0.01)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + (x @ self.a.t()) @ self.b.t() * self.scale


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rank", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)

    model = load_llama(options.model)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for layer in model.model.layers:
        layer.self_attn.q_proj = LoraLinear(layer.self_attn.q_proj, options.rank, 16.0)
        layer.self_attn.v_proj = LoraLinear(layer.self_attn.v_proj, options.rank, 16.0)
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    ids = torch.randint(0, model.config.vocab_size, (options.batch, options.context))
    seconds = []
    for step in range(options.steps + 1):
        start = time.perf_counter()
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step:
            seconds.append(time.perf_counter() - start)
    seconds.sort()
    median = seconds[len(seconds) // 2]
    print(json.dumps({
        "seconds_per_step": median,
        "runs": seconds,
        "tokens_per_second": options.batch * options.context / median,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "torch": torch.__version__,
    }))


if __name__ == "__main__":
    main()
