//! One step of a run: started, followed to its end, and what is said of it.

use super::ui::Ui;
use super::{EngineError, Walker, expect, follow, report};
use crate::plan::{Action, PlanStep};
use crate::run::{Decision, Event, Next, Person, StepReport, StepState, step};
use crate::session::{self, Lost, StepFiles, StepResult, StepSpec};
use sereno_model::{Outcome, Text};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a verification that fails is tried again: the thing it checks may just have been restarted.
const VERIFY_WITHIN: Duration = Duration::from_secs(30);
const VERIFY_EVERY: Duration = Duration::from_secs(1);
/// How often a step is started whose runner ends before anything of it runs: one that was killed is made up for, one that
/// cannot work here is not tried for ever.
pub(super) const MOST_STARTS: u32 = 3;

impl<U: Ui> Walker<'_, U> {
    pub(super) async fn start(&mut self, index: usize, attempt: u32) -> Result<(), EngineError> {
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

    pub(super) async fn follow(
        &mut self,
        handle: session::RunnerHandle,
        dir: &Path,
    ) -> Result<session::Ended, EngineError> {
        let journal = follow::Journal { walk: self.walk, run: &self.run, last: self.last };
        follow::until_ended(handle, self.ui, dir, &journal).await
    }

    /// Learns how a step ended that this or another process started.
    pub(super) async fn watch(&mut self, index: usize, attempt: u32) -> Result<(), EngineError> {
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
        if let Some(why) = session::Doubt::of(dir) {
            report.outcome = Outcome::Unknown;
            report.note = Some(why);
        }
        if planned.own.is_some() {
            // What waited in the author's session waits still.
            report.exit_trap = None;
        }
        report.ended_script =
            !self.is_last(index) && result.completed == Some(false) && !result.followed && !result.cancelled;
        report
    }

    /// Whether nothing that Sereno executes comes after this step in the session; a step outside of it is one by itself.
    fn is_last(&self, index: usize) -> bool {
        let is_own = |step: &PlanStep| step.own.is_some();
        let mut after = self.plan.steps.iter().skip(index + 1);
        is_own(&self.plan.steps[index]) || !after.any(|step| step.action.executes() && !is_own(step))
    }

    fn spec(&self, index: usize, attempt: u32) -> Result<StepSpec, EngineError> {
        let planned = &self.plan.steps[index];
        let mut spec = StepSpec::new(self.dir.step(index, attempt), planned.text.clone(), self.walk.cwd.clone());
        spec.state_in = if planned.own.is_some() { None } else { self.state_before(index) };
        spec.env = match (&spec.state_in, &planned.own) {
            (Some(_), _) => Vec::new(),
            (None, None) => self.environment(),
            (None, Some(_)) => self.walk.own_env.clone(),
        };
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
    pub(super) fn secrets(&self) -> Result<PathBuf, EngineError> {
        let secrets = self.dir.secrets();
        if !secrets.exists() {
            session::write_secrets(&secrets, self.walk.redactor.secrets())?;
        }
        Ok(secrets)
    }

    /// The environment of the first step: what it was given, and the values that the plan's variables were given.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        if self.plan.operation().is_some() {
            return self.walk.own_env.clone();
        }
        let mut env: BTreeMap<OsString, OsString> =
            self.walk.env.iter().filter(|(name, _)| !name.to_string_lossy().starts_with("SERENO_")).cloned().collect();
        env.extend(self.plan.variables.iter().map(|(name, value)| (name.into(), value.into())));
        env.into_iter().collect()
    }

    /// The shell state that a step goes on from: that of the nearest before it which left one.
    pub(super) fn state_before(&self, index: usize) -> Option<session::SavedState> {
        (0..index).rev().filter(|earlier| self.plan.steps[*earlier].own.is_none()).find_map(|earlier| {
            let attempt = self.state.steps[earlier].attempt();
            if attempt == 0 { None } else { saved_state(&self.dir.step(earlier, attempt)) }
        })
    }
}

/// What the runner said of the state that a step left.
pub(super) fn saved_state(step: &Path) -> Option<session::SavedState> {
    match session::status(step) {
        Ok(session::Status::Finished(result)) => result.state,
        _ => None,
    }
}
