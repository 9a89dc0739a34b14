//! Findings that the author has answered: `<!-- sereno: allow CODE reason -->` on the line before, or
//! `# sereno: allow CODE` in the block. Before a block, it answers for the whole block.

use super::view::Ctx;
use sereno_model::Diagnostic;
use std::collections::HashMap;

pub(super) fn retain(ctx: &Ctx<'_>, findings: &mut Vec<Diagnostic>) {
    let mut lines: HashMap<usize, Vec<String>> = HashMap::new();
    let mut blocks: HashMap<usize, Vec<String>> = HashMap::new();
    for (index, line) in ctx.lines.iter().enumerate() {
        let Some(code) = allowed(&ctx.book.source[line.span.clone()]) else {
            continue;
        };
        if let Some(block) = line.block {
            blocks.entry(block).or_default().push(code.to_owned());
            continue;
        }
        lines.entry(line.number + 1).or_default().push(code.to_owned());
        lines.entry(line.number).or_default().push(code.to_owned());
        let next = ctx.lines[index + 1..].iter().find(|l| !l.plain.trim().is_empty());
        if let Some(block) = next.and_then(|l| l.block) {
            blocks.entry(block).or_default().push(code.to_owned());
        }
    }
    if lines.is_empty() && blocks.is_empty() {
        return;
    }
    findings.retain(|finding| {
        let says = |codes: &Vec<String>| codes.contains(&finding.code);
        let block = ctx.lines.get(finding.line.saturating_sub(1)).and_then(|line| line.block);
        !lines.get(&finding.line).is_some_and(says) && !block.and_then(|b| blocks.get(&b)).is_some_and(says)
    });
}

/// The code that a line allows.
fn allowed(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("sereno:")?;
    rest.trim_start().strip_prefix("allow")?.split_whitespace().next()
}
