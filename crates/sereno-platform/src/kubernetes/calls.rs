//! What is asked of a cluster, as data. Pure.

use super::read::STOPPED;
use crate::call::ClusterRequest;
use crate::workload::Hindrance;
use crate::{Act, Call, Component, PlatformError, Workload, WorkloadKind};
use jiff::Timestamp;
use serde_json::json;
use sereno_model::Text;

/// What kubectl sets, too: a template that differs is a rollout.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

/// Where things are in the API of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    pub(super) namespace: String,
    /// `v1`, or `v1beta1` on servers before 1.21.
    pub(super) cron: &'static str,
}

impl Paths {
    pub(super) fn core(&self, resource: &str) -> String {
        format!("/api/v1/namespaces/{}/{resource}", self.namespace)
    }

    pub(super) fn of(&self, group: &str, resource: &str) -> String {
        format!("/apis/{group}/namespaces/{}/{resource}", self.namespace)
    }

    pub(super) fn kind(&self, kind: WorkloadKind) -> String {
        match kind {
            WorkloadKind::Deployment => self.of("apps/v1", "deployments"),
            WorkloadKind::StatefulSet => self.of("apps/v1", "statefulsets"),
            WorkloadKind::DaemonSet => self.of("apps/v1", "daemonsets"),
            WorkloadKind::CronJob => self.of(&format!("batch/{}", self.cron), "cronjobs"),
            WorkloadKind::Job => self.of("batch/v1", "jobs"),
            // A cluster shows no others.
            WorkloadKind::Other | WorkloadKind::Service | WorkloadKind::Datastore | WorkloadKind::Site => {
                self.core("pods")
            }
        }
    }
}

pub(super) fn calls(
    paths: &Paths,
    act: &Act,
    component: &Component,
    now: Timestamp,
) -> Result<Vec<Call>, PlatformError> {
    let Some(workload) = &component.workload else {
        return Err(PlatformError::refused(
            format!("nothing is known of what `{}` is", component.name),
            format!("no se sabe qué es `{}`", component.name),
        ));
    };
    let path = format!("{}/{}", paths.kind(workload.kind), workload.name);
    let merge = |body: serde_json::Value| {
        let request = ClusterRequest::Merge { path: path.clone(), body };
        Ok(vec![Call::Cluster { request }])
    };
    match act {
        Act::Restart { .. } => {
            can_roll_out(workload, &component.name)?;
            let at = now.to_string();
            merge(json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED: at}}}}}))
        }
        Act::Limit { cpu_millis, memory } => {
            can_roll_out(workload, &component.name)?;
            let mut limits = serde_json::Map::new();
            limits.extend(cpu_millis.map(|millis| ("cpu".to_owned(), json!(format!("{millis}m")))));
            limits.extend(memory.map(|bytes| ("memory".to_owned(), json!(bytes.to_string()))));
            let container = json!({"name": workload.container, "resources": {"limits": limits}});
            let body = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
            Ok(vec![Call::Cluster { request: ClusterRequest::MergeByName { path, body } }])
        }
        Act::Scale { replicas } => {
            can_scale(workload, &component.name)?;
            merge(json!({"spec": {"replicas": replicas}}))
        }
        Act::Make { .. } => Err(crate::nothing_made("kubernetes")),
        Act::Remove { instances } => remove(paths, workload, &component.name, instances),
        Act::Stop => merge(switch(workload, &component.name, None)?),
        Act::Start { replicas, .. } => merge(switch(workload, &component.name, Some(*replicas))?),
    }
}

/// Takes away each of the pods that are stuck, and is still the one that was seen: itself, then what holds it.
fn remove(paths: &Paths, workload: &Workload, name: &str, wanted: &[String]) -> Result<Vec<Call>, PlatformError> {
    let mut calls = Vec::new();
    for pod in wanted {
        let Some(stuck) = workload.stuck.iter().find(|stuck| stuck.name == *pod) else {
            return Err(refused(
                Text::new(
                    format!("{pod} of `{name}` is not stuck, or not any more"),
                    format!("{pod} de `{name}` no está atascado, o ya no"),
                ),
                None,
            ));
        };
        let path = paths.core(&format!("pods/{pod}"));
        let id = &stuck.id;
        let body = json!({"gracePeriodSeconds": 0, "preconditions": {"uid": id}});
        calls.push(Call::Cluster { request: ClusterRequest::Delete { path: path.clone(), body } });
        if !stuck.finalizers.is_empty() {
            let body = json!({"metadata": {"uid": id, "finalizers": null}});
            calls.push(Call::Cluster { request: ClusterRequest::Merge { path, body } });
        }
    }
    Ok(calls)
}

/// The patch that stops a workload, or starts it with as many as this.
fn switch(workload: &Workload, name: &str, replicas: Option<u32>) -> Result<serde_json::Value, PlatformError> {
    match workload.kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet => {
            Ok(json!({"spec": {"replicas": replicas.unwrap_or(0)}}))
        }
        WorkloadKind::CronJob => Ok(json!({"spec": {"suspend": replicas.is_none()}})),
        // No node has the label; without the condition, the template is what it was.
        WorkloadKind::DaemonSet => {
            let label = if replicas.is_none() { json!("true") } else { json!(null) };
            Ok(json!({"spec": {"template": {"spec": {"nodeSelector": {STOPPED: label}}}}}))
        }
        WorkloadKind::Job => Err(refused(
            Text::new(
                format!("`{name}` is a job, which ends by itself: to stop it is to delete it"),
                format!("`{name}` es un job, que termina solo: detenerlo es borrarlo"),
            ),
            Some(Text::same(format!("kubectl delete job {}", workload.name))),
        )),
        WorkloadKind::Other | WorkloadKind::Service | WorkloadKind::Datastore | WorkloadKind::Site => Err(refused(
            Text::new(
                format!("`{name}` belongs to nothing that Sereno knows to stop and to start again"),
                format!("`{name}` no es de nada que Sereno sepa detener y volver a iniciar"),
            ),
            None,
        )),
    }
}

/// Whether a new template would replace all its pods.
fn can_roll_out(workload: &Workload, name: &str) -> Result<(), PlatformError> {
    if !matches!(workload.kind, WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet) {
        let kind = workload.kind.text();
        return Err(refused(
            Text::new(
                format!("`{name}` is {}: nothing would replace its pods", kind.en),
                format!("`{name}` es {}: nada reemplazaría sus pods", kind.es),
            ),
            None,
        ));
    }
    let kind = workload.kind.as_str();
    let resume = Some(Text::same(format!("kubectl rollout resume {kind}/{}", workload.name)));
    for hindrance in &workload.hindrances {
        let (text, hint) = match hindrance {
            Hindrance::Paused => (
                Text::new(
                    format!("the rollouts of `{name}` are paused: nothing would be replaced"),
                    format!("los despliegues de `{name}` están en pausa: no se reemplazaría nada"),
                ),
                resume.clone(),
            ),
            Hindrance::OnDelete => (
                Text::new(
                    format!("the pods of `{name}` are replaced only when somebody deletes them (OnDelete)"),
                    format!("los pods de `{name}` solo se reemplazan cuando alguien los borra (OnDelete)"),
                ),
                None,
            ),
            Hindrance::Partitioned { from } => (
                Text::new(
                    format!("only the pods of `{name}` from number {from} on would be replaced (partition)"),
                    format!("solo se reemplazarían los pods de `{name}` desde el número {from} (partition)"),
                ),
                None,
            ),
            Hindrance::Autoscaled { .. } | Hindrance::Disk | Hindrance::Spread { .. } => continue,
        };
        return Err(refused(text, hint));
    }
    Ok(())
}

fn can_scale(workload: &Workload, name: &str) -> Result<(), PlatformError> {
    if !workload.kind.counts() {
        let kind = workload.kind.text();
        return Err(refused(
            Text::new(
                format!("`{name}` is {}: it has no replicas to scale", kind.en),
                format!("`{name}` es {}: no tiene réplicas que escalar", kind.es),
            ),
            None,
        ));
    }
    let by = workload.hindrances.iter().find_map(|hindrance| match hindrance {
        Hindrance::Autoscaled { by } => Some(by),
        _ => None,
    });
    match by {
        None => Ok(()),
        Some(by) => Err(refused(
            Text::new(
                format!("the autoscaler `{by}` decides how many `{name}` has, and would undo it"),
                format!("el autoscaler `{by}` decide cuántos tiene `{name}`, y lo desharía"),
            ),
            Some(Text::same(format!(
                "kubectl patch hpa {by} -p '{{\"spec\":{{\"minReplicas\":…,\"maxReplicas\":…}}}}'"
            ))),
        )),
    }
}

fn refused(text: Text, hint: Option<Text>) -> PlatformError {
    PlatformError::Refused { en: text.en, es: text.es, hint: hint.map(Box::new) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stuck;

    fn component(kind: WorkloadKind, hindrances: Vec<Hindrance>) -> Component {
        let stuck = [("api-0", "u0", None), ("api-1", "u1", Some("a/b"))].map(|(name, id, finalizer)| Stuck {
            name: name.to_owned(),
            id: id.to_owned(),
            finalizers: finalizer.into_iter().map(str::to_owned).collect(),
        });
        let workload = Workload {
            kind,
            name: "api".to_owned(),
            container: "app".to_owned(),
            on: true,
            settled: true,
            releases: Vec::new(),
            hindrances,
            stuck: stuck.into(),
        };
        Component { workload: Some(workload), ..Component::of("api".to_owned(), 1, None, Vec::new(), false) }
    }

    fn said(kind: WorkloadKind, hindrances: Vec<Hindrance>, act: &Act) -> String {
        let paths = Paths { namespace: "shop".to_owned(), cron: "v1beta1" };
        let now = "2026-11-26T10:00:00.25Z".parse().expect("a time");
        match calls(&paths, act, &component(kind, hindrances), now) {
            Ok(calls) => calls.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Err(error) => format!("refused: {error}"),
        }
    }

    #[test]
    fn each_act_is_one_patch_of_what_it_names_and_of_nothing_else() {
        use WorkloadKind::{CronJob, DaemonSet, Deployment, StatefulSet};
        let restart = Act::Restart { instances: Vec::new() };
        let start = Act::Start { instances: Vec::new(), replicas: 3 };
        let limit = Act::Limit { cpu_millis: Some(500), memory: Some(1 << 27) };
        let shown = [
            said(Deployment, Vec::new(), &restart),
            said(StatefulSet, Vec::new(), &Act::Scale { replicas: 2 }),
            said(Deployment, Vec::new(), &limit),
            said(Deployment, Vec::new(), &Act::Stop),
            said(Deployment, Vec::new(), &start),
            said(DaemonSet, Vec::new(), &Act::Stop),
            said(DaemonSet, Vec::new(), &start),
            said(CronJob, Vec::new(), &Act::Stop),
            said(CronJob, Vec::new(), &start),
        ];
        insta::assert_snapshot!(shown.join("\n"), @r#"
        PATCH /apis/apps/v1/namespaces/shop/deployments/api {"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-26T10:00:00.25Z"}}}}}
        PATCH /apis/apps/v1/namespaces/shop/statefulsets/api {"spec":{"replicas":2}}
        PATCH /apis/apps/v1/namespaces/shop/deployments/api {"spec":{"template":{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"500m","memory":"134217728"}}}]}}}}
        PATCH /apis/apps/v1/namespaces/shop/deployments/api {"spec":{"replicas":0}}
        PATCH /apis/apps/v1/namespaces/shop/deployments/api {"spec":{"replicas":3}}
        PATCH /apis/apps/v1/namespaces/shop/daemonsets/api {"spec":{"template":{"spec":{"nodeSelector":{"sereno.stopped":"true"}}}}}
        PATCH /apis/apps/v1/namespaces/shop/daemonsets/api {"spec":{"template":{"spec":{"nodeSelector":{"sereno.stopped":null}}}}}
        PATCH /apis/batch/v1beta1/namespaces/shop/cronjobs/api {"spec":{"suspend":true}}
        PATCH /apis/batch/v1beta1/namespaces/shop/cronjobs/api {"spec":{"suspend":false}}
        "#);
    }

    #[test]
    fn only_a_pod_that_is_stuck_is_taken_away_and_only_the_one_that_was_seen() {
        let remove =
            |pod: &str| said(WorkloadKind::Deployment, Vec::new(), &Act::Remove { instances: vec![pod.to_owned()] });
        insta::assert_snapshot!([remove("api-0"), remove("api-1"), remove("api-2")].join("\n"), @r#"
        DELETE /api/v1/namespaces/shop/pods/api-0 {"gracePeriodSeconds":0,"preconditions":{"uid":"u0"}}
        DELETE /api/v1/namespaces/shop/pods/api-1 {"gracePeriodSeconds":0,"preconditions":{"uid":"u1"}}
        PATCH /api/v1/namespaces/shop/pods/api-1 {"metadata":{"uid":"u1","finalizers":null}}
        refused: api-2 of `api` is not stuck, or not any more
        "#);
    }

    #[test]
    fn what_would_have_no_effect_is_refused_with_its_reason() {
        use WorkloadKind::{CronJob, DaemonSet, Deployment, Job, Other, StatefulSet};
        let restart = Act::Restart { instances: Vec::new() };
        let limit = Act::Limit { cpu_millis: Some(500), memory: None };
        let scale = Act::Scale { replicas: 2 };
        for (kind, hindrance, act, reason) in [
            (Deployment, Some(Hindrance::Paused), &restart, "are paused"),
            (Deployment, Some(Hindrance::Paused), &limit, "are paused"),
            (StatefulSet, Some(Hindrance::OnDelete), &restart, "OnDelete"),
            (StatefulSet, Some(Hindrance::Partitioned { from: 2 }), &restart, "from number 2 on"),
            (Deployment, Some(Hindrance::Autoscaled { by: "web".to_owned() }), &scale, "autoscaler `web`"),
            (DaemonSet, None, &scale, "no replicas"),
            (Job, None, &scale, "no replicas"),
            (Job, None, &restart, "is a job"),
            (CronJob, None, &restart, "is a cronjob"),
            (Job, None, &Act::Stop, "to stop it is to delete it"),
            (Other, None, &Act::Stop, "belongs to nothing"),
        ] {
            let said = said(kind, hindrance.into_iter().collect(), act);
            assert!(said.starts_with("refused: ") && said.contains(reason), "{kind:?} {act:?}: {said}");
        }
        let autoscaled = vec![Hindrance::Autoscaled { by: "web".to_owned() }];
        assert!(said(Deployment, autoscaled, &restart).starts_with("PATCH"), "it may be restarted all the same");
    }
}
