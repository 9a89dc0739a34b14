//! What a person may say of a run that another process walks: yes, or give it up.

use super::open::append;
use super::{EngineError, RunDir};
use crate::run::{Event, Person, RunState, step};
use crate::session;
use sereno_model::RunId;
use sereno_model::redact::Redactor;
use sereno_store::{Context, Store};
use std::io::ErrorKind;
use std::path::Path;

/// Somebody who speaks about a run without walking it.
pub struct Outside<'a> {
    pub store: &'a Store,
    pub context: &'a Context,
    pub person: Person,
    pub redactor: Redactor,
    /// `.sereno`: where runs keep their folders.
    pub state_dir: &'a Path,
}

impl Outside<'_> {
    /// Records a yes to these steps, as seen in `state`; if the run moved on since, nothing is recorded.
    pub async fn approve(
        &self,
        run: &RunId,
        seen: (&RunState, u64),
        steps: &[usize],
        reason: String,
        word: Option<String>,
        stand_in: bool,
    ) -> Result<(), EngineError> {
        let event = Event::Approved {
            digest: seen.0.plan.digest.clone(),
            steps: steps.to_vec(),
            by: self.person.clone(),
            reason,
            word,
            stand_in,
        };
        self.record(run, seen, event).await
    }

    /// Gives the run up: the step that runs is asked to end, and whoever walks the run does the rest.
    pub async fn cancel(&self, run: &RunId, seen: (&RunState, u64), reason: String) -> Result<(), EngineError> {
        self.record(run, seen, Event::Cancelled { reason, by: self.person.clone() }).await?;
        if let Some((index, attempt)) = seen.0.running() {
            // Another OS user may not write there; then whoever walks the run finds the entry in the journal.
            match session::cancel(&RunDir::new(self.state_dir, run).step(index, attempt)) {
                Err(session::SessionError::File { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {}
                asked => asked?,
            }
        }
        Ok(())
    }

    async fn record(&self, run: &RunId, (state, last): (&RunState, u64), event: Event) -> Result<(), EngineError> {
        let (after, _) = step(Some(state.clone()), event.clone())?;
        let appended = append(self.store, self.context, &self.redactor, (run, last), event, &after).await?;
        if appended.is_none() {
            return Err(EngineError::MovedOn(run.clone()));
        }
        let dir = RunDir::new(self.state_dir, run);
        match dir.wake() {
            // Another OS user's folder: its owner looks at the journal every few seconds anyway.
            Err(source) if source.kind() == ErrorKind::PermissionDenied => Ok(()),
            woken => woken.map_err(|source| EngineError::file(dir.path(), source)),
        }
    }
}
