//! What proves a procedure done, what follows when it fails, and what undoes it.

use super::incidents::{is_remedy, notifies};
use super::procedures::Found;
use super::sections::Outline;
use crate::model::{Procedure, Role, Step, StepKind};
use crate::text::fold;
use sereno_model::{Flag, Risk};
use std::collections::HashMap;

/// What proves a procedure done, what follows when it fails, and what undoes it.
pub(super) fn link(outline: &Outline, found: &mut Found) {
    let near = Near::of(outline, found);
    for (procedure, section) in found.procedures.iter_mut().zip(&found.sections) {
        let by_role =
            |role: Role| procedure.steps.iter().filter(move |step| step.role == role).map(|step| step.id.clone());
        let mut verification = told_checks(procedure);
        let mut if_fails: Vec<String> = by_role(Role::IfFails).collect();
        let mut rollback: Vec<String> = by_role(Role::Rollback).collect();
        if procedure.role == Role::Rollback {
            rollback.clear();
        }
        let fallback = procedure.steps.iter().filter(|step| step.condition.as_deref().is_some_and(speaks_of_failure));
        if_fails.extend(fallback.map(|step| step.id.clone()));
        if procedure.role == Role::Verification {
            verification.clear();
        } else {
            verification.extend(trailing_checks(procedure));
        }
        let parent = outline.parent(*section);
        let acts =
            matches!(procedure.role, Role::Deploy | Role::Restore | Role::Rollback | Role::Maintenance | Role::Scaling);
        if verification.is_empty() && acts {
            verification.extend_from_slice(parent.map_or(&[], |parent| near.checks(parent)));
        }
        let inside = near.undoing.get(section).map_or(&[][..], Vec::as_slice);
        let undoing = if procedure.role == Role::Deploy && inside.is_empty() { &near.all_undoing } else { inside };
        rollback.extend_from_slice(undoing);
        verification.sort_by_key(|id| order_of(id));
        for list in [&mut verification, &mut if_fails, &mut rollback] {
            let mut seen = std::collections::HashSet::new();
            list.retain(|id| seen.insert(id.clone()));
        }
        procedure.verification = verification;
        procedure.if_fails = if_fails;
        procedure.rollback = rollback;
    }
}

/// What stands near a procedure; a hostile file must not link everything with everything.
#[derive(Default)]
struct Near {
    /// For each section, the procedures in it that roll back.
    undoing: HashMap<usize, Vec<String>>,
    /// All procedures that roll back.
    all_undoing: Vec<String>,
    /// For each section, the steps of the procedures in it that verify.
    proving: HashMap<usize, Vec<String>>,
}

const MOST: usize = 20;

impl Near {
    fn of(outline: &Outline, found: &Found) -> Self {
        let mut near = Self::default();
        for (procedure, section) in found.procedures.iter().zip(&found.sections) {
            let parent = outline.parent(*section);
            let is_told = outline.own_roles.get(*section).copied().flatten().is_some();
            match procedure.role {
                Role::Rollback => {
                    if near.all_undoing.len() < MOST && is_of_deploys(outline, parent, &procedure.title) {
                        near.all_undoing.push(procedure.id.clone());
                    }
                    let siblings = parent.map(|parent| near.undoing.entry(parent).or_default());
                    if let Some(siblings) = siblings.filter(|siblings| siblings.len() < MOST) {
                        siblings.push(procedure.id.clone());
                    }
                }
                Role::Verification if is_told => {
                    let siblings = parent.map(|parent| near.proving.entry(parent).or_default());
                    if let Some(siblings) = siblings.filter(|siblings| siblings.len() < MOST) {
                        siblings.extend(procedure.steps.iter().take(MOST).map(|step| step.id.clone()));
                    }
                }
                _ => {}
            }
        }
        near
    }

    fn checks(&self, parent: usize) -> &[String] {
        self.proving.get(&parent).map_or(&[], Vec::as_slice)
    }
}

/// The rollback of one particular procedure (`Database failover` / `Rollback`) does not undo every deploy.
fn is_of_deploys(outline: &Outline, parent: Option<usize>, title: &str) -> bool {
    let Some(parent) = parent else { return true };
    let above = outline.sections.get(parent);
    let is_title = above.is_some_and(|section| section.level == 1);
    let folded = fold(title);
    let says = ["deploy", "desplieg", "release", "version", "codigo", "code"].iter().any(|word| folded.contains(word));
    is_title || says || above.is_some_and(|section| matches!(section.role, Role::Rollback | Role::Deploy))
}

pub(super) fn speaks_of_failure(condition: &str) -> bool {
    let folded = fold(condition);
    [
        "si no funciona",
        "si falla",
        "si esto falla",
        "if it fails",
        "if this fails",
        "if that does not",
        "si no mejora",
        "si no alcanza",
        "if that fails",
        "if it does not",
        "if nothing",
        "si no se resuelve",
        "if not resolved",
        "si persiste",
        "if the problem persists",
    ]
    .iter()
    .any(|words| folded.starts_with(words))
}

/// The steps that the author puts under a title such as `Verificación`. To tell others is no proof; and in an incident
/// what stands before any remedy is diagnosis, whatever its title.
fn told_checks(procedure: &Procedure) -> Vec<String> {
    let steps = &procedure.steps;
    let from = match procedure.role {
        Role::Incident => steps.iter().position(is_remedy).unwrap_or(steps.len()),
        _ => 0,
    };
    let told = steps.iter().skip(from).filter(|step| step.role == Role::Verification && !notifies(step));
    told.map(|step| step.id.clone()).collect()
}

/// The checks after the step that matters: the last one of the highest risk. What follows it (to start again what was
/// stopped, to tell others) does not make a check before it less of a proof.
fn trailing_checks(procedure: &Procedure) -> Vec<String> {
    let steps = &procedure.steps;
    let changes = |step: &&Step| !is_check(step) && !notifies(step);
    let risk_of = |step: &Step| step.risk.filter(|risk| *risk > Risk::Observe);
    let highest = steps.iter().filter(changes).filter_map(risk_of).max();
    let Some(matters) = highest.and_then(|_| steps.iter().rposition(|step| changes(&step) && risk_of(step) == highest))
    else {
        return Vec::new();
    };
    let after = steps.get(matters + 1..).unwrap_or_default();
    // In what is not itself a rollback, a step that undoes proves nothing.
    let undoes = |step: &Step| matches!(step.role, Role::Rollback | Role::IfFails) && step.role != procedure.role;
    after.iter().filter(|step| is_check(step) && !undoes(step)).map(|step| step.id.clone()).collect()
}

fn is_check(step: &Step) -> bool {
    let title = fold(&step.title).replace("checkout", "");
    let says = [
        "verific",
        "comprob",
        "health",
        "smoke",
        "check",
        "valid",
        "verify",
        "confirm",
        "probar",
        "test",
        "integridad",
        "monitor",
    ]
    .iter()
    .any(|word| title.contains(word));
    let command = fold(&step.text);
    let does = step.kind == StepKind::Shell
        && step.risk == Some(Risk::Observe)
        && (command.contains("/health") || command.contains("rollout status") || command.contains("pg_isready"));
    // `Falla el health check → revisar la red` is what to do about a cause.
    let decided = step.kind == StepKind::Manual && step.condition.is_some();
    (says || does)
        && !decided
        && step.risk.is_none_or(|risk| risk <= Risk::Change)
        && !step.flags.contains(&Flag::Interactive)
}

/// The number of a step, by which its procedure's ids are ordered.
fn order_of(id: &str) -> usize {
    id.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)
}
