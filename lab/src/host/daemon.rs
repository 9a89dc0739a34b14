//! Processes that outlive the command which started them, known by pid files.
//!
//! A pid alone is never trusted: numbers are reused. A process counts as ours when its pid file names it
//! and it works in (or was started for) the directory that we gave it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::wait;
use crate::failure::{Doing, Failure, Result};

/// How to start one daemon, and how to know it again.
pub(crate) struct Daemon {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    /// The account to run as, where it is not our own.
    pub(crate) account: Option<Account>,
    /// The working directory, which is also what the process is known by.
    pub(crate) directory: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) pid_file: PathBuf,
    /// Where the server writes its pid itself, also when someone else restarted it.
    pub(crate) own_pid_file: Option<PathBuf>,
    pub(crate) stop_signal: Signal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Daemon {
    /// Starts it in a session of its own; does nothing if it runs already.
    pub(crate) fn start(&self) -> Result<Option<Child>> {
        if self.pid().is_some() {
            return Ok(None);
        }
        let what = || format!("starting {}", self.name);
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .doing(|| format!("opening {}", self.log.display()))?;
        // `lab` starts itself once more to call setsid, because only the new process can do that safely.
        let mut command = Command::new(own_program()?);
        command
            .args(["detach", "--"])
            .arg(&self.program)
            .args(&self.arguments)
            .current_dir(&self.directory)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().doing(what)?)
            .stderr(log);
        if let Some(account) = &self.account {
            command.env("LAB_DETACH_UID", account.uid.to_string());
            command.env("LAB_DETACH_GID", account.gid.to_string());
        }
        let child = command.spawn().doing(what)?;
        fs::write(&self.pid_file, format!("{}\n", child.id())).doing(what)?;
        Ok(Some(child))
    }

    /// The pid of the running process, if it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        let files = [Some(&self.pid_file), self.own_pid_file.as_ref()];
        files.into_iter().flatten().find_map(|file| {
            let text = fs::read_to_string(file).ok()?;
            let pid: u32 = text.lines().next()?.trim().parse().ok()?;
            (is_alive(pid) && self.is_ours(pid)).then_some(pid)
        })
    }

    fn is_ours(&self, pid: u32) -> bool {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let program = self.program.file_name().unwrap_or_default().to_string_lossy();
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        // For a moment after its start it still is this program, on its way to become the other.
        let on_its_way = line.split('\0').nth(1) == Some("detach");
        // The kernel keeps 15 bytes of the name.
        let named = fs::read_to_string(process.join("comm")).unwrap_or_default();
        if !on_its_way && (named.trim_end().is_empty() || !program.starts_with(named.trim_end())) {
            return false;
        }
        let directory = fs::canonicalize(&self.directory).unwrap_or_else(|_| self.directory.clone());
        if fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == directory) {
            return true;
        }
        // Another account's working directory may not be readable, its command line is.
        let wanted = directory.to_string_lossy().into_owned();
        line.split('\0').any(|word| word == wanted)
    }

    /// Asks it to stop, waits until it is gone, and ends it by force if it does not listen.
    pub(crate) fn stop(&self) -> Result<bool> {
        let Some(pid) = self.pid() else {
            return Ok(false);
        };
        signal(pid, self.stop_signal)?;
        let what = format!("{} (pid {pid}) has stopped", self.name);
        let gone = || Ok(!is_alive(pid));
        if wait::until(&what, Duration::from_secs(10), gone).is_err() {
            kill_group(pid)?;
            wait::until(&what, Duration::from_secs(5), gone)?;
        }
        // The server may have removed its file itself.
        match fs::remove_file(&self.pid_file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::new(format!("removing {}: {error}", self.pid_file.display())))
            }
            _ => Ok(true),
        }
    }

    /// Waits for `ready`, and tells the end of the log when the process dies instead.
    pub(crate) fn await_ready(&self, child: Option<Child>, mut ready: impl FnMut() -> bool) -> Result<()> {
        let mut child = child;
        let what = format!("{} is ready", self.name);
        wait::until(&what, Duration::from_secs(30), || {
            if let Some(child) = &mut child
                && let Some(status) = child.try_wait().doing(|| what.clone())?
            {
                return Err(Failure::new(format!(
                    "{} ended at once ({status}); the end of {}:\n{}",
                    self.name,
                    self.log.display(),
                    tail(&self.log, 12)
                )));
            }
            Ok(ready())
        })
    }
}

/// Becomes the leader of a new session, takes the account that the environment names, and turns into `command`.
pub(crate) fn detach(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().ok_or_else(|| Failure::new("nothing to detach"))?;
    rustix::process::setsid().doing(|| "setsid".to_owned())?;
    let mut next = Command::new(program);
    next.args(arguments);
    let id = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    if let (Some(uid), Some(gid)) = (id("LAB_DETACH_UID"), id("LAB_DETACH_GID")) {
        next.uid(uid).gid(gid);
    }
    next.env_remove("LAB_DETACH_UID").env_remove("LAB_DETACH_GID");
    Err(Failure::new(format!("{program}: {}", next.exec())))
}

pub(crate) fn own_program() -> Result<PathBuf> {
    let path = std::env::current_exe().doing(|| "finding the lab program".to_owned())?;
    // After a rebuild the kernel shows the old file's name with a mark; the new one is as good.
    let text = path.to_string_lossy();
    Ok(text.strip_suffix(" (deleted)").map_or_else(|| path.clone(), PathBuf::from))
}

fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The state follows the name, which is in parentheses and may hold anything. A zombie has ended.
    stat.rsplit_once(')').is_some_and(|(_, rest)| !matches!(rest.trim_start().chars().next(), Some('Z' | 'X')))
}

/// With whatever it started: a worker that is ended by force cannot end its own children.
fn kill_group(pid: u32) -> Result<()> {
    if let Some(leader) = i32::try_from(pid).ok().and_then(Pid::from_raw)
        && kill_process_group(leader, Signal::KILL).is_ok()
    {
        return Ok(());
    }
    // Somebody else started it, in a group that is not its own.
    signal(pid, Signal::KILL)
}

pub(crate) fn signal(pid: u32, signal: Signal) -> Result<()> {
    let Some(target) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Err(Failure::new(format!("{pid} is not a process id")));
    };
    match kill_process(target, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Failure::new(format!("signalling pid {pid}: {error}"))),
    }
}

pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}
