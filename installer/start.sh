#!/usr/bin/env bash
# Installs what is missing, builds, gets the sample model and runs the main job: the window where there is a display,
# else the same job in the terminal. Arguments go to the program that is run.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_packages "$here/packages-debian-12.txt"
folder=$(build_folder release "${SCALEWRIGHT_BUILD:-}")
build release "$folder" -DSCALEWRIGHT_TESTS=OFF
"$here/get-sample.sh"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  say "Opening the window"
  exec "$folder/bin/scalewright" "$@"
fi
say "No display here: the main job in the terminal"
exec "$folder/bin/scalewright-cli" demo "$@"
