//! What Render tells of a component beside its state.

use super::read::{Deploy, Happened};
use super::{Render, since, text_of, workload};
use crate::web::{Patience, WebError, encoded};
use crate::{Component, Event, Platform as _, Variable, Version, Volume, WorkloadKind, look};
use serde_json::Value;
use sereno_model::Text;
use std::collections::BTreeMap;

/// How many events and versions are told of each component.
const MOST: usize = 50;

const GIGABYTE: u64 = 1 << 30;

pub(super) async fn events(render: &Render, components: &[Component]) -> Result<Vec<Event>, WebError> {
    let mut all = Vec::new();
    for component in components {
        let Some(workload) = &component.workload else { continue };
        if workload.kind == WorkloadKind::Datastore {
            continue;
        }
        let path = format!("/services/{}/events", workload.name);
        let happened: Vec<Happened> = render.newest(&path, "event", MOST).await?;
        all.extend(happened.iter().map(|event| told(&component.name, event)));
    }
    all.sort_by_key(|event| event.at);
    Ok(all)
}

fn told(component: &str, event: &Happened) -> Event {
    let is_warning = ["failed", "failure", "unhealthy"].iter().any(|word| event.kind.contains(word))
        || event.details["reason"].get("failure").is_some_and(|failure| !failure.is_null())
        || event.details["status"] == "unsuccessful";
    let about = ["instanceID", "deployId", "buildId", "diskId"].iter().map(|key| text_of(&event.details, key));
    let about = about.into_iter().find(|about| !about.is_empty()).unwrap_or(&event.id).to_owned();
    let empty = event.details.as_object().is_none_or(serde_json::Map::is_empty);
    Event {
        at: Some(event.timestamp),
        component: Some(component.to_owned()),
        about,
        is_warning,
        reason: event.kind.clone(),
        message: if empty { String::new() } else { event.details.to_string() },
        count: 1,
    }
}

pub(super) fn versions<'a>(render: &'a Render, component: &'a Component) -> crate::Pending<'a, Vec<Version>> {
    Box::pin(async move {
        let workload = workload(component)?;
        if workload.kind == WorkloadKind::Datastore {
            return Err(look::not_kept(
                &render.target(),
                "versions of a datastore",
                "versiones de un almacén de datos",
            ));
        }
        let path = format!("/services/{}/deploys", workload.name);
        let deploys: Vec<Deploy> = render.newest(&path, "deploy", MOST).await.map_err(Box::new)?;
        Ok(deploys.iter().map(version).collect())
    })
}

fn version(deploy: &Deploy) -> Version {
    let what = match deploy.message() {
        Some(message) => format!("{} {message}", deploy.what()),
        None => deploy.what(),
    };
    // What never ran cannot be gone back to.
    let note = match deploy.status.as_str() {
        "live" | "deactivated" => None,
        status => Some(Text::same(status)),
    };
    let at = deploy.finished_at.or(deploy.created_at);
    Version { id: deploy.id.clone(), what, at, is_current: deploy.status == "live", note }
}

/// Its own variables, those of the groups that are linked to it, and the names of its secret files.
pub(super) fn environment<'a>(render: &'a Render, component: &'a Component) -> crate::Pending<'a, Vec<Variable>> {
    Box::pin(async move {
        let workload = workload(component)?;
        if workload.kind == WorkloadKind::Datastore {
            let (en, es) = ("environment of a datastore", "el entorno de un almacén de datos");
            return Err(look::not_kept(&render.target(), en, es));
        }
        let mut all = of_groups(render, &workload.name).await.map_err(Box::new)?;
        let path = format!("/services/{}/env-vars", workload.name);
        let own: Vec<Value> = render.list(&path, "envVar").await.map_err(Box::new)?;
        // A service's own goes before that of a group.
        all.extend(own.iter().map(|one| (text_of(one, "key").to_owned(), variable(one, "Render"))));
        Ok(all.into_values().collect())
    })
}

async fn of_groups(render: &Render, service: &str) -> Result<BTreeMap<String, Variable>, WebError> {
    let path = format!("/env-groups?{}", render.mine().await?);
    let groups: Vec<Value> = render.list(&path, "envGroup").await?;
    let is_linked = |group: &&Value| {
        group["serviceLinks"].as_array().is_some_and(|links| links.iter().any(|link| link["id"] == service))
    };
    let mut all = BTreeMap::new();
    for group in groups.iter().filter(is_linked) {
        let path = format!("/env-groups/{}", encoded(text_of(group, "id")));
        let group = render.web.get(&path, Patience::Short).await?;
        let source = format!("env group {}", text_of(&group, "name"));
        for one in group["envVars"].as_array().into_iter().flatten() {
            all.insert(text_of(one, "key").to_owned(), variable(one, &source));
        }
    }
    Ok(all)
}

fn variable(one: &Value, source: &str) -> Variable {
    Variable {
        name: text_of(one, "key").to_owned(),
        value: one["value"].as_str().map(str::to_owned),
        source: source.to_owned(),
        is_secret: false,
    }
}

/// The disks of services, and those that a PostgreSQL has of its own.
pub(super) async fn volumes(render: &Render, components: &[Component]) -> Result<Vec<Volume>, WebError> {
    let mine = render.mine().await?;
    let disks: Vec<Value> = render.list(&format!("/disks?ownerId={}", encoded(render.owner().await?)), "disk").await?;
    let owner = |id: &str| {
        let is_it = |component: &&Component| component.workload.as_ref().is_some_and(|workload| workload.name == id);
        components.iter().find(is_it).map(|component| component.name.clone())
    };
    let mut all = Vec::new();
    for disk in &disks {
        let service = text_of(disk, "serviceId");
        // Another part of the workspace has it.
        let Some(name) = owner(service) else { continue };
        let capacity = disk["sizeGB"].as_u64().map(|size| size * GIGABYTE);
        let path = Some(text_of(disk, "mountPath").to_owned()).filter(|path| !path.is_empty());
        all.push(volume(render, text_of(disk, "name"), service, name, path, capacity).await);
    }
    let postgres: Vec<Value> = render.list(&format!("/postgres?{mine}&includeReplicas=false"), "postgres").await?;
    for one in &postgres {
        let id = text_of(one, "id");
        let Some(name) = owner(id) else { continue };
        let capacity = one["diskSizeGB"].as_u64().map(|size| size * GIGABYTE);
        all.push(volume(render, id, id, name, None, capacity).await);
    }
    Ok(all)
}

async fn volume(
    render: &Render,
    name: &str,
    resource: &str,
    owner: String,
    path: Option<String>,
    capacity: Option<u64>,
) -> Volume {
    let question = format!("/metrics/disk-usage?{}&resource={}", since(15), encoded(resource));
    // A disk whose use nobody measures is one.
    let used = render.web.get(&question, Patience::None).await.ok().and_then(|series| {
        let values = series[0]["values"].as_array()?;
        let last = values.iter().max_by(|a, b| a["timestamp"].as_str().cmp(&b["timestamp"].as_str()))?;
        last["value"].as_f64().map(|value| value as u64)
    });
    let free = capacity.zip(used).map(|(capacity, used)| capacity.saturating_sub(used));
    Volume {
        name: name.to_owned(),
        owners: vec![owner],
        kind: "disk".to_owned(),
        path,
        used,
        capacity,
        free,
        note: None,
    }
}
