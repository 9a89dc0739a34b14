//! Where a placeholder stands, and who reads that place again.

use crate::programs::{CONSOLES, LANGUAGES, SHELLS, among};
use crate::walk::descend;
use sereno_model::Text;
use std::collections::HashSet;
use std::ops::Range;
use tree_sitter::{Node, Tree};

/// Beside shells, languages and consoles: programs that read their arguments or their input as a program. A name that begins
/// with any of them and goes on with a version (`python3.11`) counts too.
const INTERPRETERS: &[&str] = &[
    "busybox",
    "eval",
    "source",
    ".",
    "ssh",
    "autossh",
    "su",
    "runuser",
    "watch",
    "trap",
    "alias",
    "parallel",
    "xargs",
    "env",
    "sed",
    "gsed",
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "jq",
    "yq",
    "make",
    "gmake",
    "just",
    "expect",
    "osascript",
    "crontab",
    "at",
    "batch",
    "bc",
    "dc",
    "m4",
    "ed",
    "ex",
    "vim",
    "vi",
    "nc",
    "ncat",
    "telnet",
    "socat",
    "gdb",
    "rails",
    "rake",
    "irb",
    "ipython",
    "ansible",
    "kamal",
    "cap",
    "wp",
    "artisan",
    "manage.py",
    "tmux",
    "screen",
    "script",
    "flock",
    "duckdb",
    "bq",
    "influx",
    "printf",
    "find",
    "fd",
    "git",
    "rsync",
    "scp",
    "tar",
    "curl",
    "wget",
    "powershell",
    "systemd-run",
    "docker-machine",
    "vagrant",
    "heroku",
    "fly",
    "flyctl",
    "railway",
    "gcloud",
    "aws",
    "test",
    "[",
    "[[",
    "let",
    "declare",
    "typeset",
    "expr",
    "nsenter",
    "chroot",
    "unshare",
];

/// Of those, the ones for which only some options are read again; the rest of their words are plain.
const LENIENT: &[&str] = &[
    "curl", "wget", "git", "rsync", "scp", "tar", "aws", "env", "gcloud", "heroku", "fly", "flyctl", "railway", "find",
    "fd", "declare", "typeset",
];

/// How a value must be written.
pub(super) enum Context {
    /// Read again by something: only characters that mean nothing to anyone.
    Strict {
        reason: Text,
        at_start: bool,
    },
    Bare {
        at_start: bool,
    },
    Double {
        at_start: bool,
    },
    Single {
        at_start: bool,
    },
    /// Text that is passed on as it is (a quoted heredoc).
    Literal,
}

/// What reads a variable where it is used.
pub(super) enum Reader {
    /// A shell of its own: what the value says is run.
    Shell(String),
    /// This shell, outside of quotes: a value becomes as many words as it holds.
    Split,
}

/// All that is needed to tell a placeholder's context.
pub(super) struct Places<'t> {
    masked: &'t str,
    tree: &'t Tree,
    /// Variables whose values are read again by an interpreter, or split into words.
    risky: HashSet<String>,
    functions: HashSet<String>,
}

impl<'t> Places<'t> {
    pub(super) fn new(masked: &'t str, tree: &'t Tree) -> Self {
        let mut functions = HashSet::new();
        descend(tree.root_node(), |node| {
            if node.kind() == "function_definition"
                && let Some(name) = node.child_by_field_name("name")
            {
                functions.insert(slice(masked, name).to_owned());
            }
            true
        });
        let mut places = Self { masked, tree, risky: HashSet::new(), functions };
        places.risky = places.risky_variables();
        places
    }

    /// The context of the placeholder at `span`.
    pub(super) fn of(&self, span: &Range<usize>) -> Context {
        let ancestors = self.ancestors(span);
        let word = ancestors.iter().rposition(|node| is_word_part(node.kind()));
        let start = word
            .and_then(|_| ancestors.iter().find(|node| is_word_part(node.kind())))
            .map_or(span.start, Node::start_byte);
        let opening = self.masked.get(start..span.start).unwrap_or_default();
        let at_start = opening.chars().all(|c| matches!(c, '"' | '\'' | '$'));
        let strict = |en: &str, es: &str| Context::Strict { reason: Text::new(en, es), at_start };
        if let Some(reason) = self.read_again(&ancestors, span) {
            return Context::Strict { reason, at_start };
        }
        for node in ancestors.iter().rev() {
            match node.kind() {
                "comment" => return strict("it is a comment", "es un comentario"),
                "heredoc_body" => return self.heredoc(*node, at_start),
                "heredoc_start"
                | "heredoc_end"
                | "variable_name"
                | "expansion"
                | "simple_expansion"
                | "arithmetic_expansion"
                | "subscript"
                | "test_command"
                | "case_item"
                | "function_definition"
                | "brace_expression"
                | "regex"
                | "binary_expression"
                | "unary_expression"
                    if node.kind() != "function_definition" || is_name_of(*node, span) =>
                {
                    return strict("it is part of the shell's own syntax", "es parte de la propia sintaxis del shell");
                }
                "raw_string" => return Context::Single { at_start },
                "ansi_c_string" => {
                    return strict("escapes are read there", "ahí se interpretan secuencias de escape");
                }
                "string" | "translated_string" => return Context::Double { at_start },
                "command_name" => {
                    return strict("it names the command to run", "nombra el comando que se ejecuta");
                }
                "variable_assignment"
                | "file_redirect"
                | "herestring_redirect"
                | "command"
                | "for_statement"
                | "declaration_command" => {
                    return self.bare(at_start, &ancestors);
                }
                _ => {}
            }
        }
        strict("nothing is known of its place", "no se sabe nada de su lugar")
    }

    /// A value next to glob characters or a tilde would still be one word, but a leading `~` or `@` means something.
    fn bare(&self, at_start: bool, ancestors: &[Node<'_>]) -> Context {
        let in_braces = ancestors
            .iter()
            .any(|node| node.kind() == "concatenation" && slice(self.masked, *node).contains(['{', '}']));
        if in_braces {
            return Context::Strict {
                reason: Text::new("braces are expanded there", "ahí se expanden llaves"),
                at_start,
            };
        }
        Context::Bare { at_start }
    }

    fn heredoc(&self, body: Node<'_>, at_start: bool) -> Context {
        let quoted = body.parent().is_some_and(|redirect| {
            redirect
                .named_children(&mut redirect.walk())
                .any(|child| child.kind() == "heredoc_start" && slice(self.masked, child).contains(['\'', '"', '\\']))
        });
        if quoted {
            Context::Literal
        } else {
            Context::Strict {
                reason: Text::new("the shell expands this here-document", "el shell expande este documento"),
                at_start,
            }
        }
    }

    /// From the root to the smallest node around `span`.
    fn ancestors(&self, span: &Range<usize>) -> Vec<Node<'t>> {
        let mut found = vec![self.tree.root_node()];
        let mut node = self.tree.root_node();
        while let Some(child) = node
            .children(&mut node.walk())
            .find(|child| child.start_byte() <= span.start && span.end <= child.end_byte())
        {
            found.push(child);
            node = child;
        }
        found
    }

    /// Why the place is read again by another program, if it is.
    fn read_again(&self, ancestors: &[Node<'_>], span: &Range<usize>) -> Option<Text> {
        for node in ancestors {
            let assigned = match node.kind() {
                "variable_assignment" => node.child_by_field_name("name"),
                "for_statement" => node.child_by_field_name("variable"),
                _ => None,
            };
            if let Some(name) = assigned
                && self.risky.contains(slice(self.masked, name))
            {
                let name = slice(self.masked, name);
                return Some(Text::new(
                    format!("it goes through ${name} to a program that reads it again"),
                    format!("pasa por ${name} a un programa que lo vuelve a interpretar"),
                ));
            }
        }
        let outer =
            ancestors.iter().find(|node| matches!(node.kind(), "pipeline" | "redirected_statement" | "command"))?;
        let name = self.interpreter_in(*outer, span)?;
        Some(Text::new(format!("{name} reads it again"), format!("{name} lo vuelve a interpretar")))
    }

    /// The first interpreter that takes part in a statement.
    fn interpreter_in(&self, node: Node<'_>, span: &Range<usize>) -> Option<String> {
        let mut found = None;
        descend(node, |node| {
            if found.is_some() {
                return false;
            }
            let kind = node.kind();
            if kind == "command_name"
                || kind == "word"
                || kind == "concatenation"
                || kind == "string"
                || kind == "raw_string"
            {
                let text: String =
                    slice(self.masked, node).chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect();
                let base = text.rsplit('/').next().unwrap_or(&text).to_owned();
                if kind == "command_name" && (base.contains('$') || base.contains('`')) {
                    found = Some(text);
                } else if (kind == "command_name" && self.functions.contains(&base))
                    || (is_interpreter(&base) && !(LENIENT.contains(&base.as_str()) && self.lenient(&base, span)))
                {
                    found = Some(base);
                }
            }
            true
        });
        found
    }

    /// Whether the placeholder's word is one that the program takes as it is: not a URL, not an option's program.
    fn lenient(&self, _name: &str, span: &Range<usize>) -> bool {
        let line_start = self
            .masked
            .get(..span.start)
            .and_then(|before| before.rfind(|c: char| c.is_whitespace()))
            .map_or(0, |at| at + 1);
        let before = self.masked.get(line_start..span.start).unwrap_or_default();
        let data = self.masked.get(..line_start).unwrap_or_default().trim_end();
        let option = data.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
        let url = before.contains("://") || before.contains('=') && !before.starts_with(['"', '\'']);
        // In a header or a body the value is the value; anywhere else the program may read it in its own way.
        !url && matches!(
            option,
            "-m" | "--message"
                | "-u"
                | "--user"
                | "-o"
                | "--output"
                | "--name"
                | "-n"
                | "-C"
                | "--secret-string"
                | "--value"
                | "-b"
                | "--branch"
                | "--title"
                | "--body"
        ) && !before.contains('@')
    }

    /// The worst reader of a variable, also through the variables that it is copied into.
    pub(super) fn reader_of(&self, name: &str) -> Option<Reader> {
        let mut names = vec![name.to_owned()];
        let mut split = None;
        let mut at = 0;
        while let Some(name) = names.get(at).cloned() {
            at += 1;
            for node in self.uses_of(&name) {
                let ancestors = self.ancestors(&node.byte_range());
                let outer =
                    ancestors.iter().find(|n| matches!(n.kind(), "pipeline" | "redirected_statement" | "command"));
                if let Some(shell) = outer.and_then(|outer| self.shell_in(*outer)) {
                    return Some(Reader::Shell(shell));
                }
                let assigned = ancestors.iter().rev().find(|n| n.kind() == "variable_assignment");
                if let Some(target) = assigned.and_then(|node| node.child_by_field_name("name")) {
                    let target = slice(self.masked, target).to_owned();
                    if !names.contains(&target) {
                        names.push(target);
                    }
                } else if !ancestors.iter().any(|n| matches!(n.kind(), "string" | "heredoc_body" | "test_command")) {
                    split = Some(Reader::Split);
                }
            }
        }
        split
    }

    /// Where the shell expands a variable. What stands in single quotes is another shell's variable, and takes the value whole.
    fn uses_of(&self, name: &str) -> Vec<Node<'t>> {
        let mut uses = Vec::new();
        descend(self.tree.root_node(), |node| {
            let is_it = |child: Node<'_>| child.kind() == "variable_name" && slice(self.masked, child) == name;
            if matches!(node.kind(), "simple_expansion" | "expansion")
                && node.named_children(&mut node.walk()).any(is_it)
            {
                uses.push(node);
            }
            true
        });
        uses
    }

    /// The first shell that takes part in a statement and reads a text that it is given.
    fn shell_in(&self, node: Node<'_>) -> Option<String> {
        const OTHERS: &[&str] =
            &["eval", "ssh", "autossh", "su", "runuser", "watch", "trap", "parallel", "xargs", "at"];
        let mut found = None;
        descend(node, |node| {
            if found.is_none() && matches!(node.kind(), "command_name" | "word") {
                let text = slice(self.masked, node);
                let base = text.rsplit('/').next().unwrap_or(text);
                found = among(base, &[SHELLS, OTHERS]).then(|| base.to_owned());
            }
            found.is_none()
        });
        found
    }

    /// Variables that flow into an interpreter, or that are used without quotes; also through other variables.
    fn risky_variables(&self) -> HashSet<String> {
        let mut risky = HashSet::new();
        let mut flows: Vec<(String, String)> = Vec::new();
        let root = self.tree.root_node();
        descend(root, |node| {
            if matches!(node.kind(), "simple_expansion" | "expansion") {
                let name = node
                    .named_children(&mut node.walk())
                    .find(|child| child.kind() == "variable_name")
                    .map(|child| slice(self.masked, child).to_owned());
                if let Some(name) = name {
                    let ancestors = self.ancestors(&node.byte_range());
                    let quoted = ancestors.iter().any(|node| node.kind() == "string");
                    let assigned = ancestors
                        .iter()
                        .rev()
                        .find(|node| node.kind() == "variable_assignment")
                        .and_then(|node| node.child_by_field_name("name"));
                    if let Some(target) = assigned {
                        flows.push((name.clone(), slice(self.masked, target).to_owned()));
                    } else if !quoted {
                        risky.insert(name.clone());
                    }
                    let outer = ancestors
                        .iter()
                        .find(|node| matches!(node.kind(), "pipeline" | "redirected_statement" | "command"));
                    if outer.is_some_and(|outer| self.interpreter_in(*outer, &node.byte_range()).is_some()) {
                        risky.insert(name);
                    }
                }
            }
            true
        });
        // `$X` may stand where the walk sees no expansion: inside single quotes of a text that is read again.
        descend(root, |node| {
            if node.kind() == "raw_string" {
                for name in slice(self.masked, node).split('$').skip(1) {
                    let name: String = name
                        .trim_start_matches('{')
                        .chars()
                        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                        .collect();
                    risky.insert(name);
                }
            }
            true
        });
        for _ in 0..8 {
            let before = risky.len();
            for (from, to) in &flows {
                if risky.contains(to) {
                    risky.insert(from.clone());
                }
            }
            if risky.len() == before {
                break;
            }
        }
        risky
    }
}

fn is_interpreter(base: &str) -> bool {
    let trimmed = base.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let known = |name| among(name, &[SHELLS, LANGUAGES, CONSOLES, INTERPRETERS]);
    known(base) || (!trimmed.is_empty() && known(trimmed))
}

fn is_name_of(function: Node<'_>, span: &Range<usize>) -> bool {
    function
        .child_by_field_name("name")
        .is_some_and(|name| name.start_byte() <= span.start && span.end <= name.end_byte())
}

fn is_word_part(kind: &str) -> bool {
    matches!(
        kind,
        "word" | "concatenation" | "string" | "raw_string" | "ansi_c_string" | "translated_string" | "number"
    )
}

fn slice<'t>(text: &'t str, node: Node<'_>) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}
