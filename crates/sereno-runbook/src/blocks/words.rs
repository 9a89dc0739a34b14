//! Words of prose against words of commands, in English and Spanish.
//!
//! It only counts words; what a block is made of is decided elsewhere.

use crate::text::folded;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that sentences are full of and commands are not. Folded. Words that are shell syntax (`in`, `for`, `if`, `do`)
/// or common arguments (`all`, `at`, `as`) are left out on purpose.
static STOP_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("stop_words.txt").split_whitespace().collect());

/// Verbs with which people begin a sentence that tells somebody what to do.
static IMPERATIVES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("imperatives.txt").split_whitespace().collect());

/// What a line says about being prose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// Words outside of quotes that are letters only.
    pub(super) plain: usize,
    pub(super) stop: usize,
    /// The first word tells somebody what to do.
    pub(super) imperative: bool,
    /// The first letter is a capital.
    pub(super) capital: bool,
    /// Words that only commands have: flags, variables, pipes, paths.
    pub(super) technical: usize,
}

pub(super) fn words(text: &str) -> Words {
    let text = text.trim();
    let mut found = Words { capital: starts_with_capital(text), ..Words::default() };
    for (index, word) in outside_quotes(text).split_whitespace().enumerate() {
        if is_technical(word) {
            found.technical += 1;
            continue;
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if bare.is_empty() || !bare.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '’') {
            continue;
        }
        found.plain += 1;
        let folded = folded(bare);
        found.stop += usize::from(STOP_WORDS.contains(folded.as_ref()));
        found.imperative |= index == 0 && (IMPERATIVES.contains(folded.as_ref()) || is_infinitive(&folded, text));
    }
    found
}

impl Words {
    /// A sentence or a phrase for a person.
    pub(super) fn is_prose(self) -> bool {
        if self.technical > 1 && self.technical * 2 >= self.plain {
            return false;
        }
        (self.plain >= 3 && self.stop * 4 >= self.plain)
            || (self.capital && self.plain >= 3 && self.technical == 0)
            || (self.capital && self.imperative && self.plain >= 2)
            || self.stop >= 3
    }
}

/// `congelar los cambios`, `pedirle al proveedor`: a verb's end, and an article or preposition somewhere behind it.
fn is_infinitive(word: &str, text: &str) -> bool {
    let bare = ["selo", "sela", "les", "los", "las", "le", "lo", "la", "se"]
        .iter()
        .find_map(|end| word.strip_suffix(end).filter(|rest| rest.ends_with('r')))
        .unwrap_or(word);
    bare.len() >= 5
        && ["ar", "er", "ir"].iter().any(|end| bare.ends_with(end))
        && [" el ", " la ", " los ", " las ", " de ", " del ", " al ", " con ", " en ", " por ", " a "]
            .iter()
            .any(|little| text.contains(little))
}

fn is_technical(word: &str) -> bool {
    (word.starts_with('-') && word.len() > 1 && !word.starts_with("->") && word.chars().any(char::is_alphanumeric))
        || word.starts_with(['$', '/', '~', '|', '>', '<', '&', '\\'])
        || word.starts_with("./")
        || word.contains('=')
        || word.contains("$(")
        || word.ends_with('\\')
}

fn starts_with_capital(text: &str) -> bool {
    text.chars().find(|c| c.is_alphanumeric()).is_some_and(char::is_uppercase)
}

/// The text with what stands in matching quotes left out. An apostrophe inside a word is not a quote.
pub(super) fn outside_quotes(text: &str) -> Cow<'_, str> {
    if !text.contains(['"', '`', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut before = ' ';
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if (c == '"' || c == '`') || (c == '\'' && !before.is_alphanumeric()) => {
                quote = Some(c);
            }
            None => kept.push(c),
        }
        before = c;
    }
    if quote.is_some() { Cow::Borrowed(text) } else { Cow::Owned(kept) }
}

/// Whether the folded text holds the folded phrase as whole words.
pub(super) fn has_phrase(folded: &str, phrase: &str) -> bool {
    folded.match_indices(phrase).any(|(at, _)| {
        let before = folded.get(..at).and_then(|head| head.chars().next_back());
        let after = folded.get(at + phrase.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_told_from_commands() {
        for (text, prose) in [
            ("Contactar al equipo de guardia", true),
            ("find the pod which has the problem", true),
            ("Check the dashboard", true),
            ("make sure that nobody is deploying", true),
            ("Dashboard > Developers > Webhooks", false),
            ("find /var/log -name '*.log' -mtime +7 -delete", false),
            ("make deploy", false),
            ("kubectl get pods -n prod", false),
            ("git commit -m 'the fix for the thing that was broken'", false),
            ("docker compose restart api", false),
            ("Verificar estado", true),
        ] {
            assert_eq!(words(text).is_prose(), prose, "{text}: {:?}", words(text));
        }
    }

    #[test]
    fn phrases_are_whole_words() {
        assert!(has_phrase("the output is", "output"));
        assert!(!has_phrase("throughput is high", "output"));
        assert!(has_phrase("respuesta esperada (ok)", "respuesta esperada"));
    }
}
