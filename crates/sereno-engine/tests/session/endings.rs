//! However a step ends, its result is true and nothing of it is left.

use crate::support::{Session, eventually, finish, is_alive, runner};
use sereno_engine::session::{
    End, Ended, OutputReader, Runners, STEP_MARKER, SessionError, Status, StepFiles, StepSpec, attach, cancel,
    end_processes, forget, spawn_runner, status,
};
use sereno_model::Outcome;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A pipe with a name: a step waits on it, the test lets it go on.
fn fifo(session: &Session) -> String {
    let path = session.work().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo runs").success());
    path.display().to_string()
}

fn output(dir: &Path) -> String {
    let mut all = Vec::new();
    OutputReader::new(&StepFiles::new(dir), 0)
        .read(|_, _, bytes| all.extend_from_slice(bytes))
        .expect("it is readable");
    String::from_utf8_lossy(&all).into_owned()
}

/// A Sereno that can be killed.
fn parent(session: &Session, spec: &StepSpec) -> Child {
    let file = session.root.path().join("spec.json");
    std::fs::write(&file, serde_json::to_vec(spec).expect("a spec is JSON")).expect("it is writable");
    Command::new(runner())
        .arg("start")
        .arg(file)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the parent starts")
}

fn marked(dir: &Path) -> Vec<i32> {
    let mark = format!("{STEP_MARKER}={}", dir.display());
    let pids = std::fs::read_dir("/proc").expect("/proc is there").filter_map(|entry| {
        let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let environ = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()).then_some(pid)
    });
    pids.filter(|pid| is_alive(*pid)).collect()
}

#[test]
fn a_step_outlives_the_sereno_that_started_it() {
    let mut session = Session::new();
    let gate = fifo(&session);
    let spec = session.spec(&format!("echo before; read -r word < '{gate}'; echo after $word; x=1; (exit 3)"));
    let mut killed = parent(&session, &spec);
    eventually("the step speaks", || output(&spec.dir) == "before\n");
    // The whole process group, as a terminal that is closed would.
    let group = format!("-{}", killed.id());
    assert!(Command::new("/bin/kill").args(["-KILL", "--", &group]).status().expect("kill runs").success());
    killed.wait().expect("it is dead");
    assert_eq!(status(&spec.dir).expect("it is readable"), Status::Running);
    std::fs::write(&gate, "now\n").expect("the step reads it");
    let went = finish(attach(&spec.dir, 0));
    assert_eq!((went.out().as_str(), went.result.end), ("before\nafter now\n", End::Exited(3)));
    assert!(went.result.state.is_some());
    let again = finish(attach(&spec.dir, 0));
    assert_eq!(again.out(), "before\nafter now\n", "a result stays");
}

#[test]
fn a_killed_runner_is_lost_and_its_processes_are_found() {
    let mut session = Session::new();
    let spec = session.spec("echo up; sleep 1000 & setsid sleep 1001 & wait");
    let mut handle = spawn_runner(runner(), &spec).expect("the runner starts");
    eventually("the step speaks", || output(&spec.dir) == "up\n");
    eventually("both sleep", || {
        let names = marked(&spec.dir).into_iter().map(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")));
        names.filter(|name| name.as_ref().is_ok_and(|name| name == "sleep\n")).count() == 2
    });
    let file = std::fs::read_to_string(StepFiles::new(&spec.dir).runner()).expect("the runner said who it is");
    let pid = serde_json::from_str::<serde_json::Value>(&file).expect("it is JSON")["pid"].to_string();
    let following = std::thread::spawn(move || handle.wait(|_, _| {}).expect("it can be followed"));
    assert!(Command::new("/bin/kill").args(["-KILL", &pid]).status().expect("kill runs").success());
    let Ended::Lost(lost) = following.join().expect("the follower ends") else { panic!("a result out of nowhere") };
    assert!(lost.began);
    assert_eq!(lost.outcome(), Outcome::Unknown);
    let mut names: Vec<_> = lost.survivors.iter().map(|process| process.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["bash", "sleep", "sleep"]);
    assert_eq!(end_processes(&lost.survivors).len(), 3);
    eventually("they are gone", || marked(&spec.dir).is_empty());
}

/// A runner that is done takes the next step; one that has something to stay for does not; and a lost one is replaced.
#[test]
fn steps_that_leave_nothing_share_a_runner() {
    let mut session = Session::new();
    let by = |session: &mut Session, script: &str| session.step(&format!("{script}\necho $PPID")).out();
    let first = by(&mut session, "");
    assert_eq!(by(&mut session, ""), first);
    assert_eq!(by(&mut session, "sleep 1000 & quick=$!"), first);
    let second = by(&mut session, "");
    assert_ne!(second, first, "the first one stays with the process in the background");
    assert_eq!(by(&mut session, "kill \"$quick\""), second);

    let spec = session.spec("kill -KILL $PPID; sleep 1000");
    let ended = session.runners.start(&spec).expect("it starts").wait(|_, _| {}).expect("it can be followed");
    let Ended::Lost(lost) = ended else { panic!("a result out of nowhere") };
    end_processes(&lost.survivors);
    let third = by(&mut session, "");
    assert!(!third.is_empty() && third != second);
}

/// Without a Sereno that watches, nobody else makes the result durable; either way it is there.
#[test]
fn a_runner_ends_with_the_sereno_that_started_it() {
    let mut session = Session::new();
    let runner: i32 = session.step("echo $PPID").out().trim().parse().expect("a number");
    assert!(Path::new(&format!("/proc/{runner}")).exists(), "it waits for the next step");
    session.runners = Runners::new(crate::support::runner());
    eventually("the runner is gone", || {
        std::fs::read_to_string(format!("/proc/{runner}/stat")).map_or(true, |stat| stat.contains(") Z "))
    });
}

/// What a power cut can leave of a result.
#[test]
fn a_result_that_is_not_whole_is_none() {
    let mut session = Session::new();
    let spec = session.spec("true");
    session.run(&spec);
    let files = StepFiles::new(&spec.dir);
    eventually("the runner is gone", || marked(&spec.dir).is_empty());
    let whole = std::fs::read(files.result()).expect("it is there");
    for kept in [0, whole.len() / 2] {
        std::fs::write(files.result(), &whole[..kept]).expect("it is writable");
        let ended = attach(&spec.dir, 0).wait(|_, _| {}).expect("it can be followed");
        assert!(matches!(ended, Ended::Lost(lost) if lost.began), "{kept}");
    }
}

#[test]
fn a_step_that_never_began_says_so() {
    let session = Session::new();
    let dir = session.root.path().join("nothing");
    let absent = attach(&dir, 0).wait(|_, _| {}).expect("it can be followed");
    assert!(matches!(absent, Ended::Lost(lost) if !lost.began));
}

/// Every way to run away from a shell, and one that does not listen.
const RUNAWAYS: &str = "trap '' TERM
setsid sleep 1000 &
(setsid bash -c 'sleep 1001 & exec sleep 1002' &)
nohup bash -c 'trap \"\" TERM HUP; (sleep 1003 &); sleep 1004; sleep 1005' >/dev/null 2>&1 &
disown -a
echo ready
sleep 1006";

#[test]
fn a_timeout_leaves_no_process_alive() {
    let mut session = Session::new();
    let spec = StepSpec { timeout: Some(Duration::from_secs(1)), ..session.spec(RUNAWAYS) };
    let went = session.run(&spec);
    assert!(went.result.timed_out);
    assert_eq!((went.result.outcome(), went.result.completed), (Outcome::Failed, Some(false)));
    assert_eq!(went.result.survivors, []);
    assert_eq!(marked(&spec.dir), [0; 0]);
    assert_eq!(went.out(), "ready\n");
}

#[test]
fn a_cancel_from_anywhere_ends_a_step_at_once_when_it_listens() {
    let mut session = Session::new();
    let spec = session.spec("trap 'echo asked; exit 9' TERM; setsid sleep 1000 & echo ready; sleep 1001");
    let handle = spawn_runner(runner(), &spec).expect("the runner starts");
    eventually("the step is ready", || output(&spec.dir) == "ready\n");
    let since = Instant::now();
    cancel(&spec.dir).expect("it can be asked");
    let went = finish(handle);
    assert!(since.elapsed() < Duration::from_secs(4), "no grace was needed: {:?}", since.elapsed());
    assert!(went.result.cancelled);
    assert_eq!(went.result.end, End::Exited(9));
    assert_eq!(went.out(), "ready\nasked\n", "it is asked once");
    assert_eq!(marked(&spec.dir), [0; 0]);
}

#[test]
fn an_endless_step_is_followed_for_its_time() {
    let mut session = Session::new();
    let script = "while :; do echo tick; sleep 0.05; done";
    let spec = StepSpec { follow: Some(Duration::from_millis(400)), ..session.spec(script) };
    let went = session.run(&spec);
    assert!(went.result.followed && !went.result.timed_out);
    assert_eq!(went.result.outcome(), Outcome::Succeeded);
    assert!(went.out().lines().count() > 1);
    assert_eq!(marked(&spec.dir), [0; 0]);
}

#[test]
fn what_is_left_in_the_background_neither_hangs_the_step_nor_dies() {
    let mut session = Session::new();
    let gate = fifo(&session);
    let spec = session.spec(&format!("(read -r word < '{gate}'; echo late $word; sleep 1000) & echo started"));
    let went = session.run(&spec);
    assert_eq!((went.out().as_str(), went.result.end), ("started\n", End::Exited(0)));
    assert_eq!(went.result.background.len(), 1, "{:?}", went.result.background);
    assert_eq!(session.step("echo next").out(), "next\n");
    std::fs::write(&gate, "word\n").expect("it still reads");
    let files = StepFiles::new(&spec.dir);
    eventually("it still speaks", || {
        let mut said = Vec::new();
        OutputReader::background(&files, 0).read(|_, _, bytes| said.extend_from_slice(bytes)).expect("readable");
        said == b"late word\n"
    });
    cancel(&spec.dir).expect("it can be asked");
    eventually("it is gone", || marked(&spec.dir).is_empty());
}

#[test]
fn what_ends_just_after_the_shell_still_counts() {
    let mut session = Session::new();
    let went = session.step("exec > >(while read -r l; do sleep 0.02; echo \"<$l>\"; done)\necho one\necho two");
    assert_eq!(went.out(), "<one>\n<two>\n");
}

#[test]
fn a_step_that_closes_its_output_is_still_awaited() {
    let mut session = Session::new();
    let went = session.step("exec >&- 2>&-\nsleep 0.2\nx=5\n(exit 7)");
    assert_eq!(went.result.end, End::Exited(7));
    assert!(went.result.duration_ms >= 200);
    assert_eq!(session.step("echo $x").out(), "5\n");
}

#[test]
fn a_signal_is_told_from_an_exit() {
    let mut session = Session::new();
    let went = session.step("kill -SEGV $$");
    assert_eq!((went.result.end.clone(), went.result.exit_code()), (End::Signaled(11), Some(139)));
    assert_eq!(went.result.completed, Some(false));
}

#[test]
fn a_directory_serves_one_attempt() {
    let mut session = Session::new();
    let spec = session.spec("echo once");
    session.run(&spec);
    let again = spawn_runner(runner(), &spec).expect_err("nothing runs twice");
    assert!(matches!(again, SessionError::AlreadyUsed { .. }), "{again}");
    assert_eq!(output(&spec.dir), "once\n");
}

#[test]
fn an_exit_trap_is_told_and_runs_at_the_close() {
    let mut session = Session::new();
    let went = session.step("trap 'echo bye $x' EXIT; x=1");
    assert!(went.result.state.as_ref().is_some_and(|state| state.exit_trap));
    assert_eq!(went.out(), "");
    session.step("x=2");
    assert_eq!(session.close().out(), "bye 2\n");
}

#[test]
fn forgetting_keeps_only_output_and_results() {
    let mut session = Session::new();
    session.step("password=hunter2; f() { :; }; echo kept");
    let spec = session.spec("echo also");
    session.run(&spec);
    forget(session.root.path()).expect("it can be removed");
    let mut names: Vec<_> = std::fs::read_dir(&spec.dir)
        .expect("the directory stays")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["output", "result.json", "runner.json"]);
    let beside = std::fs::read_dir(session.root.path()).expect("it is readable").flatten();
    assert!(beside.map(|entry| entry.path()).all(|path| path.is_dir()), "nothing is left beside them");
    forget(session.root.path()).expect("twice is fine");
}

#[test]
fn the_state_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut session = Session::new();
    let spec = session.spec("umask 000; secret=1");
    session.run(&spec);
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&spec.dir), 0o700);
    assert_eq!(mode(&spec.states), 0o600);
}
