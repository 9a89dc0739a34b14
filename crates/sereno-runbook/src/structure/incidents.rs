//! Incidents: what is seen, what it means, how it is told apart and what is done about it.

use super::procedures::Found;
use super::sections::{Outline, clean_title};
use crate::document::{Document, ElementKind, TextLine};
use crate::facts::duration;
use crate::model::{Decision, Incident, Procedure, Remedy, Role, Step, StepKind};
use crate::text::fold;
use sereno_model::Risk;

/// The incidents, in the order of the text.
pub(crate) fn incidents(
    document: &Document,
    outline: &Outline,
    found: &Found,
    decisions: &[Decision],
) -> Vec<Incident> {
    let mut incidents = Vec::new();
    for index in outline.of_heading.iter().copied() {
        let Some(section) = outline.sections.get(index) else {
            continue;
        };
        let procedure = found.sections.binary_search(&index).ok().and_then(|position| found.procedures.get(position));
        let parts = Parts::of(document, outline, index);
        let is_page = parts.is_page();
        if !(section.role == Role::Incident || is_page) || (procedure.is_none() && parts.symptoms.is_empty()) {
            continue;
        }
        if is_part_of_another(outline, index) {
            continue;
        }
        let title = clean_title(&section.title);
        incidents.push(Incident {
            id: section.id.clone(),
            title: title
                .strip_prefix("Incidente:")
                .or(title.strip_prefix("Incident:"))
                .unwrap_or(title)
                .trim()
                .to_owned(),
            line: section.line,
            symptoms: parts.symptoms,
            impact: parts.impact,
            diagnosis: procedure.map(diagnosis).unwrap_or_default(),
            remedies: procedure.map(|procedure| remedies(outline, procedure, decisions)).unwrap_or_default(),
            target_minutes: parts.target_minutes,
            severity: parts.severity.or_else(|| severity(title)),
            procedure: procedure.map(|procedure| procedure.id.clone()),
        });
    }
    incidents
}

/// A heading that only tells a part (`Pasos de Respuesta`, `Diagnosis`) belongs to the incident above it.
fn is_part_of_another(outline: &Outline, index: usize) -> bool {
    outline
        .own_roles
        .get(index)
        .copied()
        .flatten()
        .is_some_and(|role| role != Role::Incident && super::roles::is_inner(role))
}

#[derive(Default)]
struct Parts {
    symptoms: Vec<String>,
    impact: Option<String>,
    target_minutes: Option<u32>,
    severity: Option<String>,
    diagnosed: bool,
    remedied: bool,
}

impl Parts {
    fn of(document: &Document, outline: &Outline, index: usize) -> Self {
        let mut parts = Self::default();
        let Some(section) = outline.sections.get(index) else {
            return parts;
        };
        // Sections are in the order of the text, so that those inside come next.
        let inside = outline
            .sections
            .iter()
            .enumerate()
            .skip(index + 1)
            .take_while(|(_, inner)| inner.line <= section.end_line)
            .filter(|(inner, _)| outline.parent(*inner) == Some(index));
        for (inner, part) in inside {
            match outline.own_roles.get(inner).copied().flatten() {
                Some(Role::Symptoms) => parts.symptoms.extend(words_of(document, part.line, part.end_line, true)),
                Some(Role::Impact) => {
                    let words = words_of(document, part.line, part.end_line, false).join(" ");
                    parts.impact = parts.impact.take().or(Some(words).filter(|words| !words.is_empty()));
                }
                Some(Role::TargetTime) => {
                    let mut words = words_of(document, part.line, part.end_line, false);
                    words.insert(0, part.title.clone());
                    parts.target_minutes = parts.target_minutes.or_else(|| duration::minutes(&words.join(" ")));
                }
                Some(Role::Diagnosis) => parts.diagnosed = true,
                Some(Role::Remedy) => parts.remedied = true,
                _ => {}
            }
        }
        parts.read_labels(document, section.line, section.end_line);
        parts
    }

    /// `**Tiempo de resolución:** 1 hora`, `Impacto: … . Severidad: alta.`, wherever they stand in the incident.
    fn read_labels(&mut self, document: &Document, from: usize, to: usize) {
        let first = document.elements.partition_point(|element| element.line < from);
        for element in document.elements.iter().skip(first).take_while(|element| element.line <= to) {
            let ElementKind::Text(lines) = &element.kind else {
                continue;
            };
            for line in lines {
                for (title, value) in facts_of(&line.plain) {
                    self.read_fact(&fold(title), value);
                }
            }
        }
    }

    fn read_fact(&mut self, title: &str, value: &str) {
        let target = ["tiempo de resolucion", "tiempo objetivo", "target", "resolution time", "rto", "sla"];
        let target_too = ["objetivo de resolucion", "time to resol", "resolve within", "resolver en"];
        if target.iter().chain(&target_too).any(|word| title.starts_with(word)) {
            self.target_minutes = self.target_minutes.or_else(|| duration::minutes(value));
        } else if ["severidad", "severity", "prioridad", "priority", "nivel", "sev"].contains(&title) {
            self.severity.get_or_insert_with(|| value.to_owned());
        }
    }

    /// A page for one alert: it tells how to diagnose and how to mend.
    fn is_page(&self) -> bool {
        (self.diagnosed || self.remedied) && (!self.symptoms.is_empty() || self.impact.is_some())
    }
}

/// `Severidad: media. Objetivo de resolución: 45 min.` holds two facts: what stands before each colon, and after it.
fn facts_of(plain: &str) -> impl Iterator<Item = (&str, &str)> {
    let sentences = plain.split(". ").flat_map(|part| part.split(" · ")).flat_map(|part| part.split(" | "));
    sentences.filter_map(|sentence| {
        let (title, value) = sentence.split_once(':')?;
        let title = title.trim_matches(|c: char| !c.is_alphanumeric());
        let value = value.trim().trim_end_matches('.');
        (title.split_whitespace().count() <= 4 && !value.is_empty()).then_some((title, value))
    })
}

/// Facts that follow one another on one line end where the next begins.
fn before_next_fact(text: &str) -> &str {
    let next = text.match_indices(". ").find(|(at, _)| {
        let rest = text.get(at + 2..).unwrap_or_default();
        facts_of(rest.split(". ").next().unwrap_or_default()).next().is_some()
    });
    next.map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}

/// The sentences or list items between two lines; a label's own value first.
fn words_of(document: &Document, from: usize, to: usize, items: bool) -> Vec<String> {
    let mut words = Vec::new();
    // The paragraph of a label may have begun above it.
    let first = document.elements.partition_point(|element| element.line < from).saturating_sub(1);
    for element in document.elements.iter().skip(first).take_while(|element| element.line <= to) {
        let ElementKind::Text(lines) = &element.kind else {
            continue;
        };
        // A label of its own is another fact.
        let other = lines.first().is_some_and(|line| line.line > from && line.bold_label().is_some());
        if other && element.item.is_none() {
            break;
        }
        let mut all: Vec<&str> = Vec::new();
        for line in lines.iter().filter(|line| line.line >= from && line.line <= to) {
            all.push(if line.line == from { before_next_fact(value_of(line)) } else { line.plain.trim() });
        }
        all.retain(|line| !line.is_empty());
        if items || element.item.is_none() {
            words.push(all.join(" "));
        }
    }
    words.retain(|words| !words.is_empty());
    words
}

fn value_of(line: &TextLine) -> &str {
    line.label().map_or("", |(_, value)| value)
}

fn diagnosis(procedure: &Procedure) -> Vec<String> {
    let told: Vec<String> =
        procedure.steps.iter().filter(|step| step.role == Role::Diagnosis).map(|step| step.id.clone()).collect();
    if !told.is_empty() {
        return told;
    }
    let first_change = procedure.steps.iter().position(is_remedy).unwrap_or(procedure.steps.len());
    procedure.steps.iter().take(first_change).filter(|step| looks(step)).map(|step| step.id.clone()).collect()
}

/// One remedy for each alternative and each cause. Other steps are one remedy together where a label says that they
/// are, else each their own. What only looks at things, and for no cause told, is diagnosis wherever it stands.
fn remedies(outline: &Outline, procedure: &Procedure, decisions: &[Decision]) -> Vec<Remedy> {
    let told = |step: &Step| step.role == Role::Remedy;
    let any_told = procedure.steps.iter().any(told);
    // What the author lists as the remedy of a cause is one, also where it begins with looking.
    let acts = |step: &&Step| told(step) && (step.condition.is_some() || !looks(step));
    let any_acts = procedure.steps.iter().any(|step| acts(&step));
    let mut remedies: Vec<(Key, Remedy)> = Vec::new();
    for step in &procedure.steps {
        let wanted = if any_acts { acts(&step) } else { !any_told && is_remedy(step) };
        if !wanted {
            continue;
        }
        let causes = decisions_in(step, procedure, decisions);
        if !causes.is_empty() {
            remedies.extend(causes.iter().map(|decision| of_decision(decision, step)));
            continue;
        }
        let label = outline
            .at(step.line)
            .filter(|section| any_told && outline.labels.get(*section).copied().flatten().is_some());
        let key = match (&step.alternative, &step.condition, label) {
            (Some(alternative), _, _) => Key::Alternative(alternative.group, alternative.number),
            (None, Some(condition), _) => Key::Cause(condition.clone()),
            (None, None, Some(section)) => Key::Label(section),
            (None, None, None) => Key::Alone,
        };
        match remedies.last_mut() {
            Some((last, remedy)) if *last == key && key != Key::Alone => {
                // Several steps under one label are called as it is.
                if let (Key::Label(section), 1) = (&key, remedy.steps.len())
                    && let Some(section) = outline.sections.get(*section)
                {
                    clean_title(&section.title).clone_into(&mut remedy.title);
                    remedy.line = section.line;
                }
                if let Key::Cause(cause) = &key {
                    remedy.title.clone_from(cause);
                }
                remedy.steps.push(step.id.clone());
            }
            _ => remedies
                .push((key, Remedy { title: remedy_title(step), line: step.line, steps: vec![step.id.clone()] })),
        }
    }
    remedies.into_iter().map(|(_, remedy)| remedy).collect()
}

/// What steps of one remedy share.
#[derive(PartialEq)]
enum Key {
    Alternative(u32, u32),
    Cause(String),
    /// A label's section.
    Label(usize),
    Alone,
}

fn remedy_title(step: &Step) -> String {
    match (&step.alternative, &step.condition) {
        (Some(alternative), _) => alternative.title.clone(),
        (None, Some(condition)) if !step.title.starts_with(condition.as_str()) => {
            format!("{condition}: {}", step.title)
        }
        _ => step.title.clone(),
    }
}

fn of_decision(decision: &Decision, step: &Step) -> (Key, Remedy) {
    let title = format!("{}: {}", decision.cause, decision.action);
    (Key::Cause(decision.cause.clone()), Remedy { title, line: decision.line, steps: vec![step.id.clone()] })
}

/// The causes and actions that a person's step lists (`4. Acciones: - Si falta espacio: …`).
fn decisions_in<'a>(step: &Step, procedure: &Procedure, decisions: &'a [Decision]) -> &'a [Decision] {
    if step.block.is_some() || !step.text.contains('\n') {
        return &[];
    }
    let last = step.line + step.text.matches('\n').count();
    let after = procedure.steps.partition_point(|other| other.line <= step.line);
    let next = procedure.steps.get(after).map(|other| other.line);
    let last = next.map_or(last, |next| last.min(next - 1));
    let from = decisions.partition_point(|decision| decision.line <= step.line);
    let to = decisions.partition_point(|decision| decision.line <= last);
    decisions.get(from..to).unwrap_or_default()
}

pub(super) fn is_remedy(step: &Step) -> bool {
    match step.risk {
        Some(risk) => risk > Risk::Observe && step.role != Role::Verification,
        None => step.kind == StepKind::Manual && step.role != Role::Verification && !looks(step) && !notifies(step),
    }
}

/// It only looks at things.
fn looks(step: &Step) -> bool {
    const VERBS: [&str; 34] = [
        "verific",
        "revis",
        "ver ",
        "identific",
        "monitor",
        "comprob",
        "confirm",
        "busc",
        "aisl",
        "consult",
        "analiz",
        "investig",
        "inspeccion",
        "check",
        "review",
        "identify",
        "verify",
        "inspect",
        "look",
        "view",
        "see ",
        "isolate",
        "monitor",
        "analy",
        "determin",
        "describ",
        "list",
        "mira",
        "obten",
        "medir",
        "evalu",
        "get ",
        "read",
        "find",
    ];
    if let Some(risk) = step.risk {
        return risk == Risk::Observe;
    }
    let title = fold(&step.title);
    // `Panel: Logs → Ver los últimos` tells where before it tells what.
    let mut parts = title.split([':', '→']).map(str::trim);
    step.kind != StepKind::Manual || parts.any(|part| VERBS.iter().any(|verb| part.starts_with(verb)))
}

pub(super) fn notifies(step: &Step) -> bool {
    let title = fold(&step.title);
    ["notific", "notify", "avis", "inform", "comunic", "document", "escalar a", "escalate", "contact", "crear ticket"]
        .iter()
        .any(|verb| title.starts_with(verb))
}

/// `Nivel 1: …` is `1`; `Protocolo P0 — …` is `P0`.
fn severity(title: &str) -> Option<String> {
    let folded = fold(title);
    for word in ["nivel ", "level ", "severidad ", "severity ", "sev ", "sev-"] {
        if let Some(rest) = folded.strip_prefix(word) {
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return (!number.is_empty()).then_some(number);
        }
    }
    let level = title.split(|c: char| !c.is_alphanumeric()).find(|word| {
        let bytes = word.as_bytes();
        bytes.len() == 2 && matches!(bytes, [b'P', b'0'..=b'5'])
    })?;
    Some(level.to_owned())
}
