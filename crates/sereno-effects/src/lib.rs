//! A shell or SQL text in, effects and risk out. Pure: no I/O. Knowledge of commands lives in data files
//! (`knowledge/*.toml`) that a team can extend. When in doubt, `Unclear`; a destructive command is never `Observe`.

pub mod analysis;
mod analyzer;
mod client;
mod code;
mod command;
mod executed;
mod handlers;
mod heredoc;
mod hidden;
mod invocation;
mod knowledge;
mod names;
mod pattern;
mod placeholder;
mod programs;
mod prompt;
mod redirect;
mod rules;
mod salvage;
mod scope;
mod source;
mod sql;
mod stream;
mod template;
pub mod values;
mod walk;
mod word;
mod wording;

pub use analysis::{
    Analysis, Arg, Command, Executed, ExecutedKind, Interactive, Opens, Prompt, Statement, VariableUse,
};
pub use client::analyze_client;
pub use knowledge::{Knowledge, KnowledgeError};
pub use placeholder::{Placeholder, syntactic_placeholders};
pub use sql::{SqlAnalysis, SqlStatement, analyze_sql};
pub use values::{FillError, check_variables, fill, fill_sql};

/// What a shell text does, statement by statement. Never fails: what cannot be read is `Unclear`.
pub fn analyze_shell(text: &str, knowledge: &Knowledge) -> Analysis {
    analyzer::analyze(text, knowledge)
}
