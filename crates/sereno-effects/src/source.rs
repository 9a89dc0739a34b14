//! A text beside its masked twin. Placeholders (`<pod-name>`) would parse as redirections, so the parser sees a twin of
//! the same length in which each one is a plain word; whatever is shown comes from the text as it was written.

use crate::placeholder::{self, Placeholder};
use std::cell::Cell;
use std::ops::{ControlFlow, Range};
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

/// Past this size a text is not a runbook's; it is called unclear as a whole.
const MAX_BYTES: usize = 8 * 1024 * 1024;

thread_local! {
    /// The parser of this thread while it is not in use: most texts are a line or two, and a new one costs as much as they do.
    static IDLE: Cell<Option<Parser>> = const { Cell::new(None) };
}

/// A shell text with its placeholders masked.
pub(crate) struct Source<'t> {
    pub(crate) text: &'t str,
    pub(crate) masked: String,
    pub(crate) holes: Vec<Range<usize>>,
}

impl<'t> Source<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let holes: Vec<Range<usize>> =
            placeholder::syntactic_placeholders(text).into_iter().map(|Placeholder { span, .. }| span).collect();
        let masked = mask(text, &holes);
        Self { text, masked, holes }
    }

    /// The text as written; empty for a span that is not one.
    pub(crate) fn slice(&self, span: Range<usize>) -> &'t str {
        self.text.get(span).unwrap_or_default()
    }

    pub(crate) fn masked_slice(&self, span: Range<usize>) -> &str {
        self.masked.get(span).unwrap_or_default()
    }

    /// The placeholder that begins exactly at `at`.
    pub(crate) fn hole_at(&self, at: usize) -> Option<&Range<usize>> {
        let index = self.holes.binary_search_by_key(&at, |hole| hole.start).ok()?;
        self.holes.get(index)
    }
}

/// Puts a neutral word of the same length over each span. Spans are whole characters, so the twin stays valid UTF-8.
pub(crate) fn mask(text: &str, holes: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for hole in holes {
        masked.push_str(text.get(at..hole.start).unwrap_or_default());
        masked.extend(std::iter::repeat_n('x', hole.len()));
        at = hole.end;
    }
    masked.push_str(text.get(at..).unwrap_or_default());
    masked
}

/// The syntax tree of a shell text; `None` when it is too large or when the parser would need more than a time linear
/// in its length (error recovery can go quadratic on hostile texts).
pub(crate) fn parse(text: &str) -> Option<Tree> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut parser = IDLE.take().or_else(new_parser)?;
    // The callback comes once in a hundred operations of the parser; a well-formed text needs fewer than ten a byte.
    let mut left = 2_000 + text.len() / 4;
    let mut watch = |_: &ParseState| {
        left = left.saturating_sub(1);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let bytes = text.as_bytes();
    let tree = parser.parse_with_options(
        &mut |offset, _| bytes.get(offset..).unwrap_or_default(),
        None,
        Some(ParseOptions::new().progress_callback(&mut watch)),
    );
    // One that was stopped would go on with the same text.
    if tree.is_some() {
        IDLE.set(Some(parser));
    }
    tree
}

fn new_parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    Some(parser)
}

/// Turns byte offsets into 1-based lines.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at).collect())
    }

    pub(crate) fn line(&self, at: usize) -> usize {
        self.0.partition_point(|newline| *newline < at) + 1
    }
}
