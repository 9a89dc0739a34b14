//! Markdown cut into what a runbook is made of: headings, lines of prose, list items, tables, comments, blocks of code.
//!
//! Cutting follows CommonMark, with the mends that real files need (see [`mend`]). It keeps where everything stands and
//! does not judge what anything means: roles, procedures and facts are found by others.

mod cutter;
mod html;
mod info;
mod labels;
mod line;
mod mend;
mod notes;
mod replace;

pub use line::{Link, TextLine};

use crate::text::Lines;
use notes::Note;
use sereno_model::Diagnostic;
use std::ops::Range;

/// More than any runbook; what lies beyond is not read, and a diagnostic says so.
pub const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;

/// A Markdown text, cut. Spans are bytes of `source`; lines are 1-based.
#[derive(Debug, Default)]
pub struct Document {
    /// The text, with LF line ends.
    pub source: String,
    pub lines: Lines,
    /// `key: value` pairs of the front matter, with their lines.
    pub front_matter: Vec<(String, String, usize)>,
    /// Everything, in the order of the text.
    pub elements: Vec<Element>,
    pub headings: Vec<Heading>,
    /// Label lines outside of lists (`**Diagnóstico:**`), in order.
    pub labels: Vec<Label>,
    pub items: Vec<Item>,
    pub blocks: Vec<RawBlock>,
}

#[derive(Debug)]
pub struct Element {
    pub kind: ElementKind,
    pub line: usize,
    pub end_line: usize,
    pub span: Range<usize>,
    /// The innermost list item that it stands in: an index in [`Document::items`].
    pub item: Option<usize>,
    /// The last heading above it: an index in [`Document::headings`].
    pub heading: Option<usize>,
}

#[derive(Debug)]
pub enum ElementKind {
    /// An index in [`Document::headings`].
    Heading(usize),
    /// A paragraph, or the text of a list item. One entry for each line of the source.
    Text(Vec<TextLine>),
    /// The beginning of a list item: an index in [`Document::items`].
    Item(usize),
    Table(Table),
    /// An index in [`Document::blocks`].
    Block(usize),
    /// The inside of an HTML comment.
    Comment(String),
    Rule,
}

#[derive(Debug)]
pub struct Heading {
    pub level: u8,
    pub text: TextLine,
    /// The heading above it in the hierarchy: an index in [`Document::headings`].
    pub parent: Option<usize>,
    /// The last line that belongs to it, its subheadings included.
    pub end_line: usize,
}

/// A line that acts as a heading: `**Diagnóstico:**`, `**Síntomas:** Nginx devuelve 502`, `Esperado:`.
#[derive(Debug)]
pub struct Label {
    /// Without markup and without the colon.
    pub title: String,
    /// What stands after the colon on the same line.
    pub value: Option<String>,
    pub line: usize,
    /// The element that it stands in: an index in [`Document::elements`].
    pub element: usize,
    pub heading: Option<usize>,
    /// Written in bold; a plain line that ends in a colon is a weaker sign.
    pub strong: bool,
}

#[derive(Debug)]
pub struct Item {
    pub line: usize,
    pub end_line: usize,
    /// The item that it is nested in.
    pub parent: Option<usize>,
    /// `Some(3)` in a numbered list; CommonMark counts from the first item's number.
    pub number: Option<u64>,
    /// `- [ ]` or `- [x]`.
    pub checked: Option<bool>,
    /// The lines of its own first paragraph.
    pub text: Vec<TextLine>,
    /// The list it belongs to; items of one list share the number.
    pub list: usize,
    pub heading: Option<usize>,
}

impl Item {
    /// Its text on one line.
    pub fn title(&self) -> String {
        line::joined(&self.text)
    }
}

#[derive(Debug)]
pub struct Table {
    pub header: Vec<TextLine>,
    pub rows: Vec<Vec<TextLine>>,
}

/// A fenced or indented block, before anybody says what it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawBlock {
    /// 1-based line of the opening fence; of an indented block, its first line.
    pub line: usize,
    /// The line of the closing fence, or the block's last line.
    pub end_line: usize,
    /// The whole info string.
    pub info: String,
    /// Its first word, as written.
    pub lang: Option<String>,
    /// Without fence and without the indentation of a list item; LF line ends.
    pub text: String,
    /// The bytes of the block in the source, fences included.
    pub span: Range<usize>,
    /// For each line of `text`, its byte offset in the source.
    pub line_offsets: Vec<usize>,
    pub fenced: bool,
    /// The 1-based line of the first line of `text`.
    pub first_line: usize,
    /// The last heading above it: an index in [`Document::headings`].
    pub heading: Option<usize>,
    /// The titles of the headings that it stands under, outermost first.
    pub trail: Vec<String>,
    /// The nearest label line above it under the same heading, without markup and colon.
    pub label: Option<String>,
    /// The paragraph or item text directly above it (nothing but blank lines between).
    pub before: Option<String>,
    /// The paragraph directly below it.
    pub after: Option<String>,
    /// What the paragraphs directly above and below say to replace, as it stands in backticks.
    pub replace: Vec<String>,
    /// The block directly above it, with no prose between: an index in [`Document::blocks`].
    pub previous: Option<usize>,
    /// The list item that it stands in or, for an unindented block, that it directly follows.
    pub item: Option<usize>,
    /// That item's text on one line.
    pub item_title: Option<String>,
}

impl Document {
    /// The 1-based line of the source on which the byte at `offset` of the block's text stands.
    pub fn line_in_block(&self, block: &RawBlock, offset: usize) -> usize {
        let before = block.text.get(..offset).unwrap_or(&block.text);
        block.first_line + before.bytes().filter(|b| *b == b'\n').count()
    }
}

/// Cuts a text with LF line ends.
pub fn cut(source: String, diagnostics: &mut Vec<Diagnostic>) -> Document {
    let mut notes = Vec::new();
    let mended = mend::mend(&source, &mut notes);
    let mut document = cutter::cut(&source, &mended, &mut notes);
    document.front_matter = mended.front_matter;
    document.source = source;
    labels::find(&mut document);
    labels::surround(&mut document);
    notes::report(notes, &document, diagnostics);
    document
}
