//! Lines of logs, whatever the platform: when, whose, how grave.

use jiff::Timestamp;
use serde::Serialize;

/// One line that a component wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When the platform got it.
    pub at: Option<Timestamp>,
    pub component: String,
    pub instance: String,
    /// As the platform knows it; what the line itself says is in [`parts`].
    pub level: Option<Level>,
    /// Without its end of line.
    pub text: String,
}

/// Which lines are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogWanted {
    /// Go on with what comes.
    pub follow: bool,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Only the last lines of each instance.
    pub tail: Option<u64>,
}

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warning,
    Error,
    Fatal,
}

impl Level {
    /// A level by any of the names that log libraries give it.
    pub fn named(name: &str) -> Option<Self> {
        let level = match name.to_ascii_lowercase().as_str() {
            "trace" | "verbose" => Self::Trace,
            "debug" => Self::Debug,
            "info" | "information" | "notice" | "log" => Self::Info,
            "warn" | "warning" => Self::Warning,
            "error" | "err" => Self::Error,
            "fatal" | "critical" | "crit" | "panic" | "alert" | "emerg" | "emergency" => Self::Fatal,
            _ => return None,
        };
        Some(level)
    }

    /// By pino's and bunyan's numbers.
    fn numbered(number: u64) -> Option<Self> {
        let level = match number {
            10..20 => Self::Trace,
            20..30 => Self::Debug,
            30..40 => Self::Info,
            40..50 => Self::Warning,
            50..60 => Self::Error,
            60..70 => Self::Fatal,
            _ => return None,
        };
        Some(level)
    }
}

/// What a line says, as far as its form tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    pub level: Option<Level>,
    /// The message of a JSON line; `None` when the line is its own message.
    pub message: Option<String>,
    /// The other fields of a JSON line.
    pub fields: Vec<(String, String)>,
}

const LEVEL_KEYS: [&str; 5] = ["level", "severity", "lvl", "levelname", "log.level"];
const MESSAGE_KEYS: [&str; 4] = ["msg", "message", "event", "text"];
const TIME_KEYS: [&str; 5] = ["time", "timestamp", "ts", "@timestamp", "asctime"];

/// How far into a line the word of its level is looked for.
const HEAD: usize = 120;

/// Reads what a line says of itself: JSON's fields, or the word of its level near the beginning.
pub fn parts(text: &str) -> Parts {
    if text.trim_start().starts_with('{')
        && let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(text)
    {
        return of_json(&fields);
    }
    Parts { level: level_in(text), message: None, fields: Vec::new() }
}

fn of_json(fields: &serde_json::Map<String, serde_json::Value>) -> Parts {
    let value = |keys: &[&str]| keys.iter().find_map(|key| fields.get(*key));
    let level = value(&LEVEL_KEYS).and_then(|level| match level {
        serde_json::Value::String(name) => Level::named(name),
        serde_json::Value::Number(number) => Level::numbered(number.as_u64()?),
        _ => None,
    });
    let plain = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let message_key = MESSAGE_KEYS.iter().find(|key| fields.contains_key(**key));
    let known = |name: &str| {
        LEVEL_KEYS.contains(&name) || TIME_KEYS.contains(&name) || message_key.is_some_and(|key| *key == name)
    };
    Parts {
        level,
        message: Some(message_key.map(|key| plain(&fields[*key])).unwrap_or_default()),
        fields: fields.iter().filter(|(name, _)| !known(name)).map(|(name, v)| (name.clone(), plain(v))).collect(),
    }
}

/// `ERROR`, `[warn]`, `level=info`, `LOG:`: the first word near the beginning that names a level and is not part of a
/// sentence, which it is in small letters without a mark around it.
fn level_in(text: &str) -> Option<Level> {
    let head = text.char_indices().nth(HEAD).map_or(text, |(end, _)| &text[..end]);
    let mut before = ' ';
    let mut rest = head;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        if let Some(last) = rest[..start].chars().next_back() {
            before = last;
        }
        let word_end = rest[start..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |end| start + end);
        let word = &rest[start..word_end];
        let after = rest[word_end..].chars().next().unwrap_or(' ');
        let marked = word.chars().all(|c| c.is_ascii_uppercase())
            || matches!((before, after), ('[' | '(' | '<', ']' | ')' | '>'))
            || before == '='
            || (after == ':' && before != '/' && !word.starts_with("http"));
        if marked && let Some(level) = Level::named(word) {
            return Some(level);
        }
        before = word.chars().next_back().unwrap_or(' ');
        rest = &rest[word_end..];
    }
    None
}

/// Puts the pieces of one stream together to lines; what has no end yet waits.
#[derive(Debug, Default)]
pub struct Lines {
    waiting: Vec<u8>,
}

/// A line longer than this is cut: a component that never ends its line must not fill the memory.
const LONGEST_LINE: usize = 256 * 1024;

impl Lines {
    /// The lines that a piece completes.
    pub fn push(&mut self, piece: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.waiting.extend_from_slice(part);
            if part.ends_with(b"\n") || self.waiting.len() > LONGEST_LINE {
                lines.push(self.take());
            }
        }
        lines
    }

    /// Whether a line has begun that has no end yet.
    pub fn wait(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What waits, when nothing more comes.
    pub fn rest(&mut self) -> Option<String> {
        (!self.waiting.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.waiting);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        String::from_utf8_lossy(line).into_owned()
    }
}

/// A line without the time that a platform puts before it, and that time.
pub(crate) fn stamped(text: String) -> (Option<Timestamp>, String) {
    match text.split_once(' ').map(|(head, rest)| (head.parse::<Timestamp>(), rest)) {
        Some((Ok(at), rest)) => (Some(at), rest.to_owned()),
        // An empty line has nothing after its time.
        _ => match text.parse() {
            Ok(at) => (Some(at), String::new()),
            Err(_) => (None, text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_read_in_the_forms_that_log_libraries_write() {
        for (line, level) in [
            (r#"{"level":"error","msg":"no"}"#, Some(Level::Error)),
            (r#"{"level":50,"time":1,"msg":"no"}"#, Some(Level::Error)),
            (r#"{"severity":"WARNING","message":"slow"}"#, Some(Level::Warning)),
            ("2026-11-26 10:00:00 ERROR [db] refused", Some(Level::Error)),
            ("[warn] slow", Some(Level::Warning)),
            ("time=x level=info msg=hi", Some(Level::Info)),
            ("2026-11-26 10:00:00 UTC [12] FATAL:  password authentication failed", Some(Level::Fatal)),
            ("2026-11-26 10:00:00 UTC [12] LOG:  checkpoint", Some(Level::Info)),
            ("GET /errors/error 200", None),
            ("there was no error at all", None),
            ("", None),
        ] {
            assert_eq!(parts(line).level, level, "{line}");
        }
    }

    #[test]
    fn a_json_line_gives_its_message_and_the_rest_as_fields() {
        let read = parts(r#"{"time":"t","level":"info","msg":"paid","order":7,"tenant":"a"}"#);
        assert_eq!(read.message.as_deref(), Some("paid"));
        let expected = [("order", "7"), ("tenant", "a")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(read.fields, expected);
    }

    #[test]
    fn pieces_become_lines_and_an_endless_one_is_cut() {
        let mut lines = Lines::default();
        assert!(lines.push(b"hal").is_empty());
        assert_eq!(lines.push(b"f\r\nwhole\n\nre"), ["half", "whole", ""]);
        assert_eq!(lines.rest().as_deref(), Some("re"));
        assert_eq!(lines.rest(), None);
        let cut = lines.push(&vec![b'x'; LONGEST_LINE + 1]);
        assert_eq!(cut.len(), 1);
    }
}
