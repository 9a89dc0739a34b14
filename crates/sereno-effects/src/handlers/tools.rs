//! Tools whose arguments are a small language: `tar`, `dd`, `sed`, `awk`, interpreters.

use crate::analysis::{Interactive, Opens};
use crate::analyzer::Analyzer;
use crate::invocation::Invocation;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::Field;
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
                    "to-command" | "checkpoint-action" | "rsh-command" | "info-script" => "!",
                    "use-compress-program" => "I",
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
                    || super::has_extension(&word.text, "gz")
                    || super::has_extension(&word.text, "zst")
            })
            .map_or_else(|| "…".to_owned(), Field::shown);
        let _ = place;
        if letters.contains('I') {
            self.compressor(command);
        }
        if letters.contains('F') {
            letters.push('!');
        }
        let has = |letter: char| letters.contains(letter);
        if has('!') {
            self.found.unclear("tar");
        }
        if has('D') {
            self.found.effect(phrased(
                Verb::Deletes,
                Text::new(format!("files put into {archive}"), format!("los archivos que guarda en {archive}")),
                None,
                Risk::Destroy,
            ));
        } else if has('c') {
            self.found.effect(phrased(Verb::Creates, Text::same(archive), None, Risk::Change));
        } else if has('x') && has('O') {
            self.found.effect(phrased(Verb::Reads, Text::same(archive), None, Risk::Observe));
        } else if has('x') {
            self.found.effect(phrased(
                Verb::Writes,
                Text::new(format!("the files of {archive}"), format!("los archivos de {archive}")),
                None,
                Risk::Change,
            ));
        } else if has('t') || has('d') {
            self.found.effect(phrased(Verb::Reads, Text::same(archive), None, Risk::Observe));
        } else if has('r') || has('u') || has('A') {
            self.found.effect(phrased(Verb::Updates, Text::same(archive), None, Risk::Change));
        } else {
            self.found.unclear("tar");
        }
        true
    }

    /// `tar -I zstd`: what packs and unpacks is a program of its own.
    fn compressor(&mut self, command: &Invocation<'_>) {
        const PROGRAMS: &[&str] = &[
            "gzip", "pigz", "zstd", "zstdmt", "pzstd", "xz", "pixz", "lz4", "lzop", "lzma", "bzip2", "pbzip2",
            "lbzip2", "brotli", "gunzip", "unzstd", "unxz", "bunzip2",
        ];
        let program = command.words.iter().enumerate().find_map(|(index, word)| {
            let text = word.text.as_str();
            let value = text.strip_prefix("--use-compress-program=");
            let next = || command.words.get(index + 1).map(|word| word.text.as_str());
            match text.strip_prefix('-').filter(|short| !short.starts_with('-')).and_then(|short| short.split_once('I'))
            {
                Some((_, "")) => next(),
                Some((_, value)) => Some(value),
                None if text == "--use-compress-program" => next(),
                None => value,
            }
        });
        let first = program.and_then(|program| program.split_whitespace().next()).unwrap_or_default();
        if !PROGRAMS.contains(&first.rsplit('/').next().unwrap_or(first)) {
            self.found.unclear("tar");
        }
    }

    /// `dd if=… of=…`.
    pub(super) fn dd(&mut self, command: &Invocation<'_>) -> bool {
        let mut written = false;
        for word in command.words {
            if let Some(target) = word.text.strip_prefix("of=") {
                written = true;
                let target = Field { text: target.to_owned(), raw: target.to_owned(), ..word.clone() };
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
        let empties = place.stdin == Stream::text("") || place.stdin == Stream::File("/dev/null".to_owned());
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
        let target = count.checked_sub(1).and_then(|last| command.positional(last)).unwrap_or_default();
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

    /// `env A=b cmd`, `env -u X cmd`, `env -S 'cmd args'`.
    pub(super) fn env(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
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
            } else if let Some(joined) = text.strip_prefix("--split-string=").or_else(|| text.strip_prefix("-S")) {
                let mut rest = vec![Field::plain(joined, span.clone())];
                rest.extend(command.words.get(index + 1..).unwrap_or_default().iter().cloned());
                self.run_joined(&rest, &inner);
                return true;
            } else if let Some((name, value)) = text.split_once('=').filter(|_| is_assignment(text)) {
                self.variable_set(name, value, span.clone(), place);
                index += 1;
            } else if text.starts_with('-') {
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
    pub(super) fn run_as(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
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
            None => command.positional_index(usize::from(takes_one)).unwrap_or(command.words.len()),
        };
        let words = command.words.get(from..).unwrap_or_default().to_vec();
        if words.is_empty() {
            self.found.interactive(Interactive::Session);
            self.found.opens =
                Some(Opens::Shell(command.shown_from(0).next().unwrap_or_else(|| command.name.to_owned())));
        } else {
            self.run(&words, span.clone(), &inner);
        }
        true
    }

    /// `flock FILE -c TEXT`, `script -c TEXT`.
    pub(super) fn with_text_option(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let mut inner = place.deeper();
        inner.via.push(command.name.to_owned());
        let at =
            command.words.iter().position(|word| matches!(word.text.as_str(), "-c" | "--command" | "-qc" | "-qec"));
        if let Some(word) = at.and_then(|at| command.words.get(at + 1)).cloned() {
            self.run_joined(&[word], &inner);
        } else {
            self.found.interactive(Interactive::Session);
            self.found.raise(Risk::Change);
        }
        true
    }

    /// `fd PATTERN -x CMD`.
    pub(super) fn fd(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let Some(option) = command.all(&["-x", "-X", "--exec", "--exec-batch"]).next() else { return false };
        let Some(word) = command.words.get(option.index) else { return false };
        let mut inner = place.deeper().with_stdin(Stream::Unknown);
        inner.via.push("fd --exec".to_owned());
        let mut words = command.words.get(option.index + 1..).unwrap_or_default().to_vec();
        // `--exec=rm`, `-xrm`.
        let joined = match word.text.split_once('=').filter(|_| word.text.starts_with("--")) {
            Some((_, program)) => program,
            None if word.text.starts_with("--") => "",
            None => word.text.split_once(['x', 'X']).map_or("", |(_, program)| program),
        };
        if !joined.is_empty() {
            words.insert(0, Field::plain(joined, word.span.clone()));
        }
        self.run(&words, span.clone(), &inner);
        true
    }

    /// `kubectl run tmp --image=x -- cmd`: creates a pod, and runs in it.
    pub(super) fn kubectl_run(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let name = command.positional_word(1).map(Field::shown).unwrap_or_default();
        let shown = name.clone();
        let risk = if command.all(&["--dry-run"]).next().is_some() { Risk::Observe } else { Risk::Change };
        self.found.effect(phrased(
            Verb::Creates,
            Text::new(format!("pod {shown}"), format!("el pod {shown}")),
            Some(&name),
            risk,
        ));
        let inner =
            command.dashes.map(|at| command.words.get(at + 1..).unwrap_or_default().to_vec()).unwrap_or_default();
        if !inner.is_empty() {
            let mut within = place.deeper();
            within.via.push("kubectl run".to_owned());
            self.run(&inner, span.clone(), &within);
        }
        true
    }

    /// `docker compose …` is `docker-compose …`.
    pub(super) fn compose(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let knowledge = self.knowledge;
        let start = command.positional_index(0).map_or(command.words.len(), |at| at + 1);
        let Some(known) = knowledge.command("docker-compose") else {
            return false;
        };
        let words = command.words.get(start..).unwrap_or_default();
        self.executes(&Field::plain("docker-compose", span.clone()), "docker-compose", words, place);
        self.known("docker-compose", known, words, span, place);
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
