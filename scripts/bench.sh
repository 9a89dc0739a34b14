#!/usr/bin/env bash
# Repeats the measurements of docs/benchmarks.md, side by side in one run. Needs nothing but a build; Ansible and the runbook
# corpus are measured where they are (pip install ansible-core; CORPUS=folder of Markdown files).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
scripts/setup.sh build
cargo build --release --quiet --package sereno
cargo build --release --quiet --package sereno-runbook --example speed
target=${CARGO_TARGET_DIR:-$PWD/target}/release
exec python3 scripts/bench.py "$target/sereno" "$target/examples/speed" "${CORPUS:-}"
