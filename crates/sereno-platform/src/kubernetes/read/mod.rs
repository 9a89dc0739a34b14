//! What a cluster says, as components. Pure.

mod pod;
mod workload;

pub(super) use pod::{containers_of, usage};
pub(super) use workload::STOPPED;

use crate::{Component, Usage};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, Pod};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was asked of a namespace at one time.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) deployments: Vec<Deployment>,
    pub(super) replica_sets: Vec<ReplicaSet>,
    pub(super) stateful_sets: Vec<StatefulSet>,
    pub(super) daemon_sets: Vec<DaemonSet>,
    pub(super) cron_jobs: Vec<CronJob>,
    pub(super) jobs: Vec<Job>,
    pub(super) pods: Vec<Pod>,
    pub(super) autoscalers: Vec<HorizontalPodAutoscaler>,
    /// What went wrong lately.
    pub(super) events: Vec<Event>,
    /// By pod and container; empty where nobody measures.
    pub(super) usages: BTreeMap<(String, String), Usage>,
    /// Machines that do not answer.
    pub(super) lost_nodes: BTreeSet<String>,
}

impl Snapshot {
    /// Every component: deployments first, then by name; what two kinds call alike is named with its kind.
    pub(super) fn components(&self, now: Timestamp) -> Vec<Component> {
        let mut components = workload::all(self, now);
        components.sort_by(|a, b| {
            let kind = |component: &Component| component.workload.as_ref().map(|workload| workload.kind);
            (kind(a), &a.name).cmp(&(kind(b), &b.name))
        });
        let mut taken = BTreeSet::new();
        for component in &mut components {
            if !taken.insert(component.name.clone())
                && let Some(workload) = &component.workload
            {
                component.name = format!("{}/{}", workload.kind.as_str(), component.name);
            }
        }
        components
    }

    /// Whether something does not do its work, so that it is worth asking why.
    pub(super) fn has_trouble(&self) -> bool {
        let fewer = |wanted: Option<i32>, ready: Option<i32>| ready.unwrap_or(0) < wanted.unwrap_or(1);
        self.pods.iter().any(pod::is_odd)
            || self.deployments.iter().any(|deployment| {
                let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas);
                fewer(deployment.spec.replicas, ready)
            })
            || self.stateful_sets.iter().any(|set| {
                let ready = set.status.as_ref().and_then(|status| status.ready_replicas);
                fewer(set.spec.replicas, ready)
            })
    }
}

/// When an event was seen last: older and newer servers say it in different places.
pub(super) fn seen_at(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref()).map(|time| time.0);
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    let once = event.event_time.as_ref().map(|time| time.0);
    series.or(last).or(once).or_else(|| event.first_timestamp.as_ref().map(|time| time.0))
}

#[cfg(test)]
mod tests;
