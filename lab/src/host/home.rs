//! The directory of one lab: what a team would have on its server, and beside it the lab's own notes.
//!
//! ```text
//! DIR/            RUNBOOK.md, Makefile, docker-compose.yml, migrations/, .env   what an operator sees
//! DIR/pg redis    the data      DIR/logs the logs      DIR/run the pid files
//! DIR/.lab        which files the lab wrote, which faults are in: not for whoever operates the system
//! ```

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};

use super::env_file::EnvFile;
use crate::failure::{Doing, Failure, Result};

/// A file that a system brings along.
pub(crate) struct SystemFile {
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Home {
    dir: PathBuf,
}

impl Home {
    /// Makes the directory, or takes one that holds nothing but what a lab of this system holds.
    pub(crate) fn create(dir: &Path, files: &[SystemFile]) -> Result<Self> {
        let what = || format!("creating {}", dir.display());
        fs::create_dir_all(dir).doing(what)?;
        let home = Self::open(dir)?;
        home.refuse_foreign(files)?;
        for folder in ["logs", "run", ".lab"] {
            fs::create_dir_all(home.path(folder)).doing(what)?;
        }
        Ok(home)
    }

    /// Somebody's home directory or project is not a place to start databases in, nor to wipe.
    fn refuse_foreign(&self, files: &[SystemFile]) -> Result<()> {
        if self.path(".lab").exists() {
            return Ok(());
        }
        let what = || format!("reading {}", self.dir.display());
        for entry in fs::read_dir(&self.dir).doing(what)? {
            let name = entry.doing(what)?.file_name();
            let name = name.to_string_lossy();
            let known = files.iter().any(|file| file.path.split('/').next() == Some(&name));
            if !known && name != ".env" && name != "backups" {
                return Err(Failure::new(format!("{} holds {name}, which is not of this system", self.dir.display()))
                    .hint("choose an empty or a new directory with --dir"));
            }
        }
        Ok(())
    }

    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let dir = fs::canonicalize(dir).map_err(|error| {
            Failure::new(format!("{}: {error}", dir.display())).hint("`lab up SYSTEM --dir DIR` makes one")
        })?;
        let owner = fs::metadata(&dir).doing(|| dir.display().to_string())?.uid();
        let me = rustix::process::geteuid();
        // Somebody else's `.env` would tell us which programs to talk to.
        if owner != me.as_raw() && !me.is_root() {
            return Err(Failure::new(format!("{} belongs to another user", dir.display()))
                .hint("choose another directory with --dir"));
        }
        Ok(Self { dir })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.join(relative)
    }

    pub(crate) fn env(&self) -> Result<EnvFile> {
        EnvFile::read(&self.path(".env"))
    }

    /// One command at a time per directory; released when the file is dropped.
    ///
    /// A command that runs inside another one of ours, through make, shares the lock of that one.
    pub(crate) fn lock(&self) -> Result<fs::File> {
        let path = self.path(".lab/lock");
        let what = || format!("locking {}", path.display());
        let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).doing(what)?;
        if std::env::var_os("LAB_LOCK_HELD").is_none() {
            rustix::fs::flock(file.as_fd(), FlockOperation::LockExclusive).doing(what)?;
        }
        Ok(file)
    }

    /// Writes the system's files, except those that a person changed since.
    pub(crate) fn install(&self, files: &[SystemFile]) -> Result<()> {
        let record = self.path(".lab/files");
        let mut known = Written::read(&record);
        for file in files {
            let path = self.path(file.path);
            let what = || format!("writing {}", path.display());
            let digest = digest(file.text.as_bytes());
            if let Ok(present) = fs::read(&path)
                && known.get(file.path) != Some(&self::digest(&present))
            {
                continue;
            }
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).doing(what)?;
            }
            fs::write(&path, file.text).doing(what)?;
            if file.text.starts_with("#!") {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).doing(what)?;
            }
            known.set(file.path, digest);
        }
        known.write(&record)
    }

    /// Removes the files that [`Home::install`] wrote and nobody changed, and the folders that this empties.
    pub(crate) fn uninstall(&self) -> Result<()> {
        for (relative, written) in &Written::read(&self.path(".lab/files")).0 {
            let path = self.path(relative);
            if !fs::read(&path).is_ok_and(|present| digest(&present) == *written) {
                continue;
            }
            fs::remove_file(&path).doing(|| format!("removing {}", path.display()))?;
            let folders = path.ancestors().skip(1).take_while(|folder| *folder != self.dir);
            for folder in folders {
                // One that still holds something stays, which is not worth a word.
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Says which directory stops another account from reaching ours, if one does.
    pub(crate) fn closed_parent(&self) -> Option<PathBuf> {
        self.dir
            .ancestors()
            .find(|dir| fs::metadata(dir).is_ok_and(|meta| meta.permissions().mode() & 0o001 == 0))
            .map(Path::to_path_buf)
    }
}

/// The digests of the files that the lab wrote: `DIGEST  PATH` per line, as sha256sum prints.
struct Written(Vec<(String, String)>);

impl Written {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        Self(
            text.lines()
                .filter_map(|line| line.split_once("  "))
                .map(|(digest, path)| (path.to_owned(), digest.to_owned()))
                .collect(),
        )
    }

    fn get(&self, path: &str) -> Option<&String> {
        self.0.iter().find(|(known, _)| known == path).map(|(_, digest)| digest)
    }

    fn set(&mut self, path: &str, digest: String) {
        self.0.retain(|(known, _)| known != path);
        self.0.push((path.to_owned(), digest));
    }

    fn write(&self, path: &Path) -> Result<()> {
        let lines: Vec<String> = self.0.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect();
        fs::write(path, lines.concat()).doing(|| format!("writing {}", path.display()))
    }
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
