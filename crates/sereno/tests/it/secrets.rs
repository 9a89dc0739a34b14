//! Reading a credential in an emergency, on a real container and a real secret of Kubernetes. What is asserted of the
//! record is that every byte of it is without the credential.

use crate::kubernetes::{Cluster, READY, TICKS, workload};
use crate::pedidos::docker_answers;
use crate::people::{TWO_PEOPLE, as_user, is_root, share};
use crate::services::Project;
use crate::world::{Said, World, at_a_terminal, skipped, until};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

pub(crate) const PASSWORD: &str = "cristal-oscuro-7731";

/// The files under a folder that hold some bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(holding(&path, bytes));
        } else if fs::metadata(&path).is_ok_and(|meta| meta.is_file())
            && !path.ends_with("bin/sereno")
            && fs::read(&path).expect("it can be read").windows(bytes.len()).any(|window| window == bytes)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

pub(crate) fn nothing_is_kept(world: &World) {
    let kept = holding(&world.path().join(".sereno"), PASSWORD.as_bytes());
    assert!(kept.is_empty(), "{kept:?}");
    world.write(".sereno/probe", PASSWORD);
    assert_eq!(holding(&world.path().join(".sereno"), PASSWORD.as_bytes()).len(), 1, "it would be found");
    fs::remove_file(world.path().join(".sereno/probe")).expect("removed");
}

/// Opens a reveal: asked for by ana, approved by eva, taken up by ana.
pub(crate) fn opened(world: &World, arguments: &[&str]) -> String {
    let asked = world.sereno(&[&["secret", "reveal"], arguments, &["--reason", "the payments are stuck"]].concat());
    assert_eq!(asked.code, Some(4), "{asked:?}");
    let run = world.runs()[0].0.clone();
    approve(world, &run);
    let resumed = world.sereno(&["runs", "resume", &run]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(resumed.out.contains(&format!("sereno secret show {run}")), "{resumed:?}");
    run
}

pub(crate) fn approve(world: &World, run: &str) {
    let approved = as_user(world, "nobody", &["approve", run, "--word", "CONFIRM", "--reason", "fine"]);
    assert_eq!(approved.code, Some(0), "{approved:?}");
}

/// At a terminal that nothing is typed into.
fn shown(world: &World, run: &str) -> String {
    at_a_terminal(&world.command(&["secret", "show", run]), "nothing is asked", "")
}

#[test]
fn a_credential_of_a_container_is_read_for_a_while_by_who_asked_and_kept_nowhere() {
    if !docker_answers() {
        return skipped("no Docker Engine with docker-compose answers");
    }
    if !is_root() {
        return skipped("two OS users at once need root");
    }
    let project = Project::up(&format!(
        "  api: {{image: 'debian:bookworm-slim', init: true, command: [sleep, '1000'], environment: {{DB_PASSWORD: '{PASSWORD}', DB_USER: pedidos}}}}\n"
    ));
    let world = &project.0;
    world.write("sereno.toml", TWO_PEOPLE);
    share(world);
    what_is_not_said_right_opens_nothing(world);
    let short = opened(world, &["api", "DB_PASSWORD", "--minutes", "1"]);
    let run = only_who_asked_reads_it(world);
    every_reading_is_of_the_record(world, &run);
    closing_ends_it(world, &run);
    until("the minute is over", || {
        let over = world.sereno(&["secret", "show", &short]);
        assert_eq!(over.code, Some(3), "{over:?}");
        over.err.contains("is over")
    });
    let over = shown(world, &short);
    assert!(over.contains("is over: it was open until") && !over.contains(PASSWORD), "{over}");
    let spanish = world.sereno(&["--lang", "es", "secret", "show", &short]);
    assert!(spanish.err.contains("se terminó el tiempo"), "{spanish:?}");
    nothing_is_kept(world);
}

fn what_is_not_said_right_opens_nothing(world: &World) {
    let asked = |arguments: &[&str]| -> Said { world.sereno(&[&["secret", "reveal"], arguments].concat()) };
    assert_eq!(asked(&["api", "DB_PASSWORD"]).code, Some(2), "without a reason");
    assert_eq!(asked(&["api", "--reason", "x"]).code, Some(2), "without a name");
    let unknown = asked(&["api", "DB_PASS", "--reason", "x"]);
    assert!(unknown.code == Some(3) && unknown.err.contains("there is: DB_PASSWORD, DB_USER"), "{unknown:?}");
    let long = asked(&["api", "DB_PASSWORD", "--reason", "x", "--minutes", "61"]);
    assert!(long.code == Some(3) && long.err.contains("60 minutes at most"), "{long:?}");
    let secret = asked(&["secret/api#DB_PASSWORD", "--reason", "x"]);
    assert!(secret.code == Some(3) && secret.err.contains("tells no secrets"), "{secret:?}");
    assert!(world.runs().is_empty());
}

fn only_who_asked_reads_it(world: &World) -> String {
    let asked = world.sereno(&["secret", "reveal", "api", "DB_PASSWORD", "DB_USER", "--reason", "stuck", "--yes"]);
    assert_eq!(asked.code, Some(4), "a yes given beforehand is no second person's: {asked:?}");
    let run = world.runs()[0].0.clone();
    let early = world.sereno(&["secret", "show", &run]);
    assert!(early.code == Some(3) && early.err.contains("is not open"), "{early:?}");
    let own = world.sereno(&["approve", &run, "--word", "CONFIRM", "--reason", "me too"]);
    assert_eq!(own.code, Some(3), "{own:?}");
    approve(world, &run);
    assert_eq!(world.sereno(&["runs", "resume", &run]).code, Some(0));
    for user in ["nobody", "daemon", "games"] {
        let other = as_user(world, user, &["secret", "show", &run]);
        assert!(other.code == Some(3) && other.err.contains("is open to ana only"), "{user}: {other:?}");
        assert!(!other.out.contains(PASSWORD), "{other:?}");
    }
    let piped = world.sereno(&["secret", "show", &run]);
    assert!(piped.code == Some(3) && piped.out.is_empty() && piped.err.contains("--to FILE"), "{piped:?}");
    run
}

fn every_reading_is_of_the_record(world: &World, run: &str) {
    let seen = shown(world, run);
    assert!(seen.contains(&format!("DB_PASSWORD={PASSWORD}")) && seen.contains("DB_USER=pedidos"), "{seen}");
    let file = world.path().join("credential");
    let to = ["secret", "show", run, "--to", "credential"];
    assert_eq!(world.sereno(&to).code, Some(0));
    assert!(world.read("credential").contains(PASSWORD));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(world.sereno(&to).code, Some(2), "a file that is there is not written over");
    let entries = world.entries(run);
    let of = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).cloned().collect::<Vec<_>>();
    let (opened, shown) = (of("secret.opened"), of("secret.shown"));
    assert_eq!((opened.len(), shown.len()), (1, 2), "{entries:?}");
    assert_eq!(opened[0]["data"]["reason"], "stuck");
    assert!(opened[0]["data"]["until"].is_string(), "{opened:?}");
    assert!(shown.iter().all(|entry| entry["actor"]["id"] == "ana"), "{shown:?}");
    assert_eq!([&shown[0]["data"]["to"], &shown[1]["data"]["to"]], ["terminal", "credential"]);
    let history = world.sereno(&["runs", "show", run, "--output"]);
    assert!(history.out.contains("ana: read DB_PASSWORD, DB_USER of api (terminal)"), "{history:?}");
    assert!(!history.out.contains(PASSWORD), "{history:?}");
    nothing_is_kept(world);
    assert_eq!(world.sereno(&["audit", "verify"]).code, Some(0));
}

fn closing_ends_it(world: &World, run: &str) {
    let looker = as_user(world, "daemon", &["secret", "close", run]);
    assert_eq!(looker.code, Some(3), "who may only look ends nothing: {looker:?}");
    assert_eq!(world.sereno(&["secret", "close", run]).code, Some(0));
    let closed = shown(world, run);
    assert!(closed.contains("ana has closed run") && !closed.contains(PASSWORD), "{closed}");
    assert_eq!(world.sereno(&["secret", "close", run]).code, Some(3));
}

#[test]
fn a_secret_of_kubernetes_is_read_by_its_key() {
    let Some(cluster) = Cluster::up("secret") else { return };
    cluster.apply(&workload("Deployment", "api", Some(1), TICKS, READY));
    cluster.kubectl(&["create", "secret", "generic", "api-secrets", &format!("--from-literal=DB_PASSWORD={PASSWORD}")]);
    let world = &cluster.world;
    let asked = ["secret", "reveal", "secret/api-secrets#DB_PASSWORD", "--reason", "stuck"];
    let typed = at_a_terminal(&world.command(&asked), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(world.runs()[0].1, "done", "{typed}");
    assert!(!typed.contains(PASSWORD), "{typed}");
    let run = world.runs()[0].0.clone();
    let seen = shown(world, &run);
    assert!(seen.contains(PASSWORD), "{seen}");
    // What it is now, not what it was.
    let changed = "bm90LXRoZS1vbGQtb25l";
    cluster.kubectl(&["patch", "secret", "api-secrets", "-p", &format!(r#"{{"data":{{"DB_PASSWORD":"{changed}"}}}}"#)]);
    assert!(shown(world, &run).contains("not-the-old-one"));
    nothing_is_kept(world);
    let nowhere = world.sereno(&["secret", "reveal", "secret/nowhere#X", "--reason", "stuck"]);
    assert!(nowhere.code == Some(3) && nowhere.err.contains("there is no secret `nowhere`"), "{nowhere:?}");
    let key = world.sereno(&["secret", "reveal", "secret/api-secrets#X", "--reason", "stuck"]);
    assert!(key.code == Some(3) && key.err.contains("there is: DB_PASSWORD"), "{key:?}");
}
