//! Which of many patterns can match a text at all, told in one pass over it.
//!
//! Most patterns need one of a few words, and most anchored ones a certain first byte. Running a pattern only where
//! those stand costs less than an automaton of all patterns together, and what never stands in a text is never compiled.

mod needs;
mod pattern;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use needs::Needs;
pub(super) use pattern::Pattern;
use std::collections::HashMap;

/// More patterns than this do not fit in one sieve.
pub(super) const MOST: usize = u128::BITS as usize;

/// Tells which of up to [`MOST`] patterns may match. It may let a pattern through that does not match, never the other way
/// round.
#[derive(Debug)]
pub(super) struct Sieve {
    /// All words that any pattern needs; `None` where none needs any, and then all are let through.
    words: Option<AhoCorasick>,
    /// For each word, the patterns that need it or another.
    by_word: Vec<u128>,
    /// Patterns that need no word.
    wordless: u128,
    /// For each first byte of a text, the patterns that may match it.
    by_first: Box<[u128; 256]>,
    /// The patterns that may match an empty text.
    empty: u128,
}

impl Sieve {
    /// A pattern that cannot be read needs nothing: it is always let through.
    /// There are at most [`MOST`].
    pub(super) fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Self {
        let mut words: Vec<Vec<u8>> = Vec::new();
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut sieve = Self { words: None, by_word: Vec::new(), wordless: 0, by_first: Box::new([0; 256]), empty: 0 };
        for (index, pattern) in patterns.into_iter().enumerate() {
            assert!(index < MOST, "too many patterns for one sieve");
            let bit = 1_u128 << index;
            let needs = Needs::of(pattern);
            if needs.words.is_empty() {
                sieve.wordless |= bit;
            }
            for word in needs.words {
                let at = *known.entry(word).or_insert_with_key(|word| {
                    words.push(word.clone());
                    sieve.by_word.push(0);
                    words.len() - 1
                });
                sieve.by_word[at] |= bit;
            }
            for (byte, row) in (0..=u8::MAX).zip(sieve.by_first.iter_mut()) {
                *row |= if needs.first.has(byte) { bit } else { 0 };
            }
            sieve.empty |= if needs.first.is_all() { bit } else { 0 };
        }
        if !words.is_empty() {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::ContiguousNFA));
            sieve.words = builder.build(&words).ok();
        }
        sieve
    }

    /// The numbers of the patterns that may match `text`, in order.
    pub(super) fn pass(&self, text: &[u8]) -> Passed {
        let first = text.first().map_or(self.empty, |byte| self.by_first[usize::from(*byte)]);
        let Some(words) = &self.words else { return Passed(first) };
        let mut open = first & self.wordless;
        if open == first {
            return Passed(open);
        }
        for found in words.find_overlapping_iter(text) {
            open |= first & self.by_word[found.pattern().as_usize()];
            if open == first {
                break;
            }
        }
        Passed(open)
    }
}

/// Numbers of patterns, in order.
#[derive(Debug)]
pub(super) struct Passed(u128);

impl Iterator for Passed {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let index = self.0.trailing_zeros();
        if index == u128::BITS {
            return None;
        }
        self.0 &= self.0 - 1;
        Some(index as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATTERNS: &[&str] = &[
        r"^ab|^cd",
        r"(?i)\bdrop\s+table\b",
        r"^\d{4}-\d\d",
        r"x*",
        r"^(?:a|b)?c",
        r"(?:foo|ba[rz])+q",
        r"\b(?:curl|wget)\b.*-o",
        r"^[^a]b",
        r"(?m)^q$",
        r"[Ff]ailed|[Ee]rror",
        r"^$",
        r"ñu|^$|caf(?:é|e)",
        r"(?i)stra(?:ss|ß)e",
    ];

    #[test]
    fn what_needs_a_word_or_a_head_is_held_back() {
        let sieve = Sieve::new(PATTERNS.iter().copied());
        let passed = |text: &str| sieve.pass(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(passed("zz"), [3, 7, 8, 10, 11], "only what needs no word and may begin so");
        assert!(passed("please DROP it").contains(&1));
        assert!(!passed("please stop it").contains(&1));
        assert!(!passed("2026-01").contains(&0));
        assert!(passed("2026-01").contains(&2));
    }

    proptest! {
        #[test]
        fn what_matches_is_let_through(text in "([abcdefxqzñé0-9 \n-]|foo|bar|curl|-o|DROP|drop|table|fail|ed|Error|strasse|STRAßE|[KſK]){0,12}") {
            let sieve = Sieve::new(PATTERNS.iter().copied());
            let passed: Vec<usize> = sieve.pass(text.as_bytes()).collect();
            for (index, pattern) in PATTERNS.iter().enumerate() {
                let matches = regex::Regex::new(pattern).expect("constant pattern").is_match(&text);
                prop_assert!(!matches || passed.contains(&index), "{pattern} matches {text:?}");
            }
        }
    }
}
