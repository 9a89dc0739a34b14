//! A wrong command line, said in Spanish. In English clap says it itself.

use crate::exit::Exit;
use crate::render::{CYAN, RED, styled};
use crate::report::{Failure, Result};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};
use std::any::TypeId;
use std::path::PathBuf;

/// What clap found wrong, in Spanish; `None` where it has nothing of ours to say (help, a version, a broken pipe).
pub(crate) fn in_spanish(error: &clap::Error) -> Option<String> {
    let message = message(error)?;
    let mut lines = vec![format!("{} {message}", styled(RED.bold(), "error:"))];
    lines.extend(hints(error).into_iter().map(|hint| format!("{} {hint}", styled(CYAN, "pista:"))));
    // clap keeps the usage line apart, with its English word in front.
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        let usage = usage.replace("[OPTIONS]", "[OPCIONES]").replace("<COMMAND>", "<COMANDO>");
        lines.push(format!("\nUso: {}", usage.trim_start_matches("Usage:").trim()));
    }
    lines.push("\nMás información con --help.".to_owned());
    Some(lines.join("\n"))
}

/// The same as a failure like any other, in both languages.
pub(crate) fn failure(error: &clap::Error) -> Failure {
    let plain = error.to_string();
    // What clap says stands before its usage; its hints begin with `tip:`.
    let words = plain.split("\n\nUsage:").next().unwrap_or_default();
    let (tips, said): (Vec<&str>, Vec<&str>) =
        words.lines().map(str::trim).filter(|line| !line.is_empty()).partition(|line| line.starts_with("tip:"));
    let english = said.join(" ");
    let english = english.strip_prefix("error: ").unwrap_or(&english).to_owned();
    let spanish = message(error).unwrap_or_else(|| english.clone());
    let failure = Failure::new(Exit::Usage, english, spanish);
    let tips: Vec<&str> = tips.iter().map(|tip| tip.trim_start_matches("tip:").trim()).collect();
    let hints = hints(error);
    if tips.is_empty() && hints.is_empty() {
        return failure.hint("more with --help", "más información con --help");
    }
    failure.hint(tips.join("; "), hints.join("; "))
}

/// A path with a newline or another control character in it is a slip of the shell: it is told at once, and not by whatever
/// trips over it later.
pub(crate) fn refuse_odd_paths(command: &Command, matches: &ArgMatches) -> Result<()> {
    for arg in command.get_arguments().filter(|arg| arg.get_value_parser().type_id() == TypeId::of::<PathBuf>()) {
        let given = matches.try_get_raw(arg.get_id().as_str()).ok().flatten().into_iter().flatten();
        if let Some(path) = given.map(|raw| raw.to_string_lossy()).find(|path| path.contains(char::is_control)) {
            let shown = path.escape_debug().to_string();
            return Err(Failure::new(
                Exit::Usage,
                format!("a path holds a control character: \"{shown}\""),
                format!("una ruta tiene un carácter de control: \"{shown}\""),
            )
            .hint(
                "is there a stray newline or quote in the command?",
                "¿sobra un salto de línea o una comilla en el comando?",
            ));
        }
    }
    match matches.subcommand() {
        Some((name, inner)) => command.find_subcommand(name).map_or(Ok(()), |sub| refuse_odd_paths(sub, inner)),
        None => Ok(()),
    }
}

fn message(error: &clap::Error) -> Option<String> {
    let arg = || text(error, ContextKind::InvalidArg);
    let value = || text(error, ContextKind::InvalidValue);
    let sub = || text(error, ContextKind::InvalidSubcommand);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("no se esperaba el argumento `{}`", arg()?),
        ErrorKind::InvalidSubcommand => format!("no existe el comando `{}`", sub()?),
        ErrorKind::MissingRequiredArgument => format!("falta: {}", arg()?),
        ErrorKind::MissingSubcommand => {
            format!("a `{}` le falta un comando: {}", sub()?, text(error, ContextKind::ValidSubcommand)?)
        }
        ErrorKind::InvalidValue if value()?.is_empty() => format!("`{}` necesita un valor{}", arg()?, choices(error)),
        ErrorKind::InvalidValue => format!("`{}` no es un valor para `{}`{}", value()?, arg()?, choices(error)),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(|why| format!(" ({why})")).unwrap_or_default();
            format!("`{}` no es un valor para `{}`{why}", value()?, arg()?)
        }
        ErrorKind::ArgumentConflict => match (arg().or_else(sub)?, text(error, ContextKind::PriorArg)) {
            (arg, Some(prior)) if arg == prior => format!("`{arg}` solo se puede dar una vez"),
            (arg, Some(prior)) => format!("`{arg}` no se puede usar junto con `{prior}`"),
            (arg, None) => format!("`{arg}` no se puede usar junto con lo demás"),
        },
        ErrorKind::TooManyValues => format!("sobra el valor `{}` de `{}`", value()?, arg()?),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("`{}` no tiene los valores que necesita", arg()?)
        }
        ErrorKind::NoEquals => format!("`{}` necesita su valor con `=`", arg()?),
        ErrorKind::InvalidUtf8 => "un argumento no es UTF-8".to_owned(),
        _ => return None,
    })
}

fn choices(error: &clap::Error) -> String {
    text(error, ContextKind::ValidValue).map(|values| format!("; puede ser: {values}")).unwrap_or_default()
}

/// The nearest names, and how to give a text that looks like an option.
fn hints(error: &clap::Error) -> Vec<String> {
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let mut hints: Vec<String> = suggested
        .into_iter()
        .filter_map(|kind| text(error, kind))
        .map(|names| format!("¿quiso decir `{}`?", names.replace(", ", "` o `")))
        .collect();
    let arg = text(error, ContextKind::InvalidArg).filter(|arg| arg.starts_with('-'));
    if let (ErrorKind::UnknownArgument, Some(arg), true) = (error.kind(), arg, hints.is_empty()) {
        hints.push(format!("para dar `{arg}` como texto, póngalo después de `--`"));
    }
    hints
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::in_spanish;
    use crate::cli::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn every_common_slip_is_told_in_spanish_with_the_nearest_name() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["rum"], &["no existe el comando `rum`", "`run`"]),
            (&["runs", "resum"], &["no existe el comando `resum`", "`resume`"]),
            (&["run", "x", "--yess"], &["no se esperaba el argumento `--yess`", "¿quiso decir `--yes`?"]),
            (&["run", "x", "--zzz"], &["no se esperaba el argumento `--zzz`", "después de `--`"]),
            (&["run", "a", "b"], &["no se esperaba el argumento `b`", "Uso: sereno run"]),
            (&["plan"], &["falta: <PROCEDURE>", "Uso: sereno plan"]),
            (&["runs", "cancel", "r-1"], &["falta: --reason <TEXT>"]),
            (&["--format", "xml", "runs", "list"], &["`xml` no es un valor", "puede ser: text, json, sarif"]),
            (&["--format", "jsn", "runs", "list"], &["¿quiso decir `json`?"]),
            (&["runs", "list", "--limit", "many"], &["`many` no es un valor para `--limit <LIMIT>`"]),
            (&["runs", "list", "--limit"], &["`--limit <LIMIT>` necesita un valor"]),
            (&["runs", "resume", "r", "--retry", "a", "--skip", "b"], &["no se puede usar junto con"]),
            (&["run", "x", "--yes", "--yes"], &["solo se puede dar una vez"]),
        ];
        for (arguments, words) in cases {
            let command = Cli::command();
            let error = command.try_get_matches_from([&["sereno"], *arguments].concat()).expect_err("it is wrong");
            let said = in_spanish(&error).unwrap_or_else(|| panic!("{arguments:?}: {error}"));
            for word in *words {
                assert!(said.contains(word), "{arguments:?} should say `{word}`:\n{said}");
            }
            for english in ["argument '", "required", "unexpected", "invalid value", "Usage", "tip:"] {
                assert!(!said.contains(english), "{arguments:?} says `{english}`:\n{said}");
            }
        }
    }
}
