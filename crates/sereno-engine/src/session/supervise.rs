//! Watching one bash from its start to its end: its output, its time, and whoever asks for its end.
//!
//! One thread, one `poll`: everything awaited is a file descriptor (pipes, process handles, the directory's watch), and
//! the only timeouts are the step's own.

use super::files::StepFiles;
use super::frames::Stream;
use super::interrupt::DirWatch;
use super::output::OutputWriter;
use super::processes::{self, Process};
use super::redact::Redaction;
use super::spec::StepSpec;
use super::terminal::{Awaited, LOOK_AT_SIZE, Relay};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// Between asking a step to end and making it.
const GRACE: Duration = Duration::from_secs(5);
/// How often a step that is being ended is searched for processes that it started meanwhile: one that was forked between
/// the search and the signal to its parent has heard nothing, and its parent may wait for it.
const SEARCH: Duration = Duration::from_millis(100);
/// How long a process that was killed may take to be gone.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How long what the step started may still write after bash's end (`> >(tee log)`) and be part of its output.
const STRAGGLERS: Duration = Duration::from_millis(300);
/// How often the request to cancel is looked for where the kernel cannot tell of it.
const WITHOUT_WATCH: Duration = Duration::from_secs(1);

/// Why a step was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Timeout,
    Followed,
    Cancelled,
    /// The person's terminal is gone.
    HungUp,
}

/// What the supervisor saw.
pub(super) struct Verdict {
    pub(super) status: ExitStatus,
    pub(super) cause: Option<Cause>,
    pub(super) background: Vec<Process>,
    pub(super) survivors: Vec<Process>,
    pub(super) duration: Duration,
    /// The resource limits that bash ended with.
    pub(super) limits: Vec<u8>,
}

pub(super) struct Supervisor {
    files: StepFiles,
    child: Child,
    handle: OwnedFd,
    status: Option<ExitStatus>,
    limits: Vec<u8>,
    pipes: Vec<(Stream, Box<dyn Source>)>,
    /// The person's terminal, of a step that has it. Kept to the end: this process is of the step's terminal too, and would
    /// hear that it hangs up.
    relay: Option<Relay>,
    watch: Option<DirWatch>,
    started: Instant,
    /// When the step is to be ended, and why.
    limit: Option<(Instant, Cause)>,
    ending: Option<Ending>,
    redaction: Redaction,
    output: OutputWriter,
    buffer: Vec<u8>,
}

/// A step that is being ended.
struct Ending {
    cause: Cause,
    signal: Signal,
    /// When the next, harder measure is taken.
    until: Instant,
    /// When it is searched for new processes, even if others still have to end.
    search: Instant,
    /// Who heard this signal: each hears it once, so that a `trap … TERM` does not run twice.
    asked: Vec<Process>,
    waiting: Vec<OwnedFd>,
}

trait Source: Read + AsFd {}
impl<T: Read + AsFd> Source for T {}

/// What became ready.
#[derive(Default)]
struct Ready {
    pipes: Vec<Stream>,
    bash: bool,
    others: Vec<usize>,
    relay: Vec<Awaited>,
}

impl Supervisor {
    pub(super) fn new(files: StepFiles, mut child: Child, spec: &StepSpec, redaction: Redaction) -> io::Result<Self> {
        let started = Instant::now();
        let pid = Pid::from_raw(child.id() as i32).ok_or_else(|| io::Error::other("a process without a number"))?;
        let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        let mut pipes: Vec<(Stream, Box<dyn Source>)> = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            rustix::io::ioctl_fionbio(&stdout, true)?;
            pipes.push((Stream::Stdout, Box::new(stdout)));
        }
        if let Some(stderr) = child.stderr.take() {
            rustix::io::ioctl_fionbio(&stderr, true)?;
            pipes.push((Stream::Stderr, Box::new(stderr)));
        }
        let limits = [(spec.timeout, Cause::Timeout), (spec.follow, Cause::Followed)];
        let limit = limits.into_iter().filter_map(|(after, cause)| Some((started.checked_add(after?)?, cause)));
        Ok(Self {
            child,
            handle,
            status: None,
            limits: Vec::new(),
            pipes,
            relay: None,
            watch: DirWatch::for_new_files(files.dir()).ok(),
            started,
            limit: limit.min_by_key(|(at, _)| *at),
            ending: None,
            redaction,
            output: OutputWriter::new(files.output()),
            buffer: vec![0; 64 * 1024],
            files,
        })
    }

    /// The same, at a person's terminal.
    pub(super) fn at(mut self, relay: Relay) -> io::Result<Self> {
        self.pipes.push((Stream::Stdout, Box::new(relay.output()?)));
        self.relay = Some(relay);
        Ok(self)
    }

    pub(super) fn output(&self) -> &OutputWriter {
        &self.output
    }

    /// To the end of the step, whatever ends it.
    pub(super) fn run(&mut self) -> io::Result<Verdict> {
        while !self.is_over()? {
            let wait = self.next_wait();
            let ready = self.wait(wait)?;
            self.take_output(&ready.pipes)?;
            self.pass_on(&ready.relay)?;
            if ready.bash {
                // It is dead and not buried yet, so that these are still its own.
                self.limits = std::fs::read(format!("/proc/{}/limits", self.child.id())).unwrap_or_default();
                self.status = Some(self.child.wait()?);
            }
            if let Some(ending) = &mut self.ending {
                for index in ready.others.into_iter().rev() {
                    ending.waiting.swap_remove(index);
                }
            }
            self.look_for_cause();
        }
        let duration = self.started.elapsed();
        self.take_stragglers()?;
        // From here on the terminal is Sereno's again, whoever goes on in the background.
        if let Some(relay) = &mut self.relay {
            relay.close();
        }
        let millis = self.millis();
        for (stream, bytes) in self.redaction.finish() {
            self.output.append(stream, millis, &bytes);
        }
        let alive = left()?;
        let (background, survivors) = if self.ending.is_some() { (Vec::new(), alive) } else { (alive, Vec::new()) };
        let status = match self.status {
            Some(status) => status,
            None => self.child.wait()?,
        };
        let (cause, limits) = (self.ending.as_ref().map(|ending| ending.cause), std::mem::take(&mut self.limits));
        Ok(Verdict { status, cause, background, survivors, duration, limits })
    }

    /// Whether nothing is left that this process would have to stay for. Asked after the step's end.
    pub(super) fn is_alone(&self) -> bool {
        self.pipes.is_empty() && matches!(others_remain(), Ok(false))
    }

    /// After the result: takes what processes in the background go on to say, so that writing does not end them, until
    /// they close their output or someone asks for their end.
    pub(super) fn linger(mut self) -> io::Result<()> {
        if self.pipes.is_empty() {
            return Ok(());
        }
        self.output = OutputWriter::new(self.files.background());
        self.limit = None;
        self.ending = None;
        while !self.pipes.is_empty() {
            let ready = self.wait(self.cancel_poll())?;
            self.take_output(&ready.pipes)?;
            if self.files.cancel().exists() {
                for process in processes::descendants() {
                    let _ = processes::signal(&process, Signal::KILL);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    fn millis(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Over when bash has ended, and, if it was made to, when nothing of it is left or nothing more can be done.
    fn is_over(&mut self) -> io::Result<bool> {
        let Some(ending) = &mut self.ending else {
            return Ok(self.status.is_some());
        };
        let now = Instant::now();
        if now >= ending.until {
            if ending.signal == Signal::KILL {
                return Ok(true);
            }
            ending.signal = Signal::KILL;
            ending.until = now + LAST_WAIT;
            ending.waiting.clear();
            ending.asked.clear();
        }
        if !ending.waiting.is_empty() && now < ending.search {
            return Ok(false);
        }
        if self.status.is_some() && !others_remain()? {
            return Ok(true);
        }
        // Others may have been started meanwhile, and those whose parents ended are this process's children now.
        ending.search = now + SEARCH;
        for process in processes::descendants() {
            if ending.asked.contains(&process) {
                continue;
            }
            if let Some(handle) = processes::signal(&process, ending.signal) {
                // A stopped process sees no signal before it goes on.
                let _ = rustix::process::pidfd_send_signal(&handle, Signal::CONT);
                ending.waiting.push(handle);
                ending.asked.push(process);
            }
        }
        Ok(false)
    }

    /// Whether the step has to be ended now.
    fn look_for_cause(&mut self) {
        if self.ending.is_some() || self.status.is_some() {
            return;
        }
        let now = Instant::now();
        let late = self.limit.filter(|(at, _)| *at <= now).map(|(_, cause)| cause);
        let cause = if self.files.cancel().exists() { Some(Cause::Cancelled) } else { late };
        if let Some(cause) = cause {
            self.end(cause, Signal::TERM);
        }
    }

    /// Begins to end the step: with this signal, then by force.
    fn end(&mut self, cause: Cause, signal: Signal) {
        let now = Instant::now();
        let (asked, waiting) = (Vec::new(), Vec::new());
        self.ending = Some(Ending { cause, signal, until: now + GRACE, search: now, asked, waiting });
    }

    /// Keys to the step; and when the terminal, or the Sereno that lent it, is gone, the step is told.
    fn pass_on(&mut self, ready: &[Awaited]) -> io::Result<()> {
        let Some(relay) = &mut self.relay else { return Ok(()) };
        relay.follow_size()?;
        for awaited in ready {
            if !relay.go_on(*awaited)? {
                self.hang_up();
                return Ok(());
            }
        }
        Ok(())
    }

    fn hang_up(&mut self) {
        if let Some(relay) = &mut self.relay {
            relay.close();
        }
        if self.ending.is_none() && self.status.is_none() {
            self.end(Cause::HungUp, Signal::HUP);
        }
    }

    fn cancel_poll(&self) -> Option<Duration> {
        self.watch.is_none().then_some(WITHOUT_WATCH)
    }

    fn next_wait(&self) -> Option<Duration> {
        let wait = self.next_measure();
        let is_lent = self.relay.as_ref().is_some_and(Relay::is_open);
        if is_lent { Some(wait.map_or(LOOK_AT_SIZE, |wait| wait.min(LOOK_AT_SIZE))) } else { wait }
    }

    /// When there is something to do although nothing happened.
    fn next_measure(&self) -> Option<Duration> {
        let now = Instant::now();
        match (&self.ending, &self.limit) {
            (Some(ending), _) => Some(ending.until.min(ending.search).saturating_duration_since(now)),
            (None, Some((at, _))) => {
                let left = at.saturating_duration_since(now);
                Some(self.cancel_poll().map_or(left, |poll| poll.min(left)))
            }
            (None, None) => self.cancel_poll(),
        }
    }

    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        enum What {
            Pipe(Stream),
            Bash,
            Watch,
            Other(usize),
            Relay(Awaited),
        }
        let mut awaited: Vec<(What, BorrowedFd<'_>)> = Vec::with_capacity(8);
        // A terminal that is behind with showing is waited for, and the step with it.
        if !self.relay.as_ref().is_some_and(Relay::is_behind) {
            awaited.extend(self.pipes.iter().map(|(stream, pipe)| (What::Pipe(*stream), pipe.as_fd())));
        }
        if self.status.is_none() {
            awaited.push((What::Bash, self.handle.as_fd()));
        }
        if let (Some(watch), None) = (&self.watch, &self.ending) {
            awaited.push((What::Watch, watch.as_fd()));
        }
        let waiting = self.ending.iter().flat_map(|ending| ending.waiting.iter().enumerate());
        awaited.extend(waiting.map(|(index, handle)| (What::Other(index), handle.as_fd())));
        let mut fds: Vec<_> = awaited.iter().map(|(_, fd)| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        for (what, fd, flags) in self.relay.iter().flat_map(Relay::awaited) {
            awaited.push((What::Relay(what), fd));
            fds.push(PollFd::from_borrowed_fd(fd, flags));
        }
        poll(&mut fds, timeout)?;
        let mut ready = Ready::default();
        for ((item, _), fd) in awaited.iter().zip(&fds) {
            if fd.revents().is_empty() {
                continue;
            }
            match item {
                What::Pipe(stream) => ready.pipes.push(*stream),
                What::Bash => ready.bash = true,
                What::Other(index) => ready.others.push(*index),
                What::Relay(what) => ready.relay.push(*what),
                What::Watch => {
                    if let Some(watch) = &self.watch {
                        watch.drain("")?;
                    }
                }
            }
        }
        Ok(ready)
    }

    /// One piece from each; there is more when `poll` says so again.
    fn take_output(&mut self, ready: &[Stream]) -> io::Result<usize> {
        let (mut taken, mut shown) = (0, true);
        let millis = self.millis();
        for stream in ready {
            let Some(index) = self.pipes.iter().position(|(of, _)| of == stream) else {
                continue;
            };
            let Some((_, pipe)) = self.pipes.get_mut(index) else {
                continue;
            };
            match pipe.read(&mut self.buffer) {
                Ok(0) => drop(self.pipes.remove(index)),
                Ok(length) => {
                    taken += length;
                    let bytes = self.redaction.push(*stream, self.buffer.get(..length).unwrap_or_default());
                    self.output.append(*stream, millis, &bytes);
                    shown &= self
                        .relay
                        .as_mut()
                        .is_none_or(|relay| relay.show(self.buffer.get(..length).unwrap_or_default()));
                }
                // A terminal that nobody has any more ends so.
                Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => drop(self.pipes.remove(index)),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
        if !shown {
            self.hang_up();
        }
        Ok(taken)
    }

    /// What is still in the pipes. With processes left that hold them there is no end to wait for, so what they say
    /// within a moment counts.
    fn take_stragglers(&mut self) -> io::Result<()> {
        let until = Instant::now() + STRAGGLERS;
        loop {
            let streams: Vec<_> = self.pipes.iter().map(|(stream, _)| *stream).collect();
            if streams.is_empty() {
                return Ok(());
            }
            if self.take_output(&streams)? > 0 {
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            if self.pipes.is_empty() || left.is_zero() || !others_remain()? {
                return Ok(());
            }
            self.wait(Some(left))?;
        }
    }
}

fn poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    // Rounded up: waking a moment early would only wait again.
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(timeout.subsec_nanos()),
    });
    match rustix::event::poll(fds, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What is alive of the step, beside its bash. Only for when bash itself has been waited for.
fn left() -> io::Result<Vec<Process>> {
    Ok(if children_remain()? { processes::descendants() } else { Vec::new() })
}

fn others_remain() -> io::Result<bool> {
    Ok(!left()?.is_empty())
}

/// Buries the dead and tells whether any child is alive. Only for when bash itself has been waited for.
fn children_remain() -> io::Result<bool> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return Ok(true),
            Err(Errno::CHILD) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}
