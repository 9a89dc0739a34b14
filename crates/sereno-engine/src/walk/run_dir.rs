//! The folder of a run: its exact plan, one folder for each attempt of a step, and the lock of whoever walks it.

use crate::plan::Plan;
use crate::session::{self, Status};
use sereno_model::RunId;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
}

/// Held by the process that walks a run; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Walking {
    _file: File,
}

impl RunDir {
    pub fn new(state_dir: &Path, run: &RunId) -> Self {
        Self { path: state_dir.join("runs").join(run.as_str()) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder, for its owner alone.
    pub fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(self.path.join("steps"))
    }

    /// Takes the run's lock, or tells that another process walks it.
    pub fn walk(&self) -> io::Result<Option<Walking>> {
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(self.path.join("lock"))?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Walking { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether somebody walks the run on this machine, or a step of it is at work here without anybody.
    pub fn is_at_work(&self) -> bool {
        self.path.is_dir() && (!matches!(self.walk(), Ok(Some(_))) || self.has_runner())
    }

    /// Whether a runner of one of its steps is alive, or left processes of the step alive when it was killed.
    pub fn has_runner(&self) -> bool {
        let Ok(steps) = fs::read_dir(self.path.join("steps")) else { return false };
        let folders = steps.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
        folders.map(|folder| session::status(&folder)).any(|status| match status {
            Ok(Status::Running) => true,
            Ok(Status::Lost(lost)) => !lost.survivors.is_empty(),
            Ok(Status::Absent | Status::Finished(_)) => false,
            // What cannot be looked into (another user's folder) may be at work.
            Err(_) => true,
        })
    }

    /// Writes the exact plan, durably, before anything else is known of the run. It may hold secrets that the journal
    /// must not; [`RunDir::forget_plan`] removes it when the run has ended.
    pub fn write_plan(&self, plan: &Plan) -> io::Result<()> {
        let target = self.path.join("plan.json");
        let fresh = self.path.join("plan.json.new");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        file.write_all(serde_json::to_string(plan)?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &target)?;
        File::open(&self.path)?.sync_all()
    }

    pub fn read_plan(&self) -> io::Result<Plan> {
        let bytes = fs::read(self.path.join("plan.json"))?;
        serde_json::from_slice(&bytes).map_err(io::Error::from)
    }

    pub fn forget_plan(&self) -> io::Result<()> {
        for file in [self.path.join("plan.json"), self.secrets()] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// What the runners of this run hide in the output; gone with the plan.
    pub fn secrets(&self) -> PathBuf {
        self.path.join("secrets.json")
    }

    /// The folder of one attempt of a step, by the step's index.
    pub fn step(&self, index: usize, attempt: u32) -> PathBuf {
        self.path.join("steps").join(format!("{:03}-{attempt}", index + 1))
    }

    /// The folder of one attempt of the script's own `EXIT` trap.
    pub fn closing(&self, attempt: u32) -> PathBuf {
        self.path.join("steps").join(format!("closing-{attempt}"))
    }

    /// Wakes whoever waits in this folder for another person's word.
    pub fn wake(&self) -> io::Result<()> {
        File::create(self.path.join("wake")).map(drop)
    }
}
