//! `sereno exec` on real containers: what runs, what is refused, and what is known when the connection is cut.

use crate::pedidos::{Pedidos, docker_answers};
use crate::world::{json, skipped, talk_at_a_terminal, until};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

fn runs(pedidos: &Pedidos) -> Vec<(String, String)> {
    let rows = json(&pedidos.sereno(&["runs", "list", "--format", "json"]));
    let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
    rows.as_array().expect("rows").iter().map(|row| (text(row, "id"), text(row, "state"))).collect()
}

fn containers(pedidos: &Pedidos, service: &str) -> Vec<String> {
    let ids = Command::new("docker-compose").args(["ps", "-q", service]).current_dir(&pedidos.dir).output();
    let ids = String::from_utf8(ids.expect("docker-compose runs").stdout).expect("UTF-8");
    ids.split_whitespace().map(str::to_owned).collect()
}

fn docker(arguments: &[&str]) -> bool {
    let status = Command::new("docker").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.expect("docker runs").success()
}

#[test]
fn programs_inside_components() {
    if !docker_answers() {
        return skipped("no Docker Engine with docker-compose answers");
    }
    let Some(pedidos) = Pedidos::up_on("compose") else { return };
    fs::write(pedidos.dir.join("sereno.toml"), "[policy]\npause_seconds = 1\n").expect("written");
    what_only_looks_runs_at_once_and_its_code_is_passed_on(&pedidos);
    what_it_does_inside_decides_who_must_say_yes(&pedidos);
    another_instance_is_named(&pedidos);
    what_is_not_there_is_told(&pedidos);
    another_process_under_the_name_is_refused(&pedidos);
    a_terminal_is_handed_over_and_what_was_seen_is_kept(&pedidos);
    a_cut_connection_leaves_the_outcome_unknown(&pedidos);
    a_killed_step_leaves_the_outcome_unknown(&pedidos);
    what_runs_on_without_its_connection_is_waited_for(&pedidos);
}

fn what_only_looks_runs_at_once_and_its_code_is_passed_on(pedidos: &Pedidos) {
    let shown = pedidos.sereno(&["exec", "redis", "--", "echo", "$HOME", "a  b", "*"]);
    assert_eq!((shown.code, shown.out.as_str()), (Some(0), "$HOME a  b *\n"), "no shell reads the words: {shown:?}");
    let missing = pedidos.sereno(&["exec", "redis", "--", "ls", "/nowhere"]);
    assert_eq!(missing.code, Some(2), "ls's own code: {missing:?}");
    assert!(missing.err.contains("/nowhere"), "{missing:?}");
    assert_eq!(pedidos.sereno(&["runs", "list", "--open"]).out.trim(), "", "nothing is left to decide");
    let env = fs::read_to_string(pedidos.dir.join(".env")).expect(".env");
    let password = env.lines().find_map(|line| line.strip_prefix("POSTGRES_PASSWORD=")).expect("a password");
    let told = pedidos.sereno(&["exec", "redis", "--format", "json", "--", "echo", password]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let events: Vec<Value> = told.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let output = events.iter().find(|event| event["event"] == "output").expect("output");
    assert!(output["text"].as_str().expect("a text").contains("[redacted"), "{output}");
    let (run, state) = runs(pedidos).remove(0);
    assert_eq!(state, "done");
    let kept = pedidos.sereno(&["runs", "show", &run, "--output"]);
    assert!(kept.out.contains("[redacted") && !kept.out.contains(password), "{kept:?}");
}

fn what_it_does_inside_decides_who_must_say_yes(pedidos: &Pedidos) {
    let risk = |argv: &[&str]| {
        let plan = pedidos.sereno(&[&["exec", "postgres", "--plan", "--format", "json", "--"], argv].concat());
        json(&plan)["steps"][0]["risk"].as_str().expect("a risk").to_owned()
    };
    assert_eq!(risk(&["ls"]), "observe");
    assert_eq!(risk(&["psql", "-c", "SELECT 1"]), "observe");
    assert_eq!(risk(&["touch", "/tmp/x"]), "change");
    assert_eq!(risk(&["psql", "-c", "DROP TABLE x"]), "destroy");
    assert_eq!(risk(&["sh", "-c", "rm -rf /data/*"]), "destroy");
    assert_eq!(risk(&["./algo.sh"]), "unclear");
    assert_eq!(risk(&["bash"]), "unclear", "nobody knows what is typed there");
    let before = runs(pedidos).len();
    let destroys = pedidos.sereno(&["exec", "redis", "--yes", "--", "rm", "-rf", "/tmp/nada"]);
    assert_eq!(destroys.code, Some(4), "a yes given beforehand is no second person's: {destroys:?}");
    let changes = pedidos.sereno(&["exec", "redis", "--", "touch", "/tmp/x"]);
    assert_eq!(changes.code, Some(4), "a change needs a yes: {changes:?}");
    for (run, _) in runs(pedidos).iter().take(runs(pedidos).len() - before) {
        assert_eq!(pedidos.sereno(&["runs", "cancel", run, "--reason", "prueba"]).code, Some(0));
    }
    let changed = pedidos.sereno(&["exec", "redis", "--yes", "--", "touch", "/tmp/x"]);
    assert_eq!(changed.code, Some(0), "{changed:?}");
    let failed = pedidos.sereno(&["exec", "redis", "--yes", "--", "touch", "/nowhere/x"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert_eq!(runs(pedidos)[0].1, "failed", "a failure is the answer: nobody is asked what to do about it");
}

fn another_instance_is_named(pedidos: &Pedidos) {
    assert_eq!(pedidos.sereno(&["scale", "worker", "2", "--yes"]).code, Some(0));
    let hosts: Vec<String> = containers(pedidos, "worker").iter().map(|id| id[..12].to_owned()).collect();
    let status = json(&pedidos.sereno(&["status", "worker", "--format", "json"]));
    let names: Vec<&str> = status["components"][0]["instances"]
        .as_array()
        .expect("instances")
        .iter()
        .map(|i| i["name"].as_str().expect("a name"))
        .collect();
    let mut seen = Vec::new();
    for name in &names {
        let said = pedidos.sereno(&["exec", "worker", "--instance", name, "--", "cat", "/etc/hostname"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        seen.push(said.out.trim().to_owned());
    }
    assert!(seen[0] != seen[1] && seen.iter().all(|host| hosts.contains(host)), "{seen:?} {hosts:?}");
    let unknown = pedidos.sereno(&["exec", "worker", "--instance", "worker_9", "--", "ls"]);
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    assert!(unknown.err.contains("worker_9") && unknown.err.contains(names[1]), "{unknown:?}");
    assert_eq!(pedidos.sereno(&["scale", "worker", "1", "--yes"]).code, Some(0));
}

fn what_is_not_there_is_told(pedidos: &Pedidos) {
    let program = pedidos.sereno(&["exec", "redis", "--", "ls-that-is-not-there", "--version"]);
    assert_eq!(program.code, Some(4), "what is not known needs a yes: {program:?}");
    let (run, _) = runs(pedidos).remove(0);
    assert_eq!(pedidos.sereno(&["runs", "cancel", &run, "--reason", "prueba"]).code, Some(0));
    // What is known to look only, and is not in the lab's image.
    let missing = pedidos.sereno(&["exec", "redis", "--", "docker", "ps"]);
    // Engine 20.10 says 126, newer ones 127.
    assert!(matches!(missing.code, Some(126 | 127)), "{missing:?}");
    assert!(missing.err.contains("no hay un programa `docker`"), "{missing:?}");
    let component = pedidos.sereno(&["exec", "rediz", "--", "ls"]);
    assert_eq!(component.code, Some(2), "{component:?}");
    assert!(component.err.contains("hay: redis"), "{component:?}");
    let redis = containers(pedidos, "redis").remove(0);
    assert!(docker(&["stop", "-t", "1", &redis]));
    let stopped = pedidos.sereno(&["exec", "redis", "--", "ls"]);
    assert_eq!(stopped.code, Some(3), "{stopped:?}");
    assert!(stopped.err.contains("no está en marcha"), "{stopped:?}");
    assert!(docker(&["start", &redis]));
}

fn another_process_under_the_name_is_refused(pedidos: &Pedidos) {
    let waits = pedidos.sereno(&["exec", "worker", "--", "touch", "/tmp/overtaken"]);
    assert_eq!(waits.code, Some(4), "{waits:?}");
    let (run, _) = runs(pedidos).remove(0);
    let worker = containers(pedidos, "worker").remove(0);
    assert!(docker(&["restart", "-t", "1", &worker]));
    let overtaken = pedidos.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(overtaken.code, Some(1), "{overtaken:?}");
    assert!(overtaken.err.contains("ya no está"), "{overtaken:?}");
    assert!(!docker(&["exec", &worker, "test", "-e", "/tmp/overtaken"]), "nothing was run");
    assert_eq!(runs(pedidos)[0], (run, "failed".to_owned()));
}

fn a_terminal_is_handed_over_and_what_was_seen_is_kept(pedidos: &Pedidos) {
    let none = pedidos.sereno(&["exec", "worker", "-t", "--", "sh"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    let env = fs::read_to_string(pedidos.dir.join(".env")).expect(".env");
    let password = env.lines().find_map(|line| line.strip_prefix("POSTGRES_PASSWORD=")).expect("a password");
    let ask = format!("tty && echo sum-$((40+2)) {password}\n");
    let command = pedidos.command(&["exec", "worker", "-t", "--timeout", "3m", "--", "sh"]);
    let seen = talk_at_a_terminal(&command, &[("[s/N]", "s\n"), ("# ", &ask), ("sum-42", "exit 3\n")]);
    assert!(seen.contains("/dev/pts/") && seen.contains("sum-42"), "{seen}");
    let (run, state) = runs(pedidos).remove(0);
    assert_eq!(state, "failed", "its own code was 3: {seen}");
    let kept = pedidos.sereno(&["runs", "show", &run, "--output"]);
    assert!(kept.out.contains("sum-42") && !kept.out.contains(password), "{kept:?}");
}

/// Stands between Sereno and the engine, and can be cut.
struct Proxy {
    socket: PathBuf,
    open: Arc<Mutex<Vec<UnixStream>>>,
}

impl Proxy {
    fn listen(folder: &Path, name: &str) -> Self {
        let socket = folder.join(name);
        let listener = UnixListener::bind(&socket).expect("a socket");
        let open: Arc<Mutex<Vec<UnixStream>>> = Arc::default();
        let opened = Arc::clone(&open);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (Ok(near), Ok(far)) = (near, UnixStream::connect("/var/run/docker.sock")) else { return };
                let both = [near.try_clone().expect("a handle"), far.try_clone().expect("a handle")];
                opened.lock().expect("not poisoned").extend(both);
                let (near_too, far_too) = (near.try_clone().expect("a handle"), far.try_clone().expect("a handle"));
                std::thread::spawn(move || pump(near, far));
                std::thread::spawn(move || pump(far_too, near_too));
            }
        });
        Self { socket, open }
    }

    fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Ends every connection; new ones are still taken.
    fn cut(&self) {
        for stream in self.open.lock().expect("not poisoned").drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Takes no connection any more.
    fn close(&self) {
        fs::remove_file(&self.socket).expect("removed");
    }
}

fn pump(mut from: UnixStream, mut to: UnixStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// Starts an `exec` through a proxy and waits until its program has begun.
fn begun(pedidos: &Pedidos, proxy: &Proxy, mark: &str, then: &str) -> std::process::Child {
    let script = format!("touch {mark}; {then}");
    let child = pedidos
        .command(&["exec", "worker", "--yes", "--timeout", "3m", "--", "sh", "-c", &script])
        .env("DOCKER_HOST", proxy.host())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let worker = containers(pedidos, "worker").remove(0);
    until("the program has begun", || docker(&["exec", &worker, "test", "-e", mark]));
    child
}

fn a_cut_connection_leaves_the_outcome_unknown(pedidos: &Pedidos) {
    let proxy = Proxy::listen(&pedidos.dir, "cut.sock");
    let child = begun(pedidos, &proxy, "/tmp/cut", "sleep 300");
    proxy.close();
    proxy.cut();
    let said = crate::world::said(child.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.err.contains("se cortó la conexión"), "{said:?}");
    let (run, state) = runs(pedidos).remove(0);
    assert_ne!(state, "failed");
    let entries = json(&pedidos.sereno(&["runs", "show", &run, "--format", "json"]));
    let finished = entries.as_array().expect("entries").iter().find(|entry| entry["kind"] == "step.finished");
    assert_eq!(finished.expect("it finished")["data"]["report"]["outcome"], "unknown", "{entries}");
    let decided = pedidos.sereno(&["runs", "resume", &run, "--skip", "se miró"]);
    assert_eq!(decided.code, Some(0), "{decided:?}");
}

fn a_killed_step_leaves_the_outcome_unknown(pedidos: &Pedidos) {
    let script = "touch /tmp/late; sleep 300";
    let said = pedidos.sereno(&["exec", "worker", "--yes", "--timeout", "15s", "--", "sh", "-c", script]);
    assert_eq!(said.code, Some(5), "it runs on in the container: {said:?}");
    let (run, _) = runs(pedidos).remove(0);
    assert_eq!(pedidos.sereno(&["runs", "cancel", &run, "--reason", "prueba"]).code, Some(0));
}

fn what_runs_on_without_its_connection_is_waited_for(pedidos: &Pedidos) {
    let proxy = Proxy::listen(&pedidos.dir, "on.sock");
    let then = "while test ! -e /tmp/go; do sleep 0.1; done; exit 9";
    let mut child = begun(pedidos, &proxy, "/tmp/on", then);
    proxy.cut();
    let worker = containers(pedidos, "worker").remove(0);
    let mut told = child.stderr.take().expect("a pipe");
    let (mut err, mut buffer) = (String::new(), [0; 4096]);
    // Its end, by the step's own timeout, is the end of the waiting too.
    while let Ok(read @ 1..) = told.read(&mut buffer) {
        err.push_str(&String::from_utf8_lossy(&buffer[..read]));
        if err.contains("el programa sigue") {
            break;
        }
    }
    assert!(err.contains("el programa sigue"), "{err}");
    assert!(docker(&["exec", &worker, "touch", "/tmp/go"]));
    told.read_to_string(&mut err).expect("the rest of it");
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(9), "the engine knows: {err}");
}
