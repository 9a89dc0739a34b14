//! Starting a step and following it, from this process or from a later one.

use super::error::SessionError;
use super::files::StepFiles;
use super::follow;
use super::frames::Stream;
use super::reader::OutputReader;
use super::result::{Ended, Lost, StepResult};
use super::runner::is_usable;
use super::runners::Runners;
use super::spec::StepSpec;
use rustix::fs::{CWD, FlockOperation, RenameFlags};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Starts a runner for one step, and for no other: see [`Runners`].
pub fn spawn_runner(exe: &Path, spec: &StepSpec) -> Result<RunnerHandle, SessionError> {
    Runners::new(exe).start(spec)
}

/// Follows a step that was started before. `offset` is where its output was read to; 0 gives it all.
pub fn attach(dir: &Path, offset: u64) -> RunnerHandle {
    RunnerHandle::new(StepFiles::new(dir), offset)
}

/// Asks for the end of a step, from any process. The answer is its result.
pub fn cancel(dir: &Path) -> Result<(), SessionError> {
    let path = StepFiles::new(dir).cancel();
    File::create(&path).map(drop).map_err(SessionError::file("create", &path))
}

/// How a step stands right now.
pub fn status(dir: &Path) -> Result<Status, SessionError> {
    follow::status(&StepFiles::new(dir))
}

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// No runner was ever started for it.
    Absent,
    Running,
    Finished(Box<StepResult>),
    Lost(Lost),
}

/// A step that is being followed.
#[derive(Debug)]
pub struct RunnerHandle {
    files: StepFiles,
    reader: OutputReader,
}

impl RunnerHandle {
    pub(super) fn new(files: StepFiles, offset: u64) -> Self {
        Self { reader: OutputReader::new(&files, offset), files }
    }

    /// Blocks until the step has ended, and gives its output as it comes.
    pub fn wait(&mut self, mut on_output: impl FnMut(Stream, &[u8])) -> Result<Ended, SessionError> {
        follow::to_the_end(&self.files, &mut self.reader, &mut on_output)
    }

    /// Where the output was read to; see [`attach`].
    pub fn offset(&self) -> u64 {
        self.reader.offset()
    }

    pub fn dir(&self) -> &Path {
        self.files.dir()
    }

    pub fn cancel(&self) -> Result<(), SessionError> {
        cancel(self.files.dir())
    }
}

/// Makes the step's directory, with its lock in it, held.
pub(super) fn prepare(spec: &StepSpec) -> Result<(StepSpec, StepFiles, File), SessionError> {
    let spec = with_whole_paths(spec)?;
    let files = StepFiles::new(&spec.dir);
    create_dir(files.dir())?;
    let lock = create_lock(&files)?;
    Ok((spec, files, lock))
}

/// The runner works elsewhere, so every path has to be whole.
fn with_whole_paths(spec: &StepSpec) -> Result<StepSpec, SessionError> {
    let whole = |path: &Path| -> Result<PathBuf, SessionError> {
        let path = std::path::absolute(path).map_err(SessionError::file("use", path))?;
        if is_usable(&path) {
            return Ok(path);
        }
        Err(SessionError::file("use", &path)(io::Error::new(io::ErrorKind::InvalidInput, "a newline in the path")))
    };
    let mut spec = spec.clone();
    spec.dir = whole(&spec.dir)?;
    spec.states = whole(&spec.states)?;
    spec.cwd = whole(&spec.cwd)?;
    spec.redact = spec.redact.as_deref().map(whole).transpose()?;
    if let super::spec::Stdin::File(path) = &mut spec.stdin {
        *path = whole(path)?;
    }
    Ok(spec)
}

fn create_dir(dir: &Path) -> Result<(), SessionError> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map_err(SessionError::file("create", dir)),
    }
}

/// The lock appears under its name only once it is held, and only if the directory was never used.
fn create_lock(files: &StepFiles) -> Result<File, SessionError> {
    let path = files.runner();
    let new = files.dir().join(format!("runner.{}.{:?}", std::process::id(), std::thread::current().id()));
    let lock = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .map_err(SessionError::file("create", &new))?;
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
        .map_err(|error| SessionError::file("lock", &new)(error.into()))?;
    match rustix::fs::renameat_with(CWD, &new, CWD, &path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(lock),
        Err(error) => {
            std::fs::remove_file(&new).map_err(SessionError::file("remove", &new))?;
            if error == rustix::io::Errno::EXIST {
                return Err(SessionError::AlreadyUsed { dir: files.dir().to_owned() });
            }
            Err(SessionError::file("create", &path)(error.into()))
        }
    }
}
