//! Patterns whose classes are ASCII.
//!
//! The names of commands, options and keys are ASCII, and only so do the patterns compile quickly and run without
//! backtracking over Spanish text: a Unicode word boundary next to `ó` would cost the fast path on every line.

use regex::{Regex, bytes};

/// Compiles a constant pattern; `\w`, `\d`, `\s` and `\b` are those of ASCII.
pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(&ascii(pattern)).expect("constant pattern")
}

/// A pattern that only answers yes or no. It works on bytes, which makes it several times quicker to compile.
#[derive(Debug)]
pub(super) struct Test(bytes::Regex);

/// Compiles a constant pattern that only answers yes or no; one whose classes hold accents is compiled as text.
pub(super) fn test(pattern: &str) -> Test {
    let ascii_only = bytes::RegexBuilder::new(pattern).unicode(false).build();
    Test(ascii_only.or_else(|_| bytes::Regex::new(&ascii(pattern))).expect("constant pattern"))
}

impl Test {
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text.as_bytes())
    }
}

/// Many patterns gone through at once; the first row that matches decides.
#[derive(Debug)]
pub(super) struct Table<T> {
    set: bytes::RegexSet,
    values: Vec<T>,
}

impl<T: Copy> Table<T> {
    pub(super) fn new(rows: &[(&str, T)]) -> Self {
        let patterns = || rows.iter().map(|(pattern, _)| *pattern);
        let ascii_only = bytes::RegexSetBuilder::new(patterns()).unicode(false).build();
        let set = ascii_only.or_else(|_| bytes::RegexSet::new(patterns().map(ascii)));
        Self { set: set.expect("constant patterns"), values: rows.iter().map(|(_, value)| *value).collect() }
    }

    /// What the first matching row stands for.
    pub(super) fn first(&self, text: &str) -> Option<T> {
        let row = self.set.matches(text.as_bytes()).iter().next()?;
        self.values.get(row).copied()
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
