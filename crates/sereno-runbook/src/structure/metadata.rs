//! The head of a runbook: version, dates, owner, and when it is to be reviewed.

use super::dates::iso_date;
use super::sections::Outline;
use crate::document::{Document, ElementKind, Table};
use crate::model::{Metadata, Role};
use crate::text::{fold, without_emoji};

/// Reads `key: value` lines at the head, in an overview, and at the foot of a runbook, and its front matter.
pub(crate) fn metadata(document: &Document, outline: &Outline) -> Metadata {
    let mut metadata = Metadata::default();
    for (key, value, _) in &document.front_matter {
        put(&mut metadata, key, value, true);
    }
    let head = head_end(document);
    let foot = foot_begin(document);
    for element in &document.elements {
        if let (ElementKind::Table(table), true) = (&element.kind, element.line < head) {
            of_table(table, &mut metadata);
        }
        let ElementKind::Text(lines) = &element.kind else {
            continue;
        };
        let in_head = element.line < head;
        let in_overview = outline.at(element.line).is_some_and(|section| outline.role(section) == Role::Overview);
        if !(in_head || in_overview || element.line >= foot) {
            continue;
        }
        for line in lines {
            let plain = without_emoji(&line.plain);
            let parts = several(plain);
            if !parts.is_empty() {
                for (key, value) in parts {
                    put(&mut metadata, key, value, in_head || in_overview);
                }
                continue;
            }
            let label = if line.bold_label().is_some() { line.bold_label() } else { plain_label(plain) };
            if let Some((key, value)) = label.filter(|(_, value)| !value.is_empty()) {
                put(&mut metadata, key, value, in_head || in_overview);
            } else if let Some(cadence) = reviewed(plain) {
                metadata.review_cadence.get_or_insert_with(|| cadence.to_owned());
            }
        }
    }
    metadata
}

/// `| Owner | Team |`: two columns, a name and its value.
fn of_table(table: &Table, metadata: &mut Metadata) {
    let header = std::iter::once(table.header.as_slice());
    for row in header.chain(table.rows.iter().map(Vec::as_slice)) {
        if let [key, value] = row {
            let (key, value) = (key.plain.trim(), value.plain.trim());
            if !(key.is_empty() || value.is_empty()) {
                put(metadata, key, value, false);
            }
        }
    }
}

/// `Versión: 2 · Responsable: SRE`, `Version 4.2 | Owner: Platform`: several facts on one line.
fn several(plain: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = plain.split(['·', '|', '•']).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() < 2 {
        return Vec::new();
    }
    let facts: Vec<(&str, &str)> =
        parts.iter().filter_map(|part| plain_label(part).or_else(|| numbered(part))).collect();
    if facts.len() < 2 { Vec::new() } else { facts }
}

/// `Version 4.2`, `v4.2`.
fn numbered(part: &str) -> Option<(&str, &str)> {
    let (word, rest) = part.split_once(' ')?;
    (matches!(fold(word).as_str(), "version" | "v") && rest.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| ("version", rest.trim()))
}

/// `Se revisa cada trimestre.`, `Reviewed every month.`
fn reviewed(plain: &str) -> Option<&'static str> {
    let folded = fold(plain);
    let told = ["se revisa ", "revisar cada ", "reviewed ", "review every "].iter().any(|word| folded.contains(word));
    cadence(plain).filter(|_| told && folded.split_whitespace().count() <= 12)
}

/// `Fecha: 4 de Enero` without bold, when the key is a few words.
fn plain_label(plain: &str) -> Option<(&str, &str)> {
    let (key, value) = plain.split_once(": ")?;
    (key.split_whitespace().count() <= 4).then(|| (key.trim(), value.trim()))
}

/// The head ends at the second heading.
fn head_end(document: &Document) -> usize {
    let second = document.headings.get(1).map(|heading| heading.text.line);
    let first_is_title = document.headings.first().is_some_and(|heading| heading.level == 1);
    match (first_is_title, document.headings.first()) {
        (true, _) => second.unwrap_or(usize::MAX),
        (false, Some(heading)) => heading.text.line,
        (false, None) => usize::MAX,
    }
}

/// The foot is what follows the last rule, when no heading follows it.
fn foot_begin(document: &Document) -> usize {
    let last_heading = document.headings.last().map_or(0, |heading| heading.text.line);
    document
        .elements
        .iter()
        .rev()
        .find(|element| matches!(element.kind, ElementKind::Rule))
        .map(|element| element.line)
        .filter(|line| *line > last_heading)
        .unwrap_or(usize::MAX)
}

fn put(metadata: &mut Metadata, key: &str, value: &str, keep_others: bool) {
    let folded = fold(key).replace(['_', '-'], " ");
    let is = |words: &[&str]| words.iter().any(|word| folded == *word || folded.starts_with(&format!("{word} ")));
    if value.contains("YYYY") || value.contains("AAAA") {
        return;
    }
    let date = || iso_date(value).unwrap_or_else(|| value.to_owned());
    let set = |field: &mut Option<String>, value: String| {
        field.get_or_insert(value);
    };
    if is(&["version"]) {
        // `1.0 · 2026-05-10` is a version and its date.
        let (version, rest) = value.split_once([' ', ',', '·']).unwrap_or((value, ""));
        set(&mut metadata.version, version.trim_matches(['(', ')', ',']).to_owned());
        if let Some(date) = iso_date(rest) {
            set(&mut metadata.updated, date);
        }
    } else if is(&["proxima revision", "next review", "proxima actualizacion", "review date", "siguiente revision"]) {
        if let Some(date) = iso_date(value) {
            set(&mut metadata.next_review, date);
        } else {
            set(&mut metadata.next_review, value.to_owned());
        }
        if let Some(cadence) = cadence(value) {
            set(&mut metadata.review_cadence, cadence.to_owned());
        }
    } else if is(&[
        "ultima actualizacion",
        "ultima revision",
        "last updated",
        "last update",
        "last reviewed",
        "last review",
        "updated",
        "actualizado",
        "fecha de actualizacion",
        "fecha",
        "vigencia",
        "vigente desde",
        "effective",
        "valid from",
        "date",
        "lastmod",
        "last modified",
        "revisado",
    ]) {
        set(&mut metadata.updated, date());
    } else if is(&[
        "mantenido por",
        "maintained by",
        "maintainer",
        "owner",
        "propietario",
        "responsable",
        "autor",
        "author",
        "dueno",
        "team",
        "equipo",
        "oncall",
        "on call",
    ]) {
        set(&mut metadata.owner, value.to_owned());
    } else if is(&["ambiente", "entorno", "environment", "env"]) {
        set(&mut metadata.environment, value.to_owned());
    } else if is(&["estado", "status"]) {
        set(&mut metadata.status, value.to_owned());
    } else if is(&[
        "sistema",
        "system",
        "servicio",
        "service",
        "aplicacion",
        "application",
        "proyecto",
        "project",
        "producto",
    ]) {
        set(&mut metadata.system, value.to_owned());
    } else if is(&[
        "uptime",
        "uptime objetivo",
        "slo",
        "sla",
        "disponibilidad",
        "availability",
        "uptime target",
        "uptime goal",
    ]) {
        set(&mut metadata.uptime_goal, value.to_owned());
    } else if is(&[
        "frecuencia de revision",
        "revision",
        "review cadence",
        "review frequency",
        "review",
        "ciclo de revision",
        "frecuencia recomendada",
    ]) {
        set(&mut metadata.review_cadence, cadence(value).map_or_else(|| value.to_owned(), str::to_owned));
    } else if keep_others && folded != "title" && !metadata.other.iter().any(|(known, _)| known == key) {
        metadata.other.push((key.to_owned(), value.to_owned()));
    }
}

fn cadence(value: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 16] = [
        ("seman", "weekly"),
        ("weekly", "weekly"),
        ("every week", "weekly"),
        ("quincen", "biweekly"),
        ("biweekly", "biweekly"),
        ("bimestr", "bimonthly"),
        ("trimestr", "quarterly"),
        ("quarter", "quarterly"),
        ("semestr", "semiannual"),
        ("every six months", "semiannual"),
        ("mensual", "monthly"),
        ("cada mes", "monthly"),
        ("month", "monthly"),
        ("anual", "yearly"),
        ("annual", "yearly"),
        ("year", "yearly"),
    ];
    let folded = fold(value);
    WORDS.iter().find(|(word, _)| folded.contains(word)).map(|(_, name)| *name)
}
