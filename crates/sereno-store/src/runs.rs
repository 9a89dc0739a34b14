//! The list of runs: derived from the journal in the same transaction, and rebuilt from it when in doubt.

use crate::Store;
use crate::access::{Action, Context};
use crate::db::{Row, Tx};
use crate::entry::Entry;
use crate::error::StoreError;
use crate::verify::BATCH;
use serde::{Deserialize, Serialize};
use sereno_model::RunId;
use std::collections::BTreeMap;

/// What an entry changes in the list of runs. A field that is `None` stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunUpdate {
    pub procedure: Option<String>,
    pub title: Option<String>,
    pub state: Option<String>,
    pub risk: Option<String>,
    /// `Some(true)` with the entry that ends the run, `Some(false)` with one that takes it up again.
    pub finished: Option<bool>,
}

/// A run in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    pub id: String,
    /// Its first and its last entry.
    pub first_seq: u64,
    pub last_seq: u64,
    pub procedure: String,
    pub title: String,
    pub started_at: String,
    /// The id of the actor of the first entry.
    pub started_by: String,
    pub state: String,
    pub risk: String,
    pub updated_at: String,
    pub finished_at: Option<String>,
}

/// Which runs to list. The default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    pub state: Option<String>,
    pub procedure: Option<String>,
    /// Only those that are not finished.
    pub open: bool,
}

/// What the beginning of an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundRun {
    None,
    One(Box<RunRow>),
    /// More of the id is needed.
    Several(Vec<RunRow>),
}

impl Store {
    /// The newest runs, at most `limit`.
    pub async fn runs(&self, context: &Context, filter: &RunFilter, limit: u64) -> Result<Vec<RunRow>, StoreError> {
        context.may(Action::Read)?;
        let mut tx = self.db.read().await?;
        let rows = tx
            .fetch(
                "SELECT id, first_seq, last_seq, procedure, title, started_at, started_by, state, risk, updated_at, finished_at
                 FROM sereno_runs
                 WHERE (CAST($1 AS TEXT) IS NULL OR state = $1)
                   AND (CAST($2 AS TEXT) IS NULL OR procedure = $2)
                   AND ($3 = 0 OR finished_at IS NULL)
                 ORDER BY first_seq DESC LIMIT $4",
                [
                    filter.state.as_deref().into(),
                    filter.procedure.as_deref().into(),
                    i64::from(filter.open).into(),
                    limit.into(),
                ],
            )
            .await?;
        tx.commit().await?;
        Ok(rows.iter().map(run_of).collect())
    }

    /// The run whose id begins with `prefix`, with or without its `r-`.
    pub async fn find_run(&self, context: &Context, prefix: &str) -> Result<FoundRun, StoreError> {
        context.may(Action::Read)?;
        let prefix = prefix.trim().to_ascii_lowercase();
        let body = prefix.strip_prefix("r-").unwrap_or(&prefix);
        if body.is_empty() || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(FoundRun::None);
        }
        let mut tx = self.db.read().await?;
        let rows = tx
            .fetch(
                "SELECT id, first_seq, last_seq, procedure, title, started_at, started_by, state, risk, updated_at, finished_at
                 FROM sereno_runs WHERE id LIKE $1 ORDER BY first_seq DESC LIMIT 10",
                [format!("r-{body}%").as_str().into()],
            )
            .await?;
        tx.commit().await?;
        let mut runs: Vec<RunRow> = rows.iter().map(run_of).collect();
        Ok(match (runs.pop(), runs.is_empty()) {
            (None, _) => FoundRun::None,
            (Some(run), true) => FoundRun::One(Box::new(run)),
            (Some(run), false) => {
                runs.push(run);
                FoundRun::Several(runs)
            }
        })
    }

    /// Makes the list of runs anew out of the journal.
    pub async fn rebuild_runs(&self, context: &Context) -> Result<u64, StoreError> {
        context.may(Action::Administer)?;
        let mut tx = self.db.write().await?;
        tx.execute("DELETE FROM sereno_runs", []).await?;
        let mut after = 0;
        loop {
            let rows = tx
                .fetch(
                    "SELECT seq, body, hash FROM sereno_journal WHERE seq > $1 AND run IS NOT NULL ORDER BY seq LIMIT $2",
                    [after.into(), BATCH.into()],
                )
                .await?;
            for row in &rows {
                let seq = row.seq(0);
                let entry =
                    crate::entry::unseal(&row.text(1), &row.text(2)).map_err(|why| StoreError::Damaged { seq, why })?;
                project(&mut tx, &entry).await?;
                after = seq;
            }
            if (rows.len() as u64) < BATCH {
                break;
            }
        }
        let count = tx.first("SELECT COUNT(*) FROM sereno_runs", []).await?.map_or(0, |row| row.seq(0));
        tx.commit().await?;
        Ok(count)
    }
}

/// Brings the list up to `entry`.
pub(crate) async fn project(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    let Some(run) = entry.run.as_ref().map(RunId::as_str) else {
        return Ok(());
    };
    let empty = RunUpdate::default();
    let update = entry.update.as_ref().unwrap_or(&empty);
    let finished_at = (update.finished == Some(true)).then_some(entry.at.as_str());
    tx.execute(
        "INSERT INTO sereno_runs
           (id, first_seq, last_seq, procedure, title, started_at, started_by, state, risk, updated_at, finished_at)
         VALUES ($1, $2, $2, COALESCE($3, ''), COALESCE($4, ''), $5, $6, COALESCE($7, ''), COALESCE($8, ''), $5, $9)
         ON CONFLICT (id) DO UPDATE SET
           last_seq = excluded.last_seq,
           procedure = COALESCE($3, sereno_runs.procedure),
           title = COALESCE($4, sereno_runs.title),
           state = COALESCE($7, sereno_runs.state),
           risk = COALESCE($8, sereno_runs.risk),
           updated_at = excluded.updated_at,
           finished_at = CASE WHEN $10 = 1 THEN excluded.finished_at ELSE sereno_runs.finished_at END",
        [
            run.into(),
            entry.seq.into(),
            update.procedure.as_deref().into(),
            update.title.as_deref().into(),
            entry.at.as_str().into(),
            entry.actor.id.as_str().into(),
            update.state.as_deref().into(),
            update.risk.as_deref().into(),
            finished_at.into(),
            i64::from(update.finished.is_some()).into(),
        ],
    )
    .await?;
    Ok(())
}

/// The list as the journal has it, in memory: what `project` does, said a second time so that each can check the other.
#[derive(Default)]
pub(crate) struct Expected {
    runs: BTreeMap<String, RunRow>,
}

impl Expected {
    pub(crate) fn follow(&mut self, entry: Entry) {
        let Some(run) = entry.run.map(String::from) else {
            return;
        };
        let update = entry.update.unwrap_or_default();
        let row = self.runs.entry(run).or_insert_with_key(|id| RunRow {
            id: id.clone(),
            first_seq: entry.seq,
            last_seq: entry.seq,
            procedure: String::new(),
            title: String::new(),
            started_at: entry.at.clone(),
            started_by: entry.actor.id,
            state: String::new(),
            risk: String::new(),
            updated_at: String::new(),
            finished_at: None,
        });
        row.last_seq = entry.seq;
        for (field, new) in [
            (&mut row.procedure, update.procedure),
            (&mut row.title, update.title),
            (&mut row.state, update.state),
            (&mut row.risk, update.risk),
        ] {
            if let Some(new) = new {
                *field = new;
            }
        }
        if let Some(finished) = update.finished {
            row.finished_at = finished.then(|| entry.at.clone());
        }
        row.updated_at = entry.at;
    }

    /// The runs about which the stored list says something else, each with the entry to look at.
    pub(crate) async fn differences(mut self, tx: &mut Tx) -> Result<Vec<(u64, String)>, StoreError> {
        let rows = tx
            .fetch(
                "SELECT id, first_seq, last_seq, procedure, title, started_at, started_by, state, risk, updated_at, finished_at
                 FROM sereno_runs ORDER BY id",
                [],
            )
            .await?;
        let mut different = Vec::new();
        for row in rows.iter().map(run_of) {
            if self.runs.remove(&row.id).as_ref() != Some(&row) {
                different.push((row.last_seq, row.id));
            }
        }
        different.extend(self.runs.into_values().map(|row| (row.last_seq, row.id)));
        different.sort();
        Ok(different)
    }
}

fn run_of(row: &Row) -> RunRow {
    RunRow {
        id: row.text(0),
        first_seq: row.seq(1),
        last_seq: row.seq(2),
        procedure: row.text(3),
        title: row.text(4),
        started_at: row.text(5),
        started_by: row.text(6),
        state: row.text(7),
        risk: row.text(8),
        updated_at: row.text(9),
        finished_at: row.maybe_text(10),
    }
}
