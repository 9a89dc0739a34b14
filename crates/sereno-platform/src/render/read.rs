//! From what Render answers to components. Pure.

use super::health::{Health, Is};
use crate::workload::Hindrance;
use crate::{Component, Instance, InstanceState, Limits, Standing, Usage, Workload, WorkloadKind};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sereno_model::Text;
use std::collections::{BTreeMap, BTreeSet};

/// All that one look has shown.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) services: Vec<Service>,
    pub(super) postgres: Vec<Datastore>,
    pub(super) caches: Vec<Datastore>,
    /// By the id of the service.
    pub(super) details: BTreeMap<String, Details>,
    pub(super) measures: Measures,
}

#[derive(Debug, Deserialize)]
pub(super) struct Owner {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(default)]
    suspended: String,
    #[serde(default)]
    suspenders: Vec<String>,
    #[serde(default)]
    image_path: Option<String>,
    #[serde(default, rename = "serviceDetails")]
    details: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Kind {
    #[serde(rename = "web_service")]
    Web,
    #[serde(rename = "private_service")]
    Private,
    #[serde(rename = "background_worker")]
    Worker,
    #[serde(rename = "cron_job")]
    Cron,
    #[serde(rename = "static_site")]
    Site,
    #[serde(other)]
    Other,
}

/// A PostgreSQL or a key-value instance.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Datastore {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    suspended: String,
    #[serde(default)]
    version: Option<String>,
}

/// What is asked of each service.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) instances: Vec<Running>,
    /// Newest first.
    pub(super) deploys: Vec<Deploy>,
    pub(super) events: Vec<Happened>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Running {
    pub(super) id: String,
    pub(super) created_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deploy {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    pub(super) created_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    #[serde(default)]
    commit: Value,
    #[serde(default)]
    image: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Happened {
    pub(super) id: String,
    pub(super) timestamp: Timestamp,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) details: Value,
}

/// What is used and what may be, by the id of a service or datastore and of an instance.
#[derive(Debug, Default)]
pub(super) struct Measures {
    used: BTreeMap<(String, String), (Option<u64>, Option<u64>)>,
    limits: BTreeMap<String, Limits>,
}

/// The items of one page of a list, and where the next begins.
pub(super) fn page<T: DeserializeOwned>(page: &Value, key: &str) -> Result<(Vec<T>, Option<String>), String> {
    let rows = page.as_array().ok_or_else(|| format!("a list of `{key}` was expected"))?;
    let read = |row: &Value| serde_json::from_value(row[key].clone()).map_err(|error| format!("`{key}`: {error}"));
    let items = rows.iter().map(read).collect::<Result<Vec<T>, String>>()?;
    let next = rows.last().and_then(|row| row["cursor"].as_str()).map(str::to_owned);
    Ok((items, next))
}

impl Seen {
    /// Only those of these names; of one that is not there, its name and those that are.
    pub(super) fn keep(&mut self, names: &[String]) -> Result<(), (String, Vec<String>)> {
        if names.is_empty() {
            return Ok(());
        }
        let services = self.services.iter().map(|service| &service.name);
        let known: Vec<String> = services.chain(self.datastores().map(|one| &one.name)).cloned().collect();
        if let Some(missing) = names.iter().find(|name| !known.contains(name)) {
            return Err((missing.clone(), known));
        }
        self.services.retain(|service| names.contains(&service.name));
        self.postgres.retain(|one| names.contains(&one.name));
        self.caches.retain(|one| names.contains(&one.name));
        Ok(())
    }

    pub(super) fn datastores(&self) -> impl Iterator<Item = &Datastore> {
        self.postgres.iter().chain(&self.caches)
    }

    /// Datastores last: a stop ends what needs them before them, and a resume starts them first. A name that two have is
    /// `postgres/NAME` for the second.
    pub(super) fn components(&self) -> Vec<Component> {
        let mut taken = BTreeSet::new();
        let mut name = |kind: &str, name: &str| {
            if taken.insert(name.to_owned()) { name.to_owned() } else { format!("{kind}/{name}") }
        };
        let nothing = Details::default();
        let mut all = Vec::new();
        for service in &self.services {
            let details = self.details.get(&service.id).unwrap_or(&nothing);
            all.push(service.component(name("service", &service.name), details, &self.measures));
        }
        for (kind, stores) in [("postgres", &self.postgres), ("key-value", &self.caches)] {
            all.extend(stores.iter().map(|one| one.component(name(kind, &one.name), &self.measures)));
        }
        all
    }
}

impl Service {
    pub(super) fn is_suspended(&self) -> bool {
        self.suspended == "suspended"
    }

    fn component(&self, name: String, details: &Details, measures: &Measures) -> Component {
        let live = details.deploys.iter().find(|deploy| deploy.status == "live");
        let version = live.map(Deploy::what).or_else(|| self.image_path.clone());
        let is_on = !self.is_suspended();
        let (kind, desired, instances) = match self.kind {
            Kind::Cron => (WorkloadKind::CronJob, 0, Vec::new()),
            Kind::Site => {
                let instances: Vec<Instance> = live.filter(|_| is_on).map(site).into_iter().collect();
                (WorkloadKind::Site, u32::from(is_on), instances)
            }
            Kind::Other => (WorkloadKind::Other, 0, Vec::new()),
            Kind::Web | Kind::Private | Kind::Worker => {
                let all = details.instances.iter().map(|one| self.instance(one, &name, details, measures));
                (WorkloadKind::Service, if is_on { self.replicas(details) } else { 0 }, all.collect())
            }
        };
        let mut component = Component::of(name, desired, version, instances, false);
        self.tell(&mut component, details, live.is_some());
        component.workload = Some(Workload {
            kind,
            name: self.id.clone(),
            container: String::new(),
            on: is_on,
            settled: !details.deploys.first().is_some_and(Deploy::is_going_on),
            releases: live.map(|deploy| deploy.id.clone()).into_iter().collect(),
            hindrances: self.hindrances(),
            stuck: Vec::new(),
        });
        component
    }

    /// How many there should be. Where Render itself decides, as many as there are, within what it may.
    fn replicas(&self, details: &Details) -> u32 {
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        let scaling = &self.details["autoscaling"];
        if scaling["enabled"] == true {
            let (least, most) = (number(&scaling["min"]).unwrap_or(1), number(&scaling["max"]).unwrap_or(u32::MAX));
            return (details.instances.len() as u32).clamp(least, most.max(least));
        }
        number(&self.details["numInstances"]).unwrap_or(1)
    }

    fn hindrances(&self) -> Vec<Hindrance> {
        let is_scaled = self.details["autoscaling"]["enabled"] == true;
        let scaled = is_scaled.then(|| Hindrance::Autoscaled { by: self.name.clone() });
        let has_disk = self.details["disk"].is_object();
        scaled.into_iter().chain(has_disk.then_some(Hindrance::Disk)).collect()
    }

    /// What is to be said of the whole, and the standing that its instances do not show.
    fn tell(&self, component: &mut Component, details: &Details, is_live: bool) {
        let first = details.deploys.first();
        if let Some(deploy) = first.filter(|deploy| deploy.is_going_on()) {
            component.notes.push(deploy.text("is under way", "está en curso"));
        }
        if let Some(deploy) = first.filter(|deploy| deploy.has_failed()) {
            component.notes.push(deploy.text("failed", "falló"));
        }
        let others: Vec<&str> = self.suspenders.iter().map(String::as_str).filter(|by| *by != "user").collect();
        if self.is_suspended() && !others.is_empty() {
            let by = others.join(", ");
            component.notes.push(Text::new(
                format!("suspended by {by}: resuming it by hand may not help"),
                format!("suspendido por {by}: reanudarlo a mano puede no servir"),
            ));
        }
        let failed = details.events.iter().find(|event| event.kind == "cron_job_run_ended");
        let has_failed = failed.is_some_and(|event| event.details["status"] == "unsuccessful");
        match self.kind {
            Kind::Cron if self.is_suspended() => component.standing = Standing::Stopped,
            Kind::Cron if has_failed => {
                component.standing = Standing::Down;
                component.notes.push(Text::new("its last run failed", "su última ejecución falló"));
            }
            Kind::Cron | Kind::Other if !self.is_suspended() => component.standing = Standing::Ok,
            Kind::Web if self.sleeps(component, is_live) => {
                component.standing = Standing::Ok;
                let note =
                    Text::new("asleep until somebody calls it (free)", "duerme hasta que alguien lo llame (free)");
                component.notes.push(note);
            }
            _ => {}
        }
    }

    /// Free instances end when nobody calls them, and come back when somebody does.
    fn sleeps(&self, component: &Component, is_live: bool) -> bool {
        let is_free = self.details["plan"] == "free";
        is_free && is_live && !self.is_suspended() && component.instances.is_empty()
    }

    fn instance(&self, one: &Running, component: &str, details: &Details, measures: &Measures) -> Instance {
        let (id, name) = names(&self.id, &one.id, component);
        let health = Health::of(one, &details.events);
        let state = match &health.is {
            // It is still there, and will not be.
            _ if self.is_suspended() => InstanceState::Terminating,
            Is::Well => InstanceState::Running,
            Is::Failing => InstanceState::Restarting,
            Is::Unhealthy => InstanceState::Unhealthy,
        };
        Instance {
            id,
            name,
            state,
            // That an instance is listed does not say that it is healthy.
            checked: false,
            started_at: one.created_at,
            restarts: health.failures,
            last_exit: health.last_exit,
            why: health.why,
            usage: measures.usage(&self.id, &one.id),
            limits: measures.limits.get(&self.id).copied().unwrap_or_default(),
        }
    }
}

/// A site is its files: what is live stands for it.
fn site(deploy: &Deploy) -> Instance {
    Instance {
        checked: true,
        ..bare(last_letters(&deploy.id), deploy.id.clone(), InstanceState::Running, deploy.finished_at)
    }
}

fn bare(id: String, name: String, state: InstanceState, started_at: Option<Timestamp>) -> Instance {
    Instance {
        id,
        name,
        state,
        checked: false,
        started_at,
        restarts: 0,
        last_exit: None,
        why: None,
        usage: None,
        limits: Limits::default(),
    }
}

/// Render names an instance by its service and some letters: those tell it from the others, and the component's name is what
/// people know.
fn names(service: &str, instance: &str, component: &str) -> (String, String) {
    match instance.strip_prefix(service).and_then(|rest| rest.strip_prefix('-')) {
        Some(own) if !own.is_empty() => (own.to_owned(), format!("{component}-{own}")),
        _ => (last_letters(instance), instance.to_owned()),
    }
}

/// As much of an id as a mark has: Render's begin alike.
fn last_letters(id: &str) -> String {
    id.chars().skip(id.chars().count().saturating_sub(12)).collect()
}

/// What Render calls an instance that a component shows.
pub(super) fn full_name(component: &Component, instance: &Instance) -> String {
    let service = component.workload.as_ref().map(|workload| workload.name.as_str()).unwrap_or_default();
    if instance.name == format!("{}-{}", component.name, instance.id) {
        format!("{service}-{}", instance.id)
    } else {
        instance.name.clone()
    }
}

impl Deploy {
    pub(super) fn is_going_on(&self) -> bool {
        matches!(self.status.as_str(), "created" | "queued") || self.status.ends_with("_in_progress")
    }

    pub(super) fn has_failed(&self) -> bool {
        self.status.ends_with("_failed")
    }

    /// A commit or an image, as people call it.
    pub(super) fn what(&self) -> String {
        let commit = self.commit["id"].as_str().map(|id| id.chars().take(7).collect::<String>());
        let image = self.image["ref"].as_str().map(|image| image.rsplit('/').next().unwrap_or(image).to_owned());
        commit.or(image).unwrap_or_else(|| self.id.clone())
    }

    pub(super) fn message(&self) -> Option<&str> {
        self.commit["message"].as_str().and_then(|message| message.lines().next())
    }

    fn text(&self, en: &str, es: &str) -> Text {
        let (what, status) = (self.what(), &self.status);
        Text::new(format!("the deploy of {what} {en} ({status})"), format!("el deploy de {what} {es} ({status})"))
    }
}

impl Datastore {
    fn component(&self, name: String, measures: &Measures) -> Component {
        let is_on = self.suspended != "suspended" && self.status != "suspended";
        let state = match self.status.as_str() {
            "available" | "maintenance_scheduled" => InstanceState::Running,
            "unavailable" | "recovery_failed" => InstanceState::Unhealthy,
            "creating"
            | "config_restart"
            | "maintenance_in_progress"
            | "recovery_in_progress"
            | "updating_instance" => InstanceState::Starting,
            _ => InstanceState::Unknown,
        };
        let told = !matches!(self.status.as_str(), "available");
        let one = Instance {
            checked: true,
            why: told.then(|| Text::same(&self.status)),
            usage: measures.usage(&self.id, &self.id),
            limits: measures.limits.get(&self.id).copied().unwrap_or_default(),
            ..bare(last_letters(&self.id), self.id.clone(), state, None)
        };
        let instances: Vec<Instance> = is_on.then_some(one).into_iter().collect();
        let mut component = Component::of(name, u32::from(is_on), self.version.clone(), instances, false);
        component.workload = Some(Workload {
            kind: WorkloadKind::Datastore,
            name: self.id.clone(),
            container: String::new(),
            on: is_on,
            settled: !is_on || state == InstanceState::Running,
            releases: Vec::new(),
            hindrances: Vec::new(),
            stuck: Vec::new(),
        });
        component
    }
}

impl Measures {
    pub(super) fn of(cpu: &Value, memory: &Value, cpu_limit: &Value, memory_limit: &Value) -> Self {
        let mut measures = Self::default();
        for (key, cores) in newest(cpu) {
            measures.used.entry(key).or_default().0 = Some((cores * 1000.0).round() as u64);
        }
        for (key, bytes) in newest(memory) {
            measures.used.entry(key).or_default().1 = Some(bytes as u64);
        }
        for ((resource, _), cores) in newest(cpu_limit) {
            measures.limits.entry(resource).or_default().cpu_millis = Some((cores * 1000.0).round() as u64);
        }
        for ((resource, _), bytes) in newest(memory_limit) {
            measures.limits.entry(resource).or_default().memory = Some(bytes as u64);
        }
        measures
    }

    fn usage(&self, resource: &str, instance: &str) -> Option<Usage> {
        let own = self.used.get(&(resource.to_owned(), instance.to_owned()));
        // A datastore's measures name no instance.
        let found =
            own.or_else(|| self.used.get(&(resource.to_owned(), String::new())).filter(|_| resource == instance));
        found.and_then(|(cpu_millis, memory)| Some(Usage { cpu_millis: *cpu_millis, memory: (*memory)? }))
    }
}

/// The newest value of each series, by its resource and instance.
fn newest(series: &Value) -> Vec<((String, String), f64)> {
    let mut found = Vec::new();
    for one in series.as_array().into_iter().flatten() {
        let label = |names: &[&str]| {
            let labels = one["labels"].as_array().into_iter().flatten();
            let mut wanted = labels.filter(|label| label["field"].as_str().is_some_and(|field| names.contains(&field)));
            wanted.next().and_then(|label| label["value"].as_str()).unwrap_or_default().to_owned()
        };
        let values = one["values"].as_array().into_iter().flatten();
        let last = values.max_by(|a, b| a["timestamp"].as_str().cmp(&b["timestamp"].as_str()));
        if let Some(value) = last.and_then(|last| last["value"].as_f64()).filter(|value| *value >= 0.0) {
            let (resource, instance) = (label(&["resource", "service"]), label(&["instance"]));
            // An instance names its service.
            let resource = if resource.is_empty() {
                instance.rsplit_once('-').map_or(instance.clone(), |(service, _)| service.to_owned())
            } else {
                resource
            };
            found.push(((resource, instance), value));
        }
    }
    found
}
