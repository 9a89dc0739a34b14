//! What the statements of a block say about the steps that are cut from it.

use crate::document::RawBlock;
use crate::model::{Block, Placeholder, Statement, StepKind};
use sereno_model::{BlockClass, Flag, Risk, Verb};
use std::ops::Range;

/// Where nobody has told statements apart (SQL, PromQL, a client's lines): paragraphs between blank lines and comments.
pub(super) fn paragraphs(block: &Block, raw: &RawBlock, spans: &[Range<usize>]) -> Vec<Statement> {
    let mark = match block.class {
        BlockClass::Manual => return Vec::new(),
        BlockClass::Sql => "--",
        _ => "#",
    };
    let mut statements: Vec<Statement> = Vec::new();
    let mut open = false;
    for (at, span) in spans.iter().enumerate() {
        let text = block.text.get(span.clone()).unwrap_or_default();
        if text.trim().is_empty() || text.trim_start().starts_with(mark) {
            open = false;
        } else if let (true, Some(last)) = (open, statements.last_mut()) {
            last.text.push('\n');
            last.text.push_str(text);
        } else {
            open = true;
            let line = raw.first_line + at;
            statements.push(Statement { line, text: text.to_owned(), risk: block.risk, ..Statement::default() });
        }
    }
    statements
}

pub(super) fn kind(class: BlockClass, foreign: Option<&str>) -> StepKind {
    match (foreign, class) {
        (Some("config" | "env" | "output"), _) | (None, BlockClass::Manual | BlockClass::Config) => StepKind::Manual,
        (Some("promql"), _) | (None, BlockClass::Promql) => StepKind::Promql,
        (Some("sql"), _) | (None, BlockClass::Sql) => StepKind::Sql,
        (Some("repl"), _) | (None, BlockClass::Repl) => StepKind::Repl,
        (Some(_), _) | (None, BlockClass::Shell) => StepKind::Shell,
        (None, _) => StepKind::Manual,
    }
}

pub(super) fn foreign_class(foreign: &str) -> BlockClass {
    match foreign {
        "config" | "env" => BlockClass::Config,
        "promql" => BlockClass::Promql,
        "sql" => BlockClass::Sql,
        "repl" => BlockClass::Repl,
        "output" => BlockClass::Output,
        _ => BlockClass::Shell,
    }
}

/// The placeholders that a step's lines hold, by name.
pub(super) fn needs(placeholders: &[Placeholder], text: &str, first: usize, last: usize) -> Vec<String> {
    /// With more than this, only their own lines count: no person's block has as many, and the search stays linear.
    const MANY: usize = 100;
    let mut names: Vec<String> = Vec::new();
    for placeholder in placeholders {
        let again = placeholders.len() <= MANY && text.contains(&placeholder.text);
        let here = again || (first..=last).contains(&placeholder.line);
        if here && !names.contains(&placeholder.name) {
            names.push(placeholder.name.clone());
        }
    }
    names
}

/// It touches nothing: assignments, `set`, `echo`.
pub(super) fn is_trivial(statement: &Statement) -> bool {
    let waits = statement.flags.iter().any(|flag| matches!(flag, Flag::Interactive | Flag::Endless));
    let harmless = statement.risk.is_none_or(|risk| risk == Risk::Observe);
    let quiet = statement.effects.iter().all(|effect| effect.verb == Verb::Nothing);
    harmless && quiet && !waits && statement.foreign.is_none() && sets_or_prints(&statement.text)
}

fn sets_or_prints(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    matches!(first, "set" | "export" | "echo" | "printf" | "local" | "declare" | "readonly" | "shopt" | "cd" | ":")
        || first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

/// Background jobs and traps live in one shell; steps cut between them would not find them.
pub(super) fn has_job_control(text: &str) -> bool {
    let text = text.trim();
    let first = text.split_whitespace().next().unwrap_or_default();
    let redirects_itself = first == "exec" && text.contains(['>', '<']);
    (text.ends_with('&') && !text.ends_with("&&"))
        || redirects_itself
        || matches!(first, "wait" | "trap" | "coproc" | "fg" | "bg")
}
