//! The format of `output`: records one after the other, so that the order of stdout and stderr is kept.
//!
//! Each record is a header of 16 bytes and its bytes:
//!
//! | bytes | what |
//! |---|---|
//! | 0 | stream: 1 stdout, 2 stderr |
//! | 1..4 | zero |
//! | 4..8 | length of the bytes, little endian |
//! | 8..16 | milliseconds since the step's start (monotonic), little endian |
//!
//! A record cut short at the end of the file is one that is being written, or that a power cut ended: readers stop
//! before it.

use serde::{Deserialize, Serialize};

pub(super) const HEADER: usize = 16;
/// Records are never longer; a header that says so is damage.
pub(super) const LONGEST: usize = 256 * 1024;

/// Where a step wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    Stdout,
    Stderr,
}

/// One record's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) stream: Stream,
    pub(super) length: usize,
    pub(super) millis: u64,
}

impl Header {
    pub(super) fn encode(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = match self.stream {
            Stream::Stdout => 1,
            Stream::Stderr => 2,
        };
        bytes[4..8].copy_from_slice(&(self.length as u32).to_le_bytes());
        bytes[8..].copy_from_slice(&self.millis.to_le_bytes());
        bytes
    }

    /// `None` for what no runner wrote.
    pub(super) fn decode(bytes: [u8; HEADER]) -> Option<Self> {
        let [stream, _, _, _, l0, l1, l2, l3, m0, m1, m2, m3, m4, m5, m6, m7] = bytes;
        let stream = match stream {
            1 => Stream::Stdout,
            2 => Stream::Stderr,
            _ => return None,
        };
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let millis = u64::from_le_bytes([m0, m1, m2, m3, m4, m5, m6, m7]);
        (length <= LONGEST).then_some(Self { stream, length, millis })
    }
}
