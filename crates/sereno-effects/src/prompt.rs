//! The word that a script demands of the person it asks.

use crate::analysis::Statement;

/// Prompts beyond this many are not completed: looking for each costs a pass over the text.
const MOST_PROMPTS: usize = 40;

/// Where a prompt's message does not say the word, the comparison after it may.
pub(crate) fn complete(text: &str, statements: &mut [Statement]) {
    let prompts = statements.iter_mut().flat_map(|statement| statement.prompts.iter_mut());
    for prompt in prompts.filter(|prompt| prompt.typed_word.is_none()).take(MOST_PROMPTS) {
        let after = text.get(prompt.span.end.min(text.len())..).unwrap_or_default();
        prompt.typed_word = compared_word(after, &prompt.variable);
    }
}

/// The word that a prompt demands: `escribe 'CONFIRMAR'`, `type "yes"`, `(SI/no)` is not one.
pub(crate) fn quoted_word(message: &str) -> Option<String> {
    let (open, close) = [('\'', '\''), ('"', '"'), ('`', '`'), ('«', '»'), ('“', '”'), ('‘', '’')].into_iter().find(
        |(open, close)| {
            message
                .find(*open)
                .is_some_and(|at| message.get(at + open.len_utf8()..).is_some_and(|rest| rest.contains(*close)))
        },
    )?;
    let start = message.find(open)? + open.len_utf8();
    let rest = message.get(start..)?;
    let word = rest.get(..rest.find(close)?)?;
    (!word.is_empty() && word.len() <= 40).then(|| word.to_owned())
}

/// The word in `[ "$R" != "SI" ]`, `[[ $R == yes ]]` or `case $R in SI)`.
fn compared_word(text: &str, variable: &str) -> Option<String> {
    let plain = format!("${variable}");
    let braced = format!("${{{variable}}}");
    for (at, _) in text.match_indices('$') {
        let rest = text.get(at..)?;
        let Some(after) = rest.strip_prefix(braced.as_str()).or_else(|| rest.strip_prefix(plain.as_str())) else {
            continue;
        };
        if after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let after = after.trim_start_matches('"').trim_start_matches([' ', '\t']);
        let operand = ["!=", "==", "=~", "=", "in"].iter().find_map(|operator| after.strip_prefix(operator));
        let Some(operand) = operand else { continue };
        let operand = operand.trim_start().trim_start_matches(['"', '\'']);
        let end = operand.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(operand.len());
        let word = operand.get(..end)?;
        if !word.is_empty() && word.chars().count() > 1 {
            return Some(word.to_owned());
        }
    }
    None
}
