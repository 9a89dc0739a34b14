//! What a command does to a component.

use crate::{Risk, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verb of an effect. The list is short on purpose: it is what a person needs to know before saying yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Reads state, logs, rows, files.
    Reads,
    /// Shows a secret in clear.
    Reveals,
    /// Waits, prints, sets a variable: touches nothing.
    Nothing,
    Creates,
    Writes,
    Updates,
    Restarts,
    Starts,
    Stops,
    Scales,
    Deploys,
    RollsBack,
    Migrates,
    BacksUp,
    Restores,
    Deletes,
    Empties,
    Sends,
    Installs,
    Enters,
    /// Runs a program whose effects are not known.
    Runs,
}

/// One effect: `restarts backend`, `deletes files under logs/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    pub verb: Verb,
    /// What it acts upon, as the command names it: `deployment/backend`, `files under /backups`, `table tenants`.
    pub target: String,
    /// The component whose lock a run of this command takes, when the command names one (`backend`, `redis`,
    /// `postgres`); `None` for what touches no component.
    pub component: Option<String>,
    pub risk: Risk,
    /// The effect as a person reads it.
    pub text: Text,
}
