#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, gets the sample model and runs every test, then the tests of what
# reads untrusted files once more under sanitizers.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_packages "$here/packages-debian-12.txt" "$here/packages-tests.txt"
folder=$(build_folder dev "${SCALEWRIGHT_BUILD:-}")
build dev "$folder"
"$here/get-sample.sh"
log=$folder/tests.log
say "Testing"
passed=0
failed=0
# One line a test executable; a run in which nothing was executed is a failure.
if (cd "$folder" && ctest --output-on-failure --no-tests=error 2>&1 | tee "$log" >&2; exit "${PIPESTATUS[0]}"); then outcome=0; else outcome=1; fi
total=$(sed -n 's/.*tests failed out of \([0-9]*\)$/\1/p' "$log" | tail -n 1)
failed=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' "$log" | tail -n 1)
total=${total:-0}; failed=${failed:-0}
passed=$((total - failed))

if [ "${SCALEWRIGHT_SANITIZERS:-1}" != 0 ]; then
  asan=$(build_folder asan "${SCALEWRIGHT_ASAN_BUILD:-}")
  say "Building the parsers' tests with sanitizers in $asan"
  (cd "$source_dir" && cmake --preset asan -B "$asan" -DSCALEWRIGHT_GUI=OFF -DSCALEWRIGHT_CUDA=OFF >/dev/null)
  sanitized=$(cd "$source_dir/tests" && for t in fuzz/test_*.cpp engine/test_{gguf,safetensors,jinja,tokenizers,dataset,trainer,scale_pack}.cpp; do
    [ -f "$t" ] || stop "tests/$t is not there; installer/test.sh names the tests that run under sanitizers."
    basename "$t" .cpp
  done) || exit 1
  # shellcheck disable=SC2086
  ninja -C "$asan" -j "${SCALEWRIGHT_JOBS:-$(nproc)}" $sanitized >&2 || stop "The sanitizer build failed; its message is above."
  for test in $sanitized; do
    if (cd "$asan" && QT_QPA_PLATFORM=offscreen "bin/$test" >"$test.log" 2>&1); then passed=$((passed + 1)); else
      failed=$((failed + 1)); outcome=1; tail -n 40 "$asan/$test.log" >&2; fi
  done
fi
[ "$passed" -gt 0 ] || outcome=1
printf '%d passed, %d failed\n' "$passed" "$failed"
exit "$outcome"
