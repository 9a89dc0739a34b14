//! Writing files so that they are either there whole or not at all.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Writes `path` whole by way of `temporary`, lets it be seen, and then waits until it would survive a power cut.
///
/// In this order nobody who follows the step waits for the disk. Should the power fail in between, the name may be there
/// with nothing under it; readers take a file that they cannot read for one that was never written.
pub(super) fn write_durably(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole(temporary, path, bytes)?.sync_data()?;
    let parent = path.parent().unwrap_or(Path::new("/"));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = rustix::fs::open(parent, flags, rustix::fs::Mode::empty())?;
    rustix::fs::fsync(dir)?;
    Ok(())
}

/// Writes `path` so that it is seen whole or not at all.
pub(super) fn write_whole(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = private(temporary)?;
    file.write_all(bytes)?;
    std::fs::rename(temporary, path)?;
    Ok(file)
}

/// Writes a file that only its owner may read. Not durable: for what is worthless after a power cut.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    private(path)?.write_all(bytes)
}

/// Adds to a file that only its owner may read, and tells where that begins. Not durable.
pub(super) fn append(path: &Path, bytes: &[u8]) -> io::Result<u64> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let offset = file.metadata()?.len();
    file.write_all(bytes)?;
    Ok(offset)
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
