#!/usr/bin/env python3
"""The peer of GPTQ: the same work in PyTorch on the weights of a GGUF of the llama family, layer after layer, each on the
inputs that the rounded layers before it give. Blocks of 128 columns, asymmetric min-max grids by group, damping 1 %.
A writing of our own from the paper (Frantar et al., 2022, algorithm 1), with the batched updates that it describes.

Needs numpy, torch, transformers and gguf. Prints one JSON object.
  gptq_torch.py model.gguf --text wikitext2-valid.txt --bits 4 --group 128 --samples 128 --context 512 --threads 2"""
import argparse
import json
import os
import resource
import subprocess
import time

import torch

from gguf_llama import load_llama

BLOCK = 128


def grid(w, bits):
    """Scale and zero point of each row of a group w [N, g], scales rounded to fp16."""
    low, high = w.amin(1, keepdim=True).clamp(max=0), w.amax(1, keepdim=True).clamp(min=0)
    scale = ((high - low) / (2**bits - 1)).clamp(min=2**-24).half().float()
    return scale, torch.round(-low / scale).clamp(0, 2**bits - 1)


def round_layer(w, hessian, bits, group):
    """What of w [N, K] for hessian = X^T X [K, K]; columns of inputs that were always zero are left to rounding."""
    w = w.clone()
    rows, cols = w.shape
    hessian = hessian + torch.eye(cols) * (0.01 * hessian.diagonal().mean() + 1e-12)
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(hessian)), upper=True)
    out = torch.empty_like(w)
    for start in range(0, cols, BLOCK):
        end = min(start + BLOCK, cols)
        errors = torch.zeros(rows, end - start)
        for j in range(start, end):
            if j % group == 0:
                scale, zero = grid(w[:, j:min(j + group, cols)], bits)
            q = torch.clamp(torch.round(w[:, j:j + 1] / scale) + zero, 0, 2**bits - 1)
            out[:, j:j + 1] = scale * (q - zero)
            error = (w[:, j:j + 1] - out[:, j:j + 1]) / upper[j, j]
            w[:, j:end] -= error @ upper[j:j + 1, j:end]
            errors[:, j - start] = error[:, 0]
        w[:, end:] -= errors @ upper[start:end, end:]
    return out


class Captured(Exception):
    pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--text", required=True)
    parser.add_argument("--cli", help="scalewright-cli, which makes the tokens; without it they are drawn at random")
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--group", type=int, default=128)
    parser.add_argument("--samples", type=int, default=128)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = load_llama(options.model)
    if options.cli:
        done = subprocess.run([options.cli, "tokenize", options.model, "--file", options.text, "--json"], capture_output=True, check=True)
        ids = torch.tensor(json.loads(done.stdout)["ids"][:options.samples * options.context])
    else:
        ids = torch.randint(0, model.config.vocab_size, (options.samples * options.context,))
    ids = ids.view(-1, options.context)
    start = time.perf_counter()
    with torch.no_grad():
        hidden, arguments = [], {}
        layers = model.model.layers
        original = layers[0].forward

        def capture(x, *_, **kwargs):
            hidden.append(x)
            arguments.update(kwargs)
            raise Captured

        layers[0].forward = capture
        for row in ids:
            try:
                model(row[None], use_cache=False)
            except Captured:
                pass
        layers[0].forward = original
        hessian_seconds = 0.0
        for layer in layers:
            linears = [m for m in layer.modules() if isinstance(m, torch.nn.Linear)]
            sums = {m: torch.zeros(m.in_features, m.in_features) for m in linears}
            hooks = []
            for m in linears:
                def add(_, inputs, __, m=m):
                    x = inputs[0].reshape(-1, m.in_features)
                    sums[m].addmm_(x.t(), x)
                hooks.append(m.register_forward_hook(add))
            begin = time.perf_counter()
            for x in hidden:
                layer(x, **arguments)
            hessian_seconds += time.perf_counter() - begin
            for hook in hooks:
                hook.remove()
            for m in linears:
                m.weight.copy_(round_layer(m.weight, sums[m], options.bits, options.group))
            hidden = [out[0] if isinstance(out, tuple) else out for out in (layer(x, **arguments) for x in hidden)]
    print(json.dumps({"seconds": time.perf_counter() - start, "hessian_seconds": hessian_seconds,
                      "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "torch": torch.__version__,
                      "model": os.path.basename(options.model)}))


if __name__ == "__main__":
    main()
