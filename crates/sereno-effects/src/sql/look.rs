//! Looking things up among a statement's tokens.

use super::token::Token;

pub(super) fn has(all: &[Token], word: &str) -> bool {
    all.iter().any(|token| token.is(word))
}

/// Words directly before an opening parenthesis, schema left out. After a closing one or `AS` it is a name for columns:
/// `unnest(pids) AS b(pid)`.
pub(super) fn calls(all: &[Token]) -> Vec<String> {
    let names_columns = |index: usize| {
        index.checked_sub(1).and_then(|before| all.get(before)).is_some_and(|before| {
            *before == Token::Symbol(')')
                || before.is("AS") && index.checked_sub(2).and_then(|at| all.get(at)) == Some(&Token::Symbol(')'))
        })
    };
    all.iter()
        .enumerate()
        .zip(all.iter().skip(1))
        .filter(|((index, _), next)| **next == Token::Symbol('(') && !names_columns(*index))
        .filter_map(|((_, token), _)| match token {
            Token::Word(name) => Some(name.clone()),
            Token::Quoted(name) => Some(name.to_uppercase()),
            _ => None,
        })
        .collect()
}

/// The table in `SELECT … INTO table`, at the statement's own level.
pub(super) fn selects_into(all: &[Token]) -> Option<String> {
    let mut depth = 0usize;
    for (index, token) in all.iter().enumerate() {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            Token::Word(word)
                if word == "INTO"
                    && depth == 0
                    && index > 0
                    && !all[index - 1].is("INSERT")
                    && !all[index - 1].is("MERGE") =>
            {
                let mut rest = all.get(index + 1..).unwrap_or_default().iter();
                let next =
                    rest.find(|token| !["TABLE", "TEMP", "TEMPORARY", "UNLOGGED"].iter().any(|word| token.is(word)))?;
                let file = next.is("OUTFILE") || next.is("DUMPFILE") || *next == Token::Symbol('@');
                return if file { None } else { name_of(next) };
            }
            _ => {}
        }
    }
    None
}

pub(super) fn name_of(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) => Some(word.to_lowercase()),
        Token::Quoted(name) => Some(name.clone()),
        _ => None,
    }
}

/// The name after the first of these words, with its schema.
pub(super) fn after(all: &[Token], words: &[&str]) -> Option<String> {
    let at = all.iter().position(|token| token.word().is_some_and(|word| words.contains(&word)))?;
    let mut rest = all.get(at + 1..)?.iter().skip_while(|token| {
        ["ONLY", "TABLE", "IF", "EXISTS", "NOT", "CONCURRENTLY", "LATERAL"].iter().any(|word| token.is(word))
            || **token == Token::Symbol('(')
    });
    let mut name = name_of(rest.next()?)?;
    while rest.next() == Some(&Token::Symbol('.')) {
        name = format!("{name}.{}", name_of(rest.next()?)?);
    }
    Some(name)
}

pub(super) fn after_token<'t>(all: &'t [Token], word: &str) -> &'t [Token] {
    let at = all.iter().position(|token| token.is(word)).map_or(all.len(), |at| at + 1);
    all.get(at..).unwrap_or_default()
}

/// Where the parenthesis around these tokens closes.
pub(super) fn closing(all: &[Token]) -> usize {
    let mut depth = 0usize;
    for (index, token) in all.iter().enumerate() {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') if depth == 0 => return index,
            Token::Symbol(')') => depth -= 1,
            _ => {}
        }
    }
    all.len()
}

/// Kind and name of the object in `DROP TABLE IF EXISTS x`.
pub(super) fn object_of(all: &[Token]) -> (String, Option<String>) {
    const KINDS: &[&str] = &[
        "TABLE",
        "DATABASE",
        "SCHEMA",
        "INDEX",
        "VIEW",
        "USER",
        "ROLE",
        "EXTENSION",
        "FUNCTION",
        "PROCEDURE",
        "TRIGGER",
        "SEQUENCE",
        "TYPE",
        "SYSTEM",
        "PUBLICATION",
        "SUBSCRIPTION",
        "TABLESPACE",
        "POLICY",
        "OWNED",
    ];
    let Some(at) = all.iter().position(|token| token.word().is_some_and(|word| KINDS.contains(&word))) else {
        let name = all.iter().skip(1).find(|token| {
            !matches!(token, Token::Symbol(_))
                && !["FULL", "VERBOSE", "ANALYZE", "FREEZE"].iter().any(|word| token.is(word))
        });
        return (String::new(), name.and_then(name_of));
    };
    let kind = all.get(at).and_then(Token::word).unwrap_or_default().to_owned();
    (kind.clone(), after(all.get(at..).unwrap_or_default(), &[kind.as_str()]))
}

pub(super) fn kind_words(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "TABLE" => ("table", "la tabla"),
        "DATABASE" => ("database", "la base de datos"),
        "SCHEMA" => ("schema", "el esquema"),
        "INDEX" => ("index", "el índice"),
        "VIEW" => ("view", "la vista"),
        "USER" | "ROLE" => ("role", "el rol"),
        "EXTENSION" => ("extension", "la extensión"),
        "FUNCTION" | "PROCEDURE" => ("function", "la función"),
        "TRIGGER" => ("trigger", "el disparador"),
        "SEQUENCE" => ("sequence", "la secuencia"),
        "TYPE" => ("type", "el tipo"),
        "SYSTEM" => ("settings of the server", "los ajustes del servidor"),
        "PUBLICATION" | "SUBSCRIPTION" => ("replication", "la replicación"),
        _ => ("the database", "la base de datos"),
    }
}

/// `TRUE`, `1 = 1`, alone or beside an `OR`.
pub(super) fn holds_always(condition: &[Token]) -> bool {
    condition.split(|token| token.is("OR")).any(|part| match part {
        [Token::Word(word)] => word == "TRUE",
        [Token::Number(a), Token::Symbol('='), Token::Number(b)]
        | [Token::Text(a), Token::Symbol('='), Token::Text(b)] => a == b,
        _ => false,
    })
}
