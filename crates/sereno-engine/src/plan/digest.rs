//! The digest to which approvals bind.

use super::Plan;
use sereno_model::Digest;

impl Plan {
    /// Whether the plan is what its digest says.
    pub fn digest_holds(&self) -> bool {
        digest(self) == self.digest
    }
}

/// The SHA-256 of the whole plan but the digest itself: what decides what happens (texts, values, files, approvals), and
/// every word that the person reads who says yes (titles, effects, conditions, reasons). A yes to a restart must not stand
/// for the same command under the title of a deletion.
///
/// A plan is made once and kept with its run, so a later Sereno with better words does not touch the plans that wait.
pub(super) fn digest(plan: &Plan) -> Digest {
    let mut value = serde_json::json!(plan);
    if let Some(fields) = value.as_object_mut() {
        fields.remove("digest");
    }
    Digest::of(serde_json::json!(["sereno-plan", value]).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample::{sample_plan, sample_step};
    use crate::plan::{Action, KnownPerson, PlanStep, RunbookRef, Source, StepFile};
    use sereno_model::{Risk, Text};

    fn plan() -> Plan {
        let script = StepFile {
            name: "./restart.sh".to_owned(),
            path: Some("/srv/restart.sh".to_owned()),
            digest: Some(Digest::of("a")),
            unbound: None,
        };
        let step = sample_step(1, Risk::Change);
        sample_plan(vec![PlanStep { files: vec![script], starts_in: Some("/srv".to_owned()), ..step }])
    }

    #[test]
    fn everything_that_the_approver_reads_or_that_runs_is_bound() {
        let changes: [fn(&mut Plan); 9] = [
            |plan| plan.title = "Another".to_owned(),
            |plan| plan.steps[0].title = "Look".to_owned(),
            |plan| plan.steps[0].text.push('x'),
            |plan| plan.steps[0].condition = Some("if it is down".to_owned()),
            |plan| plan.steps[0].files[0].digest = Some(Digest::of("b")),
            |plan| plan.steps[0].starts_in = None,
            |plan| plan.steps[0].action = Action::Skip { why: Text::new("a", "b") },
            |plan| {
                let digest = Digest::of("");
                plan.source =
                    Source::Runbook(RunbookRef { path: "RUNBOOK.md".to_owned(), title: Some("T".to_owned()), digest });
            },
            |plan| {
                plan.people.push(KnownPerson {
                    name: "ana".to_owned(),
                    os_user: "root".to_owned(),
                    may_not_approve: false,
                });
            },
        ];
        assert!(plan().digest_holds());
        for (number, change) in changes.iter().enumerate() {
            let mut plan = plan();
            change(&mut plan);
            assert!(!plan.digest_holds(), "change {number} went unseen");
        }
    }

    #[test]
    fn a_plan_that_was_written_down_and_read_back_is_the_same() {
        let text = serde_json::to_string(&plan()).expect("a plan is JSON");
        let read: Plan = serde_json::from_str(&text).expect("a plan reads back");
        assert!(read.digest_holds());
    }
}
