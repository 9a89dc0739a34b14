//! Whether what the author said to expect was seen.

use crate::session::{OutputReader, StepFiles};
use std::io;

/// More than this of an output is not searched: what an author expects stands near its end.
const SEARCHED: usize = 1 << 20;

/// Whether the expected text stands in the output; `None` when the author's words are prose that cannot be looked for.
pub(super) fn seen(expects: &str, files: &StepFiles) -> Option<bool> {
    let wanted = literal(expects)?;
    let bytes = read_output(files).ok()?;
    let tail = &bytes[bytes.len().saturating_sub(SEARCHED)..];
    Some(squeeze(&String::from_utf8_lossy(tail)).contains(&squeeze(&wanted)))
}

/// What a step wrote to both of its streams, in order.
pub fn read_output(files: &StepFiles) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    OutputReader::new(files, 0).read(|_, _, bytes| all.extend_from_slice(bytes))?;
    Ok(all)
}

/// The literal in an expectation: what stands in backticks or quotes, a single word such as `PONG`, a status such as
/// `status: "ok"`. A sentence is not one.
fn literal(expects: &str) -> Option<String> {
    let text = expects.trim().trim_end_matches('.');
    if let Some(inner) = text.strip_prefix('`').and_then(|rest| rest.split('`').next()) {
        return (!inner.is_empty()).then(|| inner.to_owned());
    }
    // An HTTP status alone is not in a body: only `curl -i` or `-w` would show it.
    if text.parse::<u32>().is_ok() {
        return None;
    }
    let words = text.split_whitespace().count();
    let like_code =
        text.contains(['"', ':', '=', '{', '_']) || text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    (words == 1 || (words <= 4 && like_code)).then(|| text.to_owned())
}

/// Without white space and quotes, so that `status: "ok"` is seen in `{"status":"ok"}`.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '`')).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_told_from_prose() {
        for (expects, found) in [
            ("PONG", Some("PONG")),
            ("`PONG`", Some("PONG")),
            ("status: \"ok\"", Some("status: \"ok\"")),
            ("401", None),
            ("los pods nuevos en estado listo", None),
            ("All migrations have been applied", None),
        ] {
            assert_eq!(literal(expects).as_deref(), found, "{expects}");
        }
        assert!(squeeze("{\"status\": \"OK\"}").contains(&squeeze("status: \"ok\"")));
    }
}
