//! What goes wrong on a cluster: mostly one line of a manifest.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{self, Kube};
use crate::failure::{Failure, Result};
use crate::host::wait;
use crate::stack::Stack;
use crate::systems::lotolink::BACKEND;

const SELECTOR: &str = "app=lotolink-backend";
const HOLD: &str = "lotolink.com/auditoria";
/// What the cluster says when a backend that has no database is asked whether it is ready.
pub(super) const NOT_READY: &str = "Readiness probe failed: HTTP probe failed with statuscode: 503";
const QUOTA: &str = "limite-de-pods";

pub(super) fn crash_loop(stack: &Stack<'_>) -> Result<()> {
    deploy(stack, &json!({"env": [{"name": "PORT", "value": "tres-mil"}]}))?;
    await_reason(stack, &["\"reason\":\"CrashLoopBackOff\""])?;
    super::await_status(stack, "/health", 502)
}

pub(super) fn out_of_memory(stack: &Stack<'_>) -> Result<()> {
    deploy(stack, &json!({"env": [{"name": "DRAW_CACHE_MIB", "value": "512"}]}))?;
    // Some engines do not say why the kernel killed it, only with which signal.
    await_reason(stack, &["\"reason\":\"OOMKilled\"", "\"exitCode\":137"])?;
    super::await_status(stack, "/health", 502)
}

pub(super) fn image_missing(stack: &Stack<'_>) -> Result<()> {
    // A registry that is not there, on the node itself: nobody else is asked.
    deploy(stack, &json!({"image": "localhost:9/lotolink/backend:v9.9.9"}))?;
    await_reason(stack, &["\"reason\":\"ErrImagePull\"", "\"reason\":\"ImagePullBackOff\""])?;
    super::await_status(stack, "/health", 502)
}

pub(super) fn probe_path(stack: &Stack<'_>) -> Result<()> {
    deploy(stack, &json!({"readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 3000}}}))?;
    await_event(stack, "Readiness probe failed: HTTP probe failed with statuscode: 404")?;
    super::await_status(stack, "/health", 502)
}

pub(super) fn liveness_path(stack: &Stack<'_>) -> Result<()> {
    deploy(stack, &json!({"livenessProbe": {"httpGet": {"path": "/alive", "port": 3000}}}))?;
    await_event(stack, "failed liveness probe, will be restarted")
}

pub(super) fn port_changed(stack: &Stack<'_>) -> Result<()> {
    deploy(stack, &json!({"env": [{"name": "PORT", "value": "8080"}]}))?;
    await_event(stack, "connection refused")?;
    super::await_status(stack, "/health", 502)
}

pub(super) fn unschedulable(stack: &Stack<'_>) -> Result<()> {
    deploy(stack, &json!({"resources": {"requests": {"memory": "4000Gi"}, "limits": {"memory": "4000Gi"}}}))?;
    await_reason(stack, &["\"reason\":\"Unschedulable\""])?;
    super::await_status(stack, "/health", 502)
}

pub(super) fn secret_missing(stack: &Stack<'_>) -> Result<()> {
    let from = json!({"secretKeyRef": {"name": "postgres-credenciales", "key": "password"}});
    deploy(stack, &json!({"env": [{"name": "DATABASE_PASSWORD", "valueFrom": from}]}))?;
    await_reason(stack, &["\"reason\":\"CreateContainerConfigError\""])?;
    super::await_status(stack, "/health", 502)
}

pub(super) fn service_selector(stack: &Stack<'_>) -> Result<()> {
    stack.kube()?.patch("service", BACKEND, &json!({"spec": {"selector": {"app": "lotolink-backned"}}}))?;
    super::await_status(stack, "/health", 502)
}

pub(super) fn database_name_gone(stack: &Stack<'_>) -> Result<()> {
    stack.kube()?.patch("service", "postgres-service", &json!({"spec": {"selector": {"app": "postgresql"}}}))?;
    // Those that are connected would not notice before they connect again.
    replace_all(stack)?;
    await_event(stack, NOT_READY)?;
    super::await_status(stack, "/health", 502)
}

/// Puts back what the manifests say, and returns when users are served again.
pub(super) fn reapply(stack: &Stack<'_>) -> Result<()> {
    for file in ["k8s/config.yaml", "k8s/postgres.yaml", "k8s/lotolink-backend.yaml"] {
        cluster::apply(stack, file)?;
    }
    stack.kube()?.await_rollout(BACKEND)?;
    stack.await_health()
}

pub(super) fn quota_full(stack: &Stack<'_>) -> Result<()> {
    let kube = stack.kube()?;
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": QUOTA}, "spec": {"hard": {"pods": "1"}},
    });
    kube.feed(&["apply", "-f", "-"], &quota.to_string())?;
    // A quota counts before it refuses.
    wait::slowly("the quota is in force", Duration::from_mins(1), || {
        Ok(kube.get("resourcequota", QUOTA)?.is_some_and(|found| found.pointer("/status/used/pods").is_some()))
    })?;
    let pod = one_pod(&kube)?;
    kube.run(&["delete", "pod", &pod, "--wait=false"])?;
    wait::slowly("a pod cannot be made", Duration::from_mins(2), || {
        let found = kube.get("deployment", BACKEND)?.unwrap_or_default();
        Ok(found.to_string().contains("\"type\":\"ReplicaFailure\""))
    })
}

pub(super) fn quota_gone(stack: &Stack<'_>) -> Result<()> {
    stack.kube()?.run(&["delete", "resourcequota", QUOTA, "--ignore-not-found"])?;
    // The controller leaves a pod that failed alone for longer and longer: a new rollout does not wait for it.
    roll(stack)?;
    stack.await_health()
}

pub(super) fn pod_stuck(stack: &Stack<'_>) -> Result<()> {
    let kube = stack.kube()?;
    let pod = one_pod(&kube)?;
    kube.patch("pod", &pod, &json!({"metadata": {"finalizers": [HOLD]}}))?;
    kube.run(&["delete", "pod", &pod, "--wait=false"])?;
    wait::slowly("the pod is at its end and stays", Duration::from_mins(3), || {
        let found = kube.get("pod", &pod)?.unwrap_or_default();
        let running = found.pointer("/status/containerStatuses/0/state/running").is_some();
        Ok(found.pointer("/metadata/deletionTimestamp").is_some() && !running)
    })?;
    kube.await_rollout(BACKEND)
}

pub(super) fn pod_free(stack: &Stack<'_>) -> Result<()> {
    let kube = stack.kube()?;
    let held = |pod: &Value| pod.pointer("/metadata/finalizers").is_some_and(|all| all.to_string().contains(HOLD));
    for pod in kube.list("pods", SELECTOR)?.iter().filter(|pod| held(pod)) {
        let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        kube.run(&["patch", "pod", name, "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#])?;
    }
    wait::slowly("the pod is gone", Duration::from_mins(2), || Ok(!kube.list("pods", SELECTOR)?.iter().any(held)))?;
    kube.await_rollout(BACKEND)
}

fn one_pod(kube: &Kube) -> Result<String> {
    pods(kube)?.into_iter().next().ok_or_else(|| Failure::new("the backend has no pod"))
}

/// The names of the pods that are not at their end.
fn pods(kube: &Kube) -> Result<Vec<String>> {
    let ending = |pod: &Value| pod.pointer("/metadata/deletionTimestamp").is_some();
    let name = |pod: &Value| pod.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);
    Ok(kube.list("pods", SELECTOR)?.iter().filter(|pod| !ending(pod)).filter_map(name).collect())
}

/// Waits until the cluster says something of a pod that is to stay.
pub(super) fn await_event(stack: &Stack<'_>, words: &str) -> Result<()> {
    let kube = stack.kube()?;
    wait::slowly(&format!("the events say {words}"), Duration::from_mins(3), || {
        let (pods, events) = (pods(&kube)?, kube.list("events", "")?);
        let text =
            |event: &Value, path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let of_ours = |event: &Value| pods.contains(&text(event, "/involvedObject/name"));
        Ok(events.iter().any(|event| of_ours(event) && text(event, "/message").contains(words)))
    })
}

/// Deploys a change of the backend's container in one go, as a team does that has never been bitten.
fn deploy(stack: &Stack<'_>, container: &Value) -> Result<()> {
    let mut container = container.clone();
    if let Some(fields) = container.as_object_mut() {
        fields.insert("name".to_owned(), BACKEND.into());
    }
    patch(stack, &json!({"spec": {"containers": [container]}}))
}

/// Replaces all pods at once, so that none of the old ones goes on serving.
pub(super) fn replace_all(stack: &Stack<'_>) -> Result<()> {
    let now = jiff::Timestamp::now().to_string();
    patch(stack, &json!({"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": now}}}))
}

fn patch(stack: &Stack<'_>, template: &Value) -> Result<()> {
    let strategy = json!({"rollingUpdate": {"maxUnavailable": "100%", "maxSurge": 0}});
    stack.kube()?.patch("deployment", BACKEND, &json!({"spec": {"strategy": strategy, "template": template}}))
}

/// Replaces the pods one after the other.
pub(super) fn roll(stack: &Stack<'_>) -> Result<()> {
    let kube = stack.kube()?;
    kube.run(&["rollout", "restart", &format!("deployment/{BACKEND}")])?;
    kube.await_rollout(BACKEND)
}

/// Waits until the status of a pod that is to stay holds one of these.
fn await_reason(stack: &Stack<'_>, reasons: &[&str]) -> Result<()> {
    let kube = stack.kube()?;
    let ending = |pod: &Value| pod.pointer("/metadata/deletionTimestamp").is_some();
    wait::slowly(&format!("a pod says {}", reasons.join(" or ")), Duration::from_mins(3), || {
        let pods = kube.list("pods", SELECTOR)?;
        let said: Vec<String> = pods.iter().filter(|pod| !ending(pod)).map(Value::to_string).collect();
        Ok(reasons.iter().any(|reason| said.iter().any(|pod| pod.contains(reason))))
    })
}
