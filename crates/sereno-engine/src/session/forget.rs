//! Removing what may hold secrets once a run is over.

use super::error::SessionError;
use super::files::StepFiles;
use std::io;
use std::path::Path;

/// Removes the shell states and scripts of every step under `run_dir`; keeps output and results. A file that is gone already
/// is fine.
pub fn forget(run_dir: &Path) -> Result<(), SessionError> {
    let entries = std::fs::read_dir(run_dir).map_err(SessionError::file("read", run_dir))?;
    let mut shared = None;
    for entry in entries {
        let path = entry.map_err(SessionError::file("read", run_dir))?.path();
        let files = StepFiles::new(&path);
        // Only what has a runner's file is a step; other folders may have files of the same names.
        if files.runner().exists() {
            for file in [files.raw_state(), files.script()] {
                gone(&file, std::fs::remove_file(&file))?;
            }
            shared = Some([files.states(), files.epilogue()]);
        } else if path.is_dir() {
            forget(&path)?;
        }
    }
    for file in shared.into_iter().flatten() {
        gone(&file, std::fs::remove_file(&file))?;
    }
    Ok(())
}

fn gone(path: &Path, removed: io::Result<()>) -> Result<(), SessionError> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SessionError::file("remove", path)(error)),
        _ => Ok(()),
    }
}
