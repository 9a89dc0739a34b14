//! The digest to which approvals bind.

use super::Plan;
use sereno_model::Digest;

impl Plan {
    /// Whether the plan is what its digest says.
    pub fn digest_holds(&self) -> bool {
        digest(self) == self.digest
    }
}

/// The SHA-256 of everything in a plan that decides what happens: the runbook's version, the procedure, each step's
/// exact text, what is done with it and whose yes it needs, and the values and variables. Titles in another language,
/// effects as prose and other words for people are left out, so that a better wording is not another plan.
pub(super) fn digest(plan: &Plan) -> Digest {
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| {
            let action = match &step.action {
                super::Action::Run => "run".to_owned(),
                super::Action::Follow { seconds } => format!("follow {seconds}"),
                super::Action::Terminal => "terminal".to_owned(),
                super::Action::Person { .. } => "person".to_owned(),
                super::Action::Skip { .. } => "skip".to_owned(),
                super::Action::Refuse { .. } => "refuse".to_owned(),
            };
            serde_json::json!([
                step.id,
                step.text,
                action,
                step.risk,
                step.approval,
                step.verifies,
                step.if_fails,
                step.locks,
                step.expects
            ])
        })
        .collect();
    let values: Vec<_> = plan.values.iter().map(|(name, value)| (name, &value.value)).collect();
    let canonical = serde_json::json!([
        "sereno-plan",
        plan.version,
        plan.runbook.path,
        plan.runbook.digest,
        plan.procedure,
        steps,
        plan.variables,
        values,
    ]);
    Digest::of(canonical.to_string())
}
