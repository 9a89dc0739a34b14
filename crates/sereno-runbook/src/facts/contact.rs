//! People: who, as what, how to reach them, and when.

use super::{Source, is_blank_form, is_unfilled, mail_addresses};
use crate::document::{Table, TextLine};
use crate::model::{Contact, Role};
use crate::text::fold;

pub(crate) fn collect(source: Source<'_>) -> Vec<Contact> {
    let mut contacts = Vec::new();
    for (table, section) in source.tables() {
        of_table(table, group(source.titles(section).next()).as_deref(), &mut contacts);
    }
    for place in source.places() {
        let Some(item) = place.item.filter(|_| source.role(place.section) == Role::Contacts) else {
            continue;
        };
        if item.line == place.line.line {
            contacts.extend(of_line(place.line, || group(source.titles(place.section).next())));
        }
    }
    contacts.sort_by_key(|contact| contact.line);
    contacts
}

fn group(title: Option<&str>) -> Option<String> {
    let title = title?;
    let has = |words: &[&str]| words.iter().any(|word| title.contains(word));
    if has(&["equipo", "team", "engineering", "tecnico"]) {
        Some("team".to_owned())
    } else if has(&["stakeholder", "interesad", "negocio", "business"]) {
        Some("stakeholders".to_owned())
    } else if has(&["proveedor", "provider", "vendor", "extern", "supplier"]) {
        Some("providers".to_owned())
    } else {
        None
    }
}

/// What a column of a table of contacts holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Role,
    Name,
    Way,
    Hours,
}

fn column(title: &str) -> Option<Column> {
    let title = fold(title);
    let begins = |words: &[&str]| words.iter().any(|word| title.trim().starts_with(word));
    if begins(&[
        "rol",
        "role",
        "cargo",
        "puesto",
        "funcion",
        "area",
        "equipo",
        "team",
        "position",
        "title",
        "responsab",
    ]) {
        Some(Column::Role)
    } else if begins(&["nombre", "name", "persona", "person", "quien", "who", "responsable", "owner"]) {
        Some(Column::Name)
    } else if begins(&["horario", "hours", "schedule", "disponib", "availab", "turno", "when", "cuando"]) {
        Some(Column::Hours)
    } else if begins(&[
        "contact", "telefono", "tel", "phone", "movil", "celular", "mobile", "email", "e-mail", "mail", "correo",
        "slack", "whatsapp", "pager", "telegram", "how", "como", "reach", "llamar", "numero", "number",
    ]) {
        Some(Column::Way)
    } else {
        None
    }
}

fn of_table(table: &Table, group: Option<&str>, contacts: &mut Vec<Contact>) {
    let columns: Vec<Option<Column>> = table.header.iter().map(|cell| column(&cell.plain)).collect();
    let has = |wanted: Column| columns.contains(&Some(wanted));
    if !(has(Column::Way) && (has(Column::Role) || has(Column::Name))) {
        return;
    }
    for row in &table.rows {
        let Some(first) = row.first() else { continue };
        let mut contact = empty(first.line, group.map(str::to_owned));
        for (cell, column) in row.iter().zip(&columns) {
            let words = cell.plain.trim();
            if words.is_empty() {
                continue;
            }
            contact.incomplete |= is_unfilled(words);
            let value = (!is_blank_form(words) && !matches!(words, "-" | "–" | "—")).then(|| words.to_owned());
            match column {
                Some(Column::Role) => contact.role = contact.role.or(value),
                Some(Column::Name) => contact.name = contact.name.or(value),
                Some(Column::Way) => contact.ways.extend(value),
                Some(Column::Hours) => contact.hours = contact.hours.or(value),
                None => {}
            }
        }
        contact.incomplete |= contact.ways.is_empty();
        contacts.push(contact);
    }
}

fn empty(line: usize, group: Option<String>) -> Contact {
    Contact { line, role: None, name: None, group, ways: Vec::new(), hours: None, incomplete: false }
}

/// `- **Líder Técnico**: Juan Pérez - +54 9 11 1234-5678`.
fn of_line(line: &TextLine, group: impl FnOnce() -> Option<String>) -> Option<Contact> {
    let (role, value) = line.label()?;
    if value.contains("://") {
        return None;
    }
    let parts: Vec<&str> = value
        .split([',', ';', '|', '(', ')', '·'])
        .flat_map(|part| part.split(" - "))
        .flat_map(|part| part.split(" – "))
        .flat_map(|part| part.split(" — "))
        .flat_map(|part| part.split(" / "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let mut contact = empty(line.line, None);
    // `Guardia (24x7): …` tells the hours beside the role.
    let (role, beside) = match role.strip_suffix(')').and_then(|role| role.split_once(" (")) {
        Some((role, note)) if is_hours(note) => (role, Some(note)),
        _ => (role, None),
    };
    contact.role = Some(role.to_owned());
    contact.hours = beside.map(str::to_owned);
    for part in parts {
        let mails = mail_addresses(part);
        contact.incomplete |= is_unfilled(part);
        if !mails.is_empty() {
            contact.ways.extend(mails);
        } else if is_telephone(part) || is_handle(part) {
            contact.ways.push(part.to_owned());
        } else if is_hours(part) {
            contact.hours.get_or_insert_with(|| part.to_owned());
        } else if !is_blank_form(part) && contact.name.is_none() {
            contact.name = Some(part.to_owned());
        }
    }
    if contact.ways.is_empty() && !contact.incomplete {
        return None;
    }
    contact.incomplete |= contact.ways.is_empty();
    contact.group = group();
    Some(contact)
}

fn is_telephone(text: &str) -> bool {
    // `interno 4412`, `ext. 4412`: the number inside of the house.
    let folded = fold(text);
    let inside =
        ["interno ", "int. ", "ext. ", "ext ", "extension ", "anexo "].iter().find_map(|w| folded.strip_prefix(w));
    if inside.is_some_and(|rest| rest.len() >= 2 && rest.bytes().all(|b| b.is_ascii_digit())) {
        return true;
    }
    let digits = text.chars().filter(|c| c.is_ascii_digit() || *c == 'X').count();
    let only = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '.' | 'X' | 'x' | '#' | '*'));
    only && digits >= 6
}

fn is_handle(text: &str) -> bool {
    text.len() > 1 && text.starts_with('@') && !text.contains(' ')
}

fn is_hours(text: &str) -> bool {
    const WORDS: [&str; 16] = [
        "24/7",
        "on-call",
        "business hours",
        "horario",
        "lun-",
        "lunes",
        "mon-",
        "monday",
        "weekday",
        "weekend",
        "lun a vie",
        "lun – vie",
        "mon–fri",
        "24x7",
        "nights",
        "noches",
    ];
    let folded = fold(text);
    let hours = folded.split_once('-').is_some_and(|(from, to)| {
        let hour = |part: &str| {
            let part = part.trim();
            part.len() <= 10 && part.starts_with(|c: char| c.is_ascii_digit())
        };
        hour(from) && hour(to)
    });
    hours || WORDS.iter().any(|word| folded.contains(word))
}
