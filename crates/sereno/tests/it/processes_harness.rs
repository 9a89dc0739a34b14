//! The kill harness over operations: Sereno is killed as by `kill -9` after every journal entry of a run, and asked to resume.
//! Nothing may be started twice, nothing may be lost, and the run must end verified.

use crate::people::{TWO_PEOPLE, is_root, share};
use crate::processes::{Answers, System, kill, program};
use crate::secrets::approve;
use crate::world::{World, component, skipped, until};
use rustix::process::Signal;

/// How long a run may be killed and resumed before it counts as stuck.
const MOST_RESUMES: usize = 8;

/// One process whose health is seen at once, so that a run is quick.
fn system(answers: &Answers) -> System {
    System::new(&program("api", &format!("health = '127.0.0.1:{}'", answers.port)))
}

/// Runs a command, kills Sereno after so many entries, then resumes until the run has ended as `ending` says. Says whether
/// the run was longer than that.
pub(crate) fn killed_after(world: &World, arguments: &[&str], entries: usize, ending: &str) -> bool {
    let mut command = world.command(arguments);
    let output = command.env("SERENO_TEST_KILL_AFTER", entries.to_string()).output().expect("the binary runs");
    let last = || world.runs().remove(0);
    let (run, _) = last();
    if let Some(code) = output.status.code() {
        assert_eq!((code, last().1.as_str()), (0, ending), "{output:?}");
        return false;
    }
    let mut resumes = 0;
    while last().1 != ending {
        let said = world.sereno(&["runs", "resume", &run, "--yes"]);
        resumes += 1;
        assert!(resumes <= MOST_RESUMES, "{arguments:?}, entry {entries}: stuck at {:?}\n{said:?}", last());
    }
    true
}

/// The same of what a second person has to approve: the run is begun, approved, and taken up by a Sereno that is killed.
/// Before any entry of that one, it is the Sereno that began which is.
fn approved_and_killed_after(world: &World, arguments: &[&str], entries: usize, ending: &str) -> bool {
    let mut command = world.command(arguments);
    if entries == 0 {
        command.env("SERENO_TEST_KILL_AFTER", "1");
    }
    let output = command.output().expect("the binary runs");
    assert_eq!(output.status.code(), (entries > 0).then_some(4), "{output:?}");
    let (run, _) = world.runs().remove(0);
    approve(world, &run);
    killed_after(world, &["runs", "resume", &run, "--yes"], entries.max(1), ending) || entries == 0
}

/// A way to run something and kill it: [`killed_after`], or the same with a second person.
type Kill = fn(&World, &[&str], usize, &str) -> bool;

/// Kills after every entry of a run; `before` prepares each, `after` looks at what came of it.
fn each_entry(
    (kill, first): (Kill, usize),
    world: &World,
    arguments: &[&str],
    ending: &str,
    (before, after): (&dyn Fn(), &dyn Fn(usize)),
) {
    let mut entries = first;
    loop {
        before();
        let is_longer = kill(world, arguments, entries, ending);
        after(entries);
        if !is_longer {
            break;
        }
        entries += 1;
    }
    assert!(entries > 4, "{arguments:?}: {entries} entries only");
    let verified = world.sereno(&["audit", "verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

pub(crate) fn after_each_entry(world: &World, arguments: &[&str], ending: &str, around: (&dyn Fn(), &dyn Fn(usize))) {
    each_entry((killed_after, 1), world, arguments, ending, around);
}

pub(crate) fn after_each_approved_entry(
    world: &World,
    arguments: &[&str],
    ending: &str,
    around: (&dyn Fn(), &dyn Fn(usize)),
) {
    each_entry((approved_and_killed_after, 0), world, arguments, ending, around);
}

fn after_every_entry(system: &System, arguments: &[&str], before: &dyn Fn(), after: &dyn Fn(usize)) {
    after_each_entry(&system.0, arguments, "verified", (before, after));
}

#[test]
fn a_restart_that_is_killed_after_any_entry_restarts_once() {
    let answers = Answers::new(200);
    let system = system(&answers);
    system.done(&["up", "--yes"]);
    let child = std::cell::Cell::new(0);
    after_every_entry(&system, &["restart", "api", "--yes"], &|| child.set(system.child("api.0")), &|entries| {
        assert_ne!(system.child("api.0"), child.get(), "killed after {entries}");
        assert_eq!((system.starts("api"), system.alive("api.0").len()), (entries + 1, 1), "killed after {entries}");
    });
}

#[test]
fn what_is_brought_up_and_scaled_is_there_once_whenever_sereno_is_killed() {
    let answers = Answers::new(200);
    let system = system(&answers);
    let starts = std::cell::Cell::new(0);
    let all_gone = || {
        if system.starts("api") > 0 {
            kill(system.keeper("api.0"), Signal::KILL);
            until("it is gone", || {
                system.alive("api.0").into_iter().for_each(|pid| kill(pid, Signal::KILL));
                system.alive("api.0").is_empty()
            });
        }
        starts.set(system.starts("api"));
    };
    after_every_entry(&system, &["up", "--yes"], &all_gone, &|entries| {
        let seen = (system.starts("api"), system.alive("api.0").len());
        assert_eq!(seen, (starts.get() + 1, 1), "killed after {entries}");
    });
    let back_to_one = || {
        if component(&system.status(), "api")["desired"] != 1 {
            system.done(&["scale", "api", "1", "--yes"]);
        }
        starts.set(system.starts("api"));
    };
    after_every_entry(&system, &["scale", "api", "2", "--yes"], &back_to_one, &|entries| {
        let alive = [system.alive("api.0").len(), system.alive("api.1").len()];
        assert_eq!((system.starts("api"), alive), (starts.get() + 1, [1, 1]), "killed after {entries}");
    });
}

#[test]
fn what_is_stopped_resumed_and_taken_down_is_so_once_whenever_sereno_is_killed() {
    if !is_root() {
        return skipped("two OS users at once need root");
    }
    let answers = Answers::new(200);
    let system = system(&answers);
    let world = &system.0;
    let declared = world.read("sereno.toml");
    world.write("sereno.toml", &format!("{}\n{TWO_PEOPLE}", declared.trim_end()));
    share(world);
    system.done(&["up", "--yes"]);
    let starts = std::cell::Cell::new(0);
    let alive = || system.alive("api.0").len();
    let count = || starts.set(system.starts("api"));
    let put_back = || {
        if alive() == 0 {
            system.done(&["resume", "--yes"]);
        }
        count();
    };
    after_each_approved_entry(
        world,
        &["stop", "--yes"],
        "verified",
        (&put_back, &|entries| {
            assert_eq!((alive(), system.starts("api")), (0, starts.get()), "killed after {entries}");
        }),
    );
    let stopped = || {
        if alive() > 0 {
            assert_eq!(world.sereno(&["stop", "--yes"]).code, Some(4));
            let (run, _) = world.runs().remove(0);
            approve(world, &run);
            system.done(&["runs", "resume", &run]);
        }
        count();
    };
    after_every_entry(&system, &["resume", "--yes"], &stopped, &|entries| {
        assert_eq!((alive(), system.starts("api")), (1, starts.get() + 1), "killed after {entries}");
    });
    let up = || {
        if alive() == 0 {
            system.done(&["up", "--yes"]);
        }
        count();
    };
    after_each_approved_entry(
        world,
        &["down", "--yes"],
        "verified",
        (&up, &|entries| {
            assert_eq!((alive(), system.starts("api")), (0, starts.get()), "killed after {entries}");
        }),
    );
}
