//! Every way in which a pod or what made it can stand, from the server's own JSON.

use super::*;
use crate::workload::{Hindrance, WorkloadKind};
use crate::{ExitReason, Instance, InstanceState, Limits, Standing, Stuck};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const NOW: &str = "2026-11-26T10:10:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn from<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the server's JSON")
}

fn owner(kind: &str, name: &str, uid: &str) -> Value {
    json!([{"apiVersion": "v1", "kind": kind, "name": name, "uid": uid, "controller": true}])
}

fn template() -> Value {
    json!({"metadata": {}, "spec": {"containers": [{
        "name": "api",
        "image": "registry.example.com:5000/team/api:1.4.2",
        "readinessProbe": {"periodSeconds": 5, "failureThreshold": 2},
        "resources": {"limits": {"cpu": "500m", "memory": "128Mi"}},
    }]}})
}

/// A deployment of two that was carried out, of the replica set `rs`.
fn deployment() -> Value {
    json!({
        "metadata": {"name": "api", "uid": "d", "generation": 3},
        "spec": {"replicas": 2, "selector": {}, "template": template()},
        "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
    })
}

/// A pod of the deployment, with the state of its container and its conditions.
#[expect(clippy::needless_pass_by_value, reason = "callers have nothing else to do with the JSON")]
fn pod(uid: &str, state: Value, ready: bool, more: Value) -> Pod {
    let condition = if ready { "True" } else { "False" };
    let mut pod = json!({
        "metadata": {
            "name": format!("api-{uid}"), "uid": uid, "creationTimestamp": "2026-11-26T10:00:00Z",
            "ownerReferences": owner("ReplicaSet", "api-rs", "rs"),
        },
        "spec": {"nodeName": "n1", "containers": template()["spec"]["containers"]},
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Initialized", "status": "True"},
                {"type": "Ready", "status": condition, "lastTransitionTime": "2026-11-26T10:00:00Z"},
            ],
            "containerStatuses": [{
                "name": "api", "ready": ready, "restartCount": 0, "image": "i", "imageID": "", "state": state,
            }],
        },
    });
    merge(&mut pod, &more);
    from(pod)
}

/// What is set in the second goes into the first; lists of one go item into item.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) if into.len() == 1 && from.len() == 1 => merge(&mut into[0], &from[0]),
        (into, from) => *into = from.clone(),
    }
}

fn running(at: &str) -> Value {
    json!({"running": {"startedAt": at}})
}

fn well(uid: &str) -> Pod {
    pod(uid, running("2026-11-26T10:00:05Z"), true, json!({}))
}

fn snapshot(deployment: Value, pods: Vec<Pod>) -> Snapshot {
    let set = json!({
        "metadata": {"name": "api-rs", "uid": "rs", "ownerReferences": owner("Deployment", "api", "d")},
        "spec": {"selector": {}},
    });
    Snapshot { deployments: vec![from(deployment)], replica_sets: vec![from(set)], pods, ..Snapshot::default() }
}

fn api(snapshot: &Snapshot) -> Component {
    let components = snapshot.components(now());
    components.into_iter().find(|component| component.name == "api").expect("the deployment")
}

/// One pod as it stands in a deployment, and how that stands with it and a pod that is well.
fn beside(odd: Pod) -> (Instance, Component) {
    let component = api(&snapshot(deployment(), vec![odd, well("well")]));
    let instance = component.instances.iter().find(|instance| instance.id == "odd").expect("the pod").clone();
    (instance, component)
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"waiting": {"reason": reason, "message": message}})
}

fn why(instance: &Instance) -> &str {
    instance.why.as_ref().map(|why| why.en.as_str()).unwrap_or_default()
}

#[test]
fn a_deployment_that_does_its_work_is_read_whole() {
    let mut seen = snapshot(deployment(), vec![well("one"), well("two")]);
    let usage = Usage { cpu_millis: Some(20), memory: 1 << 20 };
    seen.usages.insert(("api-one".to_owned(), "api".to_owned()), usage);
    let api = api(&seen);
    assert_eq!((api.standing, api.ready, api.desired), (Standing::Ok, 2, 2));
    assert_eq!(api.version.as_deref(), Some("1.4.2"));
    let one = &api.instances[0];
    assert_eq!((one.name.as_str(), one.state, one.checked), ("api-one", InstanceState::Running, true));
    assert_eq!(one.limits, Limits { cpu_millis: Some(500), memory: Some(128 << 20) });
    assert_eq!(one.usage, Some(usage));
    assert_eq!(one.started_at.map(|at| at.to_string()).as_deref(), Some("2026-11-26T10:00:05Z"));
    let workload = api.workload.expect("a workload");
    assert_eq!((workload.kind, workload.container.as_str()), (WorkloadKind::Deployment, "api"));
    assert!(workload.on && workload.settled && workload.hindrances.is_empty());
}

#[test]
fn a_loop_of_crashes_tells_how_it_ended_last() {
    let crashed = |end: Value| {
        let more = json!({"status": {"containerStatuses": [{"restartCount": 4, "lastState": {"terminated": end}}]}});
        let (instance, component) = beside(pod("odd", waiting("CrashLoopBackOff", "back-off 40s"), false, more));
        assert_eq!((instance.state, instance.restarts), (InstanceState::Restarting, 4));
        assert_eq!(component.standing, Standing::Degraded);
        (instance.last_exit.clone().expect("it ended").reason, why(&instance).to_owned())
    };
    let at = "2026-11-26T10:09:00Z";
    assert_eq!(crashed(json!({"exitCode": 3, "reason": "Error", "finishedAt": at})).0, ExitReason::Failed);
    assert_eq!(crashed(json!({"exitCode": 137, "reason": "OOMKilled"})).0, ExitReason::OomKilled);
    assert_eq!(crashed(json!({"exitCode": 139, "reason": "Error"})).0, ExitReason::Signal(11));
    assert_eq!(crashed(json!({"exitCode": 0, "reason": "Completed"})).0, ExitReason::Completed);
    let cannot_run = json!({"exitCode": 127, "reason": "ContainerCannotRun", "message": "exec: \"lab\": not found"});
    assert_eq!(crashed(cannot_run).0, ExitReason::NotStarted("exec: \"lab\": not found".to_owned()));
    let words = json!({"exitCode": 1, "reason": "Error", "message": "connecting\nno DATABASE_URL\n"});
    assert_eq!(crashed(words).1, "no DATABASE_URL");
}

#[test]
fn what_cannot_start_says_why_in_the_platforms_words() {
    for (reason, message) in [
        ("ErrImagePull", "manifest for api:9 not found"),
        ("ImagePullBackOff", "Back-off pulling image \"api:9\""),
        ("ErrImageNeverPull", "Container image \"api:9\" is not present with pull policy of Never"),
        ("InvalidImageName", "couldn't parse image reference \"API:\""),
        ("CreateContainerConfigError", "secret \"db\" not found"),
        ("RunContainerError", "no such file"),
    ] {
        let (instance, component) = beside(pod("odd", waiting(reason, message), false, json!({})));
        assert_eq!((instance.state, component.standing), (InstanceState::Created, Standing::Degraded), "{reason}");
        let said = ExitReason::NotStarted(format!("{reason}: {message}"));
        assert_eq!(instance.last_exit.expect("told").reason, said);
    }
}

#[test]
fn a_container_that_is_just_being_made_is_starting_and_one_that_cannot_be_is_not() {
    let making = || pod("odd", json!({"waiting": {"reason": "ContainerCreating"}}), false, json!({}));
    assert_eq!(beside(making()).0.state, InstanceState::Starting);
    let mut seen = snapshot(deployment(), vec![making(), well("well")]);
    seen.events = vec![event("odd", "FailedMount", "secret \"tls\" not found", "2026-11-26T10:09:00Z")];
    let api = api(&seen);
    let instance = api.instances.iter().find(|instance| instance.id == "odd").expect("the pod");
    assert_eq!((instance.state, why(instance)), (InstanceState::Created, "secret \"tls\" not found"));
    assert_eq!(api.standing, Standing::Degraded);
}

fn event(uid: &str, reason: &str, message: &str, at: &str) -> Event {
    from(json!({
        "metadata": {}, "type": "Warning", "reason": reason, "message": message, "lastTimestamp": at,
        "involvedObject": {"kind": "Pod", "uid": uid},
    }))
}

#[test]
fn a_failing_probe_is_told_and_counts_once_its_time_is_over() {
    let told = |since: &str, moved: &str| {
        let conditions = json!([{"type": "Ready", "status": "False", "lastTransitionTime": moved}]);
        let odd = pod("odd", running(since), false, json!({"status": {"conditions": conditions}}));
        let mut seen = snapshot(deployment(), vec![odd, well("well")]);
        let said = "Readiness probe failed: dial tcp 10.0.0.3:3000: connect: connection refused";
        let earlier = event("odd", "Unhealthy", "Liveness probe failed", "2026-11-26T10:00:30Z");
        seen.events = vec![event("odd", "Unhealthy", said, NOW), earlier, event("other", "Unhealthy", "x", NOW)];
        let instance = api(&seen).instances.iter().find(|i| i.id == "odd").expect("the pod").clone();
        assert_eq!(why(&instance), said);
        instance.state
    };
    // Its probe is given two times five seconds.
    assert_eq!(told("2026-11-26T10:09:55Z", "2026-11-26T10:09:50Z"), InstanceState::Starting);
    assert_eq!(told("2026-11-26T10:09:45Z", "2026-11-26T10:09:40Z"), InstanceState::Unhealthy);
    // It was ready, and is not any more.
    assert_eq!(told("2026-11-26T10:09:52Z", "2026-11-26T10:09:58Z"), InstanceState::Unhealthy);
}

#[test]
fn no_node_a_lost_node_and_an_eviction_are_told_apart() {
    let conditions = json!([{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient memory."}]);
    let more = json!({"status": {"phase": "Pending", "conditions": conditions, "containerStatuses": null}});
    let (instance, _) = beside(pod("odd", json!({}), false, more));
    assert_eq!(instance.state, InstanceState::Created);
    assert_eq!(why(&instance), "no node takes it: 0/1 nodes: Insufficient memory.");
    let mut seen = snapshot(deployment(), vec![well("one"), well("two")]);
    seen.lost_nodes.insert("n1".to_owned());
    let lost = api(&seen);
    assert_eq!((lost.standing, lost.ready), (Standing::Unknown, 0));
    assert_eq!(why(&lost.instances[0]), "its node n1 does not answer");
    let evicted = |uid: &str| {
        let status = json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory.", "containerStatuses": null});
        pod(uid, json!({}), false, json!({"status": status}))
    };
    let (instance, _) = beside(evicted("odd"));
    assert_eq!((instance.state, why(&instance)), (InstanceState::Exited, "The node was low on resource: memory."));
    let past = snapshot(deployment(), vec![well("one"), well("two"), evicted("three")]);
    assert_eq!(api(&past).instances.len(), 2, "what was evicted and has been replaced is over");
}

#[test]
fn a_container_that_prepares_the_pod_and_fails_is_named() {
    let init = |state: Value| {
        let inits = json!([{"name": "migrate", "ready": false, "restartCount": 2, "image": "i", "imageID": "", "state": state}]);
        let status = json!({"phase": "Pending", "initContainerStatuses": inits});
        beside(pod("odd", json!({"waiting": {"reason": "PodInitializing"}}), false, json!({"status": status}))).0
    };
    let failed = init(json!({"terminated": {"exitCode": 1, "reason": "Error"}}));
    assert_eq!((failed.state, why(&failed)), (InstanceState::Restarting, "container migrate"));
    assert_eq!(failed.last_exit.expect("it ended").code, Some(1));
    let works = init(running("2026-11-26T10:09:50Z"));
    assert_eq!((works.state, why(&works)), (InstanceState::Starting, "container migrate: still prepares the others"));
}

#[test]
fn what_is_being_taken_away_is_not_counted_and_is_stuck_after_its_time() {
    let leaving = |deletion: &str, finalizers: Value| {
        let meta = json!({"deletionTimestamp": deletion, "finalizers": finalizers});
        beside(pod("odd", running("2026-11-26T10:00:05Z"), true, json!({"metadata": meta})))
    };
    let (instance, component) = leaving("2026-11-26T10:10:10Z", json!([]));
    assert_eq!((instance.state, why(&instance), component.ready), (InstanceState::Terminating, "", 1));
    assert_eq!(why(&leaving("2026-11-26T10:09:00Z", json!([])).0), "stuck: its time to end is over");
    assert_eq!(why(&leaving("2026-11-26T10:09:00Z", json!(["a/b"])).0), "stuck: waits for a/b");
}

#[test]
fn what_nobody_takes_away_is_named_with_what_it_waits_for() {
    let stuck = |deletion: &str, finalizers: Value, is_lost: bool| {
        let meta = json!({"deletionTimestamp": deletion, "finalizers": finalizers});
        let odd = pod("odd", running("2026-11-26T10:00:05Z"), true, json!({"metadata": meta}));
        let mut seen = snapshot(deployment(), vec![odd]);
        seen.lost_nodes.extend(is_lost.then(|| "n1".to_owned()));
        api(&seen).workload.expect("a workload").stuck
    };
    let minute_ago = "2026-11-26T10:09:00Z";
    assert_eq!(stuck(minute_ago, json!([]), false), [], "its machine answers, and may still be at it");
    assert_eq!(stuck("2026-11-26T10:09:50Z", json!([]), true), [], "its time is hardly over");
    let named = |finalizers: &[&str]| {
        let finalizers = finalizers.iter().map(|name| (*name).to_owned()).collect();
        [Stuck { name: "api-odd".to_owned(), id: "odd".to_owned(), finalizers }]
    };
    assert_eq!(stuck(minute_ago, json!([]), true), named(&[]));
    assert_eq!(stuck(minute_ago, json!(["a/b"]), false), named(&["a/b"]));
    assert_eq!(stuck("2026-11-26T10:04:00Z", json!([]), false), named(&[]));
}

#[test]
fn a_deployment_in_the_middle_of_a_rollout_is_not_settled() {
    for (key, value) in [("observedGeneration", 2), ("updatedReplicas", 1), ("replicas", 3), ("availableReplicas", 1)] {
        let mut moving = deployment();
        moving["status"][key] = json!(value);
        let workload = api(&snapshot(moving, vec![well("one"), well("two")])).workload.expect("a workload");
        assert!(!workload.settled, "{key}");
    }
}

#[test]
fn scaled_to_none_paused_and_autoscaled_are_told() {
    let mut none = deployment();
    merge(&mut none, &json!({"spec": {"replicas": 0}, "status": {"replicas": 0, "readyReplicas": 0}}));
    let stopped = api(&snapshot(none, Vec::new()));
    assert_eq!((stopped.standing, stopped.is_on()), (Standing::Stopped, false));
    let mut paused = deployment();
    merge(&mut paused, &json!({"spec": {"paused": true}}));
    let mut seen = snapshot(paused, vec![well("one"), well("two")]);
    let target = json!({"kind": "Deployment", "name": "api", "apiVersion": "apps/v1"});
    let scaler = json!({"metadata": {"name": "web"}, "spec": {"maxReplicas": 5, "scaleTargetRef": target}});
    seen.autoscalers = vec![from(scaler)];
    let api = api(&seen);
    assert_eq!(api.notes[0].en, "its rollouts are paused");
    let hindrances = api.workload.expect("a workload").hindrances;
    assert_eq!(hindrances, [Hindrance::Paused, Hindrance::Autoscaled { by: "web".to_owned() }]);
}

#[test]
fn a_rollout_that_does_not_come_on_and_pods_that_may_not_be_made_are_trouble() {
    let mut stuck = deployment();
    let condition =
        |kind: &str, status: &str, message: &str| json!([{"type": kind, "status": status, "message": message}]);
    stuck["status"]["conditions"] =
        condition("Progressing", "False", "ReplicaSet \"api-2\" has timed out progressing.");
    let api_stuck = api(&snapshot(stuck, vec![well("one"), well("two")]));
    assert_eq!(api_stuck.standing, Standing::Degraded);
    assert_eq!(api_stuck.notes[0].en, "ReplicaSet \"api-2\" has timed out progressing.");
    let mut refused = deployment();
    refused["status"]["conditions"] = condition("ReplicaFailure", "True", "exceeded quota: few");
    let none = api(&snapshot(refused, Vec::new()));
    assert_eq!((none.standing, none.notes[0].en.as_str()), (Standing::Down, "exceeded quota: few"));
}

#[test]
fn pods_belong_to_what_made_them_whatever_their_labels_say() {
    let mut stranger: Value = serde_json::to_value(well("stranger")).expect("JSON");
    stranger["metadata"]["ownerReferences"] = owner("ReplicaSet", "old", "another");
    let mut alone: Value = serde_json::to_value(well("alone")).expect("JSON");
    alone["metadata"]["ownerReferences"] = json!(null);
    let seen = snapshot(deployment(), vec![well("one"), well("two"), from(stranger), from(alone)]);
    let components = seen.components(now());
    let shown: Vec<(&str, u32)> = components.iter().map(|c| (c.name.as_str(), c.ready)).collect();
    assert_eq!(shown, [("api", 2), ("api-alone", 1), ("old", 1)]);
}

#[expect(clippy::needless_pass_by_value, reason = "callers have nothing else to do with the JSON")]
fn job(name: &str, uid: &str, owner: Value, condition: Value) -> Job {
    from(json!({
        "metadata": {"name": name, "uid": uid, "ownerReferences": owner, "creationTimestamp": format!("2026-11-26T0{}:00:00Z", uid.len())},
        "spec": {"template": template()},
        "status": {"conditions": condition},
    }))
}

fn ended(kind: &str, message: &str) -> Value {
    json!([{"type": kind, "status": "True", "message": message}])
}

#[test]
fn jobs_end_well_fail_or_are_at_work() {
    let seen = Snapshot {
        jobs: vec![
            job("good", "a", Value::Null, ended("Complete", "")),
            job("bad", "b", Value::Null, ended("Failed", "Job has reached the specified backoff limit")),
            job("new", "c", Value::Null, Value::Null),
        ],
        ..Snapshot::default()
    };
    let shown: Vec<_> = seen.components(now()).into_iter().map(|c| (c.name.clone(), c.standing, c.is_on())).collect();
    let expected =
        [("bad", Standing::Down, false), ("good", Standing::Completed, false), ("new", Standing::Starting, true)];
    assert_eq!(shown, expected.map(|(name, standing, on)| (name.to_owned(), standing, on)));
}

#[test]
fn a_clock_stands_as_its_last_job_did_and_is_off_when_suspended() {
    let cron = |suspend: bool, jobs: Vec<Job>| {
        let spec =
            json!({"schedule": "* * * * *", "suspend": suspend, "jobTemplate": {"spec": {"template": template()}}});
        let cron = json!({"metadata": {"name": "report", "uid": "k"}, "spec": spec});
        let seen = Snapshot { cron_jobs: vec![from(cron)], jobs, ..Snapshot::default() };
        let mut components = seen.components(now());
        assert_eq!(components.len(), 1, "its jobs are its own");
        let report = components.remove(0);
        (report.standing, report.is_on())
    };
    let by = |uid: &str, end: Value| job(uid, uid, owner("CronJob", "report", "k"), end);
    assert_eq!(cron(false, Vec::new()), (Standing::Ok, true));
    assert_eq!(cron(true, Vec::new()), (Standing::Stopped, false));
    let failed_then_well = vec![by("jj", ended("Complete", "")), by("j", ended("Failed", "no"))];
    assert_eq!(cron(false, failed_then_well), (Standing::Completed, true));
    assert_eq!(cron(false, vec![by("j", ended("Failed", "no"))]), (Standing::Down, true));
}

#[test]
fn sets_are_read_with_what_would_hinder_them() {
    let set = |strategy: Value| {
        let status = json!({"replicas": 1, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "a"});
        let spec = json!({"replicas": 1, "selector": {}, "serviceName": "db", "template": template(), "updateStrategy": strategy});
        let set = json!({"metadata": {"name": "db", "uid": "s"}, "spec": spec, "status": status});
        let seen = Snapshot { stateful_sets: vec![from(set)], ..Snapshot::default() };
        seen.components(now()).remove(0).workload.expect("a workload").hindrances
    };
    assert_eq!(set(json!({"type": "RollingUpdate"})), []);
    assert_eq!(set(json!({"type": "OnDelete"})), [Hindrance::OnDelete]);
    let partition = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    assert_eq!(set(partition), [Hindrance::Partitioned { from: 2 }]);
    let mut pod_template = template();
    pod_template["spec"]["nodeSelector"] = json!({STOPPED: "true"});
    let status =
        json!({"desiredNumberScheduled": 0, "currentNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0});
    let daemon = json!({"metadata": {"name": "agent", "uid": "n"}, "spec": {"selector": {}, "template": pod_template}, "status": status});
    let seen = Snapshot { daemon_sets: vec![from(daemon)], ..Snapshot::default() };
    let agent = seen.components(now()).remove(0);
    assert_eq!((agent.standing, agent.is_on()), (Standing::Stopped, false));
}

#[test]
fn what_two_kinds_call_alike_is_named_with_its_kind() {
    let mut seen = snapshot(deployment(), vec![well("one"), well("two")]);
    seen.jobs = vec![job("api", "j", Value::Null, ended("Complete", ""))];
    let names: Vec<String> = seen.components(now()).into_iter().map(|component| component.name).collect();
    assert_eq!(names, ["api", "job/api"]);
}
