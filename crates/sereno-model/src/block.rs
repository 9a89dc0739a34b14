//! What a fenced or indented block of a runbook is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a block is, whatever its tag says. Every block has exactly one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BlockClass {
    /// Commands to type, with or without a prompt.
    Shell,
    /// Lines typed into a client that was opened before (redis-cli, psql, a console).
    Repl,
    /// SQL without a client prompt.
    Sql,
    /// PromQL without a client prompt.
    Promql,
    /// Contents of a file, or settings.
    Config,
    /// Sample output, responses, log lines.
    Output,
    /// Only comments or prose: a person's step.
    Manual,
    /// ASCII art, Mermaid, trees.
    Diagram,
    /// Other languages, templates, search queries, chat commands, request bodies.
    Other,
}

/// A property of a block that decides whether and how it can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Something must be replaced or set by the reader.
    NeedsValues,
    /// Waits for a person.
    Interactive,
    /// Does not end by itself.
    Endless,
    /// Later lines are not for the shell that the block starts in.
    Nested,
    /// Sample output stands between the commands.
    HasOutput,
    /// Client lines stand inside a shell block.
    HasRepl,
    /// Needs the variables, directory, pod or console of an earlier block.
    Continues,
}

impl BlockClass {
    pub const ALL: [Self; 9] = [
        Self::Shell,
        Self::Repl,
        Self::Sql,
        Self::Promql,
        Self::Config,
        Self::Output,
        Self::Manual,
        Self::Diagram,
        Self::Other,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Repl => "repl",
            Self::Sql => "sql",
            Self::Promql => "promql",
            Self::Config => "config",
            Self::Output => "output",
            Self::Manual => "manual",
            Self::Diagram => "diagram",
            Self::Other => "other",
        }
    }
}

impl Flag {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeedsValues => "needs_values",
            Self::Interactive => "interactive",
            Self::Endless => "endless",
            Self::Nested => "nested",
            Self::HasOutput => "has_output",
            Self::HasRepl => "has_repl",
            Self::Continues => "continues",
        }
    }
}

impl fmt::Display for BlockClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
