//! The revisions of a workload that the cluster keeps, for whoever wants to go back to one.

use super::Kubernetes;
use crate::{Component, PlatformError, Version, WorkloadKind};
use jiff::Timestamp;
use serde_json::Value;
use sereno_model::Text;

const REVISION: &str = "deployment.kubernetes.io/revision";
const CAUSE: &str = "kubernetes.io/change-cause";

pub(super) async fn look(cluster: &Kubernetes, component: &Component) -> Result<Vec<Version>, PlatformError> {
    let (api, paths) = (&cluster.api, &cluster.paths);
    let workload = component.workload.as_ref();
    let kind = workload.map_or(WorkloadKind::Other, |workload| workload.kind);
    let resource = match kind {
        WorkloadKind::Deployment => "replicasets",
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => "controllerrevisions",
        WorkloadKind::CronJob | WorkloadKind::Job | WorkloadKind::Other => {
            let (name, text) = (&component.name, kind.text());
            return Err(PlatformError::refused(
                format!("`{name}` is {}: the cluster keeps no revisions of it", text.en),
                format!("`{name}` es {}: el cluster no guarda revisiones de eso", text.es),
            ));
        }
    };
    let (name, container) = workload.map(|w| (w.name.as_str(), w.container.as_str())).unwrap_or_default();
    let look = async {
        let path = format!("{}/{name}", paths.kind(kind));
        let listed = paths.of("apps/v1", resource);
        futures_util::future::try_join(api.get(&path), api.list(&listed)).await
    };
    let (whole, all): (Value, Vec<Value>) = look.await.map_err(Box::new)?;
    Ok(read(&whole, &all, container))
}

/// The revisions of a workload among all that were listed, the newest first.
fn read(whole: &Value, all: &[Value], container: &str) -> Vec<Version> {
    let own = |one: &&Value| {
        one["metadata"]["ownerReferences"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|o| o["uid"] == whole["metadata"]["uid"])
    };
    let mut numbered: Vec<(u64, &Value)> = all.iter().filter(own).map(|one| (number(one), one)).collect();
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let newest = numbered.first().map(|(number, _)| *number);
    let is_current = |number: u64, one: &Value| match (
        &whole["metadata"]["annotations"][REVISION],
        &whole["status"]["updateRevision"],
    ) {
        (Value::String(current), _) => *current == number.to_string(),
        (_, Value::String(current)) => one["metadata"]["name"] == **current,
        // A daemonset does not say which it runs: its newest.
        _ => Some(number) == newest,
    };
    let version = |(number, one): &(u64, &Value)| Version {
        id: number.to_string(),
        what: image(one, container).unwrap_or_default(),
        at: one["metadata"]["creationTimestamp"].as_str().and_then(|at| at.parse::<Timestamp>().ok()),
        is_current: is_current(*number, one),
        note: one["metadata"]["annotations"][CAUSE].as_str().filter(|cause| !cause.is_empty()).map(Text::same),
    };
    numbered.iter().map(version).collect()
}

fn number(one: &Value) -> u64 {
    let annotated = one["metadata"]["annotations"][REVISION].as_str().and_then(|number| number.parse().ok());
    one["revision"].as_u64().or(annotated).unwrap_or_default()
}

/// The image of the main container: of a set of pods itself, or of the patch that a revision is.
fn image(one: &Value, container: &str) -> Option<String> {
    let template = if one["data"].is_object() { &one["data"]["spec"]["template"] } else { &one["spec"]["template"] };
    let containers = template["spec"]["containers"].as_array()?;
    let main = containers.iter().find(|one| one["name"] == container).or(containers.first())?;
    main["image"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(image: &str) -> Value {
        serde_json::json!({"template": {"spec": {"containers": [{"name": "proxy", "image": "p"}, {"name": "api", "image": image}]}}})
    }

    #[test]
    fn the_sets_of_a_deployment_are_its_revisions() {
        let set = |number: &str, owner: &str, image: &str, cause: &str| {
            serde_json::json!({"metadata": {"ownerReferences": [{"uid": owner}], "creationTimestamp": "2026-11-26T10:00:00Z",
                "annotations": {REVISION: number, CAUSE: cause}}, "spec": spec(image)})
        };
        let whole = serde_json::json!({"metadata": {"uid": "d", "annotations": {REVISION: "10"}}});
        let all = [set("9", "d", "api:1", ""), set("10", "d", "api:2", "release 2"), set("3", "other", "x", "")];
        let read = read(&whole, &all, "api");
        let shown: Vec<_> = read.iter().map(|v| (v.id.as_str(), v.what.as_str(), v.is_current)).collect();
        assert_eq!(shown, [("10", "api:2", true), ("9", "api:1", false)]);
        assert_eq!(read[0].note, Some(Text::same("release 2")));
        assert_eq!(read[1].note, None);
    }

    #[test]
    fn revisions_of_a_set_are_marked_by_what_the_set_says_or_by_their_number() {
        let revision = |number: u64, image: &str| {
            serde_json::json!({"metadata": {"name": format!("db-{number}"), "ownerReferences": [{"uid": "s"}]},
                "revision": number, "data": {"spec": spec(image)}})
        };
        let all = [revision(2, "db:2"), revision(1, "db:1")];
        let current = |whole: Value| read(&whole, &all, "api").iter().map(|v| v.is_current).collect::<Vec<_>>();
        // It was put back to the first, which keeps its name and gets the next number only later.
        assert_eq!(
            current(serde_json::json!({"metadata": {"uid": "s"}, "status": {"updateRevision": "db-1"}})),
            [false, true]
        );
        assert_eq!(current(serde_json::json!({"metadata": {"uid": "s"}})), [true, false]);
    }
}
