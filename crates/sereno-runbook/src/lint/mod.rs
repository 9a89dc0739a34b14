//! `sereno check`: what an experienced reviewer would say about a runbook, before the night it is needed.
//!
//! A lint is one entry of the registry: a code, a severity, why it matters, an example of each kind, and a function
//! from the runbook, seen as a reviewer sees it, to findings. Nothing here reads files or the clock; what a lint must know of the world
//! comes with [`LintContext`]. Findings that the author has answered with `sereno: allow CODE` are left out.

mod allow;
mod reference;
mod registry;
pub mod render;
mod rules;
mod view;

pub use reference::render_reference;
pub use registry::{Example, Lint, Words, lints};

use crate::model::Runbook;
use registry::Found;
use sereno_effects::Knowledge;
use sereno_model::{Diagnostic, Severity, Text};
use std::collections::BTreeMap;

/// What the lints may know beyond the text.
pub struct LintContext<'a> {
    pub today: jiff::civil::Date,
    /// Whether a path exists beside the runbook; `None` when nobody can tell.
    pub project_files: Option<&'a dyn Fn(&str) -> bool>,
    /// When each procedure was last drilled, by its id; `None` when nobody keeps that record.
    pub drilled: Option<&'a BTreeMap<String, jiff::civil::Date>>,
    pub knowledge: &'a Knowledge,
}

/// Beyond these a file is no runbook, and lints that compare commands with one another would take too long.
const MOST_COMMANDS: usize = 20_000;
const MOST_LINES: usize = 200_000;

/// All findings of a runbook, in the order of its text.
pub fn check(runbook: &Runbook, context: &LintContext<'_>) -> Vec<Diagnostic> {
    let inline = view::inline_blocks(runbook);
    let ctx = view::Ctx::new(runbook, &inline, context);
    if ctx.commands.len() > MOST_COMMANDS || ctx.lines.len() > MOST_LINES {
        return vec![too_large(&ctx)];
    }
    let mut out: Vec<Diagnostic> = Vec::new();
    for lint in lints() {
        let mut found = Found::new(&ctx, lint);
        (lint.check)(&ctx, &mut found);
        out.append(&mut found.into_diagnostics());
    }
    allow::retain(&ctx, &mut out);
    out.sort_by(|a, b| (a.span.start, a.span.end, &a.code).cmp(&(b.span.start, b.span.end, &b.code)));
    out.dedup_by(|a, b| a.code == b.code && a.span == b.span);
    out
}

fn too_large(ctx: &view::Ctx<'_>) -> Diagnostic {
    let end = ctx.lines.first().map_or(0, |line| line.span.end);
    Diagnostic {
        code: "too-large-to-check".to_owned(),
        severity: Severity::Warning,
        span: 0..end,
        line: 1,
        column: 1,
        message: Text::new(
            "this file is far larger than a runbook, and was not checked",
            "este archivo es mucho más grande que un runbook, y no se revisó",
        ),
        help: Some(Text::new("Split it, one file for each system.", "Divídalo, un archivo por sistema.")),
    }
}
