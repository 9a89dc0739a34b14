//! Starting runners, and handing a runner that is done its next step.
//!
//! A runner's standard input is one end of a socket. Each message on it is one step: the step's directory, and with it
//! the step's lock, already held, and its spec, in memory: it may hold secrets. A message in flight keeps the lock held, so there is no moment between Sereno's start of a
//! step and the runner's own hold on it. When the socket closes (Sereno ended, or keeps this runner no longer), the runner ends
//! after the step it is at. A runner that has something to stay for, a process left in the background, closes its own end,
//! and the next step gets another.

use super::error::SessionError;
use super::files::StepFiles;
use super::handle::{self, RunnerHandle};
use super::runner::RUNNER_COMMAND;
use super::spec::StepSpec;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::MemfdFlags;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Seek as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Longer than any path that the kernel takes.
const LONGEST_PATH: usize = 4096 + 1;

/// Starts runners for the steps of one walk, as `exe __step-runner DIR`, and keeps the last one for the next step.
///
/// Pass `/proc/self/exe` as `exe` to start the very program that is running, even if its file was replaced since.
#[derive(Debug)]
pub struct Runners {
    exe: PathBuf,
    ready: Option<Ready>,
}

/// A runner that may take another step.
#[derive(Debug)]
struct Ready {
    socket: OwnedFd,
    child: Child,
}

impl Runners {
    pub fn new(exe: impl Into<PathBuf>) -> Self {
        Self { exe: exe.into(), ready: None }
    }

    /// Starts a step. It goes on when this process ends, however it ends.
    pub fn start(&mut self, spec: &StepSpec) -> Result<RunnerHandle, SessionError> {
        self.start_with(spec, Stdio::null())
    }

    /// `output` is the new runner's standard output: a terminal that it is lent.
    pub(super) fn start_with(&mut self, spec: &StepSpec, output: Stdio) -> Result<RunnerHandle, SessionError> {
        let (spec, files, lock) = handle::prepare(spec)?;
        let step = Step { dir: files.dir(), lock: &lock, spec: in_memory(&spec)? };
        // A step that begins a session brings its own environment, which a running process cannot be given.
        if spec.state_in.is_some()
            && let Some(ready) = &self.ready
            && step.send(&ready.socket).is_ok()
        {
            return Ok(RunnerHandle::new(files, 0));
        }
        self.retire();
        self.ready = Some(spawn(&self.exe, &spec, &step, output)?);
        Ok(RunnerHandle::new(files, 0))
    }

    /// Lets go of the runner that was kept: it ends when its step has.
    fn retire(&mut self) {
        if let Some(Ready { socket, child }) = self.ready.take() {
            drop(socket);
            retired().push(child);
        }
    }
}

impl Drop for Runners {
    fn drop(&mut self) {
        self.retire();
    }
}

/// Runners that nobody holds any more and that may still be at work. Each is buried when a later one is started.
fn retired() -> std::sync::MutexGuard<'static, Vec<Child>> {
    static RETIRED: Mutex<Vec<Child>> = Mutex::new(Vec::new());
    RETIRED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(exe: &Path, spec: &StepSpec, step: &Step<'_>, output: Stdio) -> Result<Ready, SessionError> {
    retired().retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    let failed = |source: io::Error| SessionError::Runner { exe: exe.to_owned(), source };
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .map_err(|error| failed(error.into()))?;
    step.send(&ours).map_err(failed)?;
    let child = Command::new(exe)
        .arg(RUNNER_COMMAND)
        .arg(step.dir)
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::from(theirs))
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    Ok(Ready { socket: ours, child })
}

/// A step as it is handed over.
struct Step<'a> {
    dir: &'a Path,
    lock: &'a File,
    spec: File,
}

impl Step<'_> {
    fn send(&self, socket: &OwnedFd) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let handed = [self.lock.as_fd(), self.spec.as_fd()];
        if !control.push(SendAncillaryMessage::ScmRights(&handed)) {
            return Err(io::Error::other("no room for the lock"));
        }
        sendmsg(socket, &[IoSlice::new(self.dir.as_os_str().as_bytes())], &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

fn in_memory(spec: &StepSpec) -> Result<File, SessionError> {
    let malformed = |source| SessionError::Malformed { path: spec.dir.clone(), source };
    let mut file = memory("step").map_err(SessionError::file("hand over", &spec.dir))?;
    let bytes = serde_json::to_vec(spec).map_err(malformed)?;
    file.write_all(&bytes).map_err(SessionError::file("hand over", &spec.dir))?;
    Ok(file)
}

/// A file that is in memory alone, and gone with the last process that has it open.
pub(super) fn memory(name: &str) -> io::Result<File> {
    Ok(File::from(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?))
}

/// A step as the runner has it.
pub(super) struct Handed {
    pub(super) files: StepFiles,
    pub(super) lock: File,
    pub(super) spec: StepSpec,
}

/// The runner's end of the socket.
#[derive(Debug)]
pub(super) struct Requests(OwnedFd);

impl Requests {
    /// It came as standard input; it must not stay there, where it could be inherited.
    pub(super) fn from_stdin() -> io::Result<Self> {
        let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        Ok(Self(socket))
    }

    /// The next step; `None` when no more will come.
    pub(super) fn next(&self) -> io::Result<Option<Handed>> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut path = [0; LONGEST_PATH];
        let length = loop {
            match recvmsg(&self.0, &mut [IoSliceMut::new(&mut path)], &mut control, RecvFlags::CMSG_CLOEXEC) {
                Ok(received) => break received.bytes,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        };
        if length == 0 {
            return Ok(None);
        }
        let mut handed = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files.map(File::from)),
            _ => None,
        });
        let mut handed = handed.next().ok_or_else(not_ours)?;
        let (lock, mut spec) = (handed.next().ok_or_else(not_ours)?, handed.next().ok_or_else(not_ours)?);
        let files = StepFiles::new(OsStr::from_bytes(path.get(..length).unwrap_or_default()));
        let (held, named) = (rustix::fs::fstat(&lock)?, rustix::fs::stat(files.runner())?);
        if (held.st_dev, held.st_ino) != (named.st_dev, named.st_ino) {
            return Err(not_ours());
        }
        spec.rewind()?;
        let spec = serde_json::from_reader(io::BufReader::new(spec))?;
        Ok(Some(Handed { files, lock, spec }))
    }

    /// Another handle of the socket, which tells when the Sereno that asked is gone.
    pub(super) fn watched(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }

    /// Whether the Sereno that asked is still there, to write into its journal what it learns.
    pub(super) fn is_watched(&self) -> bool {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut fds, Some(&at_once)).is_ok() && !fds[0].revents().contains(PollFlags::HUP)
    }
}

fn not_ours() -> io::Error {
    io::Error::other("a runner is started by Sereno only")
}
