//! The kill harness: Sereno is killed as by `kill -9` after every journal entry of a run, started again, and asked to
//! resume. No effect may happen twice, none may be lost, and the outcome must be right.

use crate::world::World;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const RUNBOOK: &str = include_str!("../data/harness.md");

/// How long a run may be killed and resumed before it counts as stuck.
const MOST_RESUMES: usize = 8;

struct Whole {
    ledger: String,
    state: String,
    entries: usize,
}

fn run_whole(procedure: &str) -> Whole {
    let world = World::with_runbook(RUNBOOK);
    let said = world.sereno(&["run", procedure, "--yes"]);
    assert!(matches!(said.code, Some(0 | 1)), "{procedure}: {said:?}");
    let (run, state) = world.runs().remove(0);
    Whole { ledger: world.read("ledger"), state, entries: world.entries(&run).len() }
}

/// Kills after entry `after`, resumes until the run has ended, and compares.
fn killed_after(procedure: &str, whole: &Whole, after: usize) {
    let world = World::with_runbook(RUNBOOK);
    let killed = world
        .command(&["run", procedure, "--yes"])
        .env("SERENO_TEST_KILL_AFTER", after.to_string())
        .output()
        .expect("the binary runs");
    assert_eq!(killed.status.code(), None, "{procedure}: entry {after} should have been its last");
    let (run, _) = world.runs().remove(0);
    let mut resumes = 0;
    while !matches!(world.runs()[0].1.as_str(), "verified" | "done" | "failed" | "cancelled") {
        let said = world.sereno(&["runs", "resume", &run, "--yes"]);
        resumes += 1;
        assert!(resumes <= MOST_RESUMES, "{procedure}, entry {after}: stuck at {:?}\n{said:?}", world.runs());
    }
    let state = world.runs().remove(0).1;
    assert_eq!(world.read("ledger"), whole.ledger, "{procedure}, killed after entry {after}");
    assert_eq!(state, whole.state, "{procedure}, killed after entry {after}");
    let verified = world.sereno(&["audit", "verify"]);
    assert_eq!(verified.code, Some(0), "{procedure}, killed after entry {after}: {verified:?}");
}

#[test]
fn killed_after_every_entry_of_every_procedure_nothing_is_lost_and_nothing_happens_twice() {
    let world = World::with_runbook(RUNBOOK);
    let listed = world.sereno(&["runbook", "list", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&listed.out).expect("JSON");
    let procedures: Vec<String> =
        rows.as_array().expect("a list").iter().map(|p| p["id"].as_str().expect("id").to_owned()).collect();
    assert!(procedures.len() >= 20, "{procedures:?}");
    let next = AtomicUsize::new(0);
    let kills = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(procedure) = procedures.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let whole = run_whole(procedure);
                    for after in 1..=whole.entries {
                        killed_after(procedure, &whole, after);
                    }
                    *kills.lock().expect("no test panicked") += whole.entries;
                }
            });
        }
    });
    let kills = kills.into_inner().expect("no test panicked");
    assert!(kills > 100, "{kills}");
}
