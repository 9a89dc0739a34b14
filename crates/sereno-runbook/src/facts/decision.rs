//! Decision lines: what to do about which cause.

use super::Source;
use crate::document::{Table, TextLine};
use crate::model::{Decision, Role};
use crate::structure::Outline;
use crate::text::fold;
use std::borrow::Cow;

/// A cause and what is done about it.
pub(crate) struct Split {
    pub(crate) cause: String,
    pub(crate) action: String,
}

/// All decisions of a runbook; `within` names the procedure or incident of a section.
pub(crate) fn collect(source: Source<'_>, within: &dyn Fn(usize) -> Option<String>) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let name = |section: Option<usize>| section.and_then(within);
    for place in source.places().filter(|place| !place.is_heading) {
        let role = source.role(place.section);
        if place.item.is_none() && place.line.plain.len() > 300 {
            continue;
        }
        let lenient = place.item.is_some() && decides(role);
        let found = of_line(place.line, lenient).filter(|split| !says_nothing(&split.cause));
        if let Some(split) = found.filter(|_| role != Role::Escalation && role != Role::Contacts) {
            let typed = |code: &&str| code.contains(' ') && split.action.contains(*code);
            let command = place.line.codes().find(typed).map(str::to_owned);
            decisions.push(Decision {
                line: place.line.line,
                cause: split.cause,
                action: split.action,
                command,
                within: name(place.section),
            });
        }
    }
    for (table, section) in source.tables() {
        of_table(table, name(section).as_deref(), &mut decisions);
    }
    of_comments(source, &name, &mut decisions);
    decisions.sort_by_key(|decision| decision.line);
    decisions.dedup_by_key(|decision| decision.line);
    decisions
}

/// Sections whose lists tell causes and actions.
fn decides(role: Role) -> bool {
    matches!(role, Role::Remedy | Role::Diagnosis | Role::Incident | Role::Emergency | Role::Rollback | Role::IfFails)
}

/// `Backend caído → reiniciar`, `Si falta espacio: limpiar`, and among incidents also `CPU alta: optimizar queries`.
pub(crate) fn of_line(line: &TextLine, lenient: bool) -> Option<Split> {
    if let Some(arrow) = arrows(line).first().cloned() {
        let cause = line.plain.get(..arrow.start)?.trim();
        let action = line.plain.get(arrow.end..)?.trim();
        let asks = starts_conditional(cause) || cause.ends_with('?');
        let single = arrows(line).len() == 1;
        if action.is_empty() || cause.is_empty() || !(asks || (lenient && single)) || is_navigation(cause) {
            return None;
        }
        return Some(split(cause, action));
    }
    let plain = line.plain.trim();
    if starts_conditional(plain) && line.bold_label().is_none() {
        // `If lag is high, scale out: `…``: the comma ends the cause, where what follows it is something to do.
        let by_comma =
            plain.split_once(", ").filter(|(cause, action)| lenient && !cause.contains(": ") && acts(action));
        let by_colon = plain.split_once(": ").filter(|(_, action)| !action.is_empty());
        let (cause, action) = by_comma.or(by_colon).or_else(|| if lenient { plain.split_once(", ") } else { None })?;
        return (action.split_whitespace().count() >= 2 || plain.contains(": ")).then(|| split(cause, action.trim()));
    }
    let (cause, action) = plain.split_once(": ").filter(|_| lenient && line.bold_label().is_none())?;
    // `Sin consumidores: `systemctl restart worker``.
    if let [code] = line.code.as_slice()
        && line.plain.get(code.clone()).is_some_and(|code| code == action.trim() && mends(code))
    {
        return Some(split(cause, action.trim()));
    }
    let few = cause.split_whitespace().count() <= 5;
    (few && starts_with_verb(action) && line.code.is_empty()).then(|| split(cause, action.trim()))
}

/// `Si aplica: …`
fn says_nothing(cause: &str) -> bool {
    matches!(
        fold(cause).trim(),
        "aplica" | "corresponde" | "es necesario" | "hace falta" | "needed" | "necessary" | "applicable" | "it applies"
    )
}

fn split(cause: &str, action: &str) -> Split {
    Split {
        cause: without_condition_word(cause).trim_end_matches([':', ',']).to_owned(),
        action: action.trim_end_matches(':').to_owned(),
    }
}

/// `Si DB desconectada` gives `DB desconectada`.
fn without_condition_word(cause: &str) -> &str {
    let cause = cause.trim();
    for word in ["Si ", "si ", "SI ", "If ", "if ", "IF ", "When ", "when ", "Cuando ", "cuando "] {
        if let Some(rest) = cause.strip_prefix(word) {
            return rest.trim();
        }
    }
    cause
}

/// The arrows outside of code: bytes of the line.
fn arrows(line: &TextLine) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    for arrow in ["→", "⇒", "➜", "➔", " -> ", " => ", " --> "] {
        for (at, _) in line.plain.match_indices(arrow) {
            if !line.code.iter().any(|code| code.contains(&at)) {
                found.push(at..at + arrow.len());
            }
        }
    }
    found.sort_by_key(|range| range.start);
    found
}

fn starts_conditional(text: &str) -> bool {
    if !text.starts_with(['S', 's', 'I', 'i']) {
        return false;
    }
    let head: String = text.chars().take(8).collect();
    let folded = fold(&head);
    (folded.starts_with("si ") && !head.starts_with("Sí") && !head.starts_with("sí")) || folded.starts_with("if ")
}

/// `Dashboard → Deployments`, `Push a main → …`: the way through a user interface, not a cause.
fn is_navigation(cause: &str) -> bool {
    let folded = fold(cause);
    let begins = [
        "ir a ",
        "go to ",
        "click",
        "clic",
        "push ",
        "o manual",
        "or manual",
        "copiar ",
        "copy ",
        "abrir ",
        "open ",
        "select",
        "\"",
        "menu",
        "settings",
        "navigate",
    ];
    folded.contains("dashboard") || folded.contains("console") || begins.iter().any(|word| folded.starts_with(word))
}

/// An infinitive, or an English imperative.
fn starts_with_verb(action: &str) -> bool {
    const ENGLISH: [&str; 34] = [
        "check",
        "restart",
        "review",
        "increase",
        "scale",
        "verify",
        "optimize",
        "add",
        "reduce",
        "kill",
        "run",
        "contact",
        "clean",
        "delete",
        "remove",
        "roll",
        "rollback",
        "revert",
        "enable",
        "disable",
        "rotate",
        "renew",
        "investigate",
        "look",
        "inspect",
        "tune",
        "upgrade",
        "drain",
        "failover",
        "fail",
        "wait",
        "escalate",
        "reboot",
        "redeploy",
    ];
    let word = fold(action.split_whitespace().next().unwrap_or_default());
    let word = word.trim_end_matches([',', '.', ';']);
    let infinitive = word.len() > 4
        && ["ar", "er", "ir"].iter().any(|ending| word.ends_with(ending))
        && !matches!(word, "docker" | "server" | "worker" | "container" | "solar" | "grafana" | "cluster");
    infinitive || ENGLISH.contains(&word)
}

const CAUSES: [&str; 22] = [
    "problema",
    "problem",
    "causa",
    "cause",
    "sintoma",
    "symptom",
    "error",
    "estado",
    "status",
    "state",
    "condicion",
    "condition",
    "alerta",
    "alert",
    "issue",
    "escenario",
    "scenario",
    "si ",
    "if ",
    "secreto",
    "situacion",
    "falla",
];
const ACTIONS: [&str; 16] = [
    "accion",
    "action",
    "solucion",
    "solution",
    "fix",
    "remedio",
    "remedy",
    "resolucion",
    "resolution",
    "que hacer",
    "what to do",
    "mitigacion",
    "mitigation",
    "respuesta",
    "response",
    "como ",
];

fn of_table(table: &Table, within: Option<&str>, decisions: &mut Vec<Decision>) {
    let find = |words: &[&str]| {
        table.header.iter().position(|cell| {
            let title = fold(&cell.plain);
            words.iter().any(|word| title.starts_with(word) && !title.starts_with("tiempo") && !title.contains("time"))
        })
    };
    let (Some(cause), Some(action)) = (find(&CAUSES), find(&ACTIONS)) else {
        return;
    };
    // What to do stands after the cause; a state after an action is how far somebody has come with it.
    for row in table.rows.iter().filter(|_| cause < action) {
        let (Some(cause), Some(action)) = (row.get(cause), row.get(action)) else {
            continue;
        };
        let does_nothing =
            matches!(fold(action.plain.trim()).as_str(), "" | "ninguna" | "none" | "-" | "n/a" | "nada" | "—");
        if !cause.plain.trim().is_empty() && !does_nothing {
            decisions.push(Decision {
                line: cause.line,
                cause: cause.plain.trim().to_owned(),
                action: action.plain.trim().to_owned(),
                command: action.codes().next().map(str::to_owned),
                within: within.map(str::to_owned),
            });
        }
    }
}

/// `# Si es la clave de Stripe → ir al panel`, `# Opción 2: si es la imagen, volver atrás`, and `# Si PostgreSQL está caído`
/// above a command.
fn of_comments(source: Source<'_>, name: &dyn Fn(Option<usize>) -> Option<String>, decisions: &mut Vec<Decision>) {
    for raw in &source.document.blocks {
        let within = name(source.outline.at(raw.line));
        let mut pending: Option<Pending> = None;
        let mut lines = raw.text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let (mut line, number) = (Cow::Borrowed(line.trim()), raw.first_line + at);
            // A command goes on after a backslash.
            while pending.is_some()
                && let Some(head) = line.strip_suffix('\\')
                && let Some((_, more)) = lines.next()
            {
                line = Cow::Owned(format!("{} {}", head.trim_end(), more.trim()));
            }
            let line = line.as_ref();
            let comment = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim());
            if line.is_empty() {
                // Without a colon, only what stands right below is meant.
                pending = pending.filter(|pending| pending.sure && pending.decision.action.is_empty());
                continue;
            }
            if let Some(asked) = pending.take() {
                pending = asked.answered(line, comment, decisions);
            }
            let Some(words) = comment.map(bare_words).filter(|words| starts_conditional(words)) else {
                continue;
            };
            let decision = |cause: &str, action: &str| Decision {
                line: number,
                cause: without_condition_word(cause).trim_end_matches([':', ',']).to_owned(),
                action: action.trim().to_owned(),
                command: None,
                within: within.clone(),
            };
            if let Some((cause, action)) = words.split_once('→').or_else(|| words.split_once(" -> ")) {
                decisions.push(decision(cause, action));
            } else if let Some(cause) = words.strip_suffix(':') {
                pending = Some(Pending { decision: decision(cause, ""), sure: true });
            } else if let Some((cause, action)) = words.split_once(", ").filter(|(_, action)| acts(action)) {
                pending = Some(Pending { decision: decision(cause, action), sure: true });
            } else if !names_a_variant(words) {
                pending = Some(Pending { decision: decision(words, ""), sure: false });
            }
        }
        if let Some(asked) = pending {
            asked.settle(None, decisions);
        }
    }
}

/// A cause that a comment tells, while what to do about it is looked for on the next lines.
struct Pending {
    /// Its action is empty as long as nobody has told it.
    decision: Decision,
    /// The comment promises an answer (`Si falla:`).
    sure: bool,
}

impl Pending {
    /// The next line that is not blank: a command, or a comment that tells the action.
    fn answered(mut self, line: &str, comment: Option<&str>, decisions: &mut Vec<Decision>) -> Option<Self> {
        match comment {
            None => self.settle(Some(line), decisions),
            Some(words) if self.sure && self.decision.action.is_empty() => {
                bare_words(words).clone_into(&mut self.decision.action);
                return Some(self);
            }
            Some(_) => self.settle(None, decisions),
        }
        None
    }

    fn settle(mut self, command: Option<&str>, decisions: &mut Vec<Decision>) {
        self.decision.command = command.map(str::to_owned);
        if self.decision.action.is_empty() {
            command.unwrap_or_default().clone_into(&mut self.decision.action);
        }
        if !self.decision.action.is_empty() {
            decisions.push(self.decision);
        }
    }
}

/// `2. Si …` and `Opción 2: Si …` begin with `Si`.
fn bare_words(words: &str) -> &str {
    let numbered = words.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = numbered.strip_prefix(['.', ')']).filter(|rest| numbered.len() < words.len() && rest.starts_with(' '));
    if let Some(rest) = rest {
        return rest.trim();
    }
    let is_choice = ["opcion", "option", "alternativ"].iter().any(|word| fold(words).starts_with(word));
    match words.split_once(':').filter(|(head, _)| is_choice && head.chars().count() <= 14) {
        Some((_, rest)) if !rest.trim().is_empty() => rest.trim(),
        _ => words,
    }
}

/// A command that changes something, by the verb that it is given: a probe names a component, not a cause.
fn mends(command: &str) -> bool {
    const VERBS: [&str; 15] = [
        "restart", "reload", "start", "stop", "scale", "rollback", "undo", "purge", "delete", "kill", "up", "flush",
        "drain", "promote", "set",
    ];
    command.split_whitespace().skip(1).any(|word| VERBS.contains(&word))
}

/// What follows a comma is something to do.
fn acts(action: &str) -> bool {
    let few = action.split_whitespace().count() <= 3;
    starts_with_verb(action) || (few && !starts_conditional(action))
}

/// `Si usas systemd`, `If the backup is in custom format`: which system one has, not what is wrong with it.
fn names_a_variant(words: &str) -> bool {
    let folded = fold(words);
    ["usas", "usa ", "utiliza", "using", "you use", "tienes", "you have", "formato", "format", "aplica", "needed"]
        .iter()
        .any(|word| folded.contains(word))
}

/// For each section, the nearest one around it that is a procedure.
pub(crate) fn nearest(
    outline: &Outline,
    section: usize,
    owners: &std::collections::HashMap<usize, String>,
) -> Option<String> {
    outline.upwards(section).find_map(|index| owners.get(&index).cloned())
}
