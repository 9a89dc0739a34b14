//! Runs on a live shell: killed in the middle of a step, cancelled, timed out, decided upon, undone.

use crate::world::{Said, World, said};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const RUNBOOK: &str = "\
# Runs

## Deploy

```bash
# 1. Begin
echo begin >> ledger

# 2. Wait for the gate
echo waiting; touch started
while [ ! -e gate ] && [ -e RUNBOOK.md ]; do sleep 0.02; done
echo through >> ledger

# 3. End
echo end >> ledger
```

## Fails

```bash
# 1. Change that fails
echo tried >> ledger; test -e mended

# 2. After
echo after >> ledger
```

## Leaves children

```bash
# 1. Start a family
(setsid sleep 300 & echo $! > orphan; touch started; sleep 300) >> ledger
```

## Uses a secret

```bash
# 1. Show it
echo \"token is $API_TOKEN and $(printf %s \"$API_TOKEN\" | rev | rev)\" >> /dev/null
echo \"token is $API_TOKEN\"
```

## Publish

```bash
# 1. Publish
echo published >> ledger
```

### Rollback

```bash
# 1. Take it back
echo taken-back >> ledger
```
";

fn spawn(world: &World, arguments: &[&str]) -> Child {
    world.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

fn await_file(path: &Path) {
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{} never appeared", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// Whether any process of a step of this world is alive.
fn has_processes(world: &World) -> bool {
    let mark = format!("SERENO_STEP={}", fs::canonicalize(world.path()).expect("a folder").display());
    fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()))
        .filter(|entry| alive(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| fs::read(entry.path().join("environ")).ok())
        .any(|environ| environ.windows(mark.len()).any(|window| window == mark.as_bytes()))
}

fn one_run(world: &World) -> (String, String) {
    world.runs().remove(0)
}

#[test]
fn killed_in_the_middle_of_a_step_the_true_outcome_is_learned() {
    let world = World::with_runbook(RUNBOOK);
    let mut child = spawn(&world, &["run", "deploy", "--yes"]);
    await_file(&world.path().join("started"));
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    let (run, state) = one_run(&world);
    assert_eq!(state, "running");
    world.write("gate", "");
    let resumed = world.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(world.read("ledger"), "begin\nthrough\nend\n");
    assert!(resumed.out.contains("waiting"), "output from before the kill is shown: {resumed:?}");
}

#[test]
fn a_killed_runner_leaves_unknown_and_a_person_decides() {
    let world = World::with_runbook(RUNBOOK);
    let child = spawn(&world, &["run", "deploy", "--yes"]);
    await_file(&world.path().join("started"));
    let (run, _) = one_run(&world);
    let runner = fs::read_to_string(world.path().join(".sereno/runs").join(&run).join("steps/002-1/runner.json"))
        .expect("the runner said who it is");
    let runner: serde_json::Value = serde_json::from_str(&runner).expect("JSON");
    let pid = runner["pid"].as_u64().expect("pid").to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().expect("kill runs").success());
    let ended = said(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert_eq!(one_run(&world).1, "unknown");
    let undecided = world.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(undecided.code, Some(5), "without a decision it stays unknown: {undecided:?}");
    assert!(has_processes(&world), "the script outlived its runner");
    let decided = world.sereno(&["runs", "resume", &run, "--yes", "--done", "the gate was open"]);
    assert_eq!(decided.code, Some(0), "{decided:?}");
    assert!(!has_processes(&world), "what the lost step left running was ended before anything else ran");
    assert_eq!(world.read("ledger"), "begin\nend\n");
}

/// After a power cut the folder of a step that was just started may be empty although it ran: only on the same start of the
/// same machine does an empty folder prove anything.
#[test]
fn a_step_that_was_started_before_the_machine_was_is_unknown() {
    let started_last = |boot: &str| {
        let world = World::with_runbook(RUNBOOK);
        world.write("gate", "");
        // Planned, consented, started: nothing of the step is there yet.
        let killed = world.command(&["run", "deploy", "--yes"]).env("SERENO_TEST_KILL_AFTER", "3").output();
        assert_eq!(killed.expect("the binary runs").status.code(), None);
        let (run, _) = one_run(&world);
        let resumed = world.command(&["runs", "resume", &run, "--yes"]).env("SERENO_TEST_BOOT", boot).output();
        (resumed.expect("the binary runs").status.code(), world.read("ledger"), one_run(&world).1)
    };
    let this = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("it is readable");
    assert_eq!(started_last(this.trim()).0, Some(0));
    let (code, ledger, state) = started_last("another");
    assert_eq!((code, ledger.as_str(), state.as_str()), (Some(5), "", "unknown"));
}

#[test]
fn cancelling_ends_the_step_and_everything_that_it_started() {
    let world = World::with_runbook(RUNBOOK);
    let child = spawn(&world, &["run", "leaves-children", "--yes"]);
    await_file(&world.path().join("started"));
    let orphan = world.read("orphan");
    assert!(alive(&orphan));
    let (run, _) = one_run(&world);
    let cancelled = world.sereno(&["runs", "cancel", &run, "--reason", "enough"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let ended = said(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(!alive(&orphan), "the orphan lives");
    assert_eq!(one_run(&world).1, "cancelled");
}

#[test]
fn a_timeout_ends_the_step_and_the_run_stands_there() {
    let world = World::with_runbook(RUNBOOK);
    let said = world.sereno(&["run", "leaves-children", "--yes", "--timeout", "1s"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(!alive(&world.read("orphan")));
    assert_eq!(one_run(&world).1, "waiting-person");
}

#[test]
fn a_failed_change_stops_the_run_until_it_is_retried_skipped_or_done() {
    let decide = |decision: &str| -> (Said, World) {
        let world = World::with_runbook(RUNBOOK);
        assert_eq!(world.sereno(&["run", "fails", "--yes"]).code, Some(1));
        let (run, state) = one_run(&world);
        assert_eq!(state, "waiting-person");
        assert_eq!(world.read("ledger"), "tried\n");
        world.write("mended", "");
        let said = world.sereno(&["runs", "resume", &run, "--yes", decision, "because"]);
        (said, world)
    };
    for (decision, ledger) in
        [("--retry", "tried\ntried\nafter\n"), ("--skip", "tried\nafter\n"), ("--done", "tried\nafter\n")]
    {
        let (said, world) = decide(decision);
        assert_eq!(said.code, Some(0), "{decision}: {said:?}");
        assert_eq!(world.read("ledger"), ledger, "{decision}");
    }
}

#[test]
fn two_people_at_once_only_one_walks() {
    let world = World::with_runbook(RUNBOOK);
    let child = spawn(&world, &["run", "deploy", "--yes"]);
    await_file(&world.path().join("started"));
    let (run, _) = one_run(&world);
    let second = world.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(second.err.contains("another process"), "{second:?}");
    // The second run of a procedure that changes the same thing is told who holds it.
    let other = world.sereno(&["run", "publish", "--yes"]);
    assert_eq!(other.code, Some(3), "{other:?}");
    assert!(other.err.contains(&run), "{other:?}");
    world.write("gate", "");
    assert_eq!(said(child.wait_with_output().expect("it ends")).code, Some(0));
    assert_eq!(world.read("ledger"), "begin\nthrough\nend\n");
}

#[test]
fn without_a_yes_a_change_waits_and_with_an_approval_it_goes_on() {
    let world = World::with_runbook(RUNBOOK);
    let waiting = world.sereno(&["run", "publish"]);
    assert_eq!(waiting.code, Some(4), "{waiting:?}");
    assert_eq!(world.read("ledger"), "");
    let (run, state) = one_run(&world);
    assert_eq!(state, "waiting-approval");
    let wrong = world.sereno(&["approve", &run, "--reason", "ok", "--digest", "000000000000"]);
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    assert_eq!(world.sereno(&["approve", &run, "--reason", "ok"]).code, Some(0));
    assert_eq!(world.sereno(&["runs", "resume", &run]).code, Some(0));
    assert_eq!(world.read("ledger"), "published\n");
}

#[test]
fn undo_walks_the_runbooks_own_rollback_of_what_really_ran() {
    let world = World::with_runbook(RUNBOOK);
    assert_eq!(world.sereno(&["run", "publish", "--yes"]).code, Some(0));
    let (run, _) = one_run(&world);
    let undone = world.sereno(&["runs", "undo", &run, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(world.read("ledger"), "published\ntaken-back\n");
    let (undoing, _) = one_run(&world);
    assert_eq!(world.entries(&undoing)[0]["data"]["undoes"], serde_json::json!(run));
}

#[test]
fn a_secret_reaches_neither_output_nor_journal_nor_the_runs_folder() {
    let world = World::with_runbook(RUNBOOK);
    let secret = "zX9-very-secret-value-42";
    world.write(".env", &format!("API_TOKEN={secret}\n"));
    let said = world.sereno(&["run", "uses-a-secret", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("token is [redacted:API_TOKEN]"), "{said:?}");
    let mut found = Vec::new();
    grep(&world.path().join(".sereno"), secret.as_bytes(), &mut found);
    assert!(found.is_empty(), "{found:?}");
    assert!(!format!("{said:?}").contains(secret));
}

fn grep(folder: &Path, needle: &[u8], found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            grep(&path, needle, found);
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(needle.len()).any(|window| window == needle)) {
            found.push(path);
        }
    }
}
