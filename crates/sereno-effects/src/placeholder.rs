//! Placeholders that the syntax alone gives away: `<pod-name>`, `{{x}}`, `[COMPLETAR]`, `XXXX`, `YYYY-MM-DD`.
//!
//! What only the meaning gives away (`tu-dominio.com`, `abc123`) is for the room that reads the whole runbook.

use serde::Serialize;
use std::ops::Range;

/// Something that the reader must replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placeholder {
    /// Its bytes in the text, brackets included.
    pub span: Range<usize>,
    /// What stands between the brackets, trimmed: `pod-name`.
    pub name: String,
}

/// A placeholder's name is a few words, not a paragraph.
const MAX_NAME: usize = 60;

/// The placeholders of a shell or SQL text, in order, not overlapping. Redirections, heredocs, substitutions and
/// comparisons are not placeholders.
pub fn syntactic_placeholders(text: &str) -> Vec<Placeholder> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let span = match byte {
            b'<' => angle(text, at),
            b'{' => braces(text, at),
            b'[' => square(text, at),
            b'X' => crosses(bytes, at),
            b'Y' | b'A' | b'D' => date(bytes, at),
            _ => None,
        };
        match span {
            Some(span) if !span.is_empty() => {
                at = span.end;
                let name = text
                    .get(span.clone())
                    .unwrap_or_default()
                    .trim_matches(|c: char| "<>{}[]".contains(c) || c.is_whitespace())
                    .to_owned();
                found.push(Placeholder { span, name });
            }
            // Bytes at and above 0x80 never begin a placeholder, so stepping by byte is enough.
            _ => at += 1,
        }
    }
    found
}

/// `<pod-name>`, `<new password>`, `<VERSION>`; not `<file`, `<<EOF`, `<(cmd)`, `< a > b`, `a<b>c`.
fn angle(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if at > 0 && matches!(bytes[at - 1], b'<' | b'\\') {
        return None;
    }
    let (name, end) = inside(text, at + 1, '>')?;
    if !is_name(name) {
        return None;
    }
    // `<b>` in a text that builds HTML, and `List<T>` are not for the reader; `cmd <in>out` redirects twice.
    let after = bytes.get(end).copied();
    let redirects_on = matches!(after, Some(b'>' | b'&' | b'('))
        || (after == Some(b' ')
            && !name.contains([' ', '-', '_'])
            && at > 0
            && looks_like_two_redirections(text, at, name, end));
    (!redirects_on && !is_markup(text, name, end)).then_some(at..end)
}

/// `sort <in.txt> out.txt`: a name with a dot or a slash, and a word after it.
fn looks_like_two_redirections(text: &str, _at: usize, name: &str, end: usize) -> bool {
    name.contains(['.', '/'])
        && text
            .get(end..)
            .and_then(|rest| rest.trim_start_matches(' ').chars().next())
            .is_some_and(|c| c.is_alphanumeric() || c == '/' || c == '.')
}

/// `<b>bold</b>`, `<br>`: an opening tag whose closing tag follows.
fn is_markup(text: &str, name: &str, end: usize) -> bool {
    const VOID: [&str; 6] = ["br", "hr", "html", "body", "head", "xml"];
    let word = name.split_whitespace().next().unwrap_or_default();
    if VOID.contains(&word) {
        return true;
    }
    // A closing tag is looked for nearby only, so that the whole stays linear.
    let near = text.get(end..floor(text, end + 200)).unwrap_or_default();
    near.find("</").is_some_and(|slash| near.get(slash + 2..).is_some_and(|rest| rest.starts_with(word)))
}

/// `{{x}}`, but not `{{.Names}}`, `{{json .}}`, `{{range ...}}`: templates of docker, kubectl and helm.
fn braces(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if bytes.get(at + 1) != Some(&b'{') {
        return None;
    }
    let (name, close) = inside(text, at + 2, '}')?;
    if bytes.get(close) != Some(&b'}') {
        return None;
    }
    let inner = name.trim();
    let template = inner.contains(['.', '$', '"', '|', '('])
        || ["range", "end", "if", "else", "json", "println", "len"]
            .iter()
            .any(|word| inner.split_whitespace().next() == Some(word));
    (!template && is_name(inner)).then_some(at..close + 1)
}

/// `[COMPLETAR]`, `[x]`, `[tu dominio]` where a word stands; not tests, classes of a pattern, indexes or JSON.
fn square(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    let alone = before
        .is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'=' | b'"' | b'\'' | b'/' | b':' | b'@' | b'-' | b'_'));
    if !alone || before == Some(b'[') {
        return None;
    }
    let (name, end) = inside(text, at + 1, ']')?;
    let after = bytes.get(end).copied();
    if matches!(after, Some(b']' | b'*' | b'+' | b'?' | b'{' | b'(' | b'[' | b'\\' | b'^' | b'$')) || !is_name(name) {
        return None;
    }
    // `[x]` and `[ ]` at the start of a list item are boxes to tick, and `[a-z]`, `[abc]`, `[0-9]` are classes: a
    // placeholder in square brackets is a word in capitals or several words, or stands alone as an argument.
    let capitals =
        name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase) && name.chars().count() > 2;
    let several =
        name.contains([' ', '-', '_']) && name.chars().count() > 4 && !name.contains("a-z") && !name.contains("A-Z");
    let closed = after.is_none_or(|b| {
        matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b';' | b'/' | b':' | b'@' | b'.' | b')' | b',')
    });
    let lone_word = matches!(before, Some(b' ' | b'='))
        && closed
        && name.chars().count() > 1
        && name.chars().all(|c| c.is_alphabetic() || c == '.');
    let single = name.eq_ignore_ascii_case("x") && before == Some(b' ') && closed;
    let spaced_test = name.starts_with(' ') || name.ends_with(' ');
    let json = name.contains(['"', '\'', ',']);
    (((capitals || several) && closed || lone_word || single) && !spaced_test && !json).then_some(at..end)
}

/// `XXXX` and longer (`XXX` is a comment's mark), alone or as part of a word: `whsec_XXXX`.
fn crosses(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    if at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let length = bytes[at..].iter().take_while(|b| **b == b'X').count();
    let after = bytes.get(at + length);
    let template = at > 0 && bytes[at - 1] == b'.' && mktemp(bytes, at);
    (length >= 4 && !template && after.is_none_or(|b| !b.is_ascii_alphanumeric())).then_some(at..at + length)
}

/// `mktemp /tmp/work.XXXXXX` wants its crosses.
fn mktemp(bytes: &[u8], at: usize) -> bool {
    let from = at.saturating_sub(120);
    let line = bytes[from..at].rsplit(|b| *b == b'\n').next().unwrap_or_default();
    line.windows(6).any(|w| w == b"mktemp")
}

/// `YYYY-MM-DD`, `YYYYMMDD`, `AAAA-MM-DD`, `DD-MM-YYYY`, with a time after it if there is one.
fn date(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const FORMS: [&[u8]; 8] = [
        b"YYYY-MM-DD",
        b"YYYYMMDD",
        b"AAAA-MM-DD",
        b"AAAAMMDD",
        b"DD-MM-YYYY",
        b"DD-MM-AAAA",
        b"YYYY_MM_DD",
        b"YYYY/MM/DD",
    ];
    const TIMES: [&[u8]; 8] =
        [b"_HHMMSS", b"_HHMM", b"-HHMMSS", b"-HHMM", b"THH:MM:SS", b"_HH-MM-SS", b" HH:MM:SS", b" HH:MM"];
    if at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let form = FORMS.iter().find(|form| bytes[at..].starts_with(form))?;
    let mut end = at + form.len();
    if let Some(time) = TIMES.iter().find(|time| bytes[end..].starts_with(time)) {
        end += time.len();
    }
    // `date +YYYY` is not written so, but `to_char(x, 'YYYY-MM-DD')` is: a format, not a hole.
    let from = at.saturating_sub(60);
    let format =
        bytes[from..at].windows(8).any(|w| w.eq_ignore_ascii_case(b"to_char(") || w.eq_ignore_ascii_case(b"to_date("))
            || bytes[from..at].windows(13).any(|w| w.eq_ignore_ascii_case(b"to_timestamp("));
    (!format && bytes.get(end).is_none_or(|b| !b.is_ascii_alphanumeric())).then_some(at..end)
}

/// What stands from `from` to `close` on the same line, and the offset after `close`.
fn inside(text: &str, from: usize, close: char) -> Option<(&str, usize)> {
    let window = text.get(from..floor(text, from + MAX_NAME + 1))?;
    let stop = window.find(['\n', '\r', close])?;
    let name = window.get(..stop)?;
    window.get(stop..)?.starts_with(close).then(|| (name, from + stop + close.len_utf8()))
}

/// The largest character boundary at or below `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Words of letters, digits and a few joiners; it begins and ends like a word and has a letter.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || " -_./:|,'@#+".contains(c);
    let first = name.chars().next();
    let last = name.chars().next_back();
    first.is_some_and(char::is_alphabetic)
        && last.is_some_and(|c| c.is_alphanumeric() || c == '.')
        && name.chars().all(allowed)
        && !name.contains(" > ")
}
