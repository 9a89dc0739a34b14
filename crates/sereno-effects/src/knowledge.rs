//! What is known of commands: data files in `knowledge/`, one a family, that a team extends with its own.
//!
//! The shape of those files is documented in `knowledge/README.md`; this module reads and checks them.
//! Those that come with the program are read command by command (`shelf`), a team's at once (`raw`).

mod raw;
mod shelf;

use crate::analysis::Interactive;
use crate::pattern::{ArgsPattern, Condition};
use crate::wording::Noun;
use sereno_model::{Risk, Text, Verb};
use shelf::Shelf;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

/// Everything known about commands.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// What comes with the program. What is in the fields below goes before it.
    base: Option<&'static Shelf>,
    commands: HashMap<String, CommandKnowledge>,
    /// Names with a `*` in them (`mkfs.*`), tried when no exact name fits.
    globs: Vec<(String, CommandKnowledge)>,
    nouns: BTreeMap<String, Noun>,
    names: Vec<NameRule>,
}

/// What is known of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandKnowledge {
    /// Options that take a value, so that the value is not taken for an argument.
    pub(crate) values: HashSet<String>,
    /// Options that take a value only before the first argument (`docker-compose -f file logs -f`).
    pub(crate) globals: HashSet<String>,
    /// `-name` is one option, not four (find, terraform, java).
    pub(crate) long_dash: bool,
    /// Arguments are compared without regard to case (SQL-like clients).
    pub(crate) ignore_case: bool,
    /// The risk when no rule matches; see `default_risk`.
    pub(crate) risk: Option<Risk>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) waits: Vec<Wait>,
    /// What makes it riskier than its rule says; every one that matches counts.
    pub(crate) raises: Vec<Rule>,
    /// Its long options that anything here speaks of: GNU tools and their kin take the beginning of one for it.
    pub(crate) longs: HashSet<String>,
    /// A reader written in Rust for what data cannot say.
    pub(crate) handler: Option<String>,
    /// After this many arguments the rest is an inner command, whose options are not this command's.
    pub(crate) stop: Option<usize>,
}

impl CommandKnowledge {
    /// The risk when no rule matches.
    pub(crate) fn default_risk(&self) -> Risk {
        self.risk.unwrap_or(Risk::Unclear)
    }

    /// This knowledge, whose rules are tried first, and an older one, which says what this leaves unsaid.
    fn before(mut self, old: Self) -> Self {
        self.values.extend(old.values);
        self.globals.extend(old.globals);
        self.rules.extend(old.rules);
        self.waits.extend(old.waits);
        self.raises.extend(old.raises);
        self.longs.extend(old.longs);
        self.risk = self.risk.or(old.risk);
        self.handler = self.handler.or(old.handler);
        self.stop = self.stop.or(old.stop);
        self.long_dash |= old.long_dash;
        self.ignore_case |= old.ignore_case;
        self
    }
}

/// One line of knowledge: the first that matches a command tells its risk and effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) args: ArgsPattern,
    pub(crate) with: Condition,
    pub(crate) without: Condition,
    /// Options whose value is a command that it runs.
    pub(crate) shell: Condition,
    pub(crate) risk: Risk,
    pub(crate) verb: Option<Verb>,
    pub(crate) noun: Option<Noun>,
    pub(crate) of: Option<String>,
    pub(crate) component: Option<String>,
    pub(crate) runs: Option<Runs>,
    /// What a shell opened by the inner command is inside of.
    pub(crate) opens: Option<OpensKind>,
    /// Arguments to pass over before the inner command.
    pub(crate) skip: usize,
    /// How the inner command is said to be run: `kubectl exec`.
    pub(crate) via: Option<String>,
    pub(crate) handler: Option<String>,
    /// Stops what it wraps after a time: an endless inner command ends.
    pub(crate) bounds: bool,
}

/// How a command's arguments are a command themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// The words after the options are the command.
    Words,
    /// The words after the options, joined, are shell text.
    Shell,
    /// The words after `--` are the command; without `--`, those after the arguments.
    AfterDashes,
}

/// How a command keeps a person waiting; every one that matches counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) args: ArgsPattern,
    pub(crate) with: Condition,
    pub(crate) without: Condition,
    pub(crate) interactive: Option<Interactive>,
    pub(crate) endless: bool,
    pub(crate) opens: Option<OpensKind>,
    /// What is opened, as a template over the arguments.
    pub(crate) name: Option<String>,
    /// It asks the terminal itself, so that a pipe into it changes nothing.
    pub(crate) terminal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpensKind {
    Container,
    Host,
    Shell,
    Client,
}

/// What the name of a script or of a make target says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameRule {
    pub(crate) word: String,
    pub(crate) risk: Risk,
    pub(crate) verb: Verb,
}

/// A team's knowledge that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}", message.en)]
pub struct KnowledgeError {
    /// 1-based, in the text given.
    pub line: usize,
    pub message: Text,
}

impl Knowledge {
    /// What Sereno knows by itself.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Knowledge> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let shelf = Shelf::get();
            Self { base: Some(shelf), ..shelf.common().clone() }
        })
    }

    /// This knowledge and a team's own: its rules come before those that are known already.
    pub fn extend(&self, toml: &str) -> Result<Self, KnowledgeError> {
        let mut all = self.clone();
        raw::add(&mut all, toml)?;
        Ok(all)
    }

    /// Whether anything is known of a command of this name.
    pub fn knows(&self, name: &str) -> bool {
        self.command(name).is_some()
    }

    pub(crate) fn command(&self, name: &str) -> Option<&CommandKnowledge> {
        let team = || self.globs.iter().find(|(glob, _)| crate::pattern::glob_matches(glob, name));
        self.exact(name)
            .or_else(|| team().map(|(_, known)| known))
            .or_else(|| self.base.and_then(|shelf| shelf.glob(name)))
    }

    fn exact(&self, name: &str) -> Option<&CommandKnowledge> {
        self.commands.get(name).or_else(|| self.base.and_then(|shelf| shelf.exact(name)))
    }

    /// What an option's name or a variable's name says by itself: `option:--output`, `env:PAGER`.
    pub(crate) fn of_kind(&self, kind: &str, name: &str) -> Option<&CommandKnowledge> {
        self.command(&format!("{kind}:{name}"))
    }

    pub(crate) fn name_rules(&self) -> &[NameRule] {
        &self.names
    }
}
