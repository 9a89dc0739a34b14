//! What keeps a namespace's data: its claims, and what its pods wrote on their machines. How much that is, the machines'
//! kubelets say, to whoever may ask them.

use super::Kubernetes;
use super::error::ClusterError;
use super::quantity::bytes;
use crate::{Component, Volume};
use futures_util::future::{join_all, try_join};
use serde_json::Value;
use sereno_model::Text;
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn look(cluster: &Kubernetes, components: &[Component]) -> Result<Vec<Volume>, ClusterError> {
    let (api, paths) = (&cluster.api, &cluster.paths);
    let claims = paths.core("persistentvolumeclaims");
    let pods = paths.core("pods");
    let (claims, pods): (Vec<Value>, Vec<Value>) = try_join(api.list(&claims), api.list(&pods)).await?;
    let nodes: BTreeSet<&str> = pods.iter().filter_map(|pod| pod["spec"]["nodeName"].as_str()).collect();
    let asked = join_all(nodes.iter().map(|node| async move {
        let path = format!("/api/v1/nodes/{node}/proxy/stats/summary");
        (*node, api.get::<Value>(&path).await)
    }));
    let mut stats = Vec::new();
    let mut silent = BTreeMap::new();
    for (node, answer) in asked.await {
        match answer {
            Ok(told) => stats.push(told),
            Err(error) => drop(silent.insert(node.to_owned(), error.text())),
        }
    }
    Ok(read(&Seen { claims, pods, stats, silent, namespace: paths.namespace.clone() }, components))
}

struct Seen {
    claims: Vec<Value>,
    pods: Vec<Value>,
    /// What each kubelet measured.
    stats: Vec<Value>,
    /// The machines that could not be asked, and why.
    silent: BTreeMap<String, Text>,
    namespace: String,
}

/// A size, and the room around it.
#[derive(Debug, Clone, Copy, Default)]
struct Measure {
    used: Option<u64>,
    capacity: Option<u64>,
    free: Option<u64>,
}

fn measure(told: &Value) -> Measure {
    let number = |key: &str| told[key].as_u64();
    Measure { used: number("usedBytes"), capacity: number("capacityBytes"), free: number("availableBytes") }
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value[key].as_array().into_iter().flatten()
}

fn read(seen: &Seen, components: &[Component]) -> Vec<Volume> {
    let owner = |pod: &str| components.iter().find(|component| component.instances.iter().any(|i| i.name == pod));
    let mut users: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut machines: BTreeMap<&str, &str> = BTreeMap::new();
    for pod in &seen.pods {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        for volume in list(&pod["spec"], "volumes") {
            let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() else { continue };
            let shown = owner(name).map_or_else(|| name.to_owned(), |component| component.name.clone());
            users.entry(claim).or_default().insert(shown);
            machines.insert(claim, pod["spec"]["nodeName"].as_str().unwrap_or_default());
        }
    }
    let mut measured: BTreeMap<String, Measure> = BTreeMap::new();
    let mut beside = Vec::new();
    for pod in seen.stats.iter().flat_map(|told| list(told, "pods")) {
        if pod["podRef"]["namespace"] != *seen.namespace {
            continue;
        }
        let name = pod["podRef"]["name"].as_str().unwrap_or_default();
        for volume in list(pod, "volume") {
            match volume["pvcRef"]["name"].as_str() {
                Some(claim) => drop(measured.insert(claim.to_owned(), measure(volume))),
                None => beside.extend(of_pod(seen, name, volume).map(|one| (name, one))),
            }
        }
        for container in list(pod, "containers") {
            let label = format!("{name}/{}", container["name"].as_str().unwrap_or_default());
            for (key, kind) in [("rootfs", "layer"), ("logs", "log")] {
                let Measure { used, capacity, free } = measure(&container[key]);
                let one =
                    Volume { name: label.clone(), kind: kind.to_owned(), used, capacity, free, ..Volume::default() };
                beside.extend(used.map(|_| (name, one)));
            }
        }
    }
    let claim = |claim: &Value| {
        let name = claim["metadata"]["name"].as_str().unwrap_or_default();
        let found = measured.get(name).copied().unwrap_or_default();
        let asked = claim["status"]["capacity"]["storage"]
            .as_str()
            .or(claim["spec"]["resources"]["requests"]["storage"].as_str());
        Volume {
            name: name.to_owned(),
            owners: users.get(name).into_iter().flatten().cloned().collect(),
            kind: "claim".to_owned(),
            path: claim["spec"]["volumeName"].as_str().map(|volume| format!("pv/{volume}")),
            used: found.used,
            capacity: found.capacity.or_else(|| asked.and_then(bytes)),
            free: found.free,
            note: found.used.is_none().then(|| {
                why_unknown(claim, machines.get(name).and_then(|node| seen.silent.get(*node)), users.contains_key(name))
            }),
        }
    };
    let mut all: Vec<Volume> = seen.claims.iter().map(claim).collect();
    all.extend(beside.into_iter().map(|(pod, volume)| {
        let owners = vec![owner(pod).map_or_else(|| pod.to_owned(), |component| component.name.clone())];
        Volume { owners, ..volume }
    }));
    all.retain(|one| one.kind == "claim" || one.owners.iter().any(|owner| components.iter().any(|c| c.name == *owner)));
    all
}

/// An `emptyDir` of a pod. What is mounted of secrets and the like takes no room that anybody could win back.
fn of_pod(seen: &Seen, pod: &str, told: &Value) -> Option<Volume> {
    let pod = seen.pods.iter().find(|one| one["metadata"]["name"] == *pod)?;
    let name = told["name"].as_str()?;
    let volume = list(&pod["spec"], "volumes").find(|volume| volume["name"] == *name)?;
    volume.get("emptyDir")?;
    let Measure { used, capacity, free } = measure(told);
    let label = format!("{}/{name}", pod["metadata"]["name"].as_str()?);
    Some(Volume { name: label, kind: "emptyDir".to_owned(), used, capacity, free, ..Volume::default() })
}

fn why_unknown(claim: &Value, silent: Option<&Text>, is_used: bool) -> Text {
    match claim["status"]["phase"].as_str() {
        Some(phase) if phase != "Bound" => {
            Text::new(format!("it is {phase}: nothing keeps it"), format!("está {phase}: nada lo guarda"))
        }
        _ => match silent {
            Some(why) => Text::new(
                format!("how full it is is not known: {}", why.en),
                format!("no se sabe cuánto ocupa: {}", why.es),
            ),
            None if is_used => Text::new("nobody measures how full it is", "nadie mide cuánto ocupa"),
            None => Text::new("no pod mounts it, so nobody measures it", "ningún pod lo monta, así que nadie lo mide"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn component(name: &str, pod: &str) -> Component {
        let instance = serde_json::from_value(json!({
            "id": "1", "name": pod, "state": "running", "checked": false, "restarts": 0,
            "limits": {"cpu_millis": null, "memory": null}
        }));
        Component::of(name.to_owned(), 1, None, vec![instance.expect("an instance")], false)
    }

    fn seen() -> Seen {
        let claim = |name: &str, phase: &str| {
            json!({"metadata": {"name": name}, "spec": {"volumeName": "v1", "resources": {"requests": {"storage": "1Gi"}}},
                "status": {"phase": phase, "capacity": {"storage": "2Gi"}}})
        };
        let pod = |name: &str, node: &str, claim: &str| {
            json!({"metadata": {"name": name}, "spec": {"nodeName": node, "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": claim}}, {"name": "tmp", "emptyDir": {}},
                {"name": "token", "secret": {}}]}})
        };
        let measured = |name: &str, used: u64| json!({"name": name, "usedBytes": used, "capacityBytes": 100, "availableBytes": 100 - used});
        let mut data = measured("data", 60);
        data["pvcRef"] = json!({"name": "data-db-0"});
        Seen {
            claims: vec![
                claim("data-db-0", "Bound"),
                claim("old", "Bound"),
                claim("files", "Bound"),
                claim("new", "Pending"),
            ],
            pods: vec![pod("db-0", "n1", "data-db-0"), pod("api-1", "n2", "files")],
            stats: vec![json!({"pods": [
                {"podRef": {"name": "db-0", "namespace": "shop"}, "volume": [data, measured("tmp", 5), measured("token", 1)],
                 "containers": [{"name": "db", "rootfs": {"usedBytes": 7}, "logs": {"usedBytes": 8}}]},
                {"podRef": {"name": "db-0", "namespace": "other"}, "volume": [measured("tmp", 9)]},
            ]})],
            silent: BTreeMap::from([("n2".to_owned(), Text::same("get nodes/proxy"))]),
            namespace: "shop".to_owned(),
        }
    }

    #[test]
    fn claims_have_their_users_and_sizes_and_what_is_not_known_says_why() {
        let read = read(&seen(), &[component("db", "db-0"), component("api", "api-1")]);
        let shown: Vec<String> = read
            .iter()
            .map(|v| {
                let note = v.note.as_ref().map(|note| note.en.as_str()).unwrap_or_default();
                format!("{} {} [{}] {:?} {:?} {note}", v.kind, v.name, v.owners.join(","), v.used, v.capacity)
            })
            .collect();
        let expected = [
            "claim data-db-0 [db] Some(60) Some(100) ",
            "claim old [] None Some(2147483648) no pod mounts it, so nobody measures it",
            "claim files [api] None Some(2147483648) how full it is is not known: get nodes/proxy",
            "claim new [] None Some(2147483648) it is Pending: nothing keeps it",
            "emptyDir db-0/tmp [db] Some(5) Some(100) ",
            "layer db-0/db [db] Some(7) None ",
            "log db-0/db [db] Some(8) None ",
        ];
        assert_eq!(shown, expected);
    }
}
