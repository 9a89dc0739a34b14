//! Which headings are one procedure together.

use super::draft::Draft;
use super::roles::{is_inner, role_of};
use super::sections::{Outline, clean_title};
use crate::model::Role;
use crate::text::fold;

/// For each heading's section that has steps, the section whose procedure they belong to.
pub(super) fn owners(outline: &Outline, drafts: &[Draft]) -> Vec<usize> {
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
        if let Some(siblings) = outline.parent(section).and_then(|parent| children.get_mut(parent)) {
            siblings.push(section);
        }
    }
    // Children before parents: what a child took in moves up with it.
    for section in outline.of_heading.iter().rev().copied() {
        let Some(children) = children.get(section) else {
            continue;
        };
        let with_steps: Vec<usize> =
            children.iter().copied().filter(|child| bearing.get(*child).copied().unwrap_or(false)).collect();
        let mergeable: Vec<usize> = with_steps
            .iter()
            .copied()
            .filter(|child| outline.own_roles.get(*child).copied().flatten() != Some(Role::Rollback))
            .collect();
        let is_title = outline.single_title
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
pub(super) const GENERIC: [&str; 102] = [
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
    "fix",
    "fixes",
    "triage",
    "symptoms",
    "impact",
    "impacto",
    "solution",
    "solutions",
    "remedy",
    "arreglo",
    "tareas",
    "que",
];

/// `Pasos` and `Procedimiento` name no subject.
pub(super) fn is_generic(title: &str) -> bool {
    let folded = fold(title);
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| GENERIC.contains(&word))
}

/// Whether a heading is a part of the procedure above it, and not a procedure of its own.
fn is_part(outline: &Outline, parent: usize, child: usize, parent_is_title: bool) -> bool {
    let (Some(section), Some(above)) = (outline.sections.get(child), outline.sections.get(parent)) else {
        return false;
    };
    let own = outline.own_roles.get(child).copied().flatten();
    let title = fold(clean_title(&section.title));
    let raw = fold(&section.title);
    let named_step = ["paso ", "step ", "fase ", "phase ", "etapa "].iter().any(|word| raw.starts_with(word));
    let numbered_step = !parent_is_title && !is_container(&fold(&above.title)) && step_number(&raw).is_some();
    let conditional = raw.starts_with("si ") || raw.starts_with("if ");
    if named_step || numbered_step || conditional {
        return true;
    }
    if parent_is_title && !own.is_some_and(is_inner) {
        return false;
    }
    let above = fold(&above.title);
    let known = |word: &str| GENERIC.contains(&word) || above.contains(word) || related(word, &above);
    let words = || title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let bare =
        words().all(|word| known(word) || (own.is_some_and(is_inner) && word.chars().count() > 4 && tells_role(word)));
    // Between the prelude and the aftermath of a deploy stand its parts.
    let phase = ["pre-", "post-", "durante ", "during ", "antes de", "despues de", "before ", "after "]
        .iter()
        .any(|word| title.starts_with(word))
        && words().count() <= 5;
    (bare || phase) && !is_container(&title)
}

/// `despliegue` in `Despliegue de nuevas versiones` and `desplegar` are one subject.
fn related(word: &str, title: &str) -> bool {
    let stem: String = word.chars().take(5).collect();
    word.chars().count() > 5 && title.split(|c: char| !c.is_alphanumeric()).any(|other| other.starts_with(&stem))
}

fn tells_role(word: &str) -> bool {
    role_of(word, Some(Role::Incident)).is_some_and(is_inner)
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
    title.get(..digits)?.parse().ok().filter(|number| *number < 50)
}
