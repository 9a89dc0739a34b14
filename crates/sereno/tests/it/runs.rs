//! Runs on a live shell: killed in the middle of a step, cancelled, timed out, decided upon, undone.

use crate::world::{Said, World, at_a_terminal, await_file, said, talk_at_a_terminal};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

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

## Asks a person

```bash
# 1. Who is there
read -r -p 'name? ' NAME
printf 'hello \\033[31m%s\\033[0m\\a\\n' \"$NAME\"

# 2. Remember it
echo \"$NAME\" >> ledger
```

## Opens a shell

```bash
bash
```

## Leaves children

```bash
# 1. Start a family
(setsid sleep 300 & echo $! > orphan; touch started; sleep 300) >> ledger
```

## Cleans up after itself

1. Promise

   ```bash
   trap 'echo cleaned-up $WHO >> ledger; [ ! -e broken ]' EXIT
   ```

2. Work

   ```bash
   WHO=ana; echo work >> ledger; test -e mended
   ```

3. Go on

   ```bash
   echo more >> ledger
   ```

## Hangs

1. Promise

   ```bash
   trap 'echo cleaned-up >> ledger' EXIT
   ```

2. Hang

   ```bash
   touch held; sleep 300
   ```

3. Go on

   ```bash
   echo more >> ledger
   ```

## Uses a secret

```bash
# 1. Show it
echo \"token is $API_TOKEN and $(printf %s \"$API_TOKEN\" | rev | rev)\" >> /dev/null
echo \"token is $API_TOKEN\"
```

## Publish with state

```bash
# 1. Choose
TARGET=staging; mkdir -p out

# 2. Publish
echo \"to $TARGET\" >> ledger
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

#[test]
fn a_shell_state_that_was_touched_between_two_steps_is_not_restored() {
    let world = World::with_runbook(RUNBOOK);
    // Planned, consented, started, finished: killed between two steps.
    let killed = world.command(&["run", "publish-with-state", "--yes"]).env("SERENO_TEST_KILL_AFTER", "4").output();
    assert_eq!(killed.expect("it runs").status.code(), None);
    let (run, _) = one_run(&world);
    let state = format!(".sereno/runs/{run}/steps/states");
    let honest = world.read(&state);
    assert!(honest.contains("TARGET=\"staging\""), "the state lies where this test expects it");
    world.write(&state, &honest.replace("TARGET=\"staging\"", "TARGET=\"pro-duct\""));
    let refused = world.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("is not the one that the step before left"), "{refused:?}");
    assert_eq!(world.read("ledger"), "");
}

const OWN_ROLLBACK: &str = "\
# News

## Announce

```bash
# 1. Write it
MARK=second; echo written >> ledger

# 2. Send it
echo sent >> ledger
```

**Rollback:**

```bash
# 1. Call it back
echo called-back $MARK >> ledger; test ! -e broken

# 2. Wipe it
echo wiped >> ledger
```
";

#[test]
fn a_procedures_own_rollback_steps_wait_for_an_undo() {
    let world = World::with_runbook(OWN_ROLLBACK);
    let plan = world.sereno(&["plan", "announce"]);
    assert!(plan.out.contains("left out: it takes this procedure back"), "{plan:?}");
    assert_eq!(world.sereno(&["run", "announce", "--yes"]).code, Some(0));
    assert_eq!(world.read("ledger"), "written\nsent\n", "a run does not undo itself");
    let (run, _) = one_run(&world);
    let without = world.sereno(&["runs", "undo", &run, "--yes"]);
    assert_eq!(without.code, Some(3), "the session and its MARK are gone: {without:?}");
    assert!(without.err.contains("MARK"), "{without:?}");
    let undone = world.sereno(&["runs", "undo", &run, "--yes", "-p", "MARK=second"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(world.read("ledger"), "written\nsent\ncalled-back second\nwiped\n");
    let (undoing, _) = one_run(&world);
    assert_eq!(world.entries(&undoing)[0]["data"]["undoes"], serde_json::json!(run));
}

#[test]
fn an_undo_that_fails_stops_and_calls_a_person() {
    let world = World::with_runbook(OWN_ROLLBACK);
    world.write("broken", "");
    assert_eq!(world.sereno(&["run", "announce", "--yes"]).code, Some(0));
    let (run, _) = one_run(&world);
    let failed = world.sereno(&["runs", "undo", &run, "--yes", "-p", "MARK=x"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.err.contains("the undo stopped half-way"), "{failed:?}");
    assert_eq!(one_run(&world).1, "waiting-person");
    assert_eq!(world.read("ledger"), "written\nsent\ncalled-back x\n", "nothing after it ran");
}

#[test]
fn what_did_not_run_is_not_undone() {
    let world = World::with_runbook(OWN_ROLLBACK);
    assert_eq!(world.sereno(&["run", "announce"]).code, Some(4));
    let (run, _) = one_run(&world);
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "no"]).code, Some(0));
    let refused = world.sereno(&["runs", "undo", &run, "--yes"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.err.contains("changed nothing"), "{refused:?}");
    assert_eq!(world.read("ledger"), "");
}

fn spawn(world: &World, arguments: &[&str]) -> Child {
    world.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
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
fn cancelling_ends_what_a_killed_runner_left_too() {
    let world = World::with_runbook(RUNBOOK);
    let child = spawn(&world, &["run", "deploy", "--yes"]);
    await_file(&world.path().join("started"));
    let (run, _) = one_run(&world);
    let runner = world.read(&format!(".sereno/runs/{run}/steps/002-1/runner.json"));
    let runner: serde_json::Value = serde_json::from_str(&runner).expect("the runner said who it is");
    let pid = runner["pid"].to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().expect("kill runs").success());
    assert_eq!(said(child.wait_with_output().expect("it ends")).code, Some(5));
    assert!(has_processes(&world));
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "enough"]).code, Some(0));
    // What was killed is there until the kernel has taken it away.
    crate::world::until("what the lost step left running has ended", || !has_processes(&world));
}

/// `sereno run … --format json | head -1`: the reader is gone, the run is not.
#[test]
fn a_reader_that_goes_away_ends_no_run() {
    let world = World::with_runbook(RUNBOOK);
    world.write("gate", "");
    let mut child = world
        .command(&["run", "deploy", "--yes", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(world.read("ledger"), "begin\nthrough\nend\n");
}

#[test]
fn a_plan_shows_no_secret_in_any_form() {
    let world =
        World::with_runbook("# S\n\n## Go\n\n```bash\nbash \"run-$API_TOKEN.sh\"\ntouch \"/tmp/x-$API_TOKEN\"\n```\n");
    world.write(".env", "API_TOKEN=sup3rS3cretValue99\n");
    for format in ["text", "json"] {
        let plan = world.sereno(&["plan", "go", "--format", format]);
        assert!(!plan.out.contains("sup3rS3cret") && !plan.err.contains("sup3rS3cret"), "{format}: {plan:?}");
        assert!(format == "text" || serde_json::from_str::<serde_json::Value>(&plan.out).is_ok(), "{plan:?}");
    }
}

#[test]
fn an_environment_that_is_no_text_is_no_reason_to_fall() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::with_runbook(RUNBOOK);
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let plan = world.command(&["plan", "deploy"]).env("ODD", odd).output().expect("the binary runs");
    assert_eq!(plan.status.code(), Some(0), "{}", String::from_utf8_lossy(&plan.stderr));
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
fn a_run_that_is_given_up_runs_the_scripts_own_exit_trap() {
    for (broken, word) in [(false, "EXIT trap runs"), (true, "did not end well (exit 1)")] {
        let world = World::with_runbook(RUNBOOK);
        assert_eq!(world.sereno(&["run", "cleans-up-after-itself", "--yes"]).code, Some(1));
        assert_eq!(world.read("ledger"), "work\n");
        if broken {
            world.write("broken", "");
        }
        let (run, _) = one_run(&world);
        let cancelled = world.sereno(&["runs", "cancel", &run, "--reason", "enough"]);
        assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
        assert!(cancelled.err.contains(word), "{cancelled:?}");
        assert_eq!(world.read("ledger"), "work\ncleaned-up ana\n");
        let kinds: Vec<_> = world.entries(&run).iter().map(|e| e["kind"].as_str().unwrap_or("").to_owned()).collect();
        assert_eq!(kinds[kinds.len() - 4..], ["run.cancelled", "session.closing", "session.closed", "run.ended"]);
    }
}

#[test]
fn a_step_that_is_ended_has_run_its_exit_trap_already() {
    let world = World::with_runbook(RUNBOOK);
    let said = world.sereno(&["run", "hangs", "--yes", "--timeout", "1s"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(world.read("ledger"), "cleaned-up\n", "bash runs it when it is asked to end");
    let (run, _) = one_run(&world);
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "enough"]).code, Some(0));
    assert_eq!(world.read("ledger"), "cleaned-up\n", "and it does not run twice");
}

#[test]
fn the_middle_of_a_very_long_output_is_left_out_and_it_is_said() {
    let world = World::with_runbook(
        "# T\n\n## Talks\n\n```bash\necho first; yes some line of output | head -c 90000000; echo last\n```\n",
    );
    let said = world.sereno(&["run", "talks"]);
    assert_eq!(said.code, Some(0), "{:?}", said.err);
    assert!(said.err.contains("of the output's middle") && said.err.contains("MiB were not kept"), "{}", said.err);
    let (run, _) = one_run(&world);
    let finished = world.entries(&run).into_iter().find(|e| e["kind"] == "step.finished").expect("it finished");
    assert_eq!(finished["data"]["report"]["output_bytes"], 90_000_011);
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

#[test]
fn what_a_person_does_at_the_terminal_of_a_step_is_kept_and_goes_on_to_the_next() {
    let world = World::with_runbook(RUNBOOK);
    let typed = at_a_terminal(&world.command(&["run", "asks-a-person", "--yes"]), "name? ", "ana\n");
    assert_eq!(world.read("ledger"), "ana\n", "{typed}");
    let (run, state) = world.runs().remove(0);
    assert_eq!(state, "done", "{typed}");
    let shown = world.sereno(&["runs", "show", &run, "--output"]);
    // As it was read, and harmless for the terminal of whoever reads it.
    assert!(shown.out.contains("name? ") && shown.out.contains("hello ana\n"), "{shown:?}");
    assert!(!shown.out.contains(['\x1b', '\x07']), "{shown:?}");
}

#[test]
fn a_shell_is_opened_when_a_person_said_yes_and_not_before() {
    let world = World::with_runbook(RUNBOOK);
    let plan = world.sereno(&["--format", "json", "plan", "opens-a-shell"]);
    assert!(plan.out.contains("\"risk\": \"observe\"") && plan.out.contains("\"needs\": \"operator\""), "{plan:?}");
    let command = world.command(&["run", "opens-a-shell"]);
    let no = talk_at_a_terminal(&command, &[("[y/N]", "n\n")]);
    assert!(!no.contains("$ ") && !no.contains("# "), "{no}");
    let yes = talk_at_a_terminal(&command, &[("[y/N]", "y\n"), ("# ", "echo six$((3*14)) > typed; exit\n")]);
    assert_eq!(world.read("typed"), "six42\n", "{yes}");
}
