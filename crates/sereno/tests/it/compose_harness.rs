//! The kill harness over the operations of a compose project: `exec`, `up`, `down`, the maintenance page and a reveal, each
//! killed after every journal entry and taken up again. Nothing happens twice, nothing is left behind.

use crate::maintenance::{FLAG, nginx_is_there, port_of, seen, settings, shop};
use crate::people::{TWO_PEOPLE, is_root, share};
use crate::processes_harness::{after_each_approved_entry, after_each_entry};
use crate::services::Project;
use crate::world::{World, skipped, until};
use std::cell::Cell;
use std::process::Command;

/// A project of two people whose services are seen to be ready at once.
fn project(services: &str) -> Option<Project> {
    if !nginx_is_there() {
        return None;
    }
    if !is_root() {
        skipped("two OS users at once need root");
        return None;
    }
    let project = Project::declared(services);
    project.0.write("sereno.toml", TWO_PEOPLE);
    share(&project.0);
    Some(project)
}

const API: &str = "  api: {image: 'debian:bookworm-slim', init: true, command: [sleep, '1000'], environment: {DB_PASSWORD: 'cristal-oscuro-7731'}, healthcheck: {test: [CMD, 'true'], interval: 1s}}\n";

/// What the engine says of the first container of a service, whose name compose makes of the folder's.
fn shown(project: &Project, service: &str, template: &str) -> String {
    let output = Command::new("docker").args(["inspect", "-f", template, &container(project, service)]).output();
    String::from_utf8_lossy(&output.expect("docker runs").stdout).trim().to_owned()
}

fn container(project: &Project, service: &str) -> String {
    let folder = project.0.path().file_name().expect("a name").to_string_lossy().to_lowercase();
    format!("{folder}_{service}_1")
}

fn docker(arguments: &[&str]) -> bool {
    Command::new("docker").args(arguments).output().expect("docker runs").status.success()
}

const STATE: &str = "{{.State.Status}}";

#[test]
fn what_is_made_of_files_is_made_once_and_taken_down_once_whenever_sereno_is_killed() {
    let Some(project) = project(API) else { return };
    let world = &project.0;
    let gone = || {
        // There may be none.
        docker(&["rm", "-f", &container(&project, "api")]);
    };
    after_each_entry(
        world,
        &["up", "--yes"],
        "verified",
        (&gone, &|entries| {
            assert_eq!(shown(&project, "api", STATE), "running", "killed after {entries}");
            assert_eq!(project.compose(&["ps", "-q"]).lines().count(), 1, "killed after {entries}");
        }),
    );
    let id = shown(&project, "api", "{{.Id}}");
    let up = || assert!(docker(&["start", &id]));
    after_each_approved_entry(
        world,
        &["down", "--yes"],
        "verified",
        (&up, &|entries| {
            let seen = (shown(&project, "api", STATE), shown(&project, "api", "{{.Id}}"));
            assert_eq!(seen, ("exited".to_owned(), id.clone()), "killed after {entries}");
        }),
    );
}

#[test]
fn a_program_runs_once_and_a_reveal_opens_once_whenever_sereno_is_killed() {
    let Some(project) = project(API) else { return };
    project.compose(&["up", "-d"]);
    a_program_runs_once(&project);
    a_reveal_opens_once(&project.0);
}

fn a_program_runs_once(project: &Project) {
    let counted = Cell::new(0);
    let argv = ["exec", "api", "--yes", "--", "sh", "-c", "echo run >> /tmp/ledger"];
    after_each_entry(
        &project.0,
        &argv,
        "done",
        (&|| counted.set(counted.get() + 1), &|entries| {
            let lines = format!("test $(wc -l < /tmp/ledger) = {}", counted.get());
            let counts = docker(&["exec", &container(project, "api"), "sh", "-c", &lines]);
            assert!(counts, "killed after {entries}");
        }),
    );
}

fn a_reveal_opens_once(world: &World) {
    let argv = ["secret", "reveal", "api", "DB_PASSWORD", "--reason", "stuck", "--yes"];
    after_each_approved_entry(
        world,
        &argv,
        "done",
        (&|| (), &|entries| {
            let (run, _) = world.runs().remove(0);
            let of = |kind: &str| world.entries(&run).iter().filter(|entry| entry["kind"] == kind).count();
            assert_eq!(of("secret.opened"), 1, "killed after {entries}");
            let file = format!("credential-{entries}");
            assert_eq!(world.sereno(&["secret", "show", &run, "--to", &file]).code, Some(0));
            assert_eq!((world.read(&file).trim(), of("secret.shown")), ("cristal-oscuro-7731", 1));
        }),
    );
}

/// The shop, open, and the port of its edge.
fn open_shop() -> Option<(Project, u16)> {
    let project = project(&shop())?;
    project.compose(&["up", "-d"]);
    let port = port_of(&project);
    project.0.write("sereno.toml", &format!("{TWO_PEOPLE}\n{}", settings(port, FLAG)));
    until("the shop is open", || seen(port).0 == 200);
    Some((project, port))
}

#[test]
fn the_page_is_shown_and_taken_away_once_whenever_sereno_is_killed() {
    let Some((project, port)) = open_shop() else { return };
    let world = &project.0;
    let edge = container(&project, "edge");
    let hidden = || assert!(docker(&["exec", &edge, "rm", "-f", FLAG]));
    after_each_approved_entry(
        world,
        &["maintenance", "on", "--yes"],
        "verified",
        (&hidden, &|entries| assert_eq!(seen(port).0, 503, "killed after {entries}")),
    );
    let shown = || assert!(docker(&["exec", &edge, "touch", FLAG]));
    after_each_entry(
        world,
        &["maintenance", "off", "--yes"],
        "verified",
        (&shown, &|entries| assert_eq!(seen(port).0, 200, "killed after {entries}")),
    );
}

#[test]
fn a_stop_with_its_page_is_made_once_whenever_sereno_is_killed() {
    let Some((project, port)) = open_shop() else { return };
    let (edge, api) = (container(&project, "edge"), container(&project, "api"));
    let open = || {
        assert!(docker(&["start", &api]) && docker(&["exec", &edge, "rm", "-f", FLAG]));
        until("the shop is open", || seen(port).0 == 200);
    };
    after_each_approved_entry(
        &project.0,
        &["stop", "--yes"],
        "verified",
        (&open, &|entries| {
            let states = ["edge", "api"].map(|service| shown(&project, service, STATE));
            assert_eq!((seen(port).0, states), (503, ["running".to_owned(), "exited".to_owned()]), "{entries}");
        }),
    );
}
