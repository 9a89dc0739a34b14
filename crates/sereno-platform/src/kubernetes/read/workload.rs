//! Deployments, sets and jobs as components, each with the pods that are its own.

use super::{Snapshot, pod, seen_at};
use crate::workload::{Hindrance, Workload, WorkloadKind};
use crate::{Component, Instance, InstanceState, LastExit, Standing, Stuck};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use sereno_model::Text;
use std::collections::{BTreeMap, BTreeSet};

/// The label that no node has: a set of pods for each node that asks for it has none.
pub(in crate::kubernetes) const STOPPED: &str = "sereno.stopped";

/// How many pods that ended are shown beside those that should run.
const ENDED_SHOWN: usize = 3;

/// What is known of a workload before its pods are.
struct Outline<'s> {
    meta: &'s ObjectMeta,
    kind: WorkloadKind,
    template: Option<&'s PodTemplateSpec>,
    desired: u32,
    on: bool,
    settled: bool,
    hindrances: Vec<Hindrance>,
    notes: Vec<Text>,
    /// A part of it cannot be made, whatever its pods say.
    is_stuck: bool,
}

/// The namespace's pods by the id of the object that made them.
struct Pods<'s> {
    seen: &'s Snapshot,
    now: Timestamp,
    by_owner: BTreeMap<&'s str, Vec<&'s Pod>>,
}

pub(super) fn all(seen: &Snapshot, now: Timestamp) -> Vec<Component> {
    let mut by_owner: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for pod in &seen.pods {
        let own = pod.metadata.uid.as_deref().unwrap_or_default();
        let maker = controller(&pod.metadata).map_or(own, |owner| owner.uid.as_str());
        by_owner.entry(maker).or_default().push(pod);
    }
    let mut pods = Pods { seen, now, by_owner };
    let mut components = Vec::new();
    for deployment in &seen.deployments {
        let sets = seen.replica_sets.iter().filter(|set| owned(&set.metadata, &deployment.metadata));
        let makers: Vec<&str> = sets.filter_map(|set| set.metadata.uid.as_deref()).collect();
        components.push(pods.component(of_deployment(deployment), &makers));
    }
    for set in &seen.stateful_sets {
        components.push(pods.component(of_stateful_set(set), &uid(&set.metadata)));
    }
    for set in &seen.daemon_sets {
        components.push(pods.component(of_daemon_set(set), &uid(&set.metadata)));
    }
    for cron in &seen.cron_jobs {
        components.push(pods.cron(cron));
    }
    for job in &seen.jobs {
        // A job whose maker is gone is on its own.
        let is_of_cron = controller(&job.metadata)
            .is_some_and(|owner| seen.cron_jobs.iter().any(|cron| cron.metadata.uid.as_ref() == Some(&owner.uid)));
        if !is_of_cron {
            components.push(pods.job(job));
        }
    }
    components.extend(pods.rest());
    components
}

impl<'s> Pods<'s> {
    fn take(&mut self, makers: &[&str]) -> Vec<&'s Pod> {
        makers.iter().filter_map(|maker| self.by_owner.remove(*maker)).flatten().collect()
    }

    /// The instances of these pods, and those of them that are stuck.
    fn instances(&self, pods: &[&'s Pod], main: &str) -> (Vec<Instance>, Vec<Stuck>) {
        let mut instances: Vec<Instance> =
            pods.iter().map(|pod| pod::instance(pod, main, self.seen, self.now)).collect();
        instances.sort_by_key(|instance| natural(&instance.name));
        (instances, pods.iter().filter_map(|pod| pod::stuck(pod, self.seen, self.now)).collect())
    }

    fn component(&mut self, outline: Outline<'_>, makers: &[&str]) -> Component {
        let name = outline.meta.name.clone().unwrap_or_default();
        let main = main_container(outline.template, &name);
        let pods = self.take(makers);
        let (mut instances, stuck) = self.instances(&pods, &main);
        let ready = instances.iter().filter(|instance| instance.state == InstanceState::Running).count() as u32;
        drop_ended(&mut instances, ready >= outline.desired);
        let version = version(outline.template, &main);
        let mut component = Component::of(name, outline.desired, version, instances, false);
        if component.standing == Standing::Ok && (outline.is_stuck || component.instances.iter().any(in_trouble)) {
            component.standing = Standing::Degraded;
        }
        component.notes = outline.notes;
        if component.instances.is_empty() && component.desired > 0 {
            component.notes.extend(self.refusal(makers));
        }
        let kind_and_name = (outline.kind, outline.meta.name.clone().unwrap_or_default());
        let mut hindrances = outline.hindrances;
        hindrances.extend(self.seen.autoscalers.iter().filter_map(|autoscaler| {
            let target = &autoscaler.spec.scale_target_ref;
            let is_this = target.kind.eq_ignore_ascii_case(kind_and_name.0.as_str()) && target.name == kind_and_name.1;
            is_this.then(|| Hindrance::Autoscaled { by: autoscaler.metadata.name.clone().unwrap_or_default() })
        }));
        let (kind, name) = kind_and_name;
        let (on, settled) = (outline.on, outline.settled);
        component.workload =
            Some(Workload { kind, name, container: main, on, settled, releases: Vec::new(), hindrances, stuck });
        component
    }

    /// What the platform said when it would not make a pod.
    fn refusal(&self, makers: &[&str]) -> Option<Text> {
        let of = |uid: Option<&str>| uid.is_some_and(|uid| makers.contains(&uid));
        let events = self.seen.events.iter().filter(|event| of(event.involved_object.uid.as_deref()));
        let last = events.max_by_key(|event| seen_at(event))?;
        last.message.clone().map(Text::same)
    }

    fn job(&mut self, job: &Job) -> Component {
        let name = job.metadata.name.clone().unwrap_or_default();
        let template = job.spec.as_ref().map(|spec| &spec.template);
        let main = main_container(template, &name);
        let pods = self.take(&uid(&job.metadata));
        let (mut instances, stuck) = self.instances(&pods, &main);
        keep_newest(&mut instances);
        let end = Ending::of(job);
        let active = job.status.as_ref().and_then(|status| status.active).unwrap_or_default();
        let desired = if end == Ending::Open { u32::try_from(active.max(1)).unwrap_or(1) } else { 0 };
        let is_suspended = job.spec.as_ref().and_then(|spec| spec.suspend) == Some(true);
        let mut component = Component::of(name.clone(), desired, version(template, &main), instances, true);
        component.standing = match end {
            Ending::Complete => Standing::Completed,
            Ending::Failed => Standing::Down,
            Ending::Open if is_suspended => Standing::Stopped,
            Ending::Open if component.instances.is_empty() => Standing::Starting,
            Ending::Open => component.standing,
        };
        component.notes.extend(failure(job));
        component.workload = Some(Workload {
            kind: WorkloadKind::Job,
            name,
            container: main,
            on: end == Ending::Open && !is_suspended,
            settled: true,
            releases: Vec::new(),
            hindrances: Vec::new(),
            stuck,
        });
        component
    }

    /// A clock that makes jobs: its instances are the pods of those that are at work, else of the last one.
    fn cron(&mut self, cron: &CronJob) -> Component {
        let name = cron.metadata.name.clone().unwrap_or_default();
        let template = cron.spec.job_template.spec.as_ref().map(|spec| &spec.template);
        let main = main_container(template, &name);
        let mut jobs: Vec<&Job> = self.seen.jobs.iter().filter(|job| owned(&job.metadata, &cron.metadata)).collect();
        jobs.sort_by_key(|job| job.metadata.creation_timestamp.as_ref().map(|at| at.0));
        let last = jobs.last().copied();
        let shown: Vec<&Job> = jobs.iter().filter(|job| Ending::of(job) == Ending::Open).copied().chain(last).collect();
        let makers: BTreeSet<&str> = shown.iter().filter_map(|job| job.metadata.uid.as_deref()).collect();
        let pods = self.take(&makers.into_iter().collect::<Vec<_>>());
        let (instances, stuck) = self.instances(&pods, &main);
        // The pods of earlier jobs are history.
        let earlier: Vec<&str> = jobs.iter().filter_map(|job| job.metadata.uid.as_deref()).collect();
        self.take(&earlier);
        let desired = instances.iter().filter(|instance| instance.is_alive()).count() as u32;
        let is_suspended = cron.spec.suspend == Some(true);
        let mut component = Component::of(name.clone(), desired, version(template, &main), instances, true);
        component.standing = match last.map(Ending::of) {
            _ if desired > 0 => component.standing,
            _ if is_suspended => Standing::Stopped,
            Some(Ending::Failed) => Standing::Down,
            Some(Ending::Complete) => Standing::Completed,
            // It waits for its time.
            Some(Ending::Open) | None => Standing::Ok,
        };
        component.notes.extend(last.and_then(failure));
        component.workload = Some(Workload {
            kind: WorkloadKind::CronJob,
            name,
            container: main,
            on: !is_suspended,
            settled: true,
            releases: Vec::new(),
            hindrances: Vec::new(),
            stuck,
        });
        component
    }

    /// The pods of nobody that is known here, by who made them.
    fn rest(&mut self) -> Vec<Component> {
        let rest = std::mem::take(&mut self.by_owner);
        let mut components = Vec::new();
        for pods in rest.into_values() {
            let Some(first) = pods.first() else { continue };
            let own = first.metadata.name.clone().unwrap_or_default();
            let name = controller(&first.metadata).map_or_else(|| own.clone(), |owner| owner.name.clone());
            let containers = first.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
            let main = pod::main_of(first.metadata.annotations.as_ref(), containers, &name);
            let image = containers.iter().find(|container| container.name == main).and_then(|one| one.image.clone());
            let (instances, stuck) = self.instances(&pods, &main);
            let desired = instances.len() as u32;
            let version = image.as_deref().map(tag);
            let mut component = Component::of(name.clone(), desired, version, instances, true);
            component.workload = Some(Workload {
                kind: WorkloadKind::Other,
                name,
                container: main,
                on: component.instances.iter().any(Instance::is_alive),
                settled: true,
                releases: Vec::new(),
                hindrances: Vec::new(),
                stuck,
            });
            components.push(component);
        }
        components
    }
}

fn of_deployment(deployment: &Deployment) -> Outline<'_> {
    let spec = &deployment.spec;
    let status = deployment.status.clone().unwrap_or_default();
    let replicas = spec.replicas.unwrap_or(1);
    let is_paused = spec.paused == Some(true);
    let conditions = status.conditions.unwrap_or_default();
    let is = |kind: &str, value: &str| {
        conditions.iter().find(|c| c.type_.as_deref() == Some(kind) && c.status.as_deref() == Some(value))
    };
    let stuck = is("Progressing", "False").filter(|condition| condition.reason.as_deref() != Some("DeploymentPaused"));
    let refused = is("ReplicaFailure", "True");
    let mut notes: Vec<Text> =
        refused.into_iter().chain(stuck).filter_map(|condition| condition.message.clone()).map(Text::same).collect();
    if is_paused {
        notes.push(Text::new("its rollouts are paused", "sus despliegues están en pausa"));
    }
    let all = |count: Option<i32>| count.unwrap_or_default() == replicas;
    Outline {
        meta: &deployment.metadata,
        kind: WorkloadKind::Deployment,
        template: Some(&spec.template),
        desired: u32::try_from(replicas).unwrap_or_default(),
        on: replicas > 0,
        settled: is_observed(&deployment.metadata, status.observed_generation)
            && all(status.replicas)
            && all(status.updated_replicas)
            && all(status.available_replicas),
        hindrances: is_paused.then_some(Hindrance::Paused).into_iter().collect(),
        notes,
        is_stuck: stuck.is_some() || refused.is_some(),
    }
}

fn of_stateful_set(set: &StatefulSet) -> Outline<'_> {
    let spec = &set.spec;
    let status = set.status.clone().unwrap_or_default();
    let replicas = spec.replicas.unwrap_or(1);
    let strategy = spec.update_strategy.as_ref();
    let partition =
        strategy.and_then(|strategy| strategy.rolling_update.as_ref()).and_then(|rolling| rolling.partition);
    let hindrance = match (strategy.and_then(|strategy| strategy.type_.as_deref()), partition) {
        (Some("OnDelete"), _) => Some(Hindrance::OnDelete),
        (_, Some(from @ 1..)) => Some(Hindrance::Partitioned { from }),
        _ => None,
    };
    // Where all are of the newest revision, the server makes it the current one.
    let is_updated = hindrance.is_some() || status.current_revision == status.update_revision;
    Outline {
        meta: &set.metadata,
        kind: WorkloadKind::StatefulSet,
        template: Some(&spec.template),
        desired: u32::try_from(replicas).unwrap_or_default(),
        on: replicas > 0,
        settled: is_observed(&set.metadata, status.observed_generation)
            && is_updated
            && status.replicas == replicas
            && status.ready_replicas.unwrap_or_default() == replicas,
        hindrances: hindrance.into_iter().collect(),
        notes: Vec::new(),
        is_stuck: false,
    }
}

fn of_daemon_set(set: &DaemonSet) -> Outline<'_> {
    let spec = &set.spec;
    let status = set.status.clone().unwrap_or_default();
    let desired = status.desired_number_scheduled;
    let strategy = spec.update_strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
    let is_on_delete = strategy == Some("OnDelete");
    let pod = spec.template.spec.as_ref();
    let is_stopped =
        pod.and_then(|pod| pod.node_selector.as_ref()).is_some_and(|selector| selector.contains_key(STOPPED));
    Outline {
        meta: &set.metadata,
        kind: WorkloadKind::DaemonSet,
        template: Some(&spec.template),
        desired: if is_stopped { 0 } else { u32::try_from(desired).unwrap_or_default() },
        on: !is_stopped,
        settled: is_observed(&set.metadata, status.observed_generation)
            && (is_on_delete || status.updated_number_scheduled.unwrap_or_default() == desired)
            && status.number_available.unwrap_or_default() == desired,
        hindrances: is_on_delete.then_some(Hindrance::OnDelete).into_iter().collect(),
        notes: Vec::new(),
        is_stuck: false,
    }
}

/// Whether the platform has seen the last change.
fn is_observed(meta: &ObjectMeta, observed: Option<i64>) -> bool {
    observed.unwrap_or_default() >= meta.generation.unwrap_or_default()
}

/// How a job stands to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    Complete,
    Failed,
}

impl Ending {
    fn of(job: &Job) -> Self {
        let conditions = job.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let is = |kind: &str| conditions.iter().any(|c| c.type_ == kind && c.status == "True");
        match (is("Complete"), is("Failed")) {
            (true, _) => Self::Complete,
            (_, true) => Self::Failed,
            _ => Self::Open,
        }
    }
}

/// What the platform says of a job that failed.
fn failure(job: &Job) -> Option<Text> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let failed = conditions.iter().find(|c| c.type_ == "Failed" && c.status == "True")?;
    failed.message.clone().or_else(|| failed.reason.clone()).map(Text::same)
}

/// Whether an instance that should do its work does not, and not because it is just starting or leaving.
fn in_trouble(instance: &Instance) -> bool {
    matches!(
        instance.state,
        InstanceState::Unhealthy | InstanceState::Restarting | InstanceState::Created | InstanceState::Unknown
    )
}

/// Takes away what ended, all of it where nothing is amiss, else all but the last.
fn drop_ended(instances: &mut Vec<Instance>, is_well: bool) {
    if is_well {
        instances.retain(|instance| instance.state != InstanceState::Exited);
    } else {
        keep_newest(instances);
    }
}

fn keep_newest(instances: &mut Vec<Instance>) {
    let at = |instance: &Instance| instance.last_exit.as_ref().and_then(|exit: &LastExit| exit.at);
    let mut ended: Vec<_> =
        instances.iter().filter(|i| i.state == InstanceState::Exited).map(|i| (at(i), i.id.clone())).collect();
    ended.sort();
    let shown: BTreeSet<String> = ended.into_iter().rev().take(ENDED_SHOWN).map(|(_, id)| id).collect();
    instances.retain(|instance| instance.state != InstanceState::Exited || shown.contains(&instance.id));
}

fn main_container(template: Option<&PodTemplateSpec>, whole: &str) -> String {
    let containers = template.and_then(|template| template.spec.as_ref()).map(|spec| spec.containers.as_slice());
    let annotations =
        template.and_then(|template| template.metadata.as_ref()).and_then(|meta| meta.annotations.as_ref());
    pod::main_of(annotations, containers.unwrap_or_default(), whole)
}

fn version(template: Option<&PodTemplateSpec>, main: &str) -> Option<String> {
    let containers = &template?.spec.as_ref()?.containers;
    containers.iter().find(|container| container.name == main)?.image.as_deref().map(tag)
}

/// An image's tag, or the beginning of its digest.
fn tag(image: &str) -> String {
    const SHOWN: usize = 19;
    let last = image.rsplit('/').next().unwrap_or_default();
    match (last.split_once('@'), last.split_once(':')) {
        (Some((_, digest)), _) => digest.chars().take(SHOWN).collect(),
        (None, Some((_, tag))) => tag.to_owned(),
        (None, None) => "latest".to_owned(),
    }
}

fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.as_ref()?.iter().find(|owner| owner.controller == Some(true))
}

fn owned(meta: &ObjectMeta, by: &ObjectMeta) -> bool {
    controller(meta).is_some_and(|owner| Some(&owner.uid) == by.uid.as_ref())
}

fn uid(meta: &ObjectMeta) -> Vec<&str> {
    meta.uid.as_deref().into_iter().collect()
}

/// `db-2` before `db-10`.
fn natural(name: &str) -> (String, u64) {
    let head = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (head.to_owned(), name[head.len()..].parse().unwrap_or_default())
}
