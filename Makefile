# Two commands do everything on a fresh Debian machine: `make demo` and `make test`.
.PHONY: demo test build check fmt gen bench help

help:
	@echo "make demo   installs what is missing, builds, starts a small real system, breaks it, and mends it with Sereno"
	@echo "make test   installs what is missing, builds, and runs every test; says what was skipped and why"
	@echo "make build  the release binary, target/release/sereno"
	@echo "make check  formatting, lints and generated files, as CI checks them"
	@echo "make bench  repeats the measurements of docs/benchmarks.md"

demo:
	@scripts/setup.sh demo
	@scripts/demo.sh

test:
	@scripts/setup.sh test
	@scripts/test.sh

build:
	@scripts/setup.sh build
	@. scripts/env.sh && cargo build --release --package sereno

check:
	@. scripts/env.sh && cargo fmt --all --check && cargo clippy --workspace --all-targets --quiet -- -D warnings && cargo xtask gen --check

gen:
	@. scripts/env.sh && cargo xtask gen

bench:
	@scripts/bench.sh
