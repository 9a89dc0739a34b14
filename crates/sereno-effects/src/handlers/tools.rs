//! Tools whose arguments are a small language: `tar`, `dd`, `sed`, `awk`, interpreters.

use crate::analysis::{Interactive, Opens};
use crate::analyzer::{Analyzer, Findings};
use crate::code;
use crate::invocation::Invocation;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::{Field, UNKNOWN};
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;

impl Analyzer<'_> {
    /// `tar xzf a.tgz -C dir`: the first letters may come without a dash.
    pub(super) fn tar(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let mut letters = String::new();
        for (index, word) in command.words.iter().enumerate() {
            let text = word.text.as_str();
            if let Some(long) = text.strip_prefix("--") {
                letters.push_str(match long.split('=').next().unwrap_or_default() {
                    "create" => "c",
                    "extract" | "get" => "x",
                    "list" => "t",
                    "append" | "update" | "concatenate" => "r",
                    "delete" | "remove-files" => "D",
                    "diff" | "compare" => "d",
                    "to-stdout" => "O",
                    "to-command"
                    | "checkpoint-action"
                    | "use-compress-program"
                    | "rsh-command"
                    | "info-script" => "!",
                    _ => "",
                });
            } else if let Some(short) = text.strip_prefix('-') {
                letters.push_str(short);
            } else if index == 0 {
                letters.push_str(text);
            }
        }
        let archive = command
            .words
            .iter()
            .find(|word| {
                word.text.contains(".t")
                    || word.text.ends_with(".gz")
                    || word.text.ends_with(".zst")
            })
            .map_or_else(|| "…".to_owned(), Field::shown);
        let _ = place;
        let has = |letter: char| letters.contains(letter);
        if has('!') {
            self.found.unclear("tar");
        }
        if has('D') {
            self.found.effect(phrased(
                Verb::Deletes,
                Text::new(
                    format!("files put into {archive}"),
                    format!("los archivos que guarda en {archive}"),
                ),
                None,
                Risk::Destroy,
            ));
        } else if has('c') {
            self.found.effect(phrased(
                Verb::Creates,
                Text::same(archive),
                None,
                Risk::Change,
            ));
        } else if has('x') && has('O') {
            self.found.effect(phrased(
                Verb::Reads,
                Text::same(archive),
                None,
                Risk::Observe,
            ));
        } else if has('x') {
            self.found.effect(phrased(
                Verb::Writes,
                Text::new(
                    format!("the files of {archive}"),
                    format!("los archivos de {archive}"),
                ),
                None,
                Risk::Change,
            ));
        } else if has('t') || has('d') {
            self.found.effect(phrased(
                Verb::Reads,
                Text::same(archive),
                None,
                Risk::Observe,
            ));
        } else if has('r') || has('u') || has('A') {
            self.found.effect(phrased(
                Verb::Updates,
                Text::same(archive),
                None,
                Risk::Change,
            ));
        } else {
            self.found.unclear("tar");
        }
        true
    }

    /// `dd if=… of=…`.
    pub(super) fn dd(&mut self, command: &Invocation<'_>) -> bool {
        let mut written = false;
        for word in command.words {
            if let Some(target) = word.text.strip_prefix("of=") {
                written = true;
                let target = Field {
                    text: target.to_owned(),
                    raw: target.to_owned(),
                    ..word.clone()
                };
                let nothing = matches!(target.text.as_str(), "/dev/null" | "/dev/stdout");
                self.write_to(&target, !nothing, false);
            }
        }
        if !written {
            self.found.effect(phrased(
                Verb::Reads,
                Text::new("a device or file", "un dispositivo o archivo"),
                None,
                Risk::Observe,
            ));
        }
        true
    }

    /// `tee FILE`: writes what passes; `: | tee f` empties.
    pub(super) fn tee(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let appends = command.has(&["-a", "--append"]);
        let empties =
            place.stdin == Stream::text("") || place.stdin == Stream::File("/dev/null".to_owned());
        for index in 0..command.positional_count() {
            if let Some(word) = command.positional_word(index).cloned() {
                self.write_to(&word, empties && !appends, appends);
            }
        }
        self.output = place.stdin.clone();
        true
    }

    /// `mv a b`: over a file of backups or data it loses what was there; onto `/dev/null` it loses the file.
    pub(super) fn mv(&mut self, command: &Invocation<'_>) -> bool {
        let count = command.positional_count();
        let target = count
            .checked_sub(1)
            .and_then(|last| command.positional(last))
            .unwrap_or_default();
        if target == "/dev/null" {
            self.found.effect(phrased(
                Verb::Deletes,
                Text::same(command.shown_from(0).next().unwrap_or_default()),
                None,
                Risk::Destroy,
            ));
            return true;
        }
        false
    }

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
        let files = command
            .shown_from(usize::from(first.is_some()))
            .collect::<Vec<_>>()
            .join(" ");
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
            self.found.effect(phrased(
                Verb::Empties,
                Text::same(files),
                None,
                Risk::Destroy,
            ));
        } else if in_place {
            self.found.effect(phrased(
                Verb::Updates,
                Text::same(files),
                None,
                Risk::Change,
            ));
        }
        true
    }

    /// `awk`: a program that only prints is a filter.
    pub(super) fn awk(
        &mut self,
        command: &Invocation<'_>,
        span: &Range<usize>,
        place: &Place,
    ) -> bool {
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
                self.found.absorb(Findings {
                    commands: Vec::new(),
                    ..inner
                });
            }
            self.found.unclear("awk");
        }
        if bare.contains("print") && bare.contains('>') && writes_file(&program.text) {
            self.found.effect(phrased(
                Verb::Writes,
                Text::new(
                    "files named in the program",
                    "archivos que nombra el programa",
                ),
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

    /// `python -c CODE`, `node app.js`, `php artisan …`.
    pub(super) fn interpreter(
        &mut self,
        command: &Invocation<'_>,
        span: &Range<usize>,
        place: &Place,
    ) -> bool {
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
        let code_words: Vec<Field> = command
            .all(code_options)
            .filter_map(|option| command.words.get(option.value_index))
            .cloned()
            .collect();
        if matches!(command.name, "perl" | "ruby") && command.has(&["-i"])
            || command.words.iter().any(|w| {
                matches!(command.name, "perl" | "ruby")
                    && w.text.starts_with("-")
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
            self.script(
                &words.iter().map(Field::shown).collect::<Vec<_>>().join(" "),
                &[],
            );
        } else {
            self.script(&script.text.clone(), rest);
        }
        true
    }

    /// `python -m MODULE`.
    fn module(
        &mut self,
        module: &str,
        command: &Invocation<'_>,
        at: usize,
        span: &Range<usize>,
        place: &Place,
    ) {
        let rest = command.words.get(at + 1..).unwrap_or_default();
        if matches!(
            module,
            "http.server" | "SimpleHTTPServer" | "smtpd" | "aiosmtpd"
        ) {
            self.found.effect(phrased(
                Verb::Starts,
                Text::new("a server in the foreground", "un servidor en primer plano"),
                None,
                Risk::Change,
            ));
            self.found.endless |= !place.bounded;
        } else if matches!(
            module,
            "json.tool"
                | "timeit"
                | "this"
                | "base64"
                | "site"
                | "calendar"
                | "py_compile"
                | "compileall"
                | "tabnanny"
                | "dis"
                | "platform"
                | "sysconfig"
        ) {
            self.found.raise(Risk::Observe);
        } else if matches!(
            module,
            "venv" | "virtualenv" | "ensurepip" | "zipfile" | "tarfile"
        ) {
            self.found.effect(phrased(
                Verb::Creates,
                Text::same(format!("python -m {module}")),
                None,
                Risk::Change,
            ));
        } else if self.knowledge.knows(module) {
            let mut words = vec![Field::plain(module, span.clone())];
            words.extend(rest.iter().cloned());
            self.run(&words, span.clone(), &place.deeper());
        } else {
            self.script(&module.replace('.', "/"), rest);
        }
    }

    /// `env A=b cmd`, `env -u X cmd`, `env -S 'cmd args'`.
    pub(super) fn env(
        &mut self,
        command: &Invocation<'_>,
        span: &Range<usize>,
        place: &Place,
    ) -> bool {
        let mut index = 0;
        let mut inner = place.deeper();
        inner.via.push("env".to_owned());
        while let Some(word) = command.words.get(index) {
            let text = word.text.as_str();
            if matches!(text, "-u" | "--unset" | "-C" | "--chdir") {
                index += 2;
            } else if text == "-S" || text == "--split-string" {
                let rest = command.words.get(index + 1..).unwrap_or_default().to_vec();
                self.run_joined(&rest, &inner);
                return true;
            } else if let Some(joined) = text
                .strip_prefix("--split-string=")
                .or_else(|| text.strip_prefix("-S"))
            {
                let mut rest = vec![Field::plain(joined, span.clone())];
                rest.extend(
                    command
                        .words
                        .get(index + 1..)
                        .unwrap_or_default()
                        .iter()
                        .cloned(),
                );
                self.run_joined(&rest, &inner);
                return true;
            } else if text.starts_with('-') || is_assignment(text) {
                index += 1;
            } else {
                let words = command.words.get(index..).unwrap_or_default().to_vec();
                self.run(&words, span.clone(), &inner);
                return true;
            }
        }
        self.found.effect(phrased(
            Verb::Reads,
            Text::new("environment variables", "variables de entorno"),
            None,
            Risk::Observe,
        ));
        true
    }

    /// `runuser -u x -- cmd`, `gosu user cmd`, `chroot /mnt cmd`.
    pub(super) fn run_as(
        &mut self,
        command: &Invocation<'_>,
        span: &Range<usize>,
        place: &Place,
    ) -> bool {
        let mut inner = place.deeper();
        inner.via.push(command.name.to_owned());
        if let Some(option) = command.all(&["-c", "--command"]).last() {
            if let Some(word) = command.words.get(option.value_index).cloned() {
                self.run_joined(&[word], &inner);
            }
            return true;
        }
        let takes_one = matches!(command.name, "gosu" | "su-exec" | "chroot")
            || (command.name == "runuser" && !command.has(&["-u", "--user"]));
        let from = match command.dashes {
            Some(dashes) => dashes + 1,
            None => command
                .positional_index(usize::from(takes_one))
                .unwrap_or(command.words.len()),
        };
        let words = command.words.get(from..).unwrap_or_default().to_vec();
        if words.is_empty() {
            self.found.interactive(Interactive::Session);
            self.found.opens = Some(Opens::Shell(
                command
                    .shown_from(0)
                    .next()
                    .unwrap_or_else(|| command.name.to_owned()),
            ));
        } else {
            self.run(&words, span.clone(), &inner);
        }
        true
    }

    /// `flock FILE -c TEXT`, `script -c TEXT`.
    pub(super) fn with_text_option(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let mut inner = place.deeper();
        inner.via.push(command.name.to_owned());
        let at = command
            .words
            .iter()
            .position(|word| matches!(word.text.as_str(), "-c" | "--command" | "-qc" | "-qec"));
        match at.and_then(|at| command.words.get(at + 1)).cloned() {
            Some(word) => self.run_joined(&[word], &inner),
            None => {
                self.found.interactive(Interactive::Session);
                self.found.raise(Risk::Change);
            }
        }
        true
    }

    /// `fd PATTERN -x CMD`.
    pub(super) fn fd(
        &mut self,
        command: &Invocation<'_>,
        span: &Range<usize>,
        place: &Place,
    ) -> bool {
        let at = command
            .words
            .iter()
            .position(|word| matches!(word.text.as_str(), "-x" | "-X" | "--exec" | "--exec-batch"));
        let Some(at) = at else { return false };
        let mut inner = place.deeper().with_stdin(Stream::Unknown);
        inner.via.push("fd --exec".to_owned());
        let words = command.words.get(at + 1..).unwrap_or_default().to_vec();
        self.run(&words, span.clone(), &inner);
        true
    }

    /// `kubectl run tmp --image=x -- cmd`: creates a pod, and runs in it.
    pub(super) fn kubectl_run(
        &mut self,
        command: &Invocation<'_>,
        span: &Range<usize>,
        place: &Place,
    ) -> bool {
        let name = command
            .positional_word(1)
            .map(Field::shown)
            .unwrap_or_default();
        let shown = name.clone();
        let risk = if command.all(&["--dry-run"]).next().is_some() {
            Risk::Observe
        } else {
            Risk::Change
        };
        self.found.effect(phrased(
            Verb::Creates,
            Text::new(format!("pod {shown}"), format!("el pod {shown}")),
            Some(&name),
            risk,
        ));
        let inner = command
            .dashes
            .map(|at| command.words.get(at + 1..).unwrap_or_default().to_vec())
            .unwrap_or_default();
        if !inner.is_empty() {
            let mut within = place.deeper();
            within.via.push("kubectl run".to_owned());
            self.run(&inner, span.clone(), &within);
        }
        true
    }

    /// `docker compose …` is `docker-compose …`.
    pub(super) fn compose(
        &mut self,
        command: &Invocation<'_>,
        span: &Range<usize>,
        place: &Place,
    ) -> bool {
        let knowledge = self.knowledge;
        let start = command
            .positional_index(0)
            .map_or(command.words.len(), |at| at + 1);
        let Some(known) = knowledge.command("docker-compose") else {
            return false;
        };
        self.known(
            "docker-compose",
            known,
            command.words.get(start..).unwrap_or_default(),
            span,
            place,
        );
        true
    }

    /// `wait`, `fg`, `bg`, `jobs`.
    pub(super) fn jobs(&mut self) -> bool {
        self.found.job_control = true;
        false
    }
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// The command `e`, or the flag `e` of a substitution: sed runs a shell.
fn sed_executes(script: &str) -> bool {
    script.split(['\n', ';']).any(|piece| {
        let piece = piece.trim();
        let address = piece.trim_start_matches(|c: char| c.is_ascii_digit() || "$,! ".contains(c));
        address == "e"
            || address.starts_with("e ")
            || flags(piece).is_some_and(|flags| flags.contains('e'))
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
    if !before
        .chars()
        .all(|c| c.is_ascii_digit() || "$,! ".contains(c))
        && !before.ends_with('/')
    {
        return None;
    }
    let rest = piece.get(at + 1..)?;
    let delimiter = rest
        .chars()
        .next()
        .filter(|c| !c.is_alphanumeric() && !c.is_whitespace())?;
    let parts: Vec<&str> = rest.split(delimiter).collect();
    let last = parts.get(3..)?.last()?;
    last.chars()
        .all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '.')
        .then_some(*last)
}

/// A program without what stands between double quotes and slashes.
fn without_strings(program: &str) -> String {
    let text: String = program.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    // `||` and `a|b` in a pattern are no pipes; a pipe is followed by a string or by `getline`.
    text.replace("||", "  ")
        .split('/')
        .step_by(2)
        .collect::<Vec<_>>()
        .join(" ")
}

/// `print > "file"`: a redirection is followed by a string; a comparison by a number or a field.
fn writes_file(program: &str) -> bool {
    program.split('>').skip(1).any(|after| {
        let after = after.trim_start_matches('>').trim_start();
        after.starts_with('"') && !after.starts_with("\"/dev/std") || after.starts_with('(')
    })
}
