//! A script cut into statements and commands of the client.

use super::Dialect;
use super::token::skip;
use std::ops::Range;

pub(super) enum Piece {
    /// A statement, and the client's command that ends it (`\gexec`).
    Sql { span: Range<usize>, meta: Option<Range<usize>> },
    /// A line for the client: `\dt`.
    Meta(Range<usize>),
}

pub(super) fn statements(text: &str, dialect: Dialect) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            ';' => {
                push(&mut pieces, text, start..at, None);
                at += 1;
                start = at;
            }
            '\\' => {
                let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
                let meta = trim(text, at..end);
                if blank(text, start..at) {
                    pieces.push(Piece::Meta(meta));
                } else {
                    push(&mut pieces, text, start..at, Some(meta));
                }
                at = end;
                start = end;
            }
            // The standard calls it an operator; MySQL calls it a comment.
            '#' if dialect == Dialect::MySql => {
                at = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
            }
            // sqlite3's own commands: `.tables`.
            '.' if dialect == Dialect::Other && blank(text, start..at) => {
                let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
                pieces.push(Piece::Meta(trim(text, at..end)));
                at = end;
                start = end;
            }
            _ => at = skip(text, at).max(at + c.len_utf8()),
        }
    }
    push(&mut pieces, text, start..text.len(), None);
    pieces
}

fn push(pieces: &mut Vec<Piece>, text: &str, span: Range<usize>, meta: Option<Range<usize>>) {
    let span = trim(text, span);
    if !span.is_empty() {
        pieces.push(Piece::Sql { span, meta });
    }
}

fn blank(text: &str, span: Range<usize>) -> bool {
    let mut at = span.start;
    while at < span.end {
        let end = skip(text, at);
        let piece = text.get(at..end).unwrap_or_default();
        if !(piece.trim().is_empty() || piece.starts_with("--") || piece.starts_with("/*")) {
            return false;
        }
        at = end.max(at + 1);
    }
    true
}

/// Without blanks and comments before, and blanks after.
fn trim(text: &str, span: Range<usize>) -> Range<usize> {
    let mut start = span.start;
    while start < span.end {
        let rest = text.get(start..span.end).unwrap_or_default();
        let comment = rest.starts_with("--") || (rest.starts_with("/*") && !rest.starts_with("/*!"));
        if !comment && !rest.starts_with(char::is_whitespace) {
            break;
        }
        start = skip(text, start).clamp(start + 1, span.end);
    }
    let end = start + text.get(start..span.end).unwrap_or_default().trim_end().len();
    start..end
}
