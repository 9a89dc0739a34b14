//! Bytes in, a [`Runbook`] and its diagnostics out. Pure: no I/O, and it cannot fail; whatever the bytes, there is a
//! runbook, perhaps an empty one, and a diagnostic that says why.

pub mod blocks;
pub mod document;
pub mod encoding;
mod facts;
pub mod lint;
pub mod model;
mod read;
mod schema;
mod structure;
pub mod text;

pub use model::Runbook;
pub use read::{read, read_with};
pub use schema::schema;
