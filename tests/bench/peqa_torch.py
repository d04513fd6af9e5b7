#!/usr/bin/env python3
"""PyTorch's side of peqa_findings.py, on the batches that scalewright-cli tune --save-batches wrote. Prints one JSON object.

    peqa_torch.py lora FOLDER BATCHES OUT       LoRA in fp32 on q and v of a folder of the llama family; OUT: the merged folder
    peqa_torch.py zeros FOLDER BATCHES IDS      a GPTQ folder whose codes stay: learns --learn s, z or both (zero points as real
                                                numbers) and gives the perplexity of IDS (JSON {"ids": [...]}) before and after

Needs numpy, torch, safetensors and transformers. Optimizer and schedule are those of the program: AdamW, cosine with 3 % warm-up,
gradient norm clipped at 0.3.
"""
import argparse
import json
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
from export_check import folder_model, stream  # noqa: E402
from lora_torch import LoraLinear  # noqa: E402


class ScaledCodes(torch.autograd.Function):
    """y = x W^T, W = s (q - z) by groups; gradients of s and z [N, G] without keeping W."""

    @staticmethod
    def weight(codes, s, z):
        rows, cols = codes.shape
        grouped = codes.view(rows, s.shape[1], -1).float()
        return ((grouped - z[:, :, None]) * s[:, :, None]).view(rows, cols)

    @staticmethod
    def forward(ctx, x, codes, s, z):
        ctx.save_for_backward(x, codes, s, z)
        return x @ ScaledCodes.weight(codes, s, z).t()

    @staticmethod
    def backward(ctx, dy):
        x, codes, s, z = ctx.saved_tensors
        flat_dy, flat_x = dy.reshape(-1, dy.shape[-1]), x.reshape(-1, x.shape[-1])
        dw = (flat_dy.t() @ flat_x).view(codes.shape[0], s.shape[1], -1)
        grouped = codes.view(codes.shape[0], s.shape[1], -1).float()
        ds = (dw * (grouped - z[:, :, None])).sum(-1)
        dz = -s * dw.sum(-1)
        return dy @ ScaledCodes.weight(codes, s, z), None, ds, dz


class CodesLinear(nn.Module):
    def __init__(self, codes, scales, zeros):
        super().__init__()
        self.codes, self.s0, self.z0 = codes, scales, zeros
        self.scale = nn.Parameter(torch.zeros_like(scales))  # relative to s0
        self.zero = nn.Parameter(torch.zeros_like(zeros))    # in steps of the grid

    def forward(self, x):
        return ScaledCodes.apply(x, self.codes, self.s0 * (1 + self.scale), self.z0 + self.zero)


def batches(path, steps):
    with safe_open(path, "pt") as file:
        for step in range(steps):
            yield tuple(file.get_tensor("%s.%d" % (name, step)).long() for name in ("ids", "targets", "segments"))


def train(model, options, groups):
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    peaks = [group["lr"] for group in optimizer.param_groups]
    learned = [p for group in optimizer.param_groups for p in group["params"]]
    warmup, losses = max(1, round(0.03 * options.steps)), []
    for step, (ids, targets, segments) in enumerate(batches(options.batches, options.steps)):
        if int(segments.max()) != int(segments.min()):
            sys.exit("the batches hold several samples a row; use plain text that fills the context")
        share = (step + 1) / warmup if step < warmup else 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, options.steps - warmup)))
        for group, peak in zip(optimizer.param_groups, peaks):
            group["lr"] = peak * share
        logits = model(input_ids=ids).logits
        loss = nn.functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1), ignore_index=-100)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 0.3)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
    return losses


def perplexity(model, ids, context):
    total, count = 0.0, 0
    with torch.no_grad():
        for first in range(0, len(ids) - 1, context):
            window = torch.tensor(ids[first:first + context])[None]
            if window.shape[1] < 2:
                break
            logits = model(input_ids=window).logits[0, :-1]
            total += nn.functional.cross_entropy(logits, window[0, 1:], reduction="sum").item()
            count += window.shape[1] - 1
    return math.exp(total / count)


def lora(options):
    model = AutoModelForCausalLM.from_pretrained(options.folder, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for layer in model.model.layers:
        for name in ("q_proj", "v_proj"):
            setattr(layer.self_attn, name, LoraLinear(getattr(layer.self_attn, name), options.rank, 2.0 * options.rank))
    losses = train(model, options, [{"params": [p for p in model.parameters() if p.requires_grad], "lr": options.learning_rate}])
    state = {}
    for name, tensor in model.state_dict().items():
        if name.endswith((".a", ".b")) or name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        state[name.replace(".base.", ".")] = tensor.clone()
    for index, layer in enumerate(model.model.layers):
        for name in ("q_proj", "v_proj"):
            linear = getattr(layer.self_attn, name)
            state["model.layers.%d.self_attn.%s.weight" % (index, name)] += linear.scale * (linear.b @ linear.a).detach()
    shutil.copytree(options.folder, options.other)
    save_file(state, Path(options.other) / "model.safetensors", {"format": "pt"})
    print(json.dumps({"losses": losses}))


def zeros(options):
    folder = Path(options.folder)
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    model, _ = folder_model(folder)
    bits, v1 = config["bits"], config["checkpoint_format"] == "gptq"
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    linears = []
    with safe_open(folder / "model.safetensors", "np") as file:
        for name, module in list(model.named_modules()):
            if not isinstance(module, nn.Linear) or name == "lm_head":
                continue
            scales = file.get_tensor(name + ".scales").astype(np.float32)  # [G, N]
            words = np.ascontiguousarray(file.get_tensor(name + ".qweight").view(np.uint32).T)
            codes = stream(words, bits, module.in_features).astype(np.uint8)
            zero = stream(file.get_tensor(name + ".qzeros").view(np.uint32), bits, module.out_features) + (1 if v1 else 0)
            linear = CodesLinear(torch.from_numpy(codes), torch.from_numpy(np.ascontiguousarray(scales.T)),
                                 torch.from_numpy(np.ascontiguousarray(zero.T.astype(np.float32))))
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, linear)
            linears.append(linear)
    ids = json.loads(Path(options.other).read_text())["ids"][:options.tokens]
    result = {"before": perplexity(model, ids, options.context)}
    groups = []
    for name, rate in (("scale", options.learning_rate), ("zero", options.zero_rate)):
        learns = options.learn == "both" or options.learn == {"scale": "s", "zero": "z"}[name]
        for linear in linears:
            getattr(linear, name).requires_grad_(learns)
        if learns:
            groups.append({"params": [getattr(linear, name) for linear in linears], "lr": rate})
    result["losses"] = train(model, options, groups)
    result["after"] = perplexity(model, ids, options.context)
    print(json.dumps(result))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["lora", "zeros"])
    parser.add_argument("folder")
    parser.add_argument("batches")
    parser.add_argument("other", help="lora: the folder to write; zeros: the ids to measure on")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--zero-rate", type=float, default=2e-2)
    parser.add_argument("--learn", choices=["s", "z", "both"], default="s")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    {"lora": lora, "zeros": zeros}[options.what](options)


if __name__ == "__main__":
    main()
