//! Locks between runs: kept while somebody or something is at work, and no longer.

use crate::world::{Said, World, said, until};
use sereno_store::{Actor, Context, Location, Store};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

const RUNBOOK: &str = "\
# Locks

## Slow change

```bash
# 1. Begin
echo begin >> ledger

# 2. Wait for the gate
touch started; while [ ! -e gate ] && [ -e RUNBOOK.md ]; do sleep 0.02; done; echo through >> ledger
```

## Other change

```bash
echo other >> ledger
```

## Fails

```bash
echo tried >> ledger; test -e mended
```
";

fn start(world: &World, arguments: &[&str]) -> Child {
    let child = world.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    child.expect("the binary starts")
}

/// When the lease of the one lock of this world ends, in microseconds since 1970.
fn lease_ends(world: &World) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let context = Context::with_all_roles(Actor::new("test", "test", "Test"));
    let locks = runtime.block_on(async {
        let store = Store::open(&Location::Sqlite(world.path().join(".sereno/journal.db"))).await?;
        let locks = store.locks(&context).await;
        store.close().await;
        locks
    });
    let locks = locks.expect("the journal is readable");
    assert_eq!(locks.len(), 1, "{locks:?}");
    locks[0].expires
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is right");
    i64::try_from(now.as_micros()).expect("it fits")
}

fn other(world: &World) -> Said {
    world.sereno(&["run", "other-change", "--yes"])
}

fn exists(world: &World, name: &str) -> bool {
    Path::exists(&world.path().join(name))
}

#[test]
fn the_lock_of_a_run_that_was_killed_between_its_steps_is_taken_over_at_once() {
    let world = World::with_runbook(RUNBOOK);
    // Planned, consented, started, finished: then it dies with the lock in its hand.
    let killed = world.command(&["run", "slow-change", "--yes"]).env("SERENO_TEST_KILL_AFTER", "4").output();
    assert_eq!(killed.expect("it runs").status.code(), None);
    let (dead, _) = world.runs().remove(0);
    let taken = other(&world);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert!(taken.err.contains(&format!("over from run {dead}, which nobody walks")), "{taken:?}");
    let (run, _) = world.runs().remove(0);
    assert!(world.entries(&run).iter().any(|e| e["kind"] == "lock.taken_over" && e["data"]["from_run"] == *dead));
    assert!(world.sereno(&["runs", "show", &run]).out.contains("took the lock of"));
    // The one that died is taken up all the same.
    world.write("gate", "");
    assert_eq!(world.sereno(&["runs", "resume", &dead, "--yes"]).code, Some(0));
    assert_eq!(world.read("ledger"), "begin\nother\nthrough\n");
}

#[test]
fn a_step_at_work_keeps_its_lock_although_its_sereno_was_killed_and_its_lease_ran_out() {
    let world = World::with_runbook(RUNBOOK);
    world.write("sereno.toml", "[locks]\nlease_seconds = 1\n");
    let mut child = start(&world, &["run", "slow-change", "--yes"]);
    until("the step is at its gate", || exists(&world, "started"));
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    let lease = lease_ends(&world);
    until("its lease has run out", || now() > lease);
    assert_eq!(lease_ends(&world), lease, "nobody renews it");
    let refused = other(&world);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    world.write("gate", "");
    until("the step has ended", || world.read("ledger").ends_with("through\n"));
    until("its lock can be had", || other(&world).code == Some(0));
}

#[test]
fn a_run_that_waits_for_a_person_keeps_its_lock() {
    let world = World::with_runbook(RUNBOOK);
    assert_eq!(world.sereno(&["run", "fails", "--yes"]).code, Some(1));
    let refused = other(&world);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert_eq!(world.read("ledger"), "tried\n");
}

#[test]
fn a_lock_is_renewed_while_its_step_runs() {
    let world = World::with_runbook(RUNBOOK);
    world.write("sereno.toml", "[locks]\nlease_seconds = 3\n");
    // Another machine: the same journal, and none of the run's folders.
    let far = World::with_runbook(RUNBOOK);
    let journal = world.path().join(".sereno/journal.db");
    far.write("sereno.toml", &format!("[journal]\nlocation = \"sqlite:{}\"\n", journal.display()));
    let child = start(&world, &["run", "slow-change", "--yes"]);
    until("the step is at its gate", || exists(&world, "started"));
    let first = lease_ends(&world);
    until("the first lease has run out, and the lock is held", || now() > first && lease_ends(&world) > now());
    let refused = other(&far);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    world.write("gate", "");
    assert_eq!(said(child.wait_with_output().expect("it ends")).code, Some(0));
    assert_eq!(other(&far).code, Some(0), "it was given back");
}
