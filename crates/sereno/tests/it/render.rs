//! Sereno on Render, against a server that stands in for its API: what is asserted is what that server holds afterwards.

use crate::standin::render::{Fault, OWNER, Render, TOKEN};
use crate::standin::{Answers, Standin};
use crate::world::{Said, World, at_a_terminal, component, json, said, until};
use sereno_platform::render::{self, Choice};
use sereno_platform::{Detail, Platform as _, Program, find};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

struct System {
    world: World,
    render: Standin<Render>,
}

impl System {
    fn up() -> Self {
        let system = Self { world: World::with_runbook("# T\n"), render: Standin::start(Render::shop()) };
        system.settings("");
        system.world.write(".env", &format!("RENDER_API_KEY={TOKEN}\n"));
        system
    }

    fn settings(&self, more: &str) {
        let api = &self.render.address;
        let text = format!("[platform]\nkind = \"render\"\napi = \"{api}/v1\"\n{more}\n[policy]\npause_seconds = 1\n");
        self.world.write("sereno.toml", &text);
    }

    fn sereno(&self, arguments: &[&str]) -> Said {
        let said = self.world.sereno(arguments);
        assert!(!format!("{said:?}").contains(TOKEN), "the token is never shown: {said:?}");
        said
    }

    fn done(&self, arguments: &[&str]) -> Said {
        let said = self.sereno(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        said
    }

    fn status(&self) -> serde_json::Value {
        json(&self.sereno(&["status", "--format", "json"]))
    }

    fn last_run(&self) -> (String, String) {
        self.world.runs().remove(0)
    }
}

/// A server that could be asked anything would prove nothing.
#[test]
fn the_stand_in_for_render_is_strict() {
    let mut render = Render::shop();
    let api = render.service("api").id.clone();
    let mut ask = |method: &str, target: &str, token: &str, body: &str| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut headers = std::collections::BTreeMap::from([("authorization".to_owned(), format!("Bearer {token}"))]);
        headers.insert("content-type".to_owned(), "application/json".to_owned());
        let asked = crate::standin::Asked {
            method: method.to_owned(),
            path: path.replace("API", &api),
            query: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            headers,
            body: body.to_owned(),
        };
        match render.answer(&asked) {
            crate::standin::Reply::Json(status, _)
            | crate::standin::Reply::With(status, ..)
            | crate::standin::Reply::Empty(status) => status,
            _ => 0,
        }
    };
    for (method, target, token, body, status) in [
        ("GET", "/v1/owners", "rnd_wrong", "", 401),
        ("GET", "/v1/nothing", TOKEN, "", 404),
        ("GET", "/v1/services/API/restart", TOKEN, "", 405),
        ("POST", "/v1/services/srv-other/restart", TOKEN, "", 404),
        ("POST", "/v1/services/API/restart", TOKEN, "{}", 400),
        ("POST", "/v1/services/API/scale", TOKEN, "{\"instances\":2}", 400),
        ("POST", "/v1/services/API/scale", TOKEN, "{\"numInstances\":0}", 400),
        ("GET", "/v1/services?ownerId=tea-other", TOKEN, "", 404),
        ("GET", "/v1/owners?limit=101", TOKEN, "", 400),
        ("GET", "/v1/owners?colour=red", TOKEN, "", 400),
        ("GET", "/v1/owners?limit=100", TOKEN, "", 200),
    ] {
        assert_eq!(ask(method, target, token, body), status, "{method} {target} {body}");
    }
}

#[test]
fn services_on_render() {
    let system = System::up();
    status_tells_what_there_is(&system);
    what_render_cannot_do_is_refused(&system);
    a_restart_replaces(&system);
    scale_and_back(&system);
    stop_and_resume(&system);
    system.done(&["audit", "verify"]);
}

fn status_tells_what_there_is(system: &System) {
    let status = system.status();
    assert_eq!(status["target"], format!("render:{OWNER}"));
    let api = component(&status, "api");
    assert_eq!((&api["standing"], &api["ready"], &api["version"]), (&"ok".into(), &2.into(), &"2abc012".into()));
    assert_eq!(api["instances"][0]["usage"]["cpu_millis"], 50);
    assert_eq!(api["instances"][0]["limits"]["memory"], 512 << 20);
    for name in ["db", "cache", "worker", "report", "site"] {
        assert_eq!(component(&status, name)["standing"], "ok", "{name}: {status}");
    }
    let shown = system.done(&["status"]);
    assert!(shown.out.contains("api") && shown.out.contains("10%") && shown.out.contains("2abc012"), "{shown:?}");
    let instance = system.render.state().instances("api").remove(0);
    let id = system.render.state().service("api").id.clone();
    let failed = serde_json::json!({"id": "evt-x", "serviceId": id, "timestamp": jiff::Timestamp::now(), "type": "server_failed",
        "details": {"instanceID": instance, "reason": {"oomKilled": {"memoryLimit": "512Mi"}}}});
    let index = system.render.state().services.iter().position(|service| service.id == id).expect("a service");
    system.render.state().services[index].events.push(failed);
    let bad = system.world.command(&["--lang", "es", "status", "api"]).output().expect("the binary runs");
    let bad = said(bad);
    assert_eq!(bad.code, Some(1), "{bad:?}");
    assert!(bad.out.contains("degradado") && bad.out.contains("falta de memoria"), "{bad:?}");
    system.render.state().services[index].events.clear();
    let near = system.sereno(&["status", "apy"]);
    assert!(near.code == Some(2) && near.err.contains("there is: api"), "{near:?}");
}

fn what_render_cannot_do_is_refused(system: &System) {
    for (arguments, reason) in [
        (&["exec", "api", "--", "ls"][..], "runs no program inside"),
        (&["scale", "api", "0", "--yes"], "scales nothing to 0"),
        (&["scale", "api", "--memory", "1G", "--yes"], "comes with its plan"),
        (&["scale", "db", "2", "--yes"], "is a datastore"),
        (&["restart", "db", "--yes"], "is a datastore"),
        (&["restart", "report", "--yes"], "is a cronjob"),
        (&["unstick"], "nothing gets stuck"),
        (&["up"], "starts by itself"),
    ] {
        let refused = system.sereno(arguments);
        assert_eq!(refused.code, Some(3), "{arguments:?}: {refused:?}");
        assert!(refused.err.contains(reason), "{arguments:?}: {refused:?}");
    }
    assert!(system.sereno(&["exec", "api", "--", "ls"]).err.contains("render ssh srv-"), "a person can");
}

fn a_restart_replaces(system: &System) {
    let before = system.render.state().instances("api");
    let planned = system.done(&["restart", "api", "--plan"]);
    assert!(planned.out.contains("restarts api") || planned.out.contains("Restarts api"), "{planned:?}");
    assert_eq!(system.render.state().service("api").restarts, 0, "a plan changes nothing");
    let restarted = system.done(&["restart", "api", "--yes"]);
    let id = system.render.state().service("api").id.clone();
    let told = format!("{}{}", restarted.out, restarted.err);
    assert!(told.contains(&format!("POST /services/{id}/restart")), "{told}");
    let after = system.render.state().instances("api");
    assert!(after.len() == 2 && after.iter().all(|one| !before.contains(one)), "{before:?} {after:?}");
    assert_eq!((system.render.state().service("api").restarts, system.last_run().1.as_str()), (1, "verified"));
}

fn scale_and_back(system: &System) {
    system.done(&["scale", "api", "3", "--yes"]);
    assert_eq!(system.render.state().instances("api").len(), 3);
    let (run, state) = system.last_run();
    assert_eq!(state, "verified");
    assert_eq!(system.sereno(&["scale", "api", "3", "--yes"]).code, Some(3), "it has that many already");
    system.done(&["runs", "undo", &run, "--yes"]);
    until("the third is gone", || system.render.state().instances("api").len() == 2);
    assert_eq!(system.render.state().service("api").count, 2);
    system.render.state().services[0].disk = true;
    let refused = system.sereno(&["scale", "api", "4", "--yes"]);
    assert!(refused.code == Some(3) && refused.err.contains("has a disk"), "{refused:?}");
    system.render.state().services[0].disk = false;
}

fn stop_and_resume(system: &System) {
    let asked = system.sereno(&["stop", "--yes"]);
    assert_eq!(asked.code, Some(4), "a yes given beforehand stops nothing: {asked:?}");
    assert!(system.render.state().services.iter().all(|service| !service.suspended));
    let run = system.last_run().0;
    system.done(&["runs", "cancel", &run, "--reason", "test"]);
    let typed = at_a_terminal(&system.world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(system.last_run().1, "verified", "{typed}");
    assert!(system.render.state().services.iter().all(|service| service.suspended), "{typed}");
    assert!(system.render.state().stores.iter().all(|store| store.suspended), "{typed}");
    assert!(system.render.state().instances("api").is_empty(), "done means that none is left");
    let status = system.status();
    assert_eq!(component(&status, "api")["standing"], "stopped", "{status}");
    assert!(component(&status, "api")["stopped_by"]["run"].is_string(), "{status}");
    system.done(&["resume", "--yes"]);
    assert_eq!(system.last_run().1, "verified");
    let listed = ["api", "worker"].map(|name| system.render.state().instances(name).len());
    assert_eq!(listed, [2, 1]);
    assert!(system.render.state().stores.iter().all(|store| !store.suspended));
    assert_eq!(system.sereno(&["resume", "--yes"]).code, Some(3), "there is nothing more to put back");
}

/// What no command asks for yet is asked as a command will ask.
#[test]
fn what_render_tells_beside_the_state() {
    let system = System::up();
    let choice = Choice { api: Some(format!("{}/v1", system.render.address)), ..Choice::default() };
    let platform = render::Render::new(choice, &|name: &str| (name == "RENDER_API_KEY").then(|| TOKEN.to_owned()));
    let platform = platform.expect("it is made");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let all = platform.components(Detail::State).await.expect("components");
        let api = find(&all, "api").expect("the api");
        let variables = platform.environment(api).await.expect("variables");
        let value = |name: &str| {
            let own = variables.iter().find(|variable| variable.name == name).expect("it is there");
            (own.value.clone().unwrap_or_default(), own.source.clone())
        };
        assert_eq!(variables.len(), 131, "over two pages, and the group's");
        assert_eq!(value("V000"), ("0".to_owned(), "Render".to_owned()), "its own goes before the group's");
        assert_eq!(value("SHARED"), ("yes".to_owned(), "env group shared".to_owned()));
        let versions = platform.versions(api).await.expect("versions");
        let told: Vec<(&str, bool)> = versions.iter().map(|one| (one.what.as_str(), one.is_current)).collect();
        assert_eq!(told, [("2abc012 Release 2", true), ("1abc012 Release 1", false)]);
        let volumes = platform.volumes(&all).await.expect("volumes");
        let data = volumes.iter().find(|volume| volume.name == "data").expect("the disk");
        assert_eq!((&data.owners[..], data.used, data.free), (&["api".to_owned()][..], Some(1 << 30), Some(9 << 30)));
        assert!(
            platform.environment(find(&all, "db").expect("the database")).await.is_err(),
            "a refusal, not a silence"
        );
        let id = api.workload.as_ref().map(|workload| workload.name.clone()).expect("a workload");
        let event = serde_json::json!({"id": "evt-1", "serviceId": id, "timestamp": jiff::Timestamp::now(),
            "type": "server_failed", "details": {"reason": {"nonZeroExit": 3}}});
        system.render.state().services[0].events.push(event);
        let events = platform.events(&all).await.expect("events");
        assert_eq!((events.len(), events[0].is_warning, events[0].component.as_deref()), (1, true, Some("api")));
        assert!(platform.exec_call(api, &api.instances[0], &Program { argv: Vec::new(), terminal: false }).is_err());
    });
}

#[test]
fn lines_on_render_are_read_over_pages_and_followed_without_loss() {
    let system = System::up();
    let instances = system.render.state().instances("api");
    for number in 0..250 {
        system.render.state().write("api", &instances[0], &format!("old line {number}"));
    }
    let all = system.done(&["logs", "api", "--since", "1h"]);
    assert_eq!(all.out.lines().count(), 250, "over three pages");
    let last = system.done(&["logs", "api", "--tail", "120"]);
    let lines: Vec<&str> = last.out.lines().collect();
    assert!(
        lines.len() == 120 && lines[0].contains("old line 130") && lines[119].contains("old line 249"),
        "{lines:?}"
    );
    let mut command = system.world.command(&["logs", "api", "-f", "--tail", "3"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs");
    let reader = BufReader::new(child.stdout.take().expect("a pipe"));
    let (sender, lines) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let begun = Instant::now();
    let mut got = Vec::new();
    until("it follows", || {
        got.extend(lines.try_iter());
        got.len() == 3
    });
    let mut written = 0;
    // As long as the follower asks, lines come to both instances, some of them alike.
    while got.iter().filter(|line: &&String| line.contains("new line")).count() < 400 {
        assert!(begun.elapsed() < Duration::from_mins(2), "{} of 400: {:?}", got.len(), got.last());
        if written < 400 {
            system.render.state().write("api", &instances[written % 2], &format!("new line {}", written / 4));
            written += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
        got.extend(lines.try_iter());
    }
    // Two questions more: nothing comes twice.
    let asked = |system: &System| system.render.state().log.iter().filter(|one| *one == "GET /v1/logs").count();
    let before = asked(&system);
    until("it has asked again", || asked(&system) >= before + 4);
    got.extend(lines.try_iter());
    child.kill().expect("killed");
    child.wait().expect("it ends");
    reading.join().expect("read");
    assert_eq!(got.iter().filter(|line| line.contains("old line")).count(), 3, "{got:?}");
    for number in 0..100 {
        let end = format!("new line {number}");
        assert_eq!(got.iter().filter(|line| line.ends_with(&end)).count(), 4, "{end}");
    }
}

#[test]
fn access_to_render_that_is_wrong_is_told_with_what_mends_it() {
    let system = System::up();
    let told = |code: i32, wanted: &[&str]| {
        let said = system.sereno(&["status"]);
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(
            wanted.iter().all(|words| said.err.contains(words)) && said.err.contains("hint:"),
            "{wanted:?}: {said:?}"
        );
    };
    system.render.state().owners.push("tea-other");
    told(2, &["opens 2 workspaces", "owner", "tea-other"]);
    system.settings(&format!("owner = \"{OWNER}\"\nservices = [\"api\", \"apii\"]"));
    told(2, &["no `apii`", "api", "worker"]);
    system.settings(&format!("owner = \"{OWNER}\"\nservices = [\"api\"]"));
    let status = system.status();
    assert_eq!(status["components"].as_array().map(Vec::len), Some(1), "{status}");
    // The key is revoked while Sereno has it.
    system.render.state().token = "rnd_another0123456789abc".to_owned();
    told(1, &["does not accept the token", "revoked"]);
    let spanish = said(system.world.command(&["--lang", "es", "status"]).output().expect("the binary runs"));
    assert!(spanish.err.contains("no acepta el token"), "{spanish:?}");
    system.render.state().token = TOKEN.to_owned();
    system.world.write(".env", "");
    told(2, &["no token for Render", "RENDER_API_KEY"]);
    system.world.write(".env", &format!("RENDER_API_KEY={TOKEN}\n"));
    system.world.write("sereno.toml", "[platform]\nkind = \"render\"\napi = \"http://127.0.0.1:9/v1\"\n");
    told(1, &["Render does not answer at http://127.0.0.1:9/v1"]);
    system.world.write("sereno.toml", "[platform]\nkind = \"render\"\napi = \"http://api.example.com\"\n");
    told(2, &["is no address for Render"]);
}

#[test]
fn what_is_on_the_next_page_is_found() {
    let system = System::up();
    for number in 0..130 {
        system.render.state().add(&format!("extra-{number}"), "private_service", 1);
    }
    system.settings("services = [\"api\", \"extra-129\"]");
    let status = system.status();
    assert_eq!(component(&status, "extra-129")["standing"], "ok", "{status}");
}

#[test]
fn render_that_limits_is_waited_for_when_reading_and_told_when_changing() {
    let system = System::up();
    system.render.state().too_many = 2;
    let begun = Instant::now();
    system.done(&["status"]);
    assert!(begun.elapsed() > Duration::from_secs(1), "it waited as it was told: {:?}", begun.elapsed());
    system.render.state().fault = Some(Fault::TooMany);
    let limited = system.sereno(&["restart", "api", "--yes"]);
    assert_eq!(limited.code, Some(1), "{limited:?}");
    let told = format!("{}{}", limited.out, limited.err);
    assert!(told.contains("limits how often"), "{told}");
    assert_eq!(system.render.state().service("api").restarts, 0);
    let (run, state) = system.last_run();
    assert_ne!(state, "verified");
    let retried = system.done(&["runs", "resume", &run, "--retry", "it was only too early", "--yes"]);
    assert_eq!(
        (system.render.state().service("api").restarts, system.last_run().1.as_str()),
        (1, "verified"),
        "{retried:?}"
    );
}

#[test]
fn a_connection_that_is_cut_in_a_restart_is_looked_after_and_nothing_is_done_twice() {
    let system = System::up();
    for (number, fault) in [Fault::CutAfter, Fault::GatewayAfter].into_iter().enumerate() {
        system.render.state().fault = Some(fault);
        let cut = system.done(&["restart", "worker", "--yes"]);
        let told = format!("{}{}", cut.out, cut.err);
        assert!(told.contains("looking whether it was done"), "{told}");
        let restarts = system.render.state().service("worker").restarts;
        assert_eq!((restarts as usize, system.last_run().1.as_str()), (number + 1, "verified"));
    }
    // It never arrived: not done, whatever one waits, and said so.
    system.world.write(
        "sereno.toml",
        &system.world.read("sereno.toml").replace("[policy]", "[policy]\nstep_timeout = \"25s\""),
    );
    system.render.state().fault = Some(Fault::CutBefore);
    let lost = system.sereno(&["restart", "worker", "--yes"]);
    assert!(matches!(lost.code, Some(1 | 5)), "{lost:?}");
    assert_eq!(system.render.state().service("worker").restarts, 2);
    let (run, _) = system.last_run();
    system.done(&["runs", "resume", &run, "--retry", "it was not restarted", "--yes"]);
    assert_eq!((system.render.state().service("worker").restarts, system.last_run().1.as_str()), (3, "verified"));
}

#[test]
fn a_restart_whose_machine_is_lost_in_between_is_unknown_and_is_not_done_again() {
    let system = System::up();
    let before = system.render.state().instances("api");
    system.render.state().fault = Some(Fault::SilentAfter);
    let mut command = system.world.command(&["restart", "api", "--yes"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    until("it was restarted, and nobody has said so", || system.render.state().service("api").restarts == 1);
    let (run, _) = system.last_run();
    let runner = system.world.read(&format!(".sereno/runs/{run}/steps/001-1/runner.json"));
    let runner: serde_json::Value = serde_json::from_str(&runner).expect("JSON");
    let pid = runner["pid"].as_u64().expect("pid").to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().expect("kill runs").success());
    let ended = said(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert_eq!(system.last_run().1, "unknown");
    assert_eq!(system.sereno(&["runs", "resume", &run, "--yes"]).code, Some(5), "a person decides");
    // Before any new one is listed nobody can tell that it was restarted.
    until("a new one is listed", || system.render.state().instances("api") != before);
    let retried = system.done(&["runs", "resume", &run, "--retry", "looked: it was restarted", "--yes"]);
    let told = format!("{}{}", retried.out, retried.err);
    assert!(told.contains("only waiting for it"), "{told}");
    assert_eq!((system.render.state().service("api").restarts, system.last_run().1.as_str()), (1, "verified"));
}
