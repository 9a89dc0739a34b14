//! Bytes in, a [`Runbook`] and its diagnostics out. Pure: no I/O, and it cannot fail; whatever the bytes, there is a
//! runbook, perhaps an empty one, and a diagnostic that says why.

pub mod model;

pub use model::Runbook;
