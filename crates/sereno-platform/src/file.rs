//! Files as they are read: never waiting for the other end of a pipe, or for what a device may never say.

use std::fs;
use std::io;
use std::path::Path;

/// What is in a regular file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    refuse_odd(path)?;
    fs::read(path)
}

/// The same as text in UTF-8.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    refuse_odd(path)?;
    fs::read_to_string(path)
}

/// An error where something is that is no regular file: who reads it by other means would wait.
pub(crate) fn refuse_odd(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    match (kind.is_file(), kind.is_dir()) {
        (true, _) => Ok(()),
        (_, true) => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_waited_for_is_refused_at_once() {
        let place = tempfile::tempdir().expect("a folder");
        let pipe = place.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let kind = |path: &Path| read(path).expect_err("no file").kind();
        assert_eq!(kind(&pipe), io::ErrorKind::InvalidInput);
        assert_eq!(kind(Path::new("/dev/zero")), io::ErrorKind::InvalidInput);
        assert_eq!(kind(place.path()), io::ErrorKind::IsADirectory);
        assert_eq!(kind(&place.path().join("none")), io::ErrorKind::NotFound);
    }
}
