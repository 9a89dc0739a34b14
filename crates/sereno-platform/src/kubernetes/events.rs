//! What a cluster noticed of components, as it keeps it for an hour or so. Pure.

use super::read::seen_at;
use crate::{Component, Event};
use k8s_openapi::api::core::v1::Event as Said;

/// The events of a namespace, the oldest first.
pub(super) fn read(all: &[Said], components: &[Component]) -> Vec<Event> {
    let mut events: Vec<Event> = all.iter().map(|said| event(said, components)).collect();
    events.sort_by_key(|event| event.at);
    events
}

fn event(said: &Said, components: &[Component]) -> Event {
    let (kind, name) = (
        said.involved_object.kind.clone().unwrap_or_default().to_lowercase(),
        said.involved_object.name.clone().unwrap_or_default(),
    );
    let series = said.series.as_ref().and_then(|series| series.count);
    let count = series.or(said.count).and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    Event {
        at: seen_at(said),
        component: component_of(&kind, &name, components).map(|component| component.name.clone()),
        about: format!("{kind}/{name}"),
        is_warning: said.type_.as_deref() == Some("Warning"),
        reason: said.reason.clone().unwrap_or_default(),
        message: said.message.clone().unwrap_or_default().trim().to_owned(),
        count: count.max(1),
    }
}

/// Whose an object is, by its name: what made it may be gone, and its name goes on with that one's.
fn component_of<'c>(kind: &str, name: &str, components: &'c [Component]) -> Option<&'c Component> {
    let of_pod =
        components.iter().find(|component| kind == "pod" && component.instances.iter().any(|i| i.name == name));
    let workload =
        |component: &&Component| component.workload.as_ref().map(|workload| (workload.kind, workload.name.clone()));
    let exact = || {
        let same_kind =
            |component: &&Component| workload(component).is_some_and(|(k, n)| k.as_str() == kind && n == name);
        let same_name = |component: &&Component| workload(component).is_some_and(|(_, n)| n == name);
        components.iter().find(same_kind).or_else(|| components.iter().find(same_name))
    };
    let made = || {
        let begins = |component: &&Component| {
            workload(component)
                .is_some_and(|(_, n)| name.strip_prefix(n.as_str()).is_some_and(|rest| rest.starts_with('-')))
        };
        let is_made = matches!(kind, "pod" | "replicaset" | "job");
        components
            .iter()
            .filter(|_| is_made)
            .filter(begins)
            .max_by_key(|component| workload(component).map(|(_, n)| n.len()))
    };
    of_pod.or_else(exact).or_else(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Workload, WorkloadKind};

    fn component(kind: WorkloadKind, name: &str) -> Component {
        let workload = Workload {
            kind,
            name: name.to_owned(),
            container: String::new(),
            on: true,
            settled: true,
            hindrances: Vec::new(),
            stuck: Vec::new(),
        };
        Component { workload: Some(workload), ..Component::of(name.to_owned(), 1, None, Vec::new(), false) }
    }

    #[test]
    fn an_event_belongs_to_whoever_made_its_object() {
        let all = [
            component(WorkloadKind::Deployment, "api"),
            component(WorkloadKind::Deployment, "api-admin"),
            component(WorkloadKind::StatefulSet, "db"),
        ];
        let of = |kind: &str, name: &str| component_of(kind, name, &all).map(|component| component.name.as_str());
        assert_eq!(of("deployment", "api"), Some("api"));
        assert_eq!(of("replicaset", "api-5d4f"), Some("api"));
        assert_eq!(of("pod", "api-admin-77c-x2"), Some("api-admin"));
        assert_eq!(of("pod", "db-0"), Some("db"));
        assert_eq!(of("horizontalpodautoscaler", "db"), Some("db"));
        assert_eq!(of("persistentvolumeclaim", "api-files"), None, "a claim may be called as it likes");
        assert_eq!(of("pod", "apis-1"), None);
    }

    #[test]
    fn how_often_and_when_is_said_in_several_places() {
        let said = |more: &str| -> Said {
            let text = format!(
                r#"{{"metadata":{{}},"involvedObject":{{"kind":"Pod","name":"api-1"}},"type":"Warning","reason":"BackOff",
                    "message":"again\n",{more}}}"#
            );
            serde_json::from_str(&text).expect("an event")
        };
        let all = [
            said(r#""count":7,"firstTimestamp":"2026-11-26T09:00:00Z","lastTimestamp":"2026-11-26T10:00:00Z""#),
            said(
                r#""eventTime":"2026-11-26T08:00:00.000000Z","series":{"count":3,"lastObservedTime":"2026-11-26T09:30:00.000000Z"}"#,
            ),
            said(r#""eventTime":"2026-11-26T07:00:00.000000Z""#),
        ];
        let read = read(&all, &[]);
        let shown: Vec<_> = read.iter().map(|e| (e.count, e.at.map(|at| at.to_string()).unwrap_or_default())).collect();
        let expected = [(1, "2026-11-26T07:00:00Z"), (3, "2026-11-26T09:30:00Z"), (7, "2026-11-26T10:00:00Z")];
        assert_eq!(shown, expected.map(|(count, at)| (count, at.to_owned())));
        assert!(read[0].is_warning && read[0].about == "pod/api-1" && read[0].message == "again");
    }
}
