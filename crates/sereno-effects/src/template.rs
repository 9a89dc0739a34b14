//! Templates of the knowledge files over a command's arguments: `{1}`, `{*}`, `{#1}`, `{-n}`.

use crate::invocation::Invocation;

/// A component's name without its kind and without what a platform adds.
pub(crate) fn component_name(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.strip_suffix(".service").unwrap_or(name).to_owned()
}

/// `{1}` is the first argument after those that the rule names, `{0}` the last that it names, `{*}` all that follow.
pub(crate) fn expand(template: &str, command: &Invocation<'_>, skip: usize) -> Option<String> {
    if template == "{*}" {
        let all: Vec<String> = command.shown_from(skip).collect();
        return (!all.is_empty()).then(|| all.join(" "));
    }
    let mut text = template.to_owned();
    for number in 0..=4usize {
        let hole = format!("{{{number}}}");
        if text.contains(&hole) {
            let index = (skip + number).checked_sub(1)?;
            text = text.replace(&hole, &command.positional_word(index)?.shown());
        }
    }
    // `{#1}` counts from the command's first argument.
    for number in 1..=4usize {
        let hole = format!("{{#{number}}}");
        if text.contains(&hole) {
            text = text.replace(&hole, &command.positional_word(number - 1)?.shown());
        }
    }
    while let Some(start) = text.find("{-") {
        let end = text.get(start..)?.find('}')? + start;
        let name = text.get(start + 1..end)?.to_owned();
        let value = command.all(&[name.as_str()]).last().and_then(|option| option.value.clone())?;
        text.replace_range(start..=end, &value);
    }
    Some(text)
}

/// Each of the targets that a template names.
pub(crate) fn expand_all(template: &str, command: &Invocation<'_>, skip: usize) -> Vec<String> {
    if template == "{*}" {
        command.shown_from(skip).collect()
    } else {
        expand(template, command, skip).into_iter().collect()
    }
}

pub(crate) fn own_words(command: &Invocation<'_>) -> String {
    let shown: Vec<String> = command.shown_from(0).take(3).collect();
    if shown.is_empty() { command.name.to_owned() } else { format!("{} {}", command.name, shown.join(" ")) }
}
