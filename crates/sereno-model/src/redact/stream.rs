//! Hiding secrets in bytes that arrive in pieces.
//!
//! A secret may straddle two pieces, so the end of what arrived waits here while it may be the beginning of one, and no
//! longer: at most some thousand bytes, and nothing at all while no secret has begun. What was already given out of the
//! current line is remembered, because `password=` decides about what follows it.

use super::body::{Body, LONGEST_OPEN};
use super::{Redactor, Span, write_hidden};

/// How much of a line is remembered.
const CONTEXT: usize = 2048;
/// A piece is looked at in parts of this size, so that memory stays small whatever arrives.
const PART: usize = 64 * 1024;

/// See [`Redactor::stream`].
#[derive(Debug)]
pub struct RedactStream {
    redactor: Redactor,
    /// The remembered part of the line, then what waits.
    buffer: Vec<u8>,
    /// How much of the buffer was given out.
    given: usize,
    /// The rest of a secret that is longer than what is kept.
    swallowing: Option<Body>,
}

impl RedactStream {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self { redactor, buffer: Vec::new(), given: 0, swallowing: None }
    }

    /// Takes the next piece and gives what is certain.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len());
        for part in piece.chunks(PART) {
            let part = self.swallow(part);
            self.buffer.extend_from_slice(part);
            self.give(false, &mut out);
        }
        out
    }

    /// Nothing follows: gives the rest.
    pub fn finish(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.give(true, &mut out);
        out
    }

    /// How many bytes wait.
    pub fn waiting(&self) -> usize {
        self.buffer.len() - self.given
    }

    fn swallow<'p>(&mut self, part: &'p [u8]) -> &'p [u8] {
        let Some(body) = self.swallowing else {
            return part;
        };
        match part.iter().position(|byte| !body.goes_on(*byte)) {
            Some(end) => {
                self.swallowing = None;
                &part[end..]
            }
            None => &[],
        }
    }

    fn give(&mut self, ended: bool, out: &mut Vec<u8>) {
        if self.buffer.len() == self.given {
            return;
        }
        let mut found = self.redactor.look(&self.buffer, ended);
        let end = self.buffer.len();
        let mut until = if ended { end } else { found.hold };
        if let Some(open) = found.open.filter(|open| open.start == until && end - until > LONGEST_OPEN) {
            found.spans.push(Span { start: open.start, end, marker: open.marker });
            self.swallowing = Some(open.body);
            until = end;
        }
        // A span over the end of what is certain may yet grow.
        if let Some(span) = found.spans.iter().find(|span| span.start < until && until < span.end) {
            until = span.start;
        }
        let until = until.max(self.given);
        write_hidden(&self.buffer, self.given..until, &found.spans, out);
        self.given = until;
        self.forget();
    }

    /// Drops what no longer decides about anything: all but the current line, and of that all but the last part.
    fn forget(&mut self) {
        let given = &self.buffer[..self.given];
        let line = given.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let from = line.max(self.given.saturating_sub(CONTEXT));
        self.buffer.drain(..from);
        self.given -= from;
    }
}
