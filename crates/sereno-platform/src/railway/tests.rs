//! Reading what Railway answers, in the shapes of its schema; no question is asked.

use super::calls::calls;
use super::read::{self, Seen};
use super::{Choice, Place, Railway, logs, of_project, of_token};
use crate::web::WebError;
use crate::{Act, Component, ExitReason, InstanceState, Standing};
use serde_json::{Value, json};

const OLD: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const NEW: &str = "22222222-aaaa-4bbb-8ccc-000000000002";

fn deployment(id: &str, status: &str, instances: &[&str]) -> Value {
    let instances: Vec<Value> = instances
        .iter()
        .enumerate()
        .map(|(n, status)| json!({"id": format!("{n}f0e1d2c-0000-4000-8000-{id}"), "status": status}))
        .collect();
    json!({
        "id": id, "status": status, "createdAt": if id == NEW { "2026-11-30T10:00:00Z" } else { "2026-11-29T10:00:00Z" },
        "meta": {"commitHash": "0123456789abcdef", "commitMessage": "Pay twice\nno more"},
        "deploymentStopped": false, "instances": instances,
    })
}

fn node(latest: &Value, active: &[Value]) -> Value {
    json!({
        "serviceId": "svc-1", "serviceName": "api", "numReplicas": 1, "cronSchedule": null, "healthcheckPath": null,
        "source": {"repo": "a/b", "image": null}, "latestDeployment": latest, "activeDeployments": active,
    })
}

fn shown(node: Value) -> Component {
    Seen::of(vec![node]).expect("a service").components().remove(0)
}

fn with(mut value: Value, key: &str, new: Value) -> Value {
    value[key] = new;
    value
}

#[test]
fn every_state_of_a_service_is_told() {
    let run = |id: &str| deployment(id, "SUCCESS", &["RUNNING"]);
    let alone = |one: Value| node(&one.clone(), &[one]);
    let stopped = with(deployment(OLD, "SUCCESS", &["STOPPED"]), "deploymentStopped", json!(true));
    let cron = |latest: Value| with(alone(latest), "cronSchedule", json!("0 * * * *"));
    for (what, component, standing, on, settled, ready) in [
        ("it runs", shown(alone(run(OLD))), Standing::Ok, true, true, 1),
        ("no list of active ones", shown(node(&run(OLD), &[])), Standing::Ok, true, true, 1),
        ("no list of instances", shown(alone(deployment(OLD, "SUCCESS", &[]))), Standing::Ok, true, true, 1),
        (
            "the next is built",
            shown(node(&deployment(NEW, "BUILDING", &[]), &[run(OLD)])),
            Standing::Ok,
            true,
            false,
            1,
        ),
        ("the first is built", shown(node(&deployment(NEW, "BUILDING", &[]), &[])), Standing::Down, true, false, 0),
        ("it starts", shown(alone(deployment(NEW, "DEPLOYING", &["RUNNING"]))), Standing::Starting, true, false, 0),
        ("it waits", shown(node(&deployment(NEW, "NEEDS_APPROVAL", &[]), &[run(OLD)])), Standing::Ok, true, false, 1),
        ("crashed", shown(alone(deployment(OLD, "CRASHED", &["CRASHED"]))), Standing::Down, true, true, 0),
        ("crashed, not listed", shown(node(&deployment(OLD, "CRASHED", &[]), &[])), Standing::Down, true, true, 0),
        ("in a loop", shown(alone(deployment(OLD, "SUCCESS", &["RESTARTING"]))), Standing::Down, true, true, 0),
        ("the next failed", shown(node(&deployment(NEW, "FAILED", &[]), &[run(OLD)])), Standing::Ok, true, true, 1),
        ("the first failed", shown(node(&deployment(NEW, "FAILED", &[]), &[])), Standing::Down, false, true, 0),
        ("stopped", shown(alone(stopped.clone())), Standing::Stopped, false, true, 0),
        ("stopped, none active", shown(node(&stopped, &[])), Standing::Stopped, false, true, 0),
        ("removed", shown(node(&deployment(OLD, "REMOVED", &["REMOVED"]), &[])), Standing::Stopped, false, true, 0),
        ("asleep", shown(alone(deployment(OLD, "SLEEPING", &["RUNNING"]))), Standing::Ok, true, true, 0),
        ("never deployed", shown(node(&Value::Null, &[])), Standing::Stopped, false, true, 0),
        ("at its times", shown(cron(deployment(OLD, "SUCCESS", &["EXITED"]))), Standing::Completed, true, true, 0),
        ("two of it", shown(with(alone(run(OLD)), "numReplicas", json!(2))), Standing::Degraded, true, true, 1),
    ] {
        let workload = component.workload.as_ref().expect("a workload");
        assert_eq!((component.standing, component.ready), (standing, ready), "{what}: {component:?}");
        assert_eq!((workload.on, workload.settled), (on, settled), "{what}");
    }
    let crashed = shown(alone(deployment(OLD, "CRASHED", &["CRASHED"])));
    assert_eq!(crashed.instances[0].last_exit.as_ref().map(|exit| exit.reason.clone()), Some(ExitReason::Failed));
    let leaving = shown(node(&run(NEW), &[run(NEW), deployment(OLD, "REMOVING", &["RUNNING"])]));
    let states: Vec<InstanceState> = leaving.instances.iter().map(|instance| instance.state).collect();
    assert_eq!(states, [InstanceState::Running, InstanceState::Terminating], "the old one is not gone yet");
    assert_eq!(leaving.workload.map(|workload| workload.settled), Some(false));
}

#[test]
fn a_new_deployment_has_other_marks_and_replicas_are_told_apart() {
    let of = |id: &str| {
        let one = deployment(id, "SUCCESS", &["RUNNING", "RUNNING"]);
        shown(with(node(&one.clone(), &[one]), "numReplicas", json!(2)))
    };
    let (old, new) = (of(OLD), of(NEW));
    assert_eq!((old.standing, old.instances.len()), (Standing::Ok, 2));
    assert_eq!(old.version.as_deref(), Some("0123456"));
    let ids: std::collections::BTreeSet<&str> =
        old.instances.iter().chain(&new.instances).map(|instance| instance.id.as_str()).collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
    assert!(ids.iter().all(|id| id.len() == 12), "a mark has no more letters: {ids:?}");
    assert_eq!(read::owner(&old, &old.instances[1]), Some(OLD));
    let tag = format!("0f0e1d2c-0000-4000-8000-{OLD}");
    assert_eq!(read::name_of("api", OLD, &tag), old.instances[0].name);
}

#[test]
fn each_act_is_the_mutations_that_carry_it_out() {
    let run = deployment(OLD, "SUCCESS", &["RUNNING"]);
    let api = shown(node(&run, std::slice::from_ref(&run)));
    let regions = json!({"serviceManifest": {"deploy": {"multiRegionConfig": {
        "us-west1": {"numReplicas": 1}, "europe-west4": {"numReplicas": 2}}}}});
    let spread = with(run.clone(), "meta", regions);
    let spread = shown(node(&spread, std::slice::from_ref(&spread)));
    assert_eq!(spread.desired, 3);
    let volume = with(run.clone(), "meta", json!({"volumeMounts": ["/data"]}));
    let volume = shown(node(&volume, std::slice::from_ref(&volume)));
    let cron = shown(with(node(&run, std::slice::from_ref(&run)), "cronSchedule", json!("0 * * * *")));
    let never = shown(node(&Value::Null, &[]));
    let (restart, start) = (Act::Restart { instances: Vec::new() }, Act::Start { instances: Vec::new(), replicas: 1 });
    let scale = |replicas| Act::Scale { replicas };
    let one = r#"{"serviceId":"svc-1","environmentId":"env-1""#;
    let redeploy = format!(r#"POST /graphql/v2 deploymentRedeploy {{"id":"{OLD}","usePreviousImageTag":true}}"#);
    for (component, act, wanted) in [
        (&api, &restart, redeploy.clone()),
        (&api, &start, redeploy),
        (&api, &Act::Stop, format!(r#"POST /graphql/v2 deploymentStop {{"id":"{OLD}"}}"#)),
        (
            &api,
            &scale(3),
            format!(
                "POST /graphql/v2 serviceInstanceUpdate {one},\"input\":{{\"numReplicas\":3}}}}\n\
                 POST /graphql/v2 serviceInstanceRedeploy {one}}}"
            ),
        ),
        (&never, &start, format!("POST /graphql/v2 serviceInstanceRedeploy {one}}}")),
        (&api, &scale(0), "to 0".to_owned()),
        (&spread, &scale(4), "several regions (europe-west4, us-west1)".to_owned()),
        (&volume, &scale(2), "has a volume".to_owned()),
        (&cron, &scale(2), "is a cronjob".to_owned()),
        (&cron, &Act::Stop, "its schedule".to_owned()),
        (&api, &Act::Limit { cpu_millis: None, memory: Some(1) }, "limits belong to the plan".to_owned()),
        (&api, &Act::Remove { instances: Vec::new() }, "nothing gets stuck".to_owned()),
    ] {
        let said = match calls("env-1", act, component) {
            Ok(calls) => calls.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Err(error) => {
                let text = error.text();
                assert!(text.en != text.es, "in both languages: {}", text.en);
                text.en
            }
        };
        let is_so = if wanted.starts_with("POST") { said == wanted } else { said.contains(&wanted) };
        assert!(is_so, "{act:?}: {said}\nwanted {wanted}");
    }
}

#[test]
fn which_environment_is_meant_is_said_or_asked_for() {
    let project = |names: &[&str]| {
        let edges: Vec<Value> =
            names.iter().map(|name| json!({"node": {"id": format!("id-{name}"), "name": name}})).collect();
        json!({"id": "p", "name": "shop", "environments": {"edges": edges}})
    };
    let found =
        |names: &[&str], wanted: Option<&str>| of_project(&project(names), wanted).map(|place| place.environment);
    assert_eq!(found(&["production", "staging"], None).ok().as_deref(), Some("id-production"));
    assert_eq!(found(&["only"], None).ok().as_deref(), Some("id-only"));
    assert_eq!(found(&["a", "b"], Some("b")).ok().as_deref(), Some("id-b"));
    assert_eq!(found(&["a", "b"], Some("id-a")).ok().as_deref(), Some("id-a"));
    for (names, wanted) in [(&["a", "b"][..], None), (&["a"], Some("x")), (&[], None)] {
        assert!(matches!(found(names, wanted), Err(WebError::Choose { setting: "environment", .. })), "{names:?}");
    }
    let token =
        json!({"projectId": "p", "environmentId": "e", "project": {"name": "shop"}, "environment": {"name": "prod"}});
    let choice = |project: Option<&str>, environment: Option<&str>| Choice {
        project: project.map(str::to_owned),
        environment: environment.map(str::to_owned),
        ..Choice::default()
    };
    let expected = Place {
        project: "p".into(),
        project_name: "shop".into(),
        environment: "e".into(),
        environment_name: "prod".into(),
    };
    assert_eq!(of_token(&token, &choice(None, Some("prod"))).ok(), Some(expected));
    assert!(of_token(&token, &choice(Some("other"), None)).is_err());
    assert!(of_token(&token, &choice(None, Some("staging"))).is_err());
}

#[test]
fn the_errors_of_an_answer_that_came_well_are_errors() {
    let environment = |name: &str| (name == "RAILWAY_API_TOKEN").then(|| "t".to_owned());
    let railway = Railway::new(Choice::default(), &environment).expect("made");
    let said = |error: Value| railway.data("x", json!({"data": null, "errors": [error]})).expect_err("an error");
    assert!(matches!(said(json!({"message": "Not Authorized"})), WebError::Unauthorized { .. }));
    assert!(matches!(said(json!({"message": "Deployment not found"})), WebError::Said { code: 404, .. }));
    let broken = said(json!({"message": "Problem", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}));
    assert!(broken.leaves_doubt(), "it may have been done before it broke");
    assert!(!said(json!({"message": "Variable \"$id\" is wrong"})).leaves_doubt());
    assert!(matches!(railway.data("x", json!({"data": null})), Err(WebError::Unreadable { .. })));
    assert_eq!(railway.data("x", json!({"data": {"a": 1}})).expect("data"), json!({"a": 1}));
    assert!(Railway::new(Choice::default(), &|_: &str| None).is_err());
}

#[test]
fn lines_are_read_with_their_instance() {
    let logs = json!([{"timestamp": "2026-11-30T10:00:00.123456789Z", "message": "paid", "severity": "error",
                       "tags": {"deploymentInstanceId": "i1"}},
                      {"timestamp": "2026-11-30T10:00:01Z", "message": "plain"}]);
    let told = logs::lines(&logs).expect("lines");
    assert_eq!(
        (told[0].instance.as_deref(), told[0].level.as_deref(), told[1].text.as_str()),
        (Some("i1"), Some("error"), "plain")
    );
    assert!(logs::lines(&json!([{"message": "no time"}])).is_err() && logs::lines(&Value::Null).is_err());
}
