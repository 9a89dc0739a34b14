//! What a person saw in a terminal that a program had, kept with the step like any output.
//!
//! The runner of a step that has the terminal sees nothing of it. Where the step's own process passes every byte on (a
//! program inside a container), it keeps them here, redacted as a runner does it.

use super::error::SessionError;
use super::files::StepFiles;
use super::frames::Stream;
use super::output::OutputWriter;
use super::redact::{Redaction, read_secrets};
use std::path::Path;
use std::time::Instant;

/// The output of a step that has the terminal, written by the step itself.
pub struct Transcript {
    output: OutputWriter,
    redaction: Redaction,
    begun: Instant,
}

impl Transcript {
    /// For the step in this directory; `secrets` is the file that `write_secrets` wrote.
    pub fn new(step: &Path, secrets: &Path) -> Result<Self, SessionError> {
        let output = OutputWriter::new(StepFiles::new(step).output());
        Ok(Self { output, redaction: Redaction::new(read_secrets(secrets)?), begun: Instant::now() })
    }

    pub fn keep(&mut self, bytes: &[u8]) {
        let bytes = self.redaction.push(Stream::Stdout, bytes);
        self.output.append(Stream::Stdout, self.begun.elapsed().as_millis() as u64, &bytes);
    }

    /// Keeps what was held back in case a secret went on, and tells what was lost of it all, if anything was.
    pub fn finish(mut self) -> Option<String> {
        let millis = self.begun.elapsed().as_millis() as u64;
        for (stream, bytes) in self.redaction.finish() {
            self.output.append(stream, millis, &bytes);
        }
        self.output.error().map(str::to_owned)
    }
}
