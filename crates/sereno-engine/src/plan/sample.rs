//! Plans for tests: the plainest that can be, to be changed where a test is about something.

use super::policy::Policy;
use super::{Action, PLAN_VERSION, Plan, PlanStep, RunbookRef, Source};
use sereno_model::{Digest, Risk};
use std::collections::BTreeMap;

pub(crate) fn sample_step(number: usize, risk: Risk) -> PlanStep {
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
        approval: Policy::default().approval(risk, None),
        locks: Vec::new(),
        files: Vec::new(),
        starts_in: None,
        own: None,
        known_as: Vec::new(),
    }
}

/// Its digest is that of the plan as it is returned.
pub(crate) fn sample_plan(steps: Vec<PlanStep>) -> Plan {
    let mut plan = Plan {
        version: PLAN_VERSION,
        source: Source::Runbook(RunbookRef { path: "RUNBOOK.md".to_owned(), title: None, digest: Digest::of("") }),
        procedure: "p".to_owned(),
        title: "P".to_owned(),
        line: 1,
        risk: Risk::highest(steps.iter().map(|s| s.risk)).unwrap_or_default(),
        steps,
        variables: BTreeMap::new(),
        values: BTreeMap::new(),
        missing: Vec::new(),
        rollback: Vec::new(),
        people: Vec::new(),
        digest: Digest::of(""),
    };
    plan.digest = super::digest::digest(&plan);
    plan
}
