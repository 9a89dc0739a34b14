//! Prints a runbook as JSON: `cargo run -p sereno-runbook --example inspect -- RUNBOOK.md`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example's only purpose is to print")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: inspect RUNBOOK.md");
        return ExitCode::from(2);
    };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("cannot read {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    };
    let (runbook, diagnostics) = sereno_runbook::read(&bytes);
    let mut value = serde_json::json!(runbook);
    value["diagnostics"] = serde_json::json!(diagnostics);
    println!("{value:#}");
    ExitCode::SUCCESS
}
