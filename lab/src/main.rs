//! The lab: small real systems to operate, break and mend.
//!
//! It starts each system with its own databases in its own directory, breaks it on purpose and mends it.
//! It knows nothing of Sereno, and Sereno nothing of it: they meet only through the system's runbook,
//! its Makefile, its `.env` and its endpoints.

mod breaking;
mod cli;
mod cluster;
mod commands;
mod failure;
mod faults;
mod host;
mod load;
mod say;
mod service;
mod stack;
mod system;
mod systems;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}
