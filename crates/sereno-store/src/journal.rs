//! Appending to the journal, and reading it.

use crate::Store;
use crate::access::{Action, Context};
use crate::db::{Row, Tx};
use crate::entry::{Entry, Head, NewEntry, digest, is_kind, seal, unseal};
use crate::error::StoreError;
use crate::runs;
use jiff::Timestamp;
use sereno_model::RunId;

impl Store {
    /// Appends one entry. It is on the disk when this returns.
    pub async fn append(&self, context: &Context, new: NewEntry) -> Result<Entry, StoreError> {
        context.may(Action::of_kind(&new.kind))?;
        let mut tx = self.db.write().await?;
        let mut head = head_of(&mut tx).await?;
        let entry = append_one(&mut tx, &mut head, context, new).await?;
        tx.commit().await?;
        Ok(entry)
    }

    /// Appends all entries to `run`, or none when its last entry is not `expected` (0 for a run without entries): two
    /// people who decide at once do not both win.
    pub async fn append_if(
        &self,
        context: &Context,
        run: &RunId,
        expected: u64,
        entries: Vec<NewEntry>,
    ) -> Result<Vec<Entry>, StoreError> {
        for new in &entries {
            context.may(Action::of_kind(&new.kind))?;
        }
        let mut tx = self.db.write().await?;
        let row = tx
            .first(
                "SELECT seq, hash, (SELECT MAX(seq) FROM sereno_journal WHERE run = $1)
                 FROM sereno_journal ORDER BY seq DESC LIMIT 1",
                [run.as_str().into()],
            )
            .await?;
        let found = row.as_ref().map_or(0, |row| row.seq(2));
        if found != expected {
            return Err(StoreError::Conflict { run: run.clone(), expected, found });
        }
        let mut head = head_in(row)?;
        let mut appended = Vec::with_capacity(entries.len());
        for new in entries {
            appended.push(insert(&mut tx, &mut head, context, new.of(run)).await?);
        }
        // The list shows where a run stands after its last entry: one that changes nothing else needs no look at it.
        for (at, entry) in appended.iter().enumerate() {
            if at + 1 == appended.len() || entry.update.is_some() || (at == 0 && expected == 0) {
                runs::project(&mut tx, entry).await?;
            }
        }
        tx.commit().await?;
        Ok(appended)
    }

    /// All entries of a run, in order.
    pub async fn entries_of(&self, context: &Context, run: &RunId) -> Result<Vec<Entry>, StoreError> {
        context.may(Action::Read)?;
        let mut tx = self.db.read().await?;
        let rows = tx
            .fetch("SELECT seq, body, hash FROM sereno_journal WHERE run = $1 ORDER BY seq", [run.as_str().into()])
            .await?;
        tx.commit().await?;
        rows.iter().map(entry_of).collect()
    }

    /// At most `limit` entries after `seq`, in order.
    pub async fn entries_after(&self, context: &Context, seq: u64, limit: u64) -> Result<Vec<Entry>, StoreError> {
        context.may(Action::Read)?;
        let mut tx = self.db.read().await?;
        let rows = tx
            .fetch(
                "SELECT seq, body, hash FROM sereno_journal WHERE seq > $1 ORDER BY seq LIMIT $2",
                [seq.into(), limit.into()],
            )
            .await?;
        tx.commit().await?;
        rows.iter().map(entry_of).collect()
    }

    /// The end of the chain.
    pub async fn head(&self, context: &Context) -> Result<Head, StoreError> {
        context.may(Action::Read)?;
        let mut tx = self.db.read().await?;
        let head = head_of(&mut tx).await?;
        tx.commit().await?;
        Ok(head)
    }
}

/// Appends after `head`, which moves on, and brings the list of runs along.
pub(crate) async fn append_one(
    tx: &mut Tx,
    head: &mut Head,
    context: &Context,
    new: NewEntry,
) -> Result<Entry, StoreError> {
    let entry = insert(tx, head, context, new).await?;
    runs::project(tx, &entry).await?;
    Ok(entry)
}

async fn insert(tx: &mut Tx, head: &mut Head, context: &Context, new: NewEntry) -> Result<Entry, StoreError> {
    if !is_kind(&new.kind) {
        return Err(StoreError::BadKind { kind: new.kind });
    }
    let (entry, body) = seal(head, now(), &context.actor, new)?;
    tx.execute(
        "INSERT INTO sereno_journal (seq, run, kind, body, hash) VALUES ($1, $2, $3, $4, $5)",
        [
            entry.seq.into(),
            entry.run.as_ref().map(RunId::as_str).into(),
            entry.kind.as_str().into(),
            body.as_str().into(),
            entry.hash.as_str().into(),
        ],
    )
    .await?;
    *head = Head { seq: entry.seq, hash: entry.hash.clone() };
    Ok(entry)
}

pub(crate) async fn head_of(tx: &mut Tx) -> Result<Head, StoreError> {
    head_in(tx.first("SELECT seq, hash FROM sereno_journal ORDER BY seq DESC LIMIT 1", []).await?)
}

fn head_in(row: Option<Row>) -> Result<Head, StoreError> {
    let Some(row) = row else {
        return Ok(Head::before_all());
    };
    let seq = row.seq(0);
    let hash = digest(&row.text(1))
        .ok_or_else(|| StoreError::Damaged { seq, why: "its hash is not 64 hexadecimal digits".to_owned() })?;
    Ok(Head { seq, hash })
}

/// An entry out of the columns `seq`, `body`, `hash`.
fn entry_of(row: &Row) -> Result<Entry, StoreError> {
    let seq = row.seq(0);
    unseal(&row.text(1), &row.text(2)).map_err(|why| StoreError::Damaged { seq, why })
}

/// The time as the journal writes it.
pub(crate) fn now() -> String {
    format!("{:.6}", Timestamp::now())
}
