//! Waiting: for a step that runs, and for another person's word.

use super::locks::Renewal;
use super::wake::Wake;
use super::{EngineError, RunDir, Ui, Walk};
use crate::session::{self, Ended, RunnerHandle, SessionError, StepSpec, Stream};
use sereno_model::{RunId, Text};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the journal is asked whether somebody wrote, where no wake-up can come (another machine).
const LOOK_AGAIN: Duration = Duration::from_secs(2);

enum Happened {
    Output(Stream, Vec<u8>),
    Ended(Result<Ended, SessionError>),
}

/// The journal as it stood when a step started, to see whether somebody has cancelled the run since.
pub(super) struct Journal<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) run: &'a RunId,
    pub(super) last: u64,
}

impl Journal<'_> {
    async fn says_cancel(&self) -> Result<bool, EngineError> {
        match self.walk.store.entries_of(self.walk.context, self.run).await {
            Ok(entries) => Ok(entries.iter().any(|entry| entry.seq > self.last && entry.kind == "run.cancelled")),
            // A journal that cannot be had just now is asked again: the step goes on whatever it says.
            Err(error) if error.is_passing() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Shows a step's output until it has ended. Ctrl-C ends the step, not Sereno: what it started ends with it.
pub(super) async fn until_ended<U: Ui>(
    mut handle: RunnerHandle,
    ui: &mut U,
    dir: &Path,
    journal: &Journal<'_>,
) -> Result<Ended, EngineError> {
    // Few: a piece may hold 128 KiB, and a slow terminal must make the watcher wait, not fill the memory.
    let (sender, mut receiver) = mpsc::channel(16);
    let watcher = std::thread::spawn(move || {
        let output = sender.clone();
        let ended = handle.wait(move |stream, bytes| {
            // A receiver that is gone wants no more output; the step's own record is the runner's.
            let _ = output.blocking_send(Happened::Output(stream, bytes.to_vec()));
        });
        let _ = sender.blocking_send(Happened::Ended(ended));
    });
    // The first look comes after a while: most steps have ended by then.
    let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOK_AGAIN, LOOK_AGAIN);
    let mut renewal = Renewal::now();
    let mut cancelled = false;
    let ended = loop {
        tokio::select! {
            // Cancel-safe: a message is either received or stays in the channel.
            happened = receiver.recv() => match happened {
                Some(Happened::Output(stream, bytes)) => ui.output(stream, &bytes),
                Some(Happened::Ended(ended)) => break ended?,
                None => return Err(EngineError::WatcherGone),
            },
            // Cancel-safe: a tick that is not taken comes again.
            _ = look.tick() => {
                renewal.when_due(journal.walk, journal.run).await?;
                if !cancelled && journal.says_cancel().await? {
                    cancelled = true;
                    session::cancel(dir)?;
                }
            }
            // Cancel-safe: a signal that arrives between two polls is kept by the runtime.
            _ = tokio::signal::ctrl_c() => {
                ui.notice(&Text::new("ending the step", "terminando el paso"));
                session::cancel(dir)?;
            }
        }
    };
    // It has sent its last message: the thread is at its end.
    let _ = watcher.join();
    Ok(ended)
}

/// Hands the terminal to a step and waits until it gives it back.
pub(super) async fn interactive(runner: PathBuf, spec: StepSpec) -> Result<Ended, EngineError> {
    let ended = tokio::task::spawn_blocking(move || session::run_interactive(&runner, &spec)).await;
    match ended {
        Ok(ended) => Ok(ended?),
        Err(_) => Err(EngineError::WatcherGone),
    }
}

/// Waits until the run has an entry after `last`. Whoever approves or cancels on this machine touches the run's `wake`
/// file; the journal itself is looked at now and then for those on another.
pub(super) async fn wait_for_entry(walk: &Walk<'_>, dir: &RunDir, run: &RunId, last: u64) -> Result<(), EngineError> {
    let mut renewal = Renewal::now();
    loop {
        renewal.when_due(walk, run).await?;
        // The watch begins before the look, so that nothing can come between them.
        let wake = Wake::on(dir.path()).map_err(|source| EngineError::file(dir.path(), source))?;
        let entries = walk.store.entries_of(walk.context, run).await?;
        if entries.iter().any(|entry| entry.seq > last) {
            return Ok(());
        }
        let woken = tokio::task::spawn_blocking(move || wake.wait(LOOK_AGAIN));
        tokio::select! {
            // Cancel-safe: the blocking task ends by itself within its time.
            _ = woken => {}
            // Cancel-safe: a signal that arrives between two polls is kept by the runtime.
            _ = tokio::signal::ctrl_c() => return Err(EngineError::Interrupted(run.clone())),
        }
    }
}
