//! The native operations, one folder per family.
//!
//! An operation is three things: a request (what a person asked, as data that is kept with the run), a plan made of it and
//! of what the platform shows (pure), and the steps of that plan, each carried out by a process of its own. The engine
//! gives them what it gives every step: approval, a durable start, a true outcome, a lock, a record.

pub mod service;
