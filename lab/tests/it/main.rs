//! The lab from outside: its commands, and the systems that they start.
//!
//! Each test has a directory, databases and ports of its own, and ends what it started.

mod bench;
mod compose;
mod pedidos;
mod runbook;
