#!/usr/bin/env bash
# Runs the fuzz targets for a bounded time on their seeds, where cargo-fuzz can run: SECONDS_EACH=10 scripts/fuzz.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
seconds=${SECONDS_EACH:-10}
if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "skipped: fuzz targets (cargo-fuzz is not installed: cargo install cargo-fuzz)"
  exit 0
fi
export RUSTC_BOOTSTRAP=1
for target in $(cargo fuzz list); do
  # What is found goes to the first folder; the seeds stay as they are.
  mkdir -p "fuzz/corpus/$target"
  cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10
done
