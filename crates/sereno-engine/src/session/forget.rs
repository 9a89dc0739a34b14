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
        for path in files.private() {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(SessionError::file("remove", &path)(error));
                }
                _ => {}
            }
        }
        return Ok(());
    }
    let entries = std::fs::read_dir(run_dir).map_err(SessionError::file("read", run_dir))?;
    for entry in entries {
        let entry = entry.map_err(SessionError::file("read", run_dir))?;
        let kind = entry
            .file_type()
            .map_err(SessionError::file("read", &entry.path()))?;
        if kind.is_dir() {
            forget(&entry.path())?;
        }
    }
    Ok(())
}
