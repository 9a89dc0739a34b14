//! The file of a journal on SQLite: who may read it.
//!
//! A journal belongs to its owner alone, unless its directory has the setgid bit: that is how a team says that several
//! users of one machine share what is in it, and then the group may write.

use rustix::fs::{Access, access};
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

const SETGID: u32 = 0o2000;

/// Makes the directory and an empty file where they are missing; SQLite gives the files beside it the same mode.
pub(crate) fn prepare(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let mode = if directory.metadata()?.mode() & SETGID == 0 { 0o600 } else { 0o660 };
    match OpenOptions::new().write(true).create_new(true).mode(mode).open(path) {
        // The mode again, because the mask of the process may have taken the group's right away.
        Ok(file) => file.set_permissions(Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => may_write(path),
        Err(error) => Err(error),
    }
}

/// Asks without opening the file: to close it again would take away the locks that SQLite holds in this process.
fn may_write(path: &Path) -> io::Result<()> {
    match access(path, Access::WRITE_OK) {
        Ok(()) => Ok(()),
        Err(_) if access(path, Access::READ_OK).is_ok() => Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem)),
        Err(error) => Err(error.into()),
    }
}
