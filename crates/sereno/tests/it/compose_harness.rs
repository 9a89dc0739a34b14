//! The kill harness over the operations of a compose project: `exec`, `up`, `down`, the maintenance page and a reveal, each
//! killed after every journal entry and taken up again. Nothing happens twice, nothing is left behind.

use crate::maintenance::{FLAG, nginx_is_there, port_of, seen, settings, shop};
use crate::people::{TWO_PEOPLE, is_root, share};
use crate::processes_harness::{after_each_approved_entry, after_each_entry};
use crate::services::Project;
use crate::world::{World, skipped, until};
use std::cell::Cell;

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

#[test]
fn what_is_made_run_inside_revealed_and_taken_down_is_so_once_whenever_sereno_is_killed() {
    let Some(project) = project(API) else { return };
    let world = &project.0;
    let states = || project.shown("api", "{{.State.Status}}");
    let gone = || drop(project.compose(&["rm", "-s", "-f", "api"]));
    after_each_entry(
        world,
        &["up", "--yes"],
        "verified",
        (&gone, &|entries| {
            assert_eq!(states(), ["running"], "killed after {entries}");
        }),
    );
    a_program_runs_once(&project);
    a_reveal_opens_once(world);
    let up = || {
        if states() != ["running"] {
            assert_eq!(world.sereno(&["up", "--yes"]).code, Some(0));
        }
    };
    let ids = project.shown("api", "{{.Id}}");
    after_each_approved_entry(
        world,
        &["down", "--yes"],
        "verified",
        (&up, &|entries| {
            assert_eq!(
                (states(), project.shown("api", "{{.Id}}")),
                (vec!["exited".to_owned()], ids.clone()),
                "{entries}"
            );
        }),
    );
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
            assert!(project.inside("api", &["sh", "-c", &lines]), "killed after {entries}");
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

#[test]
fn the_page_is_shown_and_taken_away_once_whenever_sereno_is_killed() {
    let Some(project) = project(&shop()) else { return };
    let world = &project.0;
    project.compose(&["up", "-d"]);
    let port = port_of(&project);
    world.write("sereno.toml", &format!("{TWO_PEOPLE}\n{}", settings(port, FLAG)));
    until("the shop is open", || seen(port).0 == 200);
    let hidden = || assert!(project.inside("edge", &["rm", "-f", FLAG]));
    after_each_approved_entry(
        world,
        &["maintenance", "on", "--yes"],
        "verified",
        (&hidden, &|entries| {
            assert_eq!(seen(port).0, 503, "killed after {entries}");
        }),
    );
    let shown = || assert!(project.inside("edge", &["touch", FLAG]));
    after_each_entry(
        world,
        &["maintenance", "off", "--yes"],
        "verified",
        (&shown, &|entries| {
            assert_eq!(seen(port).0, 200, "killed after {entries}");
        }),
    );
    let open = || {
        if project.shown("api", "{{.State.Status}}") != ["running"] {
            assert_eq!(world.sereno(&["resume", "--yes"]).code, Some(0));
        }
        assert_eq!(seen(port).0, 200);
    };
    after_each_approved_entry(
        world,
        &["stop", "--yes"],
        "verified",
        (&open, &|entries| {
            let states = ["edge", "api"].map(|service| project.shown(service, "{{.State.Status}}").remove(0));
            assert_eq!((seen(port).0, states), (503, ["running".to_owned(), "exited".to_owned()]), "{entries}");
        }),
    );
}
