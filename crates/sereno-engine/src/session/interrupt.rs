//! Watching a step's directory for what others leave in it.

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// A watch on a directory.
#[derive(Debug)]
pub(super) struct DirWatch(OwnedFd);

impl DirWatch {
    /// Told of files that appear.
    pub(super) fn for_new_files(dir: &Path) -> io::Result<Self> {
        Self::new(dir, WatchFlags::CREATE | WatchFlags::MOVED_TO)
    }

    /// Told of files that appear, grow, or are closed by their writer.
    pub(super) fn for_all(dir: &Path) -> io::Result<Self> {
        Self::new(dir, WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE)
    }

    fn new(dir: &Path, what: WatchFlags) -> io::Result<Self> {
        let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        inotify::add_watch(&watch, dir, what)?;
        Ok(Self(watch))
    }

    /// Takes all events that are there, and tells whether the file of that name was closed by its writer.
    pub(super) fn drain(&self, name: &str) -> io::Result<bool> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        let mut closed = false;
        loop {
            match reader.next() {
                Ok(event) => {
                    let named = event.file_name().is_some_and(|file| file.to_bytes() == name.as_bytes());
                    // After an overflow anything may have happened.
                    closed |= (named && event.events().contains(ReadFlags::CLOSE_WRITE))
                        || event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                }
                Err(Errno::AGAIN) => return Ok(closed),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for DirWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
