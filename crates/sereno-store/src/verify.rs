//! Is the journal what was written?

use crate::Store;
use crate::access::{Action, Context};
use crate::entry::{Entry, Head, unseal};
use crate::error::StoreError;
use crate::runs::Expected;
use serde::Serialize;
use sereno_model::{Digest, Text};

/// How many entries are read at once.
pub(crate) const BATCH: u64 = 1000;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// How many entries were read.
    pub entries: u64,
    /// The last entry that was read.
    pub head: Head,
    /// In the order of the journal; empty when all is well.
    pub problems: Vec<Problem>,
}

impl VerifyReport {
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The entry that it is about.
    pub seq: u64,
    pub kind: ProblemKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The content was edited: it does not have the hash that stands beside it.
    Edited,
    /// The entry does not link to the one before it: one of the two was replaced.
    LinkBroken,
    /// Entries are missing up to the one before this.
    Missing { from: u64, to: u64 },
    /// The entry says that it is another one: entries were moved.
    Moved { says: u64 },
    /// The entry stands after a later one, or a second time.
    OutOfOrder,
    /// What stands beside the entry to find it disagrees with its content.
    Relabelled,
    /// The content cannot be read.
    Unreadable { why: String },
    /// The journal ends before the expected head.
    Truncated,
    /// The expected head has another hash: the journal was rewritten.
    Rewritten,
    /// The list of runs disagrees with the journal.
    ListDiffers { run: String },
}

impl Problem {
    pub fn text(&self) -> Text {
        let seq = self.seq;
        match &self.kind {
            ProblemKind::Edited => Text::new(
                format!("Entry {seq} was edited: its content does not match its hash."),
                format!("La entrada {seq} fue editada: su contenido no corresponde a su hash."),
            ),
            ProblemKind::LinkBroken => Text::new(
                format!(
                    "Entry {seq} does not link to the entry before it: one of the two was replaced, removed or moved."
                ),
                format!(
                    "La entrada {seq} no enlaza con la anterior: una de las dos fue reemplazada, quitada o movida."
                ),
            ),
            ProblemKind::Missing { from, to } if from == to => {
                Text::new(format!("Entry {from} was removed."), format!("Se quitó la entrada {from}."))
            }
            ProblemKind::Missing { from, to } => Text::new(
                format!("Entries {from} to {to} were removed."),
                format!("Se quitaron las entradas {from} a {to}."),
            ),
            ProblemKind::Moved { says } => Text::new(
                format!("Entry {seq} was moved: its content says that it is entry {says}."),
                format!("La entrada {seq} fue movida: su contenido dice que es la entrada {says}."),
            ),
            ProblemKind::OutOfOrder => Text::new(
                format!("Entry {seq} stands after a later one, or a second time."),
                format!("La entrada {seq} está después de una posterior, o está repetida."),
            ),
            ProblemKind::Relabelled => Text::new(
                format!("Entry {seq} was relabelled: the run or the kind beside it disagrees with its content."),
                format!(
                    "La entrada {seq} fue reetiquetada: la ejecución o el tipo que la acompaña no coincide con su contenido."
                ),
            ),
            ProblemKind::Unreadable { why } => Text::new(
                format!("Entry {seq} cannot be read: {why}."),
                format!("No se puede leer la entrada {seq}: {why}."),
            ),
            ProblemKind::Truncated => Text::new(
                format!("The journal ends too early: entry {seq} was written once and is not there."),
                format!("El diario termina antes de tiempo: la entrada {seq} se escribió y ya no está."),
            ),
            ProblemKind::Rewritten => Text::new(
                format!("Entry {seq} is not the one that was written: the journal was rewritten."),
                format!("La entrada {seq} no es la que se escribió: el diario fue reescrito."),
            ),
            ProblemKind::ListDiffers { run } => Text::new(
                format!("The list of runs disagrees with the journal about {run}; the journal is right."),
                format!("La lista de ejecuciones no coincide con el diario sobre {run}; vale el diario."),
            ),
        }
    }
}

/// Follows the chain, one entry after the other.
pub(crate) struct Chain {
    head: Head,
    entries: u64,
    problems: Vec<Problem>,
    expected: Option<Head>,
    /// Whether the expected head was come by.
    met: bool,
}

impl Chain {
    pub(crate) fn new(expected: Option<Head>) -> Self {
        let met = expected.as_ref().is_none_or(|head| head.seq == 0);
        Self { head: Head::before_all(), entries: 0, problems: Vec::new(), expected, met }
    }

    /// Checks the next entry. Each fault is told once: the check goes on from what stands there.
    pub(crate) fn follow(&mut self, seq: u64, body: &str, hash: &str) -> Option<Entry> {
        self.entries += 1;
        let next = self.head.seq + 1;
        if seq > next {
            self.say(seq, ProblemKind::Missing { from: next, to: seq - 1 });
        }
        let actual = Digest::of(body);
        if actual.as_str() != hash {
            self.say(seq, ProblemKind::Edited);
        }
        if seq < next {
            self.say(seq, ProblemKind::OutOfOrder);
            return unseal(body, hash).ok();
        }
        let entry = match unseal(body, hash) {
            Ok(entry) => entry,
            Err(why) => {
                self.say(seq, ProblemKind::Unreadable { why });
                self.head = Head { seq, hash: actual };
                return None;
            }
        };
        if entry.seq != seq {
            self.say(seq, ProblemKind::Moved { says: entry.seq });
        }
        // A gap is told already; that the link over it is broken goes without saying.
        if seq == next && entry.previous != self.head.hash {
            self.say(seq, ProblemKind::LinkBroken);
        }
        if let Some(expected) = self.expected.as_ref().filter(|expected| expected.seq == seq) {
            self.met = true;
            if expected.hash != entry.hash {
                self.say(seq, ProblemKind::Rewritten);
            }
        }
        self.head = Head { seq, hash: entry.hash.clone() };
        Some(entry)
    }

    pub(crate) fn say(&mut self, seq: u64, kind: ProblemKind) {
        self.problems.push(Problem { seq, kind });
    }

    pub(crate) fn report(mut self) -> VerifyReport {
        if let Some(seq) = self.expected.as_ref().map(|expected| expected.seq).filter(|_| !self.met) {
            self.say(seq, ProblemKind::Truncated);
        }
        VerifyReport { entries: self.entries, head: self.head, problems: self.problems }
    }
}

impl Store {
    /// Reads the whole journal and says what is not as it was written. Entries cut off its end are found only by
    /// [`Store::verify_against`].
    pub async fn verify(&self, context: &Context) -> Result<VerifyReport, StoreError> {
        self.check(context, None).await
    }

    /// Like [`Store::verify`], and `expected`, which was printed or sent once, must be in the chain.
    pub async fn verify_against(&self, context: &Context, expected: Head) -> Result<VerifyReport, StoreError> {
        self.check(context, Some(expected)).await
    }

    async fn check(&self, context: &Context, expected: Option<Head>) -> Result<VerifyReport, StoreError> {
        context.may(Action::Read)?;
        let mut tx = self.db.read().await?;
        let mut chain = Chain::new(expected);
        let mut list = Expected::default();
        let mut after: i64 = i64::MIN;
        loop {
            let rows = tx
                .fetch(
                    "SELECT seq, run, kind, body, hash FROM sereno_journal WHERE seq > $1 ORDER BY seq LIMIT $2",
                    [after.into(), BATCH.into()],
                )
                .await?;
            for row in &rows {
                after = row.number(0);
                let Some(entry) = chain.follow(row.seq(0), &row.text(3), &row.text(4)) else {
                    continue;
                };
                let run = entry.run.as_ref().map(|run| run.as_str().to_owned());
                if run != row.maybe_text(1) || entry.kind != row.text(2) {
                    chain.say(row.seq(0), ProblemKind::Relabelled);
                }
                list.follow(entry);
            }
            if (rows.len() as u64) < BATCH {
                break;
            }
        }
        // The list of a journal that was tampered with differs anyway.
        if chain.problems.is_empty() {
            for (seq, run) in list.differences(&mut tx).await? {
                chain.say(seq, ProblemKind::ListDiffers { run });
            }
        }
        tx.commit().await?;
        Ok(chain.report())
    }
}
