//! The store on both databases: the same bodies run on SQLite and on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests stop where something is wrong, and say what they skip"
)]

mod bed;
mod faults;
mod journal;
mod kill;
mod locks;
mod runs;
mod verify;
