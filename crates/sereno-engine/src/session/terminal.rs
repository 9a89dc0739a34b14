//! Steps that a person works in: they get the terminal, and give it back.
//!
//! The runner of such a step stays in Sereno's terminal session. It puts bash in the foreground, so that Ctrl-C is bash's
//! alone, and takes the foreground back for Sereno afterwards. By then it is in the background, where the kernel allows
//! that only to a process that ignores `SIGTTOU`; safe Rust cannot ignore a signal, but a shell can (`trap '' TTOU`) before
//! it becomes the helper that does it.

use super::error::SessionError;
use super::files::StepFiles;
use super::result::Ended;
use super::runner::RUNNER_COMMAND;
use super::runners::Runners;
use super::spec::StepSpec;
use rustix::process::{Pid, Signal};
use rustix::termios::{self, OptionalActions};
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Asks a runner process to be the helper: the process group that gets the terminal.
const RETURN_TO: &str = "SERENO_RETURN_TERMINAL";

/// Runs a step that has the terminal, to its end. Its output is not kept: it is the person's.
pub fn run_interactive(exe: &Path, spec: &StepSpec) -> Result<Ended, SessionError> {
    let terminal = open().map_err(|_| SessionError::NoTerminal)?;
    if !termios::isatty(rustix::stdio::stdin()) {
        return Err(SessionError::NoTerminal);
    }
    let settings = termios::tcgetattr(&terminal).map_err(|_| SessionError::NoTerminal)?;
    let spec = StepSpec { interactive: true, ..spec.clone() };
    let ended = Runners::new(exe).start_with(&spec, Stdio::inherit)?.wait(|_, _| {})?;
    // A console that was killed may have left it without echo.
    termios::tcsetattr(&terminal, OptionalActions::Drain, &settings)
        .map_err(|error| SessionError::file("use", Path::new("/dev/tty"))(error.into()))?;
    Ok(ended)
}

/// The terminal while bash has it.
pub(super) struct HandedOver {
    owner: Pid,
}

/// Puts bash in the foreground.
pub(super) fn hand_over(bash: u32) -> io::Result<HandedOver> {
    let terminal = open()?;
    let bash = Pid::from_raw(bash as i32).ok_or_else(|| io::Error::other("a process without a number"))?;
    let owner = rustix::process::getpgrp();
    termios::tcsetpgrp(&terminal, bash)?;
    // It may have been stopped for reading before it was allowed to; when it is gone already, that is fine too.
    let _ = rustix::process::kill_process_group(bash, Signal::CONT);
    Ok(HandedOver { owner })
}

impl HandedOver {
    /// Puts Sereno in the foreground again.
    pub(super) fn take_back(&self, files: &StepFiles) -> io::Result<()> {
        let this = format!("/proc/{}/exe", rustix::process::getpid().as_raw_nonzero());
        let status = Command::new("/bin/sh")
            .args(["-c", "trap '' TTOU; exec \"$@\"", "sh", &this, RUNNER_COMMAND])
            .arg(files.dir())
            .env(RETURN_TO, self.owner.as_raw_nonzero().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("the terminal could not be taken back")) }
    }
}

/// This process was started as the helper.
pub(super) fn return_asked_for() -> Option<Pid> {
    std::env::var(RETURN_TO).ok()?.parse().ok().and_then(Pid::from_raw)
}

/// What the helper does.
pub(super) fn give_back(group: Pid) -> ExitCode {
    match open().and_then(|terminal| Ok(termios::tcsetpgrp(terminal, group)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn open() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty")
}
