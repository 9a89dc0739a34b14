//! Walking a run: doing what the state machine asks, one event at a time.
//!
//! The only part of the engine that touches processes and the store. Its rule: an event is durable in the journal
//! before the world is touched, and what was learned is durable before anything else is done. Whatever kills it, the
//! next walker folds the journal, re-attaches to a step that runs, and goes on.

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

use crate::plan::{Action, Plan};
use crate::run::{Decision, Ending, Event, Next, Person, RunState, StepReport, StepState, step};
use crate::session::{self, Lost, StepFiles, StepResult, StepSpec};
use sereno_model::redact::Redactor;
use sereno_model::{Outcome, RunId, Text};
use sereno_store::Store;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a verification that fails is tried again: the thing it checks may just have been restarted.
const VERIFY_WITHIN: Duration = Duration::from_secs(30);
const VERIFY_EVERY: Duration = Duration::from_secs(1);
/// How often a step is started whose runner ends before anything of it runs: one that was killed is made up for, one that
/// cannot work here is not tried for ever.
const MOST_STARTS: u32 = 3;

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

    async fn start(&mut self, index: usize, attempt: u32) -> Result<(), EngineError> {
        let planned = self.plan.steps[index].clone();
        if planned.action == Action::Terminal && !self.ui.has_terminal() {
            let why = Text::new(
                "it waits for a person at a terminal, and there is none",
                "espera a una persona en una terminal, y no hay ninguna",
            );
            self.record(self.started(index, attempt)).await?;
            let report = StepReport::bare(Outcome::Failed, Some(why));
            self.ui.step_started(&self.state.plan.steps[index], attempt);
            self.ui.step_finished(&self.state.plan.steps[index], &report);
            return self.record(Event::Finished { step: index, attempt, report }).await;
        }
        self.refuse_changed(index).await?;
        self.lock(&planned.locks).await?;
        self.record(self.started(index, attempt)).await?;
        self.launch(index, attempt).await
    }

    /// Starts a step whose start is in the journal and follows it to its end, and so on with those that follow at once.
    async fn launch(&mut self, mut index: usize, mut attempt: u32) -> Result<(), EngineError> {
        loop {
            self.ui.step_started(&self.state.plan.steps[index], attempt);
            let spec = self.spec(index, attempt)?;
            let ended = if self.plan.steps[index].action == Action::Terminal {
                follow::interactive(self.walk.runner.clone(), spec).await?
            } else {
                let handle = self.runners.start(&spec)?;
                self.follow(handle, &spec.dir).await?
            };
            match self.finished(index, attempt, ended).await? {
                Some(started) => (index, attempt) = started,
                None => return Ok(()),
            }
        }
    }

    async fn follow(&mut self, handle: session::RunnerHandle, dir: &Path) -> Result<session::Ended, EngineError> {
        let journal = follow::Journal { walk: self.walk, run: &self.run, last: self.last };
        follow::until_ended(handle, self.ui, dir, &journal).await
    }

    /// Learns how a step ended that this or another process started.
    async fn watch(&mut self, index: usize, attempt: u32) -> Result<(), EngineError> {
        let dir = self.dir.step(index, attempt);
        self.ui.step_started(&self.state.plan.steps[index], attempt);
        let ended = self.follow(session::attach(&dir, 0), &dir).await?;
        match self.finished(index, attempt, ended).await? {
            Some((index, attempt)) => self.launch(index, attempt).await,
            None => Ok(()),
        }
    }

    /// Records how a step ended. Gives the step whose start was recorded along, if one follows at once.
    async fn finished(
        &mut self,
        index: usize,
        attempt: u32,
        ended: session::Ended,
    ) -> Result<Option<(usize, u32)>, EngineError> {
        let dir = self.dir.step(index, attempt);
        let report = match ended {
            session::Ended::Finished(result) => self.report(index, &dir, &result),
            session::Ended::Lost(Lost { began: false, .. }) if self.started_on_this_boot(index) => {
                // Known: it did nothing. It starts again as the next attempt, in a folder of its own.
                if self.state.never_began + 1 < MOST_STARTS {
                    let report = StepReport::never_began();
                    self.record(Event::Finished { step: index, attempt, report }).await?;
                    return Ok(None);
                }
                StepReport::given_up(MOST_STARTS)
            }
            session::Ended::Lost(lost) => report::of_lost(&lost),
        };
        self.ui.step_finished(&self.state.plan.steps[index], &report);
        let finished = Event::Finished { step: index, attempt, report };
        if let Some((step, attempt)) = self.follows_at_once(&finished)?
            && self.try_record(&[finished.clone(), self.started(step, attempt)]).await?
        {
            return Ok(Some((step, attempt)));
        }
        self.record(finished).await?;
        self.verify_again(index, attempt).await?;
        Ok(None)
    }

    fn started(&self, step: usize, attempt: u32) -> Event {
        Event::Started { step, attempt, boot: self.boot.clone() }
    }

    fn started_on_this_boot(&self, index: usize) -> bool {
        matches!(&self.state.steps[index], StepState::Running { boot, .. } if *boot == self.boot)
    }

    /// The step that may start as soon as `event` is known, with nothing to ask, to lock and to look at before: both entries are
    /// then made durable at once.
    fn follows_at_once(&self, event: &Event) -> Result<Option<(usize, u32)>, EngineError> {
        let (_, next) = step(Some(self.state.clone()), event.clone())?;
        Ok(match next {
            Next::Start { step, attempt } => {
                let planned = &self.plan.steps[step];
                let ready = planned.locks.is_empty() && planned.files.is_empty() && planned.action != Action::Terminal;
                ready.then_some((step, attempt))
            }
            _ => None,
        })
    }

    /// A verification that failed is tried again for a while: waiting on the fact, not on a sleep of fixed length.
    async fn verify_again(&mut self, index: usize, attempt: u32) -> Result<(), EngineError> {
        let planned = &self.plan.steps[index];
        let failed = self.state.steps[index].outcome() == Some(Outcome::Failed);
        if !failed || !planned.verifies || planned.risk != sereno_model::Risk::Observe {
            return Ok(());
        }
        let since = match self.verifying {
            Some((step, since)) if step == index => since,
            _ => Instant::now(),
        };
        self.verifying = Some((index, since));
        let interrupted = matches!(&self.state.steps[index], StepState::Ended { report, .. } if report.timed_out || report.signal.is_some());
        if interrupted || since.elapsed() >= VERIFY_WITHIN {
            return Ok(());
        }
        if attempt == 1 {
            self.ui.notice(&Text::new(
                format!("not yet; trying again for up to {} s", VERIFY_WITHIN.as_secs()),
                format!("todavía no; se reintenta hasta {} s", VERIFY_WITHIN.as_secs()),
            ));
        }
        tokio::time::sleep(VERIFY_EVERY).await;
        let by = Person { name: "sereno".to_owned(), how: "verification".to_owned() };
        let reason = "a verification is tried again".to_owned();
        self.record(Event::Decided { step: index, decision: Decision::Retry, reason, by }).await
    }

    fn report(&self, index: usize, dir: &Path, result: &StepResult) -> StepReport {
        let planned = &self.plan.steps[index];
        let mut report = report::of_result(result, expect::look(planned.expects.as_deref(), &StepFiles::new(dir)));
        if planned.verifies && report.expectation_met == Some(false) {
            report.outcome = Outcome::Failed;
        }
        report.ended_script =
            !self.is_last(index) && result.completed == Some(false) && !result.followed && !result.cancelled;
        report
    }

    /// Whether nothing that Sereno executes comes after this step.
    fn is_last(&self, index: usize) -> bool {
        !self.plan.steps.iter().skip(index + 1).any(|step| step.action.executes())
    }

    fn spec(&self, index: usize, attempt: u32) -> Result<StepSpec, EngineError> {
        let planned = &self.plan.steps[index];
        let mut spec = StepSpec::new(self.dir.step(index, attempt), planned.text.clone(), self.walk.cwd.clone());
        spec.state_in = self.state_before(index);
        spec.env = if spec.state_in.is_some() { Vec::new() } else { self.environment() };
        spec.timeout = self.walk.timeout;
        spec.follow = match planned.action {
            Action::Follow { seconds } => Some(Duration::from_secs(seconds)),
            _ => None,
        };
        spec.is_last = self.is_last(index);
        spec.interactive = planned.action == Action::Terminal;
        spec.redact = Some(self.secrets()?);
        Ok(spec)
    }

    /// The file of what the runners hide.
    fn secrets(&self) -> Result<PathBuf, EngineError> {
        let secrets = self.dir.secrets();
        if !secrets.exists() {
            session::write_secrets(&secrets, self.walk.redactor.secrets())?;
        }
        Ok(secrets)
    }

    /// The environment of the first step: Sereno's own, and the values that the plan's variables were given.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        // The steps of an operation are Sereno's own: they have to read the settings that it was planned under.
        let is_operation = self.plan.operation().is_some();
        let is_passed = |name: &str| {
            !name.starts_with("SERENO_") || (is_operation && matches!(name, "SERENO_SETTINGS" | "SERENO_LANG"))
        };
        let passed = self.walk.env.iter().filter(|(name, _)| is_passed(&name.to_string_lossy()));
        let mut env: BTreeMap<OsString, OsString> = passed.cloned().collect();
        env.extend(self.plan.variables.iter().map(|(name, value)| (name.into(), value.into())));
        env.into_iter().collect()
    }

    /// The shell state that a step goes on from: that of the nearest before it which left one.
    fn state_before(&self, index: usize) -> Option<session::SavedState> {
        (0..index).rev().find_map(|earlier| {
            let attempt = self.state.steps[earlier].attempt();
            if attempt == 0 { None } else { saved_state(&self.dir.step(earlier, attempt)) }
        })
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

/// What the runner said of the state that a step left.
fn saved_state(step: &Path) -> Option<session::SavedState> {
    match session::status(step) {
        Ok(session::Status::Finished(result)) => result.state,
        _ => None,
    }
}
