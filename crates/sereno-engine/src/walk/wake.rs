//! Being woken when another process on this machine wrote something about a run.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

/// A watch on a folder, from the moment it was made.
#[derive(Debug)]
pub(super) struct Wake {
    inotify: OwnedFd,
}

impl Wake {
    pub(super) fn on(folder: &Path) -> io::Result<Self> {
        let inotify = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        add_watch(&inotify, folder, WatchFlags::CREATE | WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO)?;
        Ok(Self { inotify })
    }

    /// Waits until something in the folder was written, at most so long.
    pub(super) fn wait(&self, at_most: Duration) -> io::Result<()> {
        let timeout = Timespec::try_from(at_most).map_err(|_| io::ErrorKind::InvalidInput)?;
        match poll(&mut [PollFd::new(&self.inotify, PollFlags::IN)], Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
