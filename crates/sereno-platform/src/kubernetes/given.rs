//! The environment that a workload's main container is given: what is written there, and what it takes from the cluster, as
//! that is now. What the image sets itself the cluster does not know; what a running pod was given may be older.

use super::Kubernetes;
use super::error::ClusterError;
use crate::{Component, PlatformError, Variable, WorkloadKind};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn look(cluster: &Kubernetes, component: &Component) -> Result<Vec<Variable>, PlatformError> {
    let Some(pod) = pod_of(cluster, component).await.map_err(Box::new)? else {
        let name = &component.name;
        return Err(PlatformError::refused(
            format!("`{name}` has no pod whose environment could be read"),
            format!("`{name}` no tiene ningún pod cuyo entorno se pueda leer"),
        ));
    };
    let wanted = component.workload.as_ref().map(|workload| workload.container.as_str()).unwrap_or_default();
    let containers = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let container = containers.iter().find(|one| one["name"] == wanted).or(containers.first());
    let Some(container) = container else { return Ok(Vec::new()) };
    let mut sources = BTreeMap::new();
    for (kind, name) in asked(container) {
        let source = source(cluster, kind, &name).await.map_err(Box::new)?;
        sources.insert((kind, name), source);
    }
    Ok(read(container, &pod, &sources))
}

/// A pod as it runs, else the template from which pods are made.
async fn pod_of(cluster: &Kubernetes, component: &Component) -> Result<Option<Value>, ClusterError> {
    let (api, paths) = (&cluster.api, &cluster.paths);
    let first = component.instances.iter().find(|instance| instance.runs()).or(component.instances.first());
    if let Some(instance) = first {
        match api.get(&paths.core(&format!("pods/{}", instance.name))).await {
            Err(ClusterError::Said { code: 404, .. }) => {}
            pod => return pod.map(Some),
        }
    }
    let Some(workload) = &component.workload else { return Ok(None) };
    let whole: Value = match api.get(&format!("{}/{}", paths.kind(workload.kind), workload.name)).await {
        Err(ClusterError::Said { code: 404, .. }) => return Ok(None),
        whole => whole?,
    };
    let spec = &whole["spec"];
    let template = if workload.kind == WorkloadKind::CronJob {
        &spec["jobTemplate"]["spec"]["template"]
    } else {
        &spec["template"]
    };
    Ok(Some(template.clone()).filter(Value::is_object))
}

/// The kinds of objects that hold variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Map,
    Secret,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Map => "configmap",
            Self::Secret => "secret",
        }
    }
}

/// What such an object holds.
#[derive(Debug)]
enum Source {
    Known(BTreeMap<String, String>),
    /// This user may not read it.
    Hidden,
    /// There is none; then only what may be missing lets the pod run.
    None,
}

/// What a container takes variables from.
fn asked(container: &Value) -> BTreeSet<(Kind, String)> {
    let list = |key: &str| container[key].as_array().cloned().unwrap_or_default();
    let mut asked = BTreeSet::new();
    for (kind, whole, one) in
        [(Kind::Map, "configMapRef", "configMapKeyRef"), (Kind::Secret, "secretRef", "secretKeyRef")]
    {
        let wholes = list("envFrom").into_iter().filter_map(|from| Some(from[whole]["name"].as_str()?.to_owned()));
        let ones = list("env").into_iter().filter_map(|env| Some(env["valueFrom"][one]["name"].as_str()?.to_owned()));
        asked.extend(wholes.chain(ones).map(|name| (kind, name)));
    }
    asked
}

async fn source(cluster: &Kubernetes, kind: Kind, name: &str) -> Result<Source, ClusterError> {
    let path = cluster.paths.core(&format!("{}s/{name}", kind.as_str()));
    let values = match kind {
        Kind::Map => cluster.api.get::<ConfigMap>(&path).await.map(|map| map.data.unwrap_or_default()),
        Kind::Secret => cluster.api.get::<Secret>(&path).await.map(|secret| {
            let data = secret.data.unwrap_or_default().into_iter();
            // What is no text cannot be shown as what it is.
            data.filter_map(|(name, value)| Some((name, String::from_utf8(value.0).ok()?))).collect()
        }),
    };
    match values {
        Ok(values) => Ok(Source::Known(values)),
        Err(ClusterError::Forbidden { .. }) => Ok(Source::Hidden),
        Err(ClusterError::Said { code: 404, .. }) => Ok(Source::None),
        Err(error) => Err(error),
    }
}

/// The variables as the kubelet makes them: those of whole objects first, in their order, then each by its name.
fn read(container: &Value, pod: &Value, sources: &BTreeMap<(Kind, String), Source>) -> Vec<Variable> {
    let mut all: BTreeMap<String, Variable> = BTreeMap::new();
    let mut unknown = Vec::new();
    for from in container["envFrom"].as_array().into_iter().flatten() {
        let prefix = from["prefix"].as_str().unwrap_or_default();
        for (kind, key) in [(Kind::Map, "configMapRef"), (Kind::Secret, "secretRef")] {
            let Some(name) = from[key]["name"].as_str() else { continue };
            let of = format!("{}/{name}", kind.as_str());
            let is_secret = kind == Kind::Secret;
            match sources.get(&(kind, name.to_owned())) {
                Some(Source::Known(values)) => all.extend(values.iter().map(|(key, value)| {
                    let name = format!("{prefix}{key}");
                    (name.clone(), Variable { is_secret, ..Variable::new(name, value, &of) })
                })),
                Some(Source::Hidden) => {
                    unknown.push(Variable { name: Variable::UNKNOWN.to_owned(), value: None, source: of, is_secret });
                }
                Some(Source::None) | None => {}
            }
        }
    }
    for env in container["env"].as_array().into_iter().flatten() {
        if let Some(variable) = one(env, pod, sources, &all) {
            all.insert(variable.name.clone(), variable);
        }
    }
    unknown.into_iter().chain(all.into_values()).collect()
}

fn one(
    env: &Value,
    pod: &Value,
    sources: &BTreeMap<(Kind, String), Source>,
    before: &BTreeMap<String, Variable>,
) -> Option<Variable> {
    let name = env["name"].as_str()?;
    let from = &env["valueFrom"];
    for (kind, key) in [(Kind::Map, "configMapKeyRef"), (Kind::Secret, "secretKeyRef")] {
        let Some((of, key)) = from[key]["name"].as_str().zip(from[key]["key"].as_str()) else { continue };
        let value = match sources.get(&(kind, of.to_owned())) {
            Some(Source::Known(values)) => Some(values.get(key)?.clone()),
            Some(Source::Hidden) => None,
            // Where it may be missing there is no such variable; where it may not, there is no pod.
            Some(Source::None) | None => return None,
        };
        let source = format!("{}/{of}:{key}", kind.as_str());
        return Some(Variable { name: name.to_owned(), value, source, is_secret: kind == Kind::Secret });
    }
    if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
        let pointer = format!("/{}", path.replace('.', "/"));
        let value = pod.pointer(&pointer).and_then(Value::as_str).map(str::to_owned);
        return Some(Variable { name: name.to_owned(), value, source: format!("field/{path}"), is_secret: false });
    }
    if let Some(path) = from["resourceFieldRef"]["resource"].as_str() {
        let source = format!("resource/{path}");
        return Some(Variable { name: name.to_owned(), value: None, source, is_secret: false });
    }
    let (value, is_secret) = expanded(env["value"].as_str().unwrap_or_default(), before);
    Some(Variable { value, is_secret, ..Variable::new(name, "", "manifest") })
}

/// `$(NAME)` stands for an earlier variable, `$$` for a dollar. What holds a secret is one.
fn expanded(text: &str, before: &BTreeMap<String, Variable>) -> (Option<String>, bool) {
    let (mut value, mut rest, mut is_secret) = (String::new(), text, false);
    while let Some((head, tail)) = rest.split_once('$') {
        value.push_str(head);
        let reference = tail.strip_prefix('(').and_then(|tail| tail.split_once(')'));
        let Some((variable, after)) = reference.and_then(|(name, after)| Some((before.get(name)?, after))) else {
            value.push('$');
            rest = tail.strip_prefix('$').unwrap_or(tail);
            continue;
        };
        is_secret |= variable.is_secret;
        match &variable.value {
            Some(known) => value.push_str(known),
            None => return (None, is_secret),
        }
        rest = after;
    }
    value.push_str(rest);
    (Some(value), is_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_in_the_kubelets_order_and_from_where_they_are_kept() {
        let container = serde_json::json!({
            "envFrom": [
                {"configMapRef": {"name": "common"}},
                {"prefix": "DB_", "secretRef": {"name": "db"}},
                {"secretRef": {"name": "hidden"}},
                {"configMapRef": {"name": "gone", "optional": true}},
            ],
            "env": [
                {"name": "MODE", "value": "live"},
                {"name": "URL", "value": "pg://app:$(DB_PASSWORD)@db/$(NOBODY)/$$(MODE)"},
                {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "token"}}},
                {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "common", "key": "LOG"}}},
                {"name": "NOT_THERE", "valueFrom": {"secretKeyRef": {"name": "db", "key": "none", "optional": true}}},
                {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                {"name": "EMPTY"},
            ],
        });
        let known = |pairs: &[(&str, &str)]| {
            Source::Known(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(asked(&container).len(), 4);
        let sources = BTreeMap::from([
            ((Kind::Map, "common".to_owned()), known(&[("MODE", "dev"), ("LOG", "info")])),
            ((Kind::Secret, "db".to_owned()), known(&[("PASSWORD", "s3")])),
            ((Kind::Secret, "hidden".to_owned()), Source::Hidden),
            ((Kind::Map, "gone".to_owned()), Source::None),
        ]);
        let pod = serde_json::json!({"metadata": {"name": "api-1"}});
        let read = read(&container, &pod, &sources);
        let shown: Vec<String> = read
            .iter()
            .map(|v| {
                format!(
                    "{}={} {}{}",
                    v.name,
                    v.value.as_deref().unwrap_or("?"),
                    v.source,
                    if v.is_secret { " secret" } else { "" }
                )
            })
            .collect();
        let expected = [
            "*=? secret/hidden secret",
            "CPU=? resource/limits.cpu",
            "DB_PASSWORD=s3 secret/db secret",
            "EMPTY= manifest",
            "LEVEL=info configmap/common:LOG",
            "LOG=info configmap/common",
            "MODE=live manifest",
            "POD=api-1 field/metadata.name",
            "TOKEN=? secret/hidden:token secret",
            "URL=pg://app:s3@db/$(NOBODY)/$(MODE) manifest secret",
        ];
        assert_eq!(shown, expected);
    }
}
