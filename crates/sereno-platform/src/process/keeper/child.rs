//! The program that is kept: its start, its output, and its end with all that it started.

use super::super::files::Folder;
use super::super::proc::{self, Identity};
use super::super::spec::Spec;
use super::super::state::State;
use super::log::Streams;
use crate::{ExitReason, LastExit};
use rustix::process::{Pid, PidfdFlags, Signal};
use sereno_model::Text;
use sereno_model::settings::process::StopSignal;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often what is being ended is searched for what is left of it: a process that was forked between the search and the
/// signal to its parent has heard nothing.
const SEARCH: Duration = Duration::from_millis(100);

/// How much output is taken at once, so that a program that never stops writing is not all that is looked at.
const PIECE: usize = 64 * 1024;
/// More than a pipe holds.
const MOST_PIECES: usize = 64;

/// A running program.
pub(super) struct Child {
    pub(super) identity: Identity,
    pub(super) handle: OwnedFd,
    pub(super) spec: Spec,
    pub(super) begun: Instant,
    pipes: Pipes,
    /// What the kernel had ended for lack of memory when it began.
    oom_kills: Option<u64>,
}

trait Source: Read + AsFd {}
impl<T: Read + AsFd> Source for T {}

/// Its standard output and standard error, as long as each is open.
type Pipes = [Option<Box<dyn Source>>; 2];

impl Child {
    /// Starts it in a group of its own, with nothing of this process's environment; or says in the system's own words why not.
    pub(super) fn start(spec: Spec) -> Result<Self, String> {
        if !spec.directory.is_dir() {
            let error = io::Error::from(rustix::io::Errno::NOENT);
            return Err(format!("{}: {}", spec.directory.display(), plain(&error)));
        }
        let (program, arguments) = spec.command.split_first().ok_or("no command")?;
        let oom_kills = proc::oom_kills();
        let failed = |error: io::Error| format!("{program}: {}", plain(&error));
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(&spec.environment)
            .current_dir(&spec.directory)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let taken = Self::watch(&mut child);
        let (identity, handle, pipes) = taken.map_err(|error| {
            // One that cannot be watched must not run.
            let _ = child.kill().and_then(|()| child.wait());
            failed(error)
        })?;
        Ok(Self { identity, handle, spec, begun: Instant::now(), pipes, oom_kills })
    }

    fn watch(child: &mut std::process::Child) -> io::Result<(Identity, OwnedFd, Pipes)> {
        // It is this process's child and not buried yet: its number is its own.
        let pid = child.id() as i32;
        let raw = Pid::from_raw(pid).ok_or(rustix::io::Errno::SRCH)?;
        let handle = rustix::process::pidfd_open(raw, PidfdFlags::empty())?;
        let identity = Identity::of(pid).ok_or_else(|| io::Error::other("/proc does not show it"))?;
        let mut pipes: Pipes = [None, None];
        if let Some(stdout) = child.stdout.take() {
            rustix::io::ioctl_fionbio(&stdout, true)?;
            pipes[0] = Some(Box::new(stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            rustix::io::ioctl_fionbio(&stderr, true)?;
            pipes[1] = Some(Box::new(stderr));
        }
        Ok((identity, handle, pipes))
    }

    pub(super) fn pipes(&self) -> impl Iterator<Item = (usize, BorrowedFd<'_>)> {
        self.pipes.iter().enumerate().filter_map(|(stream, pipe)| Some((stream, pipe.as_ref()?.as_fd())))
    }

    /// Takes one piece, and says whether there was one; there is more when `poll` says so again.
    pub(super) fn read(&mut self, stream: usize, streams: &mut Streams, lines: &mut Vec<String>) -> bool {
        let Some(pipe) = self.pipes.get_mut(stream) else { return false };
        let Some(open) = pipe else { return false };
        let mut buffer = vec![0; PIECE];
        match open.read(&mut buffer) {
            Ok(length @ 1..) => {
                lines.extend(streams.push(stream, buffer.get(..length).unwrap_or_default()));
                true
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => false,
            // Closed, or broken, which is the end of it too.
            Ok(0) | Err(_) => {
                *pipe = None;
                false
            }
        }
    }

    /// What is still in the pipes after its end. What others that hold them go on to say is not waited for.
    pub(super) fn drain(&mut self, streams: &mut Streams) -> Vec<String> {
        let mut lines = Vec::new();
        for stream in 0..self.pipes.len() {
            let mut left = MOST_PIECES;
            while left > 0 && self.read(stream, streams, &mut lines) {
                left -= 1;
            }
        }
        lines.extend(streams.rest());
        lines
    }

    /// What is worth knowing about an end that nobody ordered.
    pub(super) fn remark(&self, exit: &LastExit, left_others: bool) -> Option<Text> {
        if left_others && exit.reason == ExitReason::Completed {
            return Some(Text::new(
                "it ended and left others in the background, which were ended: its command must stay in the foreground",
                "terminó y dejó otros en segundo plano, que se terminaron: su comando debe quedarse en primer plano",
            ));
        }
        let more = proc::oom_kills().zip(self.oom_kills).is_some_and(|(now, before)| now > before);
        let was_short = exit.reason == ExitReason::Signal(9) && more;
        was_short.then(|| {
            Text::new(
                "the kernel ended processes of this machine for lack of memory meanwhile",
                "mientras tanto el kernel terminó procesos de esta máquina por falta de memoria",
            )
        })
    }
}

/// An error of the operating system in its own words, without its number.
fn plain(error: &io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

/// What runs of an instance although its keeper is gone.
pub(super) fn left_behind(folder: &Folder, state: &State) -> Vec<Identity> {
    let all = proc::all();
    let mut left = proc::marked(&folder.path().display().to_string(), &all);
    if state.boot_id == proc::boot_id()
        && let Some(child) = state.child.clone().filter(Identity::is_alive)
        && !left.contains(&child)
    {
        left.push(child);
    }
    left
}

/// A program that is being ended: asked at first, killed after its time.
pub(super) struct Ending {
    signal: Signal,
    until: Instant,
    search: Instant,
    /// Whoever heard this signal: each hears it once.
    asked: Vec<Identity>,
    /// They were started by an earlier keeper, and are not below this one.
    are_others: bool,
}

impl Ending {
    pub(super) fn new(signal: StopSignal, seconds: u64) -> Self {
        let now = Instant::now();
        // A time beyond what the clock holds is as good as never.
        let until = now.checked_add(Duration::from_secs(seconds)).unwrap_or(now + Duration::from_hours(24));
        Self { signal: raw(signal), until, search: now, asked: Vec::new(), are_others: false }
    }

    pub(super) fn of_others(seconds: u64) -> Self {
        Self { are_others: true, ..Self::new(StopSignal::Term, seconds) }
    }

    pub(super) fn next_look(&self) -> Instant {
        self.search.min(self.until)
    }

    /// Signals whoever has not heard it; says whether nothing is left.
    pub(super) fn go_on(&mut self, folder: &Folder, child: Option<&Child>) -> bool {
        let now = Instant::now();
        if now >= self.until && self.signal != Signal::KILL {
            self.signal = Signal::KILL;
            self.asked.clear();
            self.search = now;
        }
        if now < self.search && child.is_some() {
            return false;
        }
        self.search = now + SEARCH;
        let all = proc::all();
        let mut left = proc::descendants(std::process::id() as i32, &all);
        if self.are_others {
            let marked = proc::marked(&folder.path().display().to_string(), &all);
            left.extend(marked.into_iter().filter(|one| one.pid != std::process::id() as i32));
        }
        for process in &left {
            if !self.asked.contains(process) {
                process.signal(self.signal);
                // A stopped process hears no signal before it goes on.
                process.signal(Signal::CONT);
                self.asked.push(process.clone());
            }
        }
        if self.signal == Signal::KILL {
            self.until = now + SEARCH;
        }
        left.is_empty() && child.is_none()
    }
}

fn raw(signal: StopSignal) -> Signal {
    match signal {
        StopSignal::Term => Signal::TERM,
        StopSignal::Int => Signal::INT,
        StopSignal::Quit => Signal::QUIT,
        StopSignal::Hup => Signal::HUP,
        StopSignal::Usr1 => Signal::USR1,
        StopSignal::Usr2 => Signal::USR2,
        StopSignal::Kill => Signal::KILL,
    }
}
