//! Following lines by asking again and again: none is lost, and none is shown twice.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A line as a platform tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) at: Timestamp,
    /// What it is known by: an id, or the line itself where it has none.
    pub(crate) key: String,
    pub(crate) instance: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) text: String,
}

/// How far back each question reaches again: lines of several machines do not come in their order.
const OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// Which lines have been passed on already.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// How often each, within what may come again.
    counts: BTreeMap<(Timestamp, String), u32>,
    newest: Option<Timestamp>,
    /// Nothing of before is wanted.
    begin: Option<Timestamp>,
    /// All of it may come again.
    unlimited: bool,
}

impl Sent {
    /// One that forgets nothing: for the parts of one answer.
    pub(crate) fn unlimited() -> Self {
        Self { unlimited: true, ..Self::default() }
    }

    /// Passes on nothing that is older than this, whatever an overlap brings.
    pub(crate) fn begin(&mut self, at: Timestamp) {
        self.begin = self.begin.max(Some(at));
    }

    /// The same after these last lines: what was left out before them stays left out.
    pub(crate) fn begin_with(&mut self, last: &[Told], now: Timestamp) {
        let first = last.iter().map(|line| line.at).min();
        let after = first.and_then(|first| first.checked_add(SignedDuration::from_nanos(1)).ok());
        self.begin(after.unwrap_or(now));
    }

    /// From where on to ask next.
    pub(crate) fn from(&self) -> Option<Timestamp> {
        self.newest.map(|newest| newest.checked_sub(OVERLAP).unwrap_or(newest)).max(self.begin)
    }

    /// Those lines of an answer that are new, by their time. An answer has all lines from where it was asked on: two lines
    /// that are the same are two.
    pub(crate) fn news(&mut self, mut told: Vec<Told>) -> Vec<Told> {
        told.sort_by_key(|line| line.at);
        let mut before = self.counts.clone();
        let mut news = Vec::new();
        for line in told {
            let key = (line.at, line.key.clone());
            match before.get_mut(&key) {
                Some(left @ 1..) => *left -= 1,
                _ if self.begin.is_some_and(|begin| line.at < begin) => {}
                _ => {
                    *self.counts.entry(key).or_default() += 1;
                    self.newest = self.newest.max(Some(line.at));
                    news.push(line);
                }
            }
        }
        if let Some(from) = self.from().filter(|_| !self.unlimited) {
            self.counts.retain(|(at, _), _| *at >= from);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, text: &str) -> Told {
        let at = Timestamp::from_second(second).expect("a time");
        Told { at, key: text.to_owned(), instance: None, level: None, text: text.to_owned() }
    }

    #[test]
    fn what_comes_again_is_left_out_and_what_comes_late_is_not_lost() {
        let mut sent = Sent::default();
        let texts = |lines: Vec<Told>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(texts(sent.news(vec![line(101, "b"), line(100, "a"), line(101, "b")])), ["a", "b", "b"]);
        assert_eq!(sent.from().map(Timestamp::as_second), Some(91));
        let again = vec![line(100, "a"), line(100, "late"), line(101, "b"), line(101, "b"), line(101, "b")];
        assert_eq!(texts(sent.news(again)), ["late", "b"]);
        assert_eq!(texts(sent.news(vec![line(200, "c")])), ["c"]);
        assert_eq!(sent.counts.len(), 1, "what cannot come again is forgotten");
        assert!(sent.news(vec![line(200, "c")]).is_empty());
    }

    #[test]
    fn what_the_last_lines_left_out_does_not_come_back_by_the_overlap() {
        let mut sent = Sent::default();
        let last = vec![line(99, "b"), line(100, "c")];
        assert_eq!(sent.news(last.clone()).len(), 2);
        sent.begin_with(&last, Timestamp::now());
        let news = sent.news(vec![line(98, "a"), line(99, "b"), line(99, "left out"), line(100, "c"), line(101, "d")]);
        assert_eq!(news.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["d"]);
    }
}
