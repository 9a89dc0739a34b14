//! Reading a step's output, while it is written or long after.

use super::files::StepFiles;
use super::frames::{HEADER, Header, Stream};
use super::output::{HEAD, segment_path};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

/// A place in a step's output. It stays meaningful across restarts: keep `offset`, come back with it.
#[derive(Debug)]
pub struct OutputReader {
    path: PathBuf,
    file: Option<(u64, File)>,
    offset: u64,
    skipped: u64,
    buffer: Vec<u8>,
}

impl OutputReader {
    /// From an offset that a reader gave before; 0 is the beginning.
    pub fn new(files: &StepFiles, offset: u64) -> Self {
        Self::at(files.output(), offset)
    }

    /// What was said by processes left in the background, after the step's own end.
    pub fn background(files: &StepFiles, offset: u64) -> Self {
        Self::at(files.background(), offset)
    }

    fn at(path: PathBuf, offset: u64) -> Self {
        Self { path, file: None, offset, skipped: 0, buffer: Vec::new() }
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes of the file format that were gone before they could be read.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Gives every record that is there by now: its stream, the milliseconds since the step's start, its bytes.
    pub fn read(&mut self, mut on_record: impl FnMut(Stream, u64, &[u8])) -> io::Result<()> {
        loop {
            let (next, before) = (self.next_start()?, self.offset);
            // Looked for before reading on: when there is a next file, nothing is added to the current one any more.
            while let Some(header) = self.next_record()? {
                on_record(header.stream, header.millis, &self.buffer);
            }
            let Some(next) = next else {
                if self.offset == before {
                    return Ok(());
                }
                continue;
            };
            self.skipped += next.saturating_sub(self.offset);
            self.offset = self.offset.max(next);
            self.file = None;
        }
    }

    fn next_record(&mut self) -> io::Result<Option<Header>> {
        let Some((start, file)) = self.open()? else {
            return Ok(None);
        };
        let at = self.offset.saturating_sub(start);
        let mut head = [0; HEADER];
        if !read_whole(&file, &mut head, at)? {
            self.file = Some((start, file));
            return Ok(None);
        }
        let header = Header::decode(head).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("no record at offset {}", self.offset))
        })?;
        self.buffer.resize(header.length, 0);
        let whole = read_whole(&file, &mut self.buffer, at + HEADER as u64)?;
        self.file = Some((start, file));
        if !whole {
            return Ok(None);
        }
        self.offset += (HEADER + header.length) as u64;
        Ok(Some(header))
    }

    fn open(&mut self) -> io::Result<Option<(u64, File)>> {
        if let Some(open) = self.file.take() {
            return Ok(Some(open));
        }
        let start = self.starts()?.into_iter().rfind(|start| *start <= self.offset).unwrap_or(0);
        let path = if start == 0 { self.path.clone() } else { segment_path(&self.path, start) };
        match File::open(path) {
            Ok(file) => Ok(Some((start, file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where the file after the current one starts, if there is one.
    fn next_start(&self) -> io::Result<Option<u64>> {
        // The first file may not be open yet; what is open by then decides which one is current.
        let current = self.file.as_ref().map_or(self.offset, |(start, _)| *start);
        Ok(self.starts()?.into_iter().find(|start| *start > current))
    }

    /// Where the segments that are there start, in order.
    fn starts(&self) -> io::Result<Vec<u64>> {
        if self.offset + (HEAD / 4) < HEAD {
            return Ok(Vec::new());
        }
        let (Some(dir), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Ok(Vec::new());
        };
        let prefix = format!("{}.", name.to_string_lossy());
        let mut starts = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let name = entry?.file_name();
            starts.extend(name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse::<u64>().ok()));
        }
        starts.sort_unstable();
        Ok(starts)
    }
}

/// Reads exactly that much, or tells that it is not there yet.
fn read_whole(file: &File, buffer: &mut [u8], at: u64) -> io::Result<bool> {
    match file.read_exact_at(buffer, at) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
