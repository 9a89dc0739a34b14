//! Values put in the place of placeholders, so that a value never becomes syntax.
//!
//! Three lines of defence: how a value is written depends on where it goes (bare, in quotes, in a text that another
//! program reads again); what cannot be written safely is refused with a reason; and at the end the filled text must have
//! the same shape as the text with a plain word in the value's place.

mod context;
mod sql;

pub use sql::fill_sql;

use crate::placeholder::syntactic_placeholders;
use crate::source::{mask, parse};
use context::{Context, Reader};
use sereno_model::Text;
use std::ops::Range;
use tree_sitter::{Node, Tree};

/// A value that cannot be put where it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", message.en)]
pub struct FillError {
    /// The placeholder's bytes in the text.
    pub span: Range<usize>,
    /// What is wrong and what would be accepted. Never holds the value, which may be a secret.
    pub message: Text,
}

impl FillError {
    fn new(span: &Range<usize>, en: impl Into<String>, es: impl Into<String>) -> Self {
        Self { span: span.clone(), message: Text::new(en, es) }
    }
}

/// Puts values in the place of placeholders of a shell text. Spans must be ordered, apart, and on character boundaries.
pub fn fill(text: &str, values: &[(Range<usize>, &str)]) -> Result<String, FillError> {
    let spans: Vec<Range<usize>> = values.iter().map(|(span, _)| span.clone()).collect();
    check_spans(text, &spans)?;
    for (span, value) in values {
        check_value(span, value)?;
    }
    let masked = mask(text, &holes_with(text, &spans));
    let tree = well_formed(&masked, &spans)?;
    let places = context::Places::new(&masked, &tree);
    let mut pieces = Vec::with_capacity(values.len());
    for (span, value) in values {
        pieces.push(written(&places.of(span), span, value)?);
    }
    let filled = splice(text, &spans, &pieces);
    prove(&tree, text, &spans, &filled, &pieces)?;
    Ok(filled)
}

/// Whether values may stand in variables that a text uses and does not set. The shell expands those itself, and no value of
/// them is syntax to it; but what hands them to another shell (`eval`, `bash -c`, `ssh`) has them read again, and without
/// quotes one value is split into several words.
pub fn check_variables(text: &str, values: &[(&str, &str)]) -> Result<(), FillError> {
    let odd = |value: &str| !value.chars().all(is_strict) || value.starts_with('-');
    let values: Vec<_> = values.iter().filter(|(_, value)| odd(value)).collect();
    if values.is_empty() {
        return Ok(());
    }
    let masked = mask(text, &holes_with(text, &[]));
    let whole = 0..text.len();
    let Some(tree) = parse(&masked) else { return Ok(()) };
    let places = context::Places::new(&masked, &tree);
    for (name, value) in values {
        match places.reader_of(name) {
            Some(Reader::Shell(program)) if !value.chars().all(is_strict) => {
                let reason = Text::new(
                    format!("{program} reads ${name} again"),
                    format!("{program} vuelve a interpretar ${name}"),
                );
                strict(&whole, value, &reason)?;
            }
            Some(Reader::Split) if value.contains(|c: char| c.is_whitespace() || c == '*') => {
                return Err(FillError::new(
                    &whole,
                    format!("${name} stands there without quotes: a blank or a `*` would make several words of it"),
                    format!("${name} está ahí sin comillas: un espacio o un `*` harían de él varias palabras"),
                ));
            }
            Some(Reader::Shell(_) | Reader::Split) if value.starts_with('-') => refuse_option(&whole, value, true)?,
            _ => {}
        }
    }
    Ok(())
}

/// Every other placeholder is masked too: it would not parse.
fn holes_with(text: &str, spans: &[Range<usize>]) -> Vec<Range<usize>> {
    let apart = |hole: &Range<usize>| spans.iter().all(|span| hole.end <= span.start || span.end <= hole.start);
    let mut holes: Vec<Range<usize>> =
        syntactic_placeholders(text).into_iter().map(|hole| hole.span).filter(apart).collect();
    holes.extend(spans.iter().cloned());
    holes.sort_by_key(|hole| hole.start);
    holes
}

fn well_formed(masked: &str, spans: &[Range<usize>]) -> Result<Tree, FillError> {
    let whole = spans.first().cloned().unwrap_or(0..masked.len());
    parse(masked).filter(|tree| !tree.root_node().has_error()).ok_or_else(|| {
        FillError::new(
            &whole,
            "the text around the placeholder is not valid shell, so no value can be put into it safely",
            "el texto que rodea el marcador no es shell válido, así que no se le puede poner un valor con seguridad",
        )
    })
}

fn check_spans(text: &str, spans: &[Range<usize>]) -> Result<(), FillError> {
    let mut end = 0;
    for span in spans {
        if span.start < end || span.is_empty() || text.get(span.clone()).is_none() {
            return Err(FillError::new(
                span,
                "the place of the placeholder is not in the text",
                "el lugar del marcador no está en el texto",
            ));
        }
        end = span.end;
    }
    Ok(())
}

fn check_value(span: &Range<usize>, value: &str) -> Result<(), FillError> {
    if value.is_empty() {
        return Err(FillError::new(
            span,
            "the value is empty: a command with a missing word may mean something else",
            "el valor está vacío: a un comando sin una palabra se le puede dar otro sentido",
        ));
    }
    if value.chars().any(char::is_control) {
        return Err(FillError::new(
            span,
            "the value holds a line break or another control character",
            "el valor contiene un salto de línea u otro carácter de control",
        ));
    }
    Ok(())
}

/// Letters, digits and `_.:@/+-`: the same text for every interpreter.
pub(crate) fn is_strict(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.:@/+-".contains(c)
}

/// How the value is written in this place.
fn written(context: &Context, span: &Range<usize>, value: &str) -> Result<String, FillError> {
    match context {
        Context::Strict { reason, at_start } => {
            refuse_option(span, value, *at_start)?;
            strict(span, value, reason)
        }
        Context::Bare { at_start } => {
            refuse_option(span, value, *at_start)?;
            if value.chars().all(|c| is_strict(c) || c == '=' || c == '%' || c == ',')
                && !value.starts_with(['=', '%', ','])
            {
                Ok(value.to_owned())
            } else {
                Ok(format!("'{}'", value.replace('\'', "'\\''")))
            }
        }
        Context::Double { at_start } => {
            refuse_option(span, value, *at_start)?;
            // History expansion only happens at a prompt, but a prompt is where people paste.
            if value.contains('!') {
                return Err(refused(
                    span,
                    value,
                    &['!'],
                    &Text::new(
                        "an interactive shell expands them inside double quotes",
                        "una terminal los expande entre comillas dobles",
                    ),
                ));
            }
            let mut out = String::with_capacity(value.len());
            for c in value.chars() {
                if matches!(c, '"' | '\\' | '$' | '`') {
                    out.push('\\');
                }
                out.push(c);
            }
            Ok(out)
        }
        Context::Single { at_start } => {
            refuse_option(span, value, *at_start)?;
            Ok(value.replace('\'', "'\\''"))
        }
        Context::Literal => Ok(value.to_owned()),
    }
}

fn refuse_option(span: &Range<usize>, value: &str, at_start: bool) -> Result<(), FillError> {
    if at_start && value.starts_with('-') {
        return Err(FillError::new(
            span,
            "the value begins with `-`: the command would take it for an option",
            "el valor empieza con `-`: el comando lo tomaría por una opción",
        ));
    }
    Ok(())
}

fn strict(span: &Range<usize>, value: &str, reason: &Text) -> Result<String, FillError> {
    let wrong: Vec<char> = value.chars().filter(|c| !is_strict(*c)).collect();
    if wrong.is_empty() { Ok(value.to_owned()) } else { Err(refused(span, value, &wrong, reason)) }
}

fn refused(span: &Range<usize>, _value: &str, wrong: &[char], reason: &Text) -> FillError {
    let mut kinds: Vec<char> = Vec::new();
    for c in wrong {
        if !kinds.contains(c) && kinds.len() < 10 {
            kinds.push(*c);
        }
    }
    let shown = kinds
        .iter()
        .map(|c| if *c == ' ' { "a blank".to_owned() } else { format!("`{c}`") })
        .collect::<Vec<_>>()
        .join(" ");
    let shown_es = kinds
        .iter()
        .map(|c| if *c == ' ' { "un espacio".to_owned() } else { format!("`{c}`") })
        .collect::<Vec<_>>()
        .join(" ");
    FillError::new(
        span,
        format!(
            "the value holds {shown}, which cannot be put here: {}. Letters, digits and _ . : @ / + - can",
            reason.en
        ),
        format!(
            "el valor contiene {shown_es}, que aquí no se puede poner: {}. Se aceptan letras, dígitos y _ . : @ / + -",
            reason.es
        ),
    )
}

fn splice(text: &str, spans: &[Range<usize>], pieces: &[String]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut at = 0;
    for (span, piece) in spans.iter().zip(pieces) {
        filled.push_str(text.get(at..span.start).unwrap_or_default());
        filled.push_str(piece);
        at = span.end;
    }
    filled.push_str(text.get(at..).unwrap_or_default());
    filled
}

/// The filled text must have the shape that it has with a plain word in each value's place.
fn prove(tree: &Tree, text: &str, spans: &[Range<usize>], filled: &str, pieces: &[String]) -> Result<(), FillError> {
    let whole = spans.first().cloned().unwrap_or(0..text.len());
    let changed = || {
        FillError::new(
            &whole,
            "the value would change what the text means to the shell",
            "el valor cambiaría lo que el texto significa para el shell",
        )
    };
    // Placeholders that stay are masked by where they stand now; what the values brought is left as it is.
    let mut shift = 0isize;
    let mut at = 0;
    let mut holes = Vec::new();
    let all = holes_with(text, spans);
    for hole in all {
        while at < spans.len() && spans[at].end <= hole.start {
            shift += pieces[at].len() as isize - spans[at].len() as isize;
            at += 1;
        }
        if !spans.contains(&hole) {
            let start = hole.start.saturating_add_signed(shift);
            holes.push(start..start + hole.len());
        }
    }
    let masked = mask(filled, &holes);
    let after = parse(&masked).ok_or_else(changed)?;
    if after.root_node().has_error() || shape(tree.root_node()) != shape(after.root_node()) {
        return Err(changed());
    }
    Ok(())
}

/// Kinds of nodes and how deep they nest; all ways to write a word without expansions are one kind.
fn shape(root: Node<'_>) -> Vec<(u16, usize)> {
    let mut found = Vec::new();
    let mut cursor = root.walk();
    let mut depth = 0usize;
    loop {
        let node = cursor.node();
        let literal = is_literal(node);
        found.push((if literal { u16::MAX } else { node.kind_id() }, depth));
        if !literal && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while depth > 0 && !cursor.goto_next_sibling() {
            cursor.goto_parent();
            depth -= 1;
        }
        if depth == 0 {
            return found;
        }
    }
}

/// A word with nothing in it that the shell expands.
fn is_literal(node: Node<'_>) -> bool {
    match node.kind() {
        "word" | "number" | "raw_string" | "ansi_c_string" | "string_content" | "heredoc_content" | "comment" => true,
        "string" | "concatenation" => node.named_children(&mut node.walk()).all(is_literal_part),
        _ => false,
    }
}

fn is_literal_part(node: Node<'_>) -> bool {
    match node.kind() {
        "string" => node.named_children(&mut node.walk()).all(|part| part.kind() == "string_content"),
        kind => matches!(kind, "word" | "number" | "raw_string" | "ansi_c_string" | "string_content"),
    }
}
