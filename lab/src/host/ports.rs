//! Free TCP ports on loopback, given to one directory each.
//!
//! A port is noted as given until its directory is gone: two labs that start at once do not meet, and a lab
//! that is down for a while finds its ports again. Labs of other users are seen only while they listen.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::env_file::EnvFile;
use crate::failure::{Doing, Failure, Result};

/// Below the range from which Linux gives outgoing connections their ports, so that a port found free stays free.
const SEARCH: std::ops::Range<u16> = 20_000..30_000;

pub(crate) fn is_free(port: u16) -> bool {
    // Both addresses, because a container engine publishes on all of them and a server may hold only one.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

/// Gives `dir` the preferred port if nobody holds it, else one from the search range.
pub(crate) fn give(dir: &Path, preferred: u16) -> Result<u16> {
    let notes = notes()?;
    let lock = fs::File::create(notes.join("lock")).doing(|| "noting a port".to_owned())?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).doing(|| "noting a port".to_owned())?;
    let found = std::iter::once(preferred).chain(SEARCH).find(|port| !is_given(&notes, *port) && is_free(*port));
    let port = found.ok_or_else(|| Failure::new("no free TCP port between 20000 and 30000"))?;
    note(&notes, dir, port)?;
    Ok(port)
}

/// Gives `dir` this very port, whoever it was noted for, if nobody listens on it.
pub(crate) fn give_exactly(dir: &Path, port: u16) -> Result<u16> {
    if !is_free(port) {
        return Err(Failure::new(format!("port {port} is taken")));
    }
    note(&notes()?, dir, port)?;
    Ok(port)
}

/// Takes back what was noted for `dir`: what it held before it was wiped must not be kept from itself.
pub(crate) fn take_back(dir: &Path) -> Result<()> {
    remove_notes(&notes()?, dir)
}

fn remove_notes(notes: &Path, dir: &Path) -> Result<()> {
    let what = || format!("reading {}", notes.display());
    for entry in fs::read_dir(notes).doing(what)? {
        let path = entry.doing(what)?.path();
        let mine = fs::read(&path).is_ok_and(|text| text == dir.as_os_str().as_encoded_bytes());
        if mine {
            fs::remove_file(&path).doing(|| format!("removing {}", path.display()))?;
        }
    }
    Ok(())
}

fn note(notes: &Path, dir: &Path, port: u16) -> Result<()> {
    let path = notes.join(port.to_string());
    fs::write(&path, dir.as_os_str().as_encoded_bytes()).doing(|| format!("writing {}", path.display()))
}

/// Given to a directory whose `.env` still says so, or has yet to be written.
fn is_given(notes: &Path, port: u16) -> bool {
    let Ok(dir) = fs::read_to_string(notes.join(port.to_string())) else {
        return false;
    };
    let dir = Path::new(&dir);
    let text = port.to_string();
    match EnvFile::read(&dir.join(".env")) {
        Ok(env) if env.get("LAB_PLATFORM").is_some() => {
            env.pairs().any(|(name, value)| name.ends_with("PORT") && value == text)
        }
        _ => dir.join(".lab").exists(),
    }
}

/// A folder of our own; one that another user put in its place is refused.
fn notes() -> Result<PathBuf> {
    let me = rustix::process::geteuid().as_raw();
    let path = std::env::temp_dir().join(format!("lab-ports-{me}"));
    let what = || format!("creating {}", path.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).doing(what)?;
    let found = fs::symlink_metadata(&path).doing(what)?;
    if !found.is_dir() || found.uid() != me {
        return Err(Failure::new(format!("{} is not ours", path.display())).hint("remove it"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{is_given, note, remove_notes};

    #[test]
    fn a_port_is_given_for_as_long_as_its_directory_says_so() {
        let notes = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_given(notes.path(), 3000));
        note(notes.path(), dir.path(), 3000).unwrap();
        assert!(!is_given(notes.path(), 3000), "an empty directory holds no lab");
        fs::create_dir(dir.path().join(".lab")).unwrap();
        assert!(is_given(notes.path(), 3000), "one that is being set up does");
        remove_notes(notes.path(), Path::new("/elsewhere")).unwrap();
        assert!(is_given(notes.path(), 3000), "only one's own notes go");
        remove_notes(notes.path(), dir.path()).unwrap();
        assert!(!is_given(notes.path(), 3000), "taken back, it is nobody's");
        note(notes.path(), dir.path(), 3000).unwrap();
        fs::write(dir.path().join(".env"), "LAB_PLATFORM=process\nPORT=3000\n").unwrap();
        assert!(is_given(notes.path(), 3000));
        fs::write(dir.path().join(".env"), "LAB_PLATFORM=process\nPORT=3001\n").unwrap();
        assert!(!is_given(notes.path(), 3000), "one that moved on does not");
        fs::remove_dir_all(dir.path()).unwrap();
        assert!(!is_given(notes.path(), 3000));
    }
}
