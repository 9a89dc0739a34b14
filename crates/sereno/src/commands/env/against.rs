//! An environment beside a list of the names that it should have, such as `.env.example`.

use crate::cli::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::render::{GREEN, RED, YELLOW, one_line, styled};
use crate::report::{Result, unusable};
use sereno_model::Lang;
use sereno_model::redact::dotenv;
use sereno_platform::Variable;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a list declares.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declared {
    needed: BTreeSet<String>,
    /// Those that stand there as comments: `# NAME=value`.
    optional: BTreeSet<String>,
}

#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Comparison {
    missing: Vec<String>,
    /// Declared and there, with nothing in it.
    empty: Vec<String>,
    extra: Vec<String>,
    /// What could not be read, so that what seems to be missing may be there.
    unreadable: Vec<String>,
}

pub(super) fn declared(path: &Path) -> Result<Declared> {
    let bytes = fs::read(path).map_err(|error| unusable(Exit::Usage, path, &error))?;
    Ok(read(&String::from_utf8_lossy(&bytes)))
}

fn read(text: &str) -> Declared {
    let names = |text: &str| dotenv::parse(text).into_iter().map(|(name, _)| name).collect::<BTreeSet<String>>();
    let needed = names(text);
    let comments = text.lines().filter_map(|line| line.trim_start().strip_prefix('#')).map(str::trim_start);
    // A sentence with an equals sign in it names nothing.
    let is_entry = |line: &&str| line.split_once('=').is_some_and(|(name, _)| !name.trim_end().contains(' '));
    let optional = comments.filter(is_entry).flat_map(names).filter(|name| !needed.contains(name)).collect();
    Declared { needed, optional }
}

pub(super) fn compare(declared: &Declared, variables: &[Variable]) -> Comparison {
    let there = |name: &String| variables.iter().any(|variable| variable.name == *name);
    // What comes with the image, the shell or the platform is nobody's to declare.
    let is_own = |variable: &&Variable| {
        let source = variable.source.split(' ').next().unwrap_or_default();
        !matches!(source, "image" | "shell" | "pm2" | "sereno") && !source.starts_with("field/")
    };
    let unique = |names: BTreeSet<&String>| names.into_iter().cloned().collect::<Vec<String>>();
    let (unreadable, known): (Vec<&Variable>, Vec<&Variable>) =
        variables.iter().partition(|variable| variable.name == Variable::UNKNOWN);
    let is_empty = |variable: &&&Variable| variable.value.as_ref().is_some_and(|value| value.trim().is_empty());
    let names =
        |variable: &&Variable| declared.needed.contains(&variable.name) || declared.optional.contains(&variable.name);
    Comparison {
        missing: declared.needed.iter().filter(|name| !there(name)).cloned().collect(),
        empty: unique(
            known.iter().filter(is_empty).filter(|v| declared.needed.contains(&v.name)).map(|v| &v.name).collect(),
        ),
        extra: unique(known.iter().filter(|v| !names(v)).copied().filter(is_own).map(|v| &v.name).collect()),
        unreadable: unique(unreadable.iter().map(|variable| &variable.source).collect()),
    }
}

pub(super) fn tell(context: &Context, found: &Comparison) -> Exit {
    let exit = if found.missing.is_empty() { Exit::Done } else { Exit::Failed };
    if context.format == Format::Json {
        output::line(serde_json::json!(found));
        return exit;
    }
    let is_spanish = context.lang == Lang::Es;
    let kinds = [
        (&found.missing, RED.bold(), if is_spanish { "falta" } else { "missing" }),
        (&found.empty, YELLOW, if is_spanish { "vacía" } else { "empty" }),
        (&found.extra, YELLOW, if is_spanish { "sin declarar" } else { "not declared" }),
        (&found.unreadable, YELLOW, if is_spanish { "no se puede leer" } else { "cannot be read" }),
    ];
    for (names, style, word) in kinds {
        for name in names {
            output::line(format!("{}  {}", styled(style, word), one_line(name)));
        }
    }
    if !found.missing.is_empty() && !found.unreadable.is_empty() {
        output::say(match context.lang {
            Lang::En => "what is missing may be in what cannot be read",
            Lang::Es => "lo que falta puede estar en lo que no se puede leer",
        });
    } else if found.missing.is_empty() {
        output::line(styled(GREEN, if is_spanish { "nada falta" } else { "nothing is missing" }));
    }
    exit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: Option<&str>, source: &str) -> Variable {
        Variable { name: name.to_owned(), value: value.map(str::to_owned), source: source.to_owned(), is_secret: false }
    }

    #[test]
    fn what_is_missing_empty_and_extra_is_told() {
        let declared = read(
            "# The database, as host=port in docs\nDATABASE_URL=\nREDIS_URL=redis://x\nMODE=dev\n# LOG_LEVEL=info\n#SENTRY=\n",
        );
        assert_eq!(declared.optional, ["LOG_LEVEL", "SENTRY"].map(str::to_owned).into());
        let all = [
            variable("*", None, "secret/more"),
            variable("MODE", Some("live"), "compose"),
            variable("REDIS_URL", Some(" "), "compose @api_1"),
            variable("LOG_LEVEL", Some(""), "compose"),
            variable("PATH", Some("/bin"), "image @api_1"),
            variable("OLD_FLAG", Some("1"), "compose"),
            variable("OLD_FLAG", Some("2"), "compose @api_2"),
        ];
        let found = compare(&declared, &all);
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let expected = Comparison {
            missing: texts(&["DATABASE_URL"]),
            empty: texts(&["REDIS_URL"]),
            extra: texts(&["OLD_FLAG"]),
            unreadable: texts(&["secret/more"]),
        };
        assert_eq!(found, expected);
        let hidden = compare(&declared, &[variable("DATABASE_URL", None, "secret/x:y")]);
        assert!(!hidden.missing.contains(&"DATABASE_URL".to_owned()), "what may not be read is there");
    }
}
