//! Places where notices go.

use super::{Source, mail_addresses};
use crate::model::{Channel, Role};
use crate::text::fold;

pub(crate) fn collect(source: Source<'_>) -> Vec<Channel> {
    let mut channels = Vec::new();
    for place in source.places().filter(|place| !place.is_heading) {
        let title = source.titles(place.section).next().unwrap_or_default();
        // Most lines name no channel: look before folding.
        let pager = title.contains("pagerduty") || place.line.plain.contains("ager");
        if !(pager || place.line.plain.contains(['#', '@'])) {
            continue;
        }
        let folded = fold(&place.line.plain);
        let line = place.line.line;
        let plain = place.line.plain.trim();
        if folded.contains("slack") || title.contains("slack") {
            for name in slack_names(&place.line.plain) {
                channels.push(Channel {
                    line,
                    kind: "slack".to_owned(),
                    purpose: purpose(plain, &name),
                    address: name,
                });
            }
        }
        let named = title.contains("pagerduty") || folded.contains("pagerduty");
        let label = place.line.label().filter(|(label, value)| named && is_pager(label, value));
        if let Some((label, value)) = label {
            let purpose = Some(label.to_owned()).filter(|label| !fold(label).contains("pagerduty"));
            channels.push(Channel { line, kind: "pagerduty".to_owned(), address: value.to_owned(), purpose });
        }
        if source.role(place.section) != Role::Contacts && place.item.is_some() {
            // `ssh user@host` is a command, not an address.
            let in_command =
                |address: &String| place.line.codes().any(|code| code.contains(' ') && code.contains(address.as_str()));
            for address in mail_addresses(&place.line.plain).into_iter().filter(|address| !in_command(address)) {
                let purpose = purpose(plain, &address);
                channels.push(Channel { line, kind: "email".to_owned(), address, purpose });
            }
        }
    }
    for (words, line, _) in source.comments() {
        if fold(words).starts_with("slack") {
            for name in slack_names(words) {
                channels.push(Channel {
                    line,
                    kind: "slack".to_owned(),
                    purpose: purpose(words, &name),
                    address: name,
                });
            }
        }
    }
    channels.sort_by_key(|channel| channel.line);
    channels
}

/// `#incidentes-criticos`; a number (`#123`) is a ticket.
fn slack_names(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || "`()[],;\"'<>".contains(c))
        .map(|word| word.trim_end_matches(['.', ':', '!']))
        .filter(|word| {
            let name = word.strip_prefix('#').unwrap_or_default();
            name.len() > 1
                && name.starts_with(char::is_alphabetic)
                && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
        })
        .map(str::to_owned)
        .collect()
}

fn is_pager(label: &str, value: &str) -> bool {
    let label = fold(label);
    let named = ["service", "servicio", "escalation policy", "politica", "policy", "pagerduty"];
    !value.is_empty() && !value.contains("://") && named.iter().any(|word| label.starts_with(word))
}

/// What is said about it on its line.
fn purpose(line: &str, address: &str) -> Option<String> {
    let (before, after) = line.split_once(address)?;
    let clean = |words: &str| {
        let words = words.trim_matches(|c: char| c.is_whitespace() || "-–—:()`\"".contains(c)).to_owned();
        (words.chars().filter(|c| c.is_alphabetic()).count() > 2).then_some(words)
    };
    let label = clean(before)
        .filter(|words| !matches!(fold(words).as_str(), "slack" | "email" | "mail" | "correo" | "canal" | "channel"));
    clean(after).or(label)
}
