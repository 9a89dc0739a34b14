//! Following a step through its directory, woken by the kernel.

use super::error::SessionError;
use super::files::{RUNNER, StepFiles};
use super::frames::Stream;
use super::handle::Status;
use super::interrupt::DirWatch;
use super::processes;
use super::reader::OutputReader;
use super::result::{Ended, Lost, StepResult};
use super::runner::RunnerFile;
use rustix::event::{PollFd, PollFlags};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::fs::File;
use std::io;

/// Gives the output as it comes, until there is a result or the runner is gone without one.
pub(super) fn to_the_end(
    files: &StepFiles,
    reader: &mut OutputReader,
    on_output: &mut impl FnMut(Stream, &[u8]),
) -> Result<Ended, SessionError> {
    // Watching starts before the first look, so that nothing can happen in between unseen. Where the kernel has no
    // watch left to give, the end is still awaited on the lock; only the output comes at once.
    let watch = DirWatch::for_all(files.dir()).ok();
    loop {
        let status = status(files)?;
        reader
            .read(|stream, _, bytes| on_output(stream, bytes))
            .map_err(SessionError::file("read", &files.output()))?;
        match status {
            Status::Finished(result) => return Ok(Ended::Finished(result)),
            Status::Lost(lost) => return Ok(Ended::Lost(lost)),
            Status::Absent => {
                return Ok(Ended::Lost(Lost { began: false, survivors: Vec::new() }));
            }
            Status::Running => {}
        }
        match &watch {
            Some(watch) => {
                if wait_for(watch).map_err(SessionError::file("watch", files.dir()))? {
                    wait_for_release(files)?;
                }
            }
            None => wait_for_release(files)?,
        }
    }
}

pub(super) fn status(files: &StepFiles) -> Result<Status, SessionError> {
    if let Some(result) = read_result(files)? {
        return Ok(Status::Finished(Box::new(result)));
    }
    if !try_lock(files, FlockOperation::NonBlockingLockShared)? {
        return Ok(if files.runner().exists() { Status::Running } else { Status::Absent });
    }
    // The runner may have ended properly between the two looks.
    match read_result(files)? {
        Some(result) => Ok(Status::Finished(Box::new(result))),
        None => Ok(Status::Lost(lost(files)?)),
    }
}

/// `None` when there is none, or when a power cut left only its name: then nobody knows how the step ended.
fn read_result(files: &StepFiles) -> Result<Option<StepResult>, SessionError> {
    let path = files.result();
    match std::fs::read(&path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SessionError::file("read", &path)(error)),
    }
}

fn lost(files: &StepFiles) -> Result<Lost, SessionError> {
    let path = files.runner();
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Lost { began: false, survivors: Vec::new() });
        }
        Err(error) => return Err(SessionError::file("read", &path)(error)),
    };
    if bytes.is_empty() {
        return Ok(Lost { began: false, survivors: Vec::new() });
    }
    let survivors = match serde_json::from_slice::<RunnerFile>(&bytes) {
        Ok(runner) if runner.boot_id == processes::boot_id() => processes::of_step(runner.pid, files.dir()),
        _ => Vec::new(),
    };
    Ok(Lost { began: true, survivors })
}

/// Waits for anything to happen in the directory, and tells whether the runner let go of the lock.
fn wait_for(watch: &DirWatch) -> io::Result<bool> {
    let mut fds = [PollFd::new(watch, PollFlags::IN)];
    match rustix::event::poll(&mut fds, None) {
        Ok(_) | Err(Errno::INTR) => watch.drain(RUNNER),
        Err(error) => Err(error.into()),
    }
}

/// The kernel tells of the lock file's closing a moment before it releases the lock; this waits for the release.
fn wait_for_release(files: &StepFiles) -> Result<(), SessionError> {
    try_lock(files, FlockOperation::LockShared).map(drop)
}

fn try_lock(files: &StepFiles, how: FlockOperation) -> Result<bool, SessionError> {
    let path = files.runner();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(SessionError::file("open", &path)(error)),
    };
    loop {
        match rustix::fs::flock(&file, how) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(SessionError::file("lock", &path)(error.into())),
        }
    }
}
