//! What is wrong with a text, as data: rendered for a terminal, for HTML and for JSON by others.

use crate::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Will hurt some night.
    Warning,
    /// Cannot work, or loses data.
    Error,
}

/// One finding about a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostic {
    /// Stable and kebab-case, such as `swallowed-failure`; the reference explains each one.
    pub code: String,
    pub severity: Severity,
    /// The bytes meant, in the text as it was read (after any repair of its encoding).
    pub span: Range<usize>,
    /// 1-based line of the start of `span`.
    pub line: usize,
    /// 1-based column of the start of `span`, counted in characters.
    pub column: usize,
    /// What is wrong, and why it matters.
    pub message: Text,
    /// How to mend it.
    pub help: Option<Text>,
}
