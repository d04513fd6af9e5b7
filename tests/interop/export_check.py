"""Opens what scalewright-cli exports with other programs' code and compares logits.

    python export_check.py CLI MODEL [--bits 4] [--group 32] [--methods clip,awq] [--targets gguf,gptq,awq,compressed-tensors,safetensors]

MODEL (GGUF of the llama family, or a folder of any family that transformers knows) is quantized and exported by the CLI to
each target. A folder's integers are unpacked here, in numpy, from the published layouts alone, put into transformers as fp32
weights, and its logits compared with `scalewright-cli logits` on the same file; compressed-tensors folders are also
decompressed by the compressed_tensors package, and GPTQ folders loaded by GPTQModel, where they are installed. A GGUF is read by the gguf package. Needs numpy, torch,
transformers, safetensors and gguf. Prints one line a target; exit code 1 where a difference is above 2e-4 of the largest logit.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def stream(words, bits, count):
    """Codes of a dense little-endian bit stream along the last axis; words uint32 [..., n]."""
    raw = np.ascontiguousarray(words).view(np.uint8)
    flat = np.unpackbits(raw, axis=-1, bitorder="little")[..., : count * bits]
    flat = flat.reshape(*flat.shape[:-1], count, bits)
    return (flat.astype(np.int64) << np.arange(bits)).sum(-1)


def whole(words, bits, count):
    """Codes that never cross a word, as compressed-tensors packs them."""
    a_word = 32 // bits
    codes = (words[..., None].astype(np.int64) >> (bits * np.arange(a_word))) & ((1 << bits) - 1)
    return codes.reshape(*words.shape[:-1], -1)[..., :count]


def spread(per_group, cols):
    return np.repeat(per_group, -(-cols // per_group.shape[1]), axis=1)[:, :cols]


def gptq_weight(get, name, config, v1):
    bits = config["bits"]
    scales = get(name + ".scales").astype(np.float64)  # [G, N]
    groups, rows = scales.shape
    words = get(name + ".qweight").view(np.uint32)
    cols = words.shape[0] * 32 // bits
    codes = stream(np.ascontiguousarray(words.T), bits, cols)  # [N, K]
    zeros = stream(get(name + ".qzeros").view(np.uint32), bits, rows) + (1 if v1 else 0)  # [G, N]
    g_idx = get(name + ".g_idx")
    if g_idx is None:
        g_idx = np.arange(cols) // -(-cols // groups)
    return (codes - zeros.T[:, g_idx]) * scales.T[:, g_idx]


def awq_weight(get, name, config):
    scales = get(name + ".scales").astype(np.float64)
    groups, rows = scales.shape

    def unpack(words):
        nibbles = (words.view(np.uint32)[..., None] >> (4 * np.arange(8, dtype=np.uint32))) & 15
        out = np.empty(nibbles.shape, np.int64)
        out[..., AWQ_ORDER] = nibbles
        return out.reshape(words.shape[0], -1)

    codes, zeros = unpack(get(name + ".qweight")).T, unpack(get(name + ".qzeros")).T
    cols = codes.shape[1]
    return (codes - spread(zeros, cols)) * spread(scales.T, cols)


def compressed_weight(get, name, bits):
    rows, cols = get(name + ".weight_shape").tolist()
    codes = whole(get(name + ".weight_packed").view(np.uint32), bits, cols)
    scales = get(name + ".weight_scale").astype(np.float64)
    zeros = get(name + ".weight_zero_point")
    if zeros is None:
        zeros = np.full(scales.shape, 1 << (bits - 1))
    else:
        zeros = whole(np.ascontiguousarray(zeros.view(np.uint32).T), bits, rows).T
    return (codes - spread(zeros, cols)) * spread(scales, cols)


def folder_model(folder):
    """transformers in fp32 on the folder's weights, integers unpacked here."""
    config = json.loads((folder / "config.json").read_text())
    quantization = config.pop("quantization_config", None)
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for key in file.keys():
                tensors[key] = file.get_tensor(key)

    def get(name):
        tensor = tensors.get(name)
        if tensor is None:
            return None
        return (tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor).numpy()

    state, method = {}, (quantization or {}).get("quant_method")
    for key in tensors:
        module, _, part = key.rpartition(".")
        if part == "qweight" and method == "gptq":
            state[module + ".weight"] = gptq_weight(get, module, quantization,
                                                    quantization.get("checkpoint_format", "gptq") == "gptq")
        elif part == "qweight" and method == "awq":
            state[module + ".weight"] = awq_weight(get, module, quantization)
        elif part == "weight_packed":
            bits = next(iter(quantization["config_groups"].values()))["weights"]["num_bits"]
            state[module + ".weight"] = compressed_weight(get, module, bits)
        elif part in ("weight", "bias"):
            state[key] = tensors[key].float().numpy()
    state = {k: torch.from_numpy(np.ascontiguousarray(v, dtype=np.float32)) for k, v in state.items()}
    config_file = folder / "plain"
    config_file.mkdir(exist_ok=True)
    (config_file / "config.json").write_text(json.dumps(config))
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(config_file), attn_implementation="eager").float()
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [m for m in missing if "lm_head" not in m and "rotary" not in m and "embed_scale" not in m]
    if missing or unexpected:
        raise SystemExit("%s: missing %s, unexpected %s" % (folder, missing[:3], unexpected[:3]))
    model.tie_weights()
    return model.eval(), state


def decompressed(folder, state):
    """Largest difference of a compressed-tensors folder from what its own package makes of it; None: not installed."""
    try:
        from compressed_tensors.compressors.quantized_compressors.pack_quantized import unpack_from_int32
    except ImportError:
        try:
            from compressed_tensors.compressors.pack_quantized.helpers import unpack_from_int32
        except ImportError:
            return None
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    bits = next(iter(config["config_groups"].values()))["weights"]["num_bits"]
    worst = 0.0
    with safe_open(next(folder.glob("*.safetensors")), "pt") as file:
        names = set(file.keys())
        for key in names:
            if not key.endswith(".weight_packed"):
                continue
            module = key[: -len(".weight_packed")]
            shape = torch.Size(file.get_tensor(module + ".weight_shape").tolist())
            codes = unpack_from_int32(file.get_tensor(key), bits, shape).double()
            scale = file.get_tensor(module + ".weight_scale").double()
            zero = torch.zeros_like(scale)
            if module + ".weight_zero_point" in names:
                packed = file.get_tensor(module + ".weight_zero_point")
                zero = unpack_from_int32(packed, bits, torch.Size([shape[0], scale.shape[1]]), packed_dim=0).double()
            each = -(-shape[1] // scale.shape[1])
            wide = lambda t: t.repeat_interleave(each, dim=1)[:, : shape[1]]
            theirs = (codes - wide(zero)) * wide(scale)
            worst = max(worst, float((theirs - state[module + ".weight"].double()).abs().max()))
    return worst


def read_by_gptqmodel(folder, state):
    """Largest difference of the weights GPTQModel makes of a folder from those here, both in fp16, of the largest of a matrix;
    None: not installed."""
    try:
        from gptqmodel import BACKEND, GPTQModel
    except ImportError:
        return None
    backend = getattr(BACKEND, "GPTQ_TORCH", None) or BACKEND.TORCH
    model = GPTQModel.load(str(folder), device="cpu", backend=backend, dtype=torch.float16)
    worst = 0.0
    for name, module in model.model.named_modules():
        if hasattr(module, "qweight"):
            theirs, ours = module.dequantize_weight().float().T, state[name + ".weight"].half().float()
            worst = max(worst, float((theirs - ours).abs().max() / ours.abs().max()))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cli")
    parser.add_argument("model")
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--group", type=int, default=32)
    parser.add_argument("--symmetric", action="store_true")
    parser.add_argument("--groups-by-order", action="store_true", help="of gptq-act-order: folders with a g_idx")
    parser.add_argument("--methods", default="clip")
    parser.add_argument("--calibration")
    parser.add_argument("--targets", default="gguf,gptq,awq,compressed-tensors,safetensors")
    options = parser.parse_args()
    failed = False

    def cli(*arguments):
        done = subprocess.run([options.cli, *map(str, arguments), "--json", "--threads", "1"], capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode().strip().splitlines()[-1])
        return json.loads(done.stdout)

    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        vocabulary = cli("inspect", options.model)["vocabulary"]
        ids = np.random.default_rng(5).integers(3, vocabulary, (2, 24), dtype=np.int32)
        np.save(root / "ids.npy", ids)
        for method in options.methods.split(","):
            base = root / ("base-" + method)
            arguments = ["quantize", options.model, "-o", base, "--bits", options.bits, "--group", options.group, "--method", method]
            if options.symmetric:
                arguments.append("--symmetric")
            if options.groups_by_order:
                arguments.append("--groups-by-order")
            if options.calibration:
                arguments += ["--calibration", options.calibration, "--calibration-samples", 16, "--calibration-context", 64]
            cli(*arguments)
            for target in options.targets.split(","):
                out = root / (method + "-" + target + (".gguf" if target == "gguf" else ""))
                try:
                    written = cli("export", base, "--to", target, "-o", out, "--force")
                except RuntimeError as error:
                    print("%-5s w%d g%d %-18s not written: %s" % (method, options.bits, options.group, target, error))
                    continue
                cli("logits", out, "--ids", root / "ids.npy", "-o", root / "ours.npy")
                ours = np.load(root / "ours.npy")
                note = ""
                if target == "gguf":
                    from gguf_llama import load_llama
                    model = load_llama(str(out))
                else:
                    model, state = folder_model(out)
                    if target == "compressed-tensors":
                        package = decompressed(out, state)
                        note = ", its package is not here" if package is None else ", its package's weights differ by %.1e" % package
                        failed |= package is not None and package > 1e-6
                    if target == "gptq":
                        package = read_by_gptqmodel(out, state)
                        note = ", GPTQModel is not here" if package is None else ", GPTQModel's weights differ by %.1e" % package
                        failed |= package is not None and package > 1e-3
                with torch.no_grad():
                    theirs = model(torch.from_numpy(ids.astype(np.int64))).logits.numpy()
                difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
                failed |= not difference <= 2e-4
                print("%-5s w%d g%d %-18s logits differ by %.1e of the largest%s%s" % (
                    method, options.bits, options.group, target, difference, "" if written["exact"] else " (not exact)", note))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
