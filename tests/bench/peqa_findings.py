#!/usr/bin/env python3
"""What the PEQA paper found, on the sample: scales alone bring back what 3 and 4 bits lost; groups help; learning zero points too adds
nothing; tuning the scales of 3 bits beats LoRA followed by 3-bit GPTQ. One Markdown table, with the commands that made it.

Runs scalewright-cli (and, for LoRA and for zero points, peqa_torch.py under --python) one cell after another and saves a JSON file
after each, so that it goes on where it was left.

    tests/bench/peqa_findings.py --cli build/release/bin/scalewright-cli --model SmolLM2-135M-Instruct.Q4_1.gguf --train wikitext2-valid.txt \\
        --text wikitext2=wikitext2-test.txt --text c4=c4.jsonl:text --out findings.json --python /path/with/torch/bin/python
    tests/bench/peqa_findings.py --out findings.json --print

Every run has the same steps, batches and optimizer. Without --python the cells of PyTorch are left out.
"""
import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from method_table import Table, evaluate, plain_text, run  # noqa: E402

GROUPS = [0, 128, 64, 32]
LEARNED = {"s": "scales", "z": "zero points", "both": "scales and zero points"}


def group_name(group):
    return "row" if group == 0 else "groups of %d" % group


class Findings:
    def __init__(self, options, texts, folder):
        self.options, self.texts, self.folder = options, texts, folder
        self.commands = []

    def at(self, name):
        return os.path.join(self.folder, name)

    def cli(self, *arguments):
        self.commands.append("scalewright-cli " + " ".join(os.path.basename(a) if "/" in a else a for a in arguments))
        return run(self.options, *arguments)

    def torch(self, *arguments):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peqa_torch.py")
        arguments = [*arguments, "--steps", str(self.options.steps), "--threads", str(self.options.threads)]
        self.commands.append("peqa_torch.py " + " ".join(os.path.basename(a) if "/" in a else a for a in arguments))
        done = subprocess.run([*shlex.split(self.options.before), self.options.python, script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise RuntimeError("peqa_torch.py: " + " ".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]))
        return json.loads(done.stdout.decode().strip().splitlines()[-1])

    def quantize(self, model, out, bits, group):
        self.cli("quantize", model, "-o", out, "--bits", str(bits), "--group", str(group), "--method", "gptq", "--calibration",
                 self.options.train, "--calibration-samples", str(self.options.samples), "--calibration-context", "256")

    def tune(self, model):
        shutil.rmtree(self.at("run"), ignore_errors=True)
        arguments = ["tune", model, "--data", self.options.train, "-o", self.at("run"), "--steps", str(self.options.steps),
                     "--context", str(self.options.context), "--batch", "1", "--learning-rate", str(self.options.learning_rate)]
        if not os.path.exists(self.batches()):
            arguments += ["--save-batches", self.batches()]  # those of every run
        return self.cli(*arguments)

    def batches(self):
        return self.options.out + ".batches.safetensors"

    def full(self):
        return {"after": evaluate(self.options, self.options.model, self.texts)}

    def peqa(self, bits, group):
        model = self.at("model.gguf")
        self.quantize(self.options.model, model, bits, group)
        before = evaluate(self.options, model, self.texts)
        tuned = self.tune(model)
        return {"before": before, "after": evaluate(self.options, self.at("run"), self.texts), "learned": tuned["trainable"],
                "codes": "same" if tuned["codes_hash_before"] == tuned["codes_hash_after"] else "CHANGED"}

    def zeros(self, learn):
        folder = self.at("gptq")
        shutil.rmtree(folder, ignore_errors=True)
        self.quantize(self.options.model, folder, 3, 64)
        first = next(iter(self.texts))
        ids = self.cli("tokenize", folder, "--file", self.texts[first])["ids"]
        with open(self.at("ids.json"), "w", encoding="utf-8") as file:
            json.dump({"ids": ids}, file)
        result = self.torch("zeros", folder, self.batches(), self.at("ids.json"), "--learn", learn, "--learning-rate",
                            str(self.options.learning_rate), "--tokens", str(self.options.tokens), "--context", str(self.options.context))
        return {"before": {first: result["before"]}, "after": {first: result["after"]}}

    def lora(self):
        dense, merged = self.at("dense"), self.at("merged")
        for folder in (dense, merged):
            shutil.rmtree(folder, ignore_errors=True)
        self.cli("export", self.options.model, "--to", "safetensors", "-o", dense, "--force")
        self.torch("lora", dense, self.batches(), merged, "--learning-rate", str(self.options.lora_rate))
        before = evaluate(self.options, merged, self.texts)
        model = self.at("model.gguf")
        self.quantize(merged, model, 3, 64)
        return {"before": before, "after": evaluate(self.options, model, self.texts)}

    def cells(self):
        yield "full", "the original", self.full
        for bits, group in [(4, 64), (3, 64)] + [(3, g) for g in GROUPS if g != 64]:
            yield "peqa:%d:%d" % (bits, group), "%d bits, %s: GPTQ, then PEQA" % (bits, group_name(group)), lambda b=bits, g=group: self.peqa(b, g)
        if self.options.python:
            yield "lora", "LoRA of full precision (before), then 3 bits, groups of 64, by GPTQ (after)", self.lora
            for learn, words in LEARNED.items():
                yield "zeros:" + learn, "3 bits, groups of 64, in PyTorch: %s learn" % words, lambda l=learn: self.zeros(l)


def show(table):
    texts = list(table.data["texts"])
    settings = table.data["settings"]
    print("%(steps)d steps of %(context)d tokens, learning rate %(learning_rate)g (LoRA %(lora_rate)g), GPTQ calibrated on %(samples)d samples of 256 tokens, "
          "perplexity of the first %(tokens)d tokens.\n" % settings)
    print("| what | " + " | ".join("%s before | after" % t for t in texts) + " |")
    print("|" + "---|" * (1 + 2 * len(texts)))
    for cell in table.data["cells"].values():
        if "after" not in cell:
            continue
        figure = lambda when, text: "%.2f" % cell[when][text] if text in cell.get(when, {}) else ""
        print("| %s | " % cell["what"] + " | ".join("%s | %s" % (figure("before", t), figure("after", t)) for t in texts) + " |")
    for cell in table.data["cells"].values():
        if cell.get("commands"):
            print("\n%s:\n" % cell["what"] + "\n".join("    " + c for c in cell["commands"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli")
    parser.add_argument("--model")
    parser.add_argument("--train", help="text to calibrate and tune on")
    parser.add_argument("--text", action="append", default=[], help="name=file.txt or name=file.jsonl:key")
    parser.add_argument("--out", required=True)
    parser.add_argument("--python", default="", help="an interpreter with torch, for LoRA and for zero points")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--lora-rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--before", default="", help="words before every command (\"nice -n 15\")")
    parser.add_argument("--only", default="", help="only cells whose names begin with this")
    parser.add_argument("--print", action="store_true", dest="only_print")
    options = parser.parse_args()
    table = Table(options.out)
    if options.only_print:
        return show(table)
    settings = {k: getattr(options, k) for k in ("steps", "context", "samples", "tokens", "learning_rate", "lora_rate")}
    if table.data.setdefault("settings", settings) != settings:
        sys.exit("%s was made with other settings: %s" % (options.out, table.data["settings"]))
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "texts"))
        texts = dict(t.split("=", 1) for t in options.text)
        texts = {name: plain_text(source, os.path.join(folder, "texts"), options.tokens * 8) for name, source in texts.items()}
        table.data["texts"] = list(texts)
        findings = Findings(options, texts, folder)
        for name, what, make in findings.cells():
            if "after" in table.data["cells"].get(name, {}) or not name.startswith(options.only):
                continue
            findings.commands = []
            try:
                cell = make()
            except RuntimeError as error:
                print(name, error, file=sys.stderr)
                continue
            table.data["cells"][name] = {"what": what, **cell, "commands": findings.commands}
            table.save()
            print(name, json.dumps({k: cell[k] for k in ("before", "after") if k in cell}), flush=True)
    return None


if __name__ == "__main__":
    main()
