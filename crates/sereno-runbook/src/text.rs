//! Small tools for words and lines: offsets to lines, accents folded away, slugs.

use sereno_model::{Diagnostic, Severity, Text};
use std::borrow::Cow;
use std::ops::Range;

/// Where the lines of a text begin.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { starts }
    }

    /// 1-based line of a byte offset.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).max(1)
    }

    /// The offset at which a 1-based line begins.
    pub fn start(&self, line: usize) -> usize {
        self.starts.get(line.saturating_sub(1)).or(self.starts.last()).copied().unwrap_or(0)
    }

    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// 1-based column of a byte offset, counted in characters.
    pub fn column_in(&self, text: &str, offset: usize) -> usize {
        let start = self.start(self.line(offset));
        // Only so far as anybody would look: a line of many megabytes must not make many diagnostics quadratic.
        let head = text.as_bytes().get(start..offset.min(text.len()).min(start + 4096)).unwrap_or_default();
        1 + head.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
    }

    /// A diagnostic at bytes of `text`, whose lines these are.
    pub fn diagnostic(
        &self,
        text: &str,
        code: &str,
        severity: Severity,
        span: Range<usize>,
        message: Text,
        help: Option<Text>,
    ) -> Diagnostic {
        let column = self.column_in(text, span.start);
        Diagnostic { code: code.to_owned(), severity, line: self.line(span.start), column, span, message, help }
    }
}

/// Lower case without accents: what words are compared by. One character becomes one character, so that positions in
/// the folded text count the same characters.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    folded.extend(text.chars().map(fold_char));
    folded
}

/// [`fold`], without a copy where there is nothing to fold.
pub fn folded(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(fold(text))
    }
}

pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        'á' | 'à' | 'ä' | 'â' | 'ã' | 'å' | 'Á' | 'À' | 'Ä' | 'Â' | 'Ã' | 'Å' => 'a',
        'é' | 'è' | 'ë' | 'ê' | 'É' | 'È' | 'Ë' | 'Ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' | 'Í' | 'Ì' | 'Ï' | 'Î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' | 'õ' | 'Ó' | 'Ò' | 'Ö' | 'Ô' | 'Õ' => 'o',
        'ú' | 'ù' | 'ü' | 'û' | 'Ú' | 'Ù' | 'Ü' | 'Û' => 'u',
        'ñ' | 'Ñ' => 'n',
        'ç' | 'Ç' => 'c',
        other => other.to_lowercase().next().unwrap_or(other),
    }
}

/// Ids are copied to every step; a title of a megabyte must not be.
const MAX_SLUG: usize = 100;

/// `Rollback de Deploy` becomes `rollback-de-deploy`; what has no letters becomes `section`.
pub fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars().map(fold_char).take(MAX_SLUG) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    while slug.ends_with('-') {
        slug.pop();
    }
    if slug.is_empty() { "section".to_owned() } else { slug }
}

/// The head of a text, at most `chars` characters.
pub fn capped(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// A title without the ornaments at its head: emoji, and markers such as `✅`.
pub fn without_emoji(title: &str) -> &str {
    title
        .trim()
        .trim_start_matches(|c: char| !c.is_alphanumeric() && !c.is_ascii_punctuation() && !"¿¡«“".contains(c))
        .trim_end_matches(|c: char| !c.is_alphanumeric() && !c.is_ascii_punctuation() && !"»”…°".contains(c))
        .trim()
}

/// A title without its number: `3.1 Backend`, `1. Revisar`, `Paso 2: Actualizar`, `Step 2 - Update`.
pub fn without_number(title: &str) -> &str {
    let title = title.trim();
    let after_word = ["paso ", "step "]
        .iter()
        .find_map(|word| title.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word)).map(str::len))
        .and_then(|length| title.get(length..));
    let candidate = after_word.unwrap_or(title);
    let digits = candidate.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let Some(rest) = candidate.get(digits..) else {
        return title;
    };
    if digits == 0 || !candidate.starts_with(|c: char| c.is_ascii_digit()) {
        return title;
    }
    let numbered = candidate.get(..digits).is_some_and(|number| number.contains('.'));
    let marked = rest.strip_prefix([')', ':', '-', '–', '—']);
    let rest = match marked {
        Some(rest) => rest,
        None if (numbered || after_word.is_some()) && rest.starts_with([' ', '\u{a0}']) => rest,
        None => return title,
    };
    let rest = rest.trim_start_matches([' ', '\u{a0}', ':', '-', '–', '—']).trim();
    if rest.is_empty() { title } else { rest }
}

/// Slugs that are unique in one runbook: the second `redis` is `redis-2`.
#[derive(Debug, Default)]
pub struct Slugs {
    /// How often each base was asked for.
    taken: std::collections::HashMap<String, usize>,
}

impl Slugs {
    pub fn unique(&mut self, title: &str) -> String {
        let base = slug(title);
        let count = self.taken.entry(base.clone()).or_insert(0);
        *count += 1;
        if *count == 1 {
            return base;
        }
        let mut number = *count;
        loop {
            let candidate = format!("{base}-{number}");
            if !self.taken.contains_key(&candidate) {
                self.taken.insert(base, number);
                self.taken.insert(candidate.clone(), 1);
                return candidate;
            }
            number += 1;
        }
    }
}
