//! What the text around a block tells the reader to replace: ``Replace `web-1` with your pod``.
//!
//! It only collects the words; whether they stand in the block is looked at where placeholders are found.

use super::line::TextLine;
use crate::text::fold;

/// The things in backticks that a paragraph says to replace.
pub(super) fn told(lines: &[TextLine]) -> Vec<String> {
    if !lines.iter().any(|line| !line.code.is_empty()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut carried = String::new();
    for line in lines {
        let mut from = 0;
        for (index, code) in line.code.iter().enumerate() {
            carried.push_str(line.plain.get(from..code.start).unwrap_or_default());
            let end = line.code.get(index + 1).map_or(line.plain.len(), |next| next.start);
            let after = line.plain.get(code.end..end).unwrap_or_default();
            if let Some(name) = line.plain.get(code.clone())
                && is_told(&carried, after)
            {
                found.push(name.to_owned());
            }
            carried.clear();
            from = code.end;
        }
        carried.push_str(line.plain.get(from..).unwrap_or_default());
        carried.push(' ');
    }
    found
}

/// `before` and `after` are the words on either side, up to the next thing in backticks.
fn is_told(before: &str, after: &str) -> bool {
    let before = fold(before);
    let before = before.trim_end();
    let words: Vec<&str> = before.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let verb = words.iter().rev().find(|word| !FILLERS.contains(word));
    let after = fold(after.split(['.', ';']).next().unwrap_or_default());
    let mut next = after.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = next.next();
    let second = next.next();
    let mut said = after.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(8);
    let by_other = said.any(|word| ["with", "by", "por", "con", "for"].contains(&word)) && second.is_some();
    let named = verb.is_some_and(|word| WHERE.contains(word)) && first.is_some_and(|word| IS.contains(&word));
    let replaced = verb.is_some_and(|verb| is_verb(verb)) && by_other;
    // `… for `orders:*`, replace this with your own key.`
    let later = first.is_some_and(is_verb)
        && second.is_some_and(|word| ["this", "it", "them", "esto", "lo", "eso"].contains(&word));
    replaced || named || later
}

fn is_verb(word: &str) -> bool {
    ["replac", "substitut", "reemplaz", "reemplac", "sustitu"].iter().any(|stem| word.starts_with(stem))
}

const FILLERS: &[&str] = &["the", "el", "la", "los", "las", "value", "valor", "name", "nombre", "of", "de", "and", "y"];
const WHERE: &[&str] = &["where", "donde", "siendo"];
const IS: &[&str] = &["is", "are", "es", "son", "sea"];

#[cfg(test)]
mod tests {
    use super::*;

    /// A line whose backticks are marked as `|code|`.
    fn line(text: &str) -> TextLine {
        let mut line = TextLine::default();
        for (index, part) in text.split('|').enumerate() {
            let start = line.plain.len();
            line.plain.push_str(part);
            if index % 2 == 1 {
                line.code.push(start..line.plain.len());
            }
        }
        line
    }

    #[test]
    fn what_is_to_be_replaced_is_named() {
        for (text, expected) in [
            ("Replace |web-1| with the name of your pod.", vec!["web-1"]),
            ("Reemplaza |tienda-db| por la base afectada", vec!["tienda-db"]),
            ("Here we look for |orders:*|, replace this with your own key.", vec!["orders:*"]),
            ("replace |XXX| in the file's name with the number of the issue", vec!["XXX"]),
            ("where |eu-3| is the region in trouble", vec!["eu-3"]),
            ("Replace |max_wal 1GB| with |max_wal 2GB| in the file", vec![]),
            ("Restart |web-1| and wait", vec![]),
        ] {
            assert_eq!(told(&[line(text)]), expected, "{text}");
        }
    }

    #[test]
    fn a_sentence_goes_on_over_lines() {
        assert_eq!(told(&[line("Run it, but replace"), line("|web-1| with yours.")]), ["web-1"]);
    }
}
