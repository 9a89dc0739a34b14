//! The kubernetes platform: the same components as deployments of a namespace of their own, through `kubectl`.

pub(crate) mod edge;
mod install;
pub(crate) mod names;
mod watch;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

pub(crate) use self::install::{apply, build_image, down, up};

use crate::failure::{Doing, Failure, Result};
use crate::host::env_file::EnvFile;
use crate::host::wait;

/// What a system brings along for a cluster.
pub(crate) struct Manifests {
    /// Where it lives when nobody says otherwise.
    pub(crate) namespace: &'static str,
    /// The repository of its own image; the tag is `APP_VERSION`.
    pub(crate) image: &'static str,
    /// Files of the system's directory in the order in which they are applied, `${NAME}` standing for a value of `.env`.
    pub(crate) files: &'static [&'static str],
    /// The service that users reach.
    pub(crate) service: &'static str,
    /// The port that its pods listen on.
    pub(crate) port: u16,
}

/// One namespace of one cluster.
#[derive(Clone)]
pub(crate) struct Kube {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) namespace: String,
}

impl Kube {
    pub(crate) fn of(env: &EnvFile) -> Result<Self> {
        let text = |name: &str| {
            let value = env.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
            value.ok_or_else(|| {
                Failure::new(format!("{name} is not set in .env")).hint("--kubeconfig FILE says which cluster")
            })
        };
        Ok(Self { kubeconfig: PathBuf::from(text("KUBECONFIG")?), namespace: text("NAMESPACE")? })
    }

    pub(crate) fn words(&self, arguments: &[&str]) -> Vec<String> {
        let file = self.kubeconfig.to_string_lossy().into_owned();
        let first = ["--kubeconfig".to_owned(), file, "--namespace".to_owned(), self.namespace.clone()];
        first.into_iter().chain(arguments.iter().map(|word| (*word).to_owned())).collect()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        self.feed(arguments, "")
    }

    /// Runs one command with something to read.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> Result<String> {
        let what = || format!("kubectl {}", arguments.join(" "));
        let mut child = Command::new("kubectl")
            .args(self.words(arguments))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("kubectl: {error}")).hint("apt-get install kubernetes-client"))?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(input.as_bytes()).doing(what)?;
        }
        let output = child.wait_with_output().doing(what)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        Err(Failure::new(format!("{}: {}", what(), error_of(&output))))
    }

    /// An object as the cluster knows it; none if there is none.
    pub(crate) fn get(&self, kind: &str, name: &str) -> Result<Option<Value>> {
        let text = self.run(&["get", kind, name, "--ignore-not-found", "-o", "json"])?;
        if text.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&text).map(Some).doing(|| format!("what kubectl says of {kind} {name}"))
    }

    pub(crate) fn list(&self, kind: &str, selector: &str) -> Result<Vec<Value>> {
        let text = self.run(&["get", kind, "-l", selector, "-o", "json"])?;
        let list: Value = serde_json::from_str(&text).doing(|| format!("what kubectl says of {kind}"))?;
        Ok(list.get("items").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    pub(crate) fn patch(&self, kind: &str, name: &str, patch: &Value) -> Result<()> {
        self.run(&["patch", kind, name, "--patch", &patch.to_string()]).map(|_| ())
    }

    /// Whether a cluster answers, and if not, why.
    pub(crate) fn answers(&self) -> Result<()> {
        self.run(&["get", "--raw", "/readyz", "--request-timeout=10s"]).map(|_| ()).map_err(|error| {
            Failure::new(format!("no cluster answers: {error}"))
                .hint("--kubeconfig FILE says which one; or use --platform process")
        })
    }

    /// How many instances of a deployment are ready, of how many.
    pub(crate) fn ready(&self, deployment: &str) -> Result<Option<(u64, u64)>> {
        let Some(found) = self.get("deployment", deployment)? else {
            return Ok(None);
        };
        let number = |path: &str| found.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        Ok(Some((number("/status/readyReplicas"), number("/spec/replicas"))))
    }

    /// Returns when what was asked of a deployment is so, and every instance is ready.
    pub(crate) fn await_rollout(&self, deployment: &str) -> Result<()> {
        let object = format!("deployment/{deployment}");
        self.run(&["rollout", "status", &object, "--timeout=5m"]).map(|_| ())
    }

    /// Brings a deployment to nothing; returns when its pods are gone, and says whether there were any.
    pub(crate) fn scale_to_zero(&self, deployment: &str) -> Result<bool> {
        let object = format!("deployment/{deployment}");
        let selector = format!("app={deployment}");
        let ran = !self.list("pods", &selector)?.is_empty();
        self.run(&["scale", &object, "--replicas=0"])?;
        let what = format!("the pods of {deployment} are gone");
        wait::slowly(&what, Duration::from_mins(3), || Ok(self.list("pods", &selector)?.is_empty()))?;
        Ok(ran)
    }
}

fn error_of(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("Warning:")).collect();
    lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n")
}
