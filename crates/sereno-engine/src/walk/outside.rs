//! What a person may say of a run that another process walks: yes, or give it up.

use super::open::append;
use super::{EngineError, RunDir};
use crate::plan::Approval;
use crate::run::{Event, Person, RunState, step};
use crate::session;
use sereno_model::RunId;
use sereno_model::redact::Redactor;
use sereno_store::{Action, Context, Store};
use std::io::ErrorKind;
use std::path::Path;

/// A person's yes, as they gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub reason: String,
    pub word: Option<String>,
    pub stand_in: bool,
}

impl Consent {
    /// The entry that records it: an approval where an approver's is needed or given, else the operator's own consent.
    /// The store asks for the role that each of them needs.
    pub(super) fn event(self, context: &Context, by: &Person, state: &RunState, steps: &[usize]) -> Event {
        let digest = state.plan.digest.clone();
        let (steps, by, Self { reason, word, stand_in }) = (steps.to_vec(), by.clone(), self);
        let second = steps.iter().any(|&step| {
            matches!(state.plan.steps.get(step).map(|s| &s.approval), Some(Approval::SecondPerson { .. }))
        });
        let own = by.is_same(&state.started_by) || context.may(Action::Approve).is_err();
        if !second && own {
            return Event::Consented { digest, steps, by, reason };
        }
        Event::Approved { digest, steps, by, reason, word, stand_in }
    }
}

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
        consent: Consent,
    ) -> Result<(), EngineError> {
        let event = consent.event(self.context, &self.person, seen.0, steps);
        self.record(run, seen, event).await
    }

    /// Gives the run up: the step that runs is asked to end, and whoever walks the run does the rest.
    pub async fn cancel(&self, run: &RunId, seen: (&RunState, u64), reason: String) -> Result<(), EngineError> {
        self.record(run, seen, Event::Cancelled { reason, by: self.person.clone() }).await?;
        if let Some((index, attempt)) = seen.0.running() {
            // Another OS user may not write there; then whoever walks the run finds the entry in the journal.
            match session::cancel(&RunDir::new(self.state_dir, run).step(index, attempt)) {
                Err(session::SessionError::File { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {}
                // Its start is in the journal, its folder not there yet.
                Err(session::SessionError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                asked => asked?,
            }
        }
        Ok(())
    }

    async fn record(&self, run: &RunId, (state, last): (&RunState, u64), event: Event) -> Result<(), EngineError> {
        let (after, _) = step(Some(state.clone()), event.clone())?;
        let appended = append(self.store, self.context, &self.redactor, (run, last), &[event], &after).await?;
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
