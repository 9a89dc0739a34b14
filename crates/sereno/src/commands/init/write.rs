//! Putting the file in its place: whole or not at all, and never over another.

use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Yes,
    /// Something of that name is there.
    WasThere,
}

/// Writes a file that is not there yet.
pub(super) fn new_file(path: &Path, text: &str) -> io::Result<Written> {
    // A link that leads nowhere is somebody's too.
    if fs::symlink_metadata(path).is_ok() {
        return Ok(Written::WasThere);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let result = whole(&beside, text).and_then(|()| place(&beside, path));
    if !matches!(result, Ok(Written::Yes)) {
        // What could not be made cannot be taken away either; the error that led here is what counts.
        let _ = fs::remove_file(&beside);
    }
    result
}

fn whole(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn place(from: &Path, to: &Path) -> io::Result<Written> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(Written::Yes),
        Err(rustix::io::Errno::EXIST) => Ok(Written::WasThere),
        // A file system that cannot promise it: a second name of the same file can.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => match fs::hard_link(from, to) {
            Ok(()) => fs::remove_file(from).map(|()| Written::Yes),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Written::WasThere),
            Err(error) => Err(error),
        },
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_nothing_is_left_beside_it() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("sereno.toml");
        assert_eq!(new_file(&path, "one").expect("written"), Written::Yes);
        assert_eq!(new_file(&path, "two").expect("told"), Written::WasThere);
        assert_eq!(fs::read_to_string(&path).expect("a file"), "one");
        let link = root.path().join("link.toml");
        std::os::unix::fs::symlink("nowhere", &link).expect("a link");
        assert_eq!(new_file(&link, "x").expect("told"), Written::WasThere);
        assert_eq!(fs::read_dir(root.path()).expect("a folder").count(), 2);
        assert!(new_file(&root.path().join("none/sereno.toml"), "x").is_err());
    }
}
