//! Removing what may hold secrets once a run is over.

use super::error::SessionError;
use super::files::StepFiles;
use std::io;
use std::path::Path;

/// Removes shell states, prologues, specs and scripts of every step under `run_dir`; keeps output and results. A file
/// that is gone already is fine.
pub fn forget(run_dir: &Path) -> Result<(), SessionError> {
    let files = StepFiles::new(run_dir);
    // Only what holds a spec is a step; other folders may have files of the same names.
    if files.spec().exists() {
        // The spec goes last: as long as it is there, this is known for a step.
        gone(&files.shell(), std::fs::remove_dir_all(files.shell()))?;
        gone(&files.state(), std::fs::remove_file(files.state()))?;
        return gone(&files.spec(), std::fs::remove_file(files.spec()));
    }
    let entries = std::fs::read_dir(run_dir).map_err(SessionError::file("read", run_dir))?;
    for entry in entries {
        let entry = entry.map_err(SessionError::file("read", run_dir))?;
        let kind = entry.file_type().map_err(SessionError::file("read", &entry.path()))?;
        if kind.is_dir() {
            forget(&entry.path())?;
        }
    }
    Ok(())
}

fn gone(path: &Path, removed: io::Result<()>) -> Result<(), SessionError> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SessionError::file("remove", path)(error)),
        _ => Ok(()),
    }
}
