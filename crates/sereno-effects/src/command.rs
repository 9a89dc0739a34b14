//! Simple commands: from words to what they do.

use crate::analysis::{Arg, Command};
use crate::analyzer::{Analyzer, Findings, MOST_DEPTH};
use crate::names;
use crate::source::Source;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::{self, Field, UNKNOWN};
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;
use tree_sitter::Node;

/// More combinations of possible values than this are not tried.
const MOST_COMBINATIONS: usize = 64;

/// The variables in which a person's editor is named: what they hold does not matter, it waits for that person.
const EDITORS: [&str; 4] = ["$EDITOR", "${EDITOR}", "$VISUAL", "${VISUAL}"];

impl Analyzer<'_> {
    /// A command node; `extra` are words that the tree keeps elsewhere.
    pub(crate) fn command(&mut self, source: &Source<'_>, node: Node<'_>, extra: &[Node<'_>], place: &Place) {
        let mut spans: Vec<Range<usize>> = Vec::new();
        let mut place = place.clone();
        for child in node.children(&mut node.walk()) {
            match child.kind() {
                "variable_assignment" => self.assignment(source, child, &place, false),
                "herestring_redirect" | "file_redirect" | "heredoc_redirect" => {
                    if let Some(stdin) = self.feeds(source, child, &place) {
                        place.stdin = stdin;
                    }
                    self.redirect_before(source, child);
                }
                "comment" => {}
                "subshell" => self.visit(source, child, &place.perhaps()),
                // Pieces that touch are one word, however the parser cut them.
                _ => match spans.last_mut() {
                    Some(last) if last.end == child.start_byte() => last.end = child.end_byte(),
                    _ => spans.push(child.byte_range()),
                },
            }
        }
        spans.extend(extra.iter().map(Node::byte_range));
        self.substitutions(source, node, &place);
        for node in extra {
            self.substitutions(source, *node, &place);
        }
        let span = place.locate(node.byte_range());
        self.each_choice(source, &spans, |this| {
            let words =
                spans.iter().flat_map(|span| word::fields(source, span.clone(), &this.scope)).collect::<Vec<_>>();
            this.run(&relocated(words, &place), span.clone(), &place);
        });
    }

    fn redirect_before(&mut self, source: &Source<'_>, redirect: Node<'_>) {
        if redirect.kind() == "file_redirect" {
            let mut cursor = redirect.walk();
            let destination = redirect.children_by_field_name("destination", &mut cursor).next();
            let text = source.masked_slice(redirect.byte_range());
            if let Some(field) = destination
                .filter(|_| text.contains('>') && !text.contains(">&"))
                .and_then(|node| word::fields(source, node.byte_range(), &self.scope).into_iter().next())
            {
                self.write_to(&field, false, text.contains(">>"));
            }
        }
    }

    /// Runs `read` for each combination of the values that the words' variables may have.
    fn each_choice(&mut self, source: &Source<'_>, spans: &[Range<usize>], mut read: impl FnMut(&mut Self)) {
        let mut names: Vec<(String, usize)> = Vec::new();
        for span in spans {
            for name in variables_in(source.slice(span.clone())) {
                let choices = self.scope.choices(&name);
                if choices > 1 && !names.iter().any(|(known, _)| *known == name) {
                    names.push((name, choices));
                }
            }
        }
        let combinations =
            names.iter().try_fold(1usize, |all, (_, choices)| all.checked_mul(*choices)).unwrap_or(usize::MAX);
        if names.is_empty() {
            return read(self);
        }
        if combinations > MOST_COMBINATIONS {
            self.found.raise(Risk::Unclear);
        }
        for number in 0..combinations.min(MOST_COMBINATIONS) {
            let mut rest = number;
            for (name, choices) in &names {
                self.scope.choice.insert(name.clone(), rest % choices);
                rest /= choices;
            }
            let commands = self.found.commands.len();
            read(self);
            if number > 0 {
                // The same command with other values is listed once.
                self.found.commands.truncate(commands.max(1));
            }
        }
        self.scope.choice.clear();
    }

    /// Reads a command from its words.
    pub(crate) fn run(&mut self, words: &[Field], span: Range<usize>, place: &Place) {
        // `sudo A=b command`.
        let assigned = words.iter().map_while(|word| word.text.split_once('=').filter(|(name, _)| is_variable(name)));
        let mut count = 0;
        for (name, value) in assigned {
            self.variable_set(name, value, span.clone(), place);
            count += 1;
        }
        let Some((head, rest)) = words.get(count..).and_then(<[Field]>::split_first) else {
            return;
        };
        if place.depth >= MOST_DEPTH || self.budget == 0 {
            self.found.unclear(&head.shown());
            return;
        }
        self.budget -= 1;
        self.output = Stream::Unknown;
        let slot = self.found.commands.len();
        let name = base_name(&head.text).to_owned();
        self.found.commands.push(Command {
            name: if head.known { name.clone() } else { head.raw.clone() },
            args: rest.iter().map(arg).collect(),
            span: span.clone(),
            via: place.via.clone(),
            risk: Risk::Observe,
        });
        self.executes(head, &name, rest, place);
        let found = self.apart(|this| this.judge(head, &name, rest, &span, place));
        if let Some(command) = self.found.commands.get_mut(slot) {
            command.risk = found.risk;
        }
        self.found.absorb(found);
    }

    fn judge(&mut self, head: &Field, name: &str, rest: &[Field], span: &Range<usize>, place: &Place) {
        if !head.known {
            return self.unknown_head(head, rest, span, place);
        }
        if self.scope.functions.contains_key(&head.text) {
            return self.call(&head.text.clone(), rest, place);
        }
        if let Some(text) = self.scope.aliases.get(&head.text).filter(|_| !head.quoted).cloned() {
            self.alias(name, &text, rest, place);
        }
        let knowledge = self.knowledge;
        if let Some(script) = init_script(&head.text) {
            let mut words = vec![Field::plain("service", span.clone()), Field::plain(script, span.clone())];
            words.extend(rest.iter().cloned());
            return self.run(&words, span.clone(), &place.deeper());
        }
        // `npx prisma@5` runs prisma.
        let unversioned = name.split_once('@').map_or(name, |(before, _)| before);
        let found = knowledge
            .command(name)
            .map(|known| (name, known))
            .or_else(|| knowledge.command(unversioned).map(|known| (unversioned, known)));
        match found {
            Some((name, known)) => {
                self.known(name, known, rest, span, place);
                // A program of this directory may not be what its name says.
                if elsewhere(&head.text) && self.found.risk < Risk::Change && !names::of_projects(name) {
                    self.found.unclear(&head.shown());
                }
            }
            None if name.contains(['/', '.']) || head.text.contains('/') => {
                self.script(&head.text, rest);
            }
            None => self.nobody_knows(&head.shown(), rest),
        }
    }

    /// A program that nothing is known of is judged by its arguments where they speak of an act: `shopctl queue lock`.
    /// That it only looks is never believed.
    fn nobody_knows(&mut self, name: &str, rest: &[Field]) {
        let plain = |word: &&str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_'))
        };
        let words: Vec<&str> = rest.iter().filter_map(Field::value).filter(plain).take(4).collect();
        match names::judge(self.knowledge, "", &words) {
            Some((risk, verb)) if risk != Risk::Observe => {
                let phrase = Text::new(format!("what `{name}` is told to do"), format!("lo que se pide a `{name}`"));
                self.found.effect(phrased(verb, phrase, None, risk));
                self.note_unknown(name);
            }
            _ => self.unknown_command(name),
        }
    }

    /// The name itself is only known when it runs.
    fn unknown_head(&mut self, head: &Field, rest: &[Field], span: &Range<usize>, place: &Place) {
        if EDITORS.contains(&head.raw.trim_matches('"')) {
            let mut words = vec![Field::plain("editor", span.clone())];
            words.extend(rest.iter().cloned());
            return self.run(&words, span.clone(), &place.deeper());
        }
        self.unknown_command(&head.raw);
        // `$SUDO rm -rf x`: the variable may be empty or a prefix, so what follows may be the command.
        if !rest.is_empty() {
            let inner = self.apart(|this| this.run(rest, span.clone(), &place.deeper()));
            if inner.risk == Risk::Destroy {
                self.found.absorb(Findings { unknown_commands: Vec::new(), commands: Vec::new(), ..inner });
            }
        }
    }

    pub(crate) fn unknown_command(&mut self, name: &str) {
        self.found.unclear(name);
        self.note_unknown(name);
    }

    fn note_unknown(&mut self, name: &str) {
        if !self.found.unknown_commands.iter().any(|known| known == name) {
            self.found.unknown_commands.push(name.to_owned());
        }
    }

    fn alias(&mut self, name: &str, text: &str, rest: &[Field], place: &Place) {
        let mut full = text.to_owned();
        for field in rest {
            full.push(' ');
            full.push_str(&field.raw);
        }
        let kept = self.scope.aliases.remove(name);
        let inner = Place { anchor: place.anchor.clone(), shift: None, ..place.deeper() };
        self.inner_shell(&full, &inner);
        if let Some(kept) = kept {
            self.scope.aliases.insert(name.to_owned(), kept);
        }
    }

    /// A script is judged by its name, and by what its arguments say.
    pub(crate) fn script(&mut self, path: &str, rest: &[Field]) {
        let words: Vec<&str> = rest.iter().filter_map(Field::value).collect();
        let shown = path.replace(UNKNOWN, "…");
        match names::judge(self.knowledge, path, &words) {
            Some((risk, verb)) => {
                let verb = if verb == Verb::Reads || risk == Risk::Observe { Verb::Runs } else { verb };
                let phrase = if verb == Verb::Runs {
                    Text::same(shown)
                } else {
                    Text::new(format!("what {shown} is named for"), format!("lo que anuncia el nombre {shown}"))
                };
                self.found.effect(phrased(verb, phrase, None, risk));
            }
            None => self.found.unclear(&shown),
        }
    }
}

fn arg(field: &Field) -> Arg {
    Arg {
        raw: field.raw.clone(),
        value: (field.known && !field.expanded).then(|| field.text.clone()),
        span: field.span.clone(),
    }
}

/// Spans of words, in the outermost text.
fn relocated(mut words: Vec<Field>, place: &Place) -> Vec<Field> {
    for word in &mut words {
        word.span = place.locate(word.span.clone());
        word.verbatim = word.verbatim.zip(place.shift).map(|(at, shift)| at + shift);
    }
    words
}

fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A directory that is not one where programs are installed.
fn elsewhere(path: &str) -> bool {
    let installed = ["/usr/", "/opt/", "/snap/", "/nix/", "/lib/"].iter().any(|root| path.starts_with(root));
    !installed
        && path
            .rsplit_once('/')
            .is_some_and(|(directory, _)| !(directory.ends_with("bin") || directory.ends_with("libexec")))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn init_script(path: &str) -> Option<&str> {
    path.strip_prefix("/etc/init.d/").or_else(|| path.strip_prefix("/etc/rc.d/"))
}

/// Names of the variables in a raw word.
fn variables_in(raw: &str) -> Vec<String> {
    raw.split('$')
        .skip(1)
        .map(|after| {
            let after = after.strip_prefix('{').unwrap_or(after);
            after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}
