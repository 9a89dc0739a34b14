//! `sed` and `awk`: filters whose programs can also write and run.

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
            .filter_map(|option| command.words.get(option.value_index))
            .map(|word| word.text.clone())
            .collect();
        let from_file = command.has(&["-f", "--file"]);
        let first = if scripts.is_empty() && !from_file {
            command.positional_word(0).map(|word| word.text.clone())
        } else {
            None
        };
        let files = command.shown_from(usize::from(first.is_some())).collect::<Vec<_>>().join(" ");
        for script in scripts.iter().chain(&first) {
            if sed_executes(script) {
                self.found.unclear("sed");
            } else if sed_writes(script) {
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
        let in_place = command.words.iter().any(|word| {
            word.text.starts_with("--in-place")
                || (word.text.starts_with('-')
                    && !word.text.starts_with("--")
                    && word.text.contains('i')
                    && !word.quoted)
        });
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

/// The command `e`, or the flag `e` of a substitution: sed runs a shell.
fn sed_executes(script: &str) -> bool {
    script.split(['\n', ';']).any(|piece| {
        let piece = piece.trim();
        let address = piece.trim_start_matches(|c: char| c.is_ascii_digit() || "$,! ".contains(c));
        address == "e" || address.starts_with("e ") || flags(piece).is_some_and(|flags| flags.contains('e'))
    })
}

/// The command `w`, or the flag `w`.
fn sed_writes(script: &str) -> bool {
    script.split(['\n', ';']).any(|piece| {
        let piece = piece.trim();
        let address = piece.trim_start_matches(|c: char| c.is_ascii_digit() || "$,! ".contains(c));
        let after_pattern = piece.rsplit('/').next().unwrap_or_default();
        address.starts_with("w ")
            || after_pattern.trim_start().starts_with("w ")
            || flags(piece).is_some_and(|flags| flags.contains('w'))
    })
}

/// What follows the third delimiter of `s/a/b/flags`.
fn flags(piece: &str) -> Option<&str> {
    let at = piece.find('s')?;
    let before = piece.get(..at)?;
    if !before.chars().all(|c| c.is_ascii_digit() || "$,! ".contains(c)) && !before.ends_with('/') {
        return None;
    }
    let rest = piece.get(at + 1..)?;
    let delimiter = rest.chars().next().filter(|c| !c.is_alphanumeric() && !c.is_whitespace())?;
    let parts: Vec<&str> = rest.split(delimiter).collect();
    let last = parts.get(3..)?.last()?;
    last.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '.').then_some(*last)
}

/// A program without what stands between double quotes and slashes.
fn without_strings(program: &str) -> String {
    let text: String = program.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    // `||` and `a|b` in a pattern are no pipes; a pipe is followed by a string or by `getline`.
    text.replace("||", "  ").split('/').step_by(2).collect::<Vec<_>>().join(" ")
}

/// `print > "file"`: a redirection is followed by a string; a comparison by a number or a field.
fn writes_file(program: &str) -> bool {
    program.split('>').skip(1).any(|after| {
        let after = after.trim_start_matches('>').trim_start();
        after.starts_with('"') && !after.starts_with("\"/dev/std") || after.starts_with('(')
    })
}
