//! `up` and `down` of a compose project: what is asserted is what the engine shows afterwards.

use crate::pedidos::docker_answers;
use crate::services::Project;
use crate::world::{at_a_terminal, skipped, until};

const SLEEPS: &str = "init: true, command: [sleep, '1000']";

fn services() -> String {
    let health = "healthcheck: {test: [CMD, test, -f, /tmp/ok], interval: 1s, retries: 1000}";
    [
        format!("  db: {{image: 'debian:bookworm-slim', init: true, volumes: ['data:/data'], command: [sh, -c, 'sleep 2; touch /tmp/ok; exec sleep 1000'], {health}}}\n"),
        format!("  cache: {{image: 'debian:bookworm-slim', {SLEEPS}}}\n"),
        format!("  api: {{image: 'debian:bookworm-slim', {SLEEPS}, depends_on: {{db: {{condition: service_healthy}}, cache: {{condition: service_started}}}}}}\n"),
        "volumes: {data: {}}\n".to_owned(),
    ]
    .concat()
}

#[test]
fn a_compose_project_is_brought_up_in_order_and_taken_down_without_a_loss() {
    if !docker_answers() {
        return skipped("no Docker Engine with docker-compose answers");
    }
    let project = Project::declared(&services());
    let world = &project.0;
    let plan = world.sereno(&["up", "--plan"]);
    assert_eq!(plan.code, Some(0), "{plan:?}");
    assert!(project.compose(&["ps", "-q"]).is_empty(), "a plan does nothing");
    let up = world.sereno(&["up", "--yes"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(world.runs()[0].1, "verified");
    let started = |service: &str| project.shown(service, "{{.State.StartedAt}}").remove(0);
    assert!(started("db") < started("api") && started("cache") < started("api"), "{up:?}");
    let healthy = project.shown("db", "{{.State.Health.Status}}");
    assert_eq!(healthy, ["healthy"]);
    let again = world.sereno(&["up", "--yes"]);
    assert_eq!(again.code, Some(3), "{again:?}");
    what_is_needed_keeps_its_number(&project);
    down_keeps_containers_and_volumes(&project);
    what_cannot_be_made_is_told(&project);
}

fn what_is_needed_keeps_its_number(project: &Project) {
    let world = &project.0;
    assert_eq!(world.sereno(&["scale", "cache", "2", "--yes"]).code, Some(0));
    project.compose(&["stop", "-t", "0", "api"]);
    let up = world.sereno(&["up", "api", "--yes"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(project.shown("api", "{{.State.Status}}"), ["running"]);
    assert_eq!(project.shown("cache", "{{.State.Status}}"), ["running", "running"], "compose alone would end one");
}

fn down_keeps_containers_and_volumes(project: &Project) {
    let world = &project.0;
    assert!(project.inside("db", &["touch", "/data/precious", "/tmp/layer"]));
    let all = |service: &str| project.shown(service, "{{.Id}}");
    let before = [all("db"), all("cache"), all("api")];
    let alone = world.sereno(&["down", "--yes"]);
    assert_eq!(alone.code, Some(4), "it is destruction: {alone:?}");
    let run = world.runs()[0].0.clone();
    let typed = at_a_terminal(&world.command(&["runs", "resume", &run]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(world.runs()[0].1, "verified", "{typed}");
    let states = ["db", "cache", "api"].map(|service| project.shown(service, "{{.State.Status}}"));
    assert!(states.iter().flatten().all(|state| state == "exited"), "{states:?}");
    assert_eq!(world.sereno(&["down", "--yes"]).code, Some(3), "nothing is up");
    let undone = world.sereno(&["runs", "undo", &run, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!([all("db"), all("cache"), all("api")], before, "the same containers");
    assert!(
        project.inside("db", &["test", "-e", "/data/precious"]) && project.inside("db", &["test", "-e", "/tmp/layer"])
    );
}

fn what_cannot_be_made_is_told(project: &Project) {
    let world = &project.0;
    let file = world.read("docker-compose.yml");
    let more = "  ghost: {image: 'sereno-it-nowhere:none', command: [sleep, '1']}\nvolumes:";
    world.write("docker-compose.yml", &file.replace("volumes: {data", &format!("{more} {{data")));
    let failed = world.sereno(&["up", "--yes"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(format!("{failed:?}").contains("sereno-it-nowhere"), "{failed:?}");
    let run = world.runs()[0].0.clone();
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "test"]).code, Some(0));
    world.write(
        "docker-compose.yml",
        &file.replace("  cache:", "  cache2:").replace("cache: {condition", "cache2: {condition"),
    );
    let gone = world.sereno(&["up", "cache", "--yes"]);
    assert!(gone.code == Some(3) && gone.err.contains("in none of the files"), "{gone:?}");
    world.write("docker-compose.yml", &file);
    until("status reads it again", || world.sereno(&["status"]).code == Some(0));
}
