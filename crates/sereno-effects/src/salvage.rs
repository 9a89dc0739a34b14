//! What a text that is not valid shell may still do: destruction is looked for among its bare words.
//!
//! This is a net, not a reading: it only ever makes a text riskier.

use crate::analyzer::Findings;
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};

/// Commands that do nothing but destroy.
const COMMANDS: &[&str] = &[
    "rm", "rmdir", "shred", "dropdb", "dropuser", "mkfs", "wipefs", "FLUSHALL", "FLUSHDB", "flushall", "flushdb",
    "fdisk", "srm",
];

/// Words of SQL that destroy, each with what must follow.
const SQL: &[(&str, &[&str])] = &[
    ("DROP", &["TABLE", "DATABASE", "SCHEMA", "INDEX", "VIEW", "USER", "ROLE", "COLUMN", "EXTENSION", "OWNED"]),
    ("TRUNCATE", &[]),
    ("DELETE", &["FROM", "TOP"]),
];

/// Raises the findings for destructive words of a text.
pub(crate) fn read(text: &str, found: &mut Findings) {
    if let Some(word) = destructive_word(text) {
        found.effect(phrased(
            Verb::Deletes,
            Text::new(
                format!("what `{word}` names, in a text that is not valid shell"),
                format!("lo que `{word}` nombra, en un texto que no es shell válido"),
            ),
            None,
            Risk::Destroy,
        ));
    }
}

/// The first word that destroys, quotes and escapes disregarded.
pub(crate) fn destructive_word(text: &str) -> Option<String> {
    let mut words = text
        .split(|c: char| c.is_whitespace() || ";|&()`{}<>,".contains(c))
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().filter(|c| !"'\"\\$,".contains(*c)).collect::<String>())
        .peekable();
    while let Some(word) = words.next() {
        let base = word.rsplit('/').next().unwrap_or(&word);
        let upper = base.to_uppercase();
        let follows = words.peek().map(|next| next.to_uppercase()).unwrap_or_default();
        let sql = SQL
            .iter()
            .any(|(verb, objects)| *verb == upper && (objects.is_empty() || objects.contains(&follows.as_str())));
        if COMMANDS.contains(&base) || base.starts_with("mkfs.") || sql {
            return Some(base.to_owned());
        }
    }
    None
}
