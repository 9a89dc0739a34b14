//! What happens by the clock.

use super::{Place, Source, duration};
use crate::model::{Role, Schedule};
use crate::structure::clean_title;
use crate::text::fold;
use std::collections::HashMap;

pub(crate) fn collect(source: Source<'_>) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    of_blocks(source, &mut schedules);
    of_prose(source, &mut schedules);
    of_titles(source, &mut schedules);
    schedules.sort_by_key(|schedule| schedule.line);
    schedules.dedup_by_key(|schedule| schedule.line);
    schedules
}

/// Crontab lines, and `schedule: "0 2 * * *"` in YAML.
fn of_blocks(source: Source<'_>, schedules: &mut Vec<Schedule>) {
    for raw in &source.document.blocks {
        let mut comment = "";
        for (at, line) in raw.text.lines().enumerate() {
            let words = line.trim();
            if let Some(said) = words.strip_prefix('#') {
                comment = said.trim();
                continue;
            }
            let found = crontab_line(words).or_else(|| yaml_line(words));
            if let Some((cron, command)) = found {
                let what = if command.is_empty() { comment } else { command };
                let text = if comment.is_empty() { words } else { comment };
                schedules.push(Schedule {
                    line: raw.first_line + at,
                    what: what.to_owned(),
                    cron: Some(cron),
                    text: text.to_owned(),
                    retention_days: None,
                });
            } else if !words.is_empty() {
                comment = "";
            }
        }
    }
}

/// Five fields and a command, or `@daily command`.
fn crontab_line(line: &str) -> Option<(String, &str)> {
    let first = line.chars().next()?;
    if !(first.is_ascii_digit() || matches!(first, '*' | '@')) {
        return None;
    }
    if let Some(named) = line.strip_prefix('@') {
        let (name, command) = named.split_once([' ', '\t'])?;
        let cron = match name {
            "hourly" => "0 * * * *",
            "daily" | "midnight" => "0 0 * * *",
            "weekly" => "0 0 * * 0",
            "monthly" => "0 0 1 * *",
            "yearly" | "annually" => "0 0 1 1 *",
            _ => return None,
        };
        return Some((cron.to_owned(), command.trim()));
    }
    let mut rest = line;
    let mut fields = Vec::with_capacity(5);
    for limit in LIMITS {
        let (field, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        is_field(field, limit).then_some(())?;
        fields.push(field);
        rest = after.trim_start();
    }
    (!rest.is_empty()).then(|| (fields.join(" "), rest))
}

/// The highest number of each field: minute, hour, day, month, weekday.
const LIMITS: [u32; 5] = [59, 23, 31, 12, 7];

fn is_field(field: &str, limit: u32) -> bool {
    !field.is_empty()
        && field.split(',').all(|part| {
            let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            let step_fits = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
            let value = |text: &str| {
                text.parse::<u32>().is_ok_and(|n| n <= limit)
                    || (limit <= 12 && text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic()))
            };
            let range_fits = range == "*"
                || range.split_once('-').map_or_else(|| value(range), |(from, to)| value(from) && value(to));
            step_fits && range_fits
        })
}

fn yaml_line(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.trim_start_matches("- ").split_once(':')?;
    if !matches!(key.trim(), "schedule" | "cron" | "cronSchedule") {
        return None;
    }
    let value = value.trim().trim_matches(['"', '\'']);
    is_cron(value).then(|| (value.to_owned(), ""))
}

fn is_cron(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    fields.len() == 5 && fields.iter().zip(LIMITS).all(|(field, limit)| is_field(field, limit))
}

/// `**Horario**: 02:00 AM` in a section about something daily, `diario a las 2 AM`, a cron expression in backticks.
fn of_prose(source: Source<'_>, schedules: &mut Vec<Schedule>) {
    let mut retention: HashMap<Option<usize>, u32> = HashMap::new();
    let mut found: Vec<(Option<usize>, Schedule)> = Vec::new();
    for place in source.places() {
        if matches!(source.role(place.section), Role::Contacts | Role::Escalation) {
            continue;
        }
        if let Some(days) = retention_days(&place) {
            retention.entry(place.section).or_insert(days);
        } else if let Some(schedule) = of_place(source, &place) {
            found.push((place.section, schedule));
        }
    }
    for (section, mut schedule) in found {
        let kept = retention.get(&section).copied();
        schedule.retention_days = schedule.retention_days.or(kept);
        schedules.push(schedule);
    }
}

fn retention_days(place: &Place<'_>) -> Option<u32> {
    let (label, value) = place.line.label()?;
    let folded = fold(label);
    let named = folded.contains("retencion") || folded.contains("retention") || folded.starts_with("se conserva");
    let days = duration::first(value).filter(|_| named)?.seconds() / 86_400.0;
    (days >= 1.0).then_some(days.round() as u32)
}

/// `y se guardan 15 días`, `kept for 30 days`.
fn kept_for(folded: &str) -> Option<u32> {
    let at = ["se guardan ", "se conservan ", "kept for ", "retained for ", "keep for ", "kept "]
        .iter()
        .find_map(|word| folded.find(word).map(|at| at + word.len()))?;
    let days = duration::first(folded.get(at..)?)?.seconds() / 86_400.0;
    (days >= 1.0).then_some(days.round() as u32)
}

fn of_place(source: Source<'_>, place: &Place<'_>) -> Option<Schedule> {
    let plain = place.line.plain.trim();
    let title = place
        .section
        .and_then(|section| source.outline.sections.get(section))
        .map_or("", |section| clean_title(&section.title));
    let make = |what: &str, cron: Option<String>| Schedule {
        line: place.line.line,
        what: what.to_owned(),
        cron,
        text: plain.to_owned(),
        retention_days: None,
    };
    if let Some(code) = place.line.codes().find(|code| is_cron(code)) {
        let what = place.line.label().map_or(title, |(label, _)| label);
        return Some(make(what, Some(code.to_owned())));
    }
    // Most lines have no digit, and none without one names an hour.
    if place.is_heading || !plain.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let folded = fold(plain);
    let regular = matches!(
        source.role(place.section),
        Role::Monitoring | Role::Maintenance | Role::Backup | Role::Checklist | Role::Security
    );
    if let Some(cron) = interval(&folded).filter(|_| regular) {
        return Some(make(plain, cron));
    }
    let (hour, minute) = clock(&folded)?;
    if let Some((label, _)) = place.line.label() {
        let label = fold(label);
        if [
            "horario",
            "schedule",
            "hora",
            "time",
            "frecuencia",
            "frequency",
            "ejecucion",
            "programacion",
            "when",
            "cuando",
        ]
        .iter()
        .any(|word| label.starts_with(word))
        {
            let days = days(&folded).or_else(|| days(&fold(title)))?;
            return Some(make(title, Some(format!("{minute} {hour} {days}"))));
        }
    }
    let days = days(&folded)?;
    // `Weekly, on Monday at 07:00:` heads what is done then; the section names it.
    let what = if plain.ends_with(':') && !title.is_empty() { title } else { plain };
    let mut schedule = make(what, Some(format!("{minute} {hour} {days}")));
    schedule.retention_days = kept_for(&folded);
    Some(schedule)
}

/// `Limpieza mensual`, `Daily checklist`: something is done again and again, and nothing inside says when.
fn of_titles(source: Source<'_>, schedules: &mut Vec<Schedule>) {
    for index in source.outline.of_heading.iter().copied() {
        let Some(section) = source.outline.sections.get(index).filter(|section| section.level > 1) else {
            continue;
        };
        let done_again = matches!(
            section.role,
            Role::Maintenance | Role::Backup | Role::Checklist | Role::Monitoring | Role::Security | Role::Verification
        );
        let title = clean_title(&section.title);
        let known = || schedules.iter().any(|s| (section.line..=section.end_line).contains(&s.line));
        if done_again && days(&fold(title)).is_some() && !known() {
            schedules.push(Schedule {
                line: section.line,
                what: title.to_owned(),
                cron: None,
                text: section.title.clone(),
                retention_days: None,
            });
        }
    }
}

/// `cada 5 minutos`, `every 2 hours`, `cada 1-2 minutos`: cron can say it only where it is one number.
#[expect(clippy::option_option, reason = "an interval may be told without cron being able to say it")]
fn interval(folded: &str) -> Option<Option<String>> {
    let rest = ["cada ", "every "].iter().find_map(|word| {
        let at = folded.find(word)?;
        folded.get(at + word.len()..)
    })?;
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let after = rest.get(number.len()..)?;
    let range = after.starts_with(['-', '–']);
    let unit = after.trim_start_matches(|c: char| !c.is_alphabetic());
    let value: u32 = number.parse().ok().filter(|value| *value > 0)?;
    let cron = match unit {
        _ if unit.starts_with("min") => (value < 60).then(|| format!("*/{value} * * * *")),
        _ if unit.starts_with("hora") || unit.starts_with("hour") || unit.starts_with("h ") || unit == "h" => {
            (value < 24).then(|| format!("0 */{value} * * *"))
        }
        _ if unit.starts_with("dia") || unit.starts_with("day") => None,
        _ => return None,
    };
    Some(cron.filter(|_| !range))
}

/// The last three fields of cron for the days that a folded text names.
fn days(folded: &str) -> Option<String> {
    const WEEK: [(&str, &str, u8); 7] = [
        ("lunes", "monday", 1),
        ("martes", "tuesday", 2),
        ("miercoles", "wednesday", 3),
        ("jueves", "thursday", 4),
        ("viernes", "friday", 5),
        ("sabado", "saturday", 6),
        ("domingo", "sunday", 0),
    ];
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    if let Some((_, _, number)) = WEEK.iter().find(|(es, en, _)| has(&[es, en])) {
        return Some(format!("* * {number}"));
    }
    if has(&[
        "diari",
        "daily",
        "todos los dias",
        "cada dia",
        "every day",
        "each day",
        "nightly",
        "cada noche",
        "every night",
        "todas las noches",
    ]) {
        Some("* * *".to_owned())
    } else if has(&["semanal", "weekly", "every week", "todas las semanas", "cada semana"]) {
        Some("* * 0".to_owned())
    } else if has(&["mensual", "monthly", "every month", "cada mes", "todos los meses"]) {
        Some("1 * *".to_owned())
    } else {
        None
    }
}

/// The time of day that a folded text names: `02:00 am`, `2 am`, `a las 14`.
fn clock(folded: &str) -> Option<(u32, u32)> {
    let bytes = folded.as_bytes();
    for (at, _) in folded.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        let apart = at == 0
            || bytes.get(at - 1).is_some_and(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'.' | b':' | b'-' | b'/'));
        if !apart {
            continue;
        }
        let rest = folded.get(at..)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let Ok(hour) = digits.parse::<u32>() else {
            continue;
        };
        let after = rest.get(digits.len()..)?;
        let minute =
            after.strip_prefix(':').and_then(|m| m.get(..2)).and_then(|m| m.parse::<u32>().ok()).filter(|m| *m < 60);
        let tail = if minute.is_some() { after.get(3..).unwrap_or_default() } else { after };
        let tail = tail.trim_start();
        let (am, pm) =
            (tail.starts_with("am") || tail.starts_with("a.m"), tail.starts_with("pm") || tail.starts_with("p.m"));
        let said =
            folded.get(..at).is_some_and(|head| ["a las ", "a la ", "at "].iter().any(|word| head.ends_with(word)));
        if hour > 23 || !(minute.is_some() || am || pm || said || after.trim_start().starts_with("hs")) {
            continue;
        }
        let hour = match (am, pm, hour) {
            (true, _, 12) => 0,
            (_, true, hour) if hour < 12 => hour + 12,
            (_, _, hour) => hour,
        };
        return Some((hour, minute.unwrap_or(0)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_lines_are_told_from_others() {
        for (line, cron) in [
            ("0 2 * * * /path/backup.sh", Some("0 2 * * *")),
            ("*/15 * * * 1-5 curl https://x", Some("*/15 * * * 1-5")),
            ("@daily /usr/bin/clean", Some("0 0 * * *")),
            ("0 2 * * *", None),
            ("99 2 * * * x", None),
            ("10 rows in set", None),
            ("* a list item of five words", None),
        ] {
            assert_eq!(crontab_line(line).map(|found| found.0).as_deref(), cron, "{line}");
        }
    }

    #[test]
    fn intervals_are_read() {
        for (text, cron) in [
            ("consultar cada 5 minutos", Some(Some("*/5 * * * *"))),
            ("polls every 2 hours", Some(Some("0 */2 * * *"))),
            ("cada 1-2 minutos", Some(None)),
            ("every 90 days", Some(None)),
            ("reintenta cada 5 segundos", None),
            ("cada vez", None),
        ] {
            assert_eq!(interval(text).as_ref().map(Option::as_deref), cron, "{text}");
        }
    }

    #[test]
    fn clocks_are_read() {
        for (text, time) in [
            ("02:00 am", Some((2, 0))),
            ("diario a las 2 am", Some((2, 0))),
            ("daily at 14:30", Some((14, 30))),
            ("every day at 11 pm", Some((23, 0))),
            ("30 dias", None),
            ("24/7", None),
        ] {
            assert_eq!(clock(text), time, "{text}");
        }
    }
}
