//! The journal and its projections, on SQLite or PostgreSQL.
//!
//! The journal only grows. Each entry holds the hash of the one before it, so an entry that was edited, removed or moved
//! is found by [`Store::verify`]. An append is on the disk when it returns. What else is stored (the list of runs) is
//! derived from the journal in the same transaction and can be rebuilt from it; locks are leases and may be lost.
//!
//! Who may do what is decided here, at the door: the first line of each method asks its [`Context`].
//!
//! This holds no domain decision: it does not know what a kind of entry means, and it does not redact. What comes here
//! must have passed a `Redactor` before.

mod access;
mod db;
mod entry;
mod error;
mod export;
mod file;
mod journal;
mod location;
mod locks;
mod runs;
mod schema;
mod verify;

pub use access::{Action, Actor, Context, Role};
pub use entry::{Entry, FORMAT, Head, NewEntry};
pub use error::{StoreError, chain};
pub use export::{ExportError, verify_export};
pub use location::{BadLocation, Location};
pub use locks::{Held, Lock};
pub use runs::{FoundRun, RunFilter, RunRow, RunUpdate};
pub use verify::{Problem, ProblemKind, VerifyReport};

use db::Db;
use std::time::Duration;

/// The journal, opened. Cheap to clone; all clones share their connections.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
}

impl Store {
    /// How long to wait for another process that is writing.
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// Opens the journal, creates it when it is not there, and brings it to the newest schema.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        Self::open_patiently(location, Self::PATIENCE).await
    }

    /// Like [`Store::open`], waiting at most `patience` for another process, now and at every write.
    pub async fn open_patiently(location: &Location, patience: Duration) -> Result<Self, StoreError> {
        let db = Db::open(location, patience).await?;
        schema::bring_up(&db).await?;
        Ok(Self { db })
    }

    /// Closes all connections. Dropping the store does the same a little later.
    pub async fn close(self) {
        self.db.close().await;
    }
}
