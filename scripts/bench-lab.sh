#!/usr/bin/env bash
# The lab's systems: the time of `lab up` until healthy, the memory of each (proportional set size of its processes, or what its
# containers use), and how exactly the load generator keeps its rate. A second `up` of each, so that no image is built.
# Usage: scripts/bench-lab.sh PATH-OF-LAB     Kubernetes is measured where KUBECONFIG is set.
set -euo pipefail
L=$(realpath "$1")
d=$(mktemp -d /tmp/bench-lab-XXXXXX)
trap 'for s in "$d"/*/; do "$L" down "$(basename "$s" | cut -d- -f1)" --dir "$s" --wipe >/dev/null 2>&1 || true; done; rm -rf "$d"' EXIT
# Of this directory's processes: those that have it as their directory or in their words.
of_processes() {
  local sum=0 pid kb
  for pid in /proc/[0-9]*; do
    if [ "$(readlink "$pid/cwd" 2>/dev/null)" = "$1" ] || tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -qF "$1"; then
      kb=$(awk '/^Pss:/ {print $2}' "$pid/smaps_rollup" 2>/dev/null || true); sum=$((sum + ${kb:-0}))
    fi
  done
  echo "$((sum / 1024)) MiB"
}
of_containers() { # the project's folder
  local ids; ids=$(cd "$1" && docker-compose ps -q)
  # shellcheck disable=SC2086
  docker stats --no-stream --format '{{.MemUsage}}' $ids | awk '{v = $1; u = v; sub(/[A-Za-z]+/, "", v); gsub(/[0-9.]/, "", u)
    sum += u == "GiB" ? v * 1024 : u == "KiB" ? v / 1024 : v} END {printf "%.0f MiB\n", sum}'
}
echo "| system | platform | \`lab up\`, until healthy | memory | load at 50/s for 10 s |"; echo "|---|---|---|---|---|"
one() { # system platform arguments...
  local s=$1 p=$2 place="$d/$1-$2" took memory load; shift 2
  "$L" up "$s" --platform "$p" --dir "$place" "$@" >/dev/null
  "$L" down "$s" --dir "$place" >/dev/null
  took=$("$L" up "$s" --platform "$p" --dir "$place" "$@" | sed -n 's/.* is up in \([0-9.]* s\).*/\1/p')
  case $p in process) memory=$(of_processes "$place") ;; compose) memory=$(of_containers "$place") ;; *) memory="not measured" ;; esac
  load=$("$L" load "$s" --rate 50 --seconds 10 --dir "$place" 2>&1 | tail -1)
  echo "| $s | $p | $took | $memory | $load |"
  "$L" down "$s" --dir "$place" --wipe >/dev/null
}
for s in pedidos eventos cafeterias lotolink; do one "$s" process; done
for s in pedidos eventos cafeterias; do one "$s" compose; done
[ -z "${KUBECONFIG:-}" ] || one lotolink kubernetes --kubeconfig "$KUBECONFIG" --namespace lotolink-bench
