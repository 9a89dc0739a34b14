//! Addresses that the runbook names.

use super::Source;
use crate::document::TextLine;
use crate::model::Endpoint;

pub(crate) fn collect(source: Source<'_>) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for place in source.places() {
        of_line(place.line, place.line, &mut endpoints);
    }
    for (table, _) in source.tables() {
        for row in &table.rows {
            let Some(first) = row.first() else { continue };
            for cell in row {
                of_line(cell, first, &mut endpoints);
                of_request(cell, row.get(1), &mut endpoints);
            }
        }
    }
    endpoints.sort_by_key(|endpoint| endpoint.line);
    endpoints
}

/// The addresses of a line; in a table, the row's first cell names them.
fn of_line(line: &TextLine, namer: &TextLine, endpoints: &mut Vec<Endpoint>) {
    if line.links.is_empty() && line.code.is_empty() && !line.plain.contains("://") {
        return;
    }
    let from = endpoints.len();
    let label = line.label().map(|(label, _)| label).filter(|label| !label.contains("://") && !label.ends_with("http"));
    let of_row = (!std::ptr::eq(line, namer)).then(|| namer.plain.trim());
    let name = label.or(of_row).map(str::to_owned).filter(|name| !name.is_empty());
    for link in &line.links {
        if link.url.starts_with("http://") || link.url.starts_with("https://") {
            let words = line.plain.get(link.text.clone()).unwrap_or_default();
            let words = (!words.is_empty() && !words.contains("://")).then(|| words.to_owned());
            endpoints.push(Endpoint {
                line: line.line,
                name: words.or_else(|| name.clone()),
                url: link.url.clone(),
                note: None,
            });
        }
    }
    // What a command asks is not an address that the runbook gives.
    let in_command = |url: &str| {
        let typed =
            |code: &str| code.contains(' ') && code.contains(url) && !code.starts_with(|c: char| c.is_uppercase());
        line.codes().any(typed)
    };
    for (url, end) in urls(&line.plain).filter(|(url, _)| !in_command(url)) {
        if !endpoints.iter().skip(from).any(|known| known.url == url) {
            let note = line
                .plain
                .get(end..)
                .map(|rest| rest.trim_matches([' ', '(', ')', '`', '.', ',', '-', '–', '—']))
                .filter(|rest| rest.len() > 2);
            endpoints.push(Endpoint {
                line: line.line,
                name: name.clone(),
                url: url.to_owned(),
                note: note.map(str::to_owned),
            });
        }
    }
    if let Some(host) = label.and_then(|_| line.codes().find_map(ssh_host)) {
        endpoints.push(Endpoint { line: line.line, name: name.clone(), url: format!("ssh://{host}"), note: None });
    }
    for code in line.codes().filter(|code| is_host_and_port(code)) {
        endpoints.push(Endpoint { line: line.line, name: name.clone(), url: code.to_owned(), note: None });
    }
}

/// ``| `GET /health` | Estado general |``.
fn of_request(cell: &TextLine, note: Option<&TextLine>, endpoints: &mut Vec<Endpoint>) {
    for code in cell.codes() {
        let Some((method, path)) = code.split_once(' ') else {
            continue;
        };
        if matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD") && path.starts_with('/') {
            let note = note.map(|note| note.plain.trim().to_owned()).filter(|note| !note.is_empty());
            endpoints.push(Endpoint { line: cell.line, name: None, url: code.to_owned(), note });
        }
    }
}

/// Each address in a text, and where it ends.
fn urls(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.match_indices("://").filter_map(|(at, _)| {
        let scheme = if text.get(..at)?.ends_with("https") { 5 } else { 4 };
        let start = at.checked_sub(scheme)?;
        if !matches!(text.get(start..at)?, "http" | "https") {
            return None;
        }
        let rest = text.get(start..)?;
        let end = rest.find(|c: char| c.is_whitespace() || "\"'`<>|".contains(c)).unwrap_or(rest.len());
        let mut url = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        if !url.contains('(') {
            url = url.trim_end_matches(')');
        }
        (url.len() > at - start + 3).then_some((url, start + url.len()))
    })
}

/// ``**Server:** `ssh deploy@host` ``: a machine to enter, not a step.
fn ssh_host(code: &str) -> Option<&str> {
    let host = code.strip_prefix("ssh ")?.trim();
    (!host.contains(char::is_whitespace) && !host.starts_with('-')).then_some(host)
}

/// `prod-db.internal:5432`.
fn is_host_and_port(code: &str) -> bool {
    let Some((host, port)) = code.split_once(':') else {
        return false;
    };
    let host_like = host.len() > 1
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        && host.chars().any(char::is_alphabetic);
    host_like && (2..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit())
}
