//! Facts that stand in the prose, the lists and the tables of a runbook, each with its exact line.
//!
//! Nothing is inferred here beyond what a careful reader would put into the same words.

pub(crate) mod channel;
pub(crate) mod checklist;
pub(crate) mod contact;
pub(crate) mod decision;
pub(crate) mod duration;
pub(crate) mod endpoint;
pub(crate) mod escalation;
pub(crate) mod schedule;
pub(crate) mod threshold;

use crate::document::{Document, ElementKind, Item, Table, TextLine};
use crate::model::{Block, Role};
use crate::structure::Outline;
use crate::text::fold;

/// A longer line was not written by a person; looking at it from all sides would take more than linear time.
const MAX_LINE: usize = 4000;

/// What facts are read from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) document: &'a Document,
    pub(crate) outline: &'a Outline,
    pub(crate) blocks: &'a [Block],
}

/// One line of prose and where it stands.
pub(crate) struct Place<'a> {
    pub(crate) line: &'a TextLine,
    pub(crate) item: Option<&'a Item>,
    pub(crate) is_heading: bool,
    /// The innermost section: an index in the outline.
    pub(crate) section: Option<usize>,
}

impl<'a> Source<'a> {
    /// Headings, paragraphs and items, line by line; tables and blocks are left out.
    pub(crate) fn places(self) -> impl Iterator<Item = Place<'a>> {
        let Self { document, outline, .. } = self;
        document.elements.iter().flat_map(move |element| {
            let (lines, is_heading): (&[TextLine], bool) = match &element.kind {
                ElementKind::Heading(index) => {
                    (document.headings.get(*index).map_or(&[], |heading| std::slice::from_ref(&heading.text)), true)
                }
                ElementKind::Text(lines) => (lines, false),
                _ => (&[], false),
            };
            let item = element.item.and_then(|index| document.items.get(index));
            lines.iter().filter(|line| line.plain.len() <= MAX_LINE).map(move |line| Place {
                line,
                item,
                is_heading,
                section: outline.at(line.line),
            })
        })
    }

    pub(crate) fn tables(self) -> impl Iterator<Item = (&'a Table, Option<usize>)> {
        self.document.elements.iter().filter_map(move |element| match &element.kind {
            ElementKind::Table(table) => Some((table, self.outline.at(element.line))),
            _ => None,
        })
    }

    /// The comments of blocks (`# Si …`), without their marks, with their lines and the block's section.
    pub(crate) fn comments(self) -> impl Iterator<Item = (&'a str, usize, Option<usize>)> {
        self.document.blocks.iter().flat_map(move |raw| {
            let section = self.outline.at(raw.line);
            raw.text.lines().enumerate().filter_map(move |(at, line)| {
                let words = line
                    .trim_start()
                    .strip_prefix('#')
                    .filter(|rest| !rest.starts_with('!') && rest.len() <= MAX_LINE)?;
                Some((words.trim_start_matches('#').trim(), raw.first_line + at, section))
            })
        })
    }

    pub(crate) fn role(self, section: Option<usize>) -> Role {
        section.map_or(Role::Other, |section| self.outline.role(section))
    }

    /// The folded titles of a section and of those around it, innermost first; the document's own title is left out.
    pub(crate) fn titles(self, section: Option<usize>) -> impl Iterator<Item = &'a str> {
        let Self { outline, .. } = self;
        section
            .into_iter()
            .flat_map(move |section| outline.upwards(section))
            .filter(move |index| outline.sections.get(*index).is_some_and(|section| section.level > 1))
            .filter_map(move |index| outline.folded.get(index))
            .map(String::as_str)
    }
}

/// Whether the author has left it to be filled in: `[COMPLETAR]`, `<name>`, `TBD`, `+1-XXX-XXX-XXXX`, `x@example.com`.
pub(crate) fn is_unfilled(text: &str) -> bool {
    is_blank_form(text) || text.to_uppercase().contains("XXX") || text.contains("@example.")
}

/// A mark that stands in place of any value.
pub(crate) fn is_blank_form(text: &str) -> bool {
    let text = text.trim();
    let bracketed = (text.starts_with('[') && text.ends_with(']') && text.len() > 2)
        || (text.starts_with('<') && text.ends_with('>') && !text.contains('@'))
        || (text.starts_with("{{") && text.ends_with("}}"));
    let folded = fold(text);
    bracketed
        || matches!(
            folded.as_str(),
            "tbd"
                | "tbc"
                | "n/a"
                | "por confirmar"
                | "a confirmar"
                | "todo"
                | "pendiente"
                | "por definir"
                | "a definir"
                | "por completar"
                | "completar"
                | "???"
                | "___"
        )
        || (text.len() >= 3 && text.chars().all(|c| c == '_'))
}

/// A mail address inside of a word: `support@aws.amazon.com`.
pub(crate) fn mail_addresses(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || "<>()[],;\"'`|".contains(c))
        .map(|word| word.trim_start_matches("mailto:").trim_end_matches(['.', ':']))
        .filter(|word| {
            word.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty()
                    && !name.contains('/')
                    && !name.contains(':')
                    && host.contains('.')
                    && !host.contains(['/', '@', ':'])
            })
        })
        .map(str::to_owned)
        .collect()
}
