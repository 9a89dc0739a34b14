//! What a step's output says afterwards: its digest, and whether what the author said to expect was seen. It is read
//! once, piece by piece: a step may have written more than anybody wants in memory.

use crate::session::{OutputReader, StepFiles};
use sereno_model::{Digest, Digester};
use std::io;

/// More than this of an output is not searched: what an author expects stands near its end.
const SEARCHED: usize = 1 << 20;

/// What was found in an output.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Of the bytes that are kept, both streams in their order; `None` where there are none.
    pub(super) digest: Option<Digest>,
    /// Whether the expected text stands in it; `None` when the author's words are prose that cannot be looked for.
    pub(super) expectation_met: Option<bool>,
}

/// Looks through what a step wrote.
pub(super) fn look(expects: Option<&str>, files: &StepFiles) -> Looked {
    let wanted = expects.and_then(literal);
    let mut digester = Digester::default();
    let mut kept = 0_u64;
    let mut tail: Vec<u8> = Vec::new();
    let read = each_output(files, |bytes| {
        digester.update(bytes);
        kept += bytes.len() as u64;
        if wanted.is_some() {
            tail.extend_from_slice(bytes);
            if tail.len() > 2 * SEARCHED {
                tail.drain(..tail.len() - SEARCHED);
            }
        }
    });
    if read.is_err() {
        return Looked::default();
    }
    let last = tail.get(tail.len().saturating_sub(SEARCHED)..).unwrap_or_default();
    let expectation_met = wanted.map(|wanted| squeeze(&String::from_utf8_lossy(last)).contains(&squeeze(&wanted)));
    Looked { digest: (kept > 0).then(|| digester.finish()), expectation_met }
}

/// Gives what is kept of a step's output, both streams in their order, piece by piece. The answer says whether some of
/// the middle is gone.
pub fn each_output(files: &StepFiles, mut on_bytes: impl FnMut(&[u8])) -> io::Result<bool> {
    let mut reader = OutputReader::new(files, 0);
    reader.read(|_, _, bytes| on_bytes(bytes))?;
    Ok(reader.skipped() > 0)
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
