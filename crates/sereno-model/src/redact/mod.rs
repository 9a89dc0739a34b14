//! Secrets never reach the journal, the output, the logs or an error.
//!
//! A secret is known in one of two ways: by **value** (an entry of the environment or of a `.env` file whose name looks
//! secret, or one that the settings list), in any of the forms in which programs print it; or by **shape** (a Stripe
//! key, a token in a header, the password of an address, `password=…`), wherever it comes from. What is found is
//! replaced by `[redacted:NAME]`.
//!
//! This does not decrypt, guess or measure entropy: a secret that has neither a known value nor a known shape passes.

mod body;
pub mod dotenv;
mod encodings;
pub mod secret;
mod shapes;
mod stream;
#[cfg(test)]
mod tests;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

use body::Body;
pub use secret::{Secret, looks_secret, secrets_of};
pub use stream::RedactStream;

/// Hides secrets in texts and in streams of bytes. Cheap to clone.
///
/// Serialized as the list of its secrets, so that another process can hide the same ones: hand that over in a file which
/// only its owner can read, never on a command line.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Vec<Secret>", into = "Vec<Secret>")]
pub struct Redactor {
    known: Arc<Known>,
}

/// The secrets known by value, in all their forms.
struct Known {
    secrets: Vec<Secret>,
    automaton: AhoCorasick,
    /// For each pattern of the automaton, what stands in its place.
    markers: Vec<String>,
    /// The patterns in order, to tell whether the end of a chunk begins one.
    sorted: Vec<Vec<u8>>,
    longest: usize,
    /// The texts that a marker must not contain.
    values: Vec<String>,
}

/// A part of a text that is to be hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
    marker: String,
}

/// What a look at some bytes found.
struct Found {
    /// What to hide, in order and without overlap.
    spans: Vec<Span>,
    /// Where a secret may begin whose end is not here yet; the length of the bytes when there is none.
    hold: usize,
    /// The shape that `hold` waits for.
    open: Option<Open>,
}

/// A secret of some shape that has begun.
struct Open {
    start: usize,
    body: Body,
    marker: String,
}

impl Found {
    fn hold_shape(&mut self, start: usize, body: Body, marker: String) {
        if start < self.hold || self.open.is_none() {
            self.open = Some(Open { start, body, marker });
        }
        self.hold = self.hold.min(start);
    }
}

impl Redactor {
    /// Knows `secrets` by value, and all shapes. Values that are too short or too common to be told from ordinary text
    /// (`true`, `3000`) are left to the shapes.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut all: Vec<Secret> = secrets.into_iter().collect();
        all.sort_by(|a, b| (&a.name, &a.value).cmp(&(&b.name, &b.value)));
        all.dedup();
        Self { known: Arc::new(Known::new(all)) }
    }

    /// The secrets known by value, to hand to another process.
    pub fn secrets(&self) -> &[Secret] {
        &self.known.secrets
    }

    /// The text without its secrets.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let spans = self.look(text.as_bytes(), true).spans;
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut hidden = Vec::with_capacity(text.len());
        write_hidden(text.as_bytes(), 0..text.len(), &spans, &mut hidden);
        // Patterns are whole characters and shapes end at ASCII, so this is UTF-8; if it ever were not, hiding wins.
        Cow::Owned(match String::from_utf8(hidden) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// The text with a `*` for each byte of its secrets: every other byte stays where it was, for what points into it.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let spans = self.look(text.as_bytes(), true).spans;
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut bytes = text.as_bytes().to_vec();
        for span in spans {
            let hidden = bytes.get_mut(span.start..span.end).unwrap_or_default();
            hidden.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b'*');
        }
        Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The secrets that a text holds, by value: what was known there by its shape can be hidden where it is quoted bare.
    pub fn secrets_in(&self, text: &str) -> Vec<Secret> {
        let spans = self.look(text.as_bytes(), true).spans;
        let name = |marker: &str| marker.trim_start_matches("[redacted").trim_matches([':', ']']).to_owned();
        spans.iter().filter_map(|s| Some(Secret::new(name(&s.marker), text.get(s.start..s.end)?))).collect()
    }

    /// The bytes without their secrets; what is not UTF-8 passes unchanged.
    pub fn redact_bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        let spans = self.look(bytes, true).spans;
        if spans.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut hidden = Vec::with_capacity(bytes.len());
        write_hidden(bytes, 0..bytes.len(), &spans, &mut hidden);
        Cow::Owned(hidden)
    }

    /// Hides secrets in bytes that arrive in pieces.
    pub fn stream(&self) -> RedactStream {
        RedactStream::new(self.clone())
    }

    /// All that is to be hidden in `bytes`; `ended` says that nothing follows.
    fn look(&self, bytes: &[u8], ended: bool) -> Found {
        let mut found = Found { spans: Vec::new(), hold: bytes.len(), open: None };
        self.known.look(bytes, ended, &mut found);
        shapes::look(bytes, ended, &mut found);
        for span in &mut found.spans {
            self.known.choose_marker(&mut span.marker);
        }
        found.spans = merged(found.spans);
        found
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new([])
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.known.secrets).finish()
    }
}

impl From<Vec<Secret>> for Redactor {
    fn from(secrets: Vec<Secret>) -> Self {
        Self::new(secrets)
    }
}

impl From<Redactor> for Vec<Secret> {
    fn from(redactor: Redactor) -> Self {
        redactor.known.secrets.clone()
    }
}

impl Known {
    fn new(secrets: Vec<Secret>) -> Self {
        let mut patterns: Vec<(Vec<u8>, String)> = Vec::new();
        for secret in secrets.iter().filter(|secret| secret.is_told_by_value()) {
            let marker = format!("[redacted:{}]", secret.shown_name());
            let forms = encodings::forms(&secret.value);
            patterns.extend(forms.into_iter().map(|form| (form, marker.clone())));
        }
        patterns.sort();
        patterns.dedup_by(|a, b| a.0 == b.0);
        let (sorted, markers): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&sorted)
            .expect("the forms of all secrets stay far below the two thousand million states that fit");
        Self {
            longest: sorted.iter().map(Vec::len).max().unwrap_or(0),
            values: secrets
                .iter()
                .filter(|secret| secret.is_told_by_value())
                .map(|secret| secret.value.clone())
                .collect(),
            secrets,
            automaton,
            markers,
            sorted,
        }
    }

    fn look(&self, bytes: &[u8], ended: bool, found: &mut Found) {
        // Overlapping matches are all hidden: of `abcdef` and `defghi`, neither's rest may stay behind.
        for hit in self.automaton.find_overlapping_iter(bytes) {
            found.spans.push(Span {
                start: hit.start(),
                end: hit.end(),
                marker: self.markers.get(hit.pattern().as_usize()).cloned().unwrap_or_default(),
            });
        }
        if ended || self.sorted.is_empty() {
            return;
        }
        let from = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        if let Some(at) = (from..bytes.len()).find(|at| self.begins_one(&bytes[*at..])) {
            found.hold = found.hold.min(at);
        }
    }

    /// Whether some pattern is longer than `tail` and begins with it.
    fn begins_one(&self, tail: &[u8]) -> bool {
        let at = self.sorted.partition_point(|pattern| pattern.as_slice() <= tail);
        self.sorted.get(at).is_some_and(|pattern| pattern.starts_with(tail))
    }

    /// A marker must not spell a secret: `[redacted:PASSWORD]` when the password is `PASSWORD`.
    fn choose_marker(&self, marker: &mut String) {
        let spells = |text: &str| self.values.iter().any(|value| text.contains(value.as_str()));
        if spells(marker) {
            ["[redacted]", "[***]"]
                .into_iter()
                .find(|candidate| !spells(candidate))
                .unwrap_or_default()
                .clone_into(marker);
        }
    }
}

/// Spans in order, those that overlap made one. The name of the longest part stands for the whole.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut whole: Vec<(Span, usize)> = Vec::with_capacity(spans.len());
    for span in spans {
        let length = span.end - span.start;
        match whole.last_mut() {
            Some((last, longest)) if span.start < last.end => {
                last.end = last.end.max(span.end);
                if length > *longest {
                    last.marker = span.marker;
                    *longest = length;
                }
            }
            _ => whole.push((span, length)),
        }
    }
    whole.into_iter().map(|(span, _)| span).collect()
}

/// Writes the bytes of `range`, with each span that begins in it as its marker, and nothing of a span that began before.
fn write_hidden(bytes: &[u8], range: std::ops::Range<usize>, spans: &[Span], to: &mut Vec<u8>) {
    let mut at = range.start;
    for span in spans.iter().filter(|span| span.end > range.start && span.start < range.end) {
        if span.start >= at {
            to.extend_from_slice(&bytes[at..span.start]);
            to.extend_from_slice(span.marker.as_bytes());
        }
        at = at.max(span.end);
    }
    if at < range.end {
        to.extend_from_slice(&bytes[at..range.end]);
    }
}
