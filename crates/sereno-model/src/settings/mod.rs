//! `sereno.toml`: what a team sets, and what is said when it is set wrong.
//!
//! A wrong setting never stops the reading: all that is wrong is told at once, each with its place, what was expected and
//! the nearest valid name. This reads text, not files, and resolves nothing: a path stays as it was written.

mod catalog;
pub mod environment;
pub mod process;
mod read;
#[cfg(test)]
mod tests;

use crate::{Diagnostic, Lang};
use std::collections::BTreeMap;
use std::time::Duration;

pub use catalog::{default_file, reference};
pub use process::Process;

/// All settings. `None` and empty lists mean that the default of the house holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    pub system: System,
    pub platform: Platform,
    /// What Sereno itself runs.
    pub processes: Vec<Process>,
    pub journal: Journal,
    pub people: Vec<Person>,
    pub policy: Policy,
    pub secrets: Secrets,
    pub maintenance: Maintenance,
    pub locks: Locks,
    /// Values for placeholders of every procedure.
    pub values: BTreeMap<String, String>,
    /// Values for placeholders of one procedure, by its id.
    pub procedure_values: BTreeMap<String, BTreeMap<String, String>>,
    commands: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    pub name: Option<String>,
    pub language: Option<Lang>,
    /// Paths, relative to the file of settings.
    pub runbooks: Vec<String>,
    /// An IANA name.
    pub timezone: Option<String>,
}

/// Where the components live. Nothing set: what the directory itself says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    /// `compose`, `kubernetes`, `pm2`, `process`, `railway`, `render` or `systemd`.
    pub kind: Option<String>,
    /// Compose files, relative to the file of settings.
    pub files: Vec<String>,
    /// The compose project; Railway's project, by its id.
    pub project: Option<String>,
    /// The compose profiles that are on.
    pub profiles: Vec<String>,
    /// Machines over SSH, as `ssh` takes them; this machine when empty.
    pub hosts: Vec<String>,
    /// systemd's units.
    pub units: Vec<String>,
    /// A file of settings for `ssh`, relative to the file of settings.
    pub ssh_config: Option<String>,
    /// Whether changes go through `sudo`; they do when it is not set and this is another machine.
    pub sudo: Option<bool>,
    /// How clusters are reached, relative to the file of settings.
    pub kubeconfig: Option<String>,
    /// The kubeconfig's context.
    pub context: Option<String>,
    /// The namespace in the cluster.
    pub namespace: Option<String>,
    /// Render's workspace, by its id.
    pub owner: Option<String>,
    /// Railway's environment by its name or id, Render's by its id.
    pub environment: Option<String>,
    /// The only services of Render or Railway that are meant; all when empty.
    pub services: Vec<String>,
    /// Another address of the API of Render or Railway.
    pub api: Option<String>,
    /// Sereno's own operation runs in place of a runbook's command that is the same.
    pub native: Option<bool>,
}

impl Platform {
    /// The kind that the other settings show, where none is named: machines first, for then this one is not meant, whatever
    /// lies here.
    pub fn implied_kind(&self) -> Option<&'static str> {
        if !self.units.is_empty() || !self.hosts.is_empty() {
            return Some("systemd");
        }
        let names_a_cluster = self.kubeconfig.is_some() || self.context.is_some() || self.namespace.is_some();
        names_a_cluster.then_some("kubernetes")
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// `sqlite:PATH` or `postgresql://…`.
    pub location: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    /// The login of the operating system; the name when it is not set.
    pub os_user: String,
    /// Some of `viewer`, `operator`, `approver`, `admin`; empty for the usual ones.
    pub roles: Vec<String>,
    pub email: Option<String>,
}

/// Whose yes a risk needs, from the least to the most strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strictness {
    /// The operator's yes.
    Ask,
    /// The operator's yes, after reading the raw command.
    ReadRaw,
    /// A second person's yes, and a typed word.
    SecondPerson,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    pub observe: Option<Strictness>,
    pub change: Option<Strictness>,
    pub unclear: Option<Strictness>,
    pub destroy: Option<Strictness>,
    /// Ids of procedures whose changes need nobody's yes.
    pub unattended: Vec<String>,
    /// How long a single person waits before the typed word counts.
    pub pause_seconds: Option<u64>,
    /// After which a step is ended.
    pub step_timeout: Option<Duration>,
    /// How long an endless step is followed.
    pub follow_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Files whose entries are secrets or values; `.env` when empty.
    pub env_files: Vec<String>,
    /// Names of variables that are secrets although their names do not look so.
    pub names: Vec<String>,
    /// The longest that a reveal may be open.
    pub reveal_minutes: Option<u64>,
}

/// The page that is shown while everything is stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// What shows it.
    pub component: Option<String>,
    /// The file that it looks for.
    pub file: Option<String>,
    pub ingress: Option<String>,
    /// `SERVICE:PORT`.
    pub service: Option<String>,
    /// Where it can be seen.
    pub url: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locks {
    /// How long a lock outlives the machine that holds it.
    pub lease_seconds: Option<u64>,
}

impl Settings {
    /// Reads the text of `file_name`. What is wrong keeps its default.
    pub fn parse(text: &str, file_name: &str) -> (Self, Vec<Diagnostic>) {
        read::read(text, file_name)
    }

    /// The team's own knowledge of commands, as `sereno-effects` reads it.
    pub fn commands_toml(&self) -> Option<String> {
        self.commands.clone()
    }

    /// The values for the placeholders of one procedure: its own before those of all.
    pub fn values_for(&self, procedure: &str) -> BTreeMap<String, String> {
        let mut values = self.values.clone();
        values.extend(self.procedure_values.get(procedure).cloned().unwrap_or_default());
        values
    }
}

impl Strictness {
    const ALL: [Self; 3] = [Self::Ask, Self::ReadRaw, Self::SecondPerson];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::ReadRaw => "read-raw",
            Self::SecondPerson => "second-person",
        }
    }
}
