//! A wrong command line, said in Spanish. In English clap says it itself.

use crate::render::{CYAN, RED, styled};
use clap::error::{ContextKind, ContextValue, ErrorKind};

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
            (&["rum"], &["no existe el comando `rum`", "`run`?"]),
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
