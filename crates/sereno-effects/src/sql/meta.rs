//! Commands of the client itself: psql's `\dt`, sqlite3's `.tables`.

use super::token::Token;
use crate::knowledge::Knowledge;
use crate::wording::phrased;
use sereno_model::{Effect, Risk, Text, Verb};

/// Risk and effects of a line such as `\dt` or `\! ls`.
pub(super) fn command(line: &str, knowledge: &Knowledge) -> (Risk, Vec<Effect>) {
    let body = line.trim_start_matches(['\\', '.']);
    let name = body.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    let rest = body.get(name.len()..).unwrap_or_default().trim();
    if let Some(shell) = body.strip_prefix('!') {
        let analysis = crate::analyzer::analyze(shell.trim(), knowledge);
        return (analysis.risk, analysis.effects);
    }
    let effect = match name {
        "shell" | "system" => {
            let analysis = crate::analyzer::analyze(rest, knowledge);
            return (analysis.risk, analysis.effects);
        }
        "i" | "ir" | "include" | "include_relative" | "read" | "restore" => Some(phrased(
            Verb::Runs,
            Text::new(format!("the SQL file {rest}"), format!("el archivo SQL {rest}")),
            None,
            Risk::Destroy,
        )),
        "copy" => Some(copy(rest)),
        "o" | "out" | "w" | "write" | "output" | "once" | "save" | "backup" | "dump-to" | "log" if !rest.is_empty() => {
            Some(phrased(Verb::Writes, Text::same(rest), None, Risk::Change))
        }
        "password" | "lo_import" | "import" | "e" | "ef" | "ev" | "edit" => {
            Some(phrased(Verb::Updates, Text::same(name), None, Risk::Change))
        }
        "lo_unlink" => Some(phrased(Verb::Deletes, Text::same(rest), None, Risk::Destroy)),
        "gexec" => Some(phrased(
            Verb::Runs,
            Text::new("the query's results as SQL", "los resultados de la consulta como SQL"),
            None,
            Risk::Destroy,
        )),
        _ if shows(name) => None,
        _ => Some(phrased(Verb::Runs, Text::same(line), None, Risk::Unclear)),
    };
    match effect {
        Some(effect) => (effect.risk, vec![effect]),
        None => (
            Risk::Observe,
            vec![phrased(
                Verb::Reads,
                Text::new("the state of the database", "el estado de la base de datos"),
                None,
                Risk::Observe,
            )],
        ),
    }
}

/// `\copy x FROM file` writes rows; `\copy x TO file` writes a file.
fn copy(rest: &str) -> Effect {
    let upper = rest.to_uppercase();
    if upper.contains(" TO STDOUT") || upper.contains(" TO PSTDOUT") {
        phrased(Verb::Reads, Text::new("rows", "filas"), None, Risk::Observe)
    } else if crate::salvage::destructive_word(rest).is_some() {
        phrased(Verb::Deletes, Text::same(rest), None, Risk::Destroy)
    } else if upper.contains(" PROGRAM ") {
        phrased(Verb::Runs, Text::new("a program", "un programa"), None, Risk::Unclear)
    } else {
        phrased(Verb::Writes, Text::new("rows or a file", "filas o un archivo"), None, Risk::Change)
    }
}

/// The client's commands that show something or change only the client.
fn shows(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "l",
        "l+",
        "c",
        "connect",
        "conninfo",
        "timing",
        "x",
        "q",
        "quit",
        "exit",
        "a",
        "t",
        "f",
        "h",
        "help",
        "?",
        "copyright",
        "echo",
        "qecho",
        "warn",
        "encoding",
        "errverbose",
        "g",
        "gx",
        "gdesc",
        "gset",
        "html",
        "H",
        "if",
        "elif",
        "else",
        "endif",
        "p",
        "print",
        "prompt",
        "pset",
        "r",
        "reset",
        "s",
        "set",
        "setenv",
        "sf",
        "sv",
        "sf+",
        "sv+",
        "unset",
        "z",
        "C",
        "T",
        "o",
        "out",
        "w",
        "cd",
        "tables",
        "schema",
        "databases",
        "indexes",
        "mode",
        "headers",
        "nullvalue",
        "width",
        "show",
        "stats",
        "timer",
        "dbinfo",
        "status",
        "u",
        "use",
        "G",
        "dump",
        "explain",
        "separator",
        "bail",
        "echo",
        "eqp",
        "fullschema",
        "lint",
        "open",
        "changes",
        "watch",
        "getenv",
        "nopager",
        "n",
        "pager",
        "P",
        "R",
        "W",
        "warnings",
        "d",
    ];
    name.is_empty() || NAMES.contains(&name) || (name.starts_with('d') && name.len() <= 6 && name != "dump-to")
}

/// What a command after a statement adds: `SELECT … \gexec`, `\watch 2`, `\g file`. And whether it repeats.
pub(super) fn after_statement(line: &str, _statement: &[Token]) -> (Vec<Effect>, bool) {
    let body = line.trim_start_matches('\\');
    let name = body.split_whitespace().next().unwrap_or_default();
    let rest = body.get(name.len()..).unwrap_or_default().trim();
    match name {
        "gexec" => (
            vec![phrased(
                Verb::Runs,
                Text::new("the query's results as SQL", "los resultados de la consulta como SQL"),
                None,
                Risk::Destroy,
            )],
            false,
        ),
        "watch" => (Vec::new(), true),
        "g" | "gx" if rest.starts_with('|') => {
            (vec![phrased(Verb::Runs, Text::same(rest), None, Risk::Unclear)], false)
        }
        "g" | "gx" if !rest.is_empty() => (vec![phrased(Verb::Writes, Text::same(rest), None, Risk::Change)], false),
        "g" | "gx" | "gset" | "gdesc" | "crosstabview" | "G" | "p" | "r" | "x" | "q" | ";" | "\\" => {
            (Vec::new(), false)
        }
        _ => (vec![phrased(Verb::Runs, Text::same(line), None, Risk::Unclear)], false),
    }
}
