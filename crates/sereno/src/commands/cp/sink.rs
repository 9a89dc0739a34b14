//! Where a copied file goes: beside its place under a name of its own until all of it is there, or to standard output.

use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result, unusable};
use rustix::fs::{CWD, RenameFlags};
use sereno_model::{Digest, Digester, Lang};
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What was copied.
#[derive(Debug)]
pub(super) struct Copied {
    pub(super) to: String,
    pub(super) bytes: u64,
    pub(super) digest: Digest,
}

pub(super) struct Sink {
    /// `None` for standard output.
    place: Option<Place>,
    digester: Digester,
    bytes: u64,
}

struct Place {
    path: PathBuf,
    beside: PathBuf,
    file: File,
    force: bool,
    /// It is under its own name.
    is_done: bool,
}

pub(super) fn is_stdout(to: &Path) -> bool {
    to == Path::new("-")
}

impl Sink {
    /// `to` as it was typed; a folder gets the file under its own name.
    pub(super) fn open(to: &Path, source: &str, force: bool) -> Result<Self> {
        let place = if is_stdout(to) { None } else { Some(Place::open(to, source, force)?) };
        Ok(Self { place, digester: Digester::default(), bytes: 0 })
    }

    pub(super) fn shown(&self) -> String {
        self.place.as_ref().map_or_else(|| "-".to_owned(), |place| place.path.display().to_string())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn write(&mut self, piece: &[u8]) -> Result<()> {
        match &mut self.place {
            Some(place) => place.file.write_all(piece).map_err(|error| unusable(Exit::Failed, &place.path, &error))?,
            None => io::stdout().lock().write_all(piece).map_err(|error| stdout_gone(&error))?,
        }
        self.digester.update(piece);
        self.bytes += piece.len() as u64;
        Ok(())
    }

    /// Gives it its name, once it is on the disk.
    pub(super) fn finish(mut self) -> Result<Copied> {
        let to = self.shown();
        match &mut self.place {
            Some(place) => place.finish().map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => there(&place.path),
                _ => unusable(Exit::Failed, &place.path, &error),
            })?,
            None => io::stdout().lock().flush().map_err(|error| stdout_gone(&error))?,
        }
        Ok(Copied { to, bytes: self.bytes, digest: std::mem::take(&mut self.digester).finish() })
    }
}

impl Place {
    fn open(to: &Path, source: &str, force: bool) -> Result<Self> {
        let name = source.trim_end_matches('/').rsplit('/').next().filter(|name| !matches!(*name, "" | "." | ".."));
        let path = match name {
            Some(name) if to.is_dir() => to.join(name),
            _ => to.to_owned(),
        };
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(unusable(Exit::Usage, &path, &io::ErrorKind::IsADirectory.into()));
        };
        // A link that leads nowhere is there too.
        if !force && fs::symlink_metadata(&path).is_ok() {
            return Err(there(&path));
        }
        let beside = path.with_file_name(format!(".{}.sereno-{}", name.to_string_lossy(), std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
        let file = file.map_err(|error| unusable(Exit::Failed, &path, &error))?;
        Ok(Self { path, beside, file, force, is_done: false })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        if self.force {
            fs::rename(&self.beside, &self.path)?;
        } else {
            // Whoever put a file there meanwhile keeps it.
            match rustix::fs::renameat_with(CWD, &self.beside, CWD, &self.path, RenameFlags::NOREPLACE) {
                // A file system that does not know how to.
                Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                    fs::hard_link(&self.beside, &self.path)?;
                    fs::remove_file(&self.beside)?;
                }
                done => done?,
            }
        }
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_done {
            // Half a file is none. One that cannot be taken away has a name that says what it is.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

fn there(path: &Path) -> Failure {
    let name = path.display();
    Failure::new(Exit::Refused, format!("{name} is there already"), format!("{name} ya existe"))
        .hint("--force writes over it", "--force escribe encima")
}

fn stdout_gone(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("standard output: {error}"), format!("la salida estándar: {error}"))
}

/// Says how much has come, to a person who has waited for a second.
pub(super) struct Progress {
    begun: Instant,
    last: Option<Instant>,
    lang: Lang,
    is_seen: bool,
}

impl Progress {
    pub(super) fn new(lang: Lang) -> Self {
        Self { begun: Instant::now(), last: None, lang, is_seen: io::stderr().is_terminal() }
    }

    pub(super) fn at(&mut self, bytes: u64) {
        const PACE: Duration = Duration::from_secs(1);
        let is_due = self.last.unwrap_or(self.begun).elapsed() >= PACE;
        if !self.is_seen || !is_due {
            return;
        }
        self.last = Some(Instant::now());
        let rate = crate::commands::status::size((bytes as f64 / self.begun.elapsed().as_secs_f64()) as u64);
        let so_far = crate::commands::status::size(bytes);
        let word = if self.lang == Lang::Es { "copiados" } else { "copied" };
        // Nothing can be told about a stderr that is gone.
        let _ = write!(io::stderr(), "\r{so_far} {word}, {rate}/s   ");
    }

    pub(super) fn end(&self) {
        if self.last.is_some() {
            output::say("");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).expect("a folder").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_gets_its_name_when_all_of_it_is_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut sink = Sink::open(dir.path(), "/var/log/app.log", false).expect("opened");
        sink.write(b"half").expect("written");
        assert!(!dir.path().join("app.log").exists());
        let done = sink.finish().expect("finished");
        assert_eq!((done.bytes, done.digest), (4, Digest::of("half")));
        assert_eq!(names(dir.path()), ["app.log"]);
        let mode = fs::metadata(dir.path().join("app.log")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_there_stays_and_half_a_file_is_none() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("x");
        let mut sink = Sink::open(&path, "/x", false).expect("opened");
        sink.write(b"new").expect("written");
        fs::write(&path, "somebody's").expect("written");
        assert_eq!(sink.finish().expect_err("refused").exit, Exit::Refused, "it came meanwhile");
        assert!(Sink::open(&path, "/x", false).is_err());
        drop(Sink::open(&path, "/x", true).expect("opened"));
        assert_eq!(
            (names(dir.path()), fs::read_to_string(&path).expect("read")),
            (vec!["x".to_owned()], "somebody's".to_owned())
        );
        let mut forced = Sink::open(&path, "/x", true).expect("opened");
        forced.write(b"new").expect("written");
        forced.finish().expect("finished");
        assert_eq!(fs::read_to_string(&path).expect("read"), "new");
        assert!(Sink::open(&dir.path().join("no/where"), "/x", false).is_err());
        assert!(Sink::open(dir.path(), "/", false).is_err());
    }
}
