//! How a step ended.

use super::processes::Process;
use serde::{Deserialize, Serialize};
use sereno_model::{Digest, Outcome, Text};

/// What following a step comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Finished(Box<StepResult>),
    Lost(Lost),
}

/// The runner is gone and left no result: it was killed, or the machine went down. Nobody can tell how the step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Bash may have run. When false, nothing of the step ever ran.
    pub began: bool,
    /// Processes of the step that are still alive.
    pub survivors: Vec<Process>,
}

impl Lost {
    /// `Unknown`; a step that never began did nothing, which is known, but it is the caller's to start it again.
    pub fn outcome(&self) -> Outcome {
        Outcome::Unknown
    }
}

/// The runner's word about a step, as it stands in `result.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    pub end: End,
    /// It took longer than its timeout and was ended.
    pub timed_out: bool,
    /// Someone asked for its end.
    pub cancelled: bool,
    /// It had a person's terminal, which went away, or the Sereno that lent it did.
    #[serde(default)]
    pub hung_up: bool,
    /// It was endless, was followed for its time, and was ended as intended.
    pub followed: bool,
    /// It ran to the end of its text. Otherwise it left early: the author's `exit`, `set -e`, a syntax error, a signal.
    /// Not known (`None`) of a last step, which ends as bash ends.
    pub completed: Option<bool>,
    /// The state for the next step, when it was saved.
    pub state: Option<SavedState>,
    /// Why the state could not be saved although the step ran to its end.
    pub state_error: Option<Text>,
    /// What bash said when the state was restored, if it said anything.
    pub restore_notes: Option<String>,
    pub duration_ms: u64,
    /// Bytes that the step wrote, after redaction.
    pub output_bytes: u64,
    /// Of those, bytes of the middle that were not kept because there were too many.
    pub dropped_bytes: u64,
    /// Why output is missing (a full disk).
    pub output_error: Option<String>,
    /// Processes that the step left running in the background.
    pub background: Vec<Process>,
    /// Processes that would not die when the step was ended (stuck in the kernel).
    pub survivors: Vec<Process>,
}

/// How bash itself ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Exited(i32),
    Signaled(i32),
    /// Bash never started; nothing was run.
    NotStarted(Text),
}

/// A state that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedState {
    /// Where it begins in the file of states.
    pub offset: u64,
    pub length: u64,
    /// Of its bytes: what was damaged since is not restored.
    pub digest: Digest,
    /// The author has an `EXIT` trap that is still to run.
    pub exit_trap: bool,
    /// Where the shell is.
    pub cwd: String,
}

impl StepResult {
    pub(super) fn not_started(why: Text) -> Self {
        Self {
            end: End::NotStarted(why),
            timed_out: false,
            cancelled: false,
            hung_up: false,
            followed: false,
            completed: Some(false),
            state: None,
            state_error: None,
            restore_notes: None,
            duration_ms: 0,
            output_bytes: 0,
            dropped_bytes: 0,
            output_error: None,
            background: Vec::new(),
            survivors: Vec::new(),
        }
    }

    /// Succeeded when it exited 0, or was an endless one and was followed; otherwise failed.
    pub fn outcome(&self) -> Outcome {
        let ended_well = self.end == End::Exited(0) && !self.timed_out && !self.cancelled && !self.hung_up;
        if self.followed || ended_well { Outcome::Succeeded } else { Outcome::Failed }
    }

    /// As a shell says it: the exit code, or 128 and the signal.
    pub fn exit_code(&self) -> Option<i32> {
        match self.end {
            End::Exited(code) => Some(code),
            End::Signaled(signal) => Some(128 + signal),
            End::NotStarted(_) => None,
        }
    }
}
