//! What is asked of a platform, as data.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a person wants done to a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// Replace the processes of these instances; of all when none is named.
    Restart { instances: Vec<String> },
    /// As many instances as this.
    Scale { replicas: u32 },
    /// End its instances and keep what they were made of.
    Stop,
    /// Start what was stopped: these instances, or as many as there were.
    Start { instances: Vec<String>, replicas: u32 },
    /// What an instance may use, from now on.
    Limit { cpu_millis: Option<u64>, memory: Option<u64> },
}

/// One thing that is done: an HTTP request to the platform's own API, or a program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Call {
    /// A request to the Docker Engine.
    Engine { request: EngineRequest },
    /// A program. No shell reads it.
    Program { argv: Vec<String>, directory: String },
}

/// The requests to the Docker Engine that change something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "request")]
pub enum EngineRequest {
    Restart {
        container: String,
    },
    Stop {
        container: String,
    },
    Start {
        container: String,
    },
    Update {
        container: String,
        nano_cpus: Option<i64>,
        memory: Option<i64>,
    },
    /// Runs a program inside; no shell reads its words.
    Exec {
        container: String,
        argv: Vec<String>,
        terminal: bool,
    },
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine { request } => request.fmt(f),
            Self::Program { argv, .. } => f.write_str(&argv.join(" ")),
        }
    }
}

impl fmt::Display for EngineRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restart { container } => write!(f, "POST /containers/{container}/restart"),
            Self::Stop { container } => write!(f, "POST /containers/{container}/stop"),
            Self::Start { container } => write!(f, "POST /containers/{container}/start"),
            Self::Exec { container, argv, .. } => write!(f, "POST /containers/{container}/exec {}", argv.join(" ")),
            Self::Update { container, nano_cpus, memory } => {
                write!(f, "POST /containers/{container}/update")?;
                if let Some(cpus) = nano_cpus {
                    write!(f, " NanoCpus={cpus}")?;
                }
                if let Some(memory) = memory {
                    write!(f, " Memory={memory}")?;
                }
                Ok(())
            }
        }
    }
}
