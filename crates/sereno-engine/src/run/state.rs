//! The state of a run and what to do next.
//!
//! [`step`] is the whole of it: an event in, the new state and the next thing to do out. Recovery is replay: fold the
//! entries of the journal, look at what comes next. An event that cannot follow is a value, [`Illegal`], never a panic.

use super::event::{Decision, Ending, Event, Person, StepReport};
use crate::plan::{Action, Approval, Plan, PlanStep};
use sereno_model::{Outcome, Risk, RunId, Text};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The state of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// Shared: a state is copied at each event, its plan never changes.
    pub plan: Arc<Plan>,
    pub started_by: Person,
    pub undoes: Option<RunId>,
    pub steps: Vec<StepState>,
    /// For each step, whether its approval was given.
    pub approved: Vec<bool>,
    /// A step's script ended itself: nothing after it runs.
    pub script_ended: bool,
    /// A person chose the "if it fails" steps.
    pub failing: bool,
    pub cancelled: bool,
    /// The script's `EXIT` trap waits in the state that this attempt of this step left.
    pub exit_trap: Option<(usize, u32)>,
    /// How often the trap was started, and the boot on which the one started that runs.
    pub closing: (u32, Option<String>),
    /// How often in a row a step was to start and its runner was gone before anything of it ran.
    pub never_began: u32,
    pub ended: Option<Ending>,
}

/// The state of one step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    Pending,
    Running {
        attempt: u32,
        /// See [`Event::Started`].
        boot: String,
    },
    Ended {
        attempt: u32,
        report: StepReport,
    },
    /// A person decided: `outcome` is what they said.
    Decided {
        attempt: u32,
        outcome: Outcome,
        reason: String,
        by: Person,
    },
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// These steps await a person's yes; the first of them stands at the front.
    Approve { steps: Vec<usize> },
    /// Start this step: write `step.started`, then touch the world.
    Start { step: usize, attempt: u32 },
    /// This step runs or ran: learn how it ended.
    Watch { step: usize, attempt: u32 },
    /// A person must decide or do something.
    Person { step: usize, why: WhyPerson },
    /// No step will run any more, and the script's own `EXIT` trap waits in the state of a step: write `session.closing`,
    /// then run it.
    Close { after: (usize, u32), attempt: u32 },
    /// The trap runs or ran: learn how it ended.
    WatchClose { attempt: u32 },
    /// All is done: write `run.ended`.
    End(Ending),
    /// The run has ended.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyPerson {
    /// The step is theirs to do.
    Manual,
    /// It failed.
    Failed,
    /// Nobody can tell how it ended.
    Unknown,
}

/// An event that cannot follow the state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot follow: {why}")]
pub struct Illegal {
    pub what: String,
    pub why: String,
}

/// One event in, the new state and the next thing to do out. The first event of a run is `run.planned`.
pub fn step(state: Option<RunState>, event: Event) -> Result<(RunState, Next), Illegal> {
    let state = match (state, event) {
        (None, Event::Planned { plan, by, undoes }) => RunState::new(*plan, by, undoes),
        (None, event) => return Err(illegal(&event, "the run was not planned")),
        (Some(_), event @ Event::Planned { .. }) => return Err(illegal(&event, "the run was planned already")),
        (Some(mut state), event) => {
            state.apply(&event)?;
            state
        }
    };
    let next = state.next();
    Ok((state, next))
}

fn illegal(event: &Event, why: &str) -> Illegal {
    Illegal { what: event.clone().into_entry().0, why: why.to_owned() }
}

impl RunState {
    fn new(plan: Plan, started_by: Person, undoes: Option<RunId>) -> Self {
        let steps = plan
            .steps
            .iter()
            .map(|step| match &step.action {
                Action::Skip { why } => StepState::ended(0, Outcome::Skipped, Some(why.clone())),
                Action::Refuse { why } => StepState::ended(0, Outcome::Refused, Some(why.clone())),
                _ => StepState::Pending,
            })
            .collect();
        let approved = plan.steps.iter().map(|step| step.approval == Approval::None).collect();
        Self {
            plan: Arc::new(plan),
            started_by,
            undoes,
            steps,
            approved,
            script_ended: false,
            failing: false,
            cancelled: false,
            exit_trap: None,
            closing: (0, None),
            never_began: 0,
            ended: None,
        }
    }

    fn apply(&mut self, event: &Event) -> Result<(), Illegal> {
        if self.ended.is_some() {
            return Err(illegal(event, "the run has ended"));
        }
        match event {
            Event::Planned { .. } => return Err(illegal(event, "the run was planned already")),
            Event::Approved { digest, steps, by, word, stand_in, .. } => {
                if *digest != self.plan.digest {
                    return Err(illegal(event, "the approval is for another plan"));
                }
                for &index in steps {
                    self.approve(index, by, word.as_deref(), *stand_in).map_err(|why| illegal(event, why))?;
                }
            }
            Event::Consented { digest, steps, .. } => {
                if *digest != self.plan.digest {
                    return Err(illegal(event, "the consent is for another plan"));
                }
                for &index in steps {
                    self.consent(index).map_err(|why| illegal(event, why))?;
                }
            }
            Event::Started { step, attempt, boot } => {
                self.start(*step, *attempt, boot).map_err(|why| illegal(event, why))?;
            }
            Event::Finished { step, attempt, report } => {
                self.finish(*step, *attempt, report).map_err(|why| illegal(event, why))?;
            }
            Event::Closing { attempt, boot } => self.close(*attempt, boot).map_err(|why| illegal(event, why))?,
            Event::Closed { attempt, report } => {
                if self.closing.0 != *attempt || self.closing.1.take().is_none() {
                    return Err(illegal(event, "the trap is not running"));
                }
                if !report.is_never_began() {
                    self.exit_trap = None;
                }
            }
            Event::Decided { step, decision, reason, by } => {
                self.decide(*step, *decision, reason, by).map_err(|why| illegal(event, why))?;
            }
            Event::Cancelled { .. } => self.cancelled = true,
            Event::Resumed { .. } | Event::Refused { .. } | Event::LockTaken { .. } => {}
            Event::Ended { ending } => self.ended = Some(*ending),
        }
        Ok(())
    }

    /// The rule of the second person holds here too, whatever path the approval came by.
    fn approve(&mut self, step: usize, by: &Person, word: Option<&str>, stand_in: bool) -> Result<(), &'static str> {
        let Some(planned) = self.plan.steps.get(step) else { return Err("there is no such step") };
        if let Approval::SecondPerson { word: wanted } = &planned.approval {
            if word != Some(wanted.as_str()) {
                return Err("the word that the step demands was not typed");
            }
            if stand_in && !self.plan.is_of_one_person() {
                return Err(
                    "more than one person was configured when the run was planned: nobody stands in for a second",
                );
            }
            if by.is_same(&self.started_by) && !stand_in {
                return Err("the one who started the run cannot be its second person");
            }
            if !stand_in && !self.plan.knows_as_approver(by) {
                return Err("the settings knew no such approver when the run was planned");
            }
        }
        self.approved[step] = true;
        Ok(())
    }

    fn consent(&mut self, step: usize) -> Result<(), &'static str> {
        match self.plan.steps.get(step).map(|planned| &planned.approval) {
            None => Err("there is no such step"),
            Some(Approval::SecondPerson { .. }) => Err("the operator's consent is not a second person's approval"),
            Some(_) => {
                self.approved[step] = true;
                Ok(())
            }
        }
    }

    fn start(&mut self, step: usize, attempt: u32, boot: &str) -> Result<(), &'static str> {
        if self.steps.iter().any(|s| matches!(s, StepState::Running { .. })) {
            return Err("another step is running");
        }
        if !self.approved.get(step).copied().unwrap_or(false) {
            return Err("the step was not approved");
        }
        match self.steps.get_mut(step) {
            Some(state)
                if matches!(state, StepState::Pending | StepState::Ended { .. }) && attempt == state.attempt() + 1 =>
            {
                *state = StepState::Running { attempt, boot: boot.to_owned() };
                Ok(())
            }
            Some(_) => Err("the step is not waiting to start"),
            None => Err("there is no such step"),
        }
    }

    fn close(&mut self, attempt: u32, boot: &str) -> Result<(), &'static str> {
        match self.next() {
            Next::Close { attempt: next, .. } if next == attempt => {
                self.closing = (attempt, Some(boot.to_owned()));
                Ok(())
            }
            _ => Err("no trap is to run"),
        }
    }

    fn finish(&mut self, step: usize, attempt: u32, report: &StepReport) -> Result<(), &'static str> {
        match self.steps.get_mut(step) {
            Some(state) if matches!(*state, StepState::Running { attempt: running, .. } if running == attempt) => {
                *state = StepState::Ended { attempt, report: report.clone() };
                self.script_ended |= report.ended_script;
                self.never_began = if report.is_never_began() { self.never_began + 1 } else { 0 };
                match report.exit_trap {
                    Some(true) => self.exit_trap = Some((step, attempt)),
                    Some(false) => self.exit_trap = None,
                    None => {}
                }
                Ok(())
            }
            Some(_) => Err("the step is not running"),
            None => Err("there is no such step"),
        }
    }

    fn decide(&mut self, step: usize, decision: Decision, reason: &str, by: &Person) -> Result<(), &'static str> {
        let Some(planned) = self.plan.steps.get(step) else { return Err("there is no such step") };
        let Some(state) = self.steps.get_mut(step) else { return Err("there is no such step") };
        if !open_to_decision(planned, state) {
            return Err("the step awaits no decision");
        }
        let attempt = state.attempt();
        let decided = |outcome| StepState::Decided { attempt, outcome, reason: reason.to_owned(), by: by.clone() };
        match decision {
            Decision::Retry if planned.action.executes() => {
                // Back to pending; the attempts already made are kept in the number of the next one.
                let report = StepReport::bare(Outcome::Failed, Some(Text::same(RETRY)));
                *state = StepState::Ended { attempt, report };
            }
            Decision::Retry => return Err("a person's step is not run again"),
            Decision::Skip => *state = decided(Outcome::Skipped),
            Decision::Done => *state = decided(Outcome::Succeeded),
            Decision::IfFails => {
                *state = decided(Outcome::Failed);
                self.failing = true;
            }
        }
        if matches!(decision, Decision::Retry | Decision::Skip | Decision::Done) {
            self.script_ended = false;
        }
        Ok(())
    }

    /// What comes next, read off the state alone.
    pub fn next(&self) -> Next {
        if self.ended.is_some() {
            return Next::Nothing;
        }
        if let Some((step, attempt)) = self.running() {
            return Next::Watch { step, attempt };
        }
        if let (attempt, Some(_)) = &self.closing {
            return Next::WatchClose { attempt: *attempt };
        }
        if self.cancelled {
            return self.close_or_end(Ending::Cancelled);
        }
        let next = (0..self.steps.len()).find_map(|index| self.next_of(index));
        next.unwrap_or_else(|| self.close_or_end(self.ending()))
    }

    fn close_or_end(&self, ending: Ending) -> Next {
        match self.exit_trap {
            Some(after) => Next::Close { after, attempt: self.closing.0 + 1 },
            None => Next::End(ending),
        }
    }

    fn next_of(&self, index: usize) -> Option<Next> {
        let (planned, state) = (&self.plan.steps[index], &self.steps[index]);
        if planned.if_fails != self.failing && *state == StepState::Pending {
            return None; // The other branch.
        }
        match state {
            StepState::Decided { .. } | StepState::Running { .. } => None,
            StepState::Pending if self.script_ended || self.is_idle(index) => None,
            StepState::Pending if matches!(planned.action, Action::Person { .. }) => {
                Some(Next::Person { step: index, why: WhyPerson::Manual })
            }
            StepState::Pending => Some(self.start_or_approve(index, 1)),
            StepState::Ended { attempt, report } => match report.outcome {
                Outcome::Succeeded | Outcome::Skipped | Outcome::Refused => None,
                Outcome::Unknown => Some(Next::Person { step: index, why: WhyPerson::Unknown }),
                Outcome::Failed if is_to_be_retried(report) || report.is_never_began() => {
                    Some(self.start_or_approve(index, attempt + 1))
                }
                Outcome::Failed if tolerated(planned, report) => None,
                Outcome::Failed if self.failing && !planned.if_fails => None,
                Outcome::Failed if self.plan.operation().is_some_and(|operation| operation.answers) => None,
                Outcome::Failed => Some(Next::Person { step: index, why: WhyPerson::Failed }),
            },
        }
    }

    /// Sereno's own step after a step of the author that did not run, or did not end well, has nothing to prove.
    fn is_idle(&self, index: usize) -> bool {
        let Some(of) = &self.plan.steps[index].own else { return false };
        let authors = |step: &PlanStep| step.own.is_none() && step.id == *of;
        let before = self.plan.steps.iter().take(index).position(authors);
        before.is_some_and(|author| self.steps[author].outcome() != Some(Outcome::Succeeded))
    }

    fn start_or_approve(&self, index: usize, attempt: u32) -> Next {
        if self.approved[index] {
            return Next::Start { step: index, attempt };
        }
        let wanted = self.plan.steps[index].approval.rank();
        // One yes covers the steps still to come that need the same kind of yes; a raw command is read each by itself.
        let together = !matches!(self.plan.steps[index].approval, Approval::ReadRaw);
        let steps = (index..self.steps.len())
            .filter(|&other| {
                other == index
                    || (together
                        && !self.approved[other]
                        && self.plan.steps[other].approval.rank() == wanted
                        && self.plan.steps[other].if_fails == self.failing
                        && self.steps[other] == StepState::Pending)
            })
            .collect();
        Next::Approve { steps }
    }

    fn ending(&self) -> Ending {
        let mut verified = false;
        let mut failed = self.failing;
        for (planned, state) in self.plan.steps.iter().zip(&self.steps) {
            let outcome = state.outcome();
            failed |=
                outcome == Some(Outcome::Unknown) || (outcome == Some(Outcome::Failed) && !state.tolerated(planned));
            verified |= planned.verifies && outcome == Some(Outcome::Succeeded) && !state.by_hand();
        }
        match (failed, verified && !self.script_ended) {
            (true, _) => Ending::Failed,
            (false, true) => Ending::Verified,
            (false, false) => Ending::Done,
        }
    }

    /// The step that runs, as far as the journal knows.
    pub fn running(&self) -> Option<(usize, u32)> {
        self.steps.iter().enumerate().find_map(|(index, state)| match state {
            StepState::Running { attempt, .. } => Some((index, *attempt)),
            _ => None,
        })
    }

    /// The ids of the steps that changed something, or may have: what an undo has to take back.
    pub fn changed(&self) -> BTreeSet<&str> {
        let changed = |planned: &PlanStep, state: &StepState| {
            let ran = planned.action.executes() && planned.risk > Risk::Observe && state.attempt() > 0;
            ran || (state.by_hand() && state.outcome() == Some(Outcome::Succeeded))
        };
        let steps = self.plan.steps.iter().zip(&self.steps);
        steps.filter(|(planned, state)| changed(planned, state)).map(|(planned, _)| planned.id.as_str()).collect()
    }
}

/// The note of a step whose person asked to run it again.
const RETRY: &str = "retry";

fn is_to_be_retried(report: &StepReport) -> bool {
    report.note.as_ref().is_some_and(|note| note.en == RETRY)
}

/// A failed observation is evidence, not a failure of the run, unless it was the verification or ended the script.
fn tolerated(planned: &PlanStep, report: &StepReport) -> bool {
    planned.risk == Risk::Observe && !planned.verifies && !report.ended_script && !report.timed_out
}

fn open_to_decision(planned: &PlanStep, state: &StepState) -> bool {
    match state {
        StepState::Pending => matches!(planned.action, Action::Person { .. }),
        StepState::Ended { report, .. } => match report.outcome {
            Outcome::Unknown => true,
            Outcome::Failed => !tolerated(planned, report),
            _ => false,
        },
        StepState::Running { .. } | StepState::Decided { .. } => false,
    }
}

impl StepState {
    fn ended(attempt: u32, outcome: Outcome, note: Option<Text>) -> Self {
        Self::Ended { attempt, report: StepReport::bare(outcome, note) }
    }

    /// How often it was started.
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Pending => 0,
            Self::Running { attempt, .. } | Self::Ended { attempt, .. } | Self::Decided { attempt, .. } => *attempt,
        }
    }

    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Pending | Self::Running { .. } => None,
            Self::Ended { report, .. } => Some(report.outcome),
            Self::Decided { outcome, .. } => Some(*outcome),
        }
    }

    fn tolerated(&self, planned: &PlanStep) -> bool {
        matches!(self, Self::Ended { report, .. } if tolerated(planned, report))
    }

    fn by_hand(&self) -> bool {
        matches!(self, Self::Decided { .. })
    }
}
