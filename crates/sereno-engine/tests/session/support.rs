//! A session in a directory of its own, step after step.

use sereno_engine::session::{Ended, RunnerHandle, Runners, SavedState, StepResult, StepSpec, Stream};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) fn runner() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_step-runner"))
}

/// The bash of this machine, wherever the environment of a test points.
pub(crate) fn bash() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join("bash")).find(|path| path.is_file()).expect("bash is in PATH")
}

pub(crate) struct Session {
    pub(crate) root: TempDir,
    pub(crate) env: Vec<(OsString, OsString)>,
    state: Option<SavedState>,
    count: usize,
    /// As a walk has it: steps that leave nothing behind share a runner.
    pub(crate) runners: Runners,
}

/// How a step went.
#[derive(Debug)]
pub(crate) struct Went {
    pub(crate) result: StepResult,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Went {
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

impl Session {
    pub(crate) fn new() -> Self {
        let root = TempDir::new().expect("a directory for the session");
        std::fs::create_dir(root.path().join("work")).expect("a directory to work in");
        let env = std::env::vars_os().collect();
        Self { root, env, state: None, count: 0, runners: Runners::new(runner()) }
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The spec of the next step.
    pub(crate) fn spec(&mut self, script: &str) -> StepSpec {
        self.count += 1;
        let dir = self.root.path().join(format!("step {}", self.count));
        let mut spec = StepSpec::new(dir, script, self.work());
        spec.env.clone_from(&self.env);
        if let Some(state) = &self.state {
            spec = spec.after(state.clone());
        }
        spec
    }

    pub(crate) fn step(&mut self, script: &str) -> Went {
        let spec = self.spec(script);
        self.run(&spec)
    }

    pub(crate) fn run(&mut self, spec: &StepSpec) -> Went {
        let went = finish(self.runners.start(spec).expect("the runner starts"));
        if let Some(saved) = &went.result.state {
            self.state = Some(saved.clone());
        }
        went
    }

    /// Ends the session, as the engine does when an `EXIT` trap is still to run.
    pub(crate) fn close(&mut self) -> Went {
        let mut spec = self.spec("");
        spec.is_last = true;
        self.run(&spec)
    }
}

pub(crate) fn finish(mut handle: RunnerHandle) -> Went {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let ended = handle.wait(|stream, bytes| match stream {
        Stream::Stdout => stdout.extend_from_slice(bytes),
        Stream::Stderr => stderr.extend_from_slice(bytes),
    });
    match ended.expect("the step can be followed") {
        Ended::Finished(result) => Went { result: *result, stdout, stderr },
        Ended::Lost(lost) => panic!("the step is lost: {lost:?}"),
    }
}

/// Waits for a condition that other processes bring about.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(20), "never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process is there and no zombie.
pub(crate) fn is_alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with(['Z', 'X']))
}

/// Says what could not be tried.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
