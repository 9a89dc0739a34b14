//! A started lab to test on, and what is asked of it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Lab {
    dir: TempDir,
    system: &'static str,
    pub(crate) port: u16,
}

impl Lab {
    /// Starts Pedidos, or says what is missing.
    pub(crate) fn up(platform: &str) -> Option<Self> {
        Self::up_with("pedidos", &["--platform", platform])
    }

    pub(crate) fn up_with(system: &'static str, options: &[&str]) -> Option<Self> {
        if options.contains(&"process") && !has_servers() {
            eprintln!("skipped: PostgreSQL or Redis is not installed (apt-get install postgresql redis-server)");
            return None;
        }
        let dir = directory();
        let mut lab = Self { dir, system, port: 0 };
        let up = lab.run(&[&["up", system], options].concat());
        let error = String::from_utf8_lossy(&up.stderr).into_owned();
        if error.contains("come from PyPI") || error.contains("install python3-venv") {
            // What was begun is wiped as the lab is dropped.
            eprintln!("skipped: {error}");
            return None;
        }
        assert!(up.status.success(), "lab up {system}: {error}");
        lab.port = lab.setting("PORT").parse().unwrap();
        Some(lab)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(arguments, self.path())
    }

    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "lab {arguments:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What it says when it refuses.
    pub(crate) fn err(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "lab {arguments:?} was not refused");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub(crate) fn setting(&self, name: &str) -> String {
        let text = fs::read_to_string(self.path().join(".env")).unwrap();
        let prefix = format!("{name}=");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, "", "")
    }

    pub(crate) fn text(&self, path: &str) -> String {
        exchange(self.port, "GET", path, "", "").expect("an answer").1
    }

    /// Status 0 when nobody answers.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let (status, body) = exchange(self.port, method, path, headers, body).unwrap_or_default();
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    pub(crate) fn order(&self, tenant: &str) -> (u16, Value) {
        let body = r#"{"description":"dos cafés","amount_cents":1250}"#;
        self.send("POST", "/orders", &format!("X-Tenant-Id: {tenant}\r\n"), body)
    }

    pub(crate) fn health(&self) -> String {
        self.get("/health").1["status"].as_str().unwrap_or("silent").to_owned()
    }

    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < Duration::from_secs(20), "{what}: not within 20 s");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        let status: Value = serde_json::from_str(&self.status_json()).unwrap();
        let components = status["components"].as_array().unwrap();
        let pid = |component: &Value| component["detail"].as_str()?.strip_prefix("pid ")?.parse().ok();
        components.iter().filter_map(pid).collect()
    }

    fn status_json(&self) -> String {
        String::from_utf8_lossy(&self.run(&["status", self.system, "--json"]).stdout).into_owned()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let output = self.run(&["down", self.system, "--wipe"]);
        let failed = !output.status.success() && !std::thread::panicking();
        assert!(!failed, "down: {}", String::from_utf8_lossy(&output.stderr));
    }
}

pub(crate) fn run(arguments: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab")).args(arguments).env("LAB_DIR", dir).output().unwrap()
}

/// PostgreSQL runs under another account when we are root, and has to get in.
pub(crate) fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z"))
}

fn has_servers() -> bool {
    let redis = ["/usr/bin", "/usr/local/bin"].iter().any(|dir| Path::new(dir).join("redis-server").exists());
    redis && fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut versions| versions.next().is_some())
}

fn exchange(port: u16, method: &str, path: &str, headers: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}
