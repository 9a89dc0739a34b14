//! The processes of a step, as `/proc` shows them.

use super::files::STEP_MARKER;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};
use sereno_model::OUTLIVES_STEP;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A process, told from a later one of the same number by when it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: i32,
    pub name: String,
    /// Clock ticks after the machine's start.
    pub started: u64,
}

/// A line of `/proc/PID/stat`.
pub(super) struct Stat {
    pub(super) process: Process,
    parent: i32,
    session: i32,
    dead: bool,
}

impl Stat {
    fn read(pid: i32) -> Option<Self> {
        let line = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let line = String::from_utf8_lossy(&line);
        // The name may hold anything, parentheses too.
        let (head, tail) = (line.find('(')?, line.rfind(')')?);
        let name = line.get(head + 1..tail)?.to_owned();
        let fields: Vec<_> = line.get(tail + 1..)?.split_whitespace().collect();
        Some(Self {
            process: Process { pid, name, started: fields.get(19)?.parse().ok()? },
            parent: fields.get(1)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            dead: matches!(*fields.first()?, "Z" | "X"),
        })
    }
}

impl Process {
    /// A handle on exactly this process; `None` when it is gone.
    pub(super) fn open(&self) -> Option<OwnedFd> {
        let handle = rustix::process::pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        // Only now that the number is held is it sure whose it is.
        let stat = Stat::read(self.pid)?;
        (stat.process.started == self.started && !stat.dead).then_some(handle)
    }
}

/// Who this process is.
pub(super) fn this() -> io::Result<Process> {
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    Stat::read(pid).map(|stat| stat.process).ok_or_else(|| io::Error::other("/proc does not show this process"))
}

/// Which start of the machine this is.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(Stat::read).collect()
}

/// Every living process that descends from this one, but those that say that they are no part of the step, and theirs.
pub(super) fn descendants() -> Vec<Process> {
    let mut parents = vec![rustix::process::getpid().as_raw_nonzero().get()];
    let mark = [OUTLIVES_STEP.as_bytes(), b"=1"].concat();
    let mut others = all();
    let mut found = Vec::new();
    while let Some(parent) = parents.pop() {
        let (children, rest) = others.into_iter().partition::<Vec<_>, _>(|stat| stat.parent == parent);
        others = rest;
        for child in children {
            if carries(child.process.pid, &mark) {
                continue;
            }
            parents.push(child.process.pid);
            if !child.dead {
                found.push(child.process);
            }
        }
    }
    found
}

/// Every living process of a step whose runner is gone: those of the runner's terminal session, and those that carry the
/// step's mark.
///
/// The runner itself lets go of its lock while it dies, a moment before it is dead, and is not among them.
pub(super) fn of_step(session: i32, dir: &Path) -> Vec<Process> {
    let mark = [STEP_MARKER.as_bytes(), b"=", dir.as_os_str().as_bytes()].concat();
    all()
        .into_iter()
        .filter(|stat| stat.process.pid != session)
        .filter(|stat| !stat.dead && (stat.session == session || carries(stat.process.pid, &mark)))
        .map(|stat| stat.process)
        .collect()
}

fn carries(pid: i32, mark: &[u8]) -> bool {
    // What belongs to another user cannot be read, and cannot be ours.
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|v| v == mark))
}

/// Sends a signal, and gives a handle to wait on. `None` when it is gone already.
pub(super) fn signal(process: &Process, signal: Signal) -> Option<OwnedFd> {
    let handle = process.open()?;
    // A process that ends meanwhile needs no signal.
    let _ = rustix::process::pidfd_send_signal(&handle, signal);
    Some(handle)
}

/// How long a process that was killed may take to be gone.
const LAST_WAIT: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// Ends processes that a step left behind (`StepResult::background`, `Lost::survivors`) at once, waits until they are gone,
/// and gives those that were still there.
pub fn end_processes(processes: &[Process]) -> Vec<Process> {
    let ended: Vec<_> =
        processes.iter().filter_map(|process| Some((process.clone(), signal(process, Signal::KILL)?))).collect();
    for (_, handle) in &ended {
        // One that the kernel cannot end within this time is stuck in it, and no waiting helps.
        let _ = rustix::event::poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&LAST_WAIT));
    }
    ended.into_iter().map(|(process, _)| process).collect()
}
