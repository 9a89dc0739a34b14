//! What the machine does to a run: disks that are full or read-only, a journal that is locked or gone, files of a run that
//! are damaged or deleted.

use crate::server::Server;
use crate::world::{Said, World, await_file, said, skipped};
use std::fs::{self, File};
use std::process::{Command, Stdio};

const RUNBOOK: &str = "\
# Faults

## Change

```bash
# 1. Begin
echo begin >> ledger

# 2. End
echo end >> ledger
```

## Slow

```bash
# 1. Wait
touch started; while [ ! -e gate ] && [ -e RUNBOOK.md ]; do sleep 0.02; done

# 2. End
echo end >> ledger
```
";

fn in_spanish(world: &World, arguments: &[&str]) -> Said {
    said(world.command(arguments).env("LANG", "es_AR.UTF-8").output().expect("it runs"))
}

/// A run that stands before its first step.
fn waiting(world: &World) -> String {
    assert_eq!(world.sereno(&["run", "change"]).code, Some(4));
    world.runs().remove(0).0
}

/// A small disk over the state folder of a world, gone with it.
struct Disk<'w>(&'w World);

impl<'w> Disk<'w> {
    fn mount(world: &'w World, size: &str) -> Option<Self> {
        let place = world.path().join(".sereno");
        fs::create_dir_all(&place).expect("a folder");
        let options = format!("size={size},mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(&place).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(world));
        }
        skipped("a disk of one's own needs root and the right to mount");
        None
    }

    fn remount(&self, how: &str) {
        let place = self.0.path().join(".sereno");
        let options = format!("remount,{how}");
        assert!(Command::new("mount").args(["-o", &options]).arg(place).status().expect("mount runs").success());
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // A folder that stays mounted is seen when the temporary folder cannot be removed.
        let _ = Command::new("umount").arg("-l").arg(self.0.path().join(".sereno")).status();
    }
}

#[test]
fn a_full_disk_stops_the_run_with_a_clear_word_and_nothing_is_lost() {
    let world = World::with_runbook(RUNBOOK);
    let Some(disk) = Disk::mount(&world, "4m") else { return };
    let run = waiting(&world);
    assert_eq!(world.sereno(&["approve", &run, "--reason", "ok"]).code, Some(0));
    let filler = world.path().join(".sereno/filler");
    let _ = Command::new("dd").args(["if=/dev/zero", "bs=4k"]).arg(format!("of={}", filler.display())).output();
    let stopped = world.sereno(&["runs", "resume", &run]);
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    assert!(stopped.err.contains("full") || stopped.err.contains("No space"), "{stopped:?}");
    assert!(in_spanish(&world, &["runs", "resume", &run]).err.contains("llen"), "in Spanish too");
    assert!(!stopped.err.contains("panicked"), "{stopped:?}");
    fs::remove_file(filler).expect("room again");
    let resumed = world.sereno(&["runs", "resume", &run]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(world.read("ledger"), "begin\nend\n");
    assert_eq!(world.sereno(&["audit", "verify"]).code, Some(0));
    drop(disk);
}

#[test]
fn a_read_only_disk_is_told_before_anything_is_touched() {
    let world = World::with_runbook(RUNBOOK);
    let Some(disk) = Disk::mount(&world, "8m") else { return };
    let run = waiting(&world);
    disk.remount("ro");
    for arguments in [&["run", "change", "--yes"][..], &["approve", &run, "--reason", "x"], &["runs", "resume", &run]] {
        let refused = world.sereno(arguments);
        assert_eq!(refused.code, Some(1), "{arguments:?}: {refused:?}");
        assert!(refused.err.contains("read-only"), "{arguments:?}: {refused:?}");
        let spanish = in_spanish(&world, arguments);
        assert!(spanish.err.contains("solo lectura"), "{arguments:?}: {spanish:?}");
    }
    assert_eq!(world.read("ledger"), "");
    disk.remount("rw");
}

#[test]
fn a_journal_that_another_process_holds_is_told() {
    let world = World::with_runbook(RUNBOOK);
    let run = waiting(&world);
    let journal = File::options().read(true).write(true).open(world.path().join(".sereno/journal.db")).expect("open");
    rustix::fs::fcntl_lock(&journal, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    let refused = world.sereno(&["approve", &run, "--reason", "x"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("Another process") && refused.err.contains("hint:"), "{refused:?}");
    drop(journal);
    assert_eq!(world.sereno(&["approve", &run, "--reason", "x"]).code, Some(0));
}

#[test]
fn a_plan_that_is_damaged_or_exchanged_runs_nothing_and_the_run_can_be_given_up() {
    let world = World::with_runbook(RUNBOOK);
    for (damage, words) in [
        (None, "the exact plan"),
        (Some("{"), "the exact plan"),
        (Some("exchange"), "is not the one that was approved"),
    ] {
        let run = waiting(&world);
        let plan = format!(".sereno/runs/{run}/plan.json");
        match damage {
            None => fs::remove_file(world.path().join(&plan)).expect("removed"),
            Some("exchange") => {
                let text = world.read(&plan).replace("echo end", "echo pwned");
                world.write(&plan, &text);
            }
            Some(text) => world.write(&plan, text),
        }
        let refused = world.sereno(&["runs", "resume", &run, "--yes"]);
        assert_eq!(refused.code, Some(1), "{damage:?}: {refused:?}");
        assert!(refused.err.contains(words) && refused.err.contains("runs cancel"), "{damage:?}: {refused:?}");
        let cancelled = world.sereno(&["runs", "cancel", &run, "--reason", "damaged"]);
        assert_eq!(cancelled.code, Some(0), "{damage:?}: {cancelled:?}");
    }
    assert_eq!(world.read("ledger"), "");
}

#[test]
fn a_run_whose_folder_was_deleted_is_told_and_its_step_is_not_guessed() {
    let world = World::with_runbook(RUNBOOK);
    let mut child = world.command(&["run", "slow", "--yes"]).stderr(Stdio::null()).spawn().expect("it starts");
    await_file(&world.path().join("started"));
    let (run, _) = world.runs().remove(0);
    child.kill().expect("killed");
    child.wait().expect("gone");
    world.write("gate", "");
    let steps = world.path().join(format!(".sereno/runs/{run}/steps/001-1/result.json"));
    await_file(&steps);
    fs::remove_dir_all(world.path().join(".sereno/runs").join(&run)).expect("deleted");
    let refused = world.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("is gone") && refused.err.contains("runs cancel"), "{refused:?}");
    assert!(in_spanish(&world, &["runs", "resume", &run, "--yes"]).err.contains("ya no existe"));
    assert_eq!(world.sereno(&["runs", "show", &run, "--output"]).code, Some(0));
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "its folder is gone"]).code, Some(0));
    let finished = world.entries(&run).into_iter().find(|e| e["kind"] == "step.finished").expect("an entry");
    assert_eq!(finished["data"]["report"]["outcome"], "unknown");
    assert_eq!(world.runs()[0].1, "cancelled");
}

#[test]
fn a_database_that_goes_away_in_the_middle_of_a_run_loses_nothing() {
    let Some(server) = Server::start() else { return };
    let world = World::with_runbook(RUNBOOK);
    world.write("sereno.toml", &format!("[journal]\nlocation = \"{}\"\n", server.address()));
    let child = world
        .command(&["run", "slow", "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    await_file(&world.path().join("started"));
    let (run, _) = world.runs().remove(0);
    server.stop();
    // It looks at the journal, which is not there: the step is followed all the same.
    server.await_caller();
    world.write("gate", "");
    let stopped = said(child.wait_with_output().expect("it ends"));
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    assert!(stopped.err.contains("cannot be reached") && stopped.err.contains("hint:"), "{stopped:?}");
    assert!(!stopped.err.contains("panicked"), "{stopped:?}");
    assert_eq!(world.read("ledger"), "", "what is not in the journal does not start");
    server.launch();
    let resumed = world.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(world.read("ledger"), "end\n");
    let kinds: Vec<_> = world.entries(&run).iter().map(|e| e["kind"].to_string()).collect();
    assert_eq!(kinds.iter().filter(|kind| kind.contains("step.started")).count(), 2, "nothing ran twice: {kinds:?}");
    assert_eq!(world.sereno(&["audit", "verify"]).code, Some(0));
}

#[test]
fn a_runner_that_always_dies_before_its_step_is_not_started_for_ever() {
    let world = World::with_runbook(RUNBOOK);
    let run = |lang: &str| {
        let mut command = world.command(&["run", "change", "--yes"]);
        // Ends at once, whatever it is asked.
        said(command.env("SERENO_TEST_RUNNER", "/bin/false").env("LANG", lang).output().expect("it runs"))
    };
    let stopped = run("C.UTF-8");
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    assert!(stopped.err.contains("its runner ended 3 times before anything of the step ran"), "{stopped:?}");
    let (id, state) = world.runs().remove(0);
    assert_eq!(state, "waiting-person");
    let started = world.entries(&id).iter().filter(|entry| entry["kind"] == "step.started").count();
    assert_eq!((started, world.read("ledger").as_str()), (3, ""));
    // With a runner that works it goes on from there.
    let resumed = world.sereno(&["runs", "resume", &id, "--yes", "--retry", "mended"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(world.read("ledger"), "begin\nend\n");
    let spanish = run("es_AR.UTF-8");
    assert!(spanish.err.contains("su ejecutor terminó 3 veces antes de que corriera nada del paso"), "{spanish:?}");
}
