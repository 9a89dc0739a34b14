//! The journal as JSON Lines, to be checked where there is no database.
//!
//! Each line is `{"hash":"…","entry":…}`, and the bytes after `"entry":` up to the last brace are exactly those that were
//! hashed, so `sha256sum` can check a line too.

use crate::Store;
use crate::access::{Action, Context};
use crate::entry::Head;
use crate::error::StoreError;
use crate::verify::{BATCH, Chain, ProblemKind, VerifyReport};
use std::io::{self, BufRead, Read as _, Write};

const BEFORE_HASH: &str = "{\"hash\":\"";
const BEFORE_ENTRY: &str = "\",\"entry\":";
/// A longer line is no entry, and must not fill the memory.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the export cannot be written")]
    Write(#[source] io::Error),
}

impl Store {
    /// Writes the whole journal and gives its head.
    pub async fn export(&self, context: &Context, mut to: impl Write) -> Result<Head, ExportError> {
        context.may(Action::Read)?;
        let mut tx = self.db.read().await?;
        let mut head = crate::journal::head_of(&mut tx).await?;
        let mut after: i64 = i64::MIN;
        loop {
            let rows = tx
                .fetch(
                    "SELECT seq, body, hash FROM sereno_journal WHERE seq > $1 ORDER BY seq LIMIT $2",
                    [after.into(), BATCH.into()],
                )
                .await?;
            for row in &rows {
                after = row.number(0);
                let (body, hash) = (row.text(1), row.text(2));
                writeln!(to, "{BEFORE_HASH}{hash}{BEFORE_ENTRY}{body}}}").map_err(ExportError::Write)?;
                head.seq = row.seq(0);
            }
            if (rows.len() as u64) < BATCH {
                break;
            }
        }
        tx.commit().await?;
        to.flush().map_err(ExportError::Write)?;
        Ok(head)
    }
}

/// Checks an export without any database; `expected` is a head that was printed or sent once.
pub fn verify_export(mut from: impl BufRead, expected: Option<Head>) -> io::Result<VerifyReport> {
    let mut chain = Chain::new(expected);
    let mut number = 0;
    loop {
        let mut line = Vec::new();
        if from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(chain.report());
        }
        number += 1;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        match std::str::from_utf8(line).ok().and_then(parts) {
            Some((hash, body, seq)) => {
                chain.follow(seq, body, hash);
            }
            None => chain.say(number, ProblemKind::Unreadable { why: "the line is not of an export".to_owned() }),
        }
    }
}

/// The hash, the hashed text, and the number that the text gives itself.
fn parts(line: &str) -> Option<(&str, &str, u64)> {
    let (hash, rest) = line.strip_prefix(BEFORE_HASH)?.split_once(BEFORE_ENTRY)?;
    let body = rest.strip_suffix('}')?;
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    Some((hash, body, value.get("seq")?.as_u64()?))
}
