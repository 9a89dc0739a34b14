//! What undoes a procedure by its own steps: `**Rollback:**` beneath what it takes back.

use sereno_effects::{Knowledge, analyze_shell};
use sereno_runbook::model::{Procedure, Step, StepKind};
use std::collections::BTreeSet;

/// A procedure of the rollback steps that a run calls for.
#[derive(Debug)]
pub struct Undoing {
    pub procedure: Procedure,
    /// Variables that those steps use and that only the steps before them set: the session of the run is gone, so their
    /// values have to be given.
    pub carried: Vec<String>,
}

/// The procedure's own rollback steps for what really ran, given by the ids of its steps. `None` where none of them takes
/// back anything that did.
///
/// A group of rollback steps takes back the steps between the group before it and itself. What was done last is undone
/// first; inside a group the author's order holds.
pub fn undo_of(procedure: &Procedure, ran: &BTreeSet<&str>, knowledge: &Knowledge) -> Option<Undoing> {
    let undoes = |step: &Step| takes_back(procedure, step);
    let mut groups: Vec<Vec<Step>> = Vec::new();
    let mut something_ran = false;
    for chunk in procedure.steps.chunk_by(|a, b| undoes(a) == undoes(b)) {
        if !chunk.first().is_some_and(undoes) {
            something_ran = chunk.iter().any(|step| ran.contains(step.id.as_str()));
        } else if something_ran {
            groups.push(chunk.to_vec());
        }
    }
    let steps: Vec<Step> = groups.into_iter().rev().flatten().collect();
    if steps.is_empty() {
        return None;
    }
    let carried = carried(procedure, &steps, knowledge);
    let kept = |ids: &[String]| ids.iter().filter(|id| steps.iter().any(|s| s.id == **id)).cloned().collect();
    let procedure = Procedure {
        title: format!("Rollback · {}", procedure.title),
        verification: kept(&procedure.verification),
        if_fails: kept(&procedure.if_fails),
        rollback: Vec::new(),
        steps,
        ..procedure.clone()
    };
    Some(Undoing { procedure, carried })
}

/// Whether a step of a procedure takes others of it back. Where all of them are called a rollback there is nothing that
/// they could take back: the whole procedure is one.
pub fn takes_back(procedure: &Procedure, step: &Step) -> bool {
    let is_rollback = |step: &Step| procedure.rollback.contains(&step.id);
    is_rollback(step) && !procedure.steps.iter().all(is_rollback)
}

fn carried(procedure: &Procedure, steps: &[Step], knowledge: &Knowledge) -> Vec<String> {
    let set_by = |step: &Step| -> Vec<String> {
        analyze_shell(&step.text, knowledge).statements.into_iter().flat_map(|s| s.sets).collect()
    };
    let is_shell = |step: &&Step| step.kind == StepKind::Shell;
    let outside = procedure.steps.iter().filter(|step| !steps.iter().any(|s| s.id == step.id));
    let outside: BTreeSet<String> = outside.filter(is_shell).flat_map(set_by).collect();
    let mut here = BTreeSet::new();
    let mut carried = Vec::new();
    for step in steps.iter().filter(is_shell) {
        for statement in analyze_shell(&step.text, knowledge).statements {
            for used in statement.uses.into_iter().filter(|used| !used.has_default) {
                if outside.contains(&used.name) && !here.contains(&used.name) && !carried.contains(&used.name) {
                    carried.push(used.name);
                }
            }
            here.extend(statement.sets);
        }
    }
    carried
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNBOOK: &str = "# T\n\n## P\n\n```bash\n# 1. One\nTAG=v1; echo one > a\n\n# 2. Undo one\nrm -f a $TAG\n\n# 3. Two\necho two > b\n\n# 4. Look\ncat b\n\n# 5. Undo two\nrm -f b\n\n# 6. Undo two further\nKEPT=1; rm -f b2 $KEPT ${TAG:-none}\n```\n";

    fn undoing(ran: &[usize]) -> Option<(Vec<String>, Vec<String>)> {
        let (runbook, _) = sereno_runbook::read(RUNBOOK.as_bytes());
        let mut procedure = runbook.procedures.into_iter().next().expect("a procedure");
        assert_eq!(procedure.steps.len(), 6);
        let id = |number: usize| format!("p/{number}");
        procedure.rollback = vec![id(2), id(5), id(6)];
        let ran: Vec<String> = ran.iter().map(|number| id(*number)).collect();
        let ran = ran.iter().map(String::as_str).collect();
        let undoing = undo_of(&procedure, &ran, Knowledge::builtin())?;
        Some((undoing.procedure.steps.into_iter().map(|step| step.title).collect(), undoing.carried))
    }

    #[test]
    fn only_what_ran_is_undone_and_what_came_last_first() {
        let titles = |ran: &[usize]| undoing(ran).map(|(titles, _)| titles);
        assert_eq!(titles(&[]), None);
        assert_eq!(titles(&[1]), Some(vec!["Undo one".to_owned()]));
        assert_eq!(titles(&[3, 4]), Some(vec!["Undo two".to_owned(), "Undo two further".to_owned()]));
        let all = ["Undo two", "Undo two further", "Undo one"].map(str::to_owned).to_vec();
        assert_eq!(titles(&[1, 3, 4]), Some(all));
    }

    #[test]
    fn a_procedure_that_is_a_rollback_as_a_whole_takes_nothing_of_itself_back() {
        let (runbook, _) = sereno_runbook::read(RUNBOOK.as_bytes());
        let mut procedure = runbook.procedures.into_iter().next().expect("a procedure");
        procedure.rollback = procedure.steps.iter().map(|step| step.id.clone()).collect();
        assert!(!procedure.steps.iter().any(|step| takes_back(&procedure, step)));
    }

    #[test]
    fn a_variable_of_the_steps_that_ran_has_to_be_given() {
        assert_eq!(undoing(&[1]).map(|(_, carried)| carried), Some(vec!["TAG".to_owned()]));
        assert_eq!(undoing(&[3]).map(|(_, carried)| carried), Some(Vec::new()));
    }
}
