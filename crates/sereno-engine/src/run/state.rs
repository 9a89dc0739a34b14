//! The state of a run and what to do next.
//!
//! [`step`] is the whole of it: an event in, the new state and the next thing to do out. Recovery is replay: fold the
//! entries of the journal, look at what comes next. An event that cannot follow is a value, [`Illegal`], never a panic.

use super::event::{Decision, Ending, Event, Person, StepReport};
use crate::plan::{Action, Approval, Plan, PlanStep};
use sereno_model::{Outcome, Risk, RunId};
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
                Action::Skip { why } => StepState::ended(0, Outcome::Skipped, Some(why.en.clone())),
                Action::Refuse { why } => StepState::ended(0, Outcome::Refused, Some(why.en.clone())),
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
            Event::Decided { step, decision, reason, by } => {
                self.decide(*step, *decision, reason, by).map_err(|why| illegal(event, why))?;
            }
            Event::Cancelled { .. } => self.cancelled = true,
            Event::Resumed { .. } => {}
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
            if by.name == self.started_by.name && !stand_in {
                return Err("the one who started the run cannot be its second person");
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

    fn finish(&mut self, step: usize, attempt: u32, report: &StepReport) -> Result<(), &'static str> {
        match self.steps.get_mut(step) {
            Some(state) if matches!(*state, StepState::Running { attempt: running, .. } if running == attempt) => {
                *state = StepState::Ended { attempt, report: report.clone() };
                self.script_ended |= report.ended_script;
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
                *state =
                    StepState::Ended { attempt, report: StepReport::bare(Outcome::Failed, Some(RETRY.to_owned())) };
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
        if self.cancelled {
            return Next::End(Ending::Cancelled);
        }
        for index in 0..self.steps.len() {
            if let Some(next) = self.next_of(index) {
                return next;
            }
        }
        Next::End(self.ending())
    }

    fn next_of(&self, index: usize) -> Option<Next> {
        let (planned, state) = (&self.plan.steps[index], &self.steps[index]);
        if planned.if_fails != self.failing && *state == StepState::Pending {
            return None; // The other branch.
        }
        match state {
            StepState::Decided { .. } | StepState::Running { .. } => None,
            StepState::Pending if self.script_ended => None,
            StepState::Pending if matches!(planned.action, Action::Person { .. }) => {
                Some(Next::Person { step: index, why: WhyPerson::Manual })
            }
            StepState::Pending => Some(self.start_or_approve(index, 1)),
            StepState::Ended { attempt, report } => match report.outcome {
                Outcome::Succeeded | Outcome::Skipped | Outcome::Refused => None,
                Outcome::Unknown => Some(Next::Person { step: index, why: WhyPerson::Unknown }),
                Outcome::Failed if report.note.as_deref() == Some(RETRY) || report.is_never_began() => {
                    Some(self.start_or_approve(index, attempt + 1))
                }
                Outcome::Failed if tolerated(planned, report) => None,
                Outcome::Failed if self.failing && !planned.if_fails => None,
                Outcome::Failed => Some(Next::Person { step: index, why: WhyPerson::Failed }),
            },
        }
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

    /// The last step that ran to its end in the session, whose state the next one goes on from.
    pub fn changed_anything(&self) -> bool {
        self.plan
            .steps
            .iter()
            .zip(&self.steps)
            .any(|(planned, state)| planned.risk > Risk::Observe && planned.action.executes() && state.attempt() > 0)
    }
}

/// The note of a step whose person asked to run it again.
const RETRY: &str = "retry";

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
    fn ended(attempt: u32, outcome: Outcome, note: Option<String>) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{PLAN_VERSION, RunbookRef};
    use sereno_model::Digest;
    use std::collections::BTreeMap;

    fn person(name: &str) -> Person {
        Person { name: name.to_owned(), how: "os-user".to_owned() }
    }

    fn planned(number: usize, risk: Risk) -> PlanStep {
        PlanStep {
            number,
            id: format!("p/{number}"),
            title: format!("step {number}"),
            line: number,
            text: "true".to_owned(),
            action: Action::Run,
            risk,
            effects: Vec::new(),
            expects: None,
            verifies: false,
            if_fails: false,
            condition: None,
            alternative: None,
            approval: crate::plan::policy::Policy::default().approval(risk, None),
            locks: Vec::new(),
        }
    }

    fn plan(steps: Vec<PlanStep>) -> Plan {
        Plan {
            version: PLAN_VERSION,
            runbook: RunbookRef { path: "RUNBOOK.md".to_owned(), title: None, digest: Digest::of("") },
            procedure: "p".to_owned(),
            title: "P".to_owned(),
            line: 1,
            risk: Risk::highest(steps.iter().map(|s| s.risk)).unwrap_or_default(),
            steps,
            variables: BTreeMap::new(),
            values: BTreeMap::new(),
            missing: Vec::new(),
            rollback: Vec::new(),
            digest: Digest::of("plan"),
        }
    }

    struct Case {
        state: Option<RunState>,
        next: Next,
    }

    impl Case {
        fn new(steps: Vec<PlanStep>) -> Self {
            let event = Event::Planned { plan: Box::new(plan(steps)), by: person("ana"), undoes: None };
            let (state, next) = step(None, event).unwrap();
            Self { state: Some(state), next }
        }

        fn then(&mut self, event: Event) -> Next {
            let (state, next) = step(self.state.take(), event).unwrap();
            self.state = Some(state);
            self.next = next.clone();
            next
        }

        fn refuses(&self, event: Event) -> String {
            step(self.state.clone(), event).unwrap_err().why
        }

        fn runs(&mut self, index: usize, attempt: u32, outcome: Outcome) -> Next {
            assert_eq!(self.next, Next::Start { step: index, attempt });
            self.then(started(index, attempt));
            self.then(finished(index, attempt, outcome))
        }
    }

    fn started(step: usize, attempt: u32) -> Event {
        Event::Started { step, attempt, boot: "this".to_owned() }
    }

    fn finished(step: usize, attempt: u32, outcome: Outcome) -> Event {
        Event::Finished { step, attempt, report: StepReport::bare(outcome, None) }
    }

    fn approved(steps: &[usize], by: &str, word: Option<&str>, stand_in: bool) -> Event {
        Event::Approved {
            digest: Digest::of("plan"),
            steps: steps.to_vec(),
            by: person(by),
            reason: String::new(),
            word: word.map(str::to_owned),
            stand_in,
        }
    }

    fn decided(step: usize, decision: Decision) -> Event {
        Event::Decided { step, decision, reason: "because".to_owned(), by: person("ana") }
    }

    #[test]
    fn observing_runs_by_itself_and_a_failed_observation_is_evidence() {
        let mut case = Case::new(vec![planned(1, Risk::Observe), planned(2, Risk::Observe)]);
        case.runs(0, 1, Outcome::Failed);
        assert_eq!(case.runs(1, 1, Outcome::Succeeded), Next::End(Ending::Done));
    }

    #[test]
    fn a_failed_verification_fails_and_a_passed_one_proves() {
        let verifying = PlanStep { verifies: true, ..planned(1, Risk::Observe) };
        let mut case = Case::new(vec![verifying.clone()]);
        assert_eq!(case.runs(0, 1, Outcome::Failed), Next::Person { step: 0, why: WhyPerson::Failed });
        let mut case = Case::new(vec![verifying]);
        assert_eq!(case.runs(0, 1, Outcome::Succeeded), Next::End(Ending::Verified));
    }

    #[test]
    fn one_yes_covers_the_changes_to_come_but_not_destruction() {
        let mut case = Case::new(vec![planned(1, Risk::Change), planned(2, Risk::Destroy), planned(3, Risk::Change)]);
        assert_eq!(case.next, Next::Approve { steps: vec![0, 2] });
        case.then(approved(&[0, 2], "ana", None, false));
        case.runs(0, 1, Outcome::Succeeded);
        assert_eq!(case.next, Next::Approve { steps: vec![1] });
    }

    #[test]
    fn destruction_needs_the_word_and_another_person_on_whatever_path() {
        let case = Case::new(vec![planned(1, Risk::Destroy)]);
        assert!(case.refuses(approved(&[0], "eva", None, false)).contains("word"));
        assert!(case.refuses(approved(&[0], "eva", Some("NO"), false)).contains("word"));
        assert!(case.refuses(approved(&[0], "ana", Some("CONFIRMAR"), false)).contains("second person"));
        let mut case = Case::new(vec![planned(1, Risk::Destroy)]);
        assert_eq!(case.then(approved(&[0], "eva", Some("CONFIRMAR"), false)), Next::Start { step: 0, attempt: 1 });
        let mut case = Case::new(vec![planned(1, Risk::Destroy)]);
        assert_eq!(case.then(approved(&[0], "ana", Some("CONFIRMAR"), true)), Next::Start { step: 0, attempt: 1 });
    }

    #[test]
    fn consent_starts_a_change_and_never_destruction() {
        let consent = |digest: &str| Event::Consented {
            digest: Digest::of(digest),
            steps: vec![0],
            by: person("ana"),
            reason: String::new(),
        };
        let mut change = Case::new(vec![planned(1, Risk::Change)]);
        assert!(change.refuses(consent("another")).contains("another plan"));
        assert_eq!(change.then(consent("plan")), Next::Start { step: 0, attempt: 1 });
        let destroy = Case::new(vec![planned(1, Risk::Destroy)]);
        assert!(destroy.refuses(consent("plan")).contains("second person"));
    }

    #[test]
    fn an_approval_of_another_plan_or_step_is_refused_and_nothing_starts_without_one() {
        let case = Case::new(vec![planned(1, Risk::Change)]);
        let mut other = approved(&[0], "ana", None, false);
        if let Event::Approved { digest, .. } = &mut other {
            *digest = Digest::of("another plan");
        }
        assert!(case.refuses(other).contains("another plan"));
        assert!(case.refuses(approved(&[7], "ana", None, false)).contains("no such step"));
        assert!(case.refuses(started(0, 1)).contains("not approved"));
        assert!(case.refuses(started(9, 1)).contains("not approved"));
    }

    #[test]
    fn an_unknown_outcome_stops_the_run_until_a_person_decides() {
        for (decision, next) in [
            (Decision::Done, Next::Start { step: 1, attempt: 1 }),
            (Decision::Skip, Next::Start { step: 1, attempt: 1 }),
            (Decision::Retry, Next::Start { step: 0, attempt: 2 }),
        ] {
            let mut case = Case::new(vec![planned(1, Risk::Observe), planned(2, Risk::Observe)]);
            assert_eq!(case.runs(0, 1, Outcome::Unknown), Next::Person { step: 0, why: WhyPerson::Unknown });
            assert_eq!(case.then(decided(0, decision)), next, "{decision:?}");
        }
    }

    #[test]
    fn a_failed_change_stops_and_the_runbooks_own_fallback_can_be_taken() {
        let fallback = PlanStep { if_fails: true, ..planned(2, Risk::Observe) };
        let mut case = Case::new(vec![planned(1, Risk::Change), fallback, planned(3, Risk::Observe)]);
        case.then(approved(&[0], "ana", None, false));
        assert_eq!(case.runs(0, 1, Outcome::Failed), Next::Person { step: 0, why: WhyPerson::Failed });
        case.then(decided(0, Decision::IfFails));
        assert_eq!(case.runs(1, 1, Outcome::Succeeded), Next::End(Ending::Failed));
        let mut fine =
            Case::new(vec![planned(1, Risk::Observe), PlanStep { if_fails: true, ..planned(2, Risk::Observe) }]);
        assert_eq!(fine.runs(0, 1, Outcome::Succeeded), Next::End(Ending::Done));
    }

    #[test]
    fn a_script_that_ends_itself_ends_the_run() {
        let mut case = Case::new(vec![planned(1, Risk::Observe), planned(2, Risk::Observe)]);
        case.then(started(0, 1));
        let report = StepReport { ended_script: true, ..StepReport::bare(Outcome::Succeeded, None) };
        assert_eq!(case.then(Event::Finished { step: 0, attempt: 1, report }), Next::End(Ending::Done));
    }

    #[test]
    fn a_step_that_never_began_starts_again_by_itself() {
        let mut case = Case::new(vec![planned(1, Risk::Change)]);
        case.then(approved(&[0], "ana", None, false));
        case.then(started(0, 1));
        let report = StepReport::never_began();
        assert_eq!(case.then(Event::Finished { step: 0, attempt: 1, report }), Next::Start { step: 0, attempt: 2 });
    }

    #[test]
    fn a_cancelled_run_ends_after_the_step_that_runs() {
        let mut case = Case::new(vec![planned(1, Risk::Observe), planned(2, Risk::Observe)]);
        case.then(started(0, 1));
        let cancel = Event::Cancelled { reason: "no".to_owned(), by: person("ana") };
        assert_eq!(case.then(cancel), Next::Watch { step: 0, attempt: 1 });
        assert_eq!(case.then(finished(0, 1, Outcome::Failed)), Next::End(Ending::Cancelled));
        assert_eq!(case.then(Event::Ended { ending: Ending::Cancelled }), Next::Nothing);
        assert!(case.refuses(Event::Resumed { by: person("ana") }).contains("ended"));
    }

    #[test]
    fn events_read_back_from_their_entries() {
        let planned =
            Event::Planned { plan: Box::new(plan(vec![planned(1, Risk::Destroy)])), by: person("ana"), undoes: None };
        for event in [
            planned,
            approved(&[0], "eva", Some("SI"), false),
            finished(0, 1, Outcome::Unknown),
            decided(0, Decision::IfFails),
        ] {
            let (kind, data) = event.clone().into_entry();
            assert!(!kind.is_empty());
            assert_eq!(Event::from_entry(&kind, &data).unwrap(), event);
        }
        assert!(Event::from_entry("run.nonsense", &serde_json::json!({})).is_err());
    }
}
