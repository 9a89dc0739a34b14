//! The state machine, event by event.

use super::{Decision, Ending, Event, Next, Person, RunState, StepReport, WhyPerson, step};
use crate::plan::sample::{sample_plan, sample_step};
use crate::plan::{KnownPerson, OperationRef, Plan, PlanStep, Source};
use sereno_model::{Digest, Outcome, Risk};

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), how: "os-user".to_owned() }
}

struct Case {
    state: Option<RunState>,
    next: Next,
}

impl Case {
    fn new(steps: Vec<PlanStep>) -> Self {
        let plan = Plan { digest: Digest::of("plan"), ..sample_plan(steps) };
        Self::of(plan)
    }

    fn of(plan: Plan) -> Self {
        let event = Event::Planned { plan: Box::new(plan), by: person("ana"), undoes: None };
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
    let mut case = Case::new(vec![sample_step(1, Risk::Observe), sample_step(2, Risk::Observe)]);
    case.runs(0, 1, Outcome::Failed);
    assert_eq!(case.runs(1, 1, Outcome::Succeeded), Next::End(Ending::Done));
}

#[test]
fn a_failed_verification_fails_and_a_passed_one_proves() {
    let verifying = PlanStep { verifies: true, ..sample_step(1, Risk::Observe) };
    let mut case = Case::new(vec![verifying.clone()]);
    assert_eq!(case.runs(0, 1, Outcome::Failed), Next::Person { step: 0, why: WhyPerson::Failed });
    let mut case = Case::new(vec![verifying]);
    assert_eq!(case.runs(0, 1, Outcome::Succeeded), Next::End(Ending::Verified));
}

#[test]
fn one_yes_covers_the_changes_to_come_but_not_destruction() {
    let mut case =
        Case::new(vec![sample_step(1, Risk::Change), sample_step(2, Risk::Destroy), sample_step(3, Risk::Change)]);
    assert_eq!(case.next, Next::Approve { steps: vec![0, 2] });
    case.then(approved(&[0, 2], "ana", None, false));
    case.runs(0, 1, Outcome::Succeeded);
    assert_eq!(case.next, Next::Approve { steps: vec![1] });
}

#[test]
fn destruction_needs_the_word_and_another_person_on_whatever_path() {
    let case = Case::new(vec![sample_step(1, Risk::Destroy)]);
    assert!(case.refuses(approved(&[0], "eva", None, false)).contains("word"));
    assert!(case.refuses(approved(&[0], "eva", Some("NO"), false)).contains("word"));
    assert!(case.refuses(approved(&[0], "ana", Some("CONFIRMAR"), false)).contains("second person"));
    let mut case = Case::new(vec![sample_step(1, Risk::Destroy)]);
    assert_eq!(case.then(approved(&[0], "eva", Some("CONFIRMAR"), false)), Next::Start { step: 0, attempt: 1 });
    let mut case = Case::new(vec![sample_step(1, Risk::Destroy)]);
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
    let mut change = Case::new(vec![sample_step(1, Risk::Change)]);
    assert!(change.refuses(consent("another")).contains("another plan"));
    assert_eq!(change.then(consent("plan")), Next::Start { step: 0, attempt: 1 });
    let destroy = Case::new(vec![sample_step(1, Risk::Destroy)]);
    assert!(destroy.refuses(consent("plan")).contains("second person"));
}

#[test]
fn an_approval_of_another_plan_or_step_is_refused_and_nothing_starts_without_one() {
    let case = Case::new(vec![sample_step(1, Risk::Change)]);
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
        let mut case = Case::new(vec![sample_step(1, Risk::Observe), sample_step(2, Risk::Observe)]);
        assert_eq!(case.runs(0, 1, Outcome::Unknown), Next::Person { step: 0, why: WhyPerson::Unknown });
        assert_eq!(case.then(decided(0, decision)), next, "{decision:?}");
    }
}

#[test]
fn a_failed_change_stops_and_the_runbooks_own_fallback_can_be_taken() {
    let fallback = PlanStep { if_fails: true, ..sample_step(2, Risk::Observe) };
    let mut case = Case::new(vec![sample_step(1, Risk::Change), fallback, sample_step(3, Risk::Observe)]);
    case.then(approved(&[0], "ana", None, false));
    assert_eq!(case.runs(0, 1, Outcome::Failed), Next::Person { step: 0, why: WhyPerson::Failed });
    case.then(decided(0, Decision::IfFails));
    assert_eq!(case.runs(1, 1, Outcome::Succeeded), Next::End(Ending::Failed));
    let mut fine =
        Case::new(vec![sample_step(1, Risk::Observe), PlanStep { if_fails: true, ..sample_step(2, Risk::Observe) }]);
    assert_eq!(fine.runs(0, 1, Outcome::Succeeded), Next::End(Ending::Done));
}

#[test]
fn a_script_that_ends_itself_ends_the_run() {
    let mut case = Case::new(vec![sample_step(1, Risk::Observe), sample_step(2, Risk::Observe)]);
    case.then(started(0, 1));
    let report = StepReport { ended_script: true, ..StepReport::bare(Outcome::Succeeded, None) };
    assert_eq!(case.then(Event::Finished { step: 0, attempt: 1, report }), Next::End(Ending::Done));
}

#[test]
fn a_step_that_never_began_starts_again_by_itself() {
    let mut case = Case::new(vec![sample_step(1, Risk::Change)]);
    case.then(approved(&[0], "ana", None, false));
    case.then(started(0, 1));
    let report = StepReport::never_began();
    assert_eq!(case.then(Event::Finished { step: 0, attempt: 1, report }), Next::Start { step: 0, attempt: 2 });
}

/// Journals were written when a note was in English alone.
#[test]
fn a_note_of_an_old_journal_is_read() {
    let (kind, mut data) = Event::Finished { step: 0, attempt: 1, report: StepReport::never_began() }.into_entry();
    data["report"]["note"] = "never began".into();
    let Event::Finished { report, .. } = Event::from_entry(&kind, &data).unwrap() else { panic!("another event") };
    assert!(report.is_never_began());
    data["report"]["note"] = serde_json::Value::Null;
    let Event::Finished { report, .. } = Event::from_entry(&kind, &data).unwrap() else { panic!("another event") };
    assert_eq!(report.note, None);
}

#[test]
fn starts_in_a_row_that_never_began_are_counted_until_one_does() {
    let mut case = Case::new(vec![sample_step(1, Risk::Observe), sample_step(2, Risk::Observe)]);
    for attempt in 1..=2 {
        case.then(started(0, attempt));
        case.then(Event::Finished { step: 0, attempt, report: StepReport::never_began() });
        assert_eq!(case.state.as_ref().unwrap().never_began, attempt);
    }
    case.runs(0, 3, Outcome::Succeeded);
    assert_eq!(case.state.as_ref().unwrap().never_began, 0);
}

#[test]
fn a_cancelled_run_ends_after_the_step_that_runs() {
    let mut case = Case::new(vec![sample_step(1, Risk::Observe), sample_step(2, Risk::Observe)]);
    case.then(started(0, 1));
    let cancel = Event::Cancelled { reason: "no".to_owned(), by: person("ana") };
    assert_eq!(case.then(cancel), Next::Watch { step: 0, attempt: 1 });
    assert_eq!(case.then(finished(0, 1, Outcome::Failed)), Next::End(Ending::Cancelled));
    assert_eq!(case.then(Event::Ended { ending: Ending::Cancelled }), Next::Nothing);
    assert!(case.refuses(Event::Resumed { by: person("ana") }).contains("ended"));
}

#[test]
fn a_trap_that_waits_runs_once_before_the_end_whatever_the_end() {
    let with_trap = |step, attempt| Event::Finished {
        step,
        attempt,
        report: StepReport { exit_trap: Some(true), ..StepReport::bare(Outcome::Succeeded, None) },
    };
    let closing = |attempt| Event::Closing { attempt, boot: "this".to_owned() };
    let closed = |attempt, report| Event::Closed { attempt, report };
    let cancel = Event::Cancelled { reason: "no".to_owned(), by: person("ana") };
    for cancelled in [true, false] {
        let mut case = Case::new(vec![sample_step(1, Risk::Observe), sample_step(2, Risk::Change)]);
        case.then(started(0, 1));
        case.then(with_trap(0, 1));
        if cancelled {
            case.then(cancel.clone());
        } else {
            case.then(approved(&[1], "ana", None, false));
            case.then(started(1, 1));
            // Killed: it says nothing of the trap, which waits as before.
            case.then(finished(1, 1, Outcome::Failed));
            case.then(decided(1, Decision::Skip));
        }
        assert_eq!(case.next, Next::Close { after: (0, 1), attempt: 1 });
        assert_eq!(case.refuses(closing(2)), "no trap is to run");
        assert_eq!(case.then(closing(1)), Next::WatchClose { attempt: 1 });
        let again = case.then(closed(1, StepReport::never_began()));
        assert_eq!(again, Next::Close { after: (0, 1), attempt: 2 });
        case.then(closing(2));
        let ending = if cancelled { Ending::Cancelled } else { Ending::Done };
        assert_eq!(case.then(closed(2, StepReport::bare(Outcome::Succeeded, None))), Next::End(ending));
    }
}

#[test]
fn a_trap_that_bash_ran_by_itself_does_not_run_again() {
    let mut case = Case::new(vec![sample_step(1, Risk::Observe), sample_step(2, Risk::Observe)]);
    for (index, trap) in [(0, true), (1, false)] {
        case.then(started(index, 1));
        let report = StepReport { exit_trap: Some(trap), ..StepReport::bare(Outcome::Succeeded, None) };
        case.then(Event::Finished { step: index, attempt: 1, report });
    }
    assert_eq!(case.next, Next::End(Ending::Done));
}

#[test]
fn events_read_back_from_their_entries() {
    let planned = Event::Planned {
        plan: Box::new(sample_plan(vec![sample_step(1, Risk::Destroy)])),
        by: person("ana"),
        undoes: None,
    };
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

#[test]
fn two_names_that_one_user_proved_are_one_person() {
    let proved = |name: &str, user: &str| Person { name: name.to_owned(), how: format!("os-user:{user}") };
    assert!(proved("ana", "root").is_same(&proved("beto", "root")));
    assert!(proved("ana", "root").is_same(&proved("ana", "ana")));
    assert!(!proved("ana", "root").is_same(&proved("beto", "beto")));
    let yes = |by: Person| {
        let plan = sample_plan(vec![sample_step(1, Risk::Destroy)]);
        let digest = plan.digest.clone();
        let (state, _) =
            step(None, Event::Planned { plan: Box::new(plan), by: proved("ana", "root"), undoes: None }).unwrap();
        let crate::plan::Approval::SecondPerson { word } = state.plan.steps[0].approval.clone() else {
            panic!("no second person")
        };
        let reason = String::new();
        step(Some(state), Event::Approved { digest, steps: vec![0], by, reason, word: Some(word), stand_in: false })
    };
    assert!(yes(proved("beto", "root")).is_err());
    assert!(yes(proved("beto", "beto")).is_ok());
}

fn known(name: &str, os_user: &str) -> KnownPerson {
    KnownPerson { name: name.to_owned(), os_user: os_user.to_owned(), may_not_approve: false }
}

#[test]
fn the_second_person_is_one_whom_the_settings_knew_as_an_approver_when_the_run_was_planned() {
    let viewer = KnownPerson { may_not_approve: true, ..known("leo", "leo") };
    let people = vec![known("ana", "ana"), known("eva", "eva"), viewer];
    let crate::plan::Approval::SecondPerson { word } = sample_step(1, Risk::Destroy).approval else {
        panic!("no second person")
    };
    let case = || {
        let digest = Digest::of("plan");
        Case::of(Plan { people: people.clone(), digest, ..sample_plan(vec![sample_step(1, Risk::Destroy)]) })
    };
    for stranger in ["leo", "mia"] {
        let why = case().refuses(approved(&[0], stranger, Some(&word), false));
        assert!(why.contains("knew no such approver"), "{why}");
    }
    assert_eq!(case().then(approved(&[0], "eva", Some(&word), false)), Next::Start { step: 0, attempt: 1 });
}

#[test]
fn nobody_stands_in_for_a_second_person_where_two_were_configured() {
    let known = |name: &str| known(name, name);
    let case = |people: Vec<KnownPerson>| {
        let digest = Digest::of("plan");
        Case::of(Plan { people, digest, ..sample_plan(vec![sample_step(1, Risk::Destroy)]) })
    };
    let crate::plan::Approval::SecondPerson { word } = sample_step(1, Risk::Destroy).approval else {
        panic!("no second person")
    };
    let alone = approved(&[0], "ana", Some(&word), true);
    assert_eq!(case(vec![known("ana")]).then(alone.clone()), Next::Start { step: 0, attempt: 1 });
    let why = case(vec![known("ana"), known("eva")]).refuses(alone);
    assert!(why.contains("nobody stands in"), "{why}");
}

#[test]
fn a_list_of_people_may_grow_and_neither_lose_one_nor_give_them_another_login() {
    let plan = Plan { people: vec![known("ana", "root"), known("eva", "eva")], ..sample_plan(Vec::new()) };
    assert!(plan.people_lost(&[known("eva", "eva"), known("leo", "leo"), known("ana", "root")]).is_empty());
    assert_eq!(plan.people_lost(&[known("ana", "root"), known("eva", "nobody")]), [&known("eva", "eva")]);
    assert_eq!(plan.people_lost(&[]).len(), 2);
}

/// A look, the author's change, and its proof.
fn proved() -> Vec<PlanStep> {
    let own =
        |number, verifies| PlanStep { own: Some("p/2".to_owned()), verifies, ..sample_step(number, Risk::Observe) };
    vec![own(1, false), sample_step(2, Risk::Change), own(3, true)]
}

#[test]
fn a_proof_verifies_what_ran_and_its_failure_stops_the_run() {
    let mut case = Case::new(proved());
    case.runs(0, 1, Outcome::Failed);
    case.then(approved(&[1], "ana", None, false));
    assert_eq!(case.runs(1, 1, Outcome::Succeeded), Next::Start { step: 2, attempt: 1 });
    let mut failing = Case::new(proved());
    assert_eq!(case.runs(2, 1, Outcome::Succeeded), Next::End(Ending::Verified));
    failing.runs(0, 1, Outcome::Succeeded);
    failing.then(approved(&[1], "ana", None, false));
    failing.runs(1, 1, Outcome::Succeeded);
    assert_eq!(failing.runs(2, 1, Outcome::Failed), Next::Person { step: 2, why: WhyPerson::Failed });
}

#[test]
fn what_was_left_out_is_not_proved_and_what_was_done_by_hand_is() {
    for (decision, next) in
        [(Decision::Skip, Next::End(Ending::Done)), (Decision::Done, Next::Start { step: 2, attempt: 1 })]
    {
        let mut case = Case::new(proved());
        case.runs(0, 1, Outcome::Succeeded);
        case.then(approved(&[1], "ana", None, false));
        case.runs(1, 1, Outcome::Failed);
        assert_eq!(case.then(decided(1, decision)), next);
    }
}

#[test]
fn the_failure_of_a_step_that_is_the_answer_is_nobodys_to_decide() {
    let source = Source::Operation(OperationRef {
        name: "exec".to_owned(),
        target: "here".to_owned(),
        request: serde_json::Value::Null,
        undo: None,
        answers: true,
    });
    let plan = sample_plan(vec![sample_step(1, Risk::Change)]);
    let mut case = Case::of(Plan { digest: Digest::of("plan"), source, ..plan });
    case.then(approved(&[0], "ana", None, false));
    assert_eq!(case.runs(0, 1, Outcome::Failed), Next::End(Ending::Failed));
}
