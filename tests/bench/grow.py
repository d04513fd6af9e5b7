#!/usr/bin/env python3
"""How cost grows: a tuning step and decoding over contexts, batches and models, as a table. Standard library only.

  grow.py CLI MODEL... [--contexts 128,512,2048,8192] [--batches 1,4] [--granularity row] [--threads 2] [--isa auto] [--kept-layers 0]

Models of any size come from make_synthetic.py. Seconds are medians of the runs that the commands make; bytes are the
peak of the process and, for a step, what was planned for it (the working memory of the step, without the model)."""
import argparse
import json
import os
import subprocess


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["failed"])[-1]
    return json.loads(done.stdout), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cli")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--contexts", default="128,512,2048")
    parser.add_argument("--batches", default="1")
    parser.add_argument("--granularity", default="row")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--isa", default="auto")
    parser.add_argument("--kept-layers", type=int, default=-1, help="blocks that keep their activations; default: all")
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    common = ["--threads", str(options.threads), "--isa", options.isa, "--repeats", str(options.repeats), "--json"]
    print("| model | context | batch | step, s | of the product rate | tokens/s | planned, MB | peak, MB | decode behind it, tokens/s, of the read bandwidth |")
    print("|---|---|---|---|---|---|---|---|---|")
    for model in options.models:
        name = os.path.basename(model)
        for context in map(int, options.contexts.split(",")):
            decode, problem = run([options.cli, "bench", model, "--fast", "--behind", "--prompt", str(context), "--decode", "16", *common])
            speed = f"{decode['decode_tokens_per_second']:.1f}, {100 * decode['fraction_of_bandwidth']:.0f} %" if decode else problem
            for batch in map(int, options.batches.split(",")):
                command = [options.cli, "bench-train", model, "--context", str(context), "--batch", str(batch), "--granularity", options.granularity, *common]
                if options.kept_layers >= 0:
                    command += ["--kept-layers", str(options.kept_layers)]
                step, problem = run(command)
                if not step:
                    print(f"| {name} | {context} | {batch} | {problem} | | | | | {speed} |", flush=True)
                    continue
                print(f"| {name} | {context} | {batch} | {step['seconds_per_step']:.2f} | {100 * step['fraction_of_product_rate']:.0f} % | "
                      f"{step['tokens_per_second']:.0f} | {step['planned_bytes'] / 1e6:.0f} | {step['peak_bytes'] / 1e6:.0f} | {speed} |", flush=True)


if __name__ == "__main__":
    main()
