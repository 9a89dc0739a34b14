//! Steps that have the terminal, tried on one that `script` makes.

use crate::support::{Session, runner};
use sereno_engine::session::{End, Ended, StepResult, StepSpec, attach};
use sereno_model::Digest;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A terminal of its own, that `script` makes, in which a line of shell runs.
struct Terminal {
    script: Child,
    screen: String,
}

impl Terminal {
    /// `None` where there is no `script`.
    fn running(line: &str) -> Option<Self> {
        let line = format!("stty rows 40 cols 100; {line}; stty -a | tr '\\n' ' '");
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let Ok(script) = command.spawn() else {
            crate::support::skipped("there is no `script` to make a terminal");
            return None;
        };
        Some(Self { script, screen: String::new() })
    }

    /// Reads until the screen has shown something.
    fn shows(&mut self, awaited: &str) {
        let mut buffer = [0; 4096];
        while !self.screen.contains(awaited) {
            match self.script.stdout.as_mut().expect("it is piped").read(&mut buffer) {
                Ok(read @ 1..) => self.screen.push_str(&String::from_utf8_lossy(&buffer[..read])),
                ended => panic!("{awaited} is never shown ({ended:?}): {}", self.screen),
            }
        }
    }

    fn types(&mut self, keys: &str) {
        self.script.stdin.as_mut().expect("it is piped").write_all(keys.as_bytes()).expect("the terminal takes it");
    }

    /// All that the screen has shown, to the end.
    fn ends(mut self) -> String {
        let rest = self.script.stdout.take().expect("it is piped");
        self.screen.push_str(&std::io::read_to_string(rest).expect("UTF-8"));
        self.script.wait().expect("script ends");
        self.screen
    }
}

/// The command line of a Sereno that runs the step at its terminal.
fn sereno(session: &Session, spec: &StepSpec) -> String {
    let file = session.root.path().join("spec.json");
    std::fs::write(&file, serde_json::to_vec(spec).expect("a spec is JSON")).expect("it is writable");
    format!("'{}' interactive '{}'", runner().display(), file.display())
}

/// Whether the terminal came back as it was: with echo, with lines, and as large.
fn is_sane(screen: &str) -> bool {
    [" echo ", " icanon ", "rows 40; columns 100"].iter().all(|mode| screen.contains(mode))
}

/// Kills the Serenos that were given a spec.
fn kill_those_that_run(spec: &Path) {
    let word = |pid: &str, index: usize| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some(line.split(|byte| *byte == 0).nth(index)?.to_vec())
    };
    for entry in std::fs::read_dir("/proc").expect("/proc") {
        let pid = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        if word(&pid, 2).as_deref() == Some(spec.as_os_str().as_encoded_bytes()) {
            assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill runs").success());
        }
    }
}

/// How the step ended, and what of its output was kept.
fn kept(spec: &StepSpec) -> (StepResult, String) {
    let mut output = Vec::new();
    let ended = attach(&spec.dir, 0).wait(|_, bytes| output.extend_from_slice(bytes)).expect("it can be followed");
    let Ended::Finished(result) = ended else { panic!("the runner is gone") };
    (*result, String::from_utf8(output).expect("UTF-8"))
}

#[test]
fn a_step_talks_with_a_person_and_what_it_prints_is_kept() {
    let mut session = Session::new();
    let script = "[ -t 0 ] && [ -t 1 ] && read -r -p 'name? ' name; echo \"hello $name, $(stty size)\"; \
        read -rs -p 'password? ' word; echo; stty -echo; echo \"key $API_TOKEN\"";
    let spec = session.spec(script);
    let line = format!("API_TOKEN=tok-1234567890abcdef {}; echo \"parent $?\"", sereno(&session, &spec));
    let Some(mut terminal) = Terminal::running(&line) else { return };
    terminal.shows("name? ");
    terminal.types("ana\n");
    terminal.shows("password? ");
    terminal.types("not-for-anybody\n");
    let screen = terminal.ends();
    assert!(screen.contains("hello ana, 40 100") && screen.contains("parent 0"), "{screen}");
    assert!(is_sane(&screen), "{screen}");
    let (result, output) = kept(&spec);
    assert_eq!(result.end, End::Exited(0));
    assert!(result.state.is_some());
    assert!(output.contains("name? ana") && output.contains("hello ana"), "{output}");
    assert!(!output.contains("not-for-anybody"), "what is typed unseen stays unseen: {output}");
    assert!(output.contains("key [redacted") && !output.contains("tok-1234567890abcdef"), "{output}");
    assert!(screen.contains("key tok-1234567890abcdef"), "the person sees what the program shows: {screen}");
}

#[test]
fn ctrl_c_is_for_the_step_alone_and_ctrl_z_stops_nothing() {
    let mut session = Session::new();
    let spec = session.spec("echo started; cat; sleep 1000; echo never");
    let line = format!("{}; echo \"parent $?\"", sereno(&session, &spec));
    let Some(mut terminal) = Terminal::running(&line) else { return };
    terminal.shows("started");
    terminal.types("\x1a still here\n");
    terminal.shows("still here\r\n");
    terminal.types("\x03");
    let screen = terminal.ends();
    assert!(screen.contains("parent 0") && !screen.contains("never"), "{screen}");
    assert_eq!(kept(&spec).0.end, End::Signaled(2));
}

#[test]
fn much_that_is_pasted_arrives_whole() {
    let mut session = Session::new();
    let spec =
        session.spec("stty -echo; echo ready; while read -r l && [ \"$l\" != end ]; do echo \"$l\"; done | sha256sum");
    let line = sereno(&session, &spec);
    let Some(mut terminal) = Terminal::running(&line) else { return };
    terminal.shows("ready");
    let lines = "what somebody pastes, ñ and all\n".repeat(3000);
    terminal.types(&lines);
    terminal.types("end\n");
    let screen = terminal.ends();
    assert!(screen.contains(&format!("{}  -", Digest::of(&lines))), "{screen}");
}

#[test]
fn a_killed_sereno_leaves_the_terminal_as_it_was_and_the_step_is_told() {
    let mut session = Session::new();
    let spec = session.spec("trap 'echo gone; exit 9' HUP; stty -echo; echo started; while :; do sleep 0.1; done");
    // What is typed after the kill is for the shell again.
    let line = format!("{}; code=$?; read -r go; echo \"parent $code, $go\"", sereno(&session, &spec));
    let Some(mut terminal) = Terminal::running(&line) else { return };
    terminal.shows("started");
    kill_those_that_run(&session.root.path().join("spec.json"));
    let (result, output) = kept(&spec);
    assert_eq!(result.end, End::Exited(9));
    assert!(output.contains("started") && output.contains("gone"), "{output}");
    terminal.types("on\n");
    let screen = terminal.ends();
    assert!(screen.contains("parent 137, on") && is_sane(&screen), "{screen}");
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

#[test]
fn a_terminal_that_stands_still_keeps_no_step_beyond_its_time() {
    let mut session = Session::new();
    let spec = StepSpec { timeout: Some(Duration::from_secs(2)), ..session.spec("seq 1 3000000; echo never") };
    let Some(terminal) = Terminal::running(&sereno(&session, &spec)) else { return };
    // Nobody reads what `script` shows: a connection that hangs.
    crate::support::eventually("the step prints", || spec.dir.join("output").exists());
    let (result, _) = kept(&spec);
    assert!(result.timed_out, "{result:?}");
    drop(terminal.ends());
}

#[test]
fn a_step_that_leaves_well_because_its_terminal_went_away_has_not_succeeded() {
    let mut session = Session::new();
    let spec = session.spec("trap 'exit 0' HUP; echo started; while :; do sleep 0.1; done");
    let Some(mut terminal) = Terminal::running(&sereno(&session, &spec)) else { return };
    terminal.shows("started");
    kill_those_that_run(&session.root.path().join("spec.json"));
    let (result, _) = kept(&spec);
    assert!(result.hung_up && result.end == End::Exited(0), "{result:?}");
    assert_eq!(result.outcome(), sereno_model::Outcome::Failed);
    drop(terminal.ends());
}
