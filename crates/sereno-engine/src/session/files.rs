//! What is in a step's directory.

use std::path::{Path, PathBuf};

/// The environment variable that every process of a step carries, so that one that ran away can be found. Its value is
/// the step's directory. It is the only trace of Sereno that a script can see.
pub const STEP_MARKER: &str = "SERENO_STEP";

/// The files of one step, by what they are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFiles {
    dir: PathBuf,
}

impl StepFiles {
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Who the runner is, written before bash starts: while it is empty, nothing of the step ever ran. Locked by the runner
    /// as long as it works for the step; the kernel releases it however the runner ends.
    pub fn runner(&self) -> PathBuf {
        self.dir.join(RUNNER)
    }

    /// The output, framed; see `frames`.
    pub fn output(&self) -> PathBuf {
        self.dir.join("output")
    }

    /// What processes left in the background said after the step's end, framed.
    pub fn background(&self) -> PathBuf {
        self.dir.join("background")
    }

    /// How it ended; see `StepResult`.
    pub fn result(&self) -> PathBuf {
        self.dir.join(RESULT)
    }

    /// Whoever creates it asks for the end of the step.
    pub fn cancel(&self) -> PathBuf {
        self.dir.join(CANCEL)
    }

    /// Why nobody can tell how the step ended, whatever its exit code is; see `Doubt`.
    pub fn doubt(&self) -> PathBuf {
        self.dir.join("doubt.json")
    }

    /// Where the shell states of a session's steps are kept, one after the other, unless the caller wants them elsewhere.
    /// One file for all: each file more that is made and removed costs more than the writing.
    pub fn states(&self) -> PathBuf {
        self.dir.with_file_name("states")
    }

    /// The state as bash writes it, where it cannot be written to memory.
    pub(super) fn raw_state(&self) -> PathBuf {
        self.beside("raw")
    }

    /// A script too long for an argument.
    pub(super) fn script(&self) -> PathBuf {
        self.beside("script")
    }

    /// The result while it is written.
    pub(super) fn new_result(&self) -> PathBuf {
        self.beside("result")
    }

    /// What bash reads at the end of each step; the same for all steps of a run.
    pub(super) fn epilogue(&self) -> PathBuf {
        self.dir.with_file_name("epilogue")
    }

    /// Beside the directory and not in it: those who follow the step are woken by each write in the step's own.
    fn beside(&self, what: &str) -> PathBuf {
        let mut name = self.dir.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(what);
        self.dir.with_file_name(name)
    }
}

pub(super) const RUNNER: &str = "runner.json";
pub(super) const RESULT: &str = "result.json";
pub(super) const CANCEL: &str = "cancel";
