//! What the program's exit code means. The table in `docs/reference/exit-codes.md` says who acts on each.

use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done and verified.
    Done,
    /// It failed.
    Failed,
    /// The command line, a file or a setting is wrong.
    Usage,
    /// Sereno would not do it.
    Refused,
    /// It waits for a person.
    Waiting,
    /// A step began and nobody can tell how it ended.
    Unknown,
    /// A program that was run inside a component ended with this.
    Program(u8),
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
            Self::Program(_) => "program",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Waiting => 4,
            Self::Unknown => 5,
            Self::Program(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
