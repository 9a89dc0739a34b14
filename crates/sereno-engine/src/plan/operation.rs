//! The plan of an operation: steps that Sereno itself carries out, each a command of its own that anybody can read.

use super::digest::digest;
use super::policy::Policy;
use super::{Action, Approval, KnownPerson, OperationRef, PLAN_VERSION, Plan, PlanStep, Source};
use sereno_model::{Digest, Effect, Risk};
use std::collections::{BTreeMap, BTreeSet};

/// An operation as the engine needs to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationSpec {
    pub operation: OperationRef,
    pub title: String,
    pub steps: Vec<OperationStep>,
}

/// One step of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationStep {
    pub title: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    pub effects: Vec<Effect>,
    /// It proves that the operation did what it was to do.
    pub verifies: bool,
    /// It gets the terminal.
    pub terminal: bool,
}

/// Binds an operation's steps to a digest, with the approvals that a policy demands.
pub fn of_operation(spec: OperationSpec, policy: &Policy, people: &[KnownPerson]) -> Plan {
    let steps: Vec<PlanStep> = spec
        .steps
        .into_iter()
        .enumerate()
        .map(|(index, step)| planned(&spec.operation.name, index + 1, step, policy))
        .collect();
    let mut plan = Plan {
        version: PLAN_VERSION,
        procedure: spec.operation.name.clone(),
        source: Source::Operation(spec.operation),
        title: spec.title,
        line: 0,
        risk: Risk::highest(steps.iter().map(|step| step.risk)).unwrap_or_default(),
        steps,
        variables: BTreeMap::new(),
        values: BTreeMap::new(),
        missing: Vec::new(),
        rollback: Vec::new(),
        people: people.to_vec(),
        digest: Digest::of(""),
    };
    plan.digest = digest(&plan);
    plan
}

pub(super) fn planned(operation: &str, number: usize, step: OperationStep, policy: &Policy) -> PlanStep {
    let risk = Risk::highest(step.effects.iter().map(|effect| effect.risk)).unwrap_or_default();
    let changed = step.effects.iter().filter(|effect| effect.risk > Risk::Observe);
    let locks: BTreeSet<String> = changed.filter_map(|effect| effect.component.clone()).collect();
    PlanStep {
        number,
        id: format!("{operation}/{number}"),
        title: step.title,
        line: 0,
        text: words(&step.argv),
        action: if step.terminal { Action::Terminal } else { Action::Run },
        risk,
        effects: step.effects,
        expects: None,
        verifies: step.verifies,
        if_fails: false,
        condition: None,
        alternative: None,
        approval: if risk == Risk::Observe { Approval::None } else { policy.approval(risk, None) },
        locks: locks.into_iter().collect(),
        files: Vec::new(),
        starts_in: None,
        own: None,
        known_as: Vec::new(),
    }
}

/// An argument vector as a shell reads it back, word for word.
pub fn words(argv: &[String]) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '=' | ',' | '+' | '%');
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    argv.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn words_come_back_from_a_shell_as_they_were() {
        let argv = ["a b", "", "it's", "$(id)", "`id`", "*", "~", "x=1;rm -rf /", "a\nb", "-n", "é", "#", "!!", "a%2"];
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let script = format!("printf '%s\\0' {}", words(&argv));
        let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
        let back: Vec<String> =
            String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned).collect();
        assert_eq!(back, argv);
    }
}
