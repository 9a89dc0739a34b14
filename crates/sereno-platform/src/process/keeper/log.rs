//! What a program writes, kept in files that are rotated.

use crate::log::Lines;
use jiff::Timestamp;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A file that is larger is put aside, and the oldest one goes.
const LARGEST: u64 = 10 * 1024 * 1024;
/// Files that are put aside.
pub(in crate::process) const KEPT: u32 = 5;

/// The file that is written, and those put aside.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: Option<File>,
    size: u64,
    /// Lines that could not be written since the last one that could.
    unsaid: u64,
    /// All lines that could not be written.
    lost: u64,
}

impl Log {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, size: 0, unsaid: 0, lost: 0 }
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Writes lines with the time. A disk that is full costs lines, which are counted, and never the program.
    pub(super) fn write(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let now = Timestamp::now();
        let mut text = String::new();
        if self.unsaid > 0 {
            let count = self.unsaid;
            // In both languages, because a line of a log has only one text.
            let _ = writeln!(
                text,
                "{now} [sereno] {count} lines could not be written here · {count} líneas no se pudieron escribir aquí"
            );
        }
        for line in lines {
            let _ = writeln!(text, "{now} {line}");
        }
        if self.append(text.as_bytes()).is_ok() {
            self.unsaid = 0;
        } else {
            self.unsaid += lines.len() as u64;
            self.lost += lines.len() as u64;
        }
    }

    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.size + bytes.len() as u64 > LARGEST && self.size > 0 {
            match rotate(&self.path) {
                Ok(()) => self.file = None,
                // Somebody has removed it: what is written to it is on the disk, and nobody can read it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.file = None,
                // One that cannot be put aside goes on growing: better than to lose what comes.
                Err(_) => {}
            }
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
                self.size = file.metadata()?.len();
                none.insert(file)
            }
        };
        match file.write_all(bytes) {
            Ok(()) => {
                self.size += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                // No half line stays before the next whole one.
                let _ = file.set_len(self.size);
                Err(error)
            }
        }
    }
}

fn rotate(path: &Path) -> std::io::Result<()> {
    for number in (1..KEPT).rev() {
        match fs::rename(aside(path, number), aside(path, number + 1)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, aside(path, 1))
}

/// `log.1` is the newest of those put aside.
pub(in crate::process) fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Both streams of a program, line by line.
#[derive(Debug, Default)]
pub(super) struct Streams {
    lines: [Lines; 2],
}

impl Streams {
    pub(super) fn push(&mut self, stream: usize, bytes: &[u8]) -> Vec<String> {
        self.lines[stream].push(bytes)
    }

    /// What has no end of line and will get none.
    pub(super) fn rest(&mut self) -> Vec<String> {
        self.lines.iter_mut().filter_map(Lines::rest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_put_aside_and_the_oldest_goes() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut log = Log::new(dir.path().join("log"));
        let line = "x".repeat(1024 * 1024);
        for _ in 0..70 {
            log.write(std::slice::from_ref(&line));
        }
        let sizes: Vec<u64> = (1..=KEPT)
            .map(|number| fs::metadata(aside(&dir.path().join("log"), number)).expect("it is there").len())
            .collect();
        assert!(sizes.iter().all(|size| (9 << 20..=LARGEST).contains(size)), "{sizes:?}");
        assert!(!aside(&dir.path().join("log"), KEPT + 1).exists());
        assert_eq!(log.lost(), 0);
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_told_later() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log");
        std::os::unix::fs::symlink("/dev/full", &path).expect("a disk that is always full");
        let mut log = Log::new(path.clone());
        let lines = |text: &str| [text.to_owned(), text.to_owned()];
        log.write(&lines("lost"));
        assert_eq!(log.lost(), 2);
        fs::remove_file(&path).expect("removed");
        log.file = None;
        log.write(&lines("kept"));
        let text = fs::read_to_string(&path).expect("read");
        let said: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once(' ')?.1)).collect();
        assert!(said[0].starts_with("[sereno] 2 lines") && said[1..] == ["kept", "kept"], "{said:?}");
        assert_eq!(log.lost(), 2);
    }
}
