//! What the program's exit code means. The table in `docs/reference/exit-codes.md` says who acts on each.

use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done and verified.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line, a file or a setting is wrong.
    Usage = 2,
    /// Sereno would not do it.
    Refused = 3,
    /// It waits for a person.
    Waiting = 4,
    /// A step began and nobody can tell how it ended.
    Unknown = 5,
}

impl Exit {
    /// Its name for machines: what `code` says in an error as JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
