//! Sereno on the lab's LotoLink, on the real Kubernetes that it was written for, seen by its users and by the cluster.
//!
//! `SERENO_TEST_KUBECONFIG` names the cluster's kubeconfig; its node takes images from the local engine.

use crate::world::{Said, at_a_terminal, binary, component, json, said, skipped, until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const BACKEND: &str = "lotolink-backend";

/// A running LotoLink, ended and wiped when the test ends, however it ends.
struct LotoLink {
    _folder: tempfile::TempDir,
    dir: PathBuf,
    lab: PathBuf,
    kubeconfig: PathBuf,
    namespace: String,
    port: u16,
}

impl LotoLink {
    fn up(namespace: &str) -> Option<Self> {
        let Some(kubeconfig) = std::env::var_os("SERENO_TEST_KUBECONFIG").map(PathBuf::from) else {
            skipped("SERENO_TEST_KUBECONFIG names no cluster");
            return None;
        };
        let lab = binary().with_file_name("lab");
        if !lab.exists() {
            skipped("the lab is not built (cargo build --package lab)");
            return None;
        }
        let answers = kubectl(&kubeconfig, "default", &["get", "--raw", "/readyz", "--request-timeout=10s"]).output();
        if !answers.is_ok_and(|output| output.status.success()) {
            skipped("no cluster answers at SERENO_TEST_KUBECONFIG");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("sereno-lab-").tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        let dir = folder.path().join("lotolink");
        let mut up = Command::new(&lab);
        up.args(["up", "lotolink", "--platform", "kubernetes", "--namespace", namespace, "--kubeconfig"]);
        let up = said(up.arg(&kubeconfig).arg("--dir").arg(&dir).output().expect("the lab runs"));
        let mut lotolink = Self { _folder: folder, dir, lab, kubeconfig, namespace: namespace.to_owned(), port: 0 };
        assert_eq!(up.code, Some(0), "{up:?}");
        let env = fs::read_to_string(lotolink.dir.join(".env")).expect("the lab wrote .env");
        let port = env.lines().find_map(|line| line.strip_prefix("PORT=")).expect("PORT");
        lotolink.port = port.trim().parse().expect("a port");
        // The cluster is the one that the operator's own commands speak to, so that they are known for what they are.
        let platform = format!("[platform]\nkind = \"kubernetes\"\nnamespace = \"{namespace}\"\n");
        let settings = platform + "[policy]\npause_seconds = 1\n";
        fs::write(lotolink.dir.join("sereno.toml"), settings).expect("written");
        Some(lotolink)
    }

    fn lab(&self, arguments: &[&str]) -> Said {
        said(Command::new(&self.lab).args(arguments).arg("--dir").arg(&self.dir).output().expect("the lab runs"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.dir)
            // What an operator of this cluster has set.
            .env("KUBECONFIG", &self.kubeconfig)
            .env("LANG", "es_AR.UTF-8")
            .stdin(Stdio::null());
        command
    }

    fn sereno(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("the binary runs"))
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let output = kubectl(&self.kubeconfig, &self.namespace, arguments).output().expect("kubectl runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The backend's pods: their ids, or their names.
    fn pods(&self, field: &str) -> BTreeSet<String> {
        let path = format!("jsonpath={{.items[*].metadata.{field}}}");
        let found = self.kubectl(&["get", "pods", "-l", "app=lotolink-backend", "-o", &path]);
        found.split_whitespace().map(str::to_owned).collect()
    }

    fn replicas(&self) -> String {
        self.kubectl(&["get", "deployment", "-o", "jsonpath={range .items[*]}{.metadata.name}={.spec.replicas} {end}"])
    }

    /// The HTTP status of a path, as any user gets it.
    fn status(&self, path: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the balancer listens");
        stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a timeout");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    fn last_run(&self) -> (String, String) {
        let rows = json(&self.sereno(&["runs", "list", "--format", "json"]));
        let text = |name: &str| rows[0][name].as_str().expect("a text").to_owned();
        (text("id"), text("state"))
    }

    fn component(&self, name: &str) -> Value {
        component(&json(&self.sereno(&["status", "--format", "json"])), name)
    }
}

impl Drop for LotoLink {
    fn drop(&mut self) {
        let down = self.lab(&["down", "lotolink", "--wipe"]);
        assert!(down.code == Some(0) || std::thread::panicking(), "lab down: {down:?}");
    }
}

fn kubectl(kubeconfig: &Path, namespace: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("kubectl");
    command.arg("--kubeconfig").arg(kubeconfig).args(["-n", namespace]).args(arguments);
    command
}

#[test]
fn the_services_of_lotolink_are_operated_while_its_users_are_served() {
    let Some(lotolink) = LotoLink::up(&format!("it-lotolink-{}", std::process::id())) else { return };
    let status = lotolink.sereno(&["status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    let backend = lotolink.component(BACKEND);
    assert_eq!((&backend["standing"], &backend["ready"], &backend["desired"]), (&"ok".into(), &3.into(), &3.into()));
    assert_eq!(backend["version"], "v1.0.0");
    let logs = lotolink.sereno(&["logs", BACKEND, "--grep", "lotolink backend started"]);
    assert_eq!((logs.code, logs.out.lines().count()), (Some(0), 3), "{logs:?}");
    a_restart_that_no_user_notices(&lotolink);
    scale_and_back(&lotolink);
    stop_and_resume(&lotolink);
    what_is_broken_is_told_with_its_reason(&lotolink);
}

fn a_restart_that_no_user_notices(lotolink: &LotoLink) {
    let before = lotolink.pods("uid");
    let users = Command::new(&lotolink.lab)
        .args(["load", "lotolink", "--rate", "15", "--seconds", "60", "--dir"])
        .arg(&lotolink.dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the lab runs");
    let restart = lotolink.sereno(&["restart", BACKEND, "--yes"]);
    assert_eq!((restart.code, lotolink.last_run().1.as_str()), (Some(0), "verified"), "{restart:?}");
    assert_eq!(lotolink.pods("uid").intersection(&before).count(), 0, "all pods are others");
    let served = users.wait_with_output().expect("it ended");
    let served = String::from_utf8_lossy(&served.stdout).into_owned();
    assert!(served.starts_with("900 ok, 0 refused (4xx), 0 failed"), "{served}");
}

fn scale_and_back(lotolink: &LotoLink) {
    let scaled = lotolink.sereno(&["scale", BACKEND, "4", "--yes"]);
    assert_eq!(scaled.code, Some(0), "{scaled:?}");
    let run = lotolink.last_run().0;
    assert_eq!(lotolink.kubectl(&["get", "deployment", BACKEND, "-o", "jsonpath={.status.readyReplicas}"]), "4");
    let undone = lotolink.sereno(&["runs", "undo", &run, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(lotolink.kubectl(&["get", "deployment", BACKEND, "-o", "jsonpath={.spec.replicas}"]), "3");
}

fn stop_and_resume(lotolink: &LotoLink) {
    let replicas = lotolink.replicas();
    let typed = at_a_terminal(&lotolink.command(&["--lang", "en", "stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(lotolink.last_run().1, "verified", "{typed}");
    assert_eq!(lotolink.status("/health"), 502, "nobody is there: {typed}");
    assert_eq!(lotolink.kubectl(&["get", "pods", "-o", "name"]), "", "{typed}");
    let resumed = lotolink.sereno(&["resume", "--yes"]);
    assert_eq!((resumed.code, lotolink.last_run().1.as_str()), (Some(0), "verified"), "{resumed:?}");
    assert_eq!(lotolink.replicas(), replicas, "exactly what there was");
    until("users are served again", || lotolink.status("/health/ready") == 200);
}

fn what_is_broken_is_told_with_its_reason(lotolink: &LotoLink) {
    let broken = lotolink.lab(&["break", "lotolink", "crash-loop"]);
    assert_eq!(broken.code, Some(0), "{broken:?}");
    let said = lotolink.sereno(&["status"]);
    assert_eq!((said.code, lotolink.component(BACKEND)["standing"].clone()), (Some(1), "down".into()), "{said:?}");
    let logs = lotolink.sereno(&["logs", BACKEND, "--grep", "PORT=tres-mil is not a port"]);
    assert!(logs.code == Some(0) && !logs.out.is_empty(), "{logs:?}");
    let mended = lotolink.lab(&["mend", "lotolink"]);
    assert_eq!(mended.code, Some(0), "{mended:?}");
    let whole = || {
        let backend = lotolink.component(BACKEND);
        backend["standing"] == "ok" && backend["ready"] == 3
    };
    until("the backend is whole", whole);
}

/// The runbook as its authors wrote it, word for word, in the namespace that it names.
#[test]
fn the_original_runbook_of_lotolink_is_walked_on_kubernetes() {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/runbooks/clean/lotolink.md");
    if !original.exists() {
        return skipped("the original runbooks are not beside the project");
    }
    // One at a time on this machine: the namespace is the runbook's.
    let lock = fs::File::create(std::env::temp_dir().join("lotolink-prod.lock")).expect("a lock file");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    let Some(lotolink) = LotoLink::up("lotolink-prod") else { return };
    let original = original.to_str().expect("UTF-8").to_owned();
    bad_image_is_diagnosed_and_rolled_back(&lotolink, &original);
    pods_are_restarted(&lotolink, &original);
    a_pod_is_taken_away_by_force(&lotolink, &original);
    everything_is_stopped(&lotolink, &original);
}

fn bad_image_is_diagnosed_and_rolled_back(lotolink: &LotoLink, original: &str) {
    let broken = lotolink.lab(&["break", "lotolink", "image-missing"]);
    assert_eq!(broken.code, Some(0), "{broken:?}");
    assert_eq!(lotolink.status("/health"), 502);
    let pod = format!("pod-name={}", lotolink.pods("name").pop_first().expect("a pod"));
    let run = lotolink.sereno(&[
        "run",
        "backend-no-responde-http-502-504",
        "--runbook",
        original,
        "--option",
        "3",
        "-p",
        &pod,
        "--yes",
        "--reason",
        "prueba",
    ]);
    assert_eq!(run.code, Some(0), "{run:?}");
    until("users are served again", || lotolink.status("/health/ready") == 200);
    let image = "jsonpath={.spec.template.spec.containers[0].image}";
    assert_eq!(lotolink.kubectl(&["get", "deployment", BACKEND, "-o", image]), "lotolink/backend:v1.0.0");
    let mended = lotolink.lab(&["mend", "lotolink"]);
    assert_eq!(mended.code, Some(0), "{mended:?}");
}

fn pods_are_restarted(lotolink: &LotoLink, original: &str) {
    let before = lotolink.pods("uid");
    let pod = format!("pod-name={}", lotolink.pods("name").pop_first().expect("a pod"));
    let walk = ["run", "backend-no-responde-http-502-504", "--runbook", original, "--option", "1", "--yes"];
    let run = lotolink.sereno(&[walk.as_slice(), &["-p", &pod, "--reason", "prueba"]].concat());
    // The runbook checks nothing after its remedy; that its restart took place, Sereno proves.
    assert_eq!((run.code, lotolink.last_run().1.as_str()), (Some(0), "verified"), "{run:?}");
    assert_eq!(lotolink.pods("uid").intersection(&before).count(), 0, "{run:?}");
    assert_eq!(lotolink.status("/health/ready"), 200);
}

fn a_pod_is_taken_away_by_force(lotolink: &LotoLink, original: &str) {
    let pod = lotolink.pods("name").pop_first().expect("a pod");
    let value = format!("pod-name={pod}");
    let walk = ["--lang", "en", "run", "forzar-limpieza-de-pods-stuck", "--runbook", original, "-p", &value];
    let typed = at_a_terminal(&lotolink.command(&walk), "Type CONFIRM", "CONFIRM\n");
    assert!(!lotolink.pods("name").contains(&pod), "{typed}");
    until("another one has its place", || lotolink.component(BACKEND)["ready"] == 3);
}

fn everything_is_stopped(lotolink: &LotoLink, original: &str) {
    let slack = format!("SLACK_WEBHOOK=http://localhost:{}/slack", lotolink.port);
    let walk = ["--lang", "en", "run", "detener-todo-emergencia-critica", "--runbook", original];
    let values = ["-p", "CONFIRM=CONFIRMAR", "-p", &slack];
    let command = lotolink.command(&[walk.as_slice(), &values].concat());
    let typed = at_a_terminal(&command, "Type CONFIRMAR", "CONFIRMAR\n");
    assert_eq!(lotolink.kubectl(&["get", "deployment", BACKEND, "-o", "jsonpath={.spec.replicas}"]), "0", "{typed}");
    until("nobody is served", || lotolink.status("/health") == 502);
}
