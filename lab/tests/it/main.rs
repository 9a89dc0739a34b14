//! The lab from outside: its commands, and the systems that they start.
//!
//! Each test has a directory, databases and ports of its own, and ends what it started.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test whose bench cannot be set up fails, and says what it skips"
)]

mod bench;
mod cafeterias;
mod cafeterias_compose;
mod compose;
mod eventos;
mod eventos_compose;
mod lotolink;
mod pedidos;
mod runbook;
