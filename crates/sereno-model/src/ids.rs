//! Names for runs and for exact content.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io;
use std::str::FromStr;

/// Letters and digits that cannot be mistaken for one another when read aloud at night (no `0 1 i l o u`).
const ALPHABET: &[u8; 30] = b"23456789abcdefghjkmnpqrstvwxyz";
const RUN_ID_LENGTH: usize = 7;

/// The short id of a run, for people and machines alike: `r-7kq2m9x`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// An id from random bytes. The caller brings the randomness, so that this crate stays pure.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let mut number = u128::from_le_bytes(bytes);
        let mut id = String::from("r-");
        for _ in 0..RUN_ID_LENGTH {
            id.push(ALPHABET[(number % ALPHABET.len() as u128) as usize] as char);
            number /= ALPHABET.len() as u128;
        }
        Self(id)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is not a run's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a run id: one looks like `r-7kq2m9x`")]
pub struct NotARunId(pub String);

impl FromStr for RunId {
    type Err = NotARunId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let body = text.strip_prefix("r-").unwrap_or(text);
        if body.len() == RUN_ID_LENGTH && body.bytes().all(|b| ALPHABET.contains(&b)) {
            Ok(Self(format!("r-{body}")))
        } else {
            Err(NotARunId(text.to_owned()))
        }
    }
}

impl TryFrom<String> for RunId {
    type Error = NotARunId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A SHA-256 of exact content, as 64 hexadecimal digits: what an approval binds to, what chains the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(String);

impl Digest {
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        let mut digester = Digester::default();
        digester.update(bytes.as_ref());
        digester.finish()
    }

    /// Of all that a reader gives, however much it is.
    pub fn of_stream(reader: &mut impl io::Read) -> io::Result<Self> {
        let mut digester = Digester::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(digester.finish()),
                Ok(length) => digester.update(buffer.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, enough for a person to compare.
    pub fn short(&self) -> &str {
        &self.0[..self.0.len().min(12)]
    }
}

/// A digest of bytes that come in pieces.
#[derive(Debug, Clone, Default)]
pub struct Digester(Sha256);

impl Digester {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> Digest {
        use std::fmt::Write as _;
        let mut hex = String::with_capacity(64);
        for byte in self.0.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Digest(hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_read_back_with_and_without_prefix() {
        let id = RunId::from_random([7; 16]);
        assert_eq!(id.as_str().parse::<RunId>().unwrap(), id);
        assert_eq!(id.as_str()[2..].parse::<RunId>().unwrap(), id);
        assert!("r-short".parse::<RunId>().is_err());
        assert!("r-aaaaaaO".parse::<RunId>().is_err());
    }

    #[test]
    fn digest_is_sha256() {
        assert_eq!(Digest::of("").as_str(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
