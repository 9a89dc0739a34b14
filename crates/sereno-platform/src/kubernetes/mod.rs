//! Kubernetes: one namespace of one cluster, through its API. What runs, and what should run, is asked of the cluster;
//! changes are patches of what they name, so that nothing is put back that somebody else has changed meanwhile.

mod api;
mod calls;
mod claims;
mod client;
mod config;
mod copy;
mod error;
mod events;
mod exec;
mod given;
mod logs;
mod page;
mod quantity;
mod read;
mod revisions;
mod survey;

pub use config::{Choice, contexts};
pub use error::ClusterError;
pub use exec::{ExecError, ExecIn, Piece};
pub use survey::{Given, Survey, Surveyed};

use crate::call::ClusterRequest;
use crate::{
    Act, Call, Component, Detail, Event, Instance, LogLine, LogWanted, Pending, Platform, PlatformError, Program,
    Routes, Usage, Variable, Version, Volume, Wires, WorkloadKind,
};
use api::Api;
use calls::Paths;
use futures_util::future::{join, try_join, try_join4, try_join5};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Namespace, Node};
use k8s_openapi::apimachinery::pkg::version::Info;
use read::Snapshot;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// The first servers that know a cron job by the version that stayed.
const CRON_SINCE: u32 = 21;

/// The first servers that can be told the end of a program's input.
const INPUT_ENDS_SINCE: u32 = 30;

/// One namespace of one cluster.
pub struct Kubernetes {
    api: Api,
    context: String,
    paths: Paths,
    /// The server's version 1.x, where it is known.
    minor: Option<u32>,
}

impl std::fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kubernetes")
            .field("server", &self.api.server)
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}

impl Kubernetes {
    /// Connects to the cluster that the settings choose, or that kubectl would use.
    pub async fn connect(
        choice: &Choice,
        environment: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<Self, PlatformError> {
        let found = config::find(choice, environment).await.map_err(Box::new)?;
        let api = Api::new(found.config)
            .map_err(|error| Box::new(ClusterError::Config { file: found.context.clone(), said: error.to_string() }))?;
        // One question alone, so that all others find the connection that it has opened.
        let minor = match api.get::<Info>("/version").await {
            Ok(version) => minor_of(&version),
            // Who may not ask that may do other things.
            Err(ClusterError::Forbidden { .. } | ClusterError::Unreadable { .. }) => None,
            Err(error) => return Err(Box::new(error).into()),
        };
        let cron = if minor.is_some_and(|minor| minor < CRON_SINCE) { "v1beta1" } else { "v1" };
        Ok(Self { api, context: found.context, paths: Paths { namespace: found.namespace, cron }, minor })
    }

    async fn look(&self, detail: Detail) -> Result<Snapshot, ClusterError> {
        let (api, paths) = (&self.api, &self.paths);
        let kind = |kind: WorkloadKind| paths.kind(kind);
        let (deployments, sets, daemons, jobs, crons) = (
            kind(WorkloadKind::Deployment),
            kind(WorkloadKind::StatefulSet),
            kind(WorkloadKind::DaemonSet),
            kind(WorkloadKind::Job),
            kind(WorkloadKind::CronJob),
        );
        let (replica_sets, pods) = (paths.of("apps/v1", "replicasets"), paths.core("pods"));
        let autoscalers = paths.of("autoscaling/v1", "horizontalpodautoscalers");
        let workloads =
            try_join5(api.list(&deployments), api.list(&sets), api.list(&daemons), api.list(&jobs), api.list(&crons));
        let others = try_join4(
            api.list_meta(&replica_sets),
            api.list(&pods),
            api.list_if_any(&autoscalers),
            self.usages(detail),
        );
        let (workloads, others) = Box::pin(try_join(workloads, others)).await?;
        let (deployments, stateful_sets, daemon_sets, jobs, cron_jobs) = workloads;
        let (replica_sets, pods, autoscalers, usages) = others;
        let replica_sets = replica_sets.into_iter().map(|metadata| ReplicaSet { metadata, ..ReplicaSet::default() });
        let mut seen = Snapshot {
            deployments,
            replica_sets: replica_sets.collect(),
            stateful_sets,
            daemon_sets,
            cron_jobs,
            jobs,
            pods,
            autoscalers,
            usages,
            ..Snapshot::default()
        };
        if seen.is_empty() {
            self.exists().await?;
        }
        if seen.has_trouble() {
            let warnings = format!("{}?fieldSelector=type%3DWarning", paths.core("events"));
            let (events, nodes) = join(api.list_if_any(&warnings), api.list_if_any("/api/v1/nodes")).await;
            seen.events = events?;
            seen.lost_nodes =
                nodes?.iter().filter(|node| is_lost(node)).filter_map(|n| n.metadata.name.clone()).collect();
        }
        Ok(seen)
    }

    /// A namespace that is not there has empty lists, like one in which nothing is.
    async fn exists(&self) -> Result<(), ClusterError> {
        match self.namespace().await {
            Ok(_) | Err(ClusterError::Forbidden { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn namespace(&self) -> Result<Namespace, ClusterError> {
        let name = &self.paths.namespace;
        self.api.get(&format!("/api/v1/namespaces/{name}")).await.map_err(|error| match error {
            ClusterError::Said { code: 404, .. } => {
                ClusterError::NoNamespace { server: self.api.server.clone(), name: name.clone() }
            }
            error => error,
        })
    }

    /// What the containers use, where somebody measures it.
    async fn usages(&self, detail: Detail) -> Result<BTreeMap<(String, String), Usage>, ClusterError> {
        if detail == Detail::State {
            return Ok(BTreeMap::new());
        }
        let path = self.paths.of("metrics.k8s.io/v1beta1", "pods");
        // Without its measures a status is still one.
        let measured: Vec<serde_json::Value> = self.api.list_if_any(&path).await.unwrap_or_default();
        let mut usages = BTreeMap::new();
        for pod in &measured {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            for container in pod["containers"].as_array().into_iter().flatten() {
                let text = |key: &str| container["usage"][key].as_str().unwrap_or_default();
                if let (Some(usage), Some(of)) = (read::usage(text("cpu"), text("memory")), container["name"].as_str())
                {
                    usages.insert((name.to_owned(), of.to_owned()), usage);
                }
            }
        }
        Ok(usages)
    }

    async fn request(&self, request: &ClusterRequest) -> Result<(), ClusterError> {
        match request {
            ClusterRequest::Merge { path, body } => self.api.patch(path, "application/merge-patch+json", body).await,
            ClusterRequest::MergeByName { path, body } => {
                self.api.patch(path, "application/strategic-merge-patch+json", body).await
            }
            ClusterRequest::Delete { path, body } => match self.api.delete(path, body).await {
                // Gone is gone.
                Err(ClusterError::Said { code: 404, .. }) => Ok(()),
                done => done,
            },
            ClusterRequest::Exec { pod, .. } => Err(exec::not_a_change(pod)),
        }
    }
}

impl Platform for Kubernetes {
    fn target(&self) -> String {
        format!("kubernetes:{}/{}", self.context, self.paths.namespace)
    }

    fn place(&self) -> Pending<'_, String> {
        Box::pin(async move {
            // Two clusters may have one address, one after the other: the namespace's own id tells them apart.
            let namespace = self.namespace().await.map_err(Box::new)?;
            let id = namespace.metadata.uid.unwrap_or_default();
            let server = self.api.server.rsplit("://").next().unwrap_or_default();
            Ok(format!("kubernetes:{}@{server}/{id}", self.paths.namespace))
        })
    }

    fn definition(&self) -> Pending<'_, Option<String>> {
        Box::pin(async { Ok(None) })
    }

    fn replaces(&self) -> bool {
        true
    }

    fn components(&self, detail: Detail) -> Pending<'_, Vec<Component>> {
        Box::pin(async move {
            let seen = self.look(detail).await.map_err(Box::new)?;
            Ok(seen.components(Timestamp::now()))
        })
    }

    fn calls(&self, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
        calls::calls(&self.paths, act, component, Timestamp::now())
    }

    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()> {
        Box::pin(async move {
            match call {
                Call::Cluster { request } => Ok(self.request(request).await.map_err(Box::new)?),
                _ => Err(PlatformError::refused("not a call of a cluster", "no es una llamada de un cluster")),
            }
        })
    }

    fn logs<'a>(
        &'a self,
        component: &'a Component,
        instance: &'a Instance,
        wanted: &'a LogWanted,
        to: mpsc::Sender<LogLine>,
    ) -> Pending<'a, ()> {
        Box::pin(async move {
            let pod = self.paths.core(&format!("pods/{}", instance.name));
            Ok(logs::stream(&self.api, &pod, &component.name, instance, wanted, to).await.map_err(Box::new)?)
        })
    }

    fn secret<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<Variable>> {
        Box::pin(page::secret(&self.api, &self.paths, name))
    }

    fn routes<'a>(&'a self, ingress: &'a str) -> Pending<'a, (Routes, String)> {
        Box::pin(page::routes(&self.api, &self.paths, ingress))
    }

    fn route_call(&self, ingress: &str, version: &str, to: &Routes) -> Result<Call, PlatformError> {
        Ok(page::route_call(&self.paths, ingress, version, to))
    }

    fn exec_call(&self, component: &Component, instance: &Instance, program: &Program) -> Result<Call, PlatformError> {
        let Program { argv, terminal } = program.clone();
        let container = component.workload.as_ref().map(|workload| workload.container.clone());
        let container = container.filter(|name| !name.is_empty());
        Ok(Call::Cluster { request: ClusterRequest::Exec { pod: instance.name.clone(), container, argv, terminal } })
    }

    fn exec<'a>(&'a self, call: &'a Call, wires: Wires) -> Pending<'a, i32> {
        Box::pin(exec::run(self, call, wires))
    }

    fn events<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Event>> {
        Box::pin(async move {
            let events = self.api.list(&self.paths.core("events")).await.map_err(Box::new)?;
            Ok(events::read(&events, components))
        })
    }

    fn versions<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Version>> {
        Box::pin(revisions::look(self, component))
    }

    fn environment<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Variable>> {
        Box::pin(given::look(self, component))
    }

    fn volumes<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Volume>> {
        Box::pin(async move { Ok(claims::look(self, components).await.map_err(Box::new)?) })
    }

    fn copy_out<'a>(
        &'a self,
        component: &'a Component,
        instance: &'a Instance,
        path: &'a str,
        to: mpsc::Sender<Vec<u8>>,
    ) -> Pending<'a, ()> {
        Box::pin(copy::copy(self, component, instance, path, to))
    }
}

/// `20` of `20+`.
fn minor_of(version: &Info) -> Option<u32> {
    let number = |text: &str| text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().ok();
    number(&version.minor).filter(|_| number(&version.major) == Some(1))
}

/// Whether a machine has stopped to say that it is well.
fn is_lost(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "Unknown")
}
