//! What proves a procedure done, what follows when it fails, and what undoes it.

use super::procedures::Found;
use super::sections::Outline;
use crate::model::{Role, Step, StepKind};
use crate::text::fold;
use sereno_model::{Flag, Risk};

/// What proves a procedure done, what follows when it fails, and what undoes it.
pub(super) fn link(outline: &Outline, found: &mut Found) {
    let undoing: Vec<(String, usize)> = found
        .procedures
        .iter()
        .zip(&found.sections)
        .filter(|(procedure, _)| procedure.role == Role::Rollback)
        .map(|(procedure, section)| (procedure.id.clone(), *section))
        .collect();
    let proving: Vec<(Vec<String>, Option<usize>)> = found
        .procedures
        .iter()
        .zip(&found.sections)
        .filter(|(procedure, section)| {
            procedure.role == Role::Verification
                && outline
                    .own_roles
                    .get(**section)
                    .copied()
                    .flatten()
                    .is_some()
        })
        .map(|(procedure, section)| {
            (
                procedure.steps.iter().map(|step| step.id.clone()).collect(),
                outline.parent(*section),
            )
        })
        .collect();
    for (procedure, section) in found.procedures.iter_mut().zip(&found.sections) {
        let by_role = |role: Role| {
            procedure
                .steps
                .iter()
                .filter(move |step| step.role == role)
                .map(|step| step.id.clone())
        };
        let mut verification: Vec<String> = by_role(Role::Verification).collect();
        let mut if_fails: Vec<String> = by_role(Role::IfFails).collect();
        let mut rollback: Vec<String> = by_role(Role::Rollback).collect();
        if procedure.role == Role::Rollback {
            rollback.clear();
        }
        let fallback = procedure
            .steps
            .iter()
            .filter(|step| step.condition.as_deref().is_some_and(speaks_of_failure));
        if_fails.extend(fallback.map(|step| step.id.clone()));
        if procedure.role != Role::Verification {
            verification.extend(trailing_checks(&procedure.steps));
        } else {
            verification.clear();
        }
        let parent = outline.parent(*section);
        let acts = matches!(
            procedure.role,
            Role::Deploy | Role::Restore | Role::Rollback | Role::Maintenance | Role::Scaling
        );
        if verification.is_empty() && acts {
            let near = proving
                .iter()
                .filter(|(_, other)| other.is_some() && *other == parent);
            verification.extend(near.flat_map(|(steps, _)| steps.iter().cloned()));
        }
        if procedure.role == Role::Deploy {
            rollback.extend(undoing.iter().map(|(id, _)| id.clone()));
        } else {
            let inside = undoing
                .iter()
                .filter(|(_, other)| outline.parent(*other) == Some(*section));
            rollback.extend(inside.map(|(id, _)| id.clone()));
        }
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

fn speaks_of_failure(condition: &str) -> bool {
    let folded = fold(condition);
    [
        "si no funciona",
        "si falla",
        "si esto falla",
        "if it fails",
        "if this fails",
        "if that does not",
        "si no se resuelve",
        "if not resolved",
        "si persiste",
        "if the problem persists",
    ]
    .iter()
    .any(|words| folded.starts_with(words))
}

/// The checks at the end of a procedure, after the last step that changes something.
fn trailing_checks(steps: &[Step]) -> Vec<String> {
    let changes =
        |step: &&Step| step.risk.is_some_and(|risk| risk > Risk::Observe) && !is_check(step);
    let Some(last_change) = steps.iter().rposition(|step| changes(&step)) else {
        return Vec::new();
    };
    let after = steps.get(last_change + 1..).unwrap_or_default();
    after
        .iter()
        .filter(|step| is_check(step))
        .map(|step| step.id.clone())
        .collect()
}

fn is_check(step: &Step) -> bool {
    let title = fold(&step.title);
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
        && (command.contains("/health")
            || command.contains("rollout status")
            || command.contains("pg_isready"));
    (says || does)
        && step.risk.is_none_or(|risk| risk <= Risk::Change)
        && !step.flags.contains(&Flag::Interactive)
}

/// The number of a step, by which its procedure's ids are ordered.
fn order_of(id: &str) -> usize {
    id.rsplit('/')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(usize::MAX)
}
