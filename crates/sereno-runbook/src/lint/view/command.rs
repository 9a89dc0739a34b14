//! A command of the runbook with what a reviewer needs beside it: where it stands, where it runs, what it is joined to.

use super::scan::{Join, Raw, Redirect, Scan, Word, scan};
use super::unwrap::{Inner, Place, program, unwrap};
use std::ops::Range;

/// Wrappers within wrappers beyond which the rest is taken as it is.
const DEPTH: usize = 6;

#[derive(Debug, Clone)]
pub(crate) struct Cmd {
    /// Index of the block in the view.
    pub(crate) block: usize,
    pub(crate) assigns: Vec<Word>,
    /// The program first. All spans are of the block's text.
    pub(crate) words: Vec<Word>,
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) span: Range<usize>,
    pub(crate) join: Join,
    pub(crate) pipeline: usize,
    pub(crate) list: usize,
    pub(crate) in_loop: bool,
    pub(crate) in_condition: bool,
    pub(crate) in_substitution: bool,
    pub(crate) heredoc: Option<Range<usize>>,
    /// The wrappers around it, outermost first.
    pub(crate) via: Vec<&'static str>,
    pub(crate) place: Place,
    /// It is what another command of the list wraps.
    pub(crate) is_inner: bool,
}

impl Cmd {
    /// The program's name; empty for a bare assignment.
    pub(crate) fn name(&self) -> &str {
        self.words.first().map_or("", program)
    }

    /// The value of the `n`-th word after the program.
    pub(crate) fn arg(&self, n: usize) -> &str {
        self.words.get(n + 1).map_or("", |w| w.value.as_str())
    }

    pub(crate) fn args(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().skip(1)
    }

    pub(crate) fn has(&self, value: &str) -> bool {
        self.args().any(|w| w.value == value)
    }

    pub(crate) fn has_any(&self, values: &[&str]) -> bool {
        self.args().any(|w| values.contains(&w.value.as_str()))
    }

    /// An option by its short letters (also within a cluster such as `-itd`) or its long name (also `--name=value`).
    pub(crate) fn option(&self, short: char, long: &str) -> bool {
        self.args().any(|w| {
            let v = w.value.as_str();
            let cluster = v.starts_with('-') && !v.starts_with("--") && v.len() > 1;
            (cluster && v[1..].chars().all(|c| c.is_ascii_alphabetic()) && v.contains(short))
                || (!long.is_empty() && (v == long || v.strip_prefix(long).is_some_and(|r| r.starts_with('='))))
        })
    }

    /// The value given to one of these options.
    pub(crate) fn value_of(&self, options: &[&str]) -> Option<&Word> {
        let at = self.words.iter().position(|w| options.contains(&w.value.as_str()))?;
        self.words.get(at + 1)
    }

    /// All words joined by single blanks.
    pub(crate) fn line(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|w| w.value.as_str()).collect();
        words.join(" ")
    }

    pub(crate) fn here(&self) -> bool {
        self.place == Place::Here
    }

    /// The subcommand and what follows it, with the options between the program and it left out.
    pub(crate) fn sub(&self) -> Sub<'_> {
        let mut at = 1;
        if matches!(self.name(), "docker" | "podman") && self.arg(0) == "compose" {
            at = 2;
        }
        let with_value = [
            "-f",
            "--file",
            "-p",
            "--project-name",
            "--profile",
            "--env-file",
            "--context",
            "-n",
            "--namespace",
            "-C",
            "-H",
            "--kubeconfig",
            "--filter",
            "--prefix",
        ];
        at = super::unwrap::skip_options(&self.words, at, &with_value);
        Sub { words: self.words.get(at..).unwrap_or(&[]) }
    }

    /// `docker-compose` or `docker compose`, with this subcommand.
    pub(crate) fn compose(&self, subcommand: &str) -> bool {
        self.is_compose() && self.sub().name() == subcommand
    }

    pub(crate) fn is_compose(&self) -> bool {
        self.name() == "docker-compose" || (self.name() == "docker" && self.arg(0) == "compose")
    }

    pub(crate) fn kubectl(&self, subcommand: &str) -> bool {
        matches!(self.name(), "kubectl" | "oc") && self.sub().name() == subcommand
    }
}

/// A subcommand with its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sub<'a> {
    pub(crate) words: &'a [Word],
}

impl<'a> Sub<'a> {
    pub(crate) fn name(self) -> &'a str {
        self.words.first().map_or("", |w| w.value.as_str())
    }

    pub(crate) fn operands(self) -> impl Iterator<Item = &'a Word> {
        self.words.iter().skip(1).filter(|w| !w.value.starts_with('-'))
    }

    /// The first operand.
    pub(crate) fn operand(self) -> &'a str {
        self.operands().next().map_or("", |w| w.value.as_str())
    }
}

/// All commands of a text, wrapped ones after their wrapper, and its comments.
pub(super) fn commands(text: &str, block: usize) -> (Vec<Cmd>, Vec<Range<usize>>) {
    let Scan { commands, comments } = scan(text, 0);
    let mut out = Vec::with_capacity(commands.len());
    for raw in commands {
        let context = Outer { text, block, via: Vec::new(), place: Place::Here, depth: 0, is_inner: false };
        push(raw, context, &mut out);
    }
    (out, comments)
}

struct Outer<'a> {
    text: &'a str,
    block: usize,
    via: Vec<&'static str>,
    place: Place,
    depth: usize,
    is_inner: bool,
}

fn push(raw: Raw, outer: Outer<'_>, out: &mut Vec<Cmd>) {
    let wrapped = if outer.depth < DEPTH { unwrap(&raw.words) } else { None };
    let command = Cmd {
        block: outer.block,
        assigns: raw.assigns,
        words: raw.words,
        redirects: raw.redirects,
        span: raw.span,
        join: raw.join,
        pipeline: raw.pipeline,
        list: raw.list,
        in_loop: raw.in_loop,
        in_condition: raw.in_condition,
        in_substitution: raw.in_substitution,
        heredoc: raw.heredoc,
        via: outer.via.clone(),
        place: outer.place.clone(),
        is_inner: outer.is_inner,
    };
    let Some(wrapped) = wrapped else {
        out.push(command);
        return;
    };
    let mut via = outer.via;
    via.push(wrapped.label);
    let place = wrapped.place.unwrap_or(outer.place);
    let inner = match wrapped.inner {
        Inner::Words(at) => {
            let words: Vec<Word> = command.words.get(at..).unwrap_or(&[]).to_vec();
            let start = words.first().map_or(command.span.start, |w| w.span.start);
            let end = words.last().map_or(command.span.end, |w| w.span.end);
            let assigned = words.iter().take_while(|w| super::scan::is_assignment(&w.raw)).count();
            vec![Raw {
                assigns: words[..assigned].to_vec(),
                words: words[assigned..].to_vec(),
                redirects: Vec::new(),
                span: start..end,
                join: command.join,
                pipeline: command.pipeline,
                list: command.list,
                in_loop: command.in_loop,
                in_condition: command.in_condition,
                in_substitution: command.in_substitution,
                heredoc: command.heredoc.clone(),
            }]
        }
        Inner::Script(range) => {
            let mut inner = scan(outer.text.get(range.clone()).unwrap_or(""), range.start).commands;
            for (shift, raw) in inner.iter_mut().enumerate() {
                // A script inside has lists of its own.
                raw.list += 500_000_000 + range.start * 1000 + shift / 1_000_000;
                raw.pipeline += 500_000_000 + range.start * 1000;
                raw.in_loop |= command.in_loop;
            }
            inner
        }
    };
    out.push(command);
    for raw in inner {
        let next = Outer {
            text: outer.text,
            block: outer.block,
            via: via.clone(),
            place: place.clone(),
            depth: outer.depth + 1,
            is_inner: true,
        };
        push(raw, next, out);
    }
}
