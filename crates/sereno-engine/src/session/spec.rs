//! What one step runs, and how.

use super::files::StepFiles;
use super::result::SavedState;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// One step for the runner. Handed over in memory, but for the environment, which is the runner's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSpec {
    /// The step's own directory; created with mode 0700, used for one attempt only.
    pub dir: PathBuf,
    /// What the author wrote, to the letter.
    pub script: String,
    /// The state that the step before left; `None` for the first step of a session.
    pub state_in: Option<SavedState>,
    /// The file that it is in, and to which this step's own is added.
    pub states: PathBuf,
    /// Where the first step starts; later ones start where the state says.
    pub cwd: PathBuf,
    /// The first step's whole environment; later ones have theirs in the state. `BASH_ENV` in it is ignored.
    #[serde(skip)]
    pub env: Vec<(OsString, OsString)>,
    /// End the step after this long.
    pub timeout: Option<Duration>,
    /// An endless step: end it after this long, and that is fine.
    pub follow: Option<Duration>,
    pub stdin: Stdin,
    /// Nothing follows: bash ends by itself, the author's `EXIT` trap runs, and no state is left.
    pub is_last: bool,
    /// It has the terminal: only for `run_interactive`.
    pub interactive: bool,
    /// A file of secrets, written by `write_secrets`, whose values never reach the output.
    pub redact: Option<PathBuf>,
    /// The shell: `bash`, or the path of one.
    pub shell: PathBuf,
}

impl StepSpec {
    /// A step with nothing special about it. The state goes to the file `states` beside its directory.
    pub fn new(dir: impl Into<PathBuf>, script: impl Into<String>, cwd: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self {
            states: StepFiles::new(&dir).states(),
            dir,
            script: script.into(),
            state_in: None,
            cwd: cwd.into(),
            env: std::env::vars_os().collect(),
            timeout: None,
            follow: None,
            stdin: Stdin::Null,
            is_last: false,
            interactive: false,
            redact: None,
            shell: PathBuf::from("bash"),
        }
    }

    /// The same step going on from the state that another one left.
    #[must_use]
    pub fn after(self, state: SavedState) -> Self {
        Self { state_in: Some(state), ..self }
    }

    /// What ends a session: nothing to run but the author's `EXIT` trap. Needed only after a step whose result says
    /// `exit_trap`.
    pub fn closing(dir: impl Into<PathBuf>, state: SavedState) -> Self {
        Self { is_last: true, ..Self::new(dir, "", "/").after(state) }
    }
}

/// What a step reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stdin {
    #[default]
    Null,
    File(PathBuf),
}
