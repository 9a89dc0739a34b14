//! Values put into SQL.

use super::{FillError, check_spans, check_value, is_strict, refused, splice};
use crate::source::mask;
use crate::sql::token::{Token, skip, tokens};
use sereno_model::Text;
use std::ops::Range;

/// Puts values in the place of placeholders of an SQL text: doubled quotes inside quotes, names and numbers when bare.
pub fn fill_sql(text: &str, values: &[(Range<usize>, &str)]) -> Result<String, FillError> {
    let spans: Vec<Range<usize>> = values.iter().map(|(span, _)| span.clone()).collect();
    check_spans(text, &spans)?;
    let masked = mask(text, &spans);
    let mut pieces = Vec::with_capacity(values.len());
    for (span, value) in values {
        check_value(span, value)?;
        pieces.push(written(&masked, span, value)?);
    }
    let filled = splice(text, &spans, &pieces);
    if shape(&masked) != shape(&filled) {
        let whole = spans.first().cloned().unwrap_or(0..text.len());
        return Err(FillError::new(
            &whole,
            "the value would change what the SQL means",
            "el valor cambiaría lo que significa el SQL",
        ));
    }
    Ok(filled)
}

fn written(masked: &str, span: &Range<usize>, value: &str) -> Result<String, FillError> {
    let start = token_around(masked, span.start);
    let opening = masked.get(start..).unwrap_or_default();
    let escapes = start > 0 && masked.get(..start).is_some_and(|before| before.ends_with(['E', 'e']));
    match opening.chars().next() {
        Some(quote @ ('\'' | '"' | '`')) if start < span.start => {
            // MySQL, and PostgreSQL's E'…', read a backslash; a lone colon may be psql's variable only outside of quotes.
            if value.contains('\\') {
                let _ = escapes;
                return Err(refused(
                    span,
                    value,
                    &['\\'],
                    &Text::new("some databases read it as an escape", "algunas bases de datos lo leen como escape"),
                ));
            }
            Ok(value.replace(quote, &format!("{quote}{quote}")))
        }
        _ => {
            let comment = opening.starts_with("--") || opening.starts_with("/*") || opening.starts_with('$');
            let number = !value.is_empty()
                && value.parse::<f64>().is_ok()
                && value.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
            let name = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            // `--5` after a minus sign would begin a comment.
            let minus = value.starts_with('-') && masked.get(..span.start).is_some_and(|before| before.ends_with('-'));
            if (comment && value.chars().all(|c| is_strict(c) && c != '/' && c != '-'))
                || (!comment && ((number && !minus) || name))
            {
                return Ok(value.to_owned());
            }
            let wrong: Vec<char> =
                value.chars().filter(|c| !(c.is_ascii_alphanumeric() || *c == '_' || *c == '.')).collect();
            Err(refused(span, value, &wrong, &Text::new("it stands outside of quotes", "está fuera de comillas")))
        }
    }
}

/// Start of the token that holds the offset.
fn token_around(text: &str, offset: usize) -> usize {
    let mut at = 0;
    while at < offset {
        let end = skip(text, at);
        if end > offset || end <= at {
            return at;
        }
        at = end;
    }
    at
}

/// Kinds of tokens, in order; what stands in quotes is one token whatever it says.
fn shape(text: &str) -> Vec<&'static str> {
    tokens(text)
        .into_iter()
        .map(|token| match token {
            Token::Word(_) | Token::Number(_) | Token::Symbol('.' | '-') => "plain",
            Token::Quoted(_) => "name",
            Token::Text(_) => "text",
            Token::Body(_) => "body",
            Token::Symbol(_) => "symbol",
        })
        .collect::<Vec<_>>()
        .chunk_by(|a, b| a == b && *a == "plain")
        .filter_map(|chunk| chunk.first().copied())
        .collect()
}
