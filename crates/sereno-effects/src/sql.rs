//! SQL: what each statement reads, changes or destroys.
//!
//! Each statement goes through a parser and through a scan of its tokens, and the riskier of the two answers holds: the
//! parser knows what kind of statement it is, the scan finds side effects wherever they stand (functions, data-modifying
//! `WITH`). What the parser refuses is at least `Unclear`.

mod classify;
mod functions;
mod look;
mod meta;
mod split;
pub(crate) mod token;

use crate::knowledge::Knowledge;
use crate::source::Lines;
use crate::wording::merge_effects;
use serde::Serialize;
use sereno_model::{Effect, Risk};
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, Dialect as SqlDialect, GenericDialect, MsSqlDialect, MySqlDialect,
    PostgreSqlDialect, SnowflakeDialect,
};
use sqlparser::parser::Parser;
use std::ops::Range;

/// What an SQL text does.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SqlAnalysis {
    pub statements: Vec<SqlStatement>,
    /// The highest risk of all statements.
    pub risk: Risk,
    pub effects: Vec<Effect>,
}

/// One statement, or one command of the client (`\dt`).
#[derive(Debug, Clone, Serialize)]
pub struct SqlStatement {
    /// Its bytes in the text, without the semicolon.
    pub span: Range<usize>,
    /// 1-based line of its first byte.
    pub line: usize,
    pub risk: Risk,
    pub effects: Vec<Effect>,
    /// The parser accepted it (commands of the client always count as accepted).
    pub parsed: bool,
    /// It repeats itself until it is stopped (`\watch`).
    pub endless: bool,
}

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    MySql,
    Other,
}

impl Dialect {
    /// The component that such a client speaks to.
    pub(crate) fn component(self) -> Option<&'static str> {
        match self {
            Self::Postgres => Some("postgres"),
            Self::MySql => Some("mysql"),
            Self::Other => None,
        }
    }
}

/// Statements longer than this are only scanned: they are data, not something a person wrote.
const MOST_PARSED: usize = 64 * 1024;

/// A chain of operators becomes a tree as deep as it is long, which is dropped by recursion.
const MOST_OPERATORS: usize = 400;

/// A level of the parser takes some 30 KB of stack in an unoptimised build.
const MOST_NESTED: usize = 18;

/// What a PostgreSQL text does, lines for `psql` (`\dt`) included.
pub fn analyze_sql(text: &str) -> SqlAnalysis {
    analyze(text, Dialect::Postgres, Knowledge::builtin())
}

pub(crate) fn analyze(text: &str, dialect: Dialect, knowledge: &Knowledge) -> SqlAnalysis {
    let lines = Lines::of(text);
    let mut all = SqlAnalysis::default();
    for piece in split::statements(text, dialect) {
        let statement = match piece {
            split::Piece::Sql { span, meta } => sql_statement(text, span, meta, dialect, knowledge),
            split::Piece::Meta(span) => meta_statement(text, span, knowledge),
        };
        let Some(mut statement) = statement else {
            continue;
        };
        statement.line = lines.line(statement.span.start);
        all.risk = all.risk.max(statement.risk);
        merge_effects(&mut all.effects, statement.effects.iter().cloned());
        all.statements.push(statement);
    }
    all
}

fn sql_statement(
    text: &str,
    span: Range<usize>,
    meta: Option<Range<usize>>,
    dialect: Dialect,
    knowledge: &Knowledge,
) -> Option<SqlStatement> {
    let raw = text.get(span.clone())?;
    let tokens = token::tokens(raw);
    if tokens.is_empty() {
        return None;
    }
    let mut effects = classify::effects(&tokens, raw, dialect, knowledge);
    let parsed = parses(raw, &tokens, dialect) || classify::is_known_beyond_the_parser(&tokens);
    let mut risk = Risk::highest(effects.iter().map(|effect| effect.risk)).unwrap_or_default();
    if !parsed {
        risk = risk.max(Risk::Unclear);
        let word = crate::salvage::destructive_word(raw);
        if word.is_some() {
            risk = Risk::Destroy;
        }
    }
    let mut endless = false;
    if let Some(meta) = meta.and_then(|span| text.get(span)) {
        let (extra, repeats) = meta::after_statement(meta, knowledge);
        endless = repeats;
        risk = risk.max(Risk::highest(extra.iter().map(|effect| effect.risk)).unwrap_or_default());
        merge_effects(&mut effects, extra);
    }
    Some(SqlStatement { span, line: 0, risk, effects, parsed, endless })
}

fn meta_statement(text: &str, span: Range<usize>, knowledge: &Knowledge) -> Option<SqlStatement> {
    let (risk, effects) = meta::command(text.get(span.clone())?, knowledge);
    Some(SqlStatement { span, line: 0, risk, effects, parsed: true, endless: false })
}

fn parses(raw: &str, tokens: &[token::Token], dialect: Dialect) -> bool {
    if raw.len() > MOST_PARSED || tokens.iter().filter(|token| token.is_operator()).count() > MOST_OPERATORS {
        return false;
    }
    // A placeholder stands where a name or a value will; the parser sees a name.
    let holes: Vec<_> = crate::placeholder::syntactic_placeholders(raw).into_iter().map(|hole| hole.span).collect();
    let masked = crate::source::mask(raw, &holes).replace(crate::word::UNKNOWN, "x");
    let own: &dyn SqlDialect = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::MySql => &MySqlDialect {},
        Dialect::Other => &GenericDialect {},
    };
    if parses_as(&masked, own) {
        return true;
    }
    // Whose SQL it is, a runbook seldom says. A query is one in any of them: what it does is read from its tokens.
    let others: [&dyn SqlDialect; 5] =
        [&GenericDialect {}, &MsSqlDialect {}, &BigQueryDialect {}, &SnowflakeDialect {}, &ClickHouseDialect {}];
    let queries = tokens.first().is_some_and(|first| first.is("SELECT") || first.is("WITH"));
    queries && others.into_iter().any(|other| parses_as(&masked, other))
}

fn parses_as(text: &str, dialect: &dyn SqlDialect) -> bool {
    Parser::new(dialect)
        .with_recursion_limit(MOST_NESTED)
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_statements())
        .is_ok_and(|statements| statements.len() == 1)
}
