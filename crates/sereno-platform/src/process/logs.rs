//! Lines that a keeper has written, read over its rotation.
//!
//! The files are local and small beside the memory of a machine, so they are read in pieces between two awaits: a thread
//! of its own for each instance would cost more than it saves.

use super::keeper::{KEPT, aside};
use crate::log::Lines;
use crate::{LogLine, LogWanted, PlatformError};
use jiff::Timestamp;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

const PIECE: usize = 64 * 1024;
/// How often a file that is followed is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Sends the lines of one instance, the oldest first.
pub(super) async fn stream(
    log: &Path,
    component: &str,
    instance: &str,
    wanted: &LogWanted,
    to: mpsc::Sender<LogLine>,
) -> Result<(), PlatformError> {
    let mut reader = Reader { component, instance, since: wanted.since, to, last: None };
    reader.stream(log, wanted).await.map_err(|source| PlatformError::File { path: log.to_owned(), source })
}

struct Reader<'a> {
    component: &'a str,
    instance: &'a str,
    since: Option<Timestamp>,
    to: mpsc::Sender<LogLine>,
    /// The time of the line before.
    last: Option<Timestamp>,
}

/// A file that is open, and what of it was read so far.
struct Open {
    file: File,
    node: u64,
    lines: Lines,
}

impl Open {
    /// A keeper that could write only half of a line to a full disk takes that half back.
    fn not_beyond_the_end(&mut self) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        if self.file.stream_position()? > end {
            self.file.seek(SeekFrom::Start(end))?;
            self.lines = Lines::default();
        }
        Ok(())
    }
}

impl Reader<'_> {
    async fn stream(&mut self, log: &Path, wanted: &LogWanted) -> io::Result<()> {
        let (files, start) = begin(log, wanted)?;
        let mut open = None;
        for (index, mut file) in files.into_iter().enumerate() {
            if index == 0 {
                file.file.seek(SeekFrom::Start(start))?;
            }
            if !self.read(&mut file).await? {
                return Ok(());
            }
            open = Some(file);
        }
        if wanted.follow { self.follow(log, open).await } else { Ok(()) }
    }

    /// Goes on with what comes, until nobody listens.
    async fn follow(&mut self, log: &Path, mut open: Option<Open>) -> io::Result<()> {
        loop {
            if let Some(file) = &mut open
                && !self.read(file).await?
            {
                return Ok(());
            }
            let Some(file) = next(log, open.as_ref().map(|open| open.node))? else {
                tokio::select! {
                    () = self.to.closed() => return Ok(()),
                    () = tokio::time::sleep(LOOK) => continue,
                }
            };
            // What was written between the last reading and the renaming.
            if let Some(last) = &mut open
                && !self.read(last).await?
            {
                return Ok(());
            }
            open = Some(file);
        }
    }

    /// Sends what there is to the end of a file; says whether somebody still listens.
    async fn read(&mut self, open: &mut Open) -> io::Result<bool> {
        let mut piece = vec![0; PIECE];
        loop {
            let length = match open.file.read(&mut piece) {
                Ok(0) => return open.not_beyond_the_end().map(|()| true),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            for line in open.lines.push(piece.get(..length).unwrap_or_default()) {
                if !self.send(line).await {
                    return Ok(false);
                }
            }
        }
    }

    async fn send(&mut self, line: String) -> bool {
        let (at, text) = stamped(line);
        self.last = at.or(self.last);
        if self.since.is_some_and(|since| self.last.is_some_and(|last| last < since)) {
            return true;
        }
        let (component, instance) = (self.component.to_owned(), self.instance.to_owned());
        self.to.send(LogLine { at: self.last, component, instance, level: None, text }).await.is_ok()
    }
}

/// A keeper puts the time before each line.
fn stamped(line: String) -> (Option<Timestamp>, String) {
    match line.split_once(' ').and_then(|(head, rest)| Some((head.parse().ok()?, rest.to_owned()))) {
        Some((at, rest)) => (Some(at), rest),
        None => (None, line),
    }
}

/// The files that hold what is wanted, the oldest first, and where in the first of them it begins.
fn begin(log: &Path, wanted: &LogWanted) -> io::Result<(Vec<Open>, u64)> {
    let mut files = open_all(log)?;
    if let Some(since) = wanted.since {
        // What was last written to before that holds nothing that is wanted.
        let is_old = |open: &Open| open.file.metadata().is_ok_and(|data| data.mtime() < since.as_second());
        let old = files.iter().take_while(|open| is_old(open)).count();
        files.drain(..old.min(files.len().saturating_sub(1)));
    }
    let Some(mut wanted_lines) = wanted.tail else { return Ok((files, 0)) };
    for index in (0..files.len()).rev() {
        let (start, found) = last_lines(&mut files[index].file, wanted_lines)?;
        wanted_lines -= found;
        if wanted_lines == 0 || index == 0 {
            files.drain(..index);
            return Ok((files, start));
        }
        files[index].file.seek(SeekFrom::Start(0))?;
    }
    Ok((files, 0))
}

/// All files, the oldest first, as they were at one moment: when one was put aside meanwhile, they are opened again.
fn open_all(log: &Path) -> io::Result<Vec<Open>> {
    let paths: Vec<PathBuf> = (1..=KEPT).rev().map(|number| aside(log, number)).chain([log.to_owned()]).collect();
    loop {
        let files = paths.iter().map(|path| open(path)).collect::<io::Result<Vec<_>>>()?;
        let stayed = |(path, file): (&PathBuf, &Option<Open>)| {
            fs::metadata(path).ok().map(|data| data.ino()) == file.as_ref().map(|open| open.node)
        };
        if paths.iter().zip(&files).all(stayed) {
            return Ok(files.into_iter().flatten().collect());
        }
    }
}

/// Where the last lines of a file begin, at most so many, and how many they are.
fn last_lines(file: &mut File, wanted: u64) -> io::Result<(u64, u64)> {
    let mut end = file.metadata()?.len();
    let mut found = 0;
    let mut piece = vec![0; PIECE];
    let mut is_last = true;
    if wanted == 0 {
        return Ok((end, 0));
    }
    while end > 0 {
        let start = end.saturating_sub(PIECE as u64);
        let length = (end - start) as usize;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut piece[..length])?;
        for (offset, byte) in piece[..length].iter().enumerate().rev() {
            // The end of the last line ends no other.
            if *byte == b'\n' && !std::mem::take(&mut is_last) {
                found += 1;
                if found == wanted {
                    return Ok((start + offset as u64 + 1, found));
                }
            }
        }
        end = start;
    }
    Ok((0, found + u64::from(!is_last)))
}

fn open(path: &Path) -> io::Result<Option<Open>> {
    match File::open(path) {
        Ok(file) => {
            let node = file.metadata()?.ino();
            Ok(Some(Open { file, node, lines: Lines::default() }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file that comes after this one, if this one was put aside; the first one when there was none.
fn next(log: &Path, node: Option<u64>) -> io::Result<Option<Open>> {
    let Some(node) = node else { return open(log) };
    let is_that = |path: &PathBuf| fs::metadata(path).is_ok_and(|data| data.ino() == node);
    let paths: Vec<PathBuf> = std::iter::once(log.to_owned()).chain((1..=KEPT).map(|n| aside(log, n))).collect();
    match paths.iter().position(is_that) {
        Some(0) => Ok(None),
        Some(place) => {
            let after = open(&paths[place - 1])?;
            // Renamed between the two looks: the next one finds its place.
            let stayed = is_that(&paths[place]);
            Ok(after.filter(|_| stayed))
        }
        // So many were put aside meanwhile that it is gone: the oldest one that is left is the next.
        None => Ok(paths.iter().rev().find_map(|path| open(path).transpose()).transpose()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
    }

    fn write(path: &Path, numbers: std::ops::Range<i64>) {
        use std::io::Write as _;
        let mut file = File::options().append(true).create(true).open(path).expect("a file");
        for number in numbers {
            let at = Timestamp::from_second(number).expect("a time");
            writeln!(file, "{at} line {number}").expect("written");
        }
    }

    fn read(log: &Path, wanted: &LogWanted) -> Vec<String> {
        runtime().block_on(async {
            let (to, mut from) = mpsc::channel(100_000);
            stream(log, "api", "api.0", wanted, to).await.expect("read");
            let mut lines = Vec::new();
            while let Some(line) = from.recv().await {
                lines.push(line.text);
            }
            lines
        })
    }

    fn rotated() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let log = dir.path().join("log");
        write(&aside(&log, 2), 0..1000);
        write(&aside(&log, 1), 1000..10_000);
        write(&log, 10_000..10_003);
        (dir, log)
    }

    #[test]
    fn all_files_are_one_log_and_the_last_lines_go_over_them() {
        let (_dir, log) = rotated();
        assert_eq!(read(&log, &LogWanted::default()).len(), 10_003);
        for (tail, first, count) in
            [(0, None, 0), (2, Some("line 10001"), 2), (3, Some("line 10000"), 3), (4, Some("line 9999"), 4)]
        {
            let lines = read(&log, &LogWanted { tail: Some(tail), ..LogWanted::default() });
            assert_eq!((lines.first().map(String::as_str), lines.len()), (first, count), "{tail}");
        }
        let most = read(&log, &LogWanted { tail: Some(9500), ..LogWanted::default() });
        assert_eq!((most[0].as_str(), most.len()), ("line 503", 9500));
        let all = read(&log, &LogWanted { tail: Some(1_000_000), ..LogWanted::default() });
        assert_eq!((all[0].as_str(), all.len()), ("line 0", 10_003));
    }

    #[test]
    fn nothing_older_than_wanted_is_sent() {
        let (_dir, log) = rotated();
        let since = Timestamp::from_second(9_998).ok();
        let lines = read(&log, &LogWanted { since, ..LogWanted::default() });
        assert_eq!((lines[0].as_str(), lines.len()), ("line 9998", 5));
    }

    #[test]
    fn what_is_followed_is_followed_over_its_rotation() {
        let dir = tempfile::tempdir().expect("a folder");
        let log = dir.path().join("log");
        write(&log, 0..2);
        runtime().block_on(async {
            let (to, mut from) = mpsc::channel(10);
            let follow = LogWanted { follow: true, ..LogWanted::default() };
            let path = log.clone();
            let reading = tokio::spawn(async move { stream(&path, "api", "api.0", &follow, to).await });
            let mut expect = async |numbers: std::ops::Range<i64>| {
                for number in numbers {
                    let line = tokio::time::timeout(Duration::from_mins(1), from.recv()).await.expect("in time");
                    assert_eq!(line.expect("a line").text, format!("line {number}"));
                }
            };
            expect(0..2).await;
            write(&log, 2..3);
            fs::rename(&log, aside(&log, 1)).expect("renamed");
            write(&log, 3..5);
            expect(2..5).await;
            // Twice between two looks.
            for number in (1..3).rev() {
                fs::rename(aside(&log, number), aside(&log, number + 1)).ok();
            }
            fs::rename(&log, aside(&log, 1)).expect("renamed");
            fs::rename(aside(&log, 2), aside(&log, 3)).expect("renamed");
            fs::rename(aside(&log, 1), aside(&log, 2)).expect("renamed");
            write(&aside(&log, 1), 5..6);
            write(&log, 6..7);
            expect(5..7).await;
            drop(from);
            reading.await.expect("it ends").expect("without an error");
        });
    }

    #[test]
    fn a_log_that_is_not_there_yet_has_no_lines() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(read(&dir.path().join("log"), &LogWanted::default()).is_empty());
    }
}
