//! Orders to keepers: numbered, so that each is carried out once, and none is lost.
//!
//! An order is one file that is replaced at once. The keeper carries the newest one out and says its number in its state; an
//! order that names the start which it is for does nothing when that one is gone. So it does not matter how often it is given,
//! nor who of the two is killed in between: what is written stands, and a keeper that is started reads it first.

use super::files::Folder;
use super::keeper::KEEPER_COMMAND;
use super::spec::Spec;
use crate::PlatformError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sereno_model::OUTLIVES_STEP;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What is wanted of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "want")]
pub enum Want {
    /// It runs: started if it does not, left alone if it does.
    Run,
    /// It runs, and not as the one that was started then.
    Replace { started_at: Timestamp },
    /// It does not run, and can be put back.
    Stop,
    /// It does not run, and does not count any more.
    Remove,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) number: u64,
    pub(super) want: Want,
    /// What to run, for those that run something.
    pub(super) spec: Option<Spec>,
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run => f.write_str("run"),
            Self::Replace { started_at } => write!(f, "replace the one of {started_at}"),
            Self::Stop => f.write_str("stop"),
            Self::Remove => f.write_str("remove"),
        }
    }
}

/// How long a keeper may take to begin with an order.
const WITHIN: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Gives an order, starting a keeper where there is none, and waits until it has been taken up.
pub(super) async fn give(folder: &Folder, exe: &Path, want: Want, spec: Option<Spec>) -> Result<(), PlatformError> {
    let file = |source| PlatformError::File { path: folder.path().to_owned(), source };
    folder.create().map_err(file)?;
    let number = write(folder, want, spec)?;
    folder.ring();
    let begun = Instant::now();
    let mut keeper: Option<Child> = None;
    loop {
        // A state that cannot be read is replaced by the keeper that takes the order.
        if folder.read_state().ok().flatten().is_some_and(|state| state.order >= number) {
            return Ok(());
        }
        let ended = keeper.as_mut().map(Child::try_wait).transpose().map_err(file)?.flatten();
        if let Some(status) = ended {
            if !status.success() && !folder.is_held() {
                return Err(no_keeper(folder));
            }
            keeper = None;
        }
        // One that is leaving has not seen the order: another one does.
        if keeper.is_none() && !folder.is_held() {
            keeper = Some(start(folder, exe).map_err(file)?);
        }
        if begun.elapsed() > WITHIN {
            // A keeper that does not answer has the order all the same: whoever waits for what it brings about will see.
            return if folder.is_held() { Ok(()) } else { Err(no_keeper(folder)) };
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

fn write(folder: &Folder, want: Want, spec: Option<Spec>) -> Result<u64, PlatformError> {
    let _one = folder.ordering().map_err(|source| PlatformError::File { path: folder.path().to_owned(), source })?;
    let ordered = folder.read_order()?.map_or(0, |order| order.number);
    // A state from before the orders were lost has a number too.
    let taken = folder.read_state().ok().flatten().map_or(0, |state| state.order);
    let number = ordered.max(taken) + 1;
    folder.write_order(&Order { number, want, spec })?;
    Ok(number)
}

/// The keeper leaves this process's group and session by itself, and is no part of the step that starts it.
fn start(folder: &Folder, exe: &Path) -> std::io::Result<Child> {
    let complaint = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(folder.complaint())?;
    Command::new(exe)
        .arg0("sereno")
        .arg(KEEPER_COMMAND)
        .arg(folder.path())
        .env_clear()
        .env(OUTLIVES_STEP, "1")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(complaint)
        .spawn()
}

fn no_keeper(folder: &Folder) -> PlatformError {
    let said = fs::read_to_string(folder.complaint()).unwrap_or_default();
    let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned();
    PlatformError::Program { command: format!("sereno {KEEPER_COMMAND} {}", folder.path().display()), said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_numbered_on() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(dir.path().join("api.0"));
        folder.create().expect("made");
        assert_eq!(write(&folder, Want::Run, None).expect("written"), 1);
        assert_eq!(write(&folder, Want::Stop, None).expect("written"), 2);
        assert_eq!(folder.read_order().expect("read").map(|order| order.want), Some(Want::Stop));
    }
}
