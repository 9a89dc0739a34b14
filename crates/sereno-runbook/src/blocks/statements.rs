//! The statements of a block: what a shell may be given, with its risk and effects, and what it must never be given.

use super::kind::Kind;
use super::lines::Line;
use super::prompts::Client;
use super::repl;
use super::roles::{self, Foreign, Role};
use crate::document::RawBlock;
use crate::model::Statement;
use crate::text::fold;
use sereno_effects::{Analysis, Knowledge, Opens, analyze_shell};
use sereno_model::{Effect, Flag, Risk};
use std::ops::Range;

/// The statements of a block and what they come to.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) statements: Vec<Statement>,
    pub(super) effects: Vec<Effect>,
    pub(super) risk: Option<Risk>,
    /// What the shell's own text says; empty for other classes.
    pub(super) analysis: Analysis,
    pub(super) nested: bool,
    pub(super) has_repl: bool,
    /// A client was opened and its lines follow.
    pub(super) opened: bool,
    /// Its first command is for the shell that an earlier block entered.
    pub(super) continued: bool,
    pub(super) has_output: bool,
    /// Where the reader is left at the end of the block.
    pub(super) left_in: Option<Opens>,
}

/// Reads a block of shell. `entered` is where an earlier block left the reader.
pub(super) fn shell(
    raw: &RawBlock,
    lines: &[Line],
    roles: &[Role],
    entered: Option<&Opens>,
    knowledge: &Knowledge,
) -> Reading {
    let masked = mask(&raw.text, lines, roles);
    let analysis = analyze_shell(&masked, knowledge);
    let mut reading = Reading::default();
    let mut inside = Inside::begin(entered);
    let mut pieces = pieces(&analysis, lines, roles);
    pieces.sort_by_key(|piece| piece.span().start);
    let mut before = 0;
    for piece in pieces {
        let span = piece.span();
        match piece {
            Piece::Shell(found) => {
                inside.step(found, masked.get(before..span.start).unwrap_or_default());
                let statement = shell_statement(raw, &masked, found, inside.nested);
                reading.nested |= inside.nested && entered.is_none();
                reading.continued |= inside.nested && entered.is_some() && reading.statements.is_empty();
                reading.statements.push(statement);
            }
            Piece::Foreign(foreign, span) => {
                let statement = foreign_statement(raw, lines, foreign, &span, inside.client, knowledge);
                reading.has_repl |= foreign == Foreign::Repl;
                // Lines with a client's prompt below a command: that command opened the client, known or not.
                let prompted =
                    line_at(lines, span.start).is_some_and(|line| matches!(line.kind, Kind::Client | Kind::Angle));
                let opened = foreign == Foreign::Repl
                    && (inside.client.is_some() || (prompted && !reading.statements.is_empty()));
                reading.nested |= opened;
                reading.opened |= opened;
                reading.has_output |= foreign == Foreign::Output;
                reading.statements.push(statement);
            }
        }
        before = span.end;
    }
    reading.left_in = inside.left_in;
    reading.sum(&analysis.effects);
    if reading.risk.is_none() || !analysis.errors.is_empty() {
        // A text that is not valid shell is never less than unclear.
        reading.risk = reading.risk.max(Some(if analysis.errors.is_empty() { Risk::Observe } else { Risk::Unclear }));
    }
    if roles::prints_before_any_command(lines, roles) {
        reading.risk = reading.risk.max(Some(Risk::Unclear));
    }
    reading.analysis = analysis;
    reading
}

/// Reads a block of SQL: one statement for each of its statements.
pub(super) fn sql(raw: &RawBlock, lines: &[Line], knowledge: &Knowledge) -> Reading {
    let mut reading = Reading::default();
    for span in sql_spans(&raw.text) {
        let text = raw.text.get(span.clone()).unwrap_or_default();
        let (risk, effects) = repl::read_sql(text, knowledge);
        let line = raw.first_line + line_index(lines, span.start);
        reading.statements.push(Statement {
            line,
            text: text.to_owned(),
            risk: Some(risk),
            effects,
            span,
            ..Statement::default()
        });
    }
    reading.has_output = lines.iter().any(|line| matches!(line.kind, Kind::Table | Kind::Printed));
    reading.sum(&[]);
    reading.risk = reading.risk.or(Some(Risk::Observe));
    reading
}

impl Reading {
    pub(super) fn sum(&mut self, first: &[Effect]) {
        self.effects = first.to_vec();
        for effect in self.statements.iter().flat_map(|statement| &statement.effects) {
            if !self.effects.contains(effect) {
                self.effects.push(effect.clone());
            }
        }
        self.risk = Risk::highest(self.statements.iter().filter_map(|statement| statement.risk));
    }
}

enum Piece<'a> {
    Shell(&'a sereno_effects::Statement),
    Foreign(Foreign, Range<usize>),
}

impl Piece<'_> {
    fn span(&self) -> Range<usize> {
        match self {
            Self::Shell(statement) => statement.span.clone(),
            Self::Foreign(_, span) => span.clone(),
        }
    }
}

fn pieces<'a>(analysis: &'a Analysis, lines: &[Line], roles: &[Role]) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece> = analysis.statements.iter().map(Piece::Shell).collect();
    let mut run: Option<(Foreign, Range<usize>)> = None;
    for (line, role) in lines.iter().zip(roles) {
        let span = line.start..line.start + line.text.len();
        match (role, &mut run) {
            (Role::Foreign(found), Some((running, open))) if found == running && goes_on(*found, lines, line, open) => {
                open.end = span.end;
            }
            (Role::Blank, Some((Foreign::Output, _))) => {}
            (Role::Foreign(found), _) => {
                pieces.extend(run.take().map(|(foreign, span)| Piece::Foreign(foreign, span)));
                run = Some((*found, span));
            }
            _ => pieces.extend(run.take().map(|(foreign, span)| Piece::Foreign(foreign, span))),
        }
    }
    pieces.extend(run.map(|(foreign, span)| Piece::Foreign(foreign, span)));
    pieces
}

/// Output, files and queries are one piece; what is typed is one piece for each line, but a statement of SQL is one up
/// to its semicolon.
fn goes_on(found: Foreign, lines: &[Line], line: &Line, open: &Range<usize>) -> bool {
    match found {
        Foreign::Output | Foreign::Config | Foreign::Promql => true,
        Foreign::Repl => {
            let began = line_at(lines, open.start).is_some_and(|first| first.kind == Kind::Sql);
            let before = line_index(lines, open.end.saturating_sub(1));
            let ended = lines.get(before).is_some_and(|last| last.text.trim_end().ends_with(';'));
            began && !ended && !matches!(line.kind, Kind::Client | Kind::Angle | Kind::ClientLine)
        }
        Foreign::Env | Foreign::Prose => false,
    }
}

/// The block's text with everything that is not for the shell blanked out, byte for byte, so that spans stay true.
fn mask(text: &str, lines: &[Line], roles: &[Role]) -> String {
    let mut masked = String::with_capacity(text.len());
    for (line, role) in lines.iter().zip(roles) {
        // Line ends between the lines are copied as they are.
        masked.push_str(text.get(masked.len()..line.start).unwrap_or_default());
        let kept_from = match role {
            Role::Foreign(_) => line.text.len(),
            Role::Run => line.prompt,
            Role::Blank | Role::Comment => 0,
        };
        masked.extend(std::iter::repeat_n(' ', kept_from));
        masked.push_str(line.text.get(kept_from..).unwrap_or_default());
    }
    masked.push_str(text.get(masked.len()..).unwrap_or_default());
    masked
}

fn shell_statement(raw: &RawBlock, masked: &str, found: &sereno_effects::Statement, nested: bool) -> Statement {
    let mut flags = Vec::new();
    if found.interactive.is_some() {
        flags.push(Flag::Interactive);
    }
    if found.endless {
        flags.push(Flag::Endless);
    }
    if nested {
        flags.push(Flag::Nested);
    }
    Statement {
        line: raw.first_line + found.line.saturating_sub(1),
        text: masked.get(found.span.clone()).unwrap_or_default().trim().to_owned(),
        risk: Some(found.risk),
        foreign: nested.then(|| "nested".to_owned()),
        effects: found.effects.clone(),
        flags,
        job_control: found.job_control,
        span: found.span.clone(),
    }
}

fn foreign_statement(
    raw: &RawBlock,
    lines: &[Line],
    foreign: Foreign,
    span: &Range<usize>,
    client: Option<Client>,
    knowledge: &Knowledge,
) -> Statement {
    let index = line_index(lines, span.start);
    let line = lines.get(index);
    let payload = line.map(Line::payload).unwrap_or_default();
    let payload = if line.is_some_and(|line| line.kind == Kind::Sql) {
        raw.text.get(span.clone()).unwrap_or_default()
    } else {
        payload
    };
    let text = if foreign == Foreign::Repl { payload } else { raw.text.get(span.clone()).unwrap_or_default() };
    let (risk, effects) = match foreign {
        Foreign::Repl if !payload.is_empty() => {
            let (risk, effects) = repl::read(line.and_then(|line| line.client).or(client), payload, knowledge);
            (Some(risk), effects)
        }
        _ => (None, Vec::new()),
    };
    Statement {
        line: raw.first_line + index,
        text: text.trim_end().to_owned(),
        risk,
        foreign: Some(foreign.as_str().to_owned()),
        effects,
        span: span.clone(),
        ..Statement::default()
    }
}

fn line_at<'a, 'b>(lines: &'b [Line<'a>], offset: usize) -> Option<&'b Line<'a>> {
    lines.get(line_index(lines, offset))
}

fn line_index(lines: &[Line], offset: usize) -> usize {
    lines.partition_point(|line| line.start <= offset).saturating_sub(1)
}

/// Where the reader stands while the statements go by.
struct Inside {
    /// The shell entered, of a pod, host or user.
    shell: Option<Opens>,
    /// The client opened last.
    client: Option<Client>,
    /// The statement just stepped on is for the shell entered before it.
    nested: bool,
    left_in: Option<Opens>,
}

impl Inside {
    fn begin(entered: Option<&Opens>) -> Self {
        Self { shell: entered.cloned(), client: None, nested: false, left_in: entered.cloned() }
    }

    fn step(&mut self, statement: &sereno_effects::Statement, between: &str) {
        if says_outside(between) || self.shell.as_ref().is_some_and(|shell| stands_outside(shell, statement)) {
            self.shell = None;
        }
        self.nested = self.shell.is_some();
        let leaves =
            statement.commands.first().is_some_and(|command| matches!(command.name.as_str(), "exit" | "logout"));
        if self.nested && leaves {
            self.shell = None;
            self.left_in = None;
        }
        match &statement.opens {
            Some(Opens::Client(name)) => {
                self.client = Some(repl::client_named(name));
                self.left_in.clone_from(&statement.opens);
            }
            Some(opens) => {
                self.shell = Some(opens.clone());
                self.left_in = Some(opens.clone());
            }
            None => {
                if !self.nested {
                    self.left_in = None;
                }
            }
        }
    }
}

/// A comment says that what follows is typed outside again.
fn says_outside(between: &str) -> bool {
    if !between.contains('#') {
        return false;
    }
    let folded = fold(between);
    [
        "fuera",
        "outside",
        "desde tu",
        "from your",
        "back on",
        "de vuelta",
        "en tu maquina",
        "your machine",
        "local machine",
        "en el host",
        "on the host",
        "desde el host",
        "from the host",
    ]
    .iter()
    .any(|phrase| super::words::has_phrase(&folded, phrase))
}

/// Commands that are not typed inside of what was entered: `kubectl` after entering a pod, `ssh` after `ssh`.
fn stands_outside(shell: &Opens, statement: &sereno_effects::Statement) -> bool {
    let Some(name) = statement.commands.first().map(|command| command.name.as_str()) else {
        return false;
    };
    match shell {
        Opens::Container(_) => matches!(name, "kubectl" | "oc" | "docker" | "docker-compose" | "podman" | "helm" | "k"),
        Opens::Host(_) => matches!(statement.opens, Some(Opens::Host(_))),
        Opens::Shell(_) | Opens::Client(_) => false,
    }
}

/// The bytes of each statement of SQL: up to `;` outside of quotes, comments before it left out.
fn sql_spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut comment = false;
    let mut dollar = false;
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        if comment {
            comment = c != '\n';
            continue;
        }
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '$' && next == Some('$') => {
                dollar = !dollar;
                chars.next();
            }
            None if c == '-' && next == Some('-') && !dollar => {
                comment = true;
                continue;
            }
            None if c == '#' && start.is_none() => {
                comment = true;
                continue;
            }
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None if c == ';' && !dollar => {
                if let Some(start) = start.take() {
                    spans.push(start..at + 1);
                }
                continue;
            }
            None => {}
        }
        if !c.is_whitespace() {
            start.get_or_insert(at);
            end = at + c.len_utf8();
        }
    }
    if let Some(start) = start {
        spans.push(start..end.max(start));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_sql_end_at_semicolons_outside_of_quotes() {
        let text = "-- a; b\nSELECT ';' FROM t;\n\nDELETE FROM u\nWHERE x = 'é';\nSELECT 2";
        let found: Vec<&str> = sql_spans(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["SELECT ';' FROM t;", "DELETE FROM u\nWHERE x = 'é';", "SELECT 2"]);
    }
}
