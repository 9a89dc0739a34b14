//! What Railway tells of a component beside its state.

use super::read::Deployment;
use super::{Railway, queries};
use crate::web::{Patience, WebError};
use crate::{Component, Event, Variable, Version, Volume};
use serde_json::{Value, json};
use sereno_model::Text;

/// How many deployments are told of.
const MOST: usize = 50;

const MEGABYTE: f64 = 1_000_000.0;

/// What happened on Railway is its deployments.
pub(super) async fn events(railway: &Railway, components: &[Component]) -> Result<Vec<Event>, WebError> {
    let deployments = deployments(railway, None).await?;
    let mut all: Vec<Event> = deployments
        .iter()
        .filter_map(|deployment| {
            let own = deployment.service_id.as_deref()?;
            let is_it = |component: &&Component| component.workload.as_ref().is_some_and(|w| w.name == own);
            let component = components.iter().find(is_it)?;
            Some(Event {
                at: deployment.created_at,
                component: Some(component.name.clone()),
                about: deployment.id.clone(),
                is_warning: matches!(deployment.status.as_str(), "FAILED" | "CRASHED"),
                reason: deployment.status.clone(),
                message: described(deployment),
                count: 1,
            })
        })
        .collect();
    all.sort_by_key(|event| event.at);
    Ok(all)
}

pub(super) async fn versions(railway: &Railway, component: &Component) -> Result<Vec<Version>, WebError> {
    let deployments = deployments(railway, Some(component)).await?;
    let current = deployments.iter().position(|deployment| deployment.status == "SUCCESS");
    let version = |(index, deployment): (usize, &Deployment)| {
        let is_current = current == Some(index);
        let kept = deployment.can_rollback != Some(false) || is_current;
        let note = match deployment.status.as_str() {
            "SUCCESS" | "REMOVED" | "SLEEPING" if kept => None,
            "SUCCESS" | "REMOVED" | "SLEEPING" => Some(Text::new("its image is not kept", "su imagen no se conserva")),
            status => Some(Text::same(status)),
        };
        Version { id: deployment.id.clone(), what: described(deployment), at: deployment.created_at, is_current, note }
    };
    Ok(deployments.iter().enumerate().map(version).collect())
}

fn described(deployment: &Deployment) -> String {
    let what = deployment.what().unwrap_or_else(|| deployment.id.clone());
    deployment.message().map_or_else(|| what.clone(), |message| format!("{what} {message}"))
}

/// The newest deployments first, of one service or of all.
async fn deployments(railway: &Railway, component: Option<&Component>) -> Result<Vec<Deployment>, WebError> {
    let place = railway.found().await?;
    let mut input = json!({"projectId": place.project, "environmentId": place.environment});
    if let Some(workload) = component.and_then(|component| component.workload.as_ref()) {
        input["serviceId"] = json!(workload.name);
    }
    let answer = railway.ask(&queries::DEPLOYMENTS, json!({"input": input, "first": MOST}), Patience::Short).await?;
    let edges = answer["deployments"]["edges"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |edge: &Value| serde_json::from_value::<Deployment>(edge["node"].clone());
    let all: Result<Vec<Deployment>, _> = edges.iter().map(read).collect();
    let mut all = all.map_err(|error| railway.web.unreadable(queries::DEPLOYMENTS.name, &error))?;
    all.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    Ok(all)
}

pub(super) async fn environment(railway: &Railway, component: &Component) -> Result<Vec<Variable>, WebError> {
    let place = railway.found().await?;
    let service = component.workload.as_ref().map(|workload| workload.name.clone());
    let variables = json!({"projectId": place.project, "environmentId": place.environment, "serviceId": service});
    let answer = railway.ask(&queries::VARIABLES, variables, Patience::Short).await?;
    let Some(all) = answer["variables"].as_object() else {
        return Err(railway.web.unreadable(queries::VARIABLES.name, &"no object"));
    };
    let mut all: Vec<Variable> = all
        .iter()
        .map(|(name, value)| Variable {
            name: name.clone(),
            value: value.as_str().map(str::to_owned),
            // Railway's own are those that it gives to every service.
            source: if name.starts_with("RAILWAY_") { "railway" } else { "variables" }.to_owned(),
            is_secret: false,
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

pub(super) async fn volumes(railway: &Railway, components: &[Component]) -> Result<Vec<Volume>, WebError> {
    let (nodes, _) = railway.all(&queries::VOLUMES, "volumeInstances").await?;
    let volume = |node: &Value| {
        let owner = node["serviceId"].as_str().unwrap_or_default();
        let owns = |component: &&Component| component.workload.as_ref().is_some_and(|w| w.name == owner);
        let owners: Vec<String> = components.iter().filter(owns).map(|component| component.name.clone()).collect();
        // Another service's, which the settings leave out.
        if !owner.is_empty() && owners.is_empty() {
            return None;
        }
        let bytes = |key: &str| node[key].as_f64().map(|size| (size * MEGABYTE) as u64);
        let (used, capacity) = (bytes("currentSizeMB"), bytes("sizeMB"));
        Some(Volume {
            name: node["volume"]["name"].as_str().or(node["id"].as_str()).unwrap_or_default().to_owned(),
            owners,
            kind: "volume".to_owned(),
            path: node["mountPath"].as_str().map(str::to_owned),
            used,
            capacity,
            free: capacity.zip(used).map(|(capacity, used)| capacity.saturating_sub(used)),
            note: None,
        })
    };
    Ok(nodes.iter().filter_map(volume).collect())
}
