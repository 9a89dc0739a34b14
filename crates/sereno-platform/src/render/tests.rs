//! Reading what Render answers, in the shapes of its API's description; no question is asked.

use super::calls::calls;
use super::logs;
use super::read::{self, Datastore, Deploy, Details, Happened, Measures, Running, Seen, Service, page};
use crate::{Act, Component, ExitReason, InstanceState, Standing};
use serde_json::{Value, json};

fn service(more: &Value) -> Service {
    let mut service = json!({
        "id": "srv-cukouhrtq21c73e9scng", "name": "api", "type": "web_service", "ownerId": "tea-1",
        "suspended": "not_suspended", "suspenders": [], "createdAt": "2026-11-01T10:00:00Z",
        "serviceDetails": {"numInstances": 2, "plan": "starter", "healthCheckPath": "/health", "region": "oregon"},
    });
    for (key, value) in more.as_object().expect("an object") {
        service[key] = value.clone();
    }
    serde_json::from_value(service).expect("a service")
}

fn instance(letters: &str) -> Running {
    let id = format!("srv-cukouhrtq21c73e9scng-{letters}");
    serde_json::from_value(json!({"id": id, "createdAt": "2026-11-30T10:00:00Z"})).expect("an instance")
}

fn deploy(id: &str, status: &str) -> Deploy {
    serde_json::from_value(json!({
        "id": id, "status": status, "createdAt": "2026-11-30T09:00:00Z", "finishedAt": "2026-11-30T09:05:00Z",
        "commit": {"id": "0123456789abcdef", "message": "Pay twice\n\nno more", "createdAt": "2026-11-30T08:00:00Z"},
    }))
    .expect("a deploy")
}

#[expect(clippy::needless_pass_by_value, reason = "callers write it where it is used")]
fn event(at: &str, kind: &str, details: Value) -> Happened {
    serde_json::from_value(
        json!({"id": "evt-1", "timestamp": at, "serviceId": "srv-1", "type": kind, "details": details}),
    )
    .expect("an event")
}

fn shown(service: Service, instances: Vec<Running>, deploys: Vec<Deploy>, events: Vec<Happened>) -> Component {
    let details = [(service.id.clone(), Details { instances, deploys, events })].into();
    let seen = Seen { services: vec![service], details, ..Seen::default() };
    seen.components().remove(0)
}

fn plain(more: &Value) -> Component {
    shown(service(more), vec![instance("aaaaa"), instance("bbbbb")], vec![deploy("dep-1", "live")], Vec::new())
}

#[test]
fn a_service_is_what_render_lists_of_it() {
    let api = plain(&json!({}));
    assert_eq!((api.standing, api.ready, api.desired), (Standing::Ok, 2, 2));
    assert_eq!(api.version.as_deref(), Some("0123456"));
    let names: Vec<&str> = api.instances.iter().map(|instance| instance.name.as_str()).collect();
    assert_eq!(names, ["api-aaaaa", "api-bbbbb"]);
    assert_ne!(api.instances[0].mark(), api.instances[1].mark(), "ids that begin alike are told apart");
    assert_eq!(read::full_name(&api, &api.instances[0]), "srv-cukouhrtq21c73e9scng-aaaaa");
    let workload = api.workload.as_ref().expect("a workload");
    assert!(workload.on && workload.settled);
    let odd: Running = serde_json::from_value(json!({"id": "ins-cf9f1b2a3c4d5e6f"})).expect("an instance");
    let odd = shown(service(&json!({})), vec![odd], Vec::new(), Vec::new());
    assert_eq!(odd.instances[0].id, "1b2a3c4d5e6f");
    assert_eq!(read::full_name(&odd, &odd.instances[0]), "ins-cf9f1b2a3c4d5e6f", "a name that is not by its service");
}

#[test]
fn every_state_of_a_service_is_told() {
    let one = || vec![instance("aaaaa")];
    let live = || vec![deploy("dep-1", "live")];
    let with = |status: &str| vec![deploy("dep-2", status), deploy("dep-1", "live")];
    let free = json!({"serviceDetails": {"numInstances": 1, "plan": "free"}});
    let single = json!({"serviceDetails": {"numInstances": 1}});
    let stopped = json!({"suspended": "suspended", "suspenders": ["user"]});
    let billed = json!({"suspended": "suspended", "suspenders": ["billing"]});
    let cron = json!({"type": "cron_job"});
    let failed = vec![event("2026-11-30T11:00:00Z", "cron_job_run_ended", json!({"status": "unsuccessful"}))];
    for (what, component, standing, settled, note) in [
        ("one is missing", shown(service(&json!({})), one(), live(), Vec::new()), Standing::Degraded, true, None),
        ("none is there", shown(service(&single), Vec::new(), live(), Vec::new()), Standing::Down, true, None),
        ("it sleeps", shown(service(&free), Vec::new(), live(), Vec::new()), Standing::Ok, true, Some("asleep")),
        (
            "building",
            shown(service(&single), one(), with("build_in_progress"), Vec::new()),
            Standing::Ok,
            false,
            Some("under way (build_in_progress)"),
        ),
        ("queued", shown(service(&single), one(), with("queued"), Vec::new()), Standing::Ok, false, Some("under way")),
        (
            "failed",
            shown(service(&single), one(), with("update_failed"), Vec::new()),
            Standing::Ok,
            true,
            Some("failed (update_failed)"),
        ),
        ("suspended", shown(service(&stopped), Vec::new(), live(), Vec::new()), Standing::Stopped, true, None),
        (
            "unpaid",
            shown(service(&billed), Vec::new(), live(), Vec::new()),
            Standing::Stopped,
            true,
            Some("suspended by billing"),
        ),
        ("at its times", shown(service(&cron), Vec::new(), live(), Vec::new()), Standing::Ok, true, None),
        (
            "its run failed",
            shown(service(&cron), Vec::new(), live(), failed),
            Standing::Down,
            true,
            Some("last run failed"),
        ),
        (
            "a site",
            shown(service(&json!({"type": "static_site"})), Vec::new(), live(), Vec::new()),
            Standing::Ok,
            true,
            None,
        ),
        (
            "of a kind to come",
            shown(service(&json!({"type": "workflow"})), Vec::new(), live(), Vec::new()),
            Standing::Ok,
            true,
            None,
        ),
    ] {
        assert_eq!(component.standing, standing, "{what}");
        assert_eq!(component.workload.as_ref().map(|workload| workload.settled), Some(settled), "{what}");
        let notes: Vec<&str> = component.notes.iter().map(|note| note.en.as_str()).collect();
        assert_eq!(
            notes.iter().any(|told| note.is_some_and(|note| told.contains(note))),
            note.is_some(),
            "{what}: {notes:?}"
        );
    }
    let leaving = shown(service(&stopped), one(), live(), Vec::new());
    assert_eq!(leaving.instances[0].state, InstanceState::Terminating, "what is still there has not stopped");
    assert!(leaving.instances[0].is_alive());
}

#[test]
fn what_the_events_say_of_an_instance_is_told_with_its_reason() {
    let failed = |at: &str, reason: Value| event(at, "server_failed", json!({"reason": reason}));
    let oom = json!({"oomKilled": {"memoryLimit": "512Mi"}, "evicted": false});
    let late = "2026-11-30T11:00:00Z";
    for (what, events, state, reason, restarts) in [
        ("nothing", Vec::new(), InstanceState::Running, None, 0),
        ("out of memory", vec![failed(late, oom.clone())], InstanceState::Restarting, Some(ExitReason::OomKilled), 1),
        (
            "exit 3",
            vec![failed(late, json!({"nonZeroExit": 3}))],
            InstanceState::Restarting,
            Some(ExitReason::Failed),
            1,
        ),
        (
            "it came back",
            vec![event("2026-11-30T11:01:00Z", "server_available", json!({})), failed(late, oom.clone())],
            InstanceState::Running,
            Some(ExitReason::OomKilled),
            1,
        ),
        ("unhealthy", vec![event(late, "server_unhealthy", json!({}))], InstanceState::Unhealthy, None, 0),
        ("before its time", vec![failed("2026-11-30T09:59:00Z", oom.clone())], InstanceState::Running, None, 0),
        (
            "another's",
            vec![event(late, "server_failed", json!({"instanceID": "srv-cukouhrtq21c73e9scng-zzzzz", "reason": oom}))],
            InstanceState::Running,
            None,
            0,
        ),
        ("its machine", vec![event(late, "server_hardware_failure", json!({}))], InstanceState::Restarting, None, 1),
    ] {
        let api = shown(service(&json!({})), vec![instance("aaaaa")], Vec::new(), events);
        let one = &api.instances[0];
        assert_eq!((one.state, one.restarts), (state, restarts), "{what}");
        assert_eq!(one.last_exit.as_ref().map(|exit| exit.reason.clone()), reason, "{what}");
        let is_told = one.state == InstanceState::Running || one.why.is_some() || one.last_exit.is_some();
        assert!(is_told, "{what}: trouble has a reason");
    }
}

#[test]
fn datastores_are_components_too_and_names_are_not_mixed_up() {
    let store = |id: &str, name: &str, status: &str| -> Datastore {
        let store = json!({"id": id, "name": name, "status": status, "version": "16", "diskSizeGB": 15});
        serde_json::from_value(store).expect("a datastore")
    };
    let seen = Seen {
        services: vec![service(&json!({"name": "shop"}))],
        postgres: vec![
            store("dpg-1", "shop", "available"),
            store("dpg-2", "old", "suspended"),
            store("dpg-3", "x", "unavailable"),
        ],
        caches: vec![store("red-1", "cache", "maintenance_in_progress"), store("red-2", "odd", "wat")],
        ..Seen::default()
    };
    let told: Vec<(String, Standing)> = seen.components().into_iter().map(|one| (one.name, one.standing)).collect();
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["shop", "postgres/shop", "old", "x", "cache", "odd"]);
    let standings: Vec<Standing> = told.iter().map(|(_, standing)| *standing).collect();
    use Standing::{Down, Ok, Starting, Stopped, Unknown};
    assert_eq!(standings, [Down, Ok, Stopped, Down, Starting, Unknown]);
}

#[test]
fn each_act_is_one_request_or_a_refusal_that_says_why() {
    let scaled = json!({"serviceDetails": {"numInstances": 2, "autoscaling": {"enabled": true, "min": 1, "max": 3}}});
    let disk =
        json!({"serviceDetails": {"numInstances": 1, "disk": {"id": "dsk-1", "mountPath": "/data", "sizeGB": 5}}});
    let (api, cron, site) =
        (plain(&json!({})), plain(&json!({"type": "cron_job"})), plain(&json!({"type": "static_site"})));
    let store = |id: &str| {
        let store = json!({"id": id, "name": "db", "status": "available"});
        let postgres = vec![serde_json::from_value(store).expect("a datastore")];
        Seen { postgres, ..Seen::default() }.components().remove(0)
    };
    let (restart, stop) = (Act::Restart { instances: Vec::new() }, Act::Stop);
    let start = Act::Start { instances: Vec::new(), replicas: 2 };
    let scale = |replicas| Act::Scale { replicas };
    let service = "POST /services/srv-cukouhrtq21c73e9scng";
    for (component, act, wanted) in [
        (&api, &restart, format!("{service}/restart")),
        (&api, &scale(3), format!("{service}/scale {{\"numInstances\":3}}")),
        (&api, &stop, format!("{service}/suspend")),
        (&api, &start, format!("{service}/resume")),
        (&cron, &stop, format!("{service}/suspend")),
        (&site, &start, format!("{service}/resume")),
        (&store("dpg-1"), &stop, "POST /postgres/dpg-1/suspend".to_owned()),
        (&store("red-1"), &start, "POST /key-value/red-1/resume".to_owned()),
        (&store("dpg-1"), &restart, "is a datastore".to_owned()),
        (&cron, &restart, "is a cronjob".to_owned()),
        (&site, &scale(2), "is a static site".to_owned()),
        (&api, &scale(0), "to 0".to_owned()),
        (&api, &scale(101), "at most 100".to_owned()),
        (&plain(&scaled), &scale(3), "autoscaling".to_owned()),
        (&plain(&disk), &scale(2), "has a disk".to_owned()),
        (&api, &Act::Limit { cpu_millis: Some(500), memory: None }, "its plan".to_owned()),
        (&api, &Act::Remove { instances: Vec::new() }, "nothing gets stuck".to_owned()),
    ] {
        let said = match calls(act, component) {
            Ok(calls) => calls.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Err(error) => {
                let text = error.text();
                assert!(text.en != text.es, "in both languages: {}", text.en);
                text.en
            }
        };
        let is_so = if wanted.starts_with("POST") { said == wanted } else { said.contains(&wanted) };
        assert!(is_so, "{act:?}: {said}, wanted {wanted}");
    }
}

#[test]
fn pages_lines_and_measures_are_read_and_what_is_none_of_them_is_said() {
    let list =
        json!([{"cursor": "c1", "owner": {"id": "tea-1", "name": "A"}}, {"cursor": "c2", "owner": {"id": "tea-2"}}]);
    let (owners, next) = page::<read::Owner>(&list, "owner").expect("a page");
    assert_eq!((owners.len(), next.as_deref()), (2, Some("c2")));
    for wrong in [json!({}), json!("x"), json!([{"cursor": "c"}]), json!([{"owner": {"name": 1}}])] {
        assert!(page::<read::Owner>(&wrong, "owner").is_err(), "{wrong}");
    }
    let answer = json!({
        "hasMore": true, "nextStartTime": "2026-11-30T10:00:01Z", "nextEndTime": "2026-11-30T11:00:00Z",
        "logs": [{"id": "l1", "message": "paid\n", "timestamp": "2026-11-30T10:00:00.5Z",
                  "labels": [{"name": "level", "value": "error"}, {"name": "instance", "value": "srv-1-a"}]}],
    });
    let read = logs::page(&answer).expect("a page");
    assert_eq!(read.next.as_ref().map(|next| next.0.as_str()), Some("2026-11-30T10:00:01Z"));
    assert_eq!((read.told[0].text.as_str(), read.told[0].level.as_deref()), ("paid", Some("error")));
    assert!(logs::page(&json!({"logs": [{"message": "no time"}]})).is_err());
    let series = |field: &str, value: f64| {
        json!([{"labels": [{"field": "resource", "value": "srv-1"}, {"field": "instance", "value": "srv-1-a"}], "unit": field,
                "values": [{"timestamp": "2026-11-30T10:00:00Z", "value": 0.1}, {"timestamp": "2026-11-30T10:01:00Z", "value": value}]}])
    };
    let none = json!([]);
    let measures = Measures::of(&series("cpu", 0.25), &series("bytes", 1e8), &series("cpu", 0.5), &none);
    let mut api = service(&json!({"id": "srv-1"}));
    api.name = "api".to_owned();
    let running = serde_json::from_value(json!({"id": "srv-1-a"})).expect("an instance");
    let details = [("srv-1".to_owned(), Details { instances: vec![running], ..Details::default() })].into();
    let shown = Seen { services: vec![api], details, measures, ..Seen::default() }.components().remove(0);
    let usage = shown.instances[0].usage.expect("measured");
    assert_eq!((usage.cpu_millis, usage.memory), (Some(250), 100_000_000));
    assert_eq!(shown.instances[0].limits.cpu_millis, Some(500));
}
