//! What the journal records of a run. These are formats: a field is only ever added, and old entries stay readable.

use crate::plan::Plan;
use serde::{Deserialize, Deserializer, Serialize};
use sereno_model::{Digest, Outcome, RunId, Text};

/// A person, as they proved to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name in `sereno.toml`, else the OS user.
    pub name: String,
    /// How they proved it: `os-user:ana`.
    pub how: String,
}

impl Person {
    /// Whether these are one person: under one name, or proved by the same user of the system under two.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name || (self.how.contains(':') && self.how == other.how)
    }
}

/// One entry of a run in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum Event {
    /// A run exists: this plan, asked for by this person. Secrets are redacted in the plan as stored.
    #[serde(rename = "run.planned")]
    Planned { plan: Box<Plan>, by: Person, undoes: Option<RunId> },
    /// The operator's own yes to these steps of this digest. It never stands for a second person.
    #[serde(rename = "run.consented")]
    Consented { digest: Digest, steps: Vec<usize>, by: Person, reason: String },
    /// An approver's yes to these steps of this digest.
    #[serde(rename = "approval.given")]
    Approved {
        digest: Digest,
        steps: Vec<usize>,
        by: Person,
        reason: String,
        /// The word that the person typed, where one was demanded.
        word: Option<String>,
        /// Only one person is configured: a typed word after a pause stood in for the second person.
        stand_in: bool,
    },
    /// Durable before the world is touched.
    #[serde(rename = "step.started")]
    Started {
        step: usize,
        attempt: u32,
        /// Which start of which machine this was written on (`/proc/sys/kernel/random/boot_id`). That a step never began can
        /// be told from its folder only there: a power cut takes with it what was not on the disk yet.
        #[serde(default)]
        boot: String,
    },
    /// A step was not started, because what it would run is not what was approved. The run stands as it was.
    #[serde(rename = "step.refused")]
    Refused { step: usize, why: Text },
    #[serde(rename = "step.finished")]
    Finished { step: usize, attempt: u32, report: StepReport },
    /// The script's own `EXIT` trap is to run, since no step will run any more. Durable before it does.
    #[serde(rename = "session.closing")]
    Closing {
        attempt: u32,
        /// As of [`Event::Started`].
        boot: String,
    },
    #[serde(rename = "session.closed")]
    Closed { attempt: u32, report: StepReport },
    /// A person decided about a step: a failed one, one whose outcome is unknown, or one that a person does.
    #[serde(rename = "step.decided")]
    Decided { step: usize, decision: Decision, reason: String, by: Person },
    /// A person gave the run up. Steps that run are ended first.
    #[serde(rename = "run.cancelled")]
    Cancelled { reason: String, by: Person },
    /// The store's own entry: a lock that another run held is this run's now.
    #[serde(rename = "lock.taken_over")]
    LockTaken { component: String, from_run: String },
    /// Another process took the run up.
    #[serde(rename = "run.resumed")]
    Resumed { by: Person },
    #[serde(rename = "run.ended")]
    Ended { ending: Ending },
}

/// How a step ended, as its runner wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    pub outcome: Outcome,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub duration_ms: u64,
    pub output_bytes: u64,
    /// Of those, bytes of the middle that were not kept because there were too many.
    #[serde(default)]
    pub dropped_bytes: u64,
    /// Of the bytes that were kept, both streams in their order.
    pub output_digest: Option<Digest>,
    pub timed_out: bool,
    /// An endless step that was followed for its time and then ended.
    pub followed: bool,
    /// The script ended itself (`exit`, or a failure under `set -e`): what follows does not run.
    pub ended_script: bool,
    /// Whether an `EXIT` trap of the script waits after it; `None` where the step does not tell, and what waited before it
    /// waits still.
    #[serde(default)]
    pub exit_trap: Option<bool>,
    /// Whether what the author said to expect was seen; `None` where there was nothing to look for.
    pub expectation_met: Option<bool>,
    /// Processes that it left running in the background.
    pub left_running: u32,
    /// Why, where the numbers do not say it: `the runner was killed`.
    #[serde(default, deserialize_with = "note_of_any_age")]
    pub note: Option<Text>,
}

impl StepReport {
    /// A report about a step that ran nothing.
    pub fn bare(outcome: Outcome, note: Option<Text>) -> Self {
        Self {
            outcome,
            exit_code: None,
            signal: None,
            duration_ms: 0,
            output_bytes: 0,
            dropped_bytes: 0,
            output_digest: None,
            timed_out: false,
            followed: false,
            ended_script: false,
            exit_trap: None,
            expectation_met: None,
            left_running: 0,
            note,
        }
    }
}

/// Journals from before notes were in two languages hold them in English alone.
fn note_of_any_age<'de, D: Deserializer<'de>>(note: D) -> Result<Option<Text>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Note {
        Both(Text),
        English(String),
    }
    Ok(Option::deserialize(note)?.map(|note| match note {
        Note::Both(text) => text,
        Note::English(text) => Text::same(text),
    }))
}

/// The note of a step that was to start and of which nothing ever ran.
const NEVER_BEGAN: &str = "never began";

impl StepReport {
    /// Sereno or the step's runner was killed between the entry that a step starts and its start.
    pub fn never_began() -> Self {
        Self::bare(Outcome::Failed, Some(Text::new(NEVER_BEGAN, "nunca empezó")))
    }

    pub fn is_never_began(&self) -> bool {
        self.note.as_ref().is_some_and(|note| note.en == NEVER_BEGAN)
    }

    /// It never began, this often in a row: trying on would never end.
    pub fn given_up(times: u32) -> Self {
        let note = Text::new(
            format!("its runner ended {times} times before anything of the step ran"),
            format!("su ejecutor terminó {times} veces antes de que corriera nada del paso"),
        );
        Self::bare(Outcome::Failed, Some(note))
    }
}

/// What a person decided about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Run it again.
    Retry,
    /// Leave it out.
    Skip,
    /// It is done: by hand, or it was after all.
    Done,
    /// Take the runbook's own "if it fails" steps.
    IfFails,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every step that counts succeeded, and a verification of the runbook's own proved it.
    Verified,
    /// Every step that counts succeeded; the procedure holds no verification that ran.
    Done,
    Failed,
    Cancelled,
}

/// A journal entry that is not one of ours.
#[derive(Debug, thiserror::Error)]
#[error("journal entry of kind `{kind}` cannot be read")]
pub struct UnreadableEvent {
    pub kind: String,
    #[source]
    pub source: serde_json::Error,
}

impl Event {
    /// The event as the journal keeps it: its kind, and its data.
    pub fn into_entry(self) -> (String, serde_json::Value) {
        // An event is made of strings, numbers and lists of them: it always serialises.
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(mut object)) => {
                let kind = object.remove("kind").and_then(|kind| kind.as_str().map(str::to_owned));
                (kind.unwrap_or_default(), object.remove("data").unwrap_or_default())
            }
            _ => (String::new(), serde_json::Value::Null),
        }
    }

    /// Reads an event back from its entry.
    pub fn from_entry(kind: &str, data: &serde_json::Value) -> Result<Self, UnreadableEvent> {
        serde_json::from_value(serde_json::json!({ "kind": kind, "data": data }))
            .map_err(|source| UnreadableEvent { kind: kind.to_owned(), source })
    }
}
