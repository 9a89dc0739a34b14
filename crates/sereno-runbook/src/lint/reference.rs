//! The reference of lints, written from the registry.

use super::registry::{Example, lints};
use sereno_model::Severity;
use std::fmt::Write as _;

/// What the reader itself reports; it is documented here, beside the lints.
const READER: [(&str, &str); 6] = [
    ("encoding-repaired", "The file's text had been damaged by a wrong encoding and was repaired while reading."),
    ("unclosed-fence", "A block is never closed, or ends with its list item: what follows is not what it seems."),
    ("uneven-fence", "A block is opened and closed with different numbers of backticks."),
    ("swallowed-command", "A command stands on the line that opens the block, where only the language's name belongs."),
    ("too-large-to-check", "The file is far larger than a runbook; the lints were not run."),
    ("nesting-too-deep", "Lists or quotes are nested deeper than anybody can follow."),
];

/// `docs/reference/lints.md`.
pub fn render_reference() -> String {
    let mut out = String::from(
        "# Lints\n\nWhat `sereno check` finds. This file is generated from the registry in `crates/sereno-runbook/src/lint`; a test compares them.\n\n\
         Severities: **error** cannot work or loses data; **warning** will hurt some night; **note** is worth knowing.\n\n\
         To answer a finding in the text: `<!-- sereno: allow CODE reason -->` on the line before it or before its block, or\n\
         `# sereno: allow CODE reason` inside the block.\n\n",
    );
    for lint in lints() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "## {}\n", lint.code);
        let _ = writeln!(out, "*{}.* {}.\n", severity(lint.severity), lint.title.en);
        let _ = writeln!(out, "**Why:** {}.\n", sentence(lint.why.en));
        let _ = writeln!(out, "**Mend:** {}\n", lint.fix.en);
        let _ = writeln!(out, "Found in:\n\n{}", example(lint.bad));
        let _ = writeln!(out, "Not found in:\n\n{}", example(lint.good));
    }
    out.push_str("## Found while reading\n\nThese come from the reader itself, whatever is checked.\n\n");
    for (code, what) in READER {
        let _ = writeln!(out, "- `{code}`: {what}");
    }
    out
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "Note",
        Severity::Warning => "Warning",
        Severity::Error => "Error",
    }
}

/// The first letter in upper case, no full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// An example of Markdown stands in a longer fence.
fn example(example: Example) -> String {
    match example {
        Example::Shell(_) => example.page(),
        Example::Page(text) => format!("````markdown\n{text}\n````\n"),
    }
}
