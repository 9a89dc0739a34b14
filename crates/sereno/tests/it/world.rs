//! A system of its own for each test: a folder with a runbook, and the binary to run in it.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct World {
    dir: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn with_runbook(text: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("sereno-it-").tempdir().expect("a temporary folder");
        fs::write(dir.path().join("RUNBOOK.md"), text).expect("the runbook is written");
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("a file is written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// The binary, in this world's folder, without a terminal, speaking English, with a clean environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn sereno(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("the binary runs"))
    }

    /// The ids of all runs, newest first, with their states.
    pub(crate) fn runs(&self) -> Vec<(String, String)> {
        let said = self.sereno(&["runs", "list", "--format", "json", "--limit", "1000"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let rows: Value = serde_json::from_str(&said.out).expect("JSON");
        let row = |row: &Value| {
            (row["id"].as_str().expect("id").to_owned(), row["state"].as_str().expect("state").to_owned())
        };
        rows.as_array().expect("a list").iter().map(row).collect()
    }

    /// The entries of a run.
    pub(crate) fn entries(&self, run: &str) -> Vec<Value> {
        let said = self.sereno(&["runs", "show", run, "--format", "json"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let entries: Value = serde_json::from_str(&said.out).expect("JSON");
        entries.as_array().expect("a list").clone()
    }
}

pub(crate) fn json(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// A component of `status --format json`.
pub(crate) fn component(status: &Value, name: &str) -> Value {
    let all = status["components"].as_array().expect("components");
    all.iter().find(|component| component["name"] == name).unwrap_or_else(|| panic!("no {name}: {status}")).clone()
}

/// Waits until something is so; the test fails when it is not after three minutes.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(3), "not so after three minutes: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn await_file(path: &Path) {
    until(&format!("{} is there", path.display()), || path.exists());
}

pub(crate) fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sereno"))
}

#[expect(clippy::needless_pass_by_value, reason = "callers have nothing else to do with the output")]
pub(crate) fn said(output: Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Says why a test cannot be made here.
#[expect(clippy::print_stderr, reason = "a skip must be seen")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Runs a command of the binary under a terminal of its own and types a line when it is asked to.
pub(crate) fn at_a_terminal(plain: &Command, asked: &str, line: &str) -> String {
    talk_at_a_terminal(plain, &[(asked, line)])
}

/// The same with several lines, each typed when its words are seen after those of the line before.
pub(crate) fn talk_at_a_terminal(plain: &Command, lines: &[(&str, &str)]) -> String {
    use std::io::{Read as _, Write as _};
    let words = std::iter::once(plain.get_program()).chain(plain.get_args());
    let words: Vec<_> = words.map(std::ffi::OsStr::to_string_lossy).collect();
    let mut command = Command::new("script");
    command
        .args(["-qefc", &words.join(" "), "/dev/null"])
        .current_dir(plain.get_current_dir().expect("a folder"))
        .env_clear()
        .envs(plain.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))))
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("script runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    let mut lines = lines.iter();
    let mut next = lines.next();
    let mut from = 0;
    while let Ok(read @ 1..) = stdout.read(&mut buffer) {
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        if let Some((asked, line)) = next
            && seen[from..].contains(asked)
        {
            from = seen.len();
            // One that has ended reads no more: what it said is told by the assertions.
            let _ = stdin.write_all(line.as_bytes());
            next = lines.next();
        }
    }
    child.wait().expect("script ends");
    seen
}
