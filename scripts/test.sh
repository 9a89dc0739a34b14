#!/usr/bin/env bash
# Runs every test and says at the end what was skipped and why. The whole output is kept in the target folder.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
log=${CARGO_TARGET_DIR:-target}/test.log
mkdir -p "$(dirname "$log")"
: >"$log"

status=0
step() { # NAME COMMAND...
  local name=$1
  shift
  printf '== %s\n' "$name"
  local begun=$SECONDS
  # Tests print `skipped: WHY` themselves, which the test runner would swallow without --nocapture.
  "$@" >>"$log" 2>&1
  local code=$?
  printf '   %s in %ss\n' "$([ $code = 0 ] && echo ok || echo "FAILED ($code)")" $((SECONDS - begun))
  [ $code = 0 ] || { status=1; failed+=("$name"); }
  return $code
}
failed=()
unsteady=

# The tests that failed, by name, from the list that each test binary prints at its end.
failed_tests() { # LOG
  awk '/^failures:$/ { inside = 1; next } /^test result:/ { inside = 0 } inside && /^    [A-Za-z0-9_:]+$/ { print $1 }' "$1" | sort -u
}

# All tests at once. A machine that is too busy can fail a test of processes and time that holds otherwise, so what failed
# runs once more, by itself and one after the other: what fails then has failed, and what holds then is told as unsteady.
tests() {
  local before names
  before=$(wc -c <"$log")
  step "tests" cargo test --workspace --no-fail-fast -- --nocapture && return
  names=$(failed_tests <(tail -c "+$((before + 1))" "$log"))
  # Nothing to run again when it did not compile; and what a signal ended names no test.
  if [ -z "$names" ] || tail -c "+$((before + 1))" "$log" | grep -aq "didn't exit successfully.*(signal:"; then return; fi
  printf '   once more: %s\n' "$(tr '\n' ' ' <<<"$names")"
  # shellcheck disable=SC2086
  step "the failed ones by themselves" cargo test --workspace --no-fail-fast -- --nocapture --test-threads=1 --exact $names || return
  unset 'failed[-1]'
  [ ${#failed[@]} = 0 ] && status=0
  unsteady=$names
}

step "formatting" cargo fmt --all --check
step "build" cargo build --workspace --all-targets
step "clippy" cargo clippy --workspace --all-targets -- -D warnings
step "generated files" cargo xtask gen --check
tests
step "fuzz seeds" scripts/fuzz.sh

echo
grep -aE '^test result:|^(running|test) .*FAILED|panicked at' "$log" | grep -av '0 passed; 0 failed' || true
skipped=$(grep -aoE 'skipped: .*' "$log" | sort | uniq -c | sort -rn || true)
if [ -n "$unsteady" ]; then
  printf '\nUnsteady: failed among the others, and held by themselves:\n%s\n' "$unsteady"
fi
if [ -n "$skipped" ]; then
  printf '\nSkipped on this machine:\n%s\n' "$skipped"
fi
passes=$(grep -aE '^test result:' "$log" | awk '{p+=$4; f+=$6} END {print p+0, f+0}')
skips=$(grep -acE 'skipped: ' "$log" || true)
if [ $status != 0 ]; then
  printf '\nFailed: %s. The last lines of %s:\n' "${failed[*]}" "$log"
  grep -aE '^(error|warning: unused)|FAILED|panicked|^  left|^ right|Diff in' "$log" | tail -n 60
fi
read -r passed bad <<<"$passes"
[ -z "$unsteady" ] || bad=$((bad - $(wc -l <<<"$unsteady")))
printf '\n%s passed, %s failed, %s skipped\n' "$passed" "$((bad > 0 ? bad : status))" "$skips"
exit $status
