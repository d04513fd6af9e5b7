#!/usr/bin/env python3
"""Records what llama.cpp computes from GGUF files that Scalewright writes, for test_llama_cpp_logits.

    llama_cpp_logits.py CLI LLAMA_LOGITS GOLDEN

CLI: scalewright-cli; LLAMA_LOGITS: llama_logits.cpp, built; GOLDEN: tests/golden. For each GGUF of GOLDEN/formats/gguf two files are
written, as the test writes them again: NAME.whole, by way of a folder of safetensors (every key and tensor is written anew), and NAME.q4_0,
rounded to 4 bits. GOLDEN/llama_cpp gets NAME.KIND.npy, float32 [rows, V], and files.json: the ids and the SHA-256 of each file. Needs
numpy. llama.cpp (2026) leaves out the sliding window of phi3: of those only the rows that the window does not reach are kept.
"""
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TOKENS = 16


def main():
    cli, program, golden = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    out = golden / "llama_cpp"
    out.mkdir(exist_ok=True)
    files = {}

    def run(*arguments):
        subprocess.run([cli, *map(str, arguments), "--threads", "1", "--json"], check=True, stdout=subprocess.DEVNULL)

    for source in sorted((golden / "formats" / "gguf").glob("*.gguf")):
        ids = np.load(source.with_suffix(".input_ids.npy"))[0, :TOKENS].tolist()
        config = json.loads(source.with_suffix(".json").read_text())["hf_config"]
        rows = min(len(ids), config["sliding_window"]) if config["model_type"] == "phi3" else len(ids)
        with tempfile.TemporaryDirectory() as temporary:
            root = Path(temporary)
            run("export", source, "--to", "safetensors", "-o", root / "folder")
            run("export", root / "folder", "--to", "gguf", "-o", root / "whole.gguf")
            run("quantize", source, "-o", root / "q4_0.gguf", "--bits", "4", "--group", "32", "--symmetric", "--method", "rtn")
            for kind in ("whole", "q4_0"):
                path, name = root / (kind + ".gguf"), source.stem + "." + kind
                raw = subprocess.run([program, str(path), *map(str, ids)], stdout=subprocess.PIPE, check=False)
                if raw.returncode != 0:
                    print("%s: llama.cpp does not open it" % name)
                    continue
                logits = np.frombuffer(raw.stdout, np.float32).reshape(len(ids), -1)[:rows]
                np.save(out / (name + ".npy"), logits)
                files[name] = {"ids": ids, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
                print("%s: [%d, %d], largest logit %.3f" % (name, *logits.shape, np.abs(logits).max()))
    (out / "files.json").write_text(json.dumps(files, indent=1) + "\n")


if __name__ == "__main__":
    main()
