//! Locks while walking: taken before a step starts, renewed while it runs, taken over from a run that nobody walks.

use super::{EngineError, RunDir, Ui, Walk, Walker, load_state};
use crate::run::Next;
use sereno_model::{RunId, Text};
use sereno_store::{Held, StoreError};
use std::time::Instant;

/// When the locks of a run were last renewed.
#[derive(Debug)]
pub(super) struct Renewal {
    last: Instant,
}

impl Renewal {
    pub(super) fn now() -> Self {
        Self { last: Instant::now() }
    }

    /// Renews the locks when a third of their lease has passed. A journal that cannot be had just now is asked again at
    /// the next look: the step that runs needs it only when it ends.
    pub(super) async fn when_due(&mut self, walk: &Walk<'_>, run: &RunId) -> Result<(), EngineError> {
        if self.last.elapsed() < walk.lock_lease / 3 {
            return Ok(());
        }
        match walk.store.renew_locks(walk.context, run, walk.lock_lease).await {
            Ok(_) => self.last = Instant::now(),
            Err(error) if error.is_passing() => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

impl<U: Ui> Walker<'_, U> {
    /// Takes the locks of these components, or renews them.
    pub(super) async fn lock(&mut self, components: &[String]) -> Result<(), EngineError> {
        if components.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = components.iter().map(String::as_str).collect();
        // Each failure but the last frees one of them, so there are no more rounds than components.
        for _ in 0..=components.len() {
            let at_work = |other: &RunId| RunDir::new(&self.walk.state_dir, other).is_at_work();
            let walk = self.walk;
            match walk.store.acquire_locks_unless(walk.context, &names, &self.run, walk.lock_lease, at_work).await {
                Err(StoreError::LockHeld(held)) => self.take_over(held).await?,
                taken => return Ok(taken.map(drop)?),
            }
        }
        Ok(())
    }

    /// When this walk leaves a run that goes on, its locks hold for a whole lease from now.
    pub(super) async fn leave_locked(&self) -> Result<(), EngineError> {
        self.walk.store.renew_locks(self.walk.context, &self.run, self.walk.lock_lease).await?;
        Ok(())
    }

    /// Takes a lock from a run of this machine that ought to be walked and is not: whoever walked it was killed. A run
    /// that waits for a person keeps its locks, and so does one whose step is still at work under its runner.
    async fn take_over(&mut self, held: Box<Held>) -> Result<(), EngineError> {
        let Ok(owner) = held.run.parse::<RunId>() else { return Err(StoreError::LockHeld(held).into()) };
        let dir = RunDir::new(&self.walk.state_dir, &owner);
        // Held until the lock has changed hands, so that nobody takes the run up meanwhile.
        let walking = if dir.path().is_dir() { dir.walk().ok().flatten() } else { None };
        let (true, false) = (walking.is_some(), dir.has_runner()) else {
            return Err(StoreError::LockHeld(held).into());
        };
        let (state, _) = load_state(self.walk.store, self.walk.context, &owner).await?;
        if matches!(state.next(), Next::Approve { .. } | Next::Person { .. }) {
            return Err(StoreError::LockHeld(held).into());
        }
        let (walk, component) = (self.walk, &held.component);
        walk.store.take_lock_over(walk.context, component, &owner, &self.run, walk.lock_lease).await?;
        drop(walking);
        self.ui.notice(&Text::new(
            format!("took the lock of {component} over from run {owner}, which nobody walks any more"),
            format!("se tomó el bloqueo de {component} de la ejecución {owner}, que ya nadie lleva"),
        ));
        Ok(())
    }
}
