//! The mends that real files need before CommonMark can cut them, and the limits that hostile ones need.
//!
//! Every mend keeps line numbers. It never changes what stands inside a block: it only closes fences that their authors
//! clearly meant to close, and blanks lines that no person wrote.

use super::Note;
use std::borrow::Cow;

/// Deeper quotes and lists than this are noise.
const MAX_NESTING: usize = 100;
/// More leading blanks than this are noise, and would make list nesting quadratic.
const MAX_INDENT: usize = 400;

/// A text ready to be cut, and how its offsets map back.
pub(super) struct Mended<'a> {
    pub(super) text: Cow<'a, str>,
    /// Where parsing begins, after the front matter.
    pub(super) body: usize,
    /// `key: value` pairs of the front matter, with their lines.
    pub(super) front_matter: Vec<(String, String, usize)>,
    /// Offsets (in `text`) of bytes that were inserted.
    inserted: Vec<usize>,
}

impl Mended<'_> {
    /// The offset in the source of an offset in `text`.
    pub(super) fn to_source(&self, offset: usize) -> usize {
        offset - self.inserted.partition_point(|at| *at < offset)
    }
}

/// An edit of one line.
enum Edit {
    /// Insert a backtick at this offset.
    Close(usize),
    /// An opening of four backticks becomes a blank and three.
    Open(usize),
    /// Blank these bytes.
    Blank(usize, usize),
}

pub(super) fn mend<'a>(source: &'a str, notes: &mut Vec<(Note, usize)>) -> Mended<'a> {
    let (body, front_matter) = front_matter(source);
    let mut edits = scan(source, body, notes);
    if edits.is_empty() {
        return Mended { text: Cow::Borrowed(source), body, front_matter, inserted: Vec::new() };
    }
    edits.sort_by_key(|edit| match edit {
        Edit::Close(at) | Edit::Open(at) | Edit::Blank(at, _) => *at,
    });
    let mut text = String::with_capacity(source.len() + edits.len());
    let mut inserted = Vec::new();
    let mut done = 0;
    for edit in edits {
        match edit {
            Edit::Close(at) => {
                text.push_str(source.get(done..at).unwrap_or_default());
                inserted.push(text.len());
                text.push('`');
                done = at;
            }
            Edit::Open(at) => {
                text.push_str(source.get(done..at).unwrap_or_default());
                text.push(' ');
                done = at + 1;
            }
            Edit::Blank(from, to) => {
                text.push_str(source.get(done..from).unwrap_or_default());
                text.extend(std::iter::repeat_n(' ', to - from));
                done = to;
            }
        }
    }
    text.push_str(source.get(done..).unwrap_or_default());
    Mended { text: Cow::Owned(text), body, front_matter, inserted }
}

/// An open fence, while lines are scanned.
struct Fence {
    mark: u8,
    length: usize,
    offset: usize,
    /// The first line inside of it that would have closed a fence of three.
    shorter: Option<usize>,
}

fn scan(source: &str, body: usize, notes: &mut Vec<(Note, usize)>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut open: Option<Fence> = None;
    let mut too_deep = None;
    let mut offset = body;
    let rest = source.get(body..).unwrap_or_default();
    for line in rest.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let bytes = line.as_bytes();
        let indent = bytes.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if indent > MAX_INDENT && indent < line.trim_end().len() {
            edits.push(Edit::Blank(start, start + line.trim_end_matches('\n').len()));
            too_deep.get_or_insert(start);
            continue;
        }
        let Some(&first) = bytes.get(indent) else {
            continue;
        };
        if first == b'`' || first == b'~' {
            if let Some(edit) = fence_line(&mut open, first, line, start, indent, notes) {
                edits.push(edit);
            }
        } else if open.is_none() && nesting(bytes) > MAX_NESTING {
            edits.push(Edit::Blank(start, start + line.trim_end_matches('\n').len()));
            too_deep.get_or_insert(start);
        }
    }
    if let Some(Fence { mark: b'`', length: 4, offset, shorter: Some(_) }) = open {
        edits.push(Edit::Open(offset));
        notes.push((Note::UnevenFence, offset));
    }
    if let Some(at) = too_deep {
        notes.push((Note::TooDeep, at));
    }
    edits
}

/// One line that begins with a backtick or a tilde.
fn fence_line(
    open: &mut Option<Fence>,
    mark: u8,
    line: &str,
    start: usize,
    indent: usize,
    notes: &mut Vec<(Note, usize)>,
) -> Option<Edit> {
    let marked = line.get(indent..).unwrap_or_default();
    let length = marked.bytes().take_while(|b| *b == mark).count();
    let after = marked.get(length..).unwrap_or_default().trim();
    match open {
        None => {
            if length >= 3 && (mark == b'~' || !after.contains('`')) {
                *open = Some(Fence { mark, length, offset: start + indent, shorter: None });
            }
            None
        }
        Some(fence) if fence.mark == mark && after.is_empty() => {
            if length >= fence.length {
                *open = None;
            } else if mark == b'`' && fence.length == 3 && length == 2 {
                *open = None;
                notes.push((Note::UnevenFence, start + indent));
                return Some(Edit::Close(start + indent));
            } else if length == 3 {
                fence.shorter.get_or_insert(start);
            }
            None
        }
        Some(_) => None,
    }
}

/// How many list and quote markers a line begins with.
fn nesting(bytes: &[u8]) -> usize {
    let mut markers = 0;
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b' ' | b'\t' => {}
            b'>' => markers += 1,
            b'-' | b'*' | b'+' if matches!(bytes.get(i + 1), Some(b' ' | b'\t')) => markers += 1,
            b'0'..=b'9' if matches!(bytes.get(i + 1), Some(b'.' | b')' | b'0'..=b'9')) => {}
            b'.' | b')' if matches!(bytes.get(i + 1), Some(b' ' | b'\t')) => markers += 1,
            _ => break,
        }
        i += 1;
    }
    markers
}

/// The front matter of static site generators: `---` lines (YAML) or `+++` lines (TOML) around `key: value` pairs.
/// Returns where the body begins.
fn front_matter(source: &str) -> (usize, Vec<(String, String, usize)>) {
    let mut lines = source.split_inclusive('\n');
    let Some(first) = lines.next() else {
        return (0, Vec::new());
    };
    let fence = first.trim_end();
    let separator = match fence {
        "---" => ':',
        "+++" => '=',
        _ => return (0, Vec::new()),
    };
    let mut offset = first.len();
    let mut pairs = Vec::new();
    // A front matter is short; a rule at the head of a long text is just a rule.
    for (index, line) in lines.enumerate().take(200) {
        offset += line.len();
        let trimmed = line.trim_end();
        if trimmed == fence || (fence == "---" && trimmed == "...") {
            return if pairs.is_empty() && index > 0 { (0, Vec::new()) } else { (offset, pairs) };
        }
        if let Some((key, value)) = trimmed.split_once(separator) {
            let value = value.trim().trim_matches(['"', '\'']);
            let key = key.trim();
            if !key.is_empty() && !key.starts_with(['#', '-', '*', '>']) && !key.contains('*') {
                pairs.push((key.to_owned(), value.to_owned(), index + 2));
            }
        }
        if trimmed.starts_with("# ") && index == 0 {
            return (0, Vec::new());
        }
    }
    (0, Vec::new())
}
