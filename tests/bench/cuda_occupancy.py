#!/usr/bin/env python3
"""What the compiler made of the card's kernels: registers, shared memory, spills and occupancy, as a table in Markdown.

    tests/bench/cuda_occupancy.py build/dev [--cuobjdump PROGRAM]

Reads every object of the library scalewright_cuda in the build folder with `cuobjdump --dump-resource-usage` of the CUDA
Toolkit. Ends with status 1 when a kernel spills registers to memory, or when there is nothing to read. Occupancy is that of blocks of the
largest size a kernel is launched with: resident warps over the most a processor holds (CUDA C++ Programming Guide,
"Technical Specifications per Compute Capability").
"""

import argparse
import math
import pathlib
import re
import shutil
import subprocess
import sys

# Of a processor: warps, blocks, registers, bytes of shared memory (1 KB of it is the system's for each block).
LIMITS = {80: (64, 32, 65536, 164 << 10), 89: (48, 24, 65536, 100 << 10), 90: (64, 32, 65536, 228 << 10)}
REGISTER_STEP = 256   # registers are given to a warp in steps of so many
SHARED_RESERVED = 1024

# Threads of a block by kernel, as SW_LAUNCH in kernels/cuda gives them; a name that is not here has 256.
THREADS = {
    "gemv_dense_kernel": lambda a: 128,
    "attention_kernel": lambda a: 64 if a[:1] == ["256"] else 128,
    "fast_attention_kernel": lambda a: 256 if a[:1] == ["128"] else 128,
    "fast_dq_kernel": lambda a: 256 if a[:1] == ["128"] else 128,
    "fast_dkv_kernel": lambda a: 128,
    "join_kernel": lambda a: 32,
    "delta_kernel": lambda a: 32,
    "dq_kernel": lambda a: 128,
    "dkv_kernel": lambda a: 128,
    "cross_entropy_kernel": lambda a: 512,
    "unpack_kernel": lambda a: 128,
    "dscale_kernel": lambda a: 128,
    "embed_kernel": lambda a: 128,
    "embed_dense_kernel": lambda a: 128,
    "largest_kernel": lambda a: 128,
}


def demangled(names):
    if not names:
        return {}
    plain = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return dict(zip(names, plain.splitlines()))


def short_name(full):
    """scalewright::kernels::cuda::(anonymous namespace)::gemv_kernel<4, 1>(..) -> ("gemv_kernel", ["4", "1"])"""
    full = re.sub(r"\((?:\w+::)+\w+\)(?=\d)", "", full)  # a cast before the number of an enumerator
    match = re.search(r"(\w+_kernel)(?:<([^()]*)>)?\(", full)
    if not match:
        return full, []
    arguments = [a.strip() for a in (match.group(2) or "").split(",")] if match.group(2) else []
    return match.group(1), arguments


def usage_of(tool, path):
    """Rows (architecture, mangled name, registers, shared, stack, local) of an object."""
    text = subprocess.run([tool, "--dump-resource-usage", str(path)], capture_output=True, text=True).stdout
    architecture, name = 0, ""
    for line in text.splitlines():
        if match := re.search(r"arch = sm_(\d+)", line):
            architecture = int(match.group(1))
        elif match := re.match(r"\s*Function (\S+?):", line):
            name = match.group(1)
        elif "REG:" in line and name:
            values = {key: int(value) for key, value in re.findall(r"(\w+):(\d+)", line)}
            yield architecture, name, values["REG"], values.get("SHARED", 0), values.get("STACK", 0), values.get("LOCAL", 0)
            name = ""


def occupancy(architecture, threads, registers, shared):
    warps_most, blocks_most, registers_all, shared_all = LIMITS[architecture]
    warps = math.ceil(threads / 32)
    per_warp = math.ceil(registers * 32 / REGISTER_STEP) * REGISTER_STEP
    blocks = min(blocks_most, warps_most // warps, registers_all // per_warp // warps, shared_all // (shared + SHARED_RESERVED))
    return blocks * warps / warps_most


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--cuobjdump", default=shutil.which("cuobjdump") or "/usr/local/cuda/bin/cuobjdump")
    options = parser.parse_args()
    tool = options.cuobjdump
    if not shutil.which(tool):
        sys.exit(f"{tool}: not found; it comes with the CUDA Toolkit (cuda-cuobjdump), or name another with --cuobjdump")
    objects = sorted(options.build.glob("kernels/CMakeFiles/scalewright_cuda.dir/cuda/*.cu.o"))
    rows = [row for path in objects for row in usage_of(tool, path) if row[0] in LIMITS]
    if not rows:
        sys.exit(f"{options.build}: no kernels were found; build the target scalewright_cuda first")
    names = demangled(sorted({row[1] for row in rows}))
    table, spills = {}, []
    for architecture, name, registers, shared, stack, local in rows:
        kernel, arguments = short_name(names[name])
        threads = THREADS.get(kernel, lambda a: 256)(arguments)
        # Registers that do not fit go to the stack; local memory is what indexed arrays take.
        if stack or local:
            spills.append(f"{kernel}<{', '.join(arguments)}> sm_{architecture}: {stack} bytes of stack, {local} local")
        label = kernel + (f" {', '.join(arguments)}" if arguments else "")
        table.setdefault((label, threads), {})[architecture] = (registers, shared, stack + local,
                                                               occupancy(architecture, threads, registers, shared))
    architectures = sorted({row[0] for row in rows})
    print("| kernel | threads | shared, bytes | " + " | ".join(f"sm_{a}: registers, spills, occupancy" for a in architectures) + " |")
    print("|---|---|---|" + "---|" * len(architectures))
    for (label, threads), made in sorted(table.items()):
        cells = [f"{made[a][0]}, {made[a][2] or 'none'}, {100 * made[a][3]:.0f} %" if a in made else "" for a in architectures]
        print(f"| {label} | {threads} | {next(iter(made.values()))[1]} | " + " | ".join(cells) + " |")
    if spills:
        sys.exit("\nspills:\n" + "\n".join(spills))


if __name__ == "__main__":
    main()
