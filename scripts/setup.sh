#!/usr/bin/env bash
# Installs what is missing on a Debian machine, and nothing else: `setup.sh demo|test|build`. Safe to run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
purpose=${1:?demo, test or build}
say() { printf 'setup: %s\n' "$*" >&2; }

wanted=()
need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || wanted+=("$2")
}
need cc gcc
need git git
need curl curl
dpkg -s libc6-dev >/dev/null 2>&1 || wanted+=(libc6-dev)
if [ "$purpose" != build ]; then
  need make make
  need redis-server redis-server
  need setpriv util-linux
  need script bsdutils
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || wanted+=(postgresql)
fi

if ((${#wanted[@]})); then
  say "installing ${wanted[*]}"
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { say "these packages are missing: ${wanted[*]}; install them as root and run this again"; exit 1; }
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  # The servers are started by the demo and the tests themselves, on ports of their own: none is left running.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
fi

if ! command -v cargo >/dev/null 2>&1; then
  say "installing Rust for this user (https://rustup.rs)"
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --quiet --profile minimal --component clippy --component rustfmt
  . scripts/env.sh
fi
required=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(rustc --version | awk '{print $2}')
if [ "$(printf '%s\n%s\n' "$required" "$found" | sort -V | head -n1)" != "$required" ]; then
  say "Rust $required or newer is needed and $found was found: run 'rustup update stable'"
  exit 1
fi
if [ "$purpose" = test ] && ! cargo fuzz --version >/dev/null 2>&1; then
  say "installing cargo-fuzz for this user"
  cargo install --quiet --locked cargo-fuzz || say "cargo-fuzz could not be installed: the fuzz targets will be skipped"
fi
