//! How fast reading is, beside pulldown-cmark alone on the same bytes:
//! `cargo run --release -p sereno-runbook --example speed -- FILE...`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example's only purpose is to print")]

use std::time::{Duration, Instant};

/// What the files are repeated to.
const BYTES: usize = 10_000_000;

fn main() {
    let mut all = Vec::new();
    for path in std::env::args_os().skip(1) {
        match std::fs::read(&path) {
            Ok(bytes) => {
                let started = Instant::now();
                let (runbook, _) = sereno_runbook::read(&bytes);
                let blocks = runbook.blocks.len();
                println!("{:>10.2?}  {blocks:>4} blocks  {}", started.elapsed(), path.display());
                all.extend(bytes);
                all.push(b'\n');
            }
            Err(error) => eprintln!("cannot read {}: {error}", path.display()),
        }
    }
    if all.is_empty() {
        eprintln!("usage: speed RUNBOOK.md...");
        return;
    }
    let once = all.clone();
    while all.len() < BYTES {
        all.extend_from_slice(&once);
    }
    let text = String::from_utf8_lossy(&all).into_owned();
    let started = Instant::now();
    let events = pulldown_cmark::Parser::new_ext(&text, pulldown_cmark::Options::ENABLE_TABLES).count();
    report("pulldown-cmark", text.len(), started.elapsed());
    let mut diagnostics = Vec::new();
    let started = Instant::now();
    let (decoded, _) = sereno_runbook::encoding::decode(text.as_bytes(), &mut diagnostics);
    report("decode", text.len(), started.elapsed());
    let started = Instant::now();
    let document = sereno_runbook::document::cut(decoded, &mut diagnostics);
    report("cut", text.len(), started.elapsed());
    let started = Instant::now();
    let knowledge = sereno_effects::Knowledge::builtin();
    sereno_runbook::blocks::classify(&document.blocks, &document, knowledge);
    report("classify", text.len(), started.elapsed());
    let started = Instant::now();
    let (runbook, diagnostics) = sereno_runbook::read(text.as_bytes());
    report("read", text.len(), started.elapsed());
    println!("{events} events, {} blocks, {} diagnostics", runbook.blocks.len(), diagnostics.len());
}

fn report(what: &str, bytes: usize, took: Duration) {
    println!("{what:<15} {:>8.1} MB/s  ({took:.2?})", bytes as f64 / 1e6 / took.as_secs_f64());
}
