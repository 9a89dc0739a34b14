//! Steps that a person works in: they have a terminal, and what they print on it is kept.
//!
//! Sereno's own terminal is lent to the runner, which makes another one (a pty) for bash and passes keys and output between
//! the two, so that the output is recorded as that of any step is. The runner has left Sereno's session: Ctrl-C is the step's
//! alone, and Sereno's terminal is put back as it was even when Sereno is gone. When Sereno or its terminal goes, the step
//! is told as programs are told of a terminal that went: with `SIGHUP`.

use super::error::SessionError;
use super::result::Ended;
use super::runners::Runners;
use super::spec::StepSpec;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};
use rustix::pty::OpenptFlags;
use rustix::termios::{self, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, Winsize};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often the size of Sereno's terminal is looked at: only a process of its session is told when that changes.
pub(super) const LOOK_AT_SIZE: Duration = Duration::from_millis(500);

/// So much waits at most for a terminal that takes nothing; then the step waits too.
const MOST_UNSHOWN: usize = 64 * 1024;

/// How long a terminal may take for what is left when the step has ended.
const LAST_SHOWN: Duration = Duration::from_secs(1);

/// Runs a step that has the terminal, to its end.
pub fn run_interactive(exe: &Path, spec: &StepSpec) -> Result<Ended, SessionError> {
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(|_| SessionError::NoTerminal)?;
    if !termios::isatty(rustix::stdio::stdin()) {
        return Err(SessionError::NoTerminal);
    }
    let settings = termios::tcgetattr(&terminal).map_err(|_| SessionError::NoTerminal)?;
    let lent = terminal.try_clone().map_err(SessionError::file("use", Path::new("/dev/tty")))?;
    let spec = StepSpec { interactive: true, ..spec.clone() };
    let ended = Runners::new(exe).start_with(&spec, Stdio::from(lent))?.wait(|_, _| {})?;
    if matches!(ended, Ended::Lost(_)) {
        // The runner, which would have put it back, is gone.
        termios::tcsetattr(&terminal, OptionalActions::Now, &settings)
            .map_err(|error| SessionError::file("use", Path::new("/dev/tty"))(error.into()))?;
    }
    Ok(ended)
}

/// The step's terminal, before bash has it.
pub(super) struct Pty {
    lent: File,
    settings: Termios,
    master: OwnedFd,
    slave: OwnedFd,
}

impl Pty {
    /// Makes a terminal like Sereno's, which came as standard output, for this process's own session.
    pub(super) fn like_lent() -> io::Result<Self> {
        let lent = File::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?);
        rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
        let settings = termios::tcgetattr(&lent)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::pty::unlockpt(&master)?;
        let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
        let mut own = settings.clone();
        // Nobody could put a stopped step to the foreground again.
        own.special_codes[SpecialCodeIndex::VSUSP] = 0;
        termios::tcsetattr(&slave, OptionalActions::Now, &own)?;
        termios::tcsetwinsize(&master, termios::tcgetwinsize(&lent)?)?;
        rustix::process::ioctl_tiocsctty(&slave)?;
        Ok(Self { lent, settings, master, slave })
    }

    /// Bash's input and output.
    pub(super) fn give(&self, bash: &mut Command) -> io::Result<()> {
        let slave = || Ok::<_, io::Error>(Stdio::from(self.slave.try_clone()?));
        bash.stdin(slave()?).stdout(slave()?).stderr(slave()?);
        Ok(())
    }

    /// Puts bash in the foreground of it, and begins to pass on what is typed. `sereno` closes when Sereno is gone.
    pub(super) fn hand_over(self, bash: u32, sereno: OwnedFd) -> io::Result<Relay> {
        let bash = Pid::from_raw(bash as i32).ok_or_else(|| io::Error::other("a process without a number"))?;
        termios::tcsetpgrp(&self.slave, bash)?;
        // It may have been stopped for reading before it was allowed to; when it is gone already, that is fine too.
        let _ = rustix::process::kill_process_group(bash, Signal::CONT);
        rustix::io::ioctl_fionbio(&self.master, true)?;
        // A terminal that stands still (a connection that hangs) must not hold up who ends the step when its time is over.
        rustix::io::ioctl_fionbio(&self.lent, true)?;
        let mut raw = self.settings.clone();
        raw.make_raw();
        termios::tcsetattr(&self.lent, OptionalActions::Now, &raw)?;
        let Self { lent, settings, master, .. } = self;
        Ok(Relay {
            lent,
            settings,
            raw,
            master: File::from(master),
            sereno,
            keys: Vec::new(),
            unshown: Vec::new(),
            is_open: true,
        })
    }
}

/// What passes between Sereno's terminal and the step's.
pub(super) struct Relay {
    lent: File,
    settings: Termios,
    /// What `settings` became for the time of the step.
    raw: Termios,
    master: File,
    sereno: OwnedFd,
    /// What was typed and the step's terminal has not taken yet.
    keys: Vec<u8>,
    /// What the step printed and Sereno's terminal has not taken yet.
    unshown: Vec<u8>,
    is_open: bool,
}

/// What a relay waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    Keys,
    Room,
    Screen,
    Sereno,
}

impl Relay {
    /// Whether Sereno's terminal is still lent.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Where the step's output is read.
    pub(super) fn output(&self) -> io::Result<File> {
        self.master.try_clone()
    }

    /// What has to be polled now, and for what.
    pub(super) fn awaited(&self) -> Vec<(Awaited, BorrowedFd<'_>, PollFlags)> {
        if !self.is_open {
            return Vec::new();
        }
        let typing = if self.keys.is_empty() {
            (Awaited::Keys, self.lent.as_fd(), PollFlags::IN)
        } else {
            (Awaited::Room, self.master.as_fd(), PollFlags::OUT)
        };
        let mut awaited = vec![typing, (Awaited::Sereno, self.sereno.as_fd(), PollFlags::empty())];
        if !self.unshown.is_empty() {
            awaited.push((Awaited::Screen, self.lent.as_fd(), PollFlags::OUT));
        }
        awaited
    }

    /// Whether Sereno's terminal has enough to take: the step's output is left where it is meanwhile.
    pub(super) fn is_behind(&self) -> bool {
        self.is_open && self.unshown.len() >= MOST_UNSHOWN
    }

    /// Something of it is ready. False when Sereno or its terminal is gone.
    pub(super) fn go_on(&mut self, ready: Awaited) -> io::Result<bool> {
        match ready {
            Awaited::Sereno => return Ok(false),
            Awaited::Screen => return Ok(self.show(&[])),
            Awaited::Keys => {
                let mut keys = [0; 4096];
                match self.lent.read(&mut keys) {
                    Ok(0) => return Ok(false),
                    Ok(length) => self.keys.extend_from_slice(keys.get(..length).unwrap_or_default()),
                    Err(error) if is_for_later(&error) => {}
                    Err(_) => return Ok(false),
                }
            }
            Awaited::Room => {}
        }
        match self.master.write(&self.keys) {
            Ok(length) => drop(self.keys.drain(..length)),
            Err(error) if is_for_later(&error) => {}
            // Nobody has the step's terminal any more: what is typed is for nobody.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => self.keys.clear(),
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Shows what the step printed. False when Sereno's terminal is gone.
    pub(super) fn show(&mut self, bytes: &[u8]) -> bool {
        if !self.is_open {
            return true;
        }
        self.unshown.extend_from_slice(bytes);
        while !self.unshown.is_empty() {
            match self.lent.write(&self.unshown) {
                Ok(length @ 1..) => drop(self.unshown.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Ok(0) | Err(_) => return false,
            }
        }
        true
    }

    /// What is left for a terminal that takes it.
    fn show_the_rest(&mut self) {
        let until = Instant::now() + LAST_SHOWN;
        while self.show(&[]) && !self.unshown.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let left = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
            // Whatever comes of it is seen at the next try.
            let _ = rustix::event::poll(&mut [PollFd::new(&self.lent, PollFlags::OUT)], Some(&left));
        }
    }

    /// Makes the step's terminal as large as Sereno's; its programs are told by the kernel.
    pub(super) fn follow_size(&self) -> io::Result<()> {
        let size = |of: &File| termios::tcgetwinsize(of).ok();
        let plain = |size: &Winsize| (size.ws_row, size.ws_col);
        if let Some(wanted) = size(&self.lent).filter(|_| self.is_open)
            && size(&self.master).as_ref().map(plain) != Some(plain(&wanted))
        {
            termios::tcsetwinsize(&self.master, wanted)?;
        }
        Ok(())
    }

    /// Puts Sereno's terminal back as it was, unless somebody else has it already. What was typed and nobody read was
    /// meant for the step: it must not answer what Sereno asks next.
    pub(super) fn close(&mut self) {
        if !self.is_open {
            return;
        }
        self.show_the_rest();
        self.is_open = false;
        let modes = |of: &Termios| (of.input_modes, of.output_modes, of.local_modes);
        if termios::tcgetattr(&self.lent).is_ok_and(|now| modes(&now) == modes(&self.raw)) {
            // A terminal that is gone needs nothing put back.
            let _ = termios::tcflush(&self.lent, QueueSelector::IFlush);
            let _ = termios::tcsetattr(&self.lent, OptionalActions::Now, &self.settings);
        }
    }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
