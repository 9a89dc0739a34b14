//! Private keys that a log holds over several lines.
//!
//! Every line is redacted by itself, so that it is shown at once, and of a key in PEM only the first line says what it is.
//! What follows that line is hidden here: not by holding it back until the key's end comes, which it may never do.

/// A key longer than this many lines is none: the one of 16384 bits has about 200.
const LONGEST: usize = 400;

/// A word of base64 at least this long is a line of a key; the last one may be shorter.
const LONG_WORD: usize = 32;

/// What stands in the place of a key's line.
pub(super) const HIDDEN: &str = "[redacted:private-key]";

/// Where an instance's lines stand.
#[derive(Debug, Default)]
pub(super) struct Key {
    /// How many lines may yet be of the key that began.
    left: usize,
    /// The last line was of the key.
    within: bool,
}

impl Key {
    /// The line, or what hides it. Other lines between those of a key are shown: two streams of one instance may mix.
    pub(super) fn hide<'t>(&mut self, line: &'t str) -> &'t str {
        if line.contains("-----") {
            if let Some(began) = begins(line) {
                *self = Self { left: if began { LONGEST } else { 0 }, within: began };
            }
            return line;
        }
        if self.left == 0 {
            return line;
        }
        self.left -= 1;
        let word = line.split_whitespace().next_back().unwrap_or_default().trim_matches(['"', '\'', ',', '\\']);
        let base64 = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        let alone = line.trim().len() == word.len();
        let of_key = base64 && (word.len() >= LONG_WORD || (self.within && alone && !word.is_empty()));
        // Before the body come its headers and an empty line, in a key that a password locks.
        self.within =
            of_key || (self.within && (word.is_empty() || line.contains("Proc-Type:") || line.contains("DEK-Info:")));
        if of_key { HIDDEN } else { line }
    }
}

/// Whether a key begins in the line and does not end there; `None` when it has no mark of one.
fn begins(line: &str) -> Option<bool> {
    let begin = line.rfind("-----BEGIN ").filter(|at| line[*at..].contains("PRIVATE KEY"));
    let end = line.rfind("-----END ");
    match (begin, end) {
        (None, None) => None,
        (begin, end) => Some(begin > end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "MIIEowIBAAKCAQEAabcdefghijklmnopqrstuvwxQWERTYUIOPASDFGHJKLZXCVB";

    fn hidden(lines: &[&str]) -> Vec<bool> {
        let mut key = Key::default();
        lines.iter().map(|line| key.hide(line) == HIDDEN).collect()
    }

    #[test]
    fn the_body_of_a_key_is_hidden_line_by_line_and_nothing_else_is() {
        let begin = "-----BEGIN RSA PRIVATE KEY-----";
        let end = "-----END RSA PRIVATE KEY-----";
        let lines = [BODY, begin, BODY, "GET /health 200", BODY, "abc==", end, BODY, "done"];
        assert_eq!(hidden(&lines), [false, false, true, false, true, true, false, false, false]);
        let locked = [begin, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,00FF", "", "c2hvcnQ=", end];
        assert_eq!(hidden(&locked), [false, false, false, false, true, false]);
        let prefixed = format!("INFO  {BODY}");
        assert_eq!(hidden(&["INFO  -----BEGIN PRIVATE KEY-----", &prefixed]), [false, true]);
    }

    #[test]
    fn a_certificate_and_a_key_on_one_line_hide_nothing_that_follows() {
        assert_eq!(hidden(&["-----BEGIN CERTIFICATE-----", BODY]), [false, false]);
        assert_eq!(hidden(&["-----BEGIN PRIVATE KEY----- x -----END PRIVATE KEY-----", BODY]), [false, false]);
    }

    #[test]
    fn a_key_that_never_ends_hides_only_so_much() {
        let mut lines = vec!["-----BEGIN PRIVATE KEY-----"];
        lines.resize(LONGEST + 2, BODY);
        assert_eq!(hidden(&lines).iter().filter(|hidden| **hidden).count(), LONGEST);
    }
}
