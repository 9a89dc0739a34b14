//! One pattern over bytes, made for what a sieve lets through.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use std::ops::Range;

/// A pattern whose classes are those of ASCII. It does not look for words before it runs, as a sieve has done so: that
/// makes it two to three times quicker to compile, which is what a short-lived program notices.
#[derive(Debug)]
pub(in super::super) struct Pattern(Regex);

impl Pattern {
    /// `None` for a pattern that is not valid, or that has letters beyond ASCII in a class.
    pub(in super::super) fn new(pattern: &str) -> Option<Self> {
        let quick = Regex::config().auto_prefilter(false).onepass(false).dfa(false).utf8_empty(false);
        let ascii = syntax::Config::new().unicode(false).utf8(false);
        Regex::builder().configure(quick).syntax(ascii).build(pattern).ok().map(Self)
    }

    pub(in super::super) fn is_match(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }

    /// The first group of every match.
    pub(in super::super) fn groups<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
        self.0.captures_iter(text).filter_map(|found| found.get_group(1)).map(|span| span.range())
    }

    /// How many groups it has.
    #[cfg(test)]
    pub(in super::super) fn group_count(&self) -> usize {
        self.0.captures_len() - 1
    }
}
