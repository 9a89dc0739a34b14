//! The store on both databases: the same bodies run on SQLite and on a real PostgreSQL.

mod bed;
mod faults;
mod journal;
mod kill;
mod locks;
mod runs;
mod verify;
