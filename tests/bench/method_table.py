#!/usr/bin/env python3
"""The table of quantizers: perplexity of a model at several bits by each method, before and after PEQA, on two texts.

Runs scalewright-cli for every cell and appends to a JSON file after each, so that it goes on where it was left. Cells are
made in the order of --cells ("3:gptq,3:autoround,2:block"); by default every method at 2, 3 and 4 bits. Minutes are those of
the processor (user and system time of the quantizing program, divided by its threads), so other load does not change them.

    tests/bench/method_table.py --cli build/release/bin/scalewright-cli --model SmolLM2-135M-Instruct.Q4_1.gguf \\
        --calibration wikitext2-valid.txt --text wikitext2=wikitext2-test.txt --text c4=c4.jsonl:text --out table.json
    tests/bench/method_table.py --out table.json --print        # the table in Markdown

--before puts words before every command ("nice -n 15"). Nothing beside Python's own library is needed.
"""
import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

METHODS = ["rtn", "clip", "hqq", "awq", "gptq", "gptq-act-order", "autoround", "block"]
WITHOUT_TEXT = {"rtn", "hqq"}


def plain_text(source, folder, characters):
    """A text file of a .txt, or of one key of a .jsonl ("file.jsonl:key"), cut to what the evaluation can need."""
    path, _, key = source.partition(":")
    if key:
        with open(path, encoding="utf-8") as lines:
            text = "\n\n".join(json.loads(line)[key] for line in lines)
    else:
        with open(path, encoding="utf-8") as whole:
            text = whole.read()
    out = os.path.join(folder, "text-%d.txt" % len(os.listdir(folder)))
    with open(out, "w", encoding="utf-8") as file:
        file.write(text[:characters])
    return out


class Table:
    def __init__(self, path):
        self.path = path
        self.data = {"cells": {}, "perplexity": {}}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.data = json.load(file)

    def save(self):
        part = self.path + ".part"
        with open(part, "w", encoding="utf-8") as file:
            json.dump(self.data, file, indent=1)
        os.replace(part, self.path)


def run(options, *arguments):
    """The JSON that a verb prints, with processor_seconds beside it."""
    command = shlex.split(options.before) + [options.cli, *arguments, "--json", "--threads", str(options.threads)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            tail = err.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise RuntimeError(" ".join(arguments[:2]) + ": " + " ".join(tail))
        result = json.loads(out.read())
    result["processor_seconds"] = (usage.ru_utime + usage.ru_stime) / options.threads
    return result


def evaluate(options, model, texts):
    return {name: run(options, "eval", model, "--text", path, "--context", str(options.context), "--max-tokens",
                      str(options.tokens))["perplexity"] for name, path in texts.items()}


def make_cell(options, bits, method, texts, folder, cell):
    """Fills what is missing of a cell; saves after each part through `cell` being the table's own object."""
    model = os.path.join(folder, "w%d-%s.gguf" % (bits, method))
    arguments = ["quantize", options.model, "-o", model, "--bits", str(bits), "--group", str(options.group), "--method",
                 method]
    if method not in WITHOUT_TEXT:
        arguments += ["--calibration", options.calibration, "--calibration-samples", str(options.samples),
                      "--calibration-context", str(options.calibration_context)]
    if method in ("autoround", "block") and options.learn_steps:
        arguments += ["--learn-steps", str(options.learn_steps)]
    quantized = run(options, *arguments)
    # Packed: codes, scales and zero points alone; GGUF holds some of them only in a larger type.
    cell.update(bits_per_weight=quantized["packed_bits_per_weight"], file_bytes=quantized["file_bytes"],
                seconds=quantized["seconds"], processor_seconds=quantized["processor_seconds"], container=quantized["container"],
                command=" ".join(["scalewright-cli"] + [os.path.basename(a) if "/" in a else a for a in arguments]))
    if quantized.get("learned"):
        ratios = [layer["after"] / layer["before"] for layer in quantized["learned"]]
        cell["learned_error_of_gptq"] = sum(ratios) / len(ratios)
    cell["before"] = evaluate(options, model, texts)
    yield
    if options.tune_steps:
        runs = os.path.join(folder, "run")
        shutil.rmtree(runs, ignore_errors=True)
        tuned = run(options, "tune", model, "--data", options.calibration, "-o", runs, "--steps", str(options.tune_steps),
                    "--context", str(options.context), "--batch", "1", "--learning-rate", str(options.learning_rate))
        cell["tune_processor_seconds"] = tuned["processor_seconds"]
        cell["after"] = evaluate(options, runs, texts)
        yield
    os.remove(model)


def show(table):
    texts = list(table.data["perplexity"])
    print("Processor minutes: user and system time of quantizing, divided by its threads.\n")
    print("| bits | method | MB packed | MB GGUF | processor minutes | " + " | ".join("%s, before | after PEQA" % t for t in texts) + " |")
    print("|" + "---|" * (5 + 2 * len(texts)))
    print("| original | | | %.1f | | " % (table.data["file_bytes"] / 1e6) +
          " | ".join("%.2f | " % table.data["perplexity"][t] for t in texts) + "|")
    order = {m: i for i, m in enumerate(METHODS)}
    for name in sorted(table.data["cells"], key=lambda n: (int(n.split(":")[0]), order[n.split(":")[1]])):
        cell = table.data["cells"][name]
        if "before" not in cell:
            continue
        bits, method = name.split(":")
        after = cell.get("after", {})
        figures = " | ".join("%.2f | %s" % (cell["before"][t], "%.2f" % after[t] if t in after else "") for t in texts)
        print("| %s | %s | %.1f | %.1f | %.1f | %s |" % (bits, method, cell["packed_bytes"] / 1e6, cell["file_bytes"] / 1e6,
                                                       cell["processor_seconds"] / 60, figures))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli")
    parser.add_argument("--model")
    parser.add_argument("--calibration")
    parser.add_argument("--text", action="append", default=[], help="name=file.txt or name=file.jsonl:key")
    parser.add_argument("--out", required=True)
    parser.add_argument("--cells", default=",".join("%d:%s" % (b, m) for b in (3, 2, 4) for m in METHODS))
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--calibration-context", type=int, default=256)
    parser.add_argument("--learn-steps", type=int, default=0)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--tune-steps", type=int, default=0)
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--before", default="")
    parser.add_argument("--print", action="store_true", dest="only_print")
    options = parser.parse_args()
    table = Table(options.out)
    if options.only_print:
        return show(table)
    settings = {k: getattr(options, k) for k in ("group", "samples", "calibration_context", "learn_steps", "context", "tokens",
                                                 "tune_steps", "learning_rate")}
    if table.data.setdefault("settings", settings) != settings:
        sys.exit("%s was made with other settings: %s" % (options.out, table.data["settings"]))
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "texts"))
        texts = dict(t.split("=", 1) for t in options.text)
        texts = {name: plain_text(source, os.path.join(folder, "texts"), options.tokens * 8)
                 for name, source in texts.items()}
        if not table.data["perplexity"]:
            table.data["perplexity"] = evaluate(options, options.model, texts)
            table.data["parameters"] = run(options, "inspect", options.model)["parameters"]
            table.data["file_bytes"] = os.path.getsize(options.model)
            table.save()
        for name in options.cells.split(","):
            cell = table.data["cells"].get(name, {})
            if "before" in cell and ("after" in cell or not options.tune_steps):
                continue
            bits, method = name.split(":")
            cell = table.data["cells"].setdefault(name, {})
            start = time.time()
            try:
                for _ in make_cell(options, int(bits), method, texts, folder, cell):
                    cell["packed_bytes"] = int(cell["bits_per_weight"] * table.data["parameters"] / 8)
                    table.save()
            except RuntimeError as error:
                cell["error"] = str(error)
                table.save()
                print(name, error, file=sys.stderr)
                continue
            print(name, json.dumps(cell.get("before")), json.dumps(cell.get("after")), "%.0f s" % (time.time() - start),
                  flush=True)
    return None


if __name__ == "__main__":
    main()
