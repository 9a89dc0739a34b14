//! Sereno on Railway, against a server that stands in for its API: what is asserted is what that server holds afterwards.

use crate::standin::Standin;
use crate::standin::railway::{ENVIRONMENT, Fault, PROJECT, Railway, TOKEN};
use crate::world::{Said, World, at_a_terminal, component, json, said, until};
use sereno_platform::railway::{self, Choice};
use sereno_platform::{Detail, Platform as _, find};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

struct System {
    world: World,
    railway: Standin<Railway>,
}

impl System {
    fn up() -> Self {
        let system = Self { world: World::with_runbook("# T\n"), railway: Standin::start(Railway::shop()) };
        system.settings(&format!("project = \"{PROJECT}\""));
        system.world.write(".env", &format!("RAILWAY_API_TOKEN={TOKEN}\n"));
        system
    }

    fn settings(&self, more: &str) {
        let api = &self.railway.address;
        let text = format!("[platform]\nkind = \"railway\"\napi = \"{api}\"\n{more}\n[policy]\npause_seconds = 1\n");
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

    fn deployments(&self, name: &str) -> usize {
        self.railway.state().service(name).deployments.len()
    }
}

#[test]
fn services_on_railway() {
    let system = System::up();
    let status = system.status();
    assert_eq!(status["target"], "railway:shop/production");
    let (api, worker) = (component(&status, "api"), component(&status, "worker"));
    assert_eq!((&api["standing"], &api["version"], &worker["ready"]), (&"ok".into(), &"1abc012".into(), &2.into()));
    assert_eq!(api["instances"][0]["usage"]["memory"], 100_000_000);
    for (arguments, reason) in [
        (&["exec", "api", "--", "ls"][..], "runs no program inside"),
        (&["scale", "api", "0", "--yes"], "scales nothing to 0"),
        (&["scale", "api", "--cpu", "2", "--yes"], "limits belong to the plan"),
        (&["unstick"], "nothing gets stuck"),
    ] {
        let refused = system.sereno(arguments);
        assert!(refused.code == Some(3) && refused.err.contains(reason), "{arguments:?}: {refused:?}");
    }
    let restarted = system.done(&["restart", "api", "--yes"]);
    let told = format!("{}{}", restarted.out, restarted.err);
    assert!(told.contains("POST /graphql/v2 deploymentRedeploy"), "{told}");
    assert_eq!((system.deployments("api"), system.last_run().1.as_str()), (2, "verified"));
    assert!(!system.railway.state().service("api").deployments[0].span.is_now(), "the old one is gone");
    system.done(&["scale", "worker", "3", "--yes"]);
    assert_eq!((system.railway.state().service("worker").replicas, system.last_run().1.as_str()), (3, "verified"));
    let run = system.last_run().0;
    system.done(&["runs", "undo", &run, "--yes"]);
    let newest = system.railway.state().service("worker").deployments.last().map(|one| one.replicas);
    assert_eq!((system.railway.state().service("worker").replicas, newest), (2, Some(2)));
    stop_and_resume(&system);
    system.railway.state().service_mut("api").deployments.last_mut().expect("one").crashed = true;
    let bad = system.sereno(&["status"]);
    assert!(bad.code == Some(1) && bad.out.contains("down"), "{bad:?}");
    system.done(&["audit", "verify"]);
}

fn stop_and_resume(system: &System) {
    let typed = at_a_terminal(&system.world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(system.last_run().1, "verified", "{typed}");
    let all_stopped = |railway: &Railway| {
        railway.services.iter().all(|service| service.deployments.iter().all(|one| !one.span.is_now()))
    };
    assert!(all_stopped(&system.railway.state()), "done means that none is left: {typed}");
    let status = system.status();
    assert_eq!(component(&status, "api")["standing"], "stopped", "{status}");
    assert!(component(&status, "api")["stopped_by"]["run"].is_string(), "{status}");
    system.done(&["resume", "--yes"]);
    assert_eq!(system.last_run().1, "verified");
    let status = system.status();
    assert_eq!((&component(&status, "api")["ready"], &component(&status, "worker")["ready"]), (&1.into(), &2.into()));
    assert_eq!(system.sereno(&["resume", "--yes"]).code, Some(3), "there is nothing more to put back");
}

/// What no command asks for yet is asked as a command will ask.
#[test]
fn what_railway_tells_beside_the_state() {
    let system = System::up();
    let (api, project) = (Some(system.railway.address.clone()), Some(PROJECT.to_owned()));
    let choice = Choice { api, project, ..Choice::default() };
    let token = |name: &str| (name == "RAILWAY_API_TOKEN").then(|| TOKEN.to_owned());
    let platform = railway::Railway::new(choice, &token).expect("it is made");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let all = platform.components(Detail::State).await.expect("components");
        let api = find(&all, "api").expect("the api");
        let variables = platform.environment(api).await.expect("variables");
        let told: Vec<(&str, &str)> = variables.iter().map(|one| (one.name.as_str(), one.source.as_str())).collect();
        assert_eq!(told, [("DATABASE_URL", "variables"), ("RAILWAY_ENVIRONMENT", "railway")]);
        let versions = platform.versions(api).await.expect("versions");
        assert_eq!((versions.len(), versions[0].what.as_str(), versions[0].is_current), (1, "1abc012 Release", true));
        let volumes = platform.volumes(&all).await.expect("volumes");
        assert_eq!((volumes.len(), &volumes[0].owners[..]), (1, &["api".to_owned()][..]));
        assert_eq!((volumes[0].used, volumes[0].free), (Some(120_500_000), Some(4_879_500_000)));
        let events = platform.events(&all).await.expect("events");
        assert_eq!((events.len(), events[0].reason.as_str(), events[0].is_warning), (2, "SUCCESS", false));
    });
}

#[test]
fn lines_on_railway_are_read_whole_and_followed_without_loss() {
    let system = System::up();
    // More than one answer has, and Railway does not say that it left some out.
    for number in 0..2500 {
        system.railway.state().write("worker", number % 2, &format!("old line {number}"));
    }
    let all = system.done(&["logs", "worker", "--since", "1h"]);
    assert_eq!(all.out.lines().count(), 2500, "none is left out, none is there twice");
    let last = system.done(&["logs", "worker", "--tail", "5"]);
    let lines: Vec<&str> = last.out.lines().collect();
    assert!(lines.len() == 5 && lines[4].contains("old line 2499"), "{lines:?}");
    let mut command = system.world.command(&["logs", "worker", "-f", "--tail", "2"]);
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
    let (mut got, mut written): (Vec<String>, u32) = (Vec::new(), 0);
    until("it follows", || {
        got.extend(lines.try_iter());
        got.len() == 2
    });
    while got.iter().filter(|line| line.contains("new line")).count() < 200 {
        assert!(begun.elapsed() < Duration::from_mins(2), "{} of 200", got.len());
        if written < 200 {
            system.railway.state().write("worker", written % 2, &format!("new line {}", written / 2));
            written += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
        got.extend(lines.try_iter());
    }
    let asked = |system: &System| system.railway.state().asked("deploymentLogs");
    let before = asked(&system);
    until("it has asked again", || asked(&system) >= before + 2);
    got.extend(lines.try_iter());
    child.kill().expect("killed");
    child.wait().expect("it ends");
    reading.join().expect("read");
    assert_eq!(got.iter().filter(|line| line.contains("old line")).count(), 2, "{got:?}");
    for number in 0..100 {
        let end = format!("new line {number}");
        assert_eq!(got.iter().filter(|line| line.ends_with(&end)).count(), 2, "{end}");
    }
}

#[test]
fn access_to_railway_that_is_wrong_is_told_with_what_mends_it() {
    let system = System::up();
    let told = |code: i32, wanted: &[&str]| {
        let said = system.sereno(&["status"]);
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(
            wanted.iter().all(|words| said.err.contains(words)) && said.err.contains("hint:"),
            "{wanted:?}: {said:?}"
        );
    };
    system.settings("");
    told(2, &["which project", "project"]);
    system.settings(&format!("project = \"{PROJECT}\"\nenvironment = \"prod\""));
    told(2, &["no environment `prod`", "staging, production"]);
    system.settings(&format!("project = \"{PROJECT}\"\nenvironment = \"{ENVIRONMENT}\"\nservices = [\"web\"]"));
    told(2, &["no `web`", "api, worker"]);
    system.settings(&format!("project = \"{PROJECT}\""));
    system.world.write(".env", "RAILWAY_API_TOKEN=0e1f7a52-0000-4000-8000-0000000000bb\n");
    told(1, &["does not accept the token: Not Authorized", "revoked"]);
    system.world.write(".env", "");
    told(2, &["no token for Railway", "RAILWAY_TOKEN or RAILWAY_API_TOKEN"]);
    // A project's token goes into a header of its own, and says itself what it opens.
    system.railway.state().of_project = true;
    system.world.write(".env", &format!("RAILWAY_TOKEN={TOKEN}\n"));
    system.settings("");
    assert_eq!(component(&system.status(), "api")["standing"], "ok");
    system.settings("environment = \"staging\"");
    told(2, &["of another environment", "production"]);
    system.settings("");
    system.railway.state().too_many = 1;
    let begun = Instant::now();
    system.done(&["status"]);
    assert!(begun.elapsed() > Duration::from_secs(2), "it waited as it was told: {:?}", begun.elapsed());
}

#[test]
fn an_answer_of_railway_that_does_not_come_leaves_nothing_done_twice() {
    let system = System::up();
    for (number, fault) in [Fault::Cut, Fault::Broken].into_iter().enumerate() {
        system.railway.state().fault = Some(fault);
        let cut = system.done(&["restart", "api", "--yes"]);
        let told = format!("{}{}", cut.out, cut.err);
        assert!(told.contains("looking whether it was done"), "{told}");
        assert_eq!(
            (system.railway.state().asked("deploymentRedeploy"), system.last_run().1.as_str()),
            (number + 1, "verified")
        );
    }
    system.railway.state().fault = Some(Fault::Silent);
    let mut command = system.world.command(&["restart", "api", "--yes"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    until("it was done, and nobody has said so", || system.railway.state().asked("deploymentRedeploy") == 3);
    let (run, _) = system.last_run();
    let runner = system.world.read(&format!(".sereno/runs/{run}/steps/001-1/runner.json"));
    let runner: serde_json::Value = serde_json::from_str(&runner).expect("JSON");
    let pid = runner["pid"].as_u64().expect("pid").to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().expect("kill runs").success());
    let ended = said(child.wait_with_output().expect("it ends"));
    assert_eq!((ended.code, system.last_run().1.as_str()), (Some(5), "unknown"), "{ended:?}");
    // The old one is gone only when the new one runs.
    until("the old one is gone", || {
        let state = system.railway.state();
        let deployments = &state.service("api").deployments;
        deployments.iter().filter(|one| one.span.is_now()).count() == 1
    });
    let retried = system.done(&["runs", "resume", &run, "--retry", "looked: it was", "--yes"]);
    let told = format!("{}{}", retried.out, retried.err);
    assert!(told.contains("only waiting for it"), "{told}");
    assert_eq!((system.railway.state().asked("deploymentRedeploy"), system.last_run().1.as_str()), (3, "verified"));
}
