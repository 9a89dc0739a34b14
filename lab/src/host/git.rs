//! The history of a lab's directory, so that a bad change can be reverted as a team would.

use std::path::Path;
use std::process::Command;

use crate::failure::{Doing, Failure, Result};

/// Begins a history of what an operator keeps, unless the directory has one or git is missing.
///
/// Says whether it did: only such a history is ours to add to, and to delete.
pub(crate) fn begin(dir: &Path) -> Result<bool> {
    let present = Command::new("git").arg("--version").output().is_ok();
    if !present || run(dir, &["rev-parse", "--git-dir"]).is_ok() {
        return Ok(false);
    }
    run(dir, &["init", "-q", "-b", "main"])?;
    // Who reverts something at night has not set these up.
    run(dir, &["config", "user.name", "lab"])?;
    run(dir, &["config", "user.email", "lab@localhost"])?;
    commit(dir, "First version")?;
    Ok(true)
}

pub(crate) fn tag(dir: &Path, name: &str) -> Result<()> {
    run(dir, &["tag", name])
}

pub(crate) fn commit(dir: &Path, message: &str) -> Result<()> {
    run(dir, &["add", "--all"])?;
    if run(dir, &["diff", "--cached", "--quiet"]).is_ok() {
        return Ok(());
    }
    run(dir, &["commit", "-q", "-m", message])
}

pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Result<()> {
    let what = || format!("git {}", arguments.join(" "));
    let output = Command::new("git")
        .args(arguments)
        .current_dir(dir)
        // A caller inside another repository's hook must not have us write there.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .doing(what)?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::new(format!("{}: {text}", what())))
}
