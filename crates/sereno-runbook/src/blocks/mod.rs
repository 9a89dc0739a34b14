//! What each block is.
//!
//! A block's class comes from weighing what its lines are, what its tag promises and what the text around it says (see
//! [`evidence`]). Then its lines are given roles, its statements analysed, its placeholders found and its flags set. It
//! does not cut procedures, and it never changes a block's text.

mod command;
mod consoles;
mod dialect;
mod directory;
mod evidence;
mod examples;
mod features;
mod form;
mod json;
mod kind;
mod languages;
mod leads;
mod lines;
mod near;
mod past;
mod pattern;
mod patterns;
mod prompts;
mod promql;
mod repl;
mod roles;
mod shapes;
mod sieve;
mod sql;
mod statements;
mod tag;
mod telling;
mod values;
mod words;

use crate::document::{Document, RawBlock};
use crate::model::{Block, PlaceholderKind};
use evidence::Case;
use lines::Line;
use near::Near;
use past::Past;
use prompts::Client;
use roles::{Foreign, Role};
use sereno_effects::{Knowledge, Opens};
use sereno_model::{BlockClass, Diagnostic, Flag, Severity, Text};
use statements::Reading;
use std::ops::Range;
use tag::Tag;

/// More blocks than these, or more bytes in them, are no person's commands: judging them would take minutes.
const MOST_BLOCKS: usize = 20_000;
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Gives every block its class, flags and risk. One [`Block`] for each [`RawBlock`], in order; `section` is left for
/// the caller.
pub fn classify(raws: &[RawBlock], document: &Document, knowledge: &Knowledge) -> (Vec<Block>, Vec<Diagnostic>) {
    let mut past = Past::default();
    let mut diagnostics = Vec::new();
    let mut blocks = Vec::with_capacity(raws.len());
    let mut bytes = 0;
    for raw in raws {
        bytes += raw.text.len();
        if blocks.len() >= MOST_BLOCKS || bytes > MOST_BYTES {
            diagnostics.push(too_many(raw, document));
            let rest = raws.get(blocks.len()..).unwrap_or_default();
            blocks.extend(rest.iter().map(|raw| finished(raw, BlockClass::Other, Reading::default())));
            break;
        }
        past.enter(raw, document);
        let block = block(raw, &mut past, knowledge);
        diagnostics.extend(tag_diagnostic(raw, &block, document));
        blocks.push(block);
    }
    (blocks, diagnostics)
}

fn block(raw: &RawBlock, past: &mut Past, knowledge: &Knowledge) -> Block {
    let functions = command::defined_functions(&raw.text);
    let knows = |name: &str| knowledge.knows(name) || functions.contains(name);
    let tag = tag::tag(raw.lang.as_deref());
    let mut near = Near::of(raw);
    if past.printed() {
        near.joined_to_output();
    }
    let lines = lines::lines(&raw.text, tag, &knows);
    let in_console = past.console().is_some();
    let below_console = in_console && raw.previous.is_some();
    let console_named = past.console_named();
    let below_commands = raw.previous.is_some() && past.typed();
    let case = Case {
        text: &raw.text,
        lines: &lines,
        tag,
        near: &near,
        in_console,
        below_console,
        console_named,
        below_commands,
    };
    let (class, _) = evidence::class(&case);
    // What holds the text of the runbook itself is never run, whatever its other lines are.
    let runnable = matches!(class, BlockClass::Shell | BlockClass::Repl | BlockClass::Sql);
    let class = if runnable && form::swallows_a_fence(&lines) { BlockClass::Other } else { class };
    let roles = if class == BlockClass::Shell { roles::roles(&lines) } else { Vec::new() };
    let reading = match class {
        BlockClass::Shell => statements::shell(raw, &lines, &roles, past.entered(), knowledge),
        BlockClass::Repl => {
            let opened = match past.console() {
                _ if dialect::is_mongo_shell(&lines) => Some(Client::Mongo),
                Some(name) => Some(repl::client_named(name)),
                None => near.client(),
            };
            repl::block(raw, &lines, opened, knowledge)
        }
        BlockClass::Sql => statements::sql(raw, &lines, knowledge),
        _ => Reading::default(),
    };
    let skip = skipped(&lines, &roles, class);
    let text = values::Source { text: &raw.text, class, first_line: raw.first_line, skip: &skip, told: &raw.replace };
    let placeholders = values::placeholders(&text, &reading.analysis, past.variables());
    let needs = placeholders.iter().any(|one| one.kind != PlaceholderKind::Prompt);
    let flags = flags(class, &reading, needs, past);
    past.remember(class, &reading);
    Block { flags, placeholders, ..finished(raw, class, reading) }
}

fn finished(raw: &RawBlock, class: BlockClass, reading: Reading) -> Block {
    Block {
        line: raw.line,
        end_line: raw.end_line,
        lang: raw.lang.clone(),
        class,
        flags: Vec::new(),
        placeholders: Vec::new(),
        risk: reading.risk,
        effects: reading.effects,
        statements: reading.statements,
        section: None,
        text: raw.text.clone(),
        span: raw.span.clone(),
        line_offsets: raw.line_offsets.clone(),
    }
}

fn flags(class: BlockClass, reading: &Reading, needs_values: bool, past: &Past) -> Vec<Flag> {
    let statements = &reading.analysis.statements;
    let continues = match class {
        BlockClass::Shell => {
            values::carried(&reading.analysis, past.variables())
                || reading.continued
                || past.goes_on_in_directory(reading)
        }
        BlockClass::Repl => past.console().is_some(),
        _ => false,
    };
    [
        (Flag::NeedsValues, needs_values),
        (Flag::Interactive, reading.opened || statements.iter().any(|statement| statement.interactive.is_some())),
        (Flag::Endless, statements.iter().any(|statement| statement.endless)),
        (Flag::Nested, reading.nested),
        (Flag::HasOutput, reading.has_output),
        (Flag::HasRepl, reading.has_repl),
        (Flag::Continues, continues),
    ]
    .into_iter()
    .filter_map(|(flag, holds)| holds.then_some(flag))
    .collect()
}

/// Bytes in which nobody replaces anything: comments, prompts, and what a program printed.
fn skipped(lines: &[Line], roles: &[Role], class: BlockClass) -> Vec<Range<usize>> {
    let whole = |line: &Line| line.start..line.start + line.text.len();
    let silent = matches!(class, BlockClass::Sql | BlockClass::Promql | BlockClass::Config | BlockClass::Repl);
    let unread = |index: usize, line: &Line| match roles.get(index) {
        Some(role) => matches!(role, Role::Comment | Role::Foreign(Foreign::Output | Foreign::Prose)),
        None => silent && line.kind.is_silent(),
    };
    let mut skip = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if unread(index, line) {
            skip.push(whole(line));
            continue;
        }
        skip.push(line.start..line.start + line.prompt);
        let typed = matches!(roles.get(index), Some(Role::Run)) && line.kind != kind::Kind::Continued;
        let comment = typed.then(|| command::comment_start(line.text)).flatten();
        skip.extend(comment.map(|at| line.start + at..whole(line).end));
    }
    skip.retain(|bytes| !bytes.is_empty());
    skip
}

/// A tag that promises commands over something that is none misleads the next reader and every tool.
fn tag_diagnostic(raw: &RawBlock, block: &Block, document: &Document) -> Option<Diagnostic> {
    let promised = tag::tag(raw.lang.as_deref()) == Tag::Shell;
    if !promised || matches!(block.class, BlockClass::Shell | BlockClass::Manual) {
        return None;
    }
    let tag = raw.lang.as_deref().unwrap_or_default();
    Some(document.lines.diagnostic(
        &document.source,
        "tag-misleads",
        Severity::Note,
        raw.span.start..raw.span.start,
        Text::new(
            format!("The fence is tagged `{tag}`, but it holds {}", class_en(block.class)),
            format!("El bloque está marcado como `{tag}`, pero contiene {}", class_es(block.class)),
        ),
        Some(Text::new(
            "Tag it with what it is: nothing in it will be run as shell",
            "Márcalo como lo que es: nada de él se ejecutará como shell",
        )),
    ))
}

fn too_many(first: &RawBlock, document: &Document) -> Diagnostic {
    document.lines.diagnostic(
        &document.source,
        "too-many-blocks",
        Severity::Error,
        first.span.start..first.span.start,
        Text::new(
            "The blocks hold far more than a runbook's commands: from here on they were not judged, and nothing of them will be run",
            "Los bloques contienen mucho más que los comandos de un runbook: desde aquí no se analizaron, y nada de ellos se ejecutará",
        ),
        Some(Text::new("Split the file, one for each system.", "Divida el archivo, uno por sistema.")),
    )
}

fn class_en(class: BlockClass) -> &'static str {
    match class {
        BlockClass::Shell => "commands",
        BlockClass::Repl => "lines for a client",
        BlockClass::Sql => "SQL",
        BlockClass::Promql => "PromQL",
        BlockClass::Config => "the contents of a file",
        BlockClass::Output => "sample output",
        BlockClass::Manual => "a person's step",
        BlockClass::Diagram => "a diagram",
        BlockClass::Other => "another language or a template",
    }
}

fn class_es(class: BlockClass) -> &'static str {
    match class {
        BlockClass::Shell => "comandos",
        BlockClass::Repl => "líneas para un cliente",
        BlockClass::Sql => "SQL",
        BlockClass::Promql => "PromQL",
        BlockClass::Config => "el contenido de un archivo",
        BlockClass::Output => "una salida de ejemplo",
        BlockClass::Manual => "un paso para una persona",
        BlockClass::Diagram => "un diagrama",
        BlockClass::Other => "otro lenguaje o una plantilla",
    }
}

/// The name of what was opened, when it is a client.
fn client_of(opens: &Opens) -> Option<&str> {
    match opens {
        Opens::Client(name) => Some(name),
        _ => None,
    }
}
