//! What a run would do: every step with its exact command, effects and risk, bound to a digest.

mod around;
mod build;
mod digest;
mod files;
mod find;
mod no_terminal;
mod operation;
mod people;
pub mod policy;
mod resolve;
#[cfg(test)]
pub(crate) mod sample;
mod undo;
mod values;

pub use around::{Around, Recognise, StepCommands};
pub use build::{PlanError, PlanOptions, build};
pub use files::StepFile;
pub use find::{Found, find_procedure, fold, nearest_titles};
pub use operation::{OperationSpec, OperationStep, of_operation, words};
pub use people::KnownPerson;
pub use undo::{Undoing, takes_back, undo_of};
pub use values::{Origin, ValueSource, Values};

use serde::{Deserialize, Serialize};
use sereno_model::{Digest, Effect, Risk, Text};
use std::collections::BTreeMap;

/// The version of the format of [`Plan`] as JSON.
pub const PLAN_VERSION: u32 = 3;

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub version: u32,
    pub source: Source,
    /// The procedure's id, or the operation's name.
    pub procedure: String,
    pub title: String,
    pub line: usize,
    pub steps: Vec<PlanStep>,
    /// The highest risk of the steps that will run.
    pub risk: Risk,
    /// Variables that the first step finds in its environment besides Sereno's own, secrets redacted when shown.
    pub variables: BTreeMap<String, String>,
    /// Values put in the place of placeholders, by name.
    pub values: BTreeMap<String, Value>,
    /// What is still missing; a plan with any cannot run.
    pub missing: Vec<Missing>,
    /// What undoes this procedure, as the runbook says: procedure ids and step ids.
    pub rollback: Vec<String>,
    /// Who the settings knew; a plan of before this was kept knows nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<KnownPerson>,
    /// The SHA-256 to which approvals bind: of everything above.
    pub digest: Digest,
}

/// What a plan was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Source {
    Runbook(RunbookRef),
    Operation(OperationRef),
}

/// Which operation a plan came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationRef {
    /// `restart`, `scale`, …
    pub name: String,
    /// Where: the platform's own name of the place, such as `compose:pedidos`.
    pub target: String,
    /// What was asked, as `sereno-operations` reads it.
    pub request: serde_json::Value,
    /// What takes it back, in the same form; `None` where nothing does.
    pub undo: Option<serde_json::Value>,
    /// How its one step ended is the answer, failure too: there is nothing for a person to decide.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answers: bool,
}

/// Which text a plan came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookRef {
    pub path: String,
    pub title: Option<String>,
    /// Of its text, whatever its encoding.
    pub digest: Digest,
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    pub value: String,
    pub origin: Origin,
    /// Its name says that it is a secret: it is redacted wherever it is shown or stored.
    pub secret: bool,
}

/// A value that a plan lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub name: String,
    /// As it stands in the runbook.
    pub text: String,
    pub line: usize,
    /// 1-based number of the first step that needs it.
    pub step: usize,
    /// Why a value that was given cannot stand there.
    pub problem: Option<Text>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    /// 1-based.
    pub number: usize,
    /// The step's id in the runbook.
    pub id: String,
    pub title: String,
    pub line: usize,
    /// The exact text that runs, values filled in; for a person's step, the author's words.
    pub text: String,
    pub action: Action,
    pub risk: Risk,
    pub effects: Vec<Effect>,
    pub expects: Option<String>,
    /// It proves the procedure done: its failure fails the run.
    pub verifies: bool,
    /// Only taken when an earlier step failed.
    pub if_fails: bool,
    /// `Si pods en CrashLoopBackOff`: the author's condition.
    pub condition: Option<String>,
    pub alternative: Option<Choice>,
    pub approval: Approval,
    /// Components that it changes: the locks that it takes.
    pub locks: Vec<String>,
    /// The files that it executes by name: bound to their content, or with the reason why not.
    pub files: Vec<StepFile>,
    /// Where it has to start, for files that are named from there.
    pub starts_in: Option<String>,
    /// Sereno's own step, beside the author's step of this id or in its place: it runs outside of the author's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
    /// The operations that the author's commands are: `restart api`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_as: Vec<String>,
}

/// One of several steps that exclude each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub group: u32,
    pub number: u32,
    pub title: String,
    pub chosen: bool,
}

/// What Sereno does with a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Action {
    /// Runs it in the session.
    Run,
    /// Runs it for a bounded time, then ends it: it would not end by itself.
    Follow { seconds: u64 },
    /// Hands the terminal to it; without a terminal it is refused.
    Terminal,
    /// A person does it and says so.
    Person { why: Text },
    /// Leaves it out.
    Skip { why: Text },
    /// Will not run it.
    Refuse { why: Text },
}

impl Action {
    /// Whether Sereno itself starts something for it.
    pub fn executes(&self) -> bool {
        matches!(self, Self::Run | Self::Follow { .. } | Self::Terminal)
    }
}

/// Whose yes a step needs before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "needs")]
pub enum Approval {
    /// Nobody's: it observes.
    None,
    /// The operator's.
    Operator,
    /// A person's who has read the raw command.
    ReadRaw,
    /// A second person's and a typed word.
    SecondPerson { word: String },
}

impl Approval {
    /// The order of strictness, for policies that may only raise it.
    pub fn rank(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Operator => 1,
            Self::ReadRaw => 2,
            Self::SecondPerson { .. } => 3,
        }
    }
}

impl Plan {
    /// The runbook that it came from; `None` for an operation's.
    pub fn runbook(&self) -> Option<&RunbookRef> {
        match &self.source {
            Source::Runbook(runbook) => Some(runbook),
            Source::Operation(_) => None,
        }
    }

    /// The operation that it came from; `None` for a runbook's.
    pub fn operation(&self) -> Option<&OperationRef> {
        match &self.source {
            Source::Operation(operation) => Some(operation),
            Source::Runbook(_) => None,
        }
    }

    /// Where it came from, in a few words: `RUNBOOK.md:12`, `compose:pedidos`.
    pub fn place(&self) -> String {
        match &self.source {
            Source::Runbook(runbook) => format!("{}:{}", runbook.path, self.line),
            Source::Operation(operation) => operation.target.clone(),
        }
    }

    /// Steps that Sereno would refuse.
    pub fn refused(&self) -> impl Iterator<Item = &PlanStep> {
        self.steps.iter().filter(|step| matches!(step.action, Action::Refuse { .. }))
    }

    /// Whether anything in it would run or be done.
    pub fn has_work(&self) -> bool {
        self.steps.iter().any(|step| step.action.executes() || matches!(step.action, Action::Person { .. }))
    }

    /// Groups of alternatives of which none was chosen: group, and the alternatives by number and title.
    pub fn open_choices(&self) -> BTreeMap<u32, Vec<(u32, String)>> {
        let mut groups: BTreeMap<u32, (bool, Vec<(u32, String)>)> = BTreeMap::new();
        for choice in self.steps.iter().filter_map(|step| step.alternative.as_ref()) {
            let group = groups.entry(choice.group).or_default();
            group.0 |= choice.chosen;
            if !group.1.iter().any(|(number, _)| *number == choice.number) {
                group.1.push((choice.number, choice.title.clone()));
            }
        }
        groups.into_iter().filter(|(_, (chosen, _))| !chosen).map(|(group, (_, all))| (group, all)).collect()
    }
}
