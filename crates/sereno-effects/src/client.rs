//! Lines typed into a console that was opened before.

use crate::analysis::{Analysis, Statement};
use crate::analyzer::{Analyzer, Findings};
use crate::code;
use crate::knowledge::Knowledge;
use crate::sql::{self, Dialect};
use crate::walk::Place;
use crate::wording::{effects_of, phrased};
use sereno_model::{Effect, Risk, Text, Verb};
use std::ops::Range;

/// What lines typed into a console do. `client` is the program's name (`redis-cli`, `psql`, `mysql`, `mongosh`,
/// `python`, `rails console`…); prompts before the lines are passed over.
pub fn analyze_client(client: &str, lines: &str, knowledge: &Knowledge) -> Analysis {
    let name = client.split_whitespace().next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or(name);
    let statements = match name {
        "psql" | "pgcli" | "postgres" | "postgresql" => sql_statements(lines, Dialect::Postgres, knowledge),
        "mysql" | "mariadb" | "mycli" => sql_statements(lines, Dialect::MySql, knowledge),
        "sqlite3" | "sqlite" | "clickhouse-client" | "duckdb" | "sqlcmd" => {
            sql_statements(lines, Dialect::Other, knowledge)
        }
        "redis-cli" | "valkey-cli" | "keydb-cli" | "redis" => each_line(lines, |line, span| {
            let mut analyzer = Analyzer::new(line, knowledge);
            analyzer.redis_line(line, span, &Place::top());
            analyzer.found
        }),
        "mongosh" | "mongo" => each_line(lines, |line, _| {
            let mut analyzer = Analyzer::new(line, knowledge);
            analyzer.mongo_text(line);
            analyzer.found
        }),
        "bash" | "sh" | "zsh" | "ssh" => return crate::analyze_shell(lines, knowledge),
        _ => each_line(lines, |line, _| {
            let mut found = Findings::default();
            for effect in code::effects(line) {
                found.effect(effect);
            }
            found
        }),
    };
    Analysis {
        risk: Risk::highest(statements.iter().map(|s| s.risk)).unwrap_or_default(),
        effects: effects_of(&statements),
        statements,
        errors: Vec::new(),
        comments: Vec::new(),
    }
}

fn sql_statements(lines: &str, dialect: Dialect, knowledge: &Knowledge) -> Vec<Statement> {
    let text = without_prompts(lines);
    sql::analyze(&text, dialect, knowledge)
        .statements
        .into_iter()
        .map(|found| {
            let endless = found.endless;
            let findings = Findings { risk: found.risk, effects: found.effects, endless, ..Findings::default() };
            findings.of_statement(found.span, found.line)
        })
        .collect()
}

fn each_line(text: &str, mut read: impl FnMut(&str, &Range<usize>) -> Findings) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut start = 0;
    for (index, line) in text.split('\n').enumerate() {
        let prompt = prompt_length(line);
        let body = line.get(prompt..).unwrap_or_default();
        let trimmed = body.trim();
        let from = start + prompt + (body.len() - body.trim_start().len());
        start += line.len() + 1;
        if trimmed.is_empty() || trimmed.starts_with(['#']) || trimmed.starts_with("//") || trimmed.starts_with("--") {
            continue;
        }
        let span = from..from + trimmed.len();
        let mut found = if matches!(trimmed, "exit" | "quit" | "exit()" | "quit()" | "\\q" | ".exit") {
            Findings::default()
        } else {
            read(trimmed, &span)
        };
        for command in &mut found.commands {
            command.span = span.clone();
        }
        statements.push(found.of_statement(span, index + 1));
    }
    statements
}

/// Blanks in the place of prompts, so that offsets stay.
fn without_prompts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let prompt = prompt_length(line);
        out.extend(std::iter::repeat_n(' ', prompt));
        out.push_str(line.get(prompt..).unwrap_or_default());
    }
    out
}

/// Bytes of the prompt at the start of a line: `127.0.0.1:6379> `, `orders=# `, `mysql> `, `>>> `, `irb(main):001:0> `.
fn prompt_length(line: &str) -> usize {
    let body = line.trim_start();
    let indent = line.len() - body.len();
    // A prompt is short, and ends in `> `, `# ` or `$ `.
    let near = body.get(..crate::placeholder::floor(body, 60)).unwrap_or_default();
    for mark in ["=# ", "=> ", "-# ", "-> ", "(# ", "(> ", ">>> ", "... ", "> "] {
        let Some(at) = near.find(mark) else { continue };
        let before = near.get(..at).unwrap_or_default();
        let is_prompt = before.chars().all(|c| c.is_ascii_alphanumeric() || "_.:-[]()@/*".contains(c))
            && (mark != "-> " || before.is_empty())
            && (mark != "=> " || !before.is_empty());
        let ascii = before.is_ascii();
        if is_prompt && ascii {
            return indent + at + mark.len();
        }
    }
    0
}

/// The words of a redis-cli line, quotes removed.
pub(crate) fn redis_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut current = String::new();
    let mut quote = None;
    let mut started = false;
    let mut chars = line.trim().chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('"'), '\\') => current.extend(chars.next()),
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => current.push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                started = true;
            }
            (None, _) if c.is_whitespace() => {
                if started || !current.is_empty() {
                    words.push(std::mem::take(&mut current));
                }
                started = false;
            }
            (None, _) => current.push(c),
        }
    }
    if started || !current.is_empty() {
        words.push(current);
    }
    words
}

/// What JavaScript for MongoDB does, by the methods that it calls.
pub(crate) fn mongo_effects(text: &str, knowledge: &Knowledge) -> Vec<Effect> {
    let mut found = Vec::new();
    // Lines for the console itself stand between lines of code.
    let own =
        |line: &&str| matches!(line.split_whitespace().next(), None | Some("show" | "use" | "it" | "help" | "exit"));
    let code: Vec<&str> = text.lines().filter(|line| !own(line) || line.contains(['(', ';'])).collect();
    let text = code.join("\n");
    let text = text.as_str();
    if code.is_empty() {
        let phrase = Text::new("the state of the database", "el estado de la base de datos");
        return vec![phrased(Verb::Reads, phrase, Some("mongo"), Risk::Observe)];
    }
    let mut known_any = false;
    for name in code::called(text) {
        let Some(known) = knowledge.command(&format!("mongo:{name}")) else {
            if code::is_plain_js(&name) {
                continue;
            }
            let phrase = Text::same(format!("{name}()"));
            found.push(phrased(Verb::Runs, phrase, Some("mongo"), Risk::Unclear));
            continue;
        };
        known_any = true;
        let phrase = Text::new(format!("documents ({name})"), format!("documentos ({name})"));
        found.push(phrased(
            crate::wording::verb_for(known.default_risk()),
            phrase,
            Some("mongo"),
            known.default_risk(),
        ));
    }
    if text.contains("$out") || text.contains("$merge") {
        found.push(phrased(Verb::Writes, Text::new("documents", "documentos"), Some("mongo"), Risk::Change));
    }
    if text.contains("dropDatabase") || text.contains("shutdown:") {
        found.push(phrased(Verb::Deletes, Text::new("the database", "la base de datos"), Some("mongo"), Risk::Destroy));
    }
    if found.is_empty() && !known_any && !text.trim().is_empty() && text.contains('(') {
        found.push(phrased(Verb::Runs, Text::same(crate::analyzer::shorten(text)), Some("mongo"), Risk::Unclear));
    }
    found
}
