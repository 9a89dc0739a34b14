//! The kill harness over operations: Sereno is killed as by `kill -9` after every journal entry of a run, and asked to resume.
//! Nothing may be started twice, nothing may be lost, and the run must end verified.

use crate::processes::{Answers, System, kill, program};
use crate::world::{component, until};
use rustix::process::Signal;

/// How long a run may be killed and resumed before it counts as stuck.
const MOST_RESUMES: usize = 8;

/// One process whose health is seen at once, so that a run is quick.
fn system(answers: &Answers) -> System {
    System::new(&program("api", &format!("health = '127.0.0.1:{}'", answers.port)))
}

/// Runs a command and kills Sereno after so many entries, then resumes. Says whether the run was longer than that.
fn killed_after(system: &System, arguments: &[&str], entries: usize) -> bool {
    let mut command = system.0.command(arguments);
    let output = command.env("SERENO_TEST_KILL_AFTER", entries.to_string()).output().expect("the binary runs");
    let (run, _) = system.last_run();
    if let Some(code) = output.status.code() {
        assert_eq!((code, system.last_run().1.as_str()), (0, "verified"), "{output:?}");
        return false;
    }
    let mut resumes = 0;
    while system.last_run().1 != "verified" {
        let said = system.0.sereno(&["runs", "resume", &run, "--yes"]);
        resumes += 1;
        assert!(resumes <= MOST_RESUMES, "{arguments:?}, entry {entries}: stuck at {:?}\n{said:?}", system.last_run());
    }
    true
}

/// Kills after every entry of a run; `before` prepares each, `after` looks at what came of it.
fn after_every_entry(system: &System, arguments: &[&str], before: &dyn Fn(), after: &dyn Fn(usize)) {
    let mut entries = 1;
    loop {
        before();
        let is_longer = killed_after(system, arguments, entries);
        after(entries);
        if !is_longer {
            break;
        }
        entries += 1;
    }
    assert!(entries > 4, "{arguments:?}: {entries} entries only");
    system.done(&["audit", "verify"]);
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
