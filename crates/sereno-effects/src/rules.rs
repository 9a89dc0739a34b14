//! What the rules of a known command make of it: risk, effects, what it runs and what it waits for.

use crate::analysis::{Interactive, Opens};
use crate::analyzer::{Analyzer, Findings};
use crate::invocation::Invocation;
use crate::knowledge::{CommandKnowledge, OpensKind, Rule, Runs, Wait};
use crate::template::{component_name, expand, expand_all, own_words};
use crate::walk::Place;
use crate::word::Field;
use crate::wording::{self, verb_for};
use sereno_model::{Risk, Verb};
use std::ops::Range;

impl Analyzer<'_> {
    pub(crate) fn known(
        &mut self,
        name: &str,
        known: &CommandKnowledge,
        rest: &[Field],
        span: &Range<usize>,
        place: &Place,
    ) {
        let command = Invocation::new(name, rest, known);
        let mut own = usize::MAX;
        let handled = known.handler.as_ref().is_some_and(|handler| self.handle(handler, &command, span, place));
        if !handled {
            let rule = known.rules.iter().find(|rule| applies(rule, &command, usize::MAX));
            own = rule.and_then(|rule| Some(inner_start(rule, rule.runs?, &command))).unwrap_or(own);
            match rule {
                Some(rule) => self.apply(rule, &command, span, place),
                None => self.by_default(known, &command),
            }
        }
        self.raise(known, &command, own, span, place);
        self.waits(known, &command, place);
    }

    fn by_default(&mut self, known: &CommandKnowledge, command: &Invocation<'_>) {
        if known.default_risk() == Risk::Unclear {
            let shown: Vec<String> = command.shown_from(0).take(2).collect();
            let what = format!("{} {}", command.name, shown.join(" "));
            self.unknown_command(what.trim_end());
            return;
        }
        let of: Vec<String> = command.shown_from(0).take(3).collect();
        let of = if of.is_empty() { command.name.to_owned() } else { of.join(" ") };
        let effect = wording::effect(verb_for(known.default_risk()), None, Some(&of), None, known.default_risk());
        self.found.effect(effect);
    }

    pub(crate) fn apply(&mut self, rule: &Rule, command: &Invocation<'_>, span: &Range<usize>, place: &Place) {
        if let Some(handler) = &rule.handler
            && self.handle(handler, command, span, place)
        {
            return;
        }
        if let Some(runs) = rule.runs {
            return self.apply_inner(rule, runs, command, span, place);
        }
        let verb = rule.verb.unwrap_or(verb_for(rule.risk));
        if verb == Verb::Nothing {
            self.found.raise(rule.risk);
            return;
        }
        let skip = rule.args.len();
        let targets = rule.of.as_deref().map(|template| expand_all(template, command, skip)).unwrap_or_default();
        if targets.is_empty() {
            let component = rule.component.as_deref().and_then(|template| expand(template, command, skip));
            let of = if rule.noun.is_none() && rule.of.is_none() { Some(own_words(command)) } else { None };
            let component = component.as_deref().map(component_name);
            self.found.effect(wording::effect(
                verb,
                rule.noun.as_ref(),
                of.as_deref(),
                component.as_deref(),
                rule.risk,
            ));
        }
        for (index, of) in targets.iter().enumerate() {
            let component = match rule.component.as_deref() {
                Some("{*}") => Some(of.clone()),
                Some(template) => expand(template, command, skip),
                None => None,
            };
            let component = component.as_deref().map(component_name);
            if index < 20 {
                self.found.effect(wording::effect(verb, rule.noun.as_ref(), Some(of), component.as_deref(), rule.risk));
            }
        }
        if rule.bounds {
            self.found.endless = false;
        }
    }

    /// A command whose arguments are a command.
    fn apply_inner(&mut self, rule: &Rule, runs: Runs, command: &Invocation<'_>, span: &Range<usize>, place: &Place) {
        self.found.raise(rule.risk);
        if let Some(verb) = rule.verb {
            let of = rule.of.as_deref().and_then(|template| expand(template, command, rule.args.len()));
            let component = rule.component.as_deref().and_then(|template| expand(template, command, rule.args.len()));
            let component = component.as_deref().map(component_name);
            self.found.effect(wording::effect(
                verb,
                rule.noun.as_ref(),
                of.as_deref(),
                component.as_deref(),
                rule.risk,
            ));
        }
        let from = inner_start(rule, runs, command);
        let mut inner = command.words.get(from..).unwrap_or_default().to_vec();
        if let Some(word) = command
            .all(&["--entrypoint"])
            .filter(|option| option.index < from)
            .last()
            .and_then(|option| command.words.get(option.value_index))
        {
            let program = word.text.strip_prefix("--entrypoint=").unwrap_or(&word.text);
            if !program.is_empty() {
                inner.insert(0, Field { verbatim: None, ..Field::plain(program, word.span.clone()) });
            }
        }
        let via = rule.via.clone().unwrap_or_else(|| command.name.to_owned());
        let mut within = place.deeper();
        within.via.push(via);
        within.bounded |= rule.bounds;
        if inner.is_empty() {
            self.without_inner(rule, command, place);
            return;
        }
        let found = self.apart(|this| match runs {
            // `command rm` is the program, whatever function has that name.
            Runs::Words if command.name == "command" => {
                this.without_function(&inner, span, &within);
            }
            Runs::Words | Runs::AfterDashes => this.run(&inner, span.clone(), &within),
            Runs::Shell => this.run_joined(&inner, &within),
        });
        let endless = found.endless && !rule.bounds;
        // A variable set by an inner shell is not set in this one.
        let opens = match (found.opens, rule.opens) {
            (Some(Opens::Shell(_)), Some(kind)) => {
                let name = expand("{1}", command, rule.args.len()).unwrap_or_else(|| command.name.to_owned());
                Some(kind.of(name))
            }
            (opens, _) => opens,
        };
        let waits = found.interactive.is_some();
        let opens = opens.or_else(|| unknown_console(rule, command, &inner, &found.unknown_commands, place));
        self.found.absorb(Findings { endless, opens: None, sets: Vec::new(), ..found });
        if opens.is_some() && !waits && matches!(opens, Some(Opens::Client(_))) {
            self.found.interactive(Interactive::Session);
        }
        // `docker exec -it x psql` leaves the reader in psql, which is what matters for the next lines.
        self.found.opens = opens;
    }

    fn without_function(&mut self, words: &[Field], span: &Range<usize>, place: &Place) {
        let name = words.first().map(|word| word.text.clone()).unwrap_or_default();
        let function = self.scope.functions.remove(&name);
        self.run(words, span.clone(), place);
        if let Some(function) = function {
            self.scope.functions.insert(name, function);
        }
    }

    /// `psql`, `ssh host` with text on their input: the text is the command.
    fn without_inner(&mut self, rule: &Rule, command: &Invocation<'_>, place: &Place) {
        // `sudo -s < script`.
        let opens_shell = command.name == "sudo" && command.has(&["-s", "-i", "--shell", "--login"]);
        if !place.stdin.is_terminal() && (opens_shell || matches!(rule.runs, Some(Runs::Shell))) {
            let via = rule.via.clone().unwrap_or_else(|| command.name.to_owned());
            let mut within = place.deeper();
            within.via.push(via);
            self.shell_from(&place.stdin.clone(), &within);
        }
    }

    /// Words joined by blanks are a shell text, as `eval` and `ssh` read them.
    pub(crate) fn run_joined(&mut self, words: &[Field], place: &Place) {
        let text: Vec<String> = words.iter().map(|field| field.with_unknown_as("$__unknown")).collect();
        let mut inner = place.deeper();
        let located = words.first().filter(|_| words.len() == 1).and_then(|field| field.verbatim);
        inner.shift = located;
        inner.anchor = words.first().zip(words.last()).map(|(first, last)| first.span.start..last.span.end);
        self.inner_shell(&text.join(" "), &inner);
    }

    fn waits(&mut self, known: &CommandKnowledge, command: &Invocation<'_>, place: &Place) {
        for wait in known.waits.iter().filter(|wait| waits_here(wait, command)) {
            self.found.endless |= wait.endless && !place.bounded;
            if let Some(kind) = wait.interactive
                && (wait.terminal || place.stdin.is_terminal() || kind == Interactive::Editor)
            {
                self.found.interactive(kind);
            }
            if let Some(kind) = wait.opens
                && place.stdin.is_terminal()
                && self.found.opens.is_none()
            {
                let skip = wait.args.len();
                let name = wait.name.as_deref().and_then(|template| expand(template, command, skip));
                let name = name.unwrap_or_else(|| command.name.to_owned());
                self.found.opens = Some(kind.of(name));
            }
        }
    }
}

/// `docker exec -it router vtysh`: a terminal is asked for a program that is not known and has nothing to do, so a
/// person types into it, and the lines below are not for this shell.
fn unknown_console(
    rule: &Rule,
    command: &Invocation<'_>,
    inner: &[Field],
    unknown: &[String],
    place: &Place,
) -> Option<Opens> {
    let terminal = command.has(&["-t", "--tty"]) || (command.name == "docker-compose" && !command.has(&["-T"]));
    let alone = inner.len() == 1 && !unknown.is_empty() && place.stdin.is_terminal();
    let name = inner.first().map(|word| word.text.clone())?;
    (rule.opens.is_some() && terminal && alone).then_some(Opens::Client(name))
}

impl OpensKind {
    fn of(self, name: String) -> Opens {
        match self {
            Self::Container => Opens::Container(name),
            Self::Host => Opens::Host(name),
            Self::Shell => Opens::Shell(name),
            Self::Client => Opens::Client(name),
        }
    }
}

fn waits_here(wait: &Wait, command: &Invocation<'_>) -> bool {
    wait.args.matches(command)
        && wait.with.holds(command, usize::MAX)
        && (wait.without.is_empty() || !wait.without.any_holds(command, usize::MAX))
}

/// Whether a rule speaks of this command. `most` leaves out options that stand at or after that word.
pub(crate) fn applies(rule: &Rule, command: &Invocation<'_>, most: usize) -> bool {
    if !rule.args.matches(command) {
        return false;
    }
    // Options of an inner command are not this command's.
    let before = rule.runs.map_or(most, |runs| inner_start(rule, runs, command).min(most));
    rule.with.holds(command, before) && (rule.without.is_empty() || !rule.without.any_holds(command, before))
}

/// Index of the first word of the inner command.
pub(crate) fn inner_start(rule: &Rule, runs: Runs, command: &Invocation<'_>) -> usize {
    if runs == Runs::AfterDashes
        && let Some(dashes) = command.dashes
    {
        return dashes + 1;
    }
    let named = rule.args.len() + rule.skip;
    if runs == Runs::Words && rule.skip > 0 {
        // `docker run IMAGE -c …`: all that follows the image is for the container, also what looks like an option.
        let after = command.positional_index(named - 1).map_or(command.words.len(), |at| at + 1);
        return if command.words.get(after).is_some_and(|word| word.text == "--") { after + 1 } else { after };
    }
    command.positional_index(named).unwrap_or(command.words.len())
}
