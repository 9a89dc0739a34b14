//! One entry of the journal, and the exact text that is hashed.
//!
//! The text of format `sereno-journal-1` is one line of JSON without white space between its parts, its keys in this
//! order: `format`, `seq`, `at`, `actor` (`id`, `how`, `display`), `run`, `kind`, `data`, `update`, `previous`. The hash
//! of an entry is the SHA-256 of the bytes of that line. `previous` is the hash of the entry before it, and 64 zeros for
//! the first. The line is stored as it was hashed, so nothing depends on how another program would write the same JSON.

use crate::access::Actor;
use crate::error::StoreError;
use crate::runs::RunUpdate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sereno_model::{Digest, RunId};

/// The name of the text that is hashed.
pub const FORMAT: &str = "sereno-journal-1";

/// What `previous` is for the first entry.
pub(crate) const BEFORE_ALL: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What is to be appended.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    pub run: Option<RunId>,
    /// Lower-case words with dots: `step.started`.
    pub kind: String,
    pub data: Value,
    /// What this entry changes in the list of runs.
    pub update: Option<RunUpdate>,
}

impl NewEntry {
    pub fn new(kind: impl Into<String>, data: Value) -> Self {
        Self { run: None, kind: kind.into(), data, update: None }
    }

    #[must_use]
    pub fn of(self, run: &RunId) -> Self {
        Self { run: Some(run.clone()), ..self }
    }

    #[must_use]
    pub fn updating(self, update: RunUpdate) -> Self {
        Self { update: Some(update), ..self }
    }
}

/// An entry as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// 1, 2, 3… without gaps.
    pub seq: u64,
    /// RFC 3339 in UTC, with microseconds.
    pub at: String,
    pub actor: Actor,
    pub run: Option<RunId>,
    pub kind: String,
    pub data: Value,
    pub update: Option<RunUpdate>,
    pub previous: Digest,
    pub hash: Digest,
}

/// The end of the chain: print it, send it, and a journal that was rewritten whole can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// 0 for an empty journal.
    pub seq: u64,
    pub hash: Digest,
}

impl Head {
    pub(crate) fn before_all() -> Self {
        Self { seq: 0, hash: before_all() }
    }
}

/// The text that is hashed.
#[derive(Serialize, Deserialize)]
struct Body {
    format: String,
    seq: u64,
    at: String,
    actor: Actor,
    run: Option<RunId>,
    kind: String,
    data: Value,
    update: Option<RunUpdate>,
    previous: String,
}

/// Seals `new` as the entry after `head`. Returns it with the text that was hashed.
pub(crate) fn seal(head: &Head, at: String, actor: &Actor, new: NewEntry) -> Result<(Entry, String), StoreError> {
    let body = Body {
        format: FORMAT.to_owned(),
        seq: head.seq + 1,
        at,
        actor: actor.clone(),
        run: new.run,
        kind: new.kind,
        data: new.data,
        update: new.update,
        previous: head.hash.as_str().to_owned(),
    };
    let text = serde_json::to_string(&body).map_err(StoreError::NotJson)?;
    let hash = Digest::of(&text);
    Ok((body.into_entry(head.hash.clone(), hash), text))
}

/// Reads back the text of an entry; the error says why it is none.
pub(crate) fn unseal(text: &str, hash: &str) -> Result<Entry, String> {
    let body: Body = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if body.format != FORMAT {
        return Err(format!("its format is `{}`, not `{FORMAT}`", body.format));
    }
    let hash = digest(hash).ok_or("its hash is not 64 hexadecimal digits")?;
    let previous = digest(&body.previous).ok_or("its link is not 64 hexadecimal digits")?;
    Ok(body.into_entry(previous, hash))
}

impl Body {
    fn into_entry(self, previous: Digest, hash: Digest) -> Entry {
        Entry {
            seq: self.seq,
            at: self.at,
            actor: self.actor,
            run: self.run,
            kind: self.kind,
            data: self.data,
            update: self.update,
            previous,
            hash,
        }
    }
}

/// The digest that a text writes, if it writes one.
pub(crate) fn digest(text: &str) -> Option<Digest> {
    let is_hex = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then(|| serde_json::from_value(Value::String(text.to_owned())).ok()).flatten()
}

fn before_all() -> Digest {
    digest(BEFORE_ALL).unwrap_or_else(|| Digest::of(""))
}

/// Whether `kind` is lower-case words with dots.
pub(crate) fn is_kind(kind: &str) -> bool {
    !kind.is_empty()
        && kind.len() <= 64
        && kind.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}
