//! Steps given to the procedures that they belong to.

use super::draft::Draft;
use super::links::link;
use super::parts::{GENERIC, owners};
use super::roles::is_inner;
use super::sections::{Outline, clean_title};
use super::variants::variants;
use super::walk::walk;
use super::why::why_not;
use crate::document::{Document, RawBlock};
use crate::model::{Alternative, Block, PlaceholderKind, Procedure, Role, Step, StepKind};
use crate::text::fold;
use sereno_model::{BlockClass, Lang};

/// The procedures, and for each the section that it answers to.
pub(crate) struct Found {
    pub(crate) procedures: Vec<Procedure>,
    /// For each procedure, its section: an index in the outline.
    pub(crate) sections: Vec<usize>,
}

/// Finds the procedures. `judge` gives commands found in prose their class and risk.
pub(crate) fn procedures(
    document: &Document,
    outline: &Outline,
    blocks: &[Block],
    language: Lang,
    judge: impl FnOnce(&[RawBlock]) -> Vec<Block>,
) -> Found {
    let mut walked = walk(document, outline, blocks);
    let judged = judge(&walked.inline);
    walked.drafts.retain_mut(|draft| settle(draft, &judged));
    variants(outline, &mut walked.drafts);
    let owners = owners(outline, &walked.drafts);
    let mut found = build(outline, walked.drafts, &owners, language);
    link(outline, &mut found);
    found
}

/// Gives a command found in prose what was judged of it; a word in backticks that is no command is a person's step.
fn settle(draft: &mut Draft, judged: &[Block]) -> bool {
    let Some(block) = draft.inline.and_then(|index| judged.get(index)) else {
        return true;
    };
    if block.class != BlockClass::Shell || block.statements.iter().any(|statement| statement.foreign.is_some()) {
        draft.kind = StepKind::Manual;
        draft.text = format!("{}: `{}`", draft.title, draft.text);
        return true;
    }
    draft.class = Some(block.class);
    draft.risk = block.risk;
    draft.effects.clone_from(&block.effects);
    draft.flags.clone_from(&block.flags);
    draft.needs =
        block.placeholders.iter().filter(|p| p.kind != PlaceholderKind::Prompt).map(|p| p.name.clone()).collect();
    draft.needs.dedup();
    true
}

fn build(outline: &Outline, drafts: Vec<Draft>, owners: &[usize], language: Lang) -> Found {
    let mut by_section: Vec<Vec<Draft>> = vec![Vec::new(); outline.sections.len()];
    for draft in drafts {
        let heading = outline.heading_section(draft.section);
        let owner = owners.get(heading).copied().unwrap_or(heading);
        if let Some(list) = by_section.get_mut(owner) {
            list.push(draft);
        }
    }
    let mut found = Found { procedures: Vec::new(), sections: Vec::new() };
    for (index, drafts) in by_section.into_iter().enumerate() {
        // Queries alone are something to look up, not something to do.
        let is_done = drafts.iter().any(|draft| draft.kind != StepKind::Promql);
        let Some(section) = outline.sections.get(index).filter(|_| is_done) else {
            continue;
        };
        let steps = drafts
            .into_iter()
            .enumerate()
            .map(|(number, draft)| step(outline, draft, &section.id, number + 1, section.role, language))
            .collect();
        found.sections.push(index);
        found.procedures.push(Procedure {
            id: section.id.clone(),
            title: title(outline, index),
            role: section.role,
            line: section.line,
            steps,
            verification: Vec::new(),
            if_fails: Vec::new(),
            rollback: Vec::new(),
        });
    }
    found
}

/// A title that says enough when it is read alone.
fn title(outline: &Outline, index: usize) -> String {
    let Some(section) = outline.sections.get(index) else {
        return String::new();
    };
    let own = clean_title(&section.title);
    let own = match fold(own).strip_prefix("runbook") {
        Some(rest) if rest.starts_with([':', ' ']) && rest.len() > 3 => {
            own.get("runbook".len()..).map_or(own, |rest| rest.trim_start_matches([':', ' ', '-', '–', '—']))
        }
        _ => own,
    };
    let folded = fold(own);
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let says_nothing = words.all(|word| GENERIC.contains(&word) || matches!(word, "rollback" | "backup" | "deploy"));
    match outline.parent(index).and_then(|parent| outline.sections.get(parent)) {
        Some(parent) if says_nothing && parent.level > 1 => {
            format!("{}: {own}", clean_title(&parent.title))
        }
        _ => own.to_owned(),
    }
}

fn step(outline: &Outline, draft: Draft, procedure: &str, number: usize, role: Role, language: Lang) -> Step {
    let part = outline.upwards(draft.section).find_map(|section| {
        outline.own_roles.get(section).copied().flatten().filter(|role| is_inner(*role) || *role == Role::Rollback)
    });
    let why_not = why_not(&draft, language);
    let role = draft.role.or(part).unwrap_or(role);
    Step {
        id: format!("{procedure}/{number}"),
        title: if draft.title.is_empty() { super::script::command_title(&draft.text) } else { draft.title },
        line: draft.line,
        kind: draft.kind,
        class: draft.class,
        risk: draft.risk,
        runnable: why_not.is_none(),
        why_not,
        needs: draft.needs,
        expects: draft.expects,
        flags: draft.flags,
        effects: draft.effects,
        role,
        alternative: draft.alternative.map(|(group, number, title)| Alternative { group, number, title }),
        condition: draft.condition,
        block: draft.block,
        text: draft.text,
        span: draft.span,
    }
}
