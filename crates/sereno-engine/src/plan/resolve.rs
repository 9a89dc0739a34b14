//! Putting values in the place of placeholders.

use super::no_terminal::without_terminals;
use super::{Missing, Origin, PlanOptions};
use regex::Regex;
use sereno_effects::{analyze_shell, values};
use sereno_model::Text;
use sereno_runbook::Runbook;
use sereno_runbook::model::{Placeholder, PlaceholderKind, Step, StepKind};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// A step's text with its values in place.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) text: String,
    pub(super) missing: Vec<Missing>,
    /// Values that stand in the text.
    pub(super) values: BTreeMap<String, (String, Origin)>,
    /// Values that the session's environment carries.
    pub(super) variables: BTreeMap<String, (String, Origin)>,
    pub(super) refused: Option<Text>,
}

/// Fills a step's placeholders. What has no value is reported as missing; what cannot be filled safely is refused.
pub(super) fn resolve(runbook: &Runbook, step: &Step, options: &PlanOptions<'_>, word: Option<&str>) -> Resolved {
    let mut resolved = Resolved { text: step.text.clone(), ..Resolved::default() };
    let mut fills: Vec<(Range<usize>, String)> = Vec::new();
    for (placeholder, span) in placeholders(runbook, step) {
        if placeholder.kind == PlaceholderKind::Prompt {
            continue; // Answered below, where the `read` itself stands.
        }
        match options.values.get(&placeholder.name, &placeholder.text) {
            Some((value, origin)) => match placeholder.kind {
                PlaceholderKind::Variable | PlaceholderKind::Argument => {
                    resolved.variables.insert(placeholder.name.clone(), (value, origin));
                }
                _ => {
                    resolved.values.insert(placeholder.name.clone(), (value.clone(), origin));
                    match span {
                        Some(span) => fills.push((span, value)),
                        None => resolved.refused = Some(cannot_place(placeholder)),
                    }
                }
            },
            None => resolved.missing.push(missing(placeholder, None)),
        }
    }
    fill(step, &fills, &mut resolved);
    if step.kind == StepKind::Shell {
        check_variables(&mut resolved);
        resolved.text = without_prompts(&resolved.text);
    }
    match step.kind {
        StepKind::Shell => {
            answer_prompts(options, word, &mut resolved);
            resolved.text = without_terminals(&resolved.text, options.knowledge);
        }
        StepKind::Sql => wrap_sql(options, &mut resolved),
        StepKind::Promql => wrap_promql(options, &mut resolved),
        StepKind::Repl | StepKind::Operation | StepKind::Manual => {}
    }
    resolved
}

/// The text without the prompts that its author copied: `$ cmd`, `user@host:~$ cmd`. No command is named `$`.
fn without_prompts(text: &str) -> String {
    static PROMPT: LazyLock<Regex> = LazyLock::new(|| {
        // The pattern is a constant that a test compiles.
        Regex::new(r"^\s*(?:\$|[\w.-]+@[\w.-]+(?::[^\s$#]*)?[$#])[ \t]+").unwrap_or_else(|_| unreachable!())
    });
    let mut lines: Vec<&str> = text.split('\n').collect();
    for line in &mut lines {
        if let Some(found) = PROMPT.find(line) {
            *line = &line[found.end()..];
        }
    }
    lines.join("\n")
}

/// The placeholders of a step, with their place in the step's text where it can be told.
fn placeholders<'a>(runbook: &'a Runbook, step: &Step) -> Vec<(&'a Placeholder, Option<Range<usize>>)> {
    let Some(block) = step.block.and_then(|index| runbook.blocks.get(index)) else { return Vec::new() };
    let verbatim = block.text.get(step.span.clone()) == Some(step.text.as_str());
    let inside =
        block.placeholders.iter().filter(|p| p.span.start >= step.span.start && p.span.end <= step.span.end).map(|p| {
            let span = if verbatim {
                Some(p.span.start - step.span.start..p.span.end - step.span.start)
            } else {
                // A prompt was taken off the lines: the place is certain only if the text stands there once.
                let mut places = step.text.match_indices(p.text.as_str());
                match (places.next(), places.next()) {
                    (Some((at, found)), None) => Some(at..at + found.len()),
                    _ => None,
                }
            };
            (p, span)
        });
    inside.collect()
}

fn fill(step: &Step, fills: &[(Range<usize>, String)], resolved: &mut Resolved) {
    if fills.is_empty() {
        return;
    }
    let mut fills: Vec<(Range<usize>, &str)> =
        fills.iter().map(|(span, value)| (span.clone(), value.as_str())).collect();
    fills.sort_by_key(|(span, _)| span.start);
    let filled = if step.kind == StepKind::Sql {
        values::fill_sql(&step.text, &fills)
    } else {
        values::fill(&step.text, &fills)
    };
    match filled {
        Ok(text) => resolved.text = text,
        Err(error) => resolved.refused = Some(error.message),
    }
}

/// What is given for a variable of the script may not become more than a value by how the script uses it. What the shell's own
/// environment holds is as it would be by hand.
fn check_variables(resolved: &mut Resolved) {
    let given = resolved.variables.iter().filter(|(_, (_, o))| matches!(o, Origin::CommandLine | Origin::Settings));
    let given: Vec<(&str, &str)> = given.map(|(name, (value, _))| (name.as_str(), value.as_str())).collect();
    if let Err(error) = values::check_variables(&resolved.text, &given) {
        resolved.refused = Some(error.message);
    }
}

/// A `read` that a value answers becomes an assignment, so that what runs is what was shown and approved. The word that
/// the runbook demands is answered too: the person types it when approving.
fn answer_prompts(options: &PlanOptions<'_>, word: Option<&str>, resolved: &mut Resolved) {
    if !resolved.text.contains("read") {
        return;
    }
    let mut prompts: Vec<_> = analyze_shell(&resolved.text, options.knowledge)
        .statements
        .into_iter()
        .flat_map(|statement| statement.prompts)
        .collect();
    prompts.sort_by_key(|prompt| std::cmp::Reverse(prompt.span.start));
    for prompt in prompts {
        let given = options.values.get(&prompt.variable, &prompt.variable);
        let typed = prompt.typed_word.as_deref().filter(|w| Some(*w) == word);
        let (value, origin) = match (typed, given) {
            (Some(word), _) => (word.to_owned(), Origin::TypedWord),
            (None, Some(given)) => given,
            (None, None) => continue,
        };
        if value.contains(['\n', '\0']) {
            resolved.refused = Some(Text::new(
                format!("the answer to `read {}` must be one line", prompt.variable),
                format!("la respuesta a `read {}` debe ser una sola línea", prompt.variable),
            ));
            continue;
        }
        if resolved.text.get(prompt.span.clone()).is_some() {
            let assignment = format!("{}={}", prompt.variable, quote(&value));
            resolved.text.replace_range(prompt.span, &assignment);
            resolved.values.insert(prompt.variable, (value, origin));
        }
    }
}

/// SQL runs through psql on the system's own database, stopping at the first error.
fn wrap_sql(options: &PlanOptions<'_>, resolved: &mut Resolved) {
    match options.values.get("DATABASE_URL", "$DATABASE_URL") {
        Some(url) => {
            resolved.variables.insert("DATABASE_URL".to_owned(), url);
            let end = delimiter(&resolved.text, "SQL");
            resolved.text = format!(
                "psql -X -v ON_ERROR_STOP=1 --dbname=\"$DATABASE_URL\" <<'{end}'\n{}\n{end}",
                resolved.text.trim_end()
            );
        }
        None => resolved.missing.push(Missing {
            name: "DATABASE_URL".to_owned(),
            text: "$DATABASE_URL".to_owned(),
            line: 0,
            step: 0,
            problem: Some(Text::new(
                "the SQL needs a database: set DATABASE_URL",
                "el SQL necesita una base de datos: defina DATABASE_URL",
            )),
        }),
    }
}

/// PromQL is asked of the team's Prometheus.
fn wrap_promql(options: &PlanOptions<'_>, resolved: &mut Resolved) {
    match options.values.get("PROMETHEUS_URL", "$PROMETHEUS_URL") {
        Some(url) => {
            resolved.variables.insert("PROMETHEUS_URL".to_owned(), url);
            resolved.text = format!(
                "curl -fsS --max-time 30 --get \"$PROMETHEUS_URL/api/v1/query\" --data-urlencode query={}",
                quote(resolved.text.trim())
            );
        }
        None => resolved.missing.push(Missing {
            name: "PROMETHEUS_URL".to_owned(),
            text: "$PROMETHEUS_URL".to_owned(),
            line: 0,
            step: 0,
            problem: Some(Text::new(
                "the PromQL needs a Prometheus: set PROMETHEUS_URL",
                "el PromQL necesita un Prometheus: defina PROMETHEUS_URL",
            )),
        }),
    }
}

fn missing(placeholder: &Placeholder, problem: Option<Text>) -> Missing {
    Missing { name: placeholder.name.clone(), text: placeholder.text.clone(), line: placeholder.line, step: 0, problem }
}

fn cannot_place(placeholder: &Placeholder) -> Text {
    Text::new(
        format!("`{}` stands more than once in a text with prompts; its place is not certain", placeholder.text),
        format!("`{}` aparece más de una vez en un texto con prompts; su lugar no es seguro", placeholder.text),
    )
}

/// A word that no line of the text is, to end a here-document.
fn delimiter(text: &str, stem: &str) -> String {
    let mut end = format!("END_OF_{stem}");
    while text.lines().any(|line| line.trim() == end) {
        end.push('_');
    }
    end
}

/// Single quotes around a value, so that the shell reads it as it is.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::without_prompts;

    #[test]
    fn copied_prompts_are_taken_off() {
        for (text, bare) in [
            ("$ rm -rf /tmp/x", "rm -rf /tmp/x"),
            ("root@web1:~# rm -f x\nls", "rm -f x\nls"),
            ("deploy@vps:/srv$ ls", "ls"),
            ("echo $ 5", "echo $ 5"),
            ("$HOME/bin/x", "$HOME/bin/x"),
            ("# 1. a comment", "# 1. a comment"),
        ] {
            assert_eq!(without_prompts(text), bare, "{text}");
        }
    }
}
