//! Tokens of SQL, enough to tell words from strings and comments.

/// A token that matters: comments and blanks are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A bare word, in capitals.
    Word(String),
    /// A name in double quotes or backticks, as written inside.
    Quoted(String),
    /// A string; its contents.
    Text(String),
    /// A dollar-quoted body.
    Body(String),
    Number(String),
    Symbol(char),
}

impl Token {
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    /// What joins two expressions.
    pub(crate) fn is_operator(&self) -> bool {
        match self {
            Self::Symbol(c) => !matches!(c, ',' | '.' | '(' | ')' | ';'),
            Self::Word(word) => {
                matches!(word.as_str(), "AND" | "OR" | "NOT" | "UNION" | "EXCEPT" | "INTERSECT" | "JOIN")
            }
            _ => false,
        }
    }

    pub(crate) fn is(&self, wanted: &str) -> bool {
        self.word() == Some(wanted)
    }
}

pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let end = skip(text, at);
        let piece = text.get(at..end).unwrap_or_default();
        match c {
            '\'' => found.push(Token::Text(unquote(piece, '\''))),
            '"' | '`' => found.push(Token::Quoted(unquote(piece, c))),
            '$' if piece.len() > 1 => found.push(Token::Body(body(piece).to_owned())),
            _ if piece.starts_with("--") || piece.starts_with("/*") => {
                // `/*! … */` runs in MySQL.
                if let Some(inner) = piece.strip_prefix("/*!") {
                    let inner = inner.trim_end_matches("*/").trim_start_matches(|c: char| c.is_ascii_digit());
                    if inner.len() < piece.len() {
                        found.extend(tokens(inner));
                    }
                }
            }
            _ if c.is_whitespace() => {}
            _ if c.is_ascii_digit() => found.push(Token::Number(piece.to_owned())),
            _ if is_word(c) => found.push(Token::Word(piece.to_uppercase())),
            _ => found.push(Token::Symbol(c)),
        }
        at = end.max(at + c.len_utf8());
    }
    found
}

/// The offset after the token, comment or run of blanks that begins at `at`.
pub(crate) fn skip(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let Some(c) = rest.chars().next() else {
        return at;
    };
    let end_of = |length: usize| at + length;
    match c {
        '\'' => {
            let escapes = at > 0 && text.get(..at).is_some_and(|before| before.ends_with(['E', 'e']));
            end_of(quoted(rest, '\'', escapes))
        }
        '"' | '`' => end_of(quoted(rest, c, false)),
        '-' if rest.starts_with("--") => end_of(rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => end_of(comment(rest)),
        '$' => end_of(dollar(rest).unwrap_or(1)),
        _ if c.is_whitespace() => end_of(rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len())),
        _ if is_word(c) || c.is_ascii_digit() => {
            end_of(rest.find(|c: char| !(is_word(c) || c.is_ascii_digit() || c == '$')).unwrap_or(rest.len()))
        }
        _ => end_of(c.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == crate::word::UNKNOWN
}

/// Length of a quoted run; to the end of the text when it is not closed.
fn quoted(rest: &str, quote: char, escapes: bool) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at + c.len_utf8();
            }
        }
    }
    rest.len()
}

/// Length of a block comment; PostgreSQL nests them.
fn comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of `$tag$ … $tag$`.
fn dollar(rest: &str) -> Option<usize> {
    let close = rest.get(1..)?.find('$')? + 1;
    let tag = rest.get(..=close)?;
    let name = tag.get(1..tag.len() - 1)?;
    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let body = rest.get(tag.len()..)?;
    Some(body.find(tag).map_or(rest.len(), |end| tag.len() + end + tag.len()))
}

fn body(piece: &str) -> &str {
    let tag = piece.get(1..).and_then(|rest| rest.find('$')).map_or(1, |at| at + 2);
    let inside = piece.get(tag..).unwrap_or_default();
    inside.get(..inside.len().saturating_sub(tag)).unwrap_or_default()
}

fn unquote(piece: &str, quote: char) -> String {
    let inside = piece.strip_prefix(quote).unwrap_or(piece);
    inside.strip_suffix(quote).unwrap_or(inside).to_owned()
}
