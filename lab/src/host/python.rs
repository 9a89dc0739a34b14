//! Python with the packages that a system needs: Debian's where they are installed, else PyPI's in a venv.
//!
//! A venv is made once for each list of packages and shared by all labs of this user; a lab holds a link to it.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};

use super::daemon::tail;
use super::wait;
use crate::failure::{Doing, Failure, Result};

const DEBIAN: &str = "/usr/bin/python3";

/// Finds or makes the venv, and leaves a link to it at `link`; without a link Debian's Python does.
pub(crate) fn prepare(requirements: &Path, modules: &[&str], link: &Path) -> Result<()> {
    if debian_has(modules) {
        return Ok(());
    }
    let venv = cached(requirements)?;
    if fs::read_link(link).is_ok_and(|named| named == venv) {
        return Ok(());
    }
    let what = || format!("linking {}", link.display());
    if link.is_symlink() {
        fs::remove_file(link).doing(what)?;
    }
    symlink(&venv, link).doing(what)
}

/// The interpreter of a lab whose venv, if it has one, is at `link`.
pub(crate) fn program(link: &Path) -> PathBuf {
    let own = link.join("bin/python3");
    if own.exists() { own } else { PathBuf::from(DEBIAN) }
}

fn debian_has(modules: &[&str]) -> bool {
    let code = format!("import {}", modules.join(", "));
    let output = Command::new(DEBIAN).args(["-I", "-c", &code]).output();
    output.is_ok_and(|output| output.status.success())
}

fn cached(requirements: &Path) -> Result<PathBuf> {
    let text = fs::read(requirements).doing(|| requirements.display().to_string())?;
    let version = Command::new("python3")
        .args(["-c", "import sys; print(sys.version, sys.base_prefix)"])
        .output()
        .map_err(|error| Failure::new(format!("python3: {error}")).hint("apt-get install python3-venv"))?;
    let digest = Sha256::new().chain_update(&text).chain_update(&version.stdout).finalize();
    let name = digest.iter().take(8).fold(String::from("python-"), |name, byte| format!("{name}{byte:02x}"));
    let cache = cache()?;
    let venv = cache.join(&name);
    let lock = cache.join(format!("{name}.lock"));
    let lock = fs::File::create(&lock).doing(|| format!("creating {}", lock.display()))?;
    // Labs that start at the same time wait for the first one's.
    rustix::fs::flock(lock.as_fd(), FlockOperation::LockExclusive).doing(|| "waiting for the venv".to_owned())?;
    let complete = venv.join("complete");
    if !complete.exists() {
        make(&venv, requirements)?;
        fs::write(&complete, "").doing(|| format!("writing {}", complete.display()))?;
    }
    Ok(venv)
}

fn make(venv: &Path, requirements: &Path) -> Result<()> {
    if venv.exists() {
        fs::remove_dir_all(venv).doing(|| format!("removing {}", venv.display()))?;
    }
    let log = venv.with_extension("log");
    let mut command = Command::new("python3");
    command.args(["-m", "venv"]).arg(venv);
    bounded(command, &log, Duration::from_mins(4))
        .map_err(|error| error.hint("apt-get install python3-venv, or use --platform compose"))?;
    let mut command = Command::new(venv.join("bin/pip"));
    command.args(["install", "--no-input", "--disable-pip-version-check", "--timeout", "15", "--retries", "2"]);
    command.arg("--requirement").arg(requirements);
    bounded(command, &log, Duration::from_mins(8)).map_err(|error| {
        error.hint("Python's packages come from PyPI; where it cannot be reached, use --platform compose")
    })
}

fn bounded(mut command: Command, log: &Path, limit: Duration) -> Result<()> {
    let what = format!("{command:?}");
    let file = fs::File::create(log).doing(|| format!("creating {}", log.display()))?;
    let both = file.try_clone().doing(|| format!("creating {}", log.display()))?;
    let mut child = command.stdin(Stdio::null()).stdout(file).stderr(both).spawn().doing(|| what.clone())?;
    let mut ended = None;
    let waited = wait::until(&what, limit, || {
        ended = child.try_wait().doing(|| what.clone())?;
        Ok(ended.is_some())
    });
    if let Err(error) = waited {
        child.kill().doing(|| format!("ending {what}"))?;
        child.wait().doing(|| format!("ending {what}"))?;
        return Err(error);
    }
    if ended.is_some_and(|status| status.success()) {
        return Ok(());
    }
    Err(Failure::new(format!("{what} failed; the end of {}:\n{}", log.display(), tail(log, 5))))
}

fn cache() -> Result<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    let cache = base.unwrap_or_else(std::env::temp_dir).join("sereno-lab");
    fs::create_dir_all(&cache).doing(|| format!("creating {}", cache.display()))?;
    Ok(cache)
}
