//! A here-document that is never closed takes everything up to the end of the text as its body. The command that saves the
//! state must not end up in someone's configuration file, so a text that has one runs without it, exactly as bash would
//! run it.

use std::path::Path;
use std::process::{Command, Stdio};

/// Whether bash would read the end of the text as the end of a here-document. Asks bash itself, but only where the text
/// has a `<<` whose closing line cannot be found by looking.
pub(super) fn is_left_open(script: &str, shell: &Path) -> bool {
    may_be_left_open(script) && bash_says_so(script, shell)
}

fn may_be_left_open(script: &str) -> bool {
    script.match_indices("<<").any(|(at, _)| {
        let rest = script.get(at + 2..).unwrap_or_default();
        let before = script.get(..at).unwrap_or_default();
        if rest.starts_with('<') || before.ends_with('<') {
            return false;
        }
        let delimiter = delimiter(rest.trim_start_matches('-').trim_start_matches([' ', '\t']));
        !rest.lines().skip(1).any(|line| line.trim_start_matches('\t') == delimiter)
    })
}

/// The delimiter without its quotes.
fn delimiter(text: &str) -> String {
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '\\') => {}
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')') => break,
            (_, c) => word.push(c),
        }
    }
    word
}

fn bash_says_so(script: &str, shell: &Path) -> bool {
    let checked = Command::new(shell)
        .args(["-n", "-c", "--", script])
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    // A shell that cannot be started is said so when the step is.
    checked.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("delimited by end-of-file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_open_is_told() {
        for (script, open) in [
            ("cat <<EOF\nhello\nEOF\n", false),
            ("cat <<EOF\nhello\n  EOF\n", true),
            ("cat <<-'END HERE'\nhello\n\tEND HERE", false),
            ("cat <<EOF\nhello", true),
            ("x=$((1<<n))", false),
            ("cat <<<word", false),
            ("echo 'a << b'", false),
            ("cat <<A <<\\B\nA\nB\n", false),
        ] {
            assert_eq!(is_left_open(script, Path::new("bash")), open, "{script}");
        }
    }
}
