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

    /// Locked by the runner as long as it works for the step; the kernel releases it however the runner ends.
    pub fn lock(&self) -> PathBuf {
        self.dir.join(LOCK)
    }

    /// What to run; see `StepSpec`.
    pub fn spec(&self) -> PathBuf {
        self.dir.join("spec.json")
    }

    /// Who the runner is. Written before bash starts: without it, nothing of the step ever ran.
    pub fn runner(&self) -> PathBuf {
        self.dir.join("runner.json")
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

    /// Where a step's shell state is kept unless the caller wants it elsewhere.
    pub fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    /// What bash reads and writes for its own state. A directory apart, because those who follow the step are woken by
    /// each write in the step's own.
    pub(super) fn shell(&self) -> PathBuf {
        self.dir.join("shell")
    }

    pub(super) fn raw_state(&self) -> PathBuf {
        self.shell().join("state")
    }

    pub(super) fn prologue(&self) -> PathBuf {
        self.shell().join("prologue")
    }

    pub(super) fn epilogue(&self) -> PathBuf {
        self.shell().join("epilogue")
    }

    /// What bash said while the state was being restored; empty when all went well.
    pub(super) fn restore_log(&self) -> PathBuf {
        self.shell().join("restore.log")
    }

    /// A script too long for an argument.
    pub(super) fn script(&self) -> PathBuf {
        self.shell().join("script")
    }
}

pub(super) const LOCK: &str = "lock";
pub(super) const RESULT: &str = "result.json";
pub(super) const CANCEL: &str = "cancel";
