#!/usr/bin/env python3
"""Scalewright beside its peers, in turn (A B A B ...), as ratios with their spread. Standard library only.

  compare.py decode CLI LLAMA_BENCH MODEL [--rounds 5] [--threads 2] [--prompt 512] [--tokens 64]
      scalewright-cli bench against llama.cpp's llama-bench on the same GGUF.
      llama-bench is built from the source package of llama-cpp-python:
        pip download --no-deps --no-binary :all: llama-cpp-python && tar xzf llama_cpp_python-*.tar.gz
        cmake -S llama_cpp_python-*/vendor/llama.cpp -B llama-build -DCMAKE_BUILD_TYPE=Release -DLLAMA_CURL=OFF
        cmake --build llama-build --target llama-bench
  compare.py tune CLI PYTHON MODEL [--rounds 3] [--threads 2] [--context 512] [--batch 1] [--granularity row]
      scalewright-cli bench-train against lora_torch.py, run by PYTHON (with torch, transformers and gguf installed).
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run_json(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def summary(name, ours, peers, higher_is_better, unit):
    ratios = sorted(a / b if higher_is_better else b / a for a, b in zip(ours, peers))
    middle = sorted(ours)[len(ours) // 2], sorted(peers)[len(peers) // 2]
    print(f"{name:24s} ours {middle[0]:10.3f}  peer {middle[1]:10.3f} {unit:10s} ratio {ratios[len(ratios) // 2]:.2f} ({ratios[0]:.2f} .. {ratios[-1]:.2f})")


def decode(options):
    ours, peers = {"prompt": [], "decode": []}, {"prompt": [], "decode": []}
    for _ in range(options.rounds):
        a = run_json([options.cli, "bench", options.model, "-p", str(options.prompt), "-n", str(options.tokens), "-r", "3",
                      "--threads", str(options.threads), "--json"])
        ours["prompt"].append(a["prompt_tokens_per_second"])
        ours["decode"].append(a["decode_tokens_per_second"])
        b = run_json([options.peer, "-m", options.model, "-p", str(options.prompt), "-n", str(options.tokens), "-r", "3",
                      "-t", str(options.threads), "-o", "json"])
        for entry in b:
            peers["prompt" if entry["n_prompt"] else "decode"].append(entry["avg_ts"])
    for kind in ("prompt", "decode"):
        summary(f"{kind} tokens/s", ours[kind], peers[kind], True, "tokens/s")
    print(f"of the read bandwidth: {100 * a['fraction_of_bandwidth']:.0f} % (last run)")


def tune(options):
    ours, peers, memory = [], [], []
    for _ in range(options.rounds):
        a = run_json([options.cli, "bench-train", options.model, "--context", str(options.context), "--batch", str(options.batch),
                      "--granularity", options.granularity, "--threads", str(options.threads), "--json"])
        b = run_json([options.peer, os.path.join(HERE, "lora_torch.py"), options.model, "--context", str(options.context),
                      "--batch", str(options.batch), "--threads", str(options.threads)])
        ours.append(a["seconds_per_step"])
        peers.append(b["seconds_per_step"])
        memory.append((a["peak_bytes"], b["peak_bytes"]))
    summary(f"step per {options.granularity}, B={options.batch}", ours, peers, False, "s")
    print(f"peak memory: ours {memory[-1][0] / 1e6:.0f} MB, peer {memory[-1][1] / 1e6:.0f} MB, {memory[-1][1] / memory[-1][0]:.1f} times as much")
    print(f"of the product rate measured beside it: {100 * a['fraction_of_product_rate']:.0f} % (last run)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    for name, function, rounds in (("decode", decode, 5), ("tune", tune, 3)):
        kind = kinds.add_parser(name)
        kind.set_defaults(function=function)
        kind.add_argument("cli")
        kind.add_argument("peer")
        kind.add_argument("model")
        kind.add_argument("--rounds", type=int, default=rounds)
        kind.add_argument("--threads", type=int, default=2)
        kind.add_argument("--prompt", type=int, default=512)
        kind.add_argument("--tokens", type=int, default=64)
        kind.add_argument("--context", type=int, default=512)
        kind.add_argument("--batch", type=int, default=1)
        kind.add_argument("--granularity", default="row")
    options = parser.parse_args()
    options.function(options)


if __name__ == "__main__":
    main()
