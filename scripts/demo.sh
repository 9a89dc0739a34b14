#!/usr/bin/env bash
# Starts a small real system, breaks it, and mends it with Sereno by the system's own runbook. Asks nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
root=$PWD
bold() { printf '\n\033[1m%s\033[0m\n' "$*"; }
if [ ! -t 1 ]; then bold() { printf '\n%s\n' "$*"; }; fi

bold "Building (the first time takes a few minutes)"
cargo build --quiet --package sereno --package lab
target=${CARGO_TARGET_DIR:-$root/target}
export PATH="$target/debug:$PATH"

dir=$(mktemp -d "${TMPDIR:-/tmp}/sereno-demo.XXXXXX")
chmod 755 "$dir"
export LAB_DIR=$dir/pedidos
finish() { lab down pedidos --wipe >/dev/null 2>&1 || true; rm -rf "$dir"; }
trap finish EXIT

bold "1. Pedidos starts: an API, a worker, PostgreSQL and Redis"
lab up pedidos
cd "$LAB_DIR"
. ./.env

bold "2. What its runbook says to do when Redis is gone: sereno plan \"redis desconectado\""
sereno plan "redis desconectado"

bold "3. Something real breaks: its Redis is stopped"
lab break pedidos redis-down
curl -s "http://localhost:$PORT/health" || true
echo

bold "4. Sereno walks the runbook: sereno run \"redis desconectado\" --yes"
status=0
sereno run "redis desconectado" --yes --reason "demo" || status=$?

bold "5. Recovered?"
curl -s "http://localhost:$PORT/health"
echo
sereno runs list
sereno audit verify

bold "Where to look next"
cat <<TEXT
  sereno runbook show lab/systems/pedidos/RUNBOOK.md       what was understood of a runbook
  sereno check lab/systems/pedidos/RUNBOOK.md              what is wrong with it, before the night it is needed
  sereno runbook coverage YOUR-RUNBOOK.md                  how much of yours Sereno can run, and why not the rest
  sereno effects 'docker system prune -a --volumes -f'     what a command would do
  docs/guide/from-your-runbook-to-a-run.md                 the user guide (en español: de-tu-runbook-a-una-ejecucion.md)
  The binary: $target/debug/sereno (make build for the release)
TEXT
exit $status
