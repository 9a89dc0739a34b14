//! The SQL of a runbook, wherever it stands: in blocks of its own, after `psql -c`, in here-documents, in a console.

use super::{BlockView, Cmd, inside_quotes};
use sereno_model::BlockClass;
use std::ops::Range;

/// A stretch of SQL.
pub(crate) struct Query {
    pub(crate) block: usize,
    /// In the block's text.
    pub(crate) span: Range<usize>,
    pub(crate) text: String,
    /// The command that carries it (index in `Ctx::commands`).
    pub(crate) command: Option<usize>,
}

const CLIENTS: [&str; 5] = ["psql", "mysql", "mariadb", "sqlite3", "cockroach"];

pub(super) fn queries(blocks: &[BlockView<'_>], commands: &[Cmd]) -> Vec<Query> {
    let mut out = Vec::new();
    for (index, view) in blocks.iter().enumerate() {
        if matches!(view.block.class, BlockClass::Sql | BlockClass::Repl) {
            out.push(whole(index, &view.block.text));
            continue;
        }
        let Some(own) = commands.get(view.commands.clone()) else {
            continue;
        };
        for (offset, command) in own.iter().enumerate() {
            if CLIENTS.contains(&command.name()) {
                let carrier = Some(view.commands.start + offset);
                carried(command, carrier, view, &mut out);
            }
        }
    }
    out
}

fn whole(block: usize, text: &str) -> Query {
    Query { block, span: 0..text.len(), text: without_comments(text), command: None }
}

fn carried(command: &Cmd, carrier: Option<usize>, view: &BlockView<'_>, out: &mut Vec<Query>) {
    let mut spans = Vec::new();
    for (at, word) in command.words.iter().enumerate() {
        if matches!(word.value.as_str(), "-c" | "--command" | "-e" | "--execute") {
            spans.extend(command.words.get(at + 1).map(inside_quotes));
        } else if let Some(rest) = word.raw.strip_prefix("-c").filter(|rest| rest.starts_with(['"', '\''])) {
            spans.push(word.span.end - rest.len() + 1..word.span.end.saturating_sub(1));
        }
    }
    spans.extend(command.heredoc.clone());
    for span in spans {
        if let Some(text) = view.text().get(span.clone()) {
            out.push(Query { block: command.block, text: without_comments(text), span, command: carrier });
        }
    }
}

/// Comments blanked out, so that places stay.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.find("--") {
            Some(at) => {
                out.push_str(&line[..at]);
                out.extend(line[at..].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
            }
            None => out.push_str(line),
        }
    }
    out
}
