//! The folder of an instance: what its keeper is told, what it says, and who holds it.

use super::order::Order;
use super::state::State;
use crate::PlatformError;
use rustix::fs::{CWD, FileType, FlockOperation, Mode, OFlags};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The folder of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    path: PathBuf,
}

/// Held by a keeper as long as it lives: the kernel lets go of it however the keeper ends.
#[derive(Debug)]
pub(super) struct Held {
    _file: File,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The lines that the program writes; `.1` and so on are the older ones.
    pub(super) fn log(&self) -> PathBuf {
        self.file("log")
    }

    /// What a keeper that could not begin has said.
    pub(super) fn complaint(&self) -> PathBuf {
        self.file("keeper.err")
    }

    /// Makes it, for its owner alone.
    pub(super) fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        match rustix::fs::mknodat(CWD, self.wake(), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The keeper's lock; `None` when another holds it.
    pub(super) fn hold(&self) -> io::Result<Option<Held>> {
        let file = private(&self.file("lock"))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Held { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a keeper holds it. Asked in a way that is in no keeper's way for longer than the asking.
    pub(super) fn is_held(&self) -> bool {
        let Ok(file) = File::open(self.file("lock")) else { return false };
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
    }

    /// Held while an order is numbered and written, so that no two have one number.
    pub(super) fn ordering(&self) -> io::Result<Held> {
        let file = private(&self.file("order.lock"))?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
        Ok(Held { _file: file })
    }

    pub(super) fn read_order(&self) -> Result<Option<Order>, PlatformError> {
        read(&self.file("order.json"))
    }

    pub(super) fn write_order(&self, order: &Order) -> Result<(), PlatformError> {
        let path = self.file("order.json");
        write(&path, order).map_err(|source| PlatformError::File { path, source })
    }

    pub(super) fn read_state(&self) -> Result<Option<State>, PlatformError> {
        read(&self.file("state.json"))
    }

    pub(super) fn write_state(&self, state: &State) -> io::Result<()> {
        write(&self.file("state.json"), state)
    }

    /// What the keeper is woken by. Open for both, so that it never ends while nobody writes.
    pub(super) fn listen(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(rustix::fs::open(self.wake(), flags, Mode::empty())?)
    }

    /// Wakes the keeper. One that misses it looks by itself before long.
    pub(super) fn ring(&self) {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        if let Ok(pipe) = rustix::fs::open(self.wake(), flags, Mode::empty()) {
            // Full means that it is about to wake.
            let _ = rustix::io::write(&pipe, b".");
        }
    }

    fn wake(&self) -> PathBuf {
        self.file("wake")
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// A file that is there whole or not at all. One that is not what was written by [`write`] is an error, never a guess.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, PlatformError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(PlatformError::File { path: path.to_owned(), source }),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| PlatformError::Unreadable { file: path.display().to_string(), why: error.to_string() })
}

/// Replaces a file at once, and durably: by another name, and renamed.
fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_state_is_told_and_not_trusted() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(dir.path().join("api.0"));
        folder.create().expect("made");
        assert!(folder.read_state().expect("nothing is no error").is_none());
        folder.write_state(&State::default()).expect("written");
        assert_eq!(folder.read_state().expect("read"), Some(State::default()));
        let whole = fs::read(folder.file("state.json")).expect("read");
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(folder.file("state.json"), &whole[..length]).expect("written");
            let error = folder.read_state().expect_err("it is torn");
            assert!(error.to_string().contains("state.json"), "{error}");
        }
    }

    #[test]
    fn a_folder_has_one_keeper_and_tells_whether_it_has_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(dir.path().join("api.0"));
        assert!(!folder.is_held());
        folder.create().expect("made");
        let held = folder.hold().expect("asked").expect("free");
        assert!(folder.is_held());
        assert!(folder.hold().expect("asked").is_none());
        drop(held);
        assert!(!folder.is_held());
    }
}
