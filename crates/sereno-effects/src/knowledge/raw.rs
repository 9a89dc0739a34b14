//! The TOML of knowledge files, and what is wrong with one.

use super::{CommandKnowledge, Knowledge, KnowledgeError, NameRule, OpensKind, Rule, Runs, Wait};
use crate::analysis::Interactive;
use crate::pattern::{ArgsPattern, Condition};
use crate::wording::{Noun, verb_for};
use serde::Deserialize;
use sereno_model::{Risk, Text, Verb};
use std::collections::BTreeMap;
use toml::Spanned;

type Nouns = BTreeMap<String, Noun>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    #[expect(dead_code, reason = "it names the file for its readers")]
    family: Option<String>,
    #[serde(default)]
    command: Vec<RawCommand>,
    /// `logs = ["{} logs", "registros de {}", "logs", "registros"]`.
    #[serde(default)]
    noun: BTreeMap<String, [String; 4]>,
    #[serde(default)]
    name: Vec<RawName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCommand {
    name: Names,
    #[serde(default)]
    values: String,
    #[serde(default)]
    globals: String,
    #[serde(default)]
    long_dash: bool,
    #[serde(default)]
    ignore_case: bool,
    #[serde(default)]
    risk: Option<Risk>,
    #[serde(default)]
    handler: Option<String>,
    #[serde(default)]
    stop: Option<usize>,
    #[serde(default)]
    rules: Vec<RawRule>,
    #[serde(default)]
    waits: Vec<RawWait>,
    #[serde(default)]
    raises: Vec<RawRule>,
}

/// One name, or several separated by blanks.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    #[serde(default)]
    args: String,
    #[serde(default)]
    with: String,
    #[serde(default)]
    without: String,
    #[serde(default)]
    shell: String,
    #[serde(default)]
    risk: Option<Risk>,
    #[serde(default)]
    verb: Option<Verb>,
    #[serde(default)]
    noun: Option<Spanned<String>>,
    #[serde(default)]
    of: Option<String>,
    #[serde(default)]
    component: Option<String>,
    #[serde(default)]
    runs: Option<RawRuns>,
    #[serde(default)]
    opens: Option<RawOpens>,
    #[serde(default)]
    skip: usize,
    #[serde(default)]
    via: Option<String>,
    #[serde(default)]
    handler: Option<String>,
    #[serde(default)]
    bounds: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawRuns {
    Words,
    Shell,
    AfterDashes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWait {
    #[serde(default)]
    args: String,
    #[serde(default)]
    with: String,
    #[serde(default)]
    without: String,
    #[serde(default)]
    interactive: Option<RawInteractive>,
    #[serde(default)]
    endless: bool,
    #[serde(default)]
    opens: Option<RawOpens>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    terminal: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawInteractive {
    Session,
    Editor,
    Prompt,
    Confirmation,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawOpens {
    Container,
    Host,
    Shell,
    Client,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawName {
    words: String,
    risk: Risk,
    #[serde(default)]
    verb: Option<Verb>,
}

/// Reads a text into `all`; nothing is added when any of it is wrong.
pub(super) fn add(all: &mut Knowledge, text: &str) -> Result<(), KnowledgeError> {
    let file: File = toml::from_str(text).map_err(|error| from_toml(text, &error))?;
    for (name, [en, es, en_bare, es_bare]) in file.noun {
        all.nouns.insert(name, Noun { named: Text::new(en, es), bare: Text::new(en_bare, es_bare) });
    }
    let names = file.name.into_iter().flat_map(|raw| {
        let verb = raw.verb.unwrap_or(verb_for(raw.risk));
        raw.words
            .split_whitespace()
            .map(|word| NameRule { word: word.to_owned(), risk: raw.risk, verb })
            .collect::<Vec<_>>()
    });
    let mut names: Vec<NameRule> = names.collect();
    names.append(&mut all.names);
    all.names = names;
    let mut ready = Vec::new();
    for raw in file.command {
        ready.push(command(&all.nouns, text, raw)?);
    }
    for (names, known) in ready {
        for name in names {
            insert(all, name, known.clone());
        }
    }
    Ok(())
}

/// The first command of a text.
pub(super) fn section(nouns: &Nouns, text: &str) -> Result<CommandKnowledge, KnowledgeError> {
    let file: File = toml::from_str(text).map_err(|error| from_toml(text, &error))?;
    match file.command.into_iter().next() {
        Some(raw) => command(nouns, text, raw).map(|(_, known)| known),
        None => Err(error_at(text, 0, "no command here", "aquí no hay ninguna orden", None)),
    }
}

fn insert(all: &mut Knowledge, name: String, known: CommandKnowledge) {
    if name.contains('*') {
        all.globs.insert(0, (name, known));
        return;
    }
    let known = match all.exact(&name) {
        Some(old) => known.before(old.clone()),
        None => known,
    };
    all.commands.insert(name, known);
}

fn command(nouns: &Nouns, text: &str, raw: RawCommand) -> Result<(Vec<String>, CommandKnowledge), KnowledgeError> {
    let names = match raw.name {
        Names::One(names) => names.split_whitespace().map(str::to_owned).collect(),
        Names::Many(names) => names,
    };
    let rules: Vec<Rule> = raw.rules.into_iter().map(|rule| self::rule(nouns, text, rule)).collect::<Result<_, _>>()?;
    let raises: Vec<Rule> =
        raw.raises.into_iter().map(|rule| self::rule(nouns, text, rule)).collect::<Result<_, _>>()?;
    let waits: Vec<Wait> = raw.waits.into_iter().map(wait).collect();
    let wraps = |rule: &&Rule| rule.args.len() == 0 && matches!(rule.runs, Some(Runs::Words | Runs::Shell));
    let stop = raw.stop.or_else(|| rules.iter().filter(wraps).map(|rule| rule.skip).max());
    // What takes a command takes a value.
    let commands = raises.iter().flat_map(|rule| rule.shell.names());
    let conditions = rules.iter().chain(&raises).flat_map(|rule| [&rule.with, &rule.without, &rule.shell]);
    let conditions = conditions.chain(waits.iter().flat_map(|wait| [&wait.with, &wait.without]));
    let longs = conditions.flat_map(Condition::names);
    let longs = longs.chain(raw.values.split_whitespace()).chain(raw.globals.split_whitespace());
    let known = CommandKnowledge {
        longs: longs.filter(|name| name.starts_with("--") && !name.contains('*')).map(str::to_owned).collect(),
        values: raw.values.split_whitespace().chain(commands).map(str::to_owned).collect(),
        globals: raw.globals.split_whitespace().map(str::to_owned).collect(),
        long_dash: raw.long_dash,
        ignore_case: raw.ignore_case,
        risk: raw.risk,
        rules,
        waits,
        raises,
        handler: raw.handler,
        stop,
    };
    Ok((names, known))
}

fn rule(nouns: &Nouns, text: &str, raw: RawRule) -> Result<Rule, KnowledgeError> {
    let noun = match raw.noun {
        None => None,
        Some(name) => Some(nouns.get(name.get_ref()).cloned().ok_or_else(|| {
            let known = nouns.keys().map(String::as_str);
            error_at(
                text,
                name.span().start,
                &format!("unknown noun `{}`", name.get_ref()),
                &format!("sustantivo desconocido `{}`", name.get_ref()),
                nearest(name.get_ref(), known),
            )
        })?),
    };
    // A rule that runs an inner command is as risky as that command.
    let runs = raw.runs.is_some() || !raw.shell.is_empty();
    let risk = raw.risk.unwrap_or(if runs { Risk::Observe } else { Risk::Unclear });
    Ok(Rule {
        args: ArgsPattern::new(&raw.args),
        with: Condition::new(&raw.with),
        without: Condition::new(&raw.without),
        shell: Condition::new(&raw.shell),
        risk,
        verb: raw.verb,
        noun,
        of: raw.of,
        component: raw.component,
        runs: raw.runs.map(|runs| match runs {
            RawRuns::Words => Runs::Words,
            RawRuns::Shell => Runs::Shell,
            RawRuns::AfterDashes => Runs::AfterDashes,
        }),
        opens: raw.opens.as_ref().map(opens),
        skip: raw.skip,
        via: raw.via,
        handler: raw.handler,
        bounds: raw.bounds,
    })
}

fn wait(raw: RawWait) -> Wait {
    Wait {
        args: ArgsPattern::new(&raw.args),
        with: Condition::new(&raw.with),
        without: Condition::new(&raw.without),
        interactive: raw.interactive.map(|kind| match kind {
            RawInteractive::Session => Interactive::Session,
            RawInteractive::Editor => Interactive::Editor,
            RawInteractive::Prompt => Interactive::Prompt,
            RawInteractive::Confirmation => Interactive::Confirmation,
        }),
        endless: raw.endless,
        opens: raw.opens.as_ref().map(opens),
        name: raw.name,
        terminal: raw.terminal,
    }
}

fn opens(raw: &RawOpens) -> OpensKind {
    match raw {
        RawOpens::Container => OpensKind::Container,
        RawOpens::Host => OpensKind::Host,
        RawOpens::Shell => OpensKind::Shell,
        RawOpens::Client => OpensKind::Client,
    }
}

/// The parser's own words, with the line, and the nearest valid key where a key is not one.
fn from_toml(text: &str, error: &toml::de::Error) -> KnowledgeError {
    let at = error.span().map_or(0, |span| span.start);
    let message = error.message();
    let near = unknown_name(message).and_then(|(wrong, valid)| nearest(wrong, valid.into_iter()));
    error_at(text, at, message, message, near)
}

/// From ``unknown field `x`, expected one of `a`, `b` `` the wrong name and the valid ones.
fn unknown_name(message: &str) -> Option<(&str, Vec<&str>)> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    Some((wrong, quoted.collect()))
}

fn nearest<'v>(wrong: &str, valid: impl Iterator<Item = &'v str>) -> Option<String> {
    valid
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

fn error_at(text: &str, at: usize, en: &str, es: &str, near: Option<String>) -> KnowledgeError {
    let line = text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
    let (en, es) = match near {
        Some(near) => (format!("{en}; did you mean `{near}`?"), format!("{es}; ¿quizás `{near}`?")),
        None => (en.to_owned(), es.to_owned()),
    };
    KnowledgeError { line, message: Text::new(en, es) }
}
