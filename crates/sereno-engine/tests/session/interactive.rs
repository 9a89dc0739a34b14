//! Steps that have the terminal, tried on one that `script` makes.

use crate::support::{Session, runner};
use sereno_engine::session::{End, Ended, StepResult, StepSpec, attach};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs the step in a terminal of its own, types, and gives what the screen showed and how the step ended.
fn at_a_terminal(session: &Session, spec: &StepSpec, typed: &[(&str, u64)]) -> Option<(String, StepResult)> {
    let file = session.root.path().join("spec.json");
    std::fs::write(&file, serde_json::to_vec(spec).expect("a spec is JSON")).expect("it is writable");
    // What follows the step shows that the terminal came back to the one who gave it.
    let line =
        format!("'{}' interactive '{}'; echo \"parent $?\"; stty -a | head -1", runner().display(), file.display());
    let child =
        Command::new("script").args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        crate::support::skipped("there is no `script` to make a terminal");
        return None;
    };
    let mut keys = child.stdin.take().expect("it is piped");
    for (text, after) in typed {
        std::thread::sleep(Duration::from_millis(*after));
        keys.write_all(text.as_bytes()).expect("the terminal takes it");
    }
    let output = child.wait_with_output().expect("script ends");
    drop(keys);
    let Ended::Finished(result) = attach(&spec.dir, 0).wait(|_, _| {}).expect("it can be followed") else {
        panic!("the runner is gone: {}", String::from_utf8_lossy(&output.stdout));
    };
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), *result))
}

#[test]
fn a_step_talks_with_a_person_and_gives_the_terminal_back() {
    let mut session = Session::new();
    let spec = session.spec("[ -t 0 ] && [ -t 1 ] && read -r -p 'name? ' name; echo \"hello $name\"; stty -echo");
    let Some((screen, result)) = at_a_terminal(&session, &spec, &[("ana\n", 500)]) else {
        return;
    };
    assert!(screen.contains("name? ") && screen.contains("hello ana") && screen.contains("parent 0"), "{screen}");
    assert_eq!(result.end, End::Exited(0));
    assert!(result.state.is_some());
}

#[test]
fn ctrl_c_is_for_the_step_alone() {
    let mut session = Session::new();
    let spec = session.spec("echo started; sleep 1000; echo never");
    let Some((screen, result)) = at_a_terminal(&session, &spec, &[("\x03", 1000)]) else {
        return;
    };
    assert!(screen.contains("parent 0") && !screen.contains("never"), "{screen}");
    assert_eq!(result.end, End::Signaled(2));
}

#[test]
fn without_a_terminal_it_is_refused() {
    let mut session = Session::new();
    let spec = session.spec("read -r x");
    let file = session.root.path().join("spec.json");
    std::fs::write(&file, serde_json::to_vec(&spec).expect("a spec is JSON")).expect("it is writable");
    let status = Command::new("setsid")
        .args(["-w".as_ref(), runner().as_os_str(), "interactive".as_ref(), file.as_os_str()])
        .stdin(Stdio::null())
        .status()
        .expect("setsid runs");
    assert_eq!(status.code(), Some(3));
    assert!(!Path::new(&spec.dir).exists(), "nothing was begun");
}
