//! Consoles that the sections around a block name: "start a Rails console", "in the Django shell".
//!
//! A section that names a console means it for its own blocks and for those of the sections below it, and the fence of
//! such a block carries the tag of the console's language rather than of a console.

use super::prompts::Client;
use super::words::has_phrase;
use crate::document::{Document, RawBlock};
use crate::text::fold;
use std::collections::HashMap;

/// Consoles as texts name them, folded, and whose lines they take.
const NAMES: &[(&str, Client)] = &[
    ("rails console", Client::Ruby),
    ("rails-console", Client::Ruby),
    ("rails c", Client::Ruby),
    ("consola de rails", Client::Ruby),
    ("consola rails", Client::Ruby),
    ("irb", Client::Ruby),
    ("django shell", Client::Python),
    ("shell de django", Client::Python),
    ("manage.py shell", Client::Python),
    ("shell_plus", Client::Python),
    ("flask shell", Client::Python),
    ("odoo shell", Client::Python),
    ("shell de odoo", Client::Python),
    ("django environment", Client::Python),
    ("python statements", Client::Python),
    ("python shell", Client::Python),
    ("shell de python", Client::Python),
    ("consola de python", Client::Python),
    ("mongo shell", Client::Mongo),
    ("shell de mongo", Client::Mongo),
    ("consola de mongo", Client::Mongo),
    ("mongosh", Client::Mongo),
    ("tinker", Client::Other),
    ("iex", Client::Other),
];

/// What each section's own text, so far as it was read, names.
#[derive(Debug, Default)]
pub(super) struct Consoles {
    sections: HashMap<Option<usize>, Section>,
}

#[derive(Debug, Default)]
struct Section {
    read_to: usize,
    named: Vec<Client>,
}

impl Consoles {
    /// Whether the sections in which the block stands name the console of its language above it.
    pub(super) fn named_for(&mut self, raw: &RawBlock, document: &Document) -> bool {
        let Some(client) = raw.lang.as_deref().and_then(client_of) else { return false };
        let mut section = raw.heading;
        loop {
            if self.read(section, raw.span.start, document).contains(&client) {
                return true;
            }
            let Some(heading) = section.and_then(|index| document.headings.get(index)) else { return false };
            section = heading.parent;
            if section.is_none() {
                return false;
            }
        }
    }

    /// Reads on in the text between a section's heading and its first subheading, up to the block.
    fn read(&mut self, section: Option<usize>, end: usize, document: &Document) -> &[Client] {
        let begin = section.and_then(|index| document.headings.get(index)).map_or(0, |heading| heading.text.span.start);
        let next = document.headings.get(section.map_or(0, |index| index + 1)).map_or(end, |next| next.text.span.start);
        let found = self.sections.entry(section).or_default();
        let from = begin.max(found.read_to);
        let text = document.source.get(from..end.min(next)).unwrap_or_default();
        if !text.is_empty() {
            let text = fold(text);
            found.named.extend(NAMES.iter().filter(|(name, _)| has_phrase(&text, name)).map(|(_, client)| *client));
            found.read_to = end.min(next);
        }
        &found.named
    }
}

/// The console that takes lines of the language with which a fence is tagged.
fn client_of(lang: &str) -> Option<Client> {
    match fold(lang).as_str() {
        "ruby" | "rb" => Some(Client::Ruby),
        "python" | "py" | "python3" => Some(Client::Python),
        "javascript" | "js" => Some(Client::Mongo),
        "php" | "elixir" | "ex" => Some(Client::Other),
        _ => None,
    }
}
