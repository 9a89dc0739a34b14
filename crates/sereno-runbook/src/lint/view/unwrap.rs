//! Looking through wrappers: what `sudo`, `docker exec`, `kubectl exec --`, `xargs`, `bash -c` and their like run, and
//! where it runs. It deliberately knows only wrappers, not what the wrapped command does.

use super::scan::{Word, is_assignment};
use std::ops::Range;

/// Where a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The shell that the reader types in.
    Here,
    /// A container, pod or host reached by a wrapper, or entered before.
    Inside(String),
}

/// What a wrapper runs.
pub(super) enum Inner {
    /// The words from this index on.
    Words(usize),
    /// A script: the raw text between these bytes.
    Script(Range<usize>),
}

pub(super) struct Wrapped {
    /// `docker exec`, `sudo`…
    pub(super) label: &'static str,
    /// `None`: the place does not change.
    pub(super) place: Option<Place>,
    pub(super) inner: Inner,
}

/// What `words` wrap, if they wrap anything.
pub(super) fn unwrap(words: &[Word]) -> Option<Wrapped> {
    let name = program(words.first()?);
    match name {
        "sudo" | "doas" => from(words, "sudo", skip_options(words, 1, &["-u", "-g", "-h", "-p", "-C", "-r", "-t"])),
        "env" => {
            let at = skip_options(words, 1, &["-u", "-C", "-S"]);
            let rest = words.get(at..)?.iter().take_while(|w| is_assignment(&w.raw)).count();
            from(words, "env", at + rest)
        }
        "time" | "nohup" | "command" | "exec" | "builtin" => from(words, "command", skip_options(words, 1, &[])),
        "nice" | "ionice" => from(words, "nice", skip_options(words, 1, &["-n", "-c", "-p"])),
        "timeout" => from(words, "timeout", skip_options(words, 1, &["-s", "-k", "--signal", "--kill-after"]) + 1),
        "xargs" => {
            let at = skip_options(words, 1, &["-n", "-I", "-P", "-L", "-s", "-d", "-a", "-E"]);
            from(words, "xargs", at)
        }
        "watch" => {
            let at = skip_options(words, 1, &["-n", "--interval"]);
            script_or_words(words, "watch", None, at)
        }
        "ssh" => {
            let with_value = ["-p", "-i", "-l", "-o", "-L", "-R", "-D", "-F", "-J", "-b", "-c", "-e", "-m", "-S", "-W"];
            let at = skip_options(words, 1, &with_value);
            let host = words.get(at)?.value.clone();
            script_or_words(words, "ssh", Some(Place::Inside(host)), at + 1)
        }
        "bash" | "sh" | "zsh" | "dash" | "ash" => {
            let at = words.iter().position(|w| w.value.starts_with('-') && w.value.ends_with('c'))?;
            script(words, "bash -c", at + 1)
        }
        "su" => {
            let at = words.iter().position(|w| matches!(w.value.as_str(), "-c" | "--command"))?;
            script(words, "su -c", at + 1)
        }
        "find" => {
            let at = words.iter().position(|w| matches!(w.value.as_str(), "-exec" | "-execdir" | "-ok"))?;
            from(words, "find -exec", at + 1)
        }
        "docker" | "podman" | "nerdctl" if words.get(1).is_some_and(|w| w.value == "compose") => compose(words, 2),
        "docker" | "podman" | "nerdctl" => {
            let at = skip_options(words, 1, &["-H", "--host", "--context", "-c"]);
            if words.get(at).is_none_or(|w| w.value != "exec") {
                return None;
            }
            let options = ["-e", "--env", "-u", "--user", "-w", "--workdir", "--env-file", "--detach-keys"];
            let target = skip_options(words, at + 1, &options);
            let place = Place::Inside(words.get(target)?.value.clone());
            Some(Wrapped { place: Some(place), ..from(words, "docker exec", target + 1)? })
        }
        "docker-compose" | "podman-compose" => compose(words, 1),
        "kubectl" | "oc" | "k" => {
            if !words.iter().skip(1).take(6).any(|w| w.value == "exec" || w.value == "rsh") {
                return None;
            }
            let dashes = words.iter().position(|w| w.value == "--")?;
            let place = Place::Inside(exec_target(words, dashes));
            Some(Wrapped { place: Some(place), ..from(words, "kubectl exec", dashes + 1)? })
        }
        _ => None,
    }
}

/// The command's name, without its directory.
pub(crate) fn program(word: &Word) -> &str {
    word.value.rsplit('/').next().unwrap_or("")
}

fn compose(words: &[Word], start: usize) -> Option<Wrapped> {
    let globals =
        ["-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory", "--context", "-H"];
    let at = skip_options(words, start, &globals);
    let label = match words.get(at)?.value.as_str() {
        "exec" => "docker-compose exec",
        "run" => "docker-compose run",
        _ => return None,
    };
    let options = [
        "-e",
        "--env",
        "-u",
        "--user",
        "-w",
        "--workdir",
        "--index",
        "-v",
        "--volume",
        "-p",
        "--publish",
        "--name",
        "--entrypoint",
        "-l",
        "--label",
    ];
    let target = skip_options(words, at + 1, &options);
    let place = Place::Inside(words.get(target)?.value.clone());
    Some(Wrapped { place: Some(place), ..from(words, label, target + 1)? })
}

/// The pod or workload that `kubectl exec` names before `--`.
fn exec_target(words: &[Word], dashes: usize) -> String {
    let exec = words.iter().position(|w| w.value == "exec" || w.value == "rsh").unwrap_or(0);
    let at = skip_options(words, exec + 1, &["-n", "--namespace", "-c", "--container", "--context", "-f"]);
    words.get(at).filter(|_| at < dashes).map_or_else(|| "pod".to_owned(), |w| w.value.clone())
}

/// The index of the first word at or after `at` that is neither an option nor the value of one.
pub(crate) fn skip_options(words: &[Word], mut at: usize, with_value: &[&str]) -> usize {
    while let Some(word) = words.get(at) {
        let value = word.value.as_str();
        if value == "--" {
            return at + 1;
        }
        if !value.starts_with('-') || value == "-" {
            return at;
        }
        at += if with_value.contains(&value) { 2 } else { 1 };
    }
    at
}

fn from(words: &[Word], label: &'static str, at: usize) -> Option<Wrapped> {
    words.get(at)?;
    Some(Wrapped { label, place: None, inner: Inner::Words(at) })
}

fn script(words: &[Word], label: &'static str, at: usize) -> Option<Wrapped> {
    let word = words.get(at)?;
    Some(Wrapped { label, place: None, inner: Inner::Script(inside_quotes(word)) })
}

fn script_or_words(words: &[Word], label: &'static str, place: Option<Place>, at: usize) -> Option<Wrapped> {
    let first = words.get(at)?;
    let quoted = first.raw.starts_with(['\'', '"']) && words.len() == at + 1;
    let inner = if quoted { Inner::Script(inside_quotes(first)) } else { Inner::Words(at) };
    Some(Wrapped { label, place, inner })
}

/// The bytes of a word without the quotes around it.
pub(crate) fn inside_quotes(word: &Word) -> Range<usize> {
    let quoted = |q: char| word.raw.len() >= 2 && word.raw.starts_with(q) && word.raw.ends_with(q);
    if quoted('\'') || quoted('"') { word.span.start + 1..word.span.end - 1 } else { word.span.clone() }
}
