//! The operations on services, on the real parts: Docker Compose with the lab's Pedidos, and systemd on two servers over SSH.
//! What is asserted is what the platform itself says afterwards, not the exit code alone.

use crate::pedidos::{Pedidos, docker_answers};
use crate::world::{World, at_a_terminal, component, json, skipped, talk_at_a_terminal, until};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What the engine says of the containers of a service: one line of a template for each, sorted.
fn containers(pedidos: &Pedidos, service: &str, template: &str) -> Vec<String> {
    let ids = Command::new("docker-compose").args(["ps", "-q", service]).current_dir(&pedidos.dir).output();
    let ids = String::from_utf8(ids.expect("docker-compose runs").stdout).expect("UTF-8");
    let inspect = |id: &str| {
        let output = Command::new("docker").args(["inspect", "-f", template, id]).output().expect("docker runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let mut all: Vec<String> = ids.split_whitespace().map(inspect).collect();
    all.sort();
    all
}

fn last_run(pedidos: &Pedidos) -> (String, String) {
    let rows = json(&pedidos.sereno(&["runs", "list", "--format", "json"]));
    let text = |name: &str| rows[0][name].as_str().expect("a text").to_owned();
    (text("id"), text("state"))
}

#[test]
fn services_on_docker_compose() {
    if !docker_answers() {
        return skipped("no Docker Engine with docker-compose answers");
    }
    let Some(pedidos) = Pedidos::up_on("compose") else { return };
    crate::init::finds_a_system_on_compose(&pedidos);
    fs::write(pedidos.dir.join("sereno.toml"), "[policy]\npause_seconds = 1\n").expect("written");
    status_tells_the_truth(&pedidos);
    a_restart_replaces(&pedidos);
    a_step_has_the_settings_and_the_language_of_its_sereno(&pedidos);
    a_restart_outlives_a_killed_sereno(&pedidos);
    a_plan_that_was_overtaken_is_refused(&pedidos);
    scale_and_back(&pedidos);
    logs_are_merged_filtered_and_redacted(&pedidos);
    logs_follow_a_container_over_its_restart(&pedidos);
    crate::look::on_compose(&pedidos);
    nobody_acts_without_a_run(&pedidos);
    stop_and_resume(&pedidos);
    // The lab's own image, which is there by now.
    what_crashes_again_and_again_is_stopped_and_never_called_ready();
    nothing_stands_in_for_a_step();
    a_restart_that_was_done_is_not_done_again_when_it_is_retried();
}

fn status_tells_the_truth(pedidos: &Pedidos) {
    let said = pedidos.sereno(&["status", "--format", "json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let status = json(&said);
    let api = component(&status, "api");
    assert_eq!((&api["standing"], &api["ready"], &api["desired"]), (&"ok".into(), &1.into(), &1.into()), "{api}");
    assert!(api["instances"][0]["usage"]["memory"].as_u64().is_some_and(|bytes| bytes > 100_000), "{api}");
    let redis = containers(pedidos, "redis", "{{.Id}}").remove(0);
    assert!(Command::new("docker").args(["kill", &redis]).output().expect("docker runs").status.success());
    let said = pedidos.sereno(&["status"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("caído") && said.out.contains("señal 9"), "{said:?}");
    assert!(Command::new("docker").args(["start", &redis]).output().expect("docker runs").status.success());
    let wrong = pedidos.sereno(&["status", "apo"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("hay: api"), "{wrong:?}");
}

fn a_restart_replaces(pedidos: &Pedidos) {
    let started = || containers(pedidos, "api", "{{.State.StartedAt}}");
    let before = started();
    let plan = pedidos.sereno(&["restart", "api", "--plan"]);
    assert_eq!((plan.code, started()), (Some(0), before.clone()), "a plan does nothing: {plan:?}");
    let unasked = pedidos.sereno(&["restart", "api"]);
    assert_eq!((unasked.code, started()), (Some(4), before.clone()), "a change needs a yes: {unasked:?}");
    let (waiting, _) = last_run(pedidos);
    assert_eq!(pedidos.sereno(&["runs", "cancel", &waiting, "--reason", "prueba"]).code, Some(0));
    let restart = pedidos.sereno(&["restart", "api", "--yes", "--reason", "prueba"]);
    assert_eq!(restart.code, Some(0), "{restart:?}");
    assert_ne!(started(), before);
    assert_eq!(last_run(pedidos).1, "verified");
    // Done means that it answers, at once.
    assert_eq!(pedidos.status("/health"), 200);
}

fn a_step_has_the_settings_and_the_language_of_its_sereno(pedidos: &Pedidos) {
    let usual = fs::read_to_string(pedidos.dir.join("sereno.toml")).expect("the settings");
    fs::write(pedidos.dir.join("other.toml"), &usual).expect("written");
    fs::write(pedidos.dir.join("sereno.toml"), format!("{usual}[platform]\nproject = \"nobody\"\n")).expect("written");
    let before = containers(pedidos, "worker", "{{.State.StartedAt}}");
    let restart = pedidos.sereno(&["--settings", "other.toml", "--lang", "en", "restart", "worker", "--yes"]);
    assert_eq!(restart.code, Some(0), "{restart:?}");
    assert_ne!(containers(pedidos, "worker", "{{.State.StartedAt}}"), before);
    assert!(restart.out.contains("worker: ok, 1 of 1 ready"), "its steps speak English too: {restart:?}");
    fs::write(pedidos.dir.join("sereno.toml"), &usual).expect("written");
}

fn a_restart_outlives_a_killed_sereno(pedidos: &Pedidos) {
    let before = containers(pedidos, "api", "{{.State.StartedAt}}");
    let (earlier, _) = last_run(pedidos);
    let mut child = pedidos
        .command(&["restart", "api", "--yes"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary runs");
    let step = |kind: &str| {
        let (run, _) = last_run(pedidos);
        let entries = json(&pedidos.sereno(&["runs", "show", &run, "--format", "json"]));
        run != earlier && entries.as_array().expect("entries").iter().any(|entry| entry["kind"] == kind)
    };
    until("the step has started", || step("step.started"));
    child.kill().expect("killed");
    child.wait().expect("ended");
    let (run, _) = last_run(pedidos);
    let resumed = pedidos.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(last_run(pedidos), (run.clone(), "verified".to_owned()));
    assert_ne!(containers(pedidos, "api", "{{.State.StartedAt}}"), before);
    // Once: the process that the first attempt started is the one that runs.
    let entries = json(&pedidos.sereno(&["runs", "show", &run, "--format", "json"]));
    let starts = entries.as_array().expect("entries").iter().filter(|entry| entry["kind"] == "step.started").count();
    assert_eq!(starts, 2, "the restart and its verification, each once: {entries}");
}

fn a_plan_that_was_overtaken_is_refused(pedidos: &Pedidos) {
    let waits = pedidos.sereno(&["restart", "worker"]);
    assert_eq!(waits.code, Some(4), "{waits:?}");
    let (run, _) = last_run(pedidos);
    let worker = containers(pedidos, "worker", "{{.Id}}").remove(0);
    assert!(Command::new("docker").args(["restart", &worker]).output().expect("docker runs").status.success());
    let by_hand = containers(pedidos, "worker", "{{.State.StartedAt}}");
    let overtaken = pedidos.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(overtaken.code, Some(1), "{overtaken:?}");
    assert!(overtaken.out.contains("ya no está") || overtaken.err.contains("ya no está"), "{overtaken:?}");
    assert_eq!(containers(pedidos, "worker", "{{.State.StartedAt}}"), by_hand, "it was not restarted again");
    assert_eq!(pedidos.sereno(&["runs", "cancel", &run, "--reason", "prueba"]).code, Some(0));
}

fn scale_and_back(pedidos: &Pedidos) {
    let up = pedidos.sereno(&["scale", "worker", "3", "--yes"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(containers(pedidos, "worker", "{{.State.Running}}"), ["true", "true", "true"]);
    let (run, _) = last_run(pedidos);
    let again = pedidos.sereno(&["scale", "worker", "3", "--yes"]);
    assert_eq!(again.code, Some(3), "{again:?}");
    let undone = pedidos.sereno(&["runs", "undo", &run, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(containers(pedidos, "worker", "{{.State.Running}}"), ["true"]);
    let limited = pedidos.sereno(&["scale", "worker", "--memory", "96M", "--cpu", "0.5", "--yes"]);
    assert_eq!(limited.code, Some(0), "{limited:?}");
    let limits = containers(pedidos, "worker", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}");
    assert_eq!(limits, ["100663296 500000000"]);
}

fn logs_are_merged_filtered_and_redacted(pedidos: &Pedidos) {
    let said = pedidos.sereno(&["logs", "--format", "json", "--tail", "40"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: std::collections::BTreeSet<&str> = lines.iter().filter_map(|line| line["component"].as_str()).collect();
    assert!(names.len() >= 3, "{names:?}");
    let times: Vec<jiff::Timestamp> =
        lines.iter().map(|line| line["at"].as_str().expect("a time").parse().expect("a time")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let grepped = pedidos.sereno(&["logs", "redis", "--since", "1h", "--grep", "Ready to accept"]);
    assert!(grepped.out.lines().count() >= 1 && grepped.out.lines().all(|line| line.contains("Ready")), "{grepped:?}");
    let env = fs::read_to_string(pedidos.dir.join(".env")).expect(".env");
    let password = env.lines().find_map(|line| line.strip_prefix("POSTGRES_PASSWORD=")).expect("a password");
    let api = containers(pedidos, "api", "{{.Id}}").remove(0);
    let leak = format!("echo leaked {password} > /proc/1/fd/1");
    assert!(
        Command::new("docker").args(["exec", &api, "sh", "-c", &leak]).output().expect("docker runs").status.success()
    );
    let shown = pedidos.sereno(&["logs", "api", "--tail", "5"]);
    assert!(shown.out.contains("leaked [redacted") && !shown.out.contains(password), "{shown:?}");
    for wrong in [["--since", "ayer"], ["--grep", "("]] {
        assert_eq!(pedidos.sereno(&[&["logs"], &wrong[..]].concat()).code, Some(2), "{wrong:?}");
    }
}

fn logs_follow_a_container_over_its_restart(pedidos: &Pedidos) {
    let shown = pedidos.dir.join("followed");
    let file = fs::File::create(&shown).expect("a file");
    let told = pedidos.dir.join("told");
    let mut command = pedidos.command(&["logs", "worker", "-f", "--tail", "1"]);
    let child = command.stdout(file).stderr(fs::File::create(&told).expect("a file")).spawn();
    let mut child = child.expect("the binary runs");
    let started = || fs::read_to_string(&shown).unwrap_or_default().matches("worker started").count();
    until("what was is shown", || fs::read_to_string(&shown).is_ok_and(|text| !text.is_empty()));
    let before = started();
    let worker = containers(pedidos, "worker", "{{.Id}}").remove(0);
    assert!(Command::new("docker").args(["restart", &worker]).output().expect("docker runs").status.success());
    until("what came after the restart is shown", || started() > before);
    assert_eq!(started(), before + 1, "no line comes twice");
    let scale = |count: &str| {
        let mut command = Command::new("docker-compose");
        let output = command.args(["up", "-d", "--no-recreate", "--scale", count, "worker"]).current_dir(&pedidos.dir);
        assert!(output.output().expect("docker-compose runs").status.success());
    };
    scale("worker=2");
    let of_second =
        || fs::read_to_string(&shown).unwrap_or_default().lines().filter(|l| l.contains("worker_2")).count();
    until("a new replica is followed", || of_second() > 0);
    scale("worker=1");
    until("and is told when it leaves", || fs::read_to_string(&told).is_ok_and(|text| text.contains("ya no está")));
    child.kill().expect("killed");
    child.wait().expect("ended");
}

fn nobody_acts_without_a_run(pedidos: &Pedidos) {
    let before = containers(pedidos, "api", "{{.State.StartedAt}}");
    let plan = pedidos.sereno(&["restart", "api", "--plan", "--format", "json"]);
    let text = json(&plan)["steps"][0]["text"].as_str().expect("a text").to_owned();
    let words: Vec<&str> = text.split(' ').skip(1).collect();
    let plain = pedidos.sereno(&words);
    assert_eq!(plain.code, Some(3), "{plain:?}");
    let forged = pedidos.command(&words).env("SERENO_STEP", pedidos.dir.join(".sereno/runs/r-0/steps/001-1")).output();
    assert_eq!(forged.expect("the binary runs").status.code(), Some(3));
    assert_eq!(containers(pedidos, "api", "{{.State.StartedAt}}"), before);
}

fn stop_and_resume(pedidos: &Pedidos) {
    assert_eq!(pedidos.sereno(&["scale", "worker", "2", "--yes"]).code, Some(0));
    let alone = pedidos.sereno(&["stop", "--yes"]);
    assert_eq!(alone.code, Some(4), "a yes given beforehand is no second person's: {alone:?}");
    let (run, _) = last_run(pedidos);
    let typed = at_a_terminal(&pedidos.command(&["runs", "resume", &run]), "Escriba CONFIRMAR", "CONFIRMAR\n");
    assert_eq!(last_run(pedidos).1, "verified", "{typed}");
    let states = |service: &str| containers(pedidos, service, "{{.State.Status}}");
    for service in ["api", "worker", "postgres", "redis"] {
        assert!(states(service).iter().all(|state| state == "exited"), "{service}: {:?}", states(service));
    }
    assert_eq!(states("worker").len(), 2);
    what_a_stop_ended_is_told_from_what_is_down(pedidos, &run);
    let resumed = pedidos.sereno(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(states("worker"), ["running", "running"]);
    until("the API answers", || pedidos.status("/health") == 200);
    let again = pedidos.sereno(&["resume", "--yes"]);
    assert_eq!(again.code, Some(3), "what was put back is not put back again: {again:?}");
}

fn what_a_stop_ended_is_told_from_what_is_down(pedidos: &Pedidos, stop: &str) {
    let said = pedidos.sereno(&["status", "--format", "json"]);
    assert_eq!(said.code, Some(0), "what was stopped on purpose is no trouble: {said:?}");
    let status = json(&said);
    let api = component(&status, "api");
    assert_eq!(
        (&api["ready"], &api["standing"], &api["stopped_by"]["run"]),
        (&0.into(), &"stopped".into(), &stop.into())
    );
    assert!(pedidos.sereno(&["status"]).out.contains(&format!("lo detuvo {stop}")));
    // Somebody starts it by hand, and it crashes: no stop did that.
    let postgres = containers(pedidos, "postgres", "{{.Id}}").remove(0);
    for act in ["start", "kill"] {
        assert!(Command::new("docker").args([act, &postgres]).output().expect("docker runs").status.success());
    }
    let said = pedidos.sereno(&["status", "--format", "json"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let postgres = component(&json(&said), "postgres");
    assert_eq!((&postgres["standing"], &postgres["stopped_by"]), (&"down".into(), &Value::Null), "{postgres}");
}

/// A compose project of its own, taken away at the end.
pub(crate) struct Project(pub(crate) World);

impl Project {
    pub(crate) fn up(services: &str) -> Self {
        let project = Self::declared(services);
        project.compose(&["up", "-d"]);
        project
    }

    /// Of which nothing runs yet.
    pub(crate) fn declared(services: &str) -> Self {
        let world = World::with_runbook("# T\n");
        world.write("docker-compose.yml", &format!("version: '2.4'\nservices:\n{services}"));
        world.write("sereno.toml", "[policy]\npause_seconds = 1\n");
        Self(world)
    }

    pub(crate) fn compose(&self, arguments: &[&str]) -> String {
        let output = Command::new("docker-compose").args(arguments).current_dir(self.0.path()).output();
        let said = crate::world::said(output.expect("docker-compose runs"));
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out
    }

    /// Started at, of each container of a service.
    pub(crate) fn started(&self, service: &str) -> Vec<String> {
        self.shown(service, "{{.State.StartedAt}} {{.State.Status}}")
    }

    /// What the engine says of each container of a service, in the words of a template.
    pub(crate) fn shown(&self, service: &str, template: &str) -> Vec<String> {
        let inspect = |id: &str| {
            let output = Command::new("docker").args(["inspect", "-f", template, id]).output();
            String::from_utf8_lossy(&output.expect("docker runs").stdout).trim().to_owned()
        };
        self.compose(&["ps", "-q", service]).split_whitespace().map(inspect).collect()
    }

    /// Runs a program in the first container of a service, and says whether it ended with 0.
    pub(crate) fn inside(&self, service: &str, argv: &[&str]) -> bool {
        let id = self.shown(service, "{{.Id}}").remove(0);
        let output = Command::new("docker").args(["exec", &id]).args(argv).output();
        output.expect("docker runs").status.success()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // What is gone already is as good as what is taken away.
        let _ = Command::new("docker-compose").args(["down", "-v", "-t", "0"]).current_dir(self.0.path()).output();
    }
}

fn what_crashes_again_and_again_is_stopped_and_never_called_ready() {
    let project =
        Project::up("  crash: {image: 'lab-base:bookworm', restart: always, command: [sh, -c, 'sleep 4.5; exit 1']}\n");
    let world = &project.0;
    let settings = "[policy]\npause_seconds = 1\nstep_timeout = \"25s\"\n";
    world.write("sereno.toml", settings);
    let restart = world.sereno(&["restart", "crash", "--yes"]);
    assert_eq!(restart.code, Some(1), "up for a moment is not ready: {restart:?}");
    let (run, _) = world.runs()[0].clone();
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "test"]).code, Some(0));
    world.write("sereno.toml", "[policy]\npause_seconds = 1\n");
    let typed = at_a_terminal(&world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(world.runs()[0].1, "verified", "{typed}");
    assert!(project.started("crash").iter().all(|state| state.ends_with("exited")), "{typed}");
}

fn a_restart_that_was_done_is_not_done_again_when_it_is_retried() {
    // Healthy only once somebody says so, and no more after a restart.
    let project = Project::up(
        "  slow: {image: 'lab-base:bookworm', init: true, command: [sh, -c, 'rm -f /tmp/ok; sleep 1000'], healthcheck: {test: [CMD, test, -f, /tmp/ok], interval: 1s, retries: 1000}}\n",
    );
    let world = &project.0;
    world.write("sereno.toml", "[policy]\npause_seconds = 1\nstep_timeout = \"30s\"\n");
    let before = project.started("slow");
    let restart = world.sereno(&["restart", "slow", "--yes"]);
    assert_eq!(restart.code, Some(1), "it never gets healthy: {restart:?}");
    let restarted = project.started("slow");
    assert_ne!(restarted, before);
    project.compose(&["exec", "-T", "slow", "touch", "/tmp/ok"]);
    let run = world.runs()[0].0.clone();
    let retried = world.sereno(&["runs", "resume", &run, "--retry", "it is warm now", "--yes"]);
    assert_eq!(retried.code, Some(0), "{retried:?}");
    assert_eq!((project.started("slow"), world.runs()[0].1.as_str()), (restarted, "verified"));
}

fn nothing_stands_in_for_a_step() {
    let project = Project::up("  one: {image: 'lab-base:bookworm', init: true, command: [sleep, '1000']}\n");
    let world = &project.0;
    let before = project.started("one");
    // A step of a run that waits for its approval, by whoever knows how steps are started.
    let waits = world.sereno(&["restart", "one"]);
    assert_eq!(waits.code, Some(4), "{waits:?}");
    let run = world.runs()[0].0.clone();
    let entry = world.entries(&run).into_iter().find(|entry| entry["kind"] == "run.planned").expect("the plan");
    let text = entry["data"]["plan"]["steps"][0]["text"].as_str().expect("a text").to_owned();
    let words: Vec<&str> = text.split(' ').skip(1).collect();
    let folder = world.path().join(".sereno/runs").join(&run).join("steps/001-1");
    let forged = world.command(&words).env("SERENO_STEP", &folder).output().expect("the binary runs");
    assert_eq!(forged.status.code(), Some(3), "{}", String::from_utf8_lossy(&forged.stderr));
    assert_eq!(project.started("one"), before);
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "test"]).code, Some(0));
    // A function of the program's name in the environment.
    let mut shadowed = world.command(&["restart", "one", "--yes"]);
    let output = shadowed.env("BASH_FUNC_sereno%%", "() { echo nothing; }").output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(project.started("one"), before);
    // Other files than those that were planned with.
    let scale = world.sereno(&["scale", "one", "2"]);
    assert_eq!(scale.code, Some(4), "{scale:?}");
    let run = world.runs()[0].0.clone();
    let file = world.read("docker-compose.yml");
    world.write("docker-compose.yml", &file.replace("init: true", "init: true, privileged: true"));
    let changed = world.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(changed.code, Some(1), "{changed:?}");
    assert_eq!(project.started("one").len(), 1);
    world.write("docker-compose.yml", &file);
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "test"]).code, Some(0));
    // Another project than the one of the run.
    assert_eq!(world.sereno(&["scale", "one", "2", "--yes"]).code, Some(0));
    let run = world.runs()[0].0.clone();
    let other = world.command(&["runs", "undo", &run, "--yes"]).env("COMPOSE_PROJECT_NAME", "other").output();
    assert_eq!(other.expect("the binary runs").status.code(), Some(3));
    assert_eq!(project.started("one").len(), 2);
}

#[test]
fn an_engine_that_is_not_there_is_told_by_its_address() {
    let world = World::with_runbook("# T\n");
    world.write("docker-compose.yml", "services:\n  a: {image: i}\n");
    let mut command = world.command(&["status"]);
    let output = command.env("DOCKER_HOST", "unix:///nowhere/docker.sock").output().expect("the binary runs");
    let said = crate::world::said(output);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("unix:///nowhere/docker.sock") && said.err.contains("hint:"), "{said:?}");
    // One that takes the connection and never says anything.
    let socket = world.path().join("mute.sock");
    let mute = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let keep = std::thread::spawn(move || mute.incoming().take(2).collect::<Vec<_>>());
    let begun = Instant::now();
    let mut command = world.command(&["status"]);
    let said = crate::world::said(
        command.env("DOCKER_HOST", format!("unix://{}", socket.display())).output().expect("the binary runs"),
    );
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("does not answer within 10 s") && said.err.contains("hint:"), "{said:?}");
    drop(keep);
    let nothing = World::with_runbook("# T\n").sereno(&["status"]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    assert!(nothing.err.contains("no platform"), "{nothing:?}");
}

#[test]
fn the_env_file_beside_a_compose_file_names_the_project_as_compose_reads_it() {
    if !docker_answers() {
        return skipped("no Docker Engine with docker-compose answers");
    }
    let world = World::with_runbook("# T\n");
    fs::create_dir(world.path().join("deploy")).expect("a folder");
    for (name, text) in [
        ("deploy/stack.yml", "version: '2.4'\nservices:\n  a: {image: i}\n"),
        ("deploy/.env", "COMPOSE_PROJECT_NAME=de-al-lado\n"),
        (".env", "COMPOSE_PROJECT_NAME=de-arriba\nCOMPOSE_FILE=deploy/stack.yml\n"),
    ] {
        world.write(name, text);
    }
    let target = |settings: &str| {
        world.write("sereno.toml", &format!("[secrets]\nenv_files = [\"other.env\"]\n{settings}"));
        let said = world.sereno(&["status", "--format", "json"]);
        json(&said)["target"].as_str().expect("a target").to_owned()
    };
    assert_eq!(target(""), "compose:de-arriba");
    assert_eq!(target("[platform]\nfiles = [\"deploy/stack.yml\"]\n"), "compose:de-al-lado");
}

/// Two servers with systemd, ended when the test ends, however it ends.
pub(crate) struct Servers {
    tool: PathBuf,
    pub(crate) names: Vec<String>,
    pub(crate) world: World,
}

impl Servers {
    pub(crate) fn up(count: usize) -> Option<Self> {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/tools/vps-up");
        if !tool.exists() || !docker_answers() {
            skipped("servers with systemd need the tool beside the project, and a Docker Engine");
            return None;
        }
        let world = World::with_runbook("# T\n");
        let mut servers = Self { tool, names: Vec::new(), world };
        let mut config = String::new();
        for number in 1..=count {
            let name = format!("it-{}-{number}", std::process::id());
            let output = Command::new(&servers.tool).arg(&name).output().expect("the tool runs");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            servers.names.push(name);
            if !output.status.success() {
                skipped(&format!("no server could be started: {}", String::from_utf8_lossy(&output.stderr)));
                return None;
            }
            let value = |key: &str| {
                said.split_whitespace().find_map(|word| word.strip_prefix(key)).expect("a value").to_owned()
            };
            let (host, user, key, known) = (value("host="), value("user="), value("key="), value("known_hosts="));
            let lines = [
                format!("Host web-{number}"),
                format!("HostName {host}"),
                format!("User {user}"),
                format!("IdentityFile {key}"),
                format!("UserKnownHostsFile {known}"),
            ];
            config.push_str(&lines.join("\n"));
            config.push('\n');
        }
        servers.world.write("ssh.conf", &config);
        servers.world.write(
            "sereno.toml",
            "[platform]\nkind = \"systemd\"\nhosts = [\"web-1\", \"web-2\"]\nunits = [\"orion-api\"]\nssh_config = \"ssh.conf\"\n",
        );
        Some(servers)
    }

    /// Where a server answers, by its number from 0.
    pub(crate) fn address(&self, number: usize) -> String {
        let config = self.world.read("ssh.conf");
        let mut hosts = config.lines().filter_map(|line| line.strip_prefix("HostName "));
        hosts.nth(number).expect("a server of that number").to_owned()
    }

    pub(crate) fn ssh(&self, host: &str, command: &str) -> String {
        let output =
            Command::new("ssh").args(["-F", "ssh.conf", host, command]).current_dir(self.world.path()).output();
        String::from_utf8_lossy(&output.expect("ssh runs").stdout).trim().to_owned()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for name in &self.names {
            // A server that is gone already is as good as one that is taken away.
            let _ = Command::new(&self.tool).args(["--down", name]).output();
        }
    }
}

const UNIT: &str =
    "[Service]\nExecStart=/bin/bash -c 'while true; do echo tick; sleep 0.2; done'\nRestart=on-failure\n";

#[test]
fn services_on_two_servers_over_ssh() {
    let Some(servers) = Servers::up(2) else { return };
    for host in ["web-1", "web-2"] {
        let place = "/etc/systemd/system/orion-api.service";
        let begin = format!(
            "printf '%s' \"{UNIT}\" | sudo tee {place} >/dev/null; sudo systemctl daemon-reload; sudo systemctl start orion-api; systemctl is-active orion-api"
        );
        assert_eq!(servers.ssh(host, &begin), "active");
    }
    let world = &servers.world;
    let status = world.sereno(&["status", "--format", "json"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert_eq!(component(&json(&status), "orion-api")["ready"], 2, "{status:?}");
    let started = |host: &str| servers.ssh(host, "systemctl show -p InvocationID --value orion-api");
    let before = [started("web-1"), started("web-2")];
    let restart = world.sereno(&["restart", "orion-api", "--yes"]);
    assert_eq!(restart.code, Some(0), "{restart:?}");
    assert!(started("web-1") != before[0] && started("web-2") != before[1]);
    assert_eq!(world.runs()[0].1, "verified");
    let logs = world.sereno(&["logs", "orion-api", "--tail", "3", "--format", "json"]);
    assert!(logs.out.contains("orion-api@web-1") && logs.out.contains("orion-api@web-2"), "{logs:?}");
    crate::look::on_servers(&servers);
    let settings = world.read("sereno.toml");
    world.write("sereno.toml", &format!("{settings}\n[policy]\npause_seconds = 1\n"));
    let typed = at_a_terminal(&world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(world.runs()[0].1, "verified", "{typed}");
    let active = |host: &str| servers.ssh(host, "systemctl is-active orion-api");
    assert_eq!([active("web-1"), active("web-2")], ["inactive", "inactive"], "{typed}");
    let resumed = world.sereno(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!([active("web-1"), active("web-2")], ["active", "active"]);
    let limited = world.sereno(&["scale", "orion-api", "--memory", "64M", "--yes"]);
    assert_eq!(limited.code, Some(0), "{limited:?}");
    let limit = |host: &str| servers.ssh(host, "systemctl show -p MemoryMax --value orion-api");
    assert_eq!([limit("web-1"), limit("web-2")], ["67108864", "67108864"]);
    let scale = world.sereno(&["scale", "orion-api", "3", "--yes"]);
    assert_eq!(scale.code, Some(3), "{scale:?}");
    world.write("stranger.conf", "Host web-1 web-2\n HostName 127.0.0.1\n Port 1\n");
    let settings = world.read("sereno.toml").replace("ssh.conf", "stranger.conf");
    world.write("other.toml", &settings);
    let unreachable = world.sereno(&["--settings", "other.toml", "status"]);
    assert_eq!(unreachable.code, Some(1), "{unreachable:?}");
    assert!(
        unreachable.err.contains("cannot be reached over SSH") && unreachable.err.contains("hint:"),
        "{unreachable:?}"
    );
    let found = world.sereno(&["init", "web-1", "web-2", "--ssh-config", "ssh.conf", "--plan", "--format", "json"]);
    assert_eq!(found.code, Some(0), "{found:?}");
    let units = json(&found)["found"]["platform"]["units"].clone();
    let units: Vec<&str> = units.as_array().expect("units").iter().filter_map(Value::as_str).collect();
    assert!(units.contains(&"orion-api") && !units.iter().any(|unit| unit.contains("ssh")), "{units:?}");
    one_server_that_is_gone_hides_no_other(&servers);
    world.write("sereno.toml", &world.read("sereno.toml").replace("\"orion-api\"", "\"orion-api\", \"orion-apo\""));
    let missing = world.sereno(&["status"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.out.contains("web-2 has no unit orion-apo.service"), "{missing:?}");
    assert!(missing.out.lines().any(|line| line.starts_with("orion-api ")), "{missing:?}");
    let refused = world.sereno(&["restart", "orion-apo", "--yes"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
}

fn one_server_that_is_gone_hides_no_other(servers: &Servers) {
    let world = &servers.world;
    let gone = format!("Host web-2\n HostName 127.0.0.1\n Port 1\n{}", world.read("ssh.conf"));
    world.write("gone.conf", &gone);
    world.write("gone.toml", &world.read("sereno.toml").replace("ssh.conf", "gone.conf"));
    let sereno = |arguments: &[&str]| world.sereno(&[&["--settings", "gone.toml"], arguments].concat());
    let status = sereno(&["status", "--format", "json"]);
    assert_eq!(status.code, Some(1), "{status:?}");
    let api = component(&json(&status), "orion-api");
    let states: Vec<&Value> = api["instances"].as_array().expect("instances").iter().map(|i| &i["state"]).collect();
    assert_eq!((states, &api["ready"]), (vec![&Value::from("running"), &"unknown".into()], &1.into()), "{api}");
    assert!(sereno(&["status"]).out.contains("web-2 cannot be reached over SSH"));
    let restart = sereno(&["restart", "orion-api", "--yes"]);
    assert_eq!(restart.code, Some(3), "{restart:?}");
    assert!(restart.err.contains("nobody can tell how orion-api@web-2 is"), "{restart:?}");
    let logs = sereno(&["logs", "--tail", "3"]);
    assert_eq!(logs.code, Some(1), "{logs:?}");
    assert!(logs.out.contains("tick") && logs.err.contains("orion-api@web-2 is not read"), "{logs:?}");
    let typed = talk_at_a_terminal(
        &world.command(&["--settings", "gone.toml", "stop"]),
        &[("Type CONFIRM", "CONFIRM\n"), ("It failed.", "q\n")],
    );
    let active = |host: &str| servers.ssh(host, "systemctl is-active orion-api");
    assert_eq!([active("web-1"), active("web-2")], ["inactive", "active"], "{typed}");
    assert!(!matches!(world.runs()[0].1.as_str(), "verified" | "done"), "{typed}");
    assert!(typed.contains("not asked to stop: orion-api@web-2"), "{typed}");
    let run = world.runs()[0].0.clone();
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "test"]).code, Some(0));
    assert_eq!(servers.ssh("web-1", "sudo systemctl start orion-api; systemctl is-active orion-api"), "active");
}
