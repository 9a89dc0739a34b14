//! The state of a step as its bash writes it, maybe not to its end.
//!
//! bash writes it line by line, so it goes to a file in the runner's memory, which bash finds among the runner's open files.
//! Should the runner be killed while bash goes on, that path is gone. Should another process have the runner's number by
//! then, bash must not write to a file of that one's: it looks for the mark (`[[ -k`, see `script`), the sticky bit, which
//! files do not carry. Only another runner's would, and what it holds is emptied by its own bash before it counts.

use super::files::StepFiles;
use super::runners::memory;
use rustix::fs::Mode;
use rustix::process::DumpableBehavior;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The file; gone when it is dropped.
#[derive(Debug)]
pub(super) struct RawState {
    file: File,
    path: PathBuf,
    is_on_disk: bool,
}

impl RawState {
    pub(super) fn new(files: &StepFiles) -> io::Result<Self> {
        // A runner that holds more rights than bash will keeps its open files to itself.
        match rustix::process::dumpable_behavior() {
            Ok(DumpableBehavior::Dumpable) => Self::in_memory(),
            _ => Self::on_disk(files),
        }
    }

    fn in_memory() -> io::Result<Self> {
        let file = memory("state")?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        Self::marked(file, PathBuf::from(path), false)
    }

    fn on_disk(files: &StepFiles) -> io::Result<Self> {
        let path = files.raw_state();
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        Self::marked(file, path, true)
    }

    fn marked(file: File, path: PathBuf, is_on_disk: bool) -> io::Result<Self> {
        rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR | Mode::SVTX)?;
        Ok(Self { file, path, is_on_disk })
    }

    /// What bash calls it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What bash wrote.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&self.file).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for RawState {
    fn drop(&mut self) {
        if self.is_on_disk {
            // What is left is removed at the end of the run.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn bash_writes_to_either_and_only_to_one_that_is_marked() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let files = StepFiles::new(dir.path().join("step"));
        for raw in [RawState::in_memory().expect("memory"), RawState::on_disk(&files).expect("disk")] {
            let path = raw.path().display();
            let text = format!("[[ -k {path} ]] && printf 'one\\n' >| {path} && printf 'two' >> {path}");
            assert!(Command::new("bash").args(["-c", &text]).status().expect("bash runs").success());
            assert_eq!(raw.read().expect("it is readable"), b"one\ntwo");
        }
        assert!(!files.raw_state().exists(), "it is gone with its owner");
        std::fs::write(files.raw_state(), "somebody's").expect("it is writable");
        let text = format!("[[ -k {} ]]", files.raw_state().display());
        assert!(!Command::new("bash").args(["-c", &text]).status().expect("bash runs").success());
    }
}
