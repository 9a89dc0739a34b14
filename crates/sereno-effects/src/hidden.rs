//! What a command's words hide from one who reads its name: options that write or run, options inside a variable, code
//! in a subscript, variables that change what other programs do. All of it only ever raises the risk.

use crate::analysis::Interactive;
use crate::analyzer::Analyzer;
use crate::invocation::{GivenOption, Invocation};
use crate::knowledge::CommandKnowledge;
use crate::rules::applies;
use crate::source::Source;
use crate::walk::Place;
use crate::word::{Field, UNKNOWN};
use sereno_model::Risk;
use std::ops::Range;
use tree_sitter::Node;

/// Builtins that take a variable's name, whose subscript is evaluated.
const NAME_TAKERS: &[&str] = &["test", "[", "printf", "unset", "read", "let", "mapfile", "readarray", "wait"];

/// Readers whose options are plain to see in the text they print.
const PRINTERS: &[&str] = &["echo", "alias", "eval"];

impl Analyzer<'_> {
    /// Raises what the rules said of a command by its options. `before` leaves out those of an inner command.
    pub(crate) fn raise(
        &mut self,
        known: &CommandKnowledge,
        command: &Invocation<'_>,
        before: usize,
        span: &Range<usize>,
        place: &Place,
    ) {
        for rule in known.raises.iter().filter(|rule| applies(rule, command, before)) {
            if rule.risk > self.found.risk {
                self.apply(rule, command, span, place);
            }
            for (option, fixed) in rule.shell.fixed(command, before) {
                self.run_value(command, option, fixed, place);
            }
        }
        if self.found.risk == Risk::Observe && !known.handler.as_deref().is_some_and(|name| PRINTERS.contains(&name)) {
            self.raise_by_names(known, command, before, span, place);
            self.raise_by_unknown(known, command, before);
        }
        if NAME_TAKERS.contains(&command.name) && command.words.iter().any(|word| hides_subscript(&word.text)) {
            self.found.unclear(command.name);
        }
    }

    /// `--rsh COMMAND`: the value is shell text.
    fn run_value(&mut self, command: &Invocation<'_>, option: &GivenOption, fixed: &str, place: &Place) {
        let Some(value) = option.value.as_deref().filter(|value| value.len() >= fixed.len()) else {
            // An option without a value runs nothing; a value that is not known may run anything.
            if option.value_index != option.index || command.words.get(option.index).is_some_and(|word| !word.known) {
                self.found.unclear(&option.name);
            }
            return;
        };
        // ssh takes a blank for `=`; git takes what begins with `!` for a shell command; `|` stands before a filter.
        let text = value.get(fixed.len()..).unwrap_or_default().trim_start_matches(['=', ' ', '!', '|']);
        let span = command.words.get(option.value_index).map_or(0..0, |word| word.span.clone());
        let words = [Field { verbatim: None, ..Field::plain(text, span) }];
        self.run_apart(&words, place);
    }

    /// Runs a text for its risk alone: it waits for nobody here, and an editor changes files when it is called.
    fn run_apart(&mut self, words: &[Field], place: &Place) {
        if words.iter().all(|word| word.text.is_empty()) {
            return;
        }
        let inner = place.deeper().with_stdin(crate::stream::Stream::Terminal);
        let found = self.apart(|this| this.run_joined(words, &inner));
        if found.interactive != Some(Interactive::Editor) || found.risk > Risk::Change {
            self.found.raise(found.risk);
            crate::wording::merge_effects(&mut self.found.effects, found.effects);
        }
    }

    /// An option that the knowledge does not speak of may announce what it does: `--output-file`, `--exec`.
    fn raise_by_names(
        &mut self,
        known: &CommandKnowledge,
        command: &Invocation<'_>,
        before: usize,
        span: &Range<usize>,
        place: &Place,
    ) {
        for option in command.options().iter().filter(|option| option.index < before && option.name.starts_with("--")) {
            if known.longs.contains(&option.name) {
                continue;
            }
            let Some(named) = self.knowledge.of_kind("option", &option.name) else {
                continue;
            };
            let word = command.words.get(option.index);
            let value = match word.and_then(|word| word.text.split_once('=')) {
                Some((_, value)) => Some(value),
                None => command.words.get(option.index + 1).map(|word| word.text.as_str()),
            };
            let value = value.filter(|value| !value.starts_with('-') || *value == "-");
            let words: Vec<Field> = value.map(|value| Field::plain(value, span.clone())).into_iter().collect();
            self.known(&option.name, named, &words, span, place);
        }
    }

    /// `find . $OPTS`, `curl "$@"`: what is not known may be an option, where options can do more than read.
    fn raise_by_unknown(&mut self, known: &CommandKnowledge, command: &Invocation<'_>, before: usize) {
        let risky = |rule: &crate::knowledge::Rule| rule.risk > Risk::Observe && !rule.with.is_empty();
        if !known.rules.iter().chain(&known.raises).any(risky) {
            return;
        }
        let hidden = command.words.iter().take(before).find(|word| may_hold_options(word));
        if let Some(word) = hidden {
            self.found.unclear(&word.raw.clone());
        }
    }

    /// Bash runs a substitution in a subscript, also a quoted one.
    pub(crate) fn subscripts(&mut self, source: &Source<'_>, node: Node<'_>) {
        if hides_subscript(source.slice(node.byte_range())) {
            self.found.unclear(crate::analyzer::shorten(source.slice(node.byte_range())));
        }
    }

    /// A variable is given a value: some change what other programs run.
    pub(crate) fn variable_set(&mut self, name: &str, value: &str, span: Range<usize>, place: &Place) {
        if hides_subscript(value) {
            self.found.unclear(name);
        }
        let told = !value.is_empty() && name.starts_with(|c: char| c.is_ascii_uppercase());
        let Some(known) = self.knowledge.of_kind("env", name).filter(|_| told) else {
            return;
        };
        let words: Vec<Field> = value.split_whitespace().map(|word| Field::plain(word, span.clone())).collect();
        let found = self.apart(|this| this.known(name, known, &words, &span, &place.deeper()));
        if found.risk > Risk::Observe {
            self.found.raise(found.risk);
            crate::wording::merge_effects(&mut self.found.effects, found.effects);
        }
    }

    /// The value is a command that other programs run: `PAGER`, `GIT_SSH_COMMAND`.
    pub(crate) fn runs_value(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let mut words = command.words.to_vec();
        if let Some(first) = words.first_mut() {
            first.text = first.text.trim_start_matches(['|', '!']).to_owned();
        }
        self.run_apart(&words, place);
        true
    }

    /// The value is expanded as shell text by what shows it: `PS4`.
    pub(crate) fn expands_value(&mut self, command: &Invocation<'_>) -> bool {
        if command.words.iter().any(|word| word.text.contains("$(") || word.text.contains('`')) {
            self.found.unclear(command.name);
        }
        true
    }

    /// The value lists where programs or libraries are taken from.
    pub(crate) fn directories(&mut self, command: &Invocation<'_>) -> bool {
        // `PATH+=:/opt/x/bin`.
        let value = command.words.first().map(|word| word.text.trim_matches(':').to_owned()).unwrap_or_default();
        let whole = value.chars().all(|c| c == UNKNOWN);
        if whole || !value.split(':').all(|directory| installed(directory, command.name)) {
            self.found.unclear(command.name);
        }
        true
    }
}

/// A directory that programs are installed in, by its name.
fn installed(directory: &str, variable: &str) -> bool {
    if directory.chars().all(|c| c == UNKNOWN) {
        return !directory.is_empty();
    }
    let temporary = ["/tmp", "/var/tmp", "/dev/shm"].iter().any(|root| directory.starts_with(root));
    if variable.starts_with("LD_") {
        return ["/usr/", "/lib", "/opt/"].iter().any(|root| directory.starts_with(root));
    }
    let system = ["/usr/", "/opt/", "/snap/", "/nix/"].iter().any(|root| directory.starts_with(root));
    let base = directory.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let programs = base.ends_with("bin") || base == "shims" || base == "scripts";
    !temporary && (system || (variable == "PATH" && programs) || (variable != "PATH" && !directory.is_empty()))
}

/// Nothing is known of the word, and it is no file by its name: `$OPTS`, `"$@"`, `${ARGS[@]}`.
fn may_hold_options(word: &Field) -> bool {
    const NAMES: &[&str] = &["OPT", "ARG", "FLAG", "PARAM"];
    if word.known || !word.text.chars().all(|c| c == UNKNOWN) || word.raw.contains('(') {
        return false;
    }
    let raw = word.raw.trim_matches('"');
    matches!(raw, "$@" | "$*" | "${@}" | "${*}") || {
        let upper = raw.to_uppercase();
        NAMES.iter().any(|name| upper.contains(name))
    }
}

/// `a[$(rm x)]`, quoted: bash runs what stands in a subscript when it evaluates the name.
pub(crate) fn hides_subscript(text: &str) -> bool {
    text.contains("[$(") || text.contains("[`")
}

/// What a substitution in backticks runs, where it holds others: these are escaped, which the parser does not undo.
pub(crate) fn backticks_within(text: &str) -> Option<String> {
    let inside = text.strip_prefix('`')?.strip_suffix('`')?;
    inside.contains("\\`").then(|| inside.replace("\\`", "`").replace("\\$", "$").replace("\\\\", "\\"))
}

/// An unescaped `$(` or backtick.
pub(crate) fn hides_substitution(text: &str) -> bool {
    let mut escaped = false;
    let mut dollar = false;
    for c in text.chars() {
        if !escaped && (c == '`' || (dollar && c == '(')) {
            return true;
        }
        dollar = c == '$' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    false
}
