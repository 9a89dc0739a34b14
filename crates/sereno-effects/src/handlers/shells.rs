//! Commands that run other commands: shells, `eval`, `xargs`, `find -exec`.

use crate::analysis::{Interactive, Opens};
use crate::analyzer::{Analyzer, Findings};
use crate::invocation::Invocation;
use crate::names;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::{Field, UNKNOWN};
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;

impl Analyzer<'_> {
    /// `bash`, `bash -c TEXT`, `bash FILE`, `… | bash`.
    pub(super) fn shell_program(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let _ = span;
        if command.has(&["--version", "--help"]) {
            self.found.raise(Risk::Observe);
            return true;
        }
        let mut inner = place.deeper();
        // A cluster such as `-lc` holds `-c`; the text is the first argument.
        if command.has(&["-c"]) {
            inner.via.push(format!("{} -c", command.name));
            let Some(text) = command.positional_word(0) else {
                return true;
            };
            if is_substitution(text) && fetches(&text.raw) {
                self.shell_from(&Stream::Network, &inner);
                return true;
            }
            let arguments: Vec<String> = command
                .words
                .iter()
                .skip(command.positional_index(1).map_or(usize::MAX, |i| i + 1))
                .map(|f| f.text.clone())
                .collect();
            let before = self.scope.replace_arguments((!arguments.is_empty()).then_some(arguments));
            let found = self.apart(|this| this.run_joined(std::slice::from_ref(text), &inner));
            self.scope.replace_arguments(before);
            self.found.absorb(Findings { sets: Vec::new(), ..found });
            return true;
        }
        inner.via.push(command.name.to_owned());
        match command.positional_word(0).filter(|word| word.text != "-" && !command.has(&["-s"])) {
            Some(word) if is_substitution(word) => self.shell_from(&Stream::Unknown, &inner),
            Some(word) => {
                let rest: Vec<Field> =
                    command.words.iter().skip(command.positional_index(0).map_or(0, |i| i + 1)).cloned().collect();
                if command.has(&["-n"]) {
                    self.found.raise(Risk::Observe);
                } else {
                    self.script(&word.text.clone(), &rest);
                }
            }
            None if place.stdin.is_terminal() => {
                self.found.interactive(Interactive::Session);
                self.found.opens = Some(Opens::Shell(command.name.to_owned()));
            }
            None => self.shell_from(&place.stdin.clone(), &inner),
        }
        true
    }

    /// Shell text that comes from somewhere.
    pub(crate) fn shell_from(&mut self, stream: &Stream, place: &Place) {
        match stream {
            Stream::Text { text, at } => {
                let mut inner = place.deeper();
                inner.stdin = Stream::Unknown;
                inner.shift = *at;
                let text = text.replace(UNKNOWN, "$__unknown");
                let found = self.apart(|this| this.inner_shell(&text, &inner));
                self.found.absorb(Findings { sets: Vec::new(), opens: None, ..found });
            }
            Stream::File(name) => self.script(&name.clone(), &[]),
            Stream::Terminal => {}
            Stream::Unknown => self.found.effect(phrased(
                Verb::Runs,
                Text::new("a script that is only known when it runs", "un script que solo se conoce al ejecutarlo"),
                None,
                Risk::Destroy,
            )),
            Stream::Network => self.found.effect(phrased(
                Verb::Runs,
                Text::new("a script from the network", "un script de la red"),
                None,
                Risk::Destroy,
            )),
        }
    }

    pub(super) fn eval(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let mut inner = place.deeper();
        inner.via.push("eval".to_owned());
        let words: Vec<Field> = command.words.iter().filter(|w| w.text != "--").cloned().collect();
        // `eval "$(ssh-agent)"`: what runs is only known when it runs.
        if words.iter().any(|word| !word.known && word.text.trim_start().starts_with(UNKNOWN)) {
            if words.iter().any(|word| fetches(&word.raw)) {
                self.shell_from(&Stream::Network, &inner);
            }
            self.found.unclear("eval");
            if !words.iter().all(is_substitution) {
                self.run_joined(&words, &inner);
            }
            return true;
        }
        self.run_joined(&words, &inner);
        true
    }

    /// `source FILE`: a settings file is variables alone; a script does what its name says.
    pub(super) fn source_file(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let Some(word) = command.positional_word(0) else {
            return true;
        };
        let text = word.text.clone();
        if is_substitution(word) {
            self.shell_from(&Stream::Unknown, &place.deeper());
        } else if is_settings(&text) {
            self.found.effect(phrased(Verb::Reads, Text::same(text), None, Risk::Observe));
        } else if names::judge(self.knowledge, &text, &[]).is_some() || !word.known {
            self.script(&text, &[]);
        } else {
            self.found.unclear(&text);
        }
        true
    }

    /// `at`, `batch`: what comes in will run later.
    pub(super) fn later(&mut self, place: &Place) -> bool {
        if place.stdin.is_terminal() {
            return false;
        }
        let mut inner = place.deeper();
        inner.via.push("at".to_owned());
        self.shell_from(&place.stdin.clone(), &inner);
        self.found.raise(Risk::Change);
        true
    }

    pub(super) fn su(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let user = (0..2).filter_map(|index| command.positional(index)).find(|word| *word != "-");
        let user = user.unwrap_or("root").to_owned();
        let mut inner = place.deeper();
        inner.via.push("su".to_owned());
        let text = command
            .all(&["-c", "--command", "--session-command"])
            .last()
            .and_then(|option| command.words.get(option.value_index))
            .cloned();
        if let Some(mut text) = text {
            if let Some(value) = text.text.strip_prefix("--command=") {
                text = Field::plain(value, text.span.clone());
            }
            self.run_joined(std::slice::from_ref(&text), &inner);
        } else if place.stdin.is_terminal() {
            self.found.interactive(Interactive::Session);
            self.found.opens = Some(Opens::Shell(user));
        } else {
            self.shell_from(&place.stdin.clone(), &inner);
        }
        true
    }

    /// `xargs` runs its words with more arguments than the text shows.
    pub(super) fn xargs(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let mut inner = place.deeper().with_stdin(Stream::Unknown);
        inner.via.push(command.name.to_owned());
        let start = command.positional_index(0).unwrap_or(command.words.len());
        let mut words: Vec<Field> = command.words.get(start..).unwrap_or_default().to_vec();
        if words.is_empty() {
            // Each line of its input is a command to parallel, and an argument of `echo` to xargs.
            if command.name == "parallel" && !place.stdin.is_terminal() {
                self.shell_from(&place.stdin.clone(), &place.deeper());
            }
            return true;
        }
        let holder = command
            .all(&["-I", "--replace", "-i"])
            .last()
            .filter(|option| option.index < start)
            .map(|option| option.value.clone().unwrap_or_else(|| "{}".to_owned()));
        match holder {
            Some(holder) => {
                for word in &mut words {
                    if !holder.is_empty() && word.text.contains(&holder) {
                        word.text = word.text.replace(&holder, &UNKNOWN.to_string());
                        word.known = false;
                        word.verbatim = None;
                    }
                }
            }
            None => words.push(Field { raw: "…".to_owned(), ..Field::plain(UNKNOWN.to_string(), span.clone()) }),
        }
        self.run(&words, span.clone(), &inner);
        true
    }

    /// `find`: what it does with what it finds.
    pub(super) fn find_files(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let words = command.words;
        let roots: Vec<String> =
            words.iter().take_while(|w| !w.text.starts_with(['-', '(', '!'])).map(Field::shown).collect();
        let root = if roots.is_empty() { ".".to_owned() } else { roots.join(" ") };
        let mut acted = false;
        let mut index = 0;
        while let Some(word) = words.get(index) {
            match word.text.as_str() {
                "-delete" => {
                    acted = true;
                    self.found.effect(phrased(
                        Verb::Deletes,
                        Text::new(format!("files under {root}"), format!("archivos bajo {root}")),
                        None,
                        Risk::Destroy,
                    ));
                }
                "-exec" | "-execdir" | "-ok" | "-okdir" => {
                    acted = true;
                    if word.text.starts_with("-ok") {
                        self.found.interactive(Interactive::Confirmation);
                    }
                    let inner: Vec<Field> = words
                        .iter()
                        .skip(index + 1)
                        .take_while(|w| w.text != ";" && w.text != "+")
                        .cloned()
                        .map(|mut w| {
                            if w.text.contains("{}") {
                                w.text = w.text.replace("{}", &UNKNOWN.to_string());
                                w.known = false;
                                w.raw.clone_from(&root);
                            }
                            w
                        })
                        .collect();
                    index += inner.len();
                    let mut within = place.deeper().with_stdin(Stream::Unknown);
                    within.via.push(format!("find {}", word.text));
                    self.run(&inner, span.clone(), &within);
                }
                "-fprint" | "-fprintf" | "-fls" | "-fprint0" => {
                    acted = true;
                    if let Some(file) = words.get(index + 1).cloned() {
                        self.write_to(&file, false, false);
                    }
                }
                // What follows a directory may be an action.
                text if index > 0 && text.chars().all(|c| c == UNKNOWN) && may_be_action(words, index) => {
                    self.found.unclear(&word.raw);
                }
                _ => {}
            }
            index += 1;
        }
        if !acted {
            self.found.effect(phrased(
                Verb::Reads,
                Text::new(format!("names of files under {root}"), format!("nombres de archivos bajo {root}")),
                None,
                Risk::Observe,
            ));
        }
        self.output = Stream::Unknown;
        true
    }

    /// `exec CMD` replaces the shell; `exec > file` redirects it.
    pub(super) fn exec(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let start = command.positional_index(0).unwrap_or(command.words.len());
        let words = command.words.get(start..).unwrap_or_default();
        self.found.job_control = true;
        if !words.is_empty() {
            let mut inner = place.deeper();
            inner.via.push("exec".to_owned());
            self.run(words, span.clone(), &inner);
        }
        true
    }

    /// `trap 'rm -f x' EXIT`: it will run.
    pub(super) fn trap(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        if let Some(text) = command.positional_word(0).filter(|_| command.positional_count() > 1).cloned()
            && text.text != "-"
        {
            let mut inner = place.perhaps();
            inner.via.push("trap".to_owned());
            self.run_joined(std::slice::from_ref(&text), &inner);
        }
        true
    }
}

/// A word of `find` that is not known: neither the value of an option nor, by its name, a directory.
fn may_be_action(words: &[Field], index: usize) -> bool {
    const DIRECTORIES: &[&str] = &["DIR", "PATH", "ROOT", "FOLDER", "CARPETA", "RUTA"];
    let before = words.get(index - 1).map_or("", |word| word.text.as_str());
    let raw = words.get(index).map(|word| word.raw.to_uppercase()).unwrap_or_default();
    let valueless =
        ["-a", "-o", "-not", "-print", "-print0", "-depth", "-mount", "-xdev", "-empty", "-ls", "-and", "-or"];
    (!before.starts_with('-') || valueless.contains(&before)) && !DIRECTORIES.iter().any(|name| raw.contains(name))
}

/// A word that is nothing but `$(…)` or `<(…)`.
fn is_substitution(word: &Field) -> bool {
    !word.known && word.text.chars().all(|c| c == UNKNOWN)
}

/// Whether a raw word fetches something from the network.
fn fetches(raw: &str) -> bool {
    ["curl ", "wget ", "http://", "https://"].iter().any(|mark| raw.contains(mark))
}

/// `.env`, `/etc/os-release`, `venv/bin/activate`, `~/.bashrc`: files that set variables.
fn is_settings(path: &str) -> bool {
    let base = path.rsplit('/').next().unwrap_or(path);
    base.starts_with(".env")
        || super::has_extension(base, "env")
        || super::has_extension(base, "conf")
        || base.starts_with("activate")
        || matches!(
            base,
            "os-release"
                | ".bashrc"
                | ".profile"
                | ".bash_profile"
                | ".zshrc"
                | "nvm.sh"
                | "environment"
                | "config"
                | "config.sh"
                | "env.sh"
                | "env"
                | "vars.sh"
                | "openrc"
                | "openrc.sh"
        )
}
