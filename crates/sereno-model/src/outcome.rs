//! How a step ended.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The outcome of a step. It is known, or it is `Unknown` and a person decides; it is never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It ran and did what was asked (exit code 0, or a person marked it done).
    Succeeded,
    /// It ran and said that it failed.
    Failed,
    /// It began and nobody can tell how it ended.
    Unknown,
    /// A person, or the author's own `exit`, left it out.
    Skipped,
    /// Sereno would not run it.
    Refused,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
