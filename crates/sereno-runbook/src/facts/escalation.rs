//! Who is called next, and after how long.

use super::{Source, duration};
use crate::document::TextLine;
use crate::model::{EscalationLevel, EscalationStep, Role};
use crate::text::{fold, without_number};
use regex::Regex;
use sereno_model::BlockClass;
use std::sync::LazyLock;

pub(crate) fn collect(source: Source<'_>) -> Vec<EscalationLevel> {
    let mut levels = Vec::new();
    of_lists(source, &mut levels);
    of_tables(source, &mut levels);
    for (raw, block) in source.document.blocks.iter().zip(source.blocks) {
        let prose = matches!(
            block.class,
            BlockClass::Other | BlockClass::Diagram | BlockClass::Manual | BlockClass::Output | BlockClass::Config
        );
        if prose
            && matches!(source.role(source.outline.at(raw.line)), Role::Escalation | Role::Contacts | Role::Incident)
        {
            of_text(&raw.text, raw.first_line, &mut levels);
        }
    }
    of_prose(source, &mut levels);
    levels.retain(|level| !level.steps.is_empty());
    levels.sort_by_key(|level| level.line);
    levels
}

/// `1. **Severity 1 (Crítico)** → DevOps Lead → CTO`, and lists of people under a level's heading.
fn of_lists(source: Source<'_>, levels: &mut Vec<EscalationLevel>) {
    let mut open: Option<(Option<usize>, EscalationLevel)> = None;
    for place in source.places() {
        let Some(item) =
            place.item.filter(|item| source.role(place.section) == Role::Escalation && item.line == place.line.line)
        else {
            continue;
        };
        let line = place.line;
        let parts = arrow_parts(&line.plain);
        if let (Some((severity, label)), true) = (parts.first().and_then(|head| level_of(head)), parts.len() > 1) {
            let steps = parts.iter().skip(1).map(|who| step(who, line.line)).collect();
            levels.push(EscalationLevel { line: line.line, severity, label, steps });
            continue;
        }
        let section = place.section;
        if let Some((severity, label)) = level_of(&line.plain).filter(|_| item.parent.is_none()) {
            levels.extend(open.take().map(|(_, level)| level));
            let steps = line.label().map(|(_, value)| value).filter(|value| !value.is_empty());
            let steps = steps.map(|value| step(value, line.line)).into_iter().collect();
            open = Some((section, EscalationLevel { line: line.line, severity, label, steps }));
            continue;
        }
        if open.as_ref().is_none_or(|(at, _)| *at != section) {
            levels.extend(open.take().map(|(_, level)| level));
            open = Some((section, of_section(source, section, line)));
        }
        if let Some((_, level)) = &mut open {
            if parts.len() > 1 && item.number.is_none() {
                level.steps.extend(parts.iter().map(|who| step(who, line.line)));
            } else {
                level.steps.push(step(&line.plain, line.line));
            }
        }
    }
    levels.extend(open.map(|(_, level)| level));
}

/// `Si nadie responde en 15 minutos, escalar al CTO`, `after 30 min escalate to the CTO`: told in a sentence, wherever it
/// stands. What a list, a table or a block already told is not told twice.
fn of_prose(source: Source<'_>, levels: &mut Vec<EscalationLevel>) {
    let told: Vec<usize> = levels.iter().flat_map(|l| l.steps.iter().map(|s| s.line).chain([l.line])).collect();
    let mut open: Option<(Option<usize>, EscalationLevel)> = None;
    // A line that told nothing: its sentence may go on in the next.
    let mut before: Option<&TextLine> = None;
    for place in source.places().filter(|place| !place.is_heading && !told.contains(&place.line.line)) {
        let line = place.line;
        let mut steps = told_in(&line.plain, line.line);
        if let (true, Some(start)) = (steps.is_empty(), before.filter(|start| start.line + 1 == line.line)) {
            steps = told_in(&format!("{} {}", start.plain.trim_end(), line.plain.trim_start()), start.line);
        }
        before = steps.is_empty().then_some(line);
        if steps.is_empty() {
            continue;
        }
        if open.as_ref().is_none_or(|(at, _)| *at != place.section) {
            levels.extend(open.take().map(|(_, level)| level));
            open = Some((place.section, of_section(source, place.section, line)));
        }
        if let Some((_, level)) = &mut open {
            level.line = level.steps.first().map_or(line.line, |first| first.line);
            level.steps.extend(steps);
        }
    }
    levels.extend(open.map(|(_, level)| level));
}

fn told_in(text: &str, line: usize) -> Vec<EscalationStep> {
    sentences(text).filter_map(|sentence| escalates(sentence, line)).collect()
}

/// Sentences, and the halves that `;` joins.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(". ").flat_map(|sentence| sentence.split(';')).map(|part| part.trim().trim_end_matches('.'))
}

/// A sentence that says after how long somebody is called.
fn escalates(sentence: &str, line: usize) -> Option<EscalationStep> {
    static ACT: LazyLock<Regex> = LazyLock::new(|| {
        regex(concat!(
            r"(?i)\b(escal(?:ar|a|e|ate|ado|ada|en)(?:\s+\w+){0,3}?\s+(?:a|al|con|hacia|to)|(?:llam(?:ar|a|e)|avis(?:ar|a|e)",
            r"|notifi(?:car|ca|que)|contact(?:ar|a|e)|page|call|notify|contact|involve|wake)(?:\s+(?:a|al|up|in))?)",
            r"\s+((?:el|la|los|las|the|our)\s+)?([^,;:()]+)"
        ))
    });
    let folded = fold(sentence);
    let waits = WAITS.iter().any(|wait| folded.starts_with(wait) || folded.contains(&format!(" {wait}")));
    let after_minutes = duration::minutes(sentence).filter(|_| waits)?;
    // Whoever is on call is called nobody; and where a sentence calls twice, the first call went unanswered.
    let acts = ACT.captures_iter(sentence).filter(|act| {
        let before = act.get(0).and_then(|whole| sentence.get(..whole.start())).unwrap_or_default();
        !before.ends_with(['-', '_']) && !fold(before).ends_with("on ")
    });
    let acts: Vec<_> = acts.collect();
    let escalates = |act: &&regex::Captures<'_>| fold(act.get(1).map_or("", |verb| verb.as_str())).starts_with("escal");
    let found = acts.iter().find(escalates).or(acts.last())?;
    let action = found.get(1)?.as_str().trim();
    // Without the word itself, only what speaks of somebody who does not answer is an escalation.
    if !fold(action).starts_with("escal") && !SILENCE.iter().any(|silence| folded.contains(silence)) {
        return None;
    }
    let who = without_time(found.get(3)?.as_str());
    let action = action.rsplit_once(' ').filter(|(_, last)| PREPOSITIONS.contains(&fold(last).as_str()));
    let action = action.map_or(found.get(1)?.as_str().trim(), |(head, _)| head).to_owned();
    // `escalar a 5 réplicas`, `call /health`: nobody.
    who.starts_with(char::is_alphabetic).then_some(EscalationStep {
        who,
        action,
        after_minutes: Some(after_minutes),
        line,
    })
}

const WAITS: [&str; 17] = [
    "si ",
    "if ",
    "after ",
    "despues de ",
    "tras ",
    "pasados ",
    "pasadas ",
    "pasada ",
    "pasado ",
    "a los ",
    "luego de ",
    "al cabo de ",
    "transcurridos ",
    "within ",
    "when ",
    "cuando ",
    "unless ",
];

const SILENCE: [&str; 13] = [
    "respond",
    "contest",
    "answer",
    "responde",
    "reply",
    "replies",
    "acknowledg",
    "ack ",
    "atiende",
    "atend",
    "no hay respuesta",
    "resuel",
    "resolv",
];

const PREPOSITIONS: [&str; 6] = ["a", "al", "con", "hacia", "to", "up"];

/// `the CTO after 30 minutes` is the CTO.
fn without_time(who: &str) -> String {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i)\s+(?:after|within|in|if|when|despu[eé]s de|tras|pasad[oa]s?|a los|al cabo de|luego de|en|si|cuando|por|v[ií]a|through|by|on|y|and)\s.*$",
        )
    });
    TIME.replace(who.trim(), "").trim().trim_end_matches('.').to_owned()
}

/// A level that a heading names, or the only one.
fn of_section(source: Source<'_>, section: Option<usize>, line: &TextLine) -> EscalationLevel {
    let found = section.and_then(|section| source.outline.sections.get(section));
    let title = found.map_or("", |section| section.title.as_str());
    let (severity, label) =
        level_of(title).unwrap_or_else(|| ("1".to_owned(), Some(title.to_owned()).filter(|t| !t.is_empty())));
    let line = if level_of(title).is_some() { found.map_or(line.line, |section| section.line) } else { line.line };
    EscalationLevel { line, severity, label, steps: Vec::new() }
}

fn of_tables(source: Source<'_>, levels: &mut Vec<EscalationLevel>) {
    for (table, section) in source.tables() {
        if source.role(section) != Role::Escalation {
            continue;
        }
        let find = |words: &[&str]| {
            table.header.iter().position(|cell| words.iter().any(|word| fold(&cell.plain).starts_with(word)))
        };
        let level = find(&["nivel", "level", "severidad", "severity", "sev", "prioridad", "priority", "paso", "step"]);
        let who = find(&[
            "contact",
            "quien",
            "who",
            "rol",
            "role",
            "responsable",
            "persona",
            "escala",
            "notify",
            "avisar",
            "team",
            "equipo",
        ]);
        let when = find(&["tiempo", "time", "despues", "after", "plazo", "cuando", "when"]);
        let (Some(level), Some(who)) = (level, who) else {
            continue;
        };
        for row in &table.rows {
            let (Some(level), Some(who)) = (row.get(level), row.get(who)) else {
                continue;
            };
            let (severity, label) = level_of(&level.plain).unwrap_or_else(|| (level.plain.trim().to_owned(), None));
            let mut steps: Vec<EscalationStep> =
                arrow_parts(&who.plain).iter().map(|who| step(who, who_line(level))).collect();
            if let (Some(first), Some(cell)) = (steps.first_mut(), when.and_then(|when| row.get(when))) {
                first.after_minutes = first.after_minutes.or_else(|| duration::minutes(&cell.plain));
            }
            levels.push(EscalationLevel { line: level.line, severity, label, steps });
        }
    }
}

fn who_line(cell: &TextLine) -> usize {
    cell.line
}

/// A block of text: `Severidad 1 (Crítico):` and numbered lines under it.
fn of_text(text: &str, first_line: usize, levels: &mut Vec<EscalationLevel>) {
    let mut open: Option<EscalationLevel> = None;
    for (at, line) in text.lines().enumerate() {
        let (words, number) = (line.trim(), first_line + at);
        let parts = arrow_parts(words);
        if let Some((severity, label)) = parts.first().and_then(|head| level_of(head)) {
            levels.extend(open.take());
            let mut level = EscalationLevel { line: number, severity, label, steps: Vec::new() };
            level.steps.extend(parts.iter().skip(1).map(|who| step(who, number)));
            open = Some(level);
        } else if let (Some(level), false) = (&mut open, words.is_empty()) {
            let words = words.trim_start_matches(['-', '*', '•', '├', '└', '─', '│', ' ']);
            level.steps.push(step(words, number));
        }
    }
    levels.extend(open);
}

/// `Severidad 1 (Crítico):` is level `1` called `Crítico`.
fn level_of(text: &str) -> Option<(String, Option<String>)> {
    let text = without_number(text.trim().trim_start_matches(['*', '-', '•', '#', ' ']));
    let folded = fold(text);
    let words = ["severidad ", "severity ", "sev ", "sev-", "nivel ", "level ", "prioridad ", "priority ", "tier "];
    let skip = words.iter().find(|word| folded.starts_with(**word)).map(|word| word.chars().count());
    let rest: String = match skip {
        Some(skip) => text.chars().skip(skip).collect(),
        // `P1`, `SEV2`.
        None if is_short_level(&folded) => text.to_owned(),
        None => return None,
    };
    let severity: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
    if severity.is_empty() || severity.chars().count() > 10 {
        return None;
    }
    let after = rest.get(severity.len()..)?.trim_start();
    let in_brackets = after.strip_prefix('(').and_then(|inside| inside.split_once(')'));
    let label = in_brackets.map(|(label, _)| label.trim().to_owned()).or_else(|| {
        let dashed = after.strip_prefix(['-', '–', '—'])?;
        let label = dashed.split([':', '→']).next().unwrap_or(dashed).trim();
        (!label.is_empty()).then(|| label.to_owned())
    });
    Some((severity, label))
}

fn is_short_level(folded: &str) -> bool {
    let word = folded.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let digits = word.trim_start_matches("sev").trim_start_matches('p');
    (word.starts_with('p') || word.starts_with("sev"))
        && digits.len() == 1
        && digits.bytes().all(|b| b.is_ascii_digit())
}

fn arrow_parts(text: &str) -> Vec<&str> {
    text.split(['→', '⇒', '➜'])
        .flat_map(|part| part.split("->"))
        .flat_map(|part| part.split("=>"))
        .map(|part| part.trim().trim_matches('*').trim())
        .filter(|part| !part.is_empty())
        .collect()
}

/// `3. Si no responde en 15min, contactar CTO`.
fn step(words: &str, line: usize) -> EscalationStep {
    let words = without_number(words).trim();
    let folded = fold(words);
    let waits =
        ["si no ", "if no ", "after ", "despues de ", "tras ", "(after", "(despues", "pasados ", "a los ", "within "];
    let after_minutes =
        if waits.iter().any(|wait| folded.contains(wait)) || words.contains("min") && words.contains('+') {
            duration::minutes(words)
        } else {
            None
        };
    // The condition stands before the comma, the act after it.
    let act = match words.split_once([',', ':']) {
        Some((head, act))
            if fold(head).starts_with("si ") || fold(head).starts_with("if ") || fold(head).starts_with("after ") =>
        {
            act.trim()
        }
        _ => words,
    };
    let (action, who) = act_on(act);
    EscalationStep { who, action, after_minutes, line }
}

/// `Contactar DevOps on-call` is an act upon somebody; `Crear ticket` is an act; `CTO` is somebody.
fn act_on(act: &str) -> (String, String) {
    const REACHES: [&str; 26] = [
        "contactar a ",
        "contactar al ",
        "contactar ",
        "contacte a ",
        "notificar a ",
        "notificar al ",
        "notificar ",
        "llamar a ",
        "llamar al ",
        "llamar ",
        "avisar a ",
        "avisar al ",
        "avisar ",
        "informar a ",
        "informar al ",
        "escalar a ",
        "escalar al ",
        "escalate to ",
        "page ",
        "call ",
        "notify ",
        "contact ",
        "inform ",
        "alert ",
        "email ",
        "involve ",
    ];
    let folded = fold(act);
    if let Some(reach) = REACHES.iter().find(|reach| folded.starts_with(**reach)) {
        let count = reach.chars().count();
        let action: String = act.chars().take(count).collect();
        let who: String = act.chars().skip(count).collect();
        let action = action.trim().trim_end_matches(" a").trim_end_matches(" al").trim_end_matches(" to").to_owned();
        let who = who
            .split(" (")
            .next()
            .unwrap_or(&who)
            .split(" after ")
            .next()
            .unwrap_or_default()
            .trim_end_matches('.')
            .trim()
            .to_owned();
        return (action, who);
    }
    let first = folded.split_whitespace().next().unwrap_or_default().to_owned();
    let many = act.split_whitespace().count() > 1;
    let is_act = many && first.len() > 4 && ["ar", "er", "ir"].iter().any(|ending| first.ends_with(ending))
        || ["create", "open", "start", "join", "declare"].contains(&first.as_str());
    if is_act { (act.to_owned(), String::new()) } else { (String::new(), act.trim_end_matches('.').to_owned()) }
}

/// A pattern of this file: a constant that its tests compile.
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("{error}"))
}
