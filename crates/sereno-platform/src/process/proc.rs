//! The processes of this machine, as `/proc` shows them.

use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::fd::OwnedFd;

/// The variable that every process of an instance carries, so that one that ran away can be found when its keeper is gone.
/// Its value is the instance's folder.
pub(super) const MARKER: &str = "SERENO_KEEPER";

/// A process, told from a later one of the same number by when it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) pid: i32,
    /// Clock ticks after the machine's start.
    pub(super) started: u64,
}

/// A line of `/proc/PID/stat`.
#[derive(Debug, Clone)]
pub(super) struct Stat {
    pub(super) identity: Identity,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) dead: bool,
}

impl Stat {
    pub(super) fn read(pid: i32) -> Option<Self> {
        Self::parse(pid, &String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?))
    }

    fn parse(pid: i32, line: &str) -> Option<Self> {
        // The name before the last parenthesis may hold anything, parentheses too.
        let fields: Vec<&str> = line.get(line.rfind(')')? + 1..)?.split_whitespace().collect();
        Some(Self {
            identity: Identity { pid, started: fields.get(19)?.parse().ok()? },
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            dead: matches!(*fields.first()?, "Z" | "X"),
        })
    }
}

impl Identity {
    pub(super) fn of(pid: i32) -> Option<Self> {
        Stat::read(pid).map(|stat| stat.identity)
    }

    pub(super) fn is_alive(&self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| stat.identity == *self && !stat.dead)
    }

    /// Sends a signal to exactly this process. One that is gone needs none.
    pub(super) fn signal(&self, signal: Signal) {
        let Some(handle) = self.open() else { return };
        // It may end at this very moment, which is what was wanted.
        let _ = rustix::process::pidfd_send_signal(&handle, signal);
    }

    fn open(&self) -> Option<OwnedFd> {
        let handle = rustix::process::pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        // Only now that the number is held is it sure whose it is.
        self.is_alive().then_some(handle)
    }
}

/// Which start of the machine this is.
pub(super) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// How many processes the kernel has ended for lack of memory since the machine's start.
pub(super) fn oom_kills() -> Option<u64> {
    let text = fs::read_to_string("/proc/vmstat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// Every process that can be seen.
pub(super) fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(Stat::read).collect()
}

/// Every living process below one, and not itself.
pub(super) fn descendants(of: i32, all: &[Stat]) -> Vec<Identity> {
    let mut parents = vec![of];
    let mut found = Vec::new();
    while let Some(parent) = parents.pop() {
        for child in all.iter().filter(|stat| stat.parent == parent && stat.identity.pid != parent) {
            parents.push(child.identity.pid);
            if !child.dead {
                found.push(child.identity.clone());
            }
        }
    }
    found
}

/// Every living process that carries the mark of an instance's folder.
pub(super) fn marked(folder: &str, all: &[Stat]) -> Vec<Identity> {
    let mark = format!("{MARKER}={folder}").into_bytes();
    let carries = |pid: i32| {
        // What belongs to another user cannot be read, and cannot be ours.
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|env| env.split(|byte| *byte == 0).any(|one| one == mark))
    };
    all.iter().filter(|stat| !stat.dead && carries(stat.identity.pid)).map(|stat| stat.identity.clone()).collect()
}

/// What some processes use: nanoseconds of processor, and bytes of memory that are theirs alone.
pub(super) fn used(pids: &[i32]) -> (u64, u64) {
    let memory = |pid: &i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let kib = text.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB"))?;
        Some(kib.trim().parse::<u64>().ok()? * 1024)
    };
    (pids.iter().map(|pid| processor(*pid)).sum(), pids.iter().filter_map(memory).sum())
}

/// Of all threads: the file of the process itself is that of its first one only.
fn processor(pid: i32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let spent = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    threads.flatten().filter_map(spent).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_name_is() {
        let line = "7 (a) R 1) b) S 3 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 4711 1 1";
        let stat = Stat::parse(7, line).expect("it is read");
        assert_eq!((stat.parent, stat.group, stat.dead, stat.identity.started), (3, 7, false, 4711));
        assert!(Stat::parse(7, "7 (x) Z 1 7").is_none());
    }

    #[test]
    fn this_process_is_alive_and_another_of_its_number_is_not() {
        let own = Identity::of(std::process::id() as i32).expect("it runs");
        assert!(own.is_alive());
        assert!(!Identity { started: own.started + 1, ..own }.is_alive());
    }

    #[test]
    fn descendants_are_found_over_generations_and_the_dead_are_not() {
        let one = |pid, parent, dead| Stat { identity: Identity { pid, started: 1 }, parent, group: pid, dead };
        let all = [one(2, 1, false), one(3, 2, false), one(4, 3, true), one(5, 4, false), one(6, 1, false)];
        let mut found: Vec<i32> = descendants(2, &all).iter().map(|one| one.pid).collect();
        found.sort_unstable();
        assert_eq!(found, [3, 5]);
    }
}
