//! Sereno on a live system: the lab's Pedidos, with its own PostgreSQL, Redis, API and worker, broken for real and mended
//! by its own runbook.

use crate::world::{Said, binary, said, skipped};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A running Pedidos, ended and wiped when the test ends, however it ends.
pub(crate) struct Pedidos {
    _folder: tempfile::TempDir,
    pub(crate) dir: PathBuf,
    lab: PathBuf,
    port: u16,
}

impl Pedidos {
    fn up() -> Option<Self> {
        Self::up_on("process")
    }

    pub(crate) fn up_on(platform: &str) -> Option<Self> {
        let lab = binary().with_file_name("lab");
        if !lab.exists() {
            skipped("the lab is not built (cargo build --package lab)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("sereno-lab-").tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        let dir = folder.path().join("pedidos");
        let up = said(
            Command::new(&lab)
                .args(["up", "pedidos", "--platform", platform, "--dir"])
                .arg(&dir)
                .output()
                .expect("the lab runs"),
        );
        if up.code != Some(0) && up.err.contains("apt-get install") {
            skipped("PostgreSQL or Redis is missing (apt-get install postgresql redis-server)");
            return None;
        }
        assert_eq!(up.code, Some(0), "{up:?}");
        let env = fs::read_to_string(dir.join(".env")).expect("the lab wrote .env");
        let port =
            env.lines().find_map(|line| line.strip_prefix("PORT=")).expect("PORT").trim().parse().expect("a port");
        Some(Self { _folder: folder, dir, lab, port })
    }

    pub(crate) fn lab(&self, arguments: &[&str]) -> Said {
        said(Command::new(&self.lab).args(arguments).arg("--dir").arg(&self.dir).output().expect("the lab runs"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", path_with(&self.lab))
            .env("HOME", &self.dir)
            .env("LANG", "es_AR.UTF-8")
            .stdin(std::process::Stdio::null());
        command
    }

    pub(crate) fn sereno(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("the binary runs"))
    }

    /// The HTTP status of a path of the API, as any outsider sees it.
    pub(crate) fn status(&self, path: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the API listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Pedidos {
    fn drop(&mut self) {
        // The folder goes in any case; processes that would stay must be seen.
        let down = self.lab(&["down", "pedidos", "--wipe"]);
        assert!(down.code == Some(0) || std::thread::panicking(), "lab down: {down:?}");
    }
}

fn path_with(program: &Path) -> std::ffi::OsString {
    let mut folders = vec![program.parent().expect("a folder").to_owned()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    std::env::join_paths(folders).expect("a PATH")
}

fn last_run(pedidos: &Pedidos) -> (String, String) {
    let rows: serde_json::Value =
        serde_json::from_str(&pedidos.sereno(&["runs", "list", "--format", "json"]).out).expect("JSON");
    (rows[0]["id"].as_str().expect("id").to_owned(), rows[0]["state"].as_str().expect("state").to_owned())
}

#[test]
fn redis_down_is_mended_by_the_systems_own_runbook() {
    let Some(pedidos) = Pedidos::up() else { return };
    assert_eq!(pedidos.status("/health/redis"), 200);
    assert_eq!(pedidos.lab(&["break", "pedidos", "redis-down"]).code, Some(0));
    assert_eq!(pedidos.status("/health/redis"), 503);
    let plan = pedidos.sereno(&["plan", "redis desconectado"]);
    assert_eq!(plan.code, Some(0), "{plan:?}");
    let run = pedidos.sereno(&["run", "redis desconectado", "--yes", "--reason", "prueba"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(last_run(&pedidos).1, "verified", "{run:?}");
    assert_eq!(pedidos.status("/health/redis"), 200);
    assert_eq!(pedidos.status("/health"), 200);
}

/// Whether there is a Docker Engine, and compose.
pub(crate) fn docker_answers() -> bool {
    let answers =
        |program: &str, word: &str| Command::new(program).arg(word).output().is_ok_and(|o| o.status.success());
    answers("docker", "info") && answers("docker-compose", "version")
}

/// The runbook as its authors wrote it, word for word, on the platform that it was written for.
#[test]
fn the_original_runbook_is_walked_on_containers() {
    if !docker_answers() {
        return skipped("no Docker Engine with docker-compose answers");
    }
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/runbooks/clean/pedidos.md");
    if !original.exists() {
        return skipped("the original runbooks are not beside the project");
    }
    let original = original.to_str().expect("UTF-8");
    let Some(pedidos) = Pedidos::up_on("compose") else { return };
    assert_eq!(pedidos.lab(&["break", "pedidos", "redis-down"]).code, Some(0));
    assert_eq!(pedidos.status("/health/redis"), 503);
    let run = pedidos.sereno(&["run", "redis desconectado", "--runbook", original, "--yes", "--reason", "prueba"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let running = Command::new("docker-compose").args(["ps", "-q", "redis"]).current_dir(&pedidos.dir).output();
    let container = String::from_utf8(running.expect("docker-compose runs").stdout).expect("UTF-8");
    let state = Command::new("docker").args(["inspect", "-f", "{{.State.Running}}", container.trim()]).output();
    assert_eq!(String::from_utf8_lossy(&state.expect("docker runs").stdout).trim(), "true");
    // The runbook checks nothing after its remedy; that its restart took place, Sereno proves.
    assert_eq!(last_run(&pedidos).1, "verified", "{run:?}");
    assert_eq!(pedidos.status("/health/redis"), 200);
    // What looks for causes needs no terminal, whatever docker-compose thinks. Port 3000 may be another lab's, and Debian's
    // docker-compose takes `logs postgres --tail=50` for two services.
    for (procedure, steps, shown) in
        [("errores-de-conexion-a-db", "1,3", "| active"), ("incidente-sistema-lento", "2", "mean_exec_time")]
    {
        let run = ["run", procedure, "--runbook", original, "--steps", steps, "--yes", "--reason", "prueba"];
        let run = pedidos.sereno(&run);
        assert_eq!(run.code, Some(0), "{procedure}: {run:?}");
        assert!(run.out.contains(shown) && !run.err.contains("falló"), "{procedure}: {run:?}");
    }
}

#[test]
fn a_remedy_that_does_not_help_is_not_called_done() {
    let Some(pedidos) = Pedidos::up() else { return };
    assert_eq!(pedidos.lab(&["break", "pedidos", "redis-down"]).code, Some(0));
    // The remedy is taken out of the author's hands: restarting does nothing any more.
    let runbook = fs::read_to_string(pedidos.dir.join("RUNBOOK.md")).expect("the runbook");
    fs::write(pedidos.dir.join("RUNBOOK.md"), runbook.replace("make restart-redis", "true")).expect("written");
    let run = pedidos.sereno(&["run", "redis desconectado", "--yes"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_ne!(last_run(&pedidos).1, "verified");
    assert_eq!(pedidos.status("/health/redis"), 503);
}

#[test]
fn the_journal_lives_in_postgresql_as_well() {
    let Some(pedidos) = Pedidos::up() else { return };
    let env = fs::read_to_string(pedidos.dir.join(".env")).expect(".env");
    let url = env.lines().find_map(|line| line.strip_prefix("DATABASE_URL=")).expect("DATABASE_URL").trim_matches('"');
    fs::write(pedidos.dir.join("sereno.toml"), format!("[journal]\nlocation = \"{url}\"\n")).expect("written");
    assert_eq!(pedidos.lab(&["break", "pedidos", "redis-down"]).code, Some(0));
    let run = pedidos.sereno(&["run", "redis desconectado", "--yes"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!pedidos.dir.join(".sereno/journal.db").exists());
    assert_eq!(last_run(&pedidos).1, "verified");
    assert_eq!(pedidos.sereno(&["audit", "verify"]).code, Some(0));
    assert_eq!(pedidos.lab(&["break", "pedidos", "postgres-down"]).code, Some(0));
    let gone = pedidos.sereno(&["runs", "list"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(!gone.err.contains("panicked") && !gone.err.is_empty(), "{gone:?}");
}
