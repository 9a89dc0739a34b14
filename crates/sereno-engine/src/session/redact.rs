//! Keeping secrets out of the output, before it reaches any disk.

use super::durable::write_private;
use super::error::SessionError;
use super::frames::Stream;
use sereno_model::redact::{RedactStream, Redactor, Secret};
use std::path::Path;

/// Writes the secrets of a run where only their owner can read them, for `StepSpec::redact`.
pub fn write_secrets<'s>(path: &Path, secrets: impl IntoIterator<Item = &'s Secret>) -> Result<(), SessionError> {
    let secrets: Vec<_> = secrets.into_iter().collect();
    let bytes =
        serde_json::to_vec(&secrets).map_err(|source| SessionError::Malformed { path: path.to_owned(), source })?;
    write_private(path, &bytes).map_err(SessionError::file("write", path))
}

/// Reads them back.
pub(super) fn read_secrets(path: &Path) -> Result<Vec<Secret>, SessionError> {
    let bytes = std::fs::read(path).map_err(SessionError::file("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| SessionError::Malformed { path: path.to_owned(), source })
}

/// The two streams of a step, each redacted by itself. Nothing is built before the first byte: most steps that are quick
/// are also silent.
pub(super) struct Redaction {
    secrets: Vec<Secret>,
    streams: Option<[RedactStream; 2]>,
}

impl Redaction {
    pub(super) fn new(secrets: Vec<Secret>) -> Self {
        Self { secrets, streams: None }
    }

    pub(super) fn push(&mut self, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        let secrets = &mut self.secrets;
        let [stdout, stderr] = self.streams.get_or_insert_with(|| {
            let redactor = Redactor::new(std::mem::take(secrets));
            [redactor.stream(), redactor.stream()]
        });
        match stream {
            Stream::Stdout => stdout.push(bytes),
            Stream::Stderr => stderr.push(bytes),
        }
    }

    /// What was held back in case a secret went on.
    pub(super) fn finish(&mut self) -> Vec<(Stream, Vec<u8>)> {
        let Some([stdout, stderr]) = self.streams.take() else {
            return Vec::new();
        };
        vec![(Stream::Stdout, stdout.finish()), (Stream::Stderr, stderr.finish())]
    }
}
