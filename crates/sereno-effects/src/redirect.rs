//! Redirections: what they write, and what they feed to a command.

use crate::analyzer::Analyzer;
use crate::heredoc::arguments;
use crate::source::Source;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::{self, Field};
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use tree_sitter::Node;

impl Analyzer<'_> {
    /// A statement with its redirections.
    pub(crate) fn redirected(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        let mut body = None;
        let mut redirects = Vec::new();
        for child in node.named_children(&mut node.walk()) {
            match child.kind() {
                "file_redirect" | "heredoc_redirect" | "herestring_redirect" => {
                    redirects.push(child);
                }
                "comment" => {}
                _ if body.is_none() => body = Some(child),
                // The parser could not place it; it is read as a statement of its own.
                _ => self.visit(source, child, &place.perhaps()),
            }
        }
        let stdin = redirects
            .iter()
            .fold(place.stdin.clone(), |stdin, redirect| self.feeds(source, *redirect, place).unwrap_or(stdin));
        let inner = place.deeper().with_stdin(stdin);
        // Words after a heredoc's mark on its line belong to the command.
        let extra: Vec<Node<'_>> =
            redirects.iter().filter(|r| r.kind() == "heredoc_redirect").flat_map(|r| arguments(source, *r)).collect();
        self.output = Stream::Unknown;
        match body {
            Some(body) if body.kind() == "command" => self.command(source, body, &extra, &inner),
            Some(body) => self.visit(source, body, &inner),
            None => self.output = Stream::text(""),
        }
        let empties = body.is_none_or(|_| self.output == Stream::text(""));
        let before = self.found.commands.last().map(|command| command.name.clone());
        if before.as_deref() == Some("exec") && body.is_some_and(|b| b.kind() == "command") {
            self.found.job_control = true;
        }
        for redirect in &redirects {
            if redirect.kind() == "file_redirect" {
                self.writes(source, *redirect, empties && before.as_deref() != Some("exec"));
            }
            self.substitutions_of_redirect(source, *redirect, place);
        }
        if redirects.iter().any(|redirect| writes_stdout(source, *redirect)) {
            self.output = Stream::Unknown;
        }
        for redirect in redirects {
            self.after_heredoc(source, redirect, place);
        }
    }

    fn substitutions_of_redirect(&mut self, source: &Source<'_>, redirect: Node<'_>, place: &Place) {
        if redirect.kind() != "heredoc_redirect" {
            return self.substitutions(source, redirect, place);
        }
        self.substitutions_of_heredoc(source, redirect, place);
    }

    /// `cat <<EOF | psql`: the rest of the heredoc's line hangs below its redirection in the tree.
    fn after_heredoc(&mut self, source: &Source<'_>, redirect: Node<'_>, place: &Place) {
        if redirect.kind() != "heredoc_redirect" {
            return;
        }
        let output = std::mem::replace(&mut self.output, Stream::Unknown);
        for child in redirect.named_children(&mut redirect.walk()) {
            match child.kind() {
                "pipeline" => {
                    let stages: Vec<_> = child.named_children(&mut child.walk()).collect();
                    self.pipeline(source, &stages, &place.deeper().with_stdin(output.clone()));
                }
                "file_redirect" => self.writes(source, child, false),
                "heredoc_start"
                | "heredoc_body"
                | "heredoc_end"
                | "file_descriptor"
                | "herestring_redirect"
                | "comment" => {}
                "word" | "string" | "raw_string" | "concatenation" | "number" => {}
                _ if arguments(source, redirect).contains(&child) => {}
                _ => self.visit(source, child, &place.perhaps()),
            }
        }
    }

    /// What a redirection brings to the standard input, if it does.
    pub(crate) fn feeds(&mut self, source: &Source<'_>, redirect: Node<'_>, place: &Place) -> Option<Stream> {
        match redirect.kind() {
            "heredoc_redirect" => Some(self.heredoc(source, redirect, place)),
            "herestring_redirect" => {
                let word = redirect.named_children(&mut redirect.walk()).last()?;
                Some(Stream::text(word::single(source, word.byte_range(), &self.scope)))
            }
            "file_redirect" => {
                let text = source.masked_slice(redirect.byte_range());
                let operator = text.trim_start_matches(|c: char| c.is_ascii_digit());
                if !operator.starts_with('<') || operator.starts_with("<&") {
                    return None;
                }
                let destination = redirect.child_by_field_name("destination")?;
                let raw = source.slice(destination.byte_range());
                if destination.kind() == "process_substitution" {
                    return Some(self.substituted(source, destination, place));
                }
                let field = word::fields(source, destination.byte_range(), &self.scope).into_iter().next();
                let file = field.map_or_else(|| raw.to_owned(), |field| field.shown());
                Some(if file == "/dev/tty" || file == "/dev/stdin" { Stream::Terminal } else { Stream::File(file) })
            }
            _ => None,
        }
    }

    /// The output of `<(…)`.
    pub(crate) fn substituted(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) -> Stream {
        self.output = Stream::Unknown;
        let inner = place.perhaps().with_stdin(Stream::Unknown);
        let statements: Vec<_> = node.named_children(&mut node.walk()).collect();
        // What it does is counted when the substitution itself is visited; here only its output matters.
        let _ = self.apart(|this| {
            for statement in statements {
                this.visit(source, statement, &inner);
            }
        });
        std::mem::replace(&mut self.output, Stream::Unknown)
    }

    /// What a redirection writes.
    fn writes(&mut self, source: &Source<'_>, redirect: Node<'_>, empties: bool) {
        let text = source.masked_slice(redirect.byte_range());
        let operator = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let stderr_only = text.starts_with('2') && operator.len() < text.len();
        if operator.starts_with('<') && !operator.starts_with("<>") {
            return;
        }
        let mut cursor = redirect.walk();
        // The parser takes words after the target for further targets; they are the command's arguments.
        let Some(destination) = redirect.children_by_field_name("destination", &mut cursor).next() else {
            return;
        };
        let Some(field) = word::fields(source, destination.byte_range(), &self.scope).into_iter().next() else {
            return;
        };
        let duplicates =
            operator.starts_with(">&") && (field.text == "-" || field.text.bytes().all(|b| b.is_ascii_digit()));
        if duplicates || destination.kind() == "process_substitution" {
            return;
        }
        let appends = operator.starts_with(">>") || operator.starts_with("&>>");
        self.write_to(&field, empties && !appends && !stderr_only, appends);
    }

    /// A file is written, or emptied.
    pub(crate) fn write_to(&mut self, target: &Field, empties: bool, appends: bool) {
        let name = target.shown();
        match target_kind(&target.text) {
            Target::Nothing => {}
            Target::Device => self.found.effect(phrased(
                Verb::Empties,
                Text::new(format!("the device {name}"), format!("el dispositivo {name}")),
                None,
                Risk::Destroy,
            )),
            Target::Kernel => self.found.effect(phrased(
                Verb::Updates,
                Text::new(format!("the kernel setting {name}"), format!("el ajuste del núcleo {name}")),
                None,
                if name.contains("sysrq") { Risk::Destroy } else { Risk::Change },
            )),
            Target::Network => self.found.effect(phrased(
                Verb::Sends,
                Text::new(format!("data to {name}"), format!("datos a {name}")),
                None,
                Risk::Change,
            )),
            Target::File if empties => {
                self.found.effect(phrased(Verb::Empties, Text::same(name), None, Risk::Destroy));
            }
            Target::File => {
                let phrase = if appends {
                    Text::new(format!("to the end of {name}"), format!("al final de {name}"))
                } else {
                    Text::new(format!("the file {name}"), format!("el archivo {name}"))
                };
                self.found.effect(phrased(Verb::Writes, phrase, None, Risk::Change));
            }
        }
    }
}

enum Target {
    Nothing,
    Device,
    Kernel,
    Network,
    File,
}

fn target_kind(name: &str) -> Target {
    if matches!(name, "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/zero" | "/dev/full")
        || name.starts_with("/dev/fd/")
        || name.starts_with("/proc/self/fd/")
        || name.starts_with("/proc/1/fd/")
    {
        Target::Nothing
    } else if name.starts_with("/dev/tcp/") || name.starts_with("/dev/udp/") {
        Target::Network
    } else if name.starts_with("/dev/shm/") {
        Target::File
    } else if name.starts_with("/dev/") {
        Target::Device
    } else if name.starts_with("/proc/") || name.starts_with("/sys/") {
        Target::Kernel
    } else {
        Target::File
    }
}

fn writes_stdout(source: &Source<'_>, redirect: Node<'_>) -> bool {
    let text = source.masked_slice(redirect.byte_range());
    redirect.kind() == "file_redirect"
        && (text.starts_with('>') || text.starts_with("1>") || text.starts_with("&>"))
        && !text.starts_with(">&2")
}
