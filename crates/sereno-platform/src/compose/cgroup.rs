//! What the containers of an engine on this machine use, from the kernel itself: the engine's own answer takes seconds.

use crate::Usage;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// One look at a container's counters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    at: Instant,
    /// Processor time used since its start, in microseconds.
    cpu: u64,
    /// Bytes, without the cache that the kernel can take back.
    memory: u64,
}

/// Looks at the container whose main process this is; `None` where it is not of this machine, or may not be read.
pub(super) fn look(pid: i64, container: &str) -> Option<Look> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    // Another machine's process of the same number is none of this container's.
    if container.is_empty() || !groups.contains(container) {
        return None;
    }
    counters(&groups, Path::new("/sys/fs/cgroup"))
}

/// What it used between two looks.
pub(super) fn usage(first: &Look, second: &Look) -> Usage {
    let passed = second.at.duration_since(first.at).as_micros() as u64;
    let spent = second.cpu.saturating_sub(first.cpu);
    Usage { cpu_millis: spent.saturating_mul(1000).checked_div(passed), memory: second.memory }
}

fn counters(groups: &str, root: &Path) -> Option<Look> {
    let of = |name: &str| {
        groups.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers.split(',').any(|controller| controller == name).then(|| path.trim_start_matches('/'))
        })
    };
    match of("") {
        Some(path) if root.join(path).join("memory.current").is_file() => unified(&root.join(path)),
        _ => split(&root.join("memory").join(of("memory")?), &root.join("cpuacct").join(of("cpuacct")?)),
    }
}

/// The one tree of version 2.
fn unified(group: &Path) -> Option<Look> {
    let cpu = named(&group.join("cpu.stat"), "usage_usec")?;
    let used = number(&group.join("memory.current"))?;
    let cache = named(&group.join("memory.stat"), "inactive_file").unwrap_or_default();
    Some(Look { at: Instant::now(), cpu, memory: used.saturating_sub(cache) })
}

/// A tree for each controller, version 1.
fn split(memory: &Path, cpu: &Path) -> Option<Look> {
    let used = number(&memory.join("memory.usage_in_bytes"))?;
    let cache = named(&memory.join("memory.stat"), "total_inactive_file").unwrap_or_default();
    let nanoseconds = number(&cpu.join("cpuacct.usage"))?;
    Some(Look { at: Instant::now(), cpu: nanoseconds / 1000, memory: used.saturating_sub(cache) })
}

fn number(path: &PathBuf) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn named(path: &PathBuf, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
    }

    #[test]
    fn both_versions_of_the_kernels_trees_are_read() {
        let root = tempfile::tempdir().expect("a folder");
        let (memory, stat) = ("5000\n", "anon 1\ninactive_file 1000\ntotal_inactive_file 2000\n");
        write(
            root.path(),
            &[
                ("docker/abc/memory.current", memory),
                ("docker/abc/memory.stat", stat),
                ("docker/abc/cpu.stat", "usage_usec 7000\nuser_usec 1\n"),
                ("memory/docker/old/memory.usage_in_bytes", memory),
                ("memory/docker/old/memory.stat", stat),
                ("cpuacct/docker/old/cpuacct.usage", "9000000\n"),
            ],
        );
        let two = counters("0::/docker/abc\n", root.path()).expect("version 2");
        assert_eq!((two.cpu, two.memory), (7000, 4000));
        let old = "5:cpu,cpuacct:/docker/old\n3:memory:/docker/old\n0::/elsewhere\n";
        let one = counters(old, root.path()).expect("version 1");
        assert_eq!((one.cpu, one.memory), (9000, 3000));
        assert!(counters("0::/gone\n", root.path()).is_none());
    }

    #[test]
    fn a_process_of_another_machine_is_not_taken_for_the_containers() {
        assert!(look(i64::from(std::process::id()), "0123456789abcdef").is_none());
        assert!(look(i64::from(std::process::id()), "").is_none());
    }

    #[test]
    fn half_a_processor_is_five_hundred_thousandths() {
        let at = Instant::now();
        let first = Look { at, cpu: 1000, memory: 1 };
        let second = Look { at: at + Duration::from_millis(10), cpu: 6000, memory: 2 };
        assert_eq!(usage(&first, &second), Usage { cpu_millis: Some(500), memory: 2 });
    }
}
