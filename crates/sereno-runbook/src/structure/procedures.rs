//! Steps given to procedures: which headings are one procedure together, and what verifies, undoes and follows it.

use super::draft::Draft;
use super::roles::is_inner;
use super::sections::{Outline, clean_title};
use super::walk::walk;
use super::why::why_not;
use crate::document::{Document, RawBlock};
use crate::model::{Alternative, Block, PlaceholderKind, Procedure, Role, Step, StepKind};
use crate::text::fold;
use sereno_model::{BlockClass, Flag, Lang, Risk};

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
    let owners = owners(document, outline, &walked.drafts);
    let mut found = build(outline, walked.drafts, &owners, language);
    link(outline, &mut found);
    found
}

/// Gives a command found in prose what was judged of it; a word in backticks that is no command is a person's step.
fn settle(draft: &mut Draft, judged: &[Block]) -> bool {
    let Some(block) = draft.inline.and_then(|index| judged.get(index)) else {
        return true;
    };
    if block.class != BlockClass::Shell
        || block
            .statements
            .iter()
            .any(|statement| statement.foreign.is_some())
    {
        draft.kind = StepKind::Manual;
        draft.text = format!("{}: `{}`", draft.title, draft.text);
        return true;
    }
    draft.class = Some(block.class);
    draft.risk = block.risk;
    draft.effects.clone_from(&block.effects);
    draft.flags.clone_from(&block.flags);
    draft.needs = block
        .placeholders
        .iter()
        .filter(|p| p.kind != PlaceholderKind::Prompt)
        .map(|p| p.name.clone())
        .collect();
    draft.needs.dedup();
    true
}

/// Names of places where the same thing is done in another way.
const PLACES: [&str; 34] = [
    "render",
    "railway",
    "heroku",
    "fly.io",
    "fly",
    "vercel",
    "netlify",
    "vps",
    "aws",
    "gcp",
    "azure",
    "docker",
    "docker compose",
    "docker-compose",
    "kubernetes",
    "k8s",
    "systemd",
    "pm2",
    "linux",
    "ubuntu",
    "debian",
    "centos",
    "rhel",
    "macos",
    "windows",
    "helm",
    "swarm",
    "nomad",
    "ecs",
    "eks",
    "gke",
    "openshift",
    "bare metal",
    "digitalocean",
];

/// Label lines that name places (`**Render:**`, `**VPS propio:**`) hold alternatives; the others name what their steps
/// are about.
fn variants(outline: &Outline, drafts: &mut [Draft]) {
    let mut group = drafts
        .iter()
        .filter_map(|draft| draft.alternative.as_ref().map(|a| a.0))
        .max()
        .unwrap_or(0);
    let mut from = 0;
    while from < drafts.len() {
        let heading = drafts
            .get(from)
            .map(|draft| outline.heading_section(draft.section));
        let same = |draft: &Draft| Some(outline.heading_section(draft.section)) == heading;
        let to = from
            + drafts
                .get(from..)
                .unwrap_or_default()
                .iter()
                .take_while(|draft| same(draft))
                .count();
        let Some(run) = drafts.get_mut(from..to) else {
            break;
        };
        let mut places: Vec<usize> = run
            .iter()
            .map(|d| d.section)
            .filter(|s| is_place(outline, *s))
            .collect();
        places.dedup();
        group += 1;
        for draft in run {
            let Some(section) = outline
                .sections
                .get(draft.section)
                .filter(|_| is_topic(outline, draft.section))
            else {
                continue;
            };
            let title = clean_title(&section.title);
            if let (true, Some(number)) = (
                places.len() > 1,
                places.iter().position(|place| *place == draft.section),
            ) {
                draft
                    .alternative
                    .get_or_insert((group, number as u32 + 1, title.to_owned()));
            }
            if draft.condition.is_none() && fold(title).starts_with("si ")
                || fold(title).starts_with("if ")
            {
                draft.condition = Some(title.to_owned());
            } else if draft.title != title && !is_generic(title) {
                draft.title = format!("{title}: {}", draft.title);
            }
        }
        from = to.max(from + 1);
    }
}

/// `Pasos` and `Procedimiento` name no subject.
fn is_generic(title: &str) -> bool {
    let folded = fold(title);
    let mut words = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.all(|word| GENERIC.contains(&word))
}

/// A label without a role of its own.
fn is_topic(outline: &Outline, section: usize) -> bool {
    outline.labels.get(section).copied().flatten().is_some()
        && outline.own_roles.get(section).copied().flatten().is_none()
}

fn is_place(outline: &Outline, section: usize) -> bool {
    is_topic(outline, section)
        && outline.sections.get(section).is_some_and(|section| {
            let title = fold(clean_title(&section.title));
            PLACES.iter().any(|place| {
                title
                    .strip_prefix(place)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '/', '(']))
            })
        })
}

/// For each heading's section that has steps, the section whose procedure they belong to.
fn owners(document: &Document, outline: &Outline, drafts: &[Draft]) -> Vec<usize> {
    let count = outline.sections.len();
    let mut owner: Vec<usize> = (0..count).collect();
    let mut bearing = vec![false; count];
    for draft in drafts {
        if let Some(bears) = bearing.get_mut(outline.heading_section(draft.section)) {
            *bears = true;
        }
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); count];
    for section in outline.of_heading.iter().copied() {
        if let Some(siblings) = outline
            .parent(section)
            .and_then(|parent| children.get_mut(parent))
        {
            siblings.push(section);
        }
    }
    let single_title = document
        .headings
        .iter()
        .filter(|heading| heading.level == 1)
        .count()
        == 1;
    // Children before parents: what a child took in moves up with it.
    for section in outline.of_heading.iter().rev().copied() {
        let Some(children) = children.get(section) else {
            continue;
        };
        let with_steps: Vec<usize> = children
            .iter()
            .copied()
            .filter(|child| bearing.get(*child).copied().unwrap_or(false))
            .collect();
        let mergeable: Vec<usize> = with_steps
            .iter()
            .copied()
            .filter(|child| {
                outline.own_roles.get(*child).copied().flatten() != Some(Role::Rollback)
            })
            .collect();
        let is_title = single_title
            && outline.parent(section).is_none()
            && outline.sections.get(section).is_some_and(|s| s.level == 1);
        let part = |child: &usize| is_part(outline, section, *child, is_title);
        if mergeable.is_empty() || !mergeable.iter().all(part) {
            continue;
        }
        for child in mergeable {
            if let Some(slot) = owner.get_mut(child) {
                *slot = section;
            }
        }
        if let Some(bears) = bearing.get_mut(section) {
            *bears = true;
        }
    }
    // Follow chains: parents come before children in the text.
    for index in 0..count {
        let direct = owner.get(index).copied().unwrap_or(index);
        let last = owner.get(direct).copied().unwrap_or(direct);
        if let Some(slot) = owner.get_mut(index) {
            *slot = last;
        }
    }
    owner
}

/// Words that do not name a subject.
const GENERIC: [&str; 92] = [
    "pasos",
    "paso",
    "steps",
    "step",
    "procedimiento",
    "procedimientos",
    "procedure",
    "procedures",
    "proceso",
    "process",
    "completo",
    "completa",
    "complete",
    "full",
    "general",
    "detallado",
    "detallados",
    "detailed",
    "instrucciones",
    "instructions",
    "ejecucion",
    "execution",
    "comandos",
    "commands",
    "respuesta",
    "response",
    "seguir",
    "follow",
    "inicial",
    "initial",
    "inmediata",
    "inmediatas",
    "inmediato",
    "immediate",
    "temporal",
    "temporary",
    "permanente",
    "permanent",
    "rapida",
    "rapido",
    "quick",
    "manual",
    "final",
    "de",
    "del",
    "a",
    "la",
    "el",
    "los",
    "las",
    "y",
    "the",
    "and",
    "of",
    "for",
    "to",
    "en",
    "in",
    "pre",
    "post",
    "durante",
    "during",
    "antes",
    "before",
    "despues",
    "after",
    "posible",
    "posibles",
    "possible",
    "recomendado",
    "recomendada",
    "recommended",
    "acciones",
    "actions",
    "accion",
    "action",
    "sintomas",
    "diagnostico",
    "solucion",
    "soluciones",
    "resolucion",
    "verificacion",
    "verification",
    "validation",
    "validacion",
    "diagnosis",
    "mitigation",
    "remediation",
    "resolution",
    "checks",
    "tareas",
    "que",
];

/// Whether a heading is a part of the procedure above it, and not a procedure of its own.
fn is_part(outline: &Outline, parent: usize, child: usize, parent_is_title: bool) -> bool {
    let (Some(section), Some(above)) = (outline.sections.get(child), outline.sections.get(parent))
    else {
        return false;
    };
    let own = outline.own_roles.get(child).copied().flatten();
    let title = fold(clean_title(&section.title));
    let raw = fold(&section.title);
    let named_step = ["paso ", "step ", "fase ", "phase ", "etapa "]
        .iter()
        .any(|word| raw.starts_with(word));
    let numbered_step =
        !parent_is_title && !is_container(&fold(&above.title)) && step_number(&raw).is_some();
    let conditional = raw.starts_with("si ") || raw.starts_with("if ");
    if named_step || numbered_step || conditional {
        return true;
    }
    if parent_is_title && !own.is_some_and(is_inner) {
        return false;
    }
    let above = fold(&above.title);
    let known =
        |word: &str| GENERIC.contains(&word) || above.contains(word) || related(word, &above);
    let words = || {
        title
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
    };
    let bare = words().all(|word| {
        known(word) || (own.is_some_and(is_inner) && word.chars().count() > 4 && tells_role(word))
    });
    // Between the prelude and the aftermath of a deploy stand its parts.
    let phase = [
        "pre-",
        "post-",
        "durante ",
        "during ",
        "antes de",
        "despues de",
        "before ",
        "after ",
    ]
    .iter()
    .any(|word| title.starts_with(word))
        && words().count() <= 5;
    (bare || phase) && !is_container(&title)
}

/// `despliegue` in `Despliegue de nuevas versiones` and `desplegar` are one subject.
fn related(word: &str, title: &str) -> bool {
    let stem: String = word.chars().take(5).collect();
    word.chars().count() > 5
        && title
            .split(|c: char| !c.is_alphanumeric())
            .any(|other| other.starts_with(&stem))
}

fn tells_role(word: &str) -> bool {
    super::roles::role_of(word, Some(Role::Incident)).is_some_and(is_inner)
}

/// Titles of several procedures: `Incidentes Comunes`, `Comandos`, `Procedimientos de Emergencia`.
fn is_container(title: &str) -> bool {
    let plural = [
        "incidentes",
        "incidents",
        "procedimientos",
        "procedures",
        "comandos",
        "commands",
        "escenarios",
        "scenarios",
        "problemas",
        "problems",
        "troubleshooting",
        "runbooks",
        "playbooks",
        "tareas",
        "tasks",
        "errores comunes",
        "common",
        "comunes",
        "mantenimiento programado",
    ];
    plural.iter().any(|word| title.contains(word))
}

/// `1. Revisar logs` is step 1; `3.1 Backend` is a chapter.
fn step_number(title: &str) -> Option<u32> {
    let digits = title.bytes().take_while(u8::is_ascii_digit).count();
    let rest = title.get(digits..)?;
    let after = rest.strip_prefix(['.', ')', ':'])?;
    if !after.starts_with(' ') {
        return None;
    }
    title
        .get(..digits)?
        .parse()
        .ok()
        .filter(|number| *number < 50)
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
    let mut found = Found {
        procedures: Vec::new(),
        sections: Vec::new(),
    };
    for (index, drafts) in by_section.into_iter().enumerate() {
        // Queries alone are something to look up, not something to do.
        let is_done = drafts.iter().any(|draft| draft.kind != StepKind::Promql);
        let Some(section) = outline.sections.get(index).filter(|_| is_done) else {
            continue;
        };
        let steps = drafts
            .into_iter()
            .enumerate()
            .map(|(number, draft)| {
                step(
                    outline,
                    draft,
                    &section.id,
                    number + 1,
                    section.role,
                    language,
                )
            })
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
            own.get("runbook".len()..).map_or(own, |rest| {
                rest.trim_start_matches([':', ' ', '-', '–', '—'])
            })
        }
        _ => own,
    };
    let folded = fold(own);
    let mut words = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let says_nothing = words
        .all(|word| GENERIC.contains(&word) || matches!(word, "rollback" | "backup" | "deploy"));
    match outline
        .parent(index)
        .and_then(|parent| outline.sections.get(parent))
    {
        Some(parent) if says_nothing && parent.level > 1 => {
            format!("{}: {own}", clean_title(&parent.title))
        }
        _ => own.to_owned(),
    }
}

fn step(
    outline: &Outline,
    draft: Draft,
    procedure: &str,
    number: usize,
    role: Role,
    language: Lang,
) -> Step {
    let part = outline.upwards(draft.section).find_map(|section| {
        outline
            .own_roles
            .get(section)
            .copied()
            .flatten()
            .filter(|role| is_inner(*role) || *role == Role::Rollback)
    });
    let why_not = why_not(&draft, language);
    let role = draft.role.or(part).unwrap_or(role);
    Step {
        id: format!("{procedure}/{number}"),
        title: if draft.title.is_empty() {
            super::script::command_title(&draft.text)
        } else {
            draft.title
        },
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
        alternative: draft.alternative.map(|(group, number, title)| Alternative {
            group,
            number,
            title,
        }),
        condition: draft.condition,
        block: draft.block,
        text: draft.text,
        span: draft.span,
    }
}

/// What proves a procedure done, what follows when it fails, and what undoes it.
fn link(outline: &Outline, found: &mut Found) {
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
        && (command.contains("/health")
            || command.contains("rollout status")
            || command.contains("pg_isready"));
    (says || does)
        && step.risk.is_none_or(|risk| risk <= Risk::Change)
        && !step.flags.contains(&Flag::Interactive)
}
