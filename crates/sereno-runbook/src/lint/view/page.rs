//! The lines and headings of the page outside of blocks.

use crate::model::Runbook;
use std::ops::Range;

pub(crate) struct Line {
    /// 1-based.
    pub(crate) number: usize,
    /// Without the line end.
    pub(crate) span: Range<usize>,
    /// Lower case, without accents and marks of emphasis.
    pub(crate) plain: String,
    /// The block that it belongs to, fences included.
    pub(crate) block: Option<usize>,
}

pub(crate) struct Heading {
    pub(crate) level: usize,
    pub(crate) line: usize,
    /// The last line of its section, subsections included.
    pub(crate) end_line: usize,
    /// As written, without `#`.
    pub(crate) title: String,
    pub(crate) plain: String,
    pub(crate) span: Range<usize>,
    pub(crate) parent: Option<usize>,
}

/// Lower case without accents, emphasis and emoji: what titles and prose are compared by.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '*' | '_' | '`'))
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' | 'à' | 'ä' | 'â' => 'a',
            'é' | 'è' | 'ë' | 'ê' => 'e',
            'í' | 'ì' | 'ï' | 'î' => 'i',
            'ó' | 'ò' | 'ö' | 'ô' => 'o',
            'ú' | 'ù' | 'ü' | 'û' => 'u',
            c => c,
        })
        .collect()
}

pub(super) fn read(book: &Runbook) -> (Vec<Line>, Vec<Heading>) {
    let mut lines = Vec::new();
    let mut at = 0;
    let mut next_block = 0;
    for (index, text) in book.source.split_inclusive('\n').enumerate() {
        let number = index + 1;
        let shown = text.trim_end_matches(['\n', '\r']);
        while book.blocks.get(next_block).is_some_and(|block| block.end_line < number) {
            next_block += 1;
        }
        let block = book.blocks.get(next_block).filter(|block| block.line <= number).map(|_| next_block);
        lines.push(Line { number, span: at..at + shown.len(), plain: plain(shown), block });
        at += text.len();
    }
    let headings = headings(&lines, &book.source);
    (lines, headings)
}

fn headings(lines: &[Line], source: &str) -> Vec<Heading> {
    let last = lines.len();
    let mut headings: Vec<Heading> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for line in lines.iter().filter(|line| line.block.is_none()) {
        let text = source.get(line.span.clone()).unwrap_or("");
        let level = text.bytes().take_while(|b| *b == b'#').count();
        if level == 0 || level > 6 || !text[level..].starts_with([' ', '\t']) {
            continue;
        }
        while let Some(top) = open.last().copied().filter(|top| headings[*top].level >= level) {
            headings[top].end_line = line.number - 1;
            open.pop();
        }
        let title = text[level..].trim().trim_end_matches('#').trim().to_owned();
        headings.push(Heading {
            level,
            line: line.number,
            end_line: last,
            plain: plain(&title),
            title,
            span: line.span.start + level + 1..line.span.end,
            parent: open.last().copied(),
        });
        open.push(headings.len() - 1);
    }
    headings
}

pub(super) fn heading_of(headings: &[Heading], line: usize) -> Option<usize> {
    headings.partition_point(|heading| heading.line <= line).checked_sub(1)
}

/// A heading that names only a phase (`Pre-Despliegue`, `Pasos`) belongs to the one above it.
pub(super) fn unit_of(headings: &[Heading], mut heading: usize) -> usize {
    while let Some(parent) = headings[heading].parent {
        let one = &headings[heading];
        if headings[parent].level < 2 || !is_phase(&one.plain) {
            break;
        }
        heading = parent;
    }
    heading
}

fn is_phase(title: &str) -> bool {
    const STARTS: [&str; 30] = [
        "pre-",
        "pre ",
        "post-",
        "post ",
        "durante",
        "during",
        "before",
        "antes",
        "after",
        "despues",
        "paso",
        "step",
        "procedimiento completo",
        "full procedure",
        "diagnos",
        "solucion",
        "solution",
        "remed",
        "resolucion",
        "resolution",
        "mitigat",
        "verificacion",
        "verify",
        "verification",
        "sintoma",
        "symptom",
        "si el ",
        "if ",
        "si falla",
        "impact",
    ];
    let title = title.trim_start_matches(|c: char| !c.is_alphabetic());
    STARTS.iter().any(|start| title.starts_with(start))
}
