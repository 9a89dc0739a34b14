//! Walking a run: doing what the state machine asks, one event at a time.
//!
//! The only part of the engine that touches processes and the store. Its rule: an event is durable in the journal
//! before the world is touched, and what was learned is durable before anything else is done. Whatever kills it, the
//! next walker folds the journal, re-attaches to a step that runs, and goes on.

mod attempt;
mod close;
mod expect;
mod fault;
mod follow;
mod locks;
mod open;
mod outside;
mod planned;
mod report;
mod run_dir;
mod secrets;
mod ui;
mod wake;

pub use expect::each_output;
pub use open::{EngineError, load, load_state, start};
pub use outside::{Consent, Outside};
pub use run_dir::{RunDir, Walking};
pub use secrets::redact_json;
pub use ui::{Answer, Stream, Ui, Verdict};

use crate::plan::Plan;
use crate::run::{Decision, Ending, Event, Next, Person, RunState, StepReport, step};
use crate::session;
use sereno_model::redact::Redactor;
use sereno_model::{Outcome, RunId, Text};
use sereno_store::Store;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a walk needs besides the run itself.
pub struct Walk<'a> {
    pub store: &'a Store,
    pub context: &'a sereno_store::Context,
    pub person: Person,
    /// `.sereno`: where runs keep their folders.
    pub state_dir: PathBuf,
    /// Where the first step starts.
    pub cwd: PathBuf,
    /// The environment of the first step.
    pub env: Vec<(OsString, OsString)>,
    /// The environment of Sereno's own steps: an operation's, and those beside the author's.
    pub own_env: Vec<(OsString, OsString)>,
    pub redactor: Redactor,
    /// The program that serves as runner: Sereno itself.
    pub runner: PathBuf,
    pub timeout: Option<Duration>,
    /// How long a lock outlives the step that took it: the time after which a machine counts as dead.
    pub lock_lease: Duration,
}

/// How a walk came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// The run has ended.
    Ended(Ending),
    /// It waits for another person's approval.
    WaitsForApproval,
    /// A step failed, or is a person's, and nobody decided.
    WaitsForPerson,
    /// A step's outcome is unknown, and nobody decided.
    Unknown,
}

/// One run being walked by this process.
pub struct Walker<'a, U: Ui> {
    walk: &'a Walk<'a>,
    ui: &'a mut U,
    run: RunId,
    dir: RunDir,
    state: RunState,
    /// The sequence number of the run's last entry: what every append builds upon.
    last: u64,
    /// The exact plan, with the secrets that the journal's lacks.
    plan: Arc<Plan>,
    /// The verification that is being tried again, and since when.
    verifying: Option<(usize, Instant)>,
    runners: session::Runners,
    /// Which start of which machine this is.
    boot: String,
    _walking: Walking,
}

impl<'a, U: Ui> Walker<'a, U> {
    /// Takes a run up: no other process may be walking it, and the plan on disk must be the one that was approved.
    pub async fn take(walk: &'a Walk<'a>, ui: &'a mut U, run: RunId) -> Result<Self, EngineError> {
        walk.context.may(sereno_store::Action::Operate)?;
        let dir = RunDir::new(&walk.state_dir, &run);
        if !dir.path().is_dir() {
            let (state, _) = load_state(walk.store, walk.context, &run).await?;
            if state.ended.is_none() {
                return Err(EngineError::FolderGone { run, path: dir.path().to_owned() });
            }
            dir.create().map_err(|source| EngineError::file(dir.path(), source))?;
        }
        let walker = Self::hold(walk, ui, run, dir).await?;
        walker.plan_holds()
    }

    /// Takes a run up to give it up. Its exact plan may be damaged and its folder gone: nothing of it will start.
    pub async fn take_to_cancel(walk: &'a Walk<'a>, ui: &'a mut U, run: RunId) -> Result<Self, EngineError> {
        walk.context.may(sereno_store::Action::Operate)?;
        let dir = RunDir::new(&walk.state_dir, &run);
        let is_gone = !dir.path().is_dir();
        dir.create().map_err(|source| EngineError::file(dir.path(), source))?;
        let mut walker = Self::hold(walk, ui, run, dir).await?;
        if let (true, Some((step, attempt))) = (is_gone, walker.state.running()) {
            let note = Text::new("the folder of the run is gone", "la carpeta de la ejecución ya no existe");
            let report = StepReport::bare(Outcome::Unknown, Some(note));
            walker.record(Event::Finished { step, attempt, report }).await?;
        }
        Ok(walker)
    }

    async fn hold(walk: &'a Walk<'a>, ui: &'a mut U, run: RunId, dir: RunDir) -> Result<Self, EngineError> {
        let walking = dir
            .walk()
            .map_err(|source| EngineError::file(dir.path(), source))?
            .ok_or_else(|| EngineError::WalkedElsewhere(run.clone()))?;
        let (state, last) = load_state(walk.store, walk.context, &run).await?;
        let plan = Arc::clone(&state.plan);
        let (runners, boot) = (session::Runners::new(fault::runner(&walk.runner)), fault::boot_id());
        Ok(Self { walk, ui, run, dir, state, last, plan, verifying: None, runners, boot, _walking: walking })
    }

    /// With the exact plan instead of the journal's, which lacks the secrets; it must be the one that was approved.
    fn plan_holds(mut self) -> Result<Self, EngineError> {
        if self.state.ended.is_none() {
            let read = self.dir.read_plan();
            let plan = read.map_err(|source| EngineError::PlanGone { run: self.run.clone(), source })?;
            if !plan.digest_holds() || plan.digest != self.state.plan.digest {
                return Err(EngineError::PlanChanged(self.run));
            }
            self.plan = Arc::new(plan);
        }
        Ok(self)
    }

    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Records that this person took the run up.
    pub async fn resumed(&mut self) -> Result<(), EngineError> {
        self.record(Event::Resumed { by: self.walk.person.clone() }).await
    }

    /// Records a decision about the step that stopped the run.
    pub async fn decide(&mut self, decision: Decision, reason: String) -> Result<(), EngineError> {
        // What a killed walker left open is learned first: the decision is about how the step really ended.
        if let Next::Watch { step, attempt } = self.state.next() {
            self.watch(step, attempt).await?;
        }
        match self.state.next() {
            Next::Person { step, .. } => self.decided(step, decision, reason).await,
            _ => Err(EngineError::NothingToDecide(self.run.clone())),
        }
    }

    async fn decided(&mut self, step: usize, decision: Decision, reason: String) -> Result<(), EngineError> {
        self.end_survivors(step)?;
        self.record(Event::Decided { step, decision, reason, by: self.walk.person.clone() }).await
    }

    /// What a step whose runner was killed left running would go on beside whatever comes next, perhaps doing it twice.
    fn end_survivors(&mut self, step: usize) -> Result<(), EngineError> {
        let attempt = self.state.steps[step].attempt();
        if self.state.steps[step].outcome() != Some(Outcome::Unknown) || attempt == 0 {
            return Ok(());
        }
        if let session::Status::Lost(lost) = session::status(&self.dir.step(step, attempt))? {
            let ended = session::end_processes(&lost.survivors);
            if !ended.is_empty() {
                self.ui.notice(&Text::new(
                    format!("ended {} processes that the step had left running", ended.len()),
                    format!("se terminaron {} procesos que el paso había dejado en marcha", ended.len()),
                ));
            }
        }
        Ok(())
    }

    /// Gives the run up: what runs is ended first.
    pub async fn cancel(&mut self, reason: String) -> Result<(), EngineError> {
        if let Some((step, attempt)) = self.state.running() {
            session::cancel(&self.dir.step(step, attempt))?;
        }
        for step in 0..self.state.steps.len() {
            self.end_survivors(step)?;
        }
        self.record(Event::Cancelled { reason, by: self.walk.person.clone() }).await
    }

    /// Walks until the run ends or must wait.
    pub async fn walk(&mut self) -> Result<Came, EngineError> {
        let came = self.walk_on().await?;
        if !matches!(came, Came::Ended(_)) {
            self.leave_locked().await?;
        }
        Ok(came)
    }

    async fn walk_on(&mut self) -> Result<Came, EngineError> {
        loop {
            match self.state.next() {
                Next::Start { step, attempt } => self.start(step, attempt).await?,
                Next::Watch { step, attempt } => self.watch(step, attempt).await?,
                Next::Approve { steps } => {
                    if let Some(came) = self.ask_approval(&steps).await? {
                        return Ok(came);
                    }
                }
                Next::Person { step, why } => match self.ui.decide(&self.state, step, why) {
                    Verdict::Decide { decision, reason } => self.decided(step, decision, reason).await?,
                    Verdict::Cancel { reason } => self.cancel(reason).await?,
                    Verdict::Leave if self.state.steps[step].outcome() == Some(Outcome::Unknown) => {
                        return Ok(Came::Unknown);
                    }
                    Verdict::Leave => return Ok(Came::WaitsForPerson),
                },
                Next::Close { after, attempt } => self.close(after, attempt).await?,
                Next::WatchClose { attempt } => self.watch_close(attempt).await?,
                Next::End(ending) => self.end(ending).await?,
                Next::Nothing => return Ok(Came::Ended(self.state.ended.unwrap_or(Ending::Failed))),
            }
        }
    }

    async fn ask_approval(&mut self, steps: &[usize]) -> Result<Option<Came>, EngineError> {
        match self.ui.approve(&self.state, steps) {
            Answer::Yes { reason, word, stand_in } => {
                let consent = Consent { reason, word, stand_in };
                let event = consent.event(self.walk.context, &self.walk.person, &self.state, steps);
                self.record(event).await?;
                Ok(None)
            }
            Answer::Wait => {
                follow::wait_for_entry(self.walk, &self.dir, &self.run, self.last).await?;
                self.reload().await?;
                Ok(None)
            }
            Answer::Leave => Ok(Some(Came::WaitsForApproval)),
            Answer::No { reason } => {
                self.cancel(reason).await?;
                Ok(None)
            }
        }
    }

    async fn end(&mut self, ending: Ending) -> Result<(), EngineError> {
        self.record(Event::Ended { ending }).await?;
        self.walk.store.release_locks(self.walk.context, &self.run).await?;
        session::forget(self.dir.path())?;
        self.dir.forget_plan().map_err(|source| EngineError::file(self.dir.path(), source))?;
        let run = self.run.clone();
        self.ui.ended(&run, ending);
        Ok(())
    }

    /// Writes an event and folds it in. When somebody else wrote first (an approval, a cancellation), theirs is folded
    /// in and the walk looks again at what comes next.
    async fn record(&mut self, event: Event) -> Result<(), EngineError> {
        while !self.try_record(std::slice::from_ref(&event)).await? {}
        Ok(())
    }

    /// Writes events, all or none, and folds them in; `false` when somebody else wrote first, which is then folded in.
    async fn try_record(&mut self, events: &[Event]) -> Result<bool, EngineError> {
        let mut state = self.state.clone();
        for event in events {
            (state, _) = step(Some(state), event.clone())?;
        }
        let Walk { store, context, redactor, .. } = self.walk;
        let appended = open::append(store, context, redactor, (&self.run, self.last), events, &state).await?;
        if let Some(last) = appended {
            self.state = state;
            self.last = last;
        } else {
            self.reload().await?;
        }
        Ok(appended.is_some())
    }

    async fn reload(&mut self) -> Result<(), EngineError> {
        let (state, last) = load_state(self.walk.store, self.walk.context, &self.run).await?;
        self.state = state;
        self.last = last;
        Ok(())
    }
}
