//! Watching a step's directory for what others leave in it.

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A watch on a directory.
///
/// The kernel's instance behind it is used again for the next one: closing an instance waits for a grace period of the
/// kernel, which takes longer than a quick step.
#[derive(Debug)]
pub(super) struct DirWatch {
    instance: Arc<OwnedFd>,
    watched: i32,
}

/// Instances that watch nothing.
fn idle() -> MutexGuard<'static, Vec<Arc<OwnedFd>>> {
    static IDLE: Mutex<Vec<Arc<OwnedFd>>> = Mutex::new(Vec::new());
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

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
        let used = idle().pop();
        let instance = match used {
            Some(instance) => instance,
            None => Arc::new(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?),
        };
        let watched = inotify::add_watch(&instance, dir, what)?;
        Ok(Self { instance, watched })
    }

    /// Takes all events that are there, and tells whether the file of that name was closed by its writer.
    pub(super) fn drain(&self, name: &str) -> io::Result<bool> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(self, &mut buffer);
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

impl Drop for DirWatch {
    fn drop(&mut self) {
        // One that may still tell of this directory is of no use to the next.
        if inotify::remove_watch(&self.instance, self.watched).is_ok() && self.drain("").is_ok() {
            idle().push(Arc::clone(&self.instance));
        }
    }
}

impl AsFd for DirWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.instance.as_fd()
    }
}
