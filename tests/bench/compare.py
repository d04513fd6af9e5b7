#!/usr/bin/env python3
"""Scalewright beside its peers, in turn (A B A B ...), as ratios with their spread. Standard library only.

  compare.py peers FOLDER [--checkout DIRECTORY]
      Builds llama.cpp's llama-bench in FOLDER: from the source package of llama-cpp-python in the Python registry, or from a
      checkout of llama.cpp or ik_llama.cpp. Prints where it lies.
  compare.py decode CLI LLAMA_BENCH[,LLAMA_BENCH...] MODEL... [--fast] [--isa X] [--rounds 5] [--threads 2] [--prompt 512] [--tokens 64]
      scalewright-cli bench against each llama-bench on the same GGUF files.
  compare.py tune CLI PYTHON MODEL [--rounds 3] [--threads 2] [--context 512] [--batch 1] [--granularity row]
      scalewright-cli bench-train against lora_torch.py, run by PYTHON (with torch, transformers and gguf installed).
  compare.py gptq CLI PYTHON MODEL --text FILE [--threads 2] [--samples 128] [--context 512]
      scalewright-cli quantize --method gptq, 4 bits by groups of 128, against gptq_torch.py.
  compare.py guess CLI MODEL [--fast] [--rounds 5] [--tokens 256]
      Answers of scalewright-cli that guess ahead against answers that do not: a list and a text to write again, code, an
      explanation; greedy and drawn. Stops where the two say anything different.
"""
import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile

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


def peers(options):
    os.makedirs(options.folder, exist_ok=True)
    source = options.checkout
    if not source:
        subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d",
                        options.folder, "llama-cpp-python"], check=True)
        package = sorted(n for n in os.listdir(options.folder) if n.startswith("llama_cpp_python") and n.endswith(".tar.gz"))[-1]
        with tarfile.open(os.path.join(options.folder, package)) as archive:
            archive.extractall(options.folder)
        source = os.path.join(options.folder, package[:-len(".tar.gz")], "vendor", "llama.cpp")
    build = os.path.join(options.folder, "build")
    subprocess.run(["cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_CURL=OFF", "-DGGML_NATIVE=ON"], check=True)
    subprocess.run(["cmake", "--build", build, "--target", "llama-bench", "-j", str(options.threads)], check=True)
    print(os.path.join(build, "bin", "llama-bench"))


def decode(options):
    words = (["--fast"] if options.fast else []) + (["--isa", options.isa] if options.isa else [])
    for model in options.models:
        ours, others = {"prompt": [], "decode": []}, {p: {"prompt": [], "decode": []} for p in options.peer.split(",")}
        fractions = []
        for _ in range(options.rounds):
            a = run_json([options.cli, "bench", model, "-p", str(options.prompt), "-n", str(options.tokens), "-r", "3",
                          "--threads", str(options.threads), "--json", *words])
            ours["prompt"].append(a["prompt_tokens_per_second"])
            ours["decode"].append(a["decode_tokens_per_second"])
            fractions.append(a["fraction_of_bandwidth"])
            for peer, speeds in others.items():
                for entry in run_json([peer, "-m", model, "-p", str(options.prompt), "-n", str(options.tokens), "-r", "3",
                                       "-t", str(options.threads), "-o", "json"]):
                    speeds["prompt" if entry["n_prompt"] else "decode"].append(entry["avg_ts"])
        print(os.path.basename(model), " ".join(words))
        for peer, speeds in others.items():
            for kind in ("prompt", "decode"):
                summary(f"  {kind} / {peer.split('/')[-1]}", ours[kind], speeds[kind], True, "tokens/s")
        fractions.sort()
        print(f"  decode uses {100 * fractions[0]:.0f} .. {100 * fractions[-1]:.0f} % of the read bandwidth measured beside it", flush=True)


def gptq(options):
    with tempfile.TemporaryDirectory() as folder:
        a = run_json([options.cli, "quantize", options.model, "-o", os.path.join(folder, "gptq.gguf"), "--bits", "4", "--group", "128",
                      "--method", "gptq", "--calibration", options.text, "--calibration-samples", str(options.samples),
                      "--calibration-context", str(options.context), "--threads", str(options.threads), "--json"])
        b = run_json([options.peer, os.path.join(HERE, "gptq_torch.py"), options.model, "--text", options.text, "--cli", options.cli,
                      "--samples", str(options.samples), "--context", str(options.context), "--threads", str(options.threads)])
    summary("GPTQ W4 g128", [a["seconds"]], [b["seconds"]], False, "s")


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


QUESTIONS = (
    ("a list again", "Write this list again, one name a line, with the numbers: Anna Berger 4471, Tom Okafor 9920, Maria Silva 1187, "
                     "Jens Holm 3056, Priya Nair 7742, Lucas Weber 6610."),
    ("a text again", "Correct the spelling of this text and write it again: The ship sailed from Lisbon in the spring of 1487 with three "
                     "vessels and a crew of sixty men. They folowed the coast to the south and met a storm that drove them far from land. "
                     "When the wind calmed they turned east and found no shore, so the captain ordered them to sail north."),
    ("code", "Write a Python class Stack with the methods push, pop, peek and is_empty, and then unit tests for each of the methods."),
    ("an explanation", "Explain why the sky is blue."),
)


def guess(options):
    for name, question in QUESTIONS:
        for temperature in ("0", "0.7"):
            speeds, said, right = {"0": [], "3": []}, {}, 0
            for _ in range(options.rounds):
                for ahead in speeds:
                    answer = run_json([options.cli, "generate", options.model, "--prompt", question, "--temperature", temperature, "--max-tokens",
                                       str(options.tokens), "--threads", str(options.threads), "--guess-ahead", ahead, "--json"]
                                      + (["--fast"] if options.fast else []))
                    speeds[ahead].append(answer["tokens_per_second"])
                    said[ahead], right = answer["tokens"], answer["right_guesses"]
            if said["0"] != said["3"]:
                sys.exit(f"{name}: guessing changed the answer")
            summary(f"{name}, {temperature}", speeds["3"], speeds["0"], True, "tokens/s")
            print(f"  {right} of {len(said['3'])} tokens guessed right")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    for name, function, rounds in (("peers", peers, 0), ("decode", decode, 5), ("tune", tune, 3), ("gptq", gptq, 1), ("guess", guess, 5)):
        kind = kinds.add_parser(name)
        kind.set_defaults(function=function)
        kind.add_argument("--threads", type=int, default=2)
        if name == "peers":
            kind.add_argument("folder")
            kind.add_argument("--checkout")
            continue
        kind.add_argument("cli")
        kind.add_argument("model" if name == "guess" else "peer")
        if name == "decode":
            kind.add_argument("models", nargs="+")
        elif name != "guess":
            kind.add_argument("model")
        kind.add_argument("--rounds", type=int, default=rounds)
        kind.add_argument("--fast", action="store_true")
        kind.add_argument("--isa")
        kind.add_argument("--text")
        kind.add_argument("--samples", type=int, default=128)
        kind.add_argument("--prompt", type=int, default=512)
        kind.add_argument("--tokens", type=int, default=256 if name == "guess" else 64)
        kind.add_argument("--context", type=int, default=512)
        kind.add_argument("--batch", type=int, default=1)
        kind.add_argument("--granularity", default="row")
    options = parser.parse_args()
    options.function(options)


if __name__ == "__main__":
    main()
