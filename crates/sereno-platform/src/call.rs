//! What is asked of a platform, as data.

use crate::process::Want;
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
    /// Make of its files what is not there, and start what does not run: as many as this, and of the others that it needs no
    /// fewer than there are.
    Make { replicas: u32, others: Vec<(String, u32)> },
    /// Take these instances away, which ought to be gone, without waiting for them to end.
    Remove { instances: Vec<String> },
    /// What an instance may use, from now on.
    Limit { cpu_millis: Option<u64>, memory: Option<u64> },
}

/// One thing that is done: an HTTP request to the platform's own API, or a program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Call {
    /// A request to the Docker Engine.
    Engine { request: EngineRequest },
    /// A request to a cluster.
    Cluster { request: ClusterRequest },
    /// A request to a hosting platform.
    Web { request: WebRequest },
    /// A program. No shell reads it.
    Program { argv: Vec<String>, directory: String },
    /// An order to the keeper of one of Sereno's own processes, which is started where there is none.
    Keeper { instance: String, want: Want },
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

/// The requests to a cluster that change something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "request")]
pub enum ClusterRequest {
    /// Changes the fields that the body names, and no others.
    Merge { path: String, body: serde_json::Value },
    /// The same; of a list it changes the items that the body names.
    MergeByName { path: String, body: serde_json::Value },
    /// Takes a thing away at once, if it is still the one that this names.
    Delete { path: String, body: serde_json::Value },
    /// Runs a program in a container of a pod; no shell reads its words.
    Exec { pod: String, container: Option<String>, argv: Vec<String>, terminal: bool },
}

/// A request to a hosting platform that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebRequest {
    pub method: String,
    /// Below the address of the API.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
}

impl WebRequest {
    pub fn post(path: impl Into<String>, body: Option<serde_json::Value>) -> Self {
        Self { method: "POST".to_owned(), path: path.into(), body }
    }
}

impl fmt::Display for WebRequest {
    /// Of a GraphQL request, its name and what it is about: its text is the same each time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        match &self.body {
            None => Ok(()),
            Some(body) => match body.get("operationName").and_then(serde_json::Value::as_str) {
                Some(name) => write!(f, " {name} {}", body["variables"]),
                None => write!(f, " {body}"),
            },
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine { request } => request.fmt(f),
            Self::Cluster { request } => request.fmt(f),
            Self::Web { request } => request.fmt(f),
            Self::Program { argv, .. } => f.write_str(&argv.join(" ")),
            Self::Keeper { instance, want } => write!(f, "{instance}: {want}"),
        }
    }
}

impl fmt::Display for ClusterRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Merge { path, body } | Self::MergeByName { path, body } => write!(f, "PATCH {path} {body}"),
            Self::Delete { path, body } => write!(f, "DELETE {path} {body}"),
            Self::Exec { pod, argv, .. } => write!(f, "POST pods/{pod}/exec {}", argv.join(" ")),
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
