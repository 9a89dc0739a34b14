//! Commands of the client itself: psql's `\dt`, sqlite3's `.tables`.

use crate::knowledge::Knowledge;
use crate::wording::{merge_effects, phrased};
use sereno_model::{Effect, Risk, Text, Verb};

/// Risk and effects of a line such as `\dt` or `\! ls`.
pub(super) fn command(line: &str, knowledge: &Knowledge) -> (Risk, Vec<Effect>) {
    let body = line.strip_prefix(['\\', '.']).unwrap_or(line);
    if let Some(shell) = body.strip_prefix('!') {
        let analysis = crate::analyzer::analyze(shell.trim(), knowledge);
        return (analysis.risk, analysis.effects);
    }
    let (mut risk, mut effects) = alone(line, body, knowledge);
    // `\echo `date``: psql runs what stands in backticks.
    for text in body.split('`').skip(1).step_by(2) {
        let analysis = crate::analyzer::analyze(text, knowledge);
        risk = risk.max(analysis.risk);
        merge_effects(&mut effects, analysis.effects);
    }
    // `\x \! rm f`: one may follow the other; a path on Windows is nothing to type here.
    if let Some(next) = body.find(" \\").and_then(|at| body.get(at + 1..)).filter(|_| !takes_the_line(body)) {
        let (more, following) = command(next, knowledge);
        risk = risk.max(more);
        merge_effects(&mut effects, following);
    }
    (risk, effects)
}

fn takes_the_line(body: &str) -> bool {
    ["copy", "ef", "ev", "sf", "sv", "h ", "help"].iter().any(|name| body.starts_with(name))
}

/// One command without those that follow it on its line.
fn alone(line: &str, body: &str, knowledge: &Knowledge) -> (Risk, Vec<Effect>) {
    let name = body.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    let rest = body.get(name.len()..).unwrap_or_default().trim();
    let effect = match name {
        "shell" | "system" => {
            let analysis = crate::analyzer::analyze(rest, knowledge);
            return (analysis.risk, analysis.effects);
        }
        // `\.` and `source` are MySQL's.
        "i" | "ir" | "include" | "include_relative" | "read" | "restore" | "." => Some(phrased(
            Verb::Runs,
            Text::new(format!("the SQL file {rest}"), format!("el archivo SQL {rest}")),
            None,
            Risk::Destroy,
        )),
        "copy" => Some(copy(rest)),
        "o" | "out" | "w" | "write" | "g" | "gx" if rest.starts_with('|') => {
            let analysis = crate::analyzer::analyze(rest.trim_start_matches('|'), knowledge);
            return (analysis.risk.max(Risk::Unclear), analysis.effects);
        }
        "setenv" if sets_what_runs(rest, knowledge) => Some(phrased(Verb::Runs, Text::same(line), None, Risk::Unclear)),
        "o" | "out" | "w" | "write" | "output" | "once" | "save" | "backup" | "dump-to" | "log" | "s"
            if !rest.is_empty() =>
        {
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

/// `\setenv PAGER x`: a variable that other programs take a command from.
fn sets_what_runs(rest: &str, knowledge: &Knowledge) -> bool {
    let name = rest.split_whitespace().next().unwrap_or_default();
    knowledge.of_kind("env", name).is_some()
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
pub(super) fn after_statement(line: &str, knowledge: &Knowledge) -> (Vec<Effect>, bool) {
    let (line, next) = match line.find(" \\") {
        Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..)),
        None => (line, None),
    };
    let (mut effects, endless) = ends_statement(line);
    if let Some(next) = next {
        let (_, following) = command(next, knowledge);
        merge_effects(&mut effects, following);
    }
    (effects, endless)
}

fn ends_statement(line: &str) -> (Vec<Effect>, bool) {
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
