//! Words of a shell text as the shell would see them: quotes removed, known variables put in, braces expanded.
//!
//! What cannot be known before it runs (a substitution, a variable that nothing sets) leaves a mark in the text of the
//! word, and the word counts as not known.

use crate::scope::Scope;
use crate::source::Source;
use std::ops::Range;

/// Stands in a field's text for what is not known.
pub(crate) const UNKNOWN: char = '\u{F8FF}';

/// Braces that multiply beyond this are not expanded.
const MOST_FIELDS: usize = 64;

/// One word after expansion.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Quotes removed; `UNKNOWN` where a part is not known.
    pub(crate) text: String,
    pub(crate) known: bool,
    /// As written, of the whole word that this field comes from.
    pub(crate) raw: String,
    pub(crate) span: Range<usize>,
    /// Any quoting at all: such a name is not an alias.
    pub(crate) quoted: bool,
    /// The word holds an expansion, known or not.
    pub(crate) expanded: bool,
    /// Where the field's text begins in the outermost text, when the two run byte for byte alike.
    pub(crate) verbatim: Option<usize>,
}

impl Field {
    /// A word made up by us.
    pub(crate) fn plain(text: impl Into<String>, span: Range<usize>) -> Self {
        let text = text.into();
        let known = !text.contains(UNKNOWN);
        Self { raw: text.clone(), text, known, span, quoted: false, expanded: false, verbatim: None }
    }

    pub(crate) fn value(&self) -> Option<&str> {
        self.known.then_some(self.text.as_str())
    }

    /// For people: the value where it is known, else as written.
    pub(crate) fn shown(&self) -> String {
        if self.known { self.text.clone() } else { self.raw.clone() }
    }

    /// The text with a neutral word where something is not known.
    pub(crate) fn with_unknown_as(&self, word: &str) -> String {
        self.text.replace(UNKNOWN, word)
    }
}

/// The fields of the word at `span`.
pub(crate) fn fields(source: &Source<'_>, span: Range<usize>, scope: &Scope) -> Vec<Field> {
    let mut reader =
        Reader { source, scope, at: span.start, end: span.end, out: Vec::new(), current: Piece::default() };
    reader.read();
    let raw = source.slice(span.clone()).to_owned();
    let plain = !reader.current.quoted && !reader.current.expanded && reader.out.is_empty();
    let mut pieces = std::mem::take(&mut reader.out);
    // `$EMPTY` alone gives no word; `""` gives one.
    if !reader.current.text.is_empty() || reader.current.quoted || (pieces.is_empty() && !reader.current.vanishes) {
        pieces.push(std::mem::take(&mut reader.current));
    }
    let verbatim = if plain { Some(span.start) } else { whole_quoted(&raw, span.start) };
    pieces
        .into_iter()
        .flat_map(|piece| {
            let parts = if piece.braces { expand_braces(&piece.text) } else { vec![piece.text.clone()] };
            parts.into_iter().map(move |text| (text, piece.quoted, piece.expanded)).collect::<Vec<_>>()
        })
        .map(|(text, quoted, expanded)| {
            let verbatim = verbatim.filter(|_| !expanded && !text.contains(UNKNOWN));
            Field {
                known: !text.contains(UNKNOWN),
                text,
                raw: raw.clone(),
                span: span.clone(),
                quoted,
                expanded,
                verbatim,
            }
        })
        .collect()
}

/// The word's value as one string, where blanks do not split it (an assignment's right side).
pub(crate) fn single(source: &Source<'_>, span: Range<usize>, scope: &Scope) -> String {
    let joined: Vec<String> = fields(source, span, scope).into_iter().map(|field| field.text).collect();
    joined.join(" ")
}

/// `'…'` and `"…"` without escapes: the inside runs byte for byte like the value.
fn whole_quoted(raw: &str, start: usize) -> Option<usize> {
    let quote = raw.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inside = raw.get(1..raw.len().checked_sub(1)?)?;
    let same = raw.ends_with(quote) && !inside.contains(quote) && (quote == '\'' || !inside.contains(['\\', '$', '`']));
    same.then_some(start + 1)
}

#[derive(Default)]
struct Piece {
    text: String,
    quoted: bool,
    expanded: bool,
    /// An unquoted brace with a comma stands in it.
    braces: bool,
    /// It came from an expansion that may be empty.
    vanishes: bool,
}

struct Reader<'s, 't> {
    source: &'s Source<'t>,
    scope: &'s Scope,
    at: usize,
    end: usize,
    out: Vec<Piece>,
    current: Piece,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<char> {
        self.source.text.get(self.at..self.end)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// A placeholder is a plain piece of the word, whatever characters it is written with.
    fn placeholder(&mut self) -> bool {
        let Some(hole) = self.source.hole_at(self.at).filter(|hole| hole.end <= self.end).cloned() else {
            return false;
        };
        self.current.text.push_str(self.source.slice(hole.clone()));
        self.at = hole.end;
        true
    }

    fn read(&mut self) {
        let mut brace = false;
        while self.at < self.end {
            if self.placeholder() {
                continue;
            }
            let Some(c) = self.next() else { break };
            match c {
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some('\r') if self.peek() == Some('\n') => {
                        self.at += 1;
                    }
                    Some(escaped) => {
                        self.current.quoted = true;
                        self.current.text.push(escaped);
                    }
                },
                '\'' => self.single_quotes(),
                '"' => self.double_quotes(),
                '$' => self.dollar(false),
                '`' => self.backticks(),
                '<' | '>' if self.peek() == Some('(') => self.substitution(),
                '{' => {
                    brace = true;
                    self.current.text.push(c);
                }
                ',' if brace => {
                    self.current.braces = true;
                    self.current.text.push(c);
                }
                _ => self.current.text.push(c),
            }
        }
    }

    fn single_quotes(&mut self) {
        self.current.quoted = true;
        while let Some(c) = self.next() {
            if c == '\'' {
                return;
            }
            self.current.text.push(c);
        }
    }

    fn double_quotes(&mut self) {
        self.current.quoted = true;
        while self.at < self.end {
            if self.placeholder() {
                continue;
            }
            match self.next() {
                None | Some('"') => return,
                Some('\\') => match self.next() {
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.current.text.push(c),
                    Some('\n') | None => {}
                    Some(c) => {
                        self.current.text.push('\\');
                        self.current.text.push(c);
                    }
                },
                Some('$') => self.dollar(true),
                Some('`') => self.backticks(),
                Some(c) => self.current.text.push(c),
            }
        }
    }

    fn unknown(&mut self) {
        self.current.expanded = true;
        self.current.text.push(UNKNOWN);
    }

    fn backticks(&mut self) {
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    self.next();
                }
                '`' => break,
                _ => {}
            }
        }
        self.unknown();
    }

    /// From an opening parenthesis that comes next to the one that closes it.
    fn substitution(&mut self) {
        let mut depth = 0usize;
        let mut quote = None;
        while let Some(c) = self.next() {
            match (quote, c) {
                (None | Some('"'), '\\') => {
                    self.next();
                }
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), _) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '(') => depth += 1,
                (None, ')') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        self.unknown();
    }

    fn dollar(&mut self, quoted: bool) {
        match self.peek() {
            Some('\'') if !quoted => {
                self.next();
                self.ansi_c();
            }
            // `$"…"` is a translated string.
            Some('"') if !quoted => {}
            Some('(') => self.substitution(),
            Some('{') => self.braced(quoted),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let start = self.at;
                while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    self.at += 1;
                }
                let name = self.source.slice(start..self.at).to_owned();
                self.variable(&name, quoted);
            }
            Some(c @ ('0'..='9' | '@' | '*' | '#' | '?' | '!' | '$' | '-')) => {
                self.at += 1;
                self.variable(&c.to_string(), quoted);
            }
            _ => self.current.text.push('$'),
        }
    }

    /// `${X}`, and `${X:-default}` when X is known; any other form is not known.
    fn braced(&mut self, quoted: bool) {
        let start = self.at + 1;
        let mut depth = 0usize;
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    self.next();
                }
                '{' => depth += 1,
                '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        let inside = self.source.slice(start..self.at.saturating_sub(1).max(start)).to_owned();
        let name_end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
        let (name, operator) = inside.split_at(name_end);
        if operator.is_empty() && !name.is_empty() {
            self.variable(name, quoted);
        } else if let Some(default) = operator.strip_prefix(":-").filter(|_| self.scope.value(name).is_none()) {
            // The variable may be set outside; the default is what the text itself says. A name that is so built
            // stays unknown, but its default is looked at by the walk over the tree.
            let _ = default;
            self.unknown();
        } else {
            self.unknown();
        }
    }

    fn variable(&mut self, name: &str, quoted: bool) {
        if matches!(name, "@" | "*") {
            return self.all_arguments(quoted);
        }
        let Some(value) = self.scope.value(name) else {
            self.unknown();
            return;
        };
        self.current.expanded = true;
        if quoted {
            self.current.text.push_str(&value);
            return;
        }
        if self.scope.splits_oddly() {
            self.current.text.push(UNKNOWN);
            return;
        }
        self.current.vanishes = true;
        // A placeholder of several words stands for one value.
        let placeholders = crate::placeholder::syntactic_placeholders(&value);
        if placeholders.iter().any(|hole| hole.name.contains(' ')) {
            self.current.text.push_str(&value);
            return;
        }
        let leading = value.starts_with(char::is_whitespace);
        let trailing = value.ends_with(char::is_whitespace);
        for (index, part) in value.split_whitespace().enumerate() {
            if index > 0 || leading {
                self.cut();
            }
            self.current.text.push_str(part);
        }
        if trailing {
            self.cut();
        }
    }

    fn all_arguments(&mut self, quoted: bool) {
        let Some(arguments) = self.scope.arguments() else {
            self.unknown();
            return;
        };
        self.current.expanded = true;
        self.current.vanishes = true;
        let arguments = arguments.to_vec();
        for (index, argument) in arguments.into_iter().enumerate() {
            if index > 0 {
                self.cut();
            }
            self.current.text.push_str(&argument);
            self.current.quoted |= quoted;
        }
    }

    /// Ends the current field and begins another.
    fn cut(&mut self) {
        if !self.current.text.is_empty() {
            let piece = std::mem::take(&mut self.current);
            self.current.expanded = piece.expanded;
            self.out.push(piece);
        }
        self.current.vanishes = true;
    }

    /// `$'\x72m'`.
    fn ansi_c(&mut self) {
        self.current.quoted = true;
        while let Some(c) = self.next() {
            match c {
                '\'' => return,
                '\\' => self.escape(),
                _ => self.current.text.push(c),
            }
        }
    }

    fn escape(&mut self) {
        let Some(c) = self.next() else { return };
        match c {
            'n' => self.current.text.push('\n'),
            't' => self.current.text.push('\t'),
            'r' => self.current.text.push('\r'),
            'a' | 'b' | 'f' | 'v' => self.current.text.push(' '),
            'e' | 'E' => self.current.text.push('\u{1b}'),
            'x' => self.code(16, 2),
            'u' => self.code(16, 4),
            'U' => self.code(16, 8),
            '0'..='7' => {
                self.at -= 1;
                self.code(8, 3);
            }
            other => self.current.text.push(other),
        }
    }

    fn code(&mut self, radix: u32, most: usize) {
        let start = self.at;
        while self.at - start < most && self.peek().is_some_and(|c| c.is_digit(radix)) {
            self.at += 1;
        }
        match u32::from_str_radix(self.source.slice(start..self.at), radix).ok().and_then(char::from_u32) {
            Some(c) => self.current.text.push(c),
            None => self.unknown(),
        }
    }
}

/// `{rm,-rf}` and `a{b,c}d`, one level; braces within braces are not known.
fn expand_braces(text: &str) -> Vec<String> {
    let (Some(open), Some(close)) = (text.find('{'), text.rfind('}')) else {
        return vec![text.to_owned()];
    };
    let (Some(prefix), Some(inside), Some(suffix)) =
        (text.get(..open), text.get(open + 1..close), text.get(close + 1..))
    else {
        return vec![text.to_owned()];
    };
    if !inside.contains(',') {
        return vec![text.to_owned()];
    }
    let parts: Vec<&str> = inside.split(',').collect();
    if inside.contains(['{', '}']) || parts.len() > MOST_FIELDS {
        // Templates (`{{.Names}}`) have no comma at their level; what has one here is beyond what we follow.
        return vec![format!("{prefix}{UNKNOWN}{suffix}")];
    }
    parts.into_iter().map(|part| format!("{prefix}{part}{suffix}")).collect()
}
