//! Keeping a step's output: all of it up to a cap, then the beginning and the end.
//!
//! The beginning goes to one file; what follows goes to segments that are named by the offset at which they start
//! (`output.33554432`), of which only the last two are kept. An offset counts all records ever written, so that it means
//! the same to every reader whatever was dropped.

use super::frames::{HEADER, Header, Stream};
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// How much of the beginning is kept.
pub(super) const HEAD: u64 = 32 * 1024 * 1024;
/// The last two of these are kept.
const SEGMENT: u64 = 16 * 1024 * 1024;
/// Bytes per record at most.
const RECORD: usize = 128 * 1024;

/// The writing end; only the runner has one.
pub(super) struct OutputWriter {
    path: PathBuf,
    file: Option<File>,
    /// Offset at which the current file starts.
    start: u64,
    /// Offset of the next record.
    offset: u64,
    /// Bytes of the step in each segment that is still there, oldest first.
    segments: Vec<(u64, u64)>,
    written: u64,
    dropped: u64,
    error: Option<String>,
}

impl OutputWriter {
    /// Nothing is created before there is output.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, start: 0, offset: 0, segments: Vec::new(), written: 0, dropped: 0, error: None }
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Appends what the step wrote. A disk that is full must not end the step: the bytes are counted as dropped, and
    /// the first error is kept for the result.
    pub(super) fn append(&mut self, stream: Stream, millis: u64, bytes: &[u8]) {
        for bytes in bytes.chunks(RECORD) {
            self.written += bytes.len() as u64;
            if let Err(error) = self.append_record(Header { stream, length: bytes.len(), millis }, bytes) {
                self.dropped += bytes.len() as u64;
                self.error.get_or_insert_with(|| error.to_string());
            }
        }
    }

    fn append_record(&mut self, header: Header, bytes: &[u8]) -> io::Result<()> {
        let size = (HEADER + bytes.len()) as u64;
        let room = if self.segments.is_empty() { HEAD } else { self.start + SEGMENT };
        if self.file.is_none() || self.offset + size > room {
            self.next_file()?;
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let before = self.offset - self.start;
        if let Err(error) = write_whole(file, &header.encode(), bytes) {
            // A record cut short would hide all that follow.
            file.set_len(before)?;
            return Err(error);
        }
        self.offset += size;
        if let Some((_, kept)) = self.segments.last_mut() {
            *kept += bytes.len() as u64;
        }
        Ok(())
    }

    fn next_file(&mut self) -> io::Result<()> {
        let first = self.file.is_none() && self.offset == 0;
        let path = if first { self.path.clone() } else { segment_path(&self.path, self.offset) };
        self.file = Some(OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?);
        self.start = self.offset;
        if !first {
            self.segments.push((self.offset, 0));
        }
        while self.segments.len() > 2 {
            let (start, bytes) = self.segments.remove(0);
            std::fs::remove_file(segment_path(&self.path, start))?;
            self.dropped += bytes;
        }
        Ok(())
    }
}

pub(super) fn segment_path(path: &Path, start: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{start}"));
    PathBuf::from(name)
}

fn write_whole(file: &mut File, header: &[u8], bytes: &[u8]) -> io::Result<()> {
    let written = file.write_vectored(&[IoSlice::new(header), IoSlice::new(bytes)])?;
    if written < header.len() {
        file.write_all(header.get(written..).unwrap_or_default())?;
        return file.write_all(bytes);
    }
    file.write_all(bytes.get(written - header.len()..).unwrap_or_default())
}
