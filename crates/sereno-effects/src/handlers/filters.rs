//! `sed` and `awk`: filters whose programs can also write and run.

use super::clients::after_equals;
use crate::analyzer::{Analyzer, Findings};
use crate::invocation::Invocation;
use crate::walk::Place;
use crate::word::UNKNOWN;
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;

impl Analyzer<'_> {
    /// `sed`: `-i` changes files; the commands `e` and `w` run and write.
    pub(super) fn sed(&mut self, command: &Invocation<'_>) -> bool {
        let scripts: Vec<String> = command
            .all(&["-e", "--expression"])
            .filter_map(|option| Some(after_equals(command.words.get(option.value_index)?, &option.name)))
            .collect();
        let from_file = command.has(&["-f", "--file"]);
        let first = if scripts.is_empty() && !from_file {
            command.positional_word(0).map(|word| word.text.clone())
        } else {
            None
        };
        let files = command.shown_from(usize::from(first.is_some())).collect::<Vec<_>>().join(" ");
        for script in scripts.iter().chain(&first) {
            let does = sed_does(script);
            // `sed "$X"`: the whole script is only known when it runs.
            if does.runs || (!script.is_empty() && script.chars().all(|c| c == UNKNOWN)) {
                self.found.unclear("sed");
            } else if does.writes {
                self.found.effect(phrased(
                    Verb::Writes,
                    Text::new("files named in the script", "archivos que nombra el guion"),
                    None,
                    Risk::Change,
                ));
            }
        }
        if from_file {
            self.found.unclear("sed -f");
        }
        let in_place = command.has(&["-i", "--in-place"]);
        // `-n -i` with a script that prints nothing, and `-i d`, lose lines; what stays is still the author's edit.
        let deletes_all = scripts
            .iter()
            .chain(&first)
            .any(|script| matches!(script.trim(), "d" | "1,$d" | "/./d" | "/.*/d" | "1d;$d"));
        if in_place && deletes_all {
            self.found.effect(phrased(Verb::Empties, Text::same(files), None, Risk::Destroy));
        } else if in_place {
            self.found.effect(phrased(Verb::Updates, Text::same(files), None, Risk::Change));
        }
        true
    }

    /// `awk`: a program that only prints is a filter.
    pub(super) fn awk(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        if command.has(&["-f", "--file"]) {
            self.found.unclear("awk -f");
            return true;
        }
        if command.has(&["-i", "--include"]) {
            self.found.raise(Risk::Change);
        }
        let Some(program) = command.positional_word(0) else {
            return true;
        };
        let bare = without_strings(&program.text);
        if program.text.contains("system")
            || ["@load", "@include"].iter().any(|word| program.text.contains(word))
            || bare.contains('|')
            || !program.known && program.text.trim().chars().all(|c| c == UNKNOWN)
        {
            let inner = self.apart(|this| this.quoted_commands(&program.text, span, place));
            if inner.risk == Risk::Destroy {
                self.found.absorb(Findings { commands: Vec::new(), ..inner });
            }
            self.found.unclear("awk");
        }
        if bare.contains("print") && bare.contains('>') && writes_file(&program.text) {
            self.found.effect(phrased(
                Verb::Writes,
                Text::new("files named in the program", "archivos que nombra el programa"),
                None,
                Risk::Change,
            ));
        }
        true
    }

    /// Strings of a program read as shell: `system("rm -rf x")`.
    fn quoted_commands(&mut self, program: &str, _span: &Range<usize>, place: &Place) {
        for text in program.split('"').skip(1).step_by(2).take(20) {
            let mut inner = place.deeper();
            inner.shift = None;
            inner.anchor.get_or_insert(0..0);
            self.inner_shell(text, &inner);
        }
    }
}

/// What a sed script does beside printing.
#[derive(Default)]
struct SedDoes {
    runs: bool,
    writes: bool,
}

/// The commands `e` and `w`, and the flags of these names, wherever a command may stand.
fn sed_does(script: &str) -> SedDoes {
    let mut does = SedDoes::default();
    let mut rest = script;
    loop {
        rest = after_address(rest.trim_start_matches(|c: char| c.is_whitespace() || ";{}".contains(c)));
        let Some(command) = rest.chars().next() else {
            return does;
        };
        let body = rest.get(command.len_utf8()..).unwrap_or_default();
        let line = body.find('\n').unwrap_or(body.len());
        let end = match command {
            'e' => {
                does.runs = true;
                line
            }
            'w' | 'W' => {
                does.writes = true;
                line
            }
            's' | 'y' => {
                let length = delimited(body, 2);
                let flags = body.get(length..).unwrap_or_default();
                let end = flags.find(['\n', ';', '}']).unwrap_or(flags.len());
                let flags = flags.get(..end).unwrap_or_default();
                // A file's name after `w` may hold any letter.
                let (own, file) = flags.split_once('w').map_or((flags, false), |(own, _)| (own, true));
                does.runs |= own.contains('e');
                does.writes |= file;
                length + end
            }
            // Text, labels and names of files go on to the end of the line.
            'a' | 'i' | 'c' | 'r' | 'R' | '#' => line,
            'b' | 't' | 'T' | ':' | 'v' => body.find(['\n', ';', '}']).unwrap_or(body.len()),
            _ => 0,
        };
        rest = body.get(end..).unwrap_or_default();
    }
}

/// Nothing but substitutions, none of which runs what it makes.
pub(super) fn only_substitutes(script: &str) -> bool {
    script.split(';').map(str::trim).filter(|piece| !piece.is_empty()).all(|piece| {
        let body = piece.strip_prefix("s/").or_else(|| piece.strip_prefix("s|")).or_else(|| piece.strip_prefix("s#"));
        let delimited = body.map(|_| delimited(piece.get(1..).unwrap_or_default(), 2) + 1);
        let flags = delimited.and_then(|end| piece.get(end..));
        !piece.contains(['`', '@']) && flags.is_some_and(|flags| flags.chars().all(|c| "gimsx".contains(c)))
    })
}

/// What follows the address of a sed command: `1,5`, `/x/I,$`, `\\cxc`, `0~3`, `!`.
fn after_address(script: &str) -> &str {
    let mut rest = script;
    loop {
        let Some(c) = rest.chars().next() else { return rest };
        let length = match c {
            '/' => delimited(rest, 1),
            '\\' => 1 + delimited(rest.get(1..).unwrap_or_default(), 1),
            '0'..='9' | '$' | ',' | '~' | '+' | '!' | ' ' | '\t' => 1,
            // Flags of an address, not commands: what follows them goes on with it.
            'I' | 'M' if rest.len() < script.len() => 1,
            _ => return rest,
        };
        if length == 0 {
            return rest;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// Bytes from a delimiter over so many parts that it closes.
fn delimited(text: &str, parts: usize) -> usize {
    let mut chars = text.char_indices();
    let Some((_, delimiter)) = chars.next() else { return 0 };
    let mut left = parts;
    let mut escaped = false;
    for (at, c) in chars {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == delimiter {
            left -= 1;
            if left == 0 {
                return at + c.len_utf8();
            }
        }
    }
    text.len()
}

/// A program without what stands between double quotes and slashes.
fn without_strings(program: &str) -> String {
    let text: String = program.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    // `||` and `a|b` in a pattern are no pipes; a pipe is followed by a string or by `getline`.
    text.replace("||", "  ").split('/').step_by(2).collect::<Vec<_>>().join(" ")
}

/// `print > file`: what follows `>` in a print, outside of parentheses, is a file.
fn writes_file(program: &str) -> bool {
    program.split("print").skip(1).any(|statement| {
        let mut depth = 0usize;
        let mut quoted = false;
        for (at, c) in statement.char_indices() {
            match c {
                '"' => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                ';' | '}' | '\n' => return false,
                '>' if depth == 0 => {
                    let target = statement.get(at..).unwrap_or_default().trim_start_matches(['>', ' ']);
                    return !target.starts_with("\"/dev/std");
                }
                _ => {}
            }
        }
        false
    })
}
