//! Patterns whose classes are ASCII.
//!
//! The names of commands, options and keys are ASCII, and only so do the patterns compile quickly and run without
//! backtracking over Spanish text: a Unicode word boundary next to `ó` would cost the fast path on every line.

use super::sieve::{Pattern, Sieve};
use regex::Regex;
use std::sync::OnceLock;

/// Compiles a constant pattern; `\w`, `\d`, `\s` and `\b` are those of ASCII.
pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(&ascii(pattern)).expect("constant pattern")
}

/// A pattern that only answers yes or no. It works on bytes, which makes it several times quicker to compile.
#[derive(Debug)]
pub(super) enum Test {
    Bytes(Pattern),
    Text(Regex),
}

/// Compiles a constant pattern that only answers yes or no; one whose classes hold accents is compiled as text.
pub(super) fn test(pattern: &str) -> Test {
    Pattern::new(pattern).map_or_else(|| Test::Text(regex(pattern)), Test::Bytes)
}

impl Test {
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Bytes(pattern) => pattern.is_match(text.as_bytes()),
            Self::Text(regex) => regex.is_match(text),
        }
    }
}

/// Rows gone through in order; the first that matches decides. Few can match a given text, and only those are run.
#[derive(Debug)]
pub(super) struct Table<T> {
    sieve: Sieve,
    rows: Vec<Row<T>>,
}

#[derive(Debug)]
struct Row<T> {
    pattern: &'static str,
    compiled: OnceLock<Test>,
    value: T,
}

impl<T: Copy> Table<T> {
    pub(super) fn new(rows: &[(&'static str, T)]) -> Self {
        let sieve = Sieve::new(rows.iter().map(|(pattern, _)| *pattern));
        let row = |(pattern, value): &(&'static str, T)| Row { pattern, compiled: OnceLock::new(), value: *value };
        Self { sieve, rows: rows.iter().map(row).collect() }
    }

    /// What the first matching row stands for.
    pub(super) fn first(&self, text: &str) -> Option<T> {
        let mut rows = self.sieve.pass(text.as_bytes()).filter_map(|index| self.rows.get(index));
        rows.find(|row| row.compiled.get_or_init(|| test(row.pattern)).is_match(text)).map(|row| row.value)
    }
}

fn ascii(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len() * 2);
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let Some(next) = chars.next() else { break };
                push_escape(&mut text, next, in_class);
            }
            '[' => {
                in_class = true;
                text.push(c);
            }
            ']' => {
                in_class = false;
                text.push(c);
            }
            _ => text.push(c),
        }
    }
    text
}

fn push_escape(text: &mut String, escaped: char, in_class: bool) {
    let class = match escaped {
        'w' => "0-9A-Za-z_",
        'd' => "0-9",
        's' => r" \t\r\n",
        _ => {
            match escaped {
                'S' if !in_class => text.push_str(r"[^ \t\r\n]"),
                'b' => text.push_str(r"(?-u:\b)"),
                other => {
                    text.push('\\');
                    text.push(other);
                }
            }
            return;
        }
    };
    if in_class {
        text.push_str(class);
    } else {
        text.push('[');
        text.push_str(class);
        text.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_become_ascii() {
        for (pattern, expected) in [
            (r"\w+\.\d", r"[0-9A-Za-z_]+\.[0-9]"),
            (r"[\w.-]\s\S", r"[0-9A-Za-z_.-][ \t\r\n][^ \t\r\n]"),
            (r"\bx\[\]", r"(?-u:\b)x\[\]"),
            (r"[\[\]]", r"[\[\]]"),
        ] {
            assert_eq!(ascii(pattern), expected);
        }
    }

    #[test]
    fn the_first_row_decides() {
        let table = Table::new(&[("^ab", 1), ("^a", 2), ("ñ", 3)]);
        assert_eq!(table.first("abc"), Some(1));
        assert_eq!(table.first("ac"), Some(2));
        assert_eq!(table.first("año"), Some(2));
        assert_eq!(table.first("mañana"), Some(3));
        assert_eq!(table.first("x"), None);
    }

    #[test]
    fn accents_are_no_letters_of_names() {
        assert!(!regex(r"^\w+$").is_match("situación"));
        assert!(regex(r"\bcola\b").is_match("una cola más"));
    }
}
