//! What a person asks for.

use super::page::Turn;
use serde::{Deserialize, Serialize};

/// A request, as it is kept with the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "request")]
pub enum Request {
    /// Replace the processes of a component, one instance after the other where there are several.
    Restart { component: String },
    /// As many instances as this.
    Scale { component: String, replicas: u32 },
    /// What an instance may use from now on.
    Limit { component: String, cpu_millis: Option<u64>, memory: Option<u64> },
    /// Stop these components; all of them when none is named.
    Stop { components: Vec<String> },
    /// Take away the instances that are stuck at their end, of this component or of all.
    Unstick { component: Option<String> },
    /// Bring up what is declared, with what it needs: all of it when nothing is named.
    Up { components: Vec<String> },
    /// Take these components down, and keep nothing of them; all of them when none is named.
    Down { components: Vec<String> },
    /// Run a program inside one instance: the named one, else the first that is ready.
    Exec { component: String, instance: Option<String>, argv: Vec<String>, terminal: bool },
    /// Start what a stop has ended, exactly that, and take the page away that it has shown.
    Resume {
        kept: Vec<Kept>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<Turn>,
    },
    /// Show the maintenance page, or take it away.
    Maintenance { turn: Turn },
    /// Let whoever asks read these variables of a component, or of a secret of the platform's own, for some minutes.
    Reveal { of: String, names: Vec<String>, minutes: u32, reason: String },
}

/// What a stop remembers of a component, so that it can be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub component: String,
    pub replicas: u32,
    /// The instances that ran, by name; on platforms where instances do not outlive a stop, they are not used.
    pub instances: Vec<String>,
}

impl Request {
    /// The operation's name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Restart { .. } => "restart",
            Self::Scale { .. } | Self::Limit { .. } => "scale",
            Self::Stop { .. } => "stop",
            Self::Exec { .. } => "exec",
            Self::Resume { .. } => "resume",
            Self::Unstick { .. } => "unstick",
            Self::Up { .. } => "up",
            Self::Down { .. } => "down",
            Self::Maintenance { .. } => "maintenance",
            Self::Reveal { .. } => "reveal",
        }
    }
}
