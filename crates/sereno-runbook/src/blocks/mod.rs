//! What each block is.

use crate::document::{Document, RawBlock};
use crate::model::Block;
use sereno_model::{BlockClass, Diagnostic};

/// Gives every block its class, flags and risk. One [`Block`] for each [`RawBlock`], in order; `section` is left for
/// the caller.
pub fn classify(raws: &[RawBlock], _document: &Document) -> (Vec<Block>, Vec<Diagnostic>) {
    let blocks = raws
        .iter()
        .map(|raw| Block {
            line: raw.line,
            end_line: raw.end_line,
            lang: raw.lang.clone(),
            class: BlockClass::Other,
            flags: Vec::new(),
            placeholders: Vec::new(),
            risk: None,
            effects: Vec::new(),
            statements: Vec::new(),
            section: None,
            text: raw.text.clone(),
            span: raw.span.clone(),
            line_offsets: raw.line_offsets.clone(),
        })
        .collect();
    (blocks, Vec::new())
}
