//! Lines that act as headings, and what stands around each block.

use super::line::joined;
use super::replace;
use super::{Document, ElementKind, Item, Label, TextLine};
use crate::text::capped;

/// A label is a few words; a longer line that ends in a colon is a sentence.
/// Copied to every block of an item: longer than this, only its beginning is.
const MAX_TITLE: usize = 300;
const MAX_LABEL_CHARS: usize = 90;

/// Finds the label lines outside of lists and tables.
pub(super) fn find(document: &mut Document) {
    let mut labels = Vec::new();
    for (index, element) in document.elements.iter().enumerate() {
        let ElementKind::Text(lines) = &element.kind else {
            continue;
        };
        if element.item.is_some() {
            continue;
        }
        for (position, line) in lines.iter().enumerate() {
            let last = position + 1 == lines.len();
            if let Some((title, value, strong)) = label_of(line, last) {
                let value = (!value.is_empty()).then(|| value.to_owned());
                labels.push(Label {
                    title: title.to_owned(),
                    value,
                    line: line.line,
                    element: index,
                    heading: element.heading,
                    strong,
                });
            }
        }
    }
    document.labels = labels;
}

fn label_of(line: &TextLine, last: bool) -> Option<(&str, &str, bool)> {
    if let Some((title, value)) = line.bold_label() {
        return (title.len() <= 4 * MAX_LABEL_CHARS && title.chars().count() <= MAX_LABEL_CHARS)
            .then_some((title, value, true));
    }
    // Bold and alone, without a colon: `**Rollback**`.
    if line.is_strong() {
        return Some((line.plain.trim(), "", true));
    }
    let plain = line.plain.trim();
    // `Impacto: nadie puede pagar`, in plain words: what it heads is judged by those who know the words.
    if let Some((title, value)) = plain.split_once(": ").filter(|(title, _)| title.split_whitespace().count() <= 6) {
        return (line.strong.is_empty() && line.code.is_empty() || !title.contains('`'))
            .then(|| (title.trim(), value.trim(), false))
            .filter(|(title, ..)| title.chars().count() <= MAX_LABEL_CHARS);
    }
    let title = plain.strip_suffix(':')?.trim_end();
    (last && title.chars().count() <= MAX_LABEL_CHARS).then_some((title, "", false))
}

/// Fills in what stands around each block.
pub(super) fn surround(document: &mut Document) {
    let mut before: Option<String> = None;
    let mut replace: Vec<String> = Vec::new();
    let mut previous: Option<usize> = None;
    let mut last_item: Option<usize> = None;
    let mut labels = document.labels.iter().peekable();
    let mut label: Option<(Option<usize>, &str)> = None;
    // The block that waits for the text below it.
    let mut waiting: Option<usize> = None;
    for element in &document.elements {
        while let Some(next) = labels.next_if(|next| next.line <= element.end_line) {
            // A sentence with a colon in it heads no block.
            if next.strong || next.value.is_none() {
                label = Some((next.heading, &next.title));
            }
        }
        match &element.kind {
            ElementKind::Text(lines) => {
                let text = joined(lines);
                if let Some(block) = waiting.take().and_then(|index| document.blocks.get_mut(index)) {
                    block.after = Some(text.clone());
                    block.replace.extend(replace::told(lines));
                }
                replace = replace::told(lines);
                before = Some(text);
                previous = None;
                if element.item.is_none() {
                    last_item = None;
                }
            }
            ElementKind::Item(index) => last_item = Some(*index),
            ElementKind::Block(index) => {
                let Some(block) = document.blocks.get_mut(*index) else {
                    continue;
                };
                block.before = before.take();
                block.replace = std::mem::take(&mut replace);
                block.previous = previous;
                block.label = label.filter(|(heading, _)| *heading == block.heading).map(|(_, title)| title.to_owned());
                if block.item.is_none() {
                    block.item = last_item;
                }
                block.item_title = block.item.and_then(|item| document.items.get(item)).map(head_of);
                previous = Some(*index);
                waiting = Some(*index);
            }
            ElementKind::Heading(_) | ElementKind::Rule | ElementKind::Table(_) => {
                before = None;
                replace.clear();
                previous = None;
                last_item = None;
                waiting = None;
            }
            ElementKind::Comment(_) => {}
        }
    }
}

/// The beginning of an item's text on one line.
fn head_of(item: &Item) -> String {
    let lines: Vec<&str> = item.text.iter().take(5).map(|line| capped(line.plain.trim(), MAX_TITLE)).collect();
    lines.join(" ")
}
