//! Interpreters of other languages: code, modules, scripts, consoles.

use crate::analysis::{Interactive, Opens};
use crate::analyzer::Analyzer;
use crate::code;
use crate::invocation::Invocation;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::{Field, UNKNOWN};
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;

impl Analyzer<'_> {
    /// `python -c CODE`, `node app.js`, `php artisan …`.
    pub(super) fn interpreter(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        if command.has(&["--version", "-V", "--help", "-h"])
            || (command.has(&["-v"]) && command.positional_count() == 0)
        {
            self.found.raise(Risk::Observe);
            return true;
        }
        if let Some(option) = command.all(&["-m"]).last()
            && command.name.starts_with("python")
        {
            let module = option.value.clone().unwrap_or_default();
            self.module(&module, command, option.value_index, span, place);
            return true;
        }
        let php = command.name == "php";
        let code_options: &[&str] = match command.name {
            "perl" | "ruby" => &["-e", "-E"],
            "node" | "nodejs" | "bun" => &["-e", "-p", "--eval", "--print"],
            "php" => &["-r"],
            _ => &["-c", "-e"],
        };
        let code_words: Vec<Field> =
            command.all(code_options).filter_map(|option| command.words.get(option.value_index)).cloned().collect();
        if matches!(command.name, "perl" | "ruby") && command.has(&["-i"])
            || command.words.iter().any(|w| {
                matches!(command.name, "perl" | "ruby")
                    && w.text.starts_with('-')
                    && !w.text.starts_with("--")
                    && w.text.contains('i')
                    && !w.quoted
            })
        {
            self.found.effect(phrased(
                Verb::Updates,
                Text::same(command.shown_from(0).collect::<Vec<_>>().join(" ")),
                None,
                Risk::Change,
            ));
        }
        if !code_words.is_empty() {
            for word in code_words {
                if !word.known && word.text.trim().chars().all(|c| c == UNKNOWN) {
                    self.found.unclear(&word.raw);
                }
                // `perl -pe 's/a/b/'` is a filter.
                if command.name == "perl" && super::filters::only_substitutes(&word.text) {
                    continue;
                }
                for effect in code::effects(&word.text) {
                    self.found.effect(effect);
                }
            }
            return true;
        }
        if command.has(&["-l", "--check", "-t"]) && (php || command.name.starts_with("node")) {
            return true;
        }
        let start = command.positional_index(0).unwrap_or(command.words.len());
        let words = command.words.get(start..).unwrap_or_default();
        let Some((script, rest)) = words.split_first() else {
            match &place.stdin {
                Stream::Terminal if command.has(&["-i"]) || !command.has(&["--version"]) => {
                    self.found.interactive(Interactive::Session);
                    self.found.opens = Some(Opens::Client(command.name.to_owned()));
                }
                Stream::Text { text, .. } => {
                    for effect in code::effects(&text.clone()) {
                        self.found.effect(effect);
                    }
                }
                stream => self.shell_from(&stream.clone(), place),
            }
            return true;
        };
        if script.text == "-" {
            if let Stream::Text { text, .. } = &place.stdin {
                for effect in code::effects(&text.clone()) {
                    self.found.effect(effect);
                }
            } else {
                self.shell_from(&place.stdin.clone(), place);
            }
            return true;
        }
        let base = script.text.rsplit('/').next().unwrap_or(&script.text);
        if self.knowledge.knows(base) && crate::names::of_projects(base) {
            self.run(words, span.clone(), &place.deeper());
        } else if command.name == "deno" || command.name == "bun" {
            self.script(&words.iter().map(Field::shown).collect::<Vec<_>>().join(" "), &[]);
        } else {
            self.script(&script.text.clone(), rest);
        }
        true
    }

    /// `python -m MODULE`.
    fn module(&mut self, module: &str, command: &Invocation<'_>, at: usize, span: &Range<usize>, place: &Place) {
        let rest = command.words.get(at + 1..).unwrap_or_default();
        if matches!(module, "http.server" | "SimpleHTTPServer" | "smtpd" | "aiosmtpd") {
            self.found.effect(phrased(
                Verb::Starts,
                Text::new("a server in the foreground", "un servidor en primer plano"),
                None,
                Risk::Change,
            ));
            self.found.endless |= !place.bounded;
        } else if matches!(
            module,
            "json.tool" | "this" | "base64" | "site" | "calendar" | "tabnanny" | "dis" | "platform" | "sysconfig"
        ) {
            self.found.raise(Risk::Observe);
            // `json.tool IN OUT`.
            if module == "json.tool" && rest.iter().filter(|word| !word.text.starts_with('-')).count() > 1 {
                self.found.effect(phrased(Verb::Writes, Text::same("json.tool"), None, Risk::Change));
            }
        } else if matches!(module, "timeit" | "cProfile" | "profile" | "trace" | "pdb" | "runpy") {
            let text: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
            for effect in code::effects(&text.join(" ")) {
                self.found.effect(effect);
            }
        } else if matches!(
            module,
            "venv" | "virtualenv" | "ensurepip" | "zipfile" | "tarfile" | "compileall" | "py_compile"
        ) {
            self.found.effect(phrased(Verb::Creates, Text::same(format!("python -m {module}")), None, Risk::Change));
        } else if self.knowledge.knows(module) {
            let mut words = vec![Field::plain(module, span.clone())];
            words.extend(rest.iter().cloned());
            self.run(&words, span.clone(), &place.deeper());
        } else {
            self.script(&module.replace('.', "/"), rest);
        }
    }
}
