//! From what Railway answers to components. Pure.

use crate::workload::Hindrance;
use crate::{
    Component, ExitReason, Instance, InstanceState, LastExit, Limits, Standing, Usage, Workload, WorkloadKind,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sereno_model::Text;
use std::collections::BTreeMap;

const GIGABYTE: f64 = 1_000_000_000.0;

/// All that one look has shown.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) services: Vec<Service>,
    pub(super) measures: Measures,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    #[serde(rename = "serviceId")]
    id: String,
    #[serde(rename = "serviceName")]
    name: String,
    num_replicas: Option<u32>,
    cron_schedule: Option<String>,
    healthcheck_path: Option<String>,
    #[serde(default)]
    source: Value,
    latest_deployment: Option<Deployment>,
    #[serde(default)]
    active_deployments: Option<Vec<Deployment>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) created_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) meta: Value,
    #[serde(default)]
    #[serde(rename = "deploymentStopped")]
    has_stopped: bool,
    #[serde(default)]
    instances: Vec<Running>,
    #[serde(default)]
    pub(super) service_id: Option<String>,
    #[serde(default)]
    pub(super) can_rollback: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
struct Running {
    #[serde(default)]
    id: String,
    status: String,
}

/// What is used, by service and by instance, and what may be, by service.
#[derive(Debug, Default)]
pub(super) struct Measures {
    used: BTreeMap<(String, String), (Option<u64>, Option<u64>)>,
    limits: BTreeMap<String, Limits>,
}

impl Seen {
    pub(super) fn of(nodes: Vec<Value>) -> Result<Self, String> {
        let read = |node| serde_json::from_value(node).map_err(|error| error.to_string());
        Ok(Self { services: nodes.into_iter().map(read).collect::<Result<_, _>>()?, measures: Measures::default() })
    }

    /// Only those of these names; of one that is not there, its name and those that are.
    pub(super) fn keep(&mut self, names: &[String]) -> Result<(), (String, Vec<String>)> {
        if names.is_empty() {
            return Ok(());
        }
        let known: Vec<String> = self.services.iter().map(|service| service.name.clone()).collect();
        if let Some(missing) = names.iter().find(|name| !known.contains(name)) {
            return Err((missing.clone(), known));
        }
        self.services.retain(|service| names.contains(&service.name));
        Ok(())
    }

    pub(super) fn components(&self) -> Vec<Component> {
        let mut all: Vec<Component> = self.services.iter().map(|service| service.component(&self.measures)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}

impl Service {
    /// Those that run or were to, newest first; the latest one when Railway names none as active.
    fn running(&self) -> Vec<&Deployment> {
        let mut all: Vec<&Deployment> = self.active_deployments.iter().flatten().collect();
        if let Some(latest) = self.latest_deployment.as_ref().filter(|latest| !all.iter().any(|d| d.id == latest.id)) {
            // What failed, or waits, runs nothing.
            if all.is_empty() || latest.is_going_on() {
                all.push(latest);
            }
        }
        all.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        all
    }

    fn is_cron(&self) -> bool {
        self.cron_schedule.as_deref().is_some_and(|schedule| !schedule.is_empty())
    }

    fn component(&self, measures: &Measures) -> Component {
        let running = self.running();
        let latest = self.latest_deployment.as_ref();
        let is_on = running.iter().any(|deployment| deployment.is_on());
        let is_cron = self.is_cron();
        let regions = self.regions();
        let name = self.name.clone();
        let instances: Vec<Instance> =
            running.iter().flat_map(|deployment| self.instances(deployment, measures)).collect();
        let has_failed = latest.is_some_and(|latest| latest.status == "FAILED");
        let desired = match (is_on || has_failed, is_cron) {
            (false, _) => 0,
            (true, true) => instances.iter().filter(|instance| instance.is_alive()).count() as u32,
            (true, false) => self.replicas(&regions),
        };
        let current = running.iter().find(|deployment| !deployment.is_going_on()).or(running.first());
        let version = current.and_then(|deployment| deployment.what()).or_else(|| self.image());
        let mut component = Component::of(name, desired, version, instances, is_cron);
        self.tell(&mut component, &running);
        let spread = (regions.len() > 1).then(|| Hindrance::Spread { regions: regions.into_keys().collect() });
        component.workload = Some(Workload {
            kind: if is_cron { WorkloadKind::CronJob } else { WorkloadKind::Service },
            name: self.id.clone(),
            container: String::new(),
            on: is_on,
            settled: !latest.is_some_and(Deployment::is_going_on)
                && !running.iter().any(|deployment| deployment.status == "REMOVING"),
            releases: releases(&running),
            hindrances: spread.into_iter().chain(self.has_volume().then_some(Hindrance::Disk)).collect(),
            stuck: Vec::new(),
        });
        component
    }

    /// What is to be said of the whole, and the standing that its instances do not show.
    fn tell(&self, component: &mut Component, running: &[&Deployment]) {
        let Some(latest) = &self.latest_deployment else {
            component.standing = Standing::Stopped;
            component.notes.push(Text::new("it was never deployed", "nunca se desplegó"));
            return;
        };
        let what = latest.what().unwrap_or_else(|| latest.id.clone());
        let status = &latest.status;
        if latest.is_going_on() {
            component.notes.push(Text::new(
                format!("the deployment of {what} is under way ({status})"),
                format!("el despliegue de {what} está en curso ({status})"),
            ));
        }
        if status == "FAILED" {
            component
                .notes
                .push(Text::new(format!("the deployment of {what} failed"), format!("el despliegue de {what} falló")));
        }
        if running.iter().any(|deployment| deployment.status == "SLEEPING") {
            component.standing = Standing::Ok;
            component.notes.push(Text::new("asleep until somebody calls it", "duerme hasta que alguien lo llame"));
        }
        let is_on = running.iter().any(|deployment| deployment.is_on());
        if self.is_cron() && is_on && component.standing == Standing::Stopped {
            // It waits for its time.
            component.standing = Standing::Ok;
        }
    }

    fn instances(&self, deployment: &Deployment, measures: &Measures) -> Vec<Instance> {
        let checked = self.healthcheck_path.as_deref().is_some_and(|path| !path.is_empty());
        let make = |own: &str, state: InstanceState, code: Option<LastExit>| {
            let id = mark(&deployment.id, own);
            Instance {
                name: format!("{}-{id}", self.name),
                id,
                state,
                checked,
                started_at: deployment.created_at,
                restarts: 0,
                last_exit: code,
                why: None,
                usage: measures.usage(&self.id, own),
                limits: measures.limits.get(&self.id).copied().unwrap_or_default(),
            }
        };
        let shown: Vec<Instance> = deployment
            .instances
            .iter()
            .filter_map(|one| deployment.state(&one.status).map(|(state, exit)| make(&one.id, state, exit)))
            .collect();
        if !shown.is_empty() || !deployment.instances.is_empty() {
            return shown;
        }
        // Where Railway lists none, the deployment stands for it.
        let status = match deployment.status.as_str() {
            "SUCCESS" if !deployment.has_stopped => "RUNNING",
            "CRASHED" => "CRASHED",
            _ => return Vec::new(),
        };
        deployment.state(status).map(|(state, exit)| make("", state, exit)).into_iter().collect()
    }

    /// How many there should be in each region.
    fn regions(&self) -> BTreeMap<String, u32> {
        let deployment = self.latest_deployment.as_ref();
        let config = deployment.map(|deployment| &deployment.meta["serviceManifest"]["deploy"]["multiRegionConfig"]);
        let regions = config.and_then(Value::as_object).into_iter().flatten();
        let number = |region: &Value| region["numReplicas"].as_u64().and_then(|count| u32::try_from(count).ok());
        regions.filter_map(|(name, region)| Some((name.clone(), number(region)?))).collect()
    }

    fn replicas(&self, regions: &BTreeMap<String, u32>) -> u32 {
        if regions.len() > 1 {
            return regions.values().sum();
        }
        self.num_replicas.or_else(|| regions.values().next().copied()).unwrap_or(1)
    }

    fn has_volume(&self) -> bool {
        let mounts = self.latest_deployment.as_ref().map(|deployment| &deployment.meta["volumeMounts"]);
        mounts.and_then(Value::as_array).is_some_and(|mounts| !mounts.is_empty())
    }

    fn image(&self) -> Option<String> {
        self.source["image"].as_str().map(short_image)
    }
}

/// Those that an act names: what can be stopped, or the one that a stop has ended.
fn releases(running: &[&Deployment]) -> Vec<String> {
    let on: Vec<String> = running.iter().filter(|one| one.is_on()).map(|one| one.id.clone()).collect();
    if on.is_empty() { running.iter().take(1).map(|one| one.id.clone()).collect() } else { on }
}

/// A mark has twelve letters: half of them say which deployment, the others which of its instances.
fn mark(deployment: &str, instance: &str) -> String {
    if instance.is_empty() { letters(deployment, 12) } else { letters(deployment, 6) + &letters(instance, 6) }
}

fn letters(id: &str, count: usize) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).take(count).collect()
}

/// The deployment that an instance of a component belongs to.
pub(super) fn owner<'c>(component: &'c Component, instance: &Instance) -> Option<&'c str> {
    let releases = component.workload.as_ref().map(|workload| workload.releases.as_slice()).unwrap_or_default();
    let is_own = |id: &&String| instance.id.starts_with(&letters(id, 6));
    releases.iter().find(is_own).map(String::as_str)
}

/// The name by which a line's own tag shows its instance.
pub(super) fn name_of(component: &str, deployment: &str, instance: &str) -> String {
    format!("{component}-{}", mark(deployment, instance))
}

impl Deployment {
    pub(super) fn is_going_on(&self) -> bool {
        matches!(
            self.status.as_str(),
            "INITIALIZING" | "BUILDING" | "DEPLOYING" | "QUEUED" | "WAITING" | "NEEDS_APPROVAL"
        )
    }

    /// Whether it runs, or comes to run by itself.
    fn is_on(&self) -> bool {
        !self.has_stopped && !matches!(self.status.as_str(), "REMOVED" | "REMOVING" | "SKIPPED" | "FAILED")
    }

    /// What is in it, as people call it: a commit or an image.
    pub(super) fn what(&self) -> Option<String> {
        let commit = self.meta["commitHash"].as_str().map(|hash| hash.chars().take(7).collect());
        commit.or_else(|| self.meta["image"].as_str().map(short_image))
    }

    pub(super) fn message(&self) -> Option<&str> {
        self.meta["commitMessage"].as_str().and_then(|message| message.lines().next())
    }

    /// Where one of its instances stands; `None` of one that is gone.
    fn state(&self, status: &str) -> Option<(InstanceState, Option<LastExit>)> {
        let exit = |reason| Some(LastExit { code: None, reason, at: None });
        let state = match status {
            // Railway calls a deployment a success when its health check has passed.
            "RUNNING" if self.status == "SUCCESS" => (InstanceState::Running, None),
            "RUNNING" if self.status == "SLEEPING" => (InstanceState::Paused, None),
            "RUNNING" if self.status == "REMOVING" => (InstanceState::Terminating, None),
            "RUNNING" => (InstanceState::Starting, None),
            "INITIALIZING" => (InstanceState::Starting, None),
            "CREATED" => (InstanceState::Created, None),
            "RESTARTING" => (InstanceState::Restarting, exit(ExitReason::Failed)),
            "CRASHED" => (InstanceState::Exited, exit(ExitReason::Failed)),
            "EXITED" => (InstanceState::Exited, exit(ExitReason::Completed)),
            "REMOVING" => (InstanceState::Terminating, None),
            "STOPPED" => (InstanceState::Exited, None),
            "REMOVED" | "SKIPPED" => return None,
            _ => (InstanceState::Unknown, None),
        };
        Some(state)
    }
}

/// `redis:7` of `docker.io/library/redis:7`.
fn short_image(image: &str) -> String {
    image.rsplit('/').next().unwrap_or(image).to_owned()
}

impl Measures {
    pub(super) fn of(metrics: &Value) -> Self {
        let mut measures = Self::default();
        for one in metrics.as_array().into_iter().flatten() {
            let values = one["values"].as_array().into_iter().flatten();
            let last = values.max_by_key(|value| value["ts"].as_i64()).and_then(|value| value["value"].as_f64());
            let Some(value) = last.filter(|value| *value >= 0.0) else { continue };
            let tag = |name: &str| one["tags"][name].as_str().unwrap_or_default().to_owned();
            let (service, instance) = (tag("serviceId"), tag("deploymentInstanceId"));
            let millis = Some((value * 1000.0).round() as u64);
            let bytes = Some((value * GIGABYTE).round() as u64);
            match one["measurement"].as_str().unwrap_or_default() {
                "CPU_USAGE" => measures.used.entry((service, instance)).or_default().0 = millis,
                "MEMORY_USAGE_GB" => measures.used.entry((service, instance)).or_default().1 = bytes,
                "CPU_LIMIT" => measures.limits.entry(service).or_default().cpu_millis = millis,
                "MEMORY_LIMIT_GB" => measures.limits.entry(service).or_default().memory = bytes,
                _ => {}
            }
        }
        measures
    }

    fn usage(&self, service: &str, instance: &str) -> Option<Usage> {
        let (cpu_millis, memory) = self.used.get(&(service.to_owned(), instance.to_owned()))?;
        Some(Usage { cpu_millis: *cpu_millis, memory: (*memory)? })
    }
}
