//! Processes that Sereno itself runs: small programs that note each of their starts, killed and stopped in every way, and the
//! lab's Pedidos. What is asserted is what the programs noted and what `/proc` shows, not the exit code alone.

use crate::pedidos::Pedidos;
use crate::world::{Said, World, at_a_terminal, component, json, skipped, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

/// A system of processes, of which nothing is left when the test ends, however it ends.
pub(crate) struct System(pub(crate) World);

impl System {
    pub(crate) fn new(processes: &str) -> Self {
        let system = Self(World::with_runbook("# T\n"));
        system.declare(processes);
        system
    }

    fn declare(&self, processes: &str) {
        self.0.write("sereno.toml", &format!("[policy]\npause_seconds = 1\n{processes}"));
    }

    pub(crate) fn done(&self, arguments: &[&str]) -> Said {
        let said = self.0.sereno(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        said
    }

    pub(crate) fn status(&self) -> Value {
        json(&self.0.sereno(&["status", "--format", "json"]))
    }

    fn instance(&self, component: &str, index: usize) -> Value {
        self::component(&self.status(), component)["instances"][index].clone()
    }

    fn folder(&self, instance: &str) -> PathBuf {
        self.0.path().join(".sereno/processes").join(instance)
    }

    fn state(&self, instance: &str) -> Value {
        let text = fs::read_to_string(self.folder(instance).join("state.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(crate) fn child(&self, instance: &str) -> i32 {
        self.state(instance)["child"]["pid"].as_i64().unwrap_or_else(|| panic!("{instance} runs")) as i32
    }

    /// How often a program has noted a start.
    pub(crate) fn starts(&self, name: &str) -> usize {
        self.0.read("ledger").lines().filter(|line| *line == name).count()
    }

    /// The living processes of an instance, by the mark that they carry.
    pub(crate) fn alive(&self, instance: &str) -> Vec<i32> {
        marked(&self.folder(instance))
    }

    pub(crate) fn keeper(&self, instance: &str) -> i32 {
        let folder = self.folder(instance);
        let of = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let is_it = |line: &[u8]| {
            let mut words = line.split(|byte| *byte == 0);
            words.any(|word| word == b"__keeper") && words.next() == Some(folder.as_os_str().as_encoded_bytes())
        };
        pids().into_iter().find(|pid| is_it(&of(pid))).unwrap_or_else(|| panic!("{instance} has a keeper"))
    }

    pub(crate) fn last_run(&self) -> (String, String) {
        self.0.runs().remove(0)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        end_all(self.0.path());
    }
}

/// Kills the keepers of a system, and what they kept.
fn end_all(place: &Path) {
    let place = place.as_os_str().as_encoded_bytes().to_vec();
    let of = |pid: i32, file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let holds = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    for _ in 0..3 {
        for pid in pids() {
            let line = of(pid, "cmdline");
            let is_keeper = holds(&line, b"__keeper") && holds(&line, &place);
            let mark = [b"SERENO_KEEPER=", place.as_slice()].concat();
            if is_keeper || holds(&of(pid, "environ"), &mark) {
                kill(pid, Signal::KILL);
            }
        }
    }
}

fn pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn marked(folder: &Path) -> Vec<i32> {
    let mark = [b"SERENO_KEEPER=", folder.as_os_str().as_encoded_bytes()].concat();
    let carries = |pid: &i32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|one| one == mark) && !stat.contains(") Z ")
    };
    pids().into_iter().filter(carries).collect()
}

pub(crate) fn kill(pid: i32, signal: Signal) {
    // It may be gone already.
    let _ = kill_process(Pid::from_raw(pid).expect("a number"), signal);
}

/// What a program answers when it is asked for its health: the test decides.
pub(crate) struct Answers {
    pub(crate) port: u16,
    status: Arc<AtomicU16>,
}

impl Answers {
    pub(crate) fn new(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let status = Arc::new(AtomicU16::new(status));
        let answer = Arc::clone(&status);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut request = [0; 1024];
                let read = stream.read(&mut request).unwrap_or_default();
                if request[..read].starts_with(b"GET /health ") {
                    let status = answer.load(Ordering::SeqCst);
                    // Who asked may have given up.
                    let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                }
            }
        });
        Self { port, status }
    }

    fn set(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

/// A program that notes its start and then does nothing. Its directory is the system's.
pub(crate) fn program(name: &str, more: &str) -> String {
    format!(
        "[[processes]]\nname = '{name}'\ncommand = ['sh', '-c', 'echo {name} >> ledger; echo up $API_SECRET; exec sleep 1000']\n{more}\n"
    )
}

#[test]
fn processes_are_brought_up_restarted_scaled_stopped_and_taken_down() {
    let answers = Answers::new(200);
    let health = format!("health = 'http://127.0.0.1:{}/health'", answers.port);
    let declared = [
        program("api", &format!("needs = ['db']\n{health}\nenv_file = 'own.env'")),
        program("db", ""),
        program("worker", ""),
    ]
    .concat();
    let system = System::new(&declared);
    system.0.write("own.env", "API_SECRET=hunter2-hunter2\n");
    never_started_is_told(&system);
    up_starts_in_order(&system);
    a_restart_replaces_once_whatever_is_killed(&system);
    a_plan_of_another_definition_is_refused(&system, &declared);
    scale_and_back(&system);
    a_child_that_is_killed_is_started_again(&system);
    a_keeper_that_is_killed_is_told_and_mended(&system);
    a_keeper_that_is_asked_to_end_ends_its_program_in_order(&system);
    a_state_that_is_torn_is_told_and_mended(&system);
    health_is_seen(&system, &answers);
    logs_are_read(&system);
    crate::look::on_processes(&system);
    limits_are_refused(&system);
    stop_and_resume(&system);
    down_and_up(&system);
}

fn never_started_is_told(system: &System) {
    let said = system.0.sereno(&["status"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("it was never started"), "{said:?}");
}

fn up_starts_in_order(system: &System) {
    let plan = system.done(&["up", "--plan", "--format", "json"]);
    let titles: Vec<String> = json(&plan)["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| step["title"].as_str().expect("a title").to_owned())
        .collect();
    let expected = [
        "Starts db (1)",
        "db is ready: 1",
        "Starts worker (1)",
        "worker is ready: 1",
        "Starts api (1)",
        "api is ready: 1",
    ];
    assert_eq!(titles, expected);
    assert_eq!(system.0.read("ledger"), "", "a plan does nothing");
    system.done(&["up", "--yes"]);
    assert_eq!(system.last_run().1, "verified");
    let ledger = system.0.read("ledger");
    assert!(ledger.find("db") < ledger.find("api"), "{ledger}");
    let api = component(&system.status(), "api");
    assert_eq!((&api["standing"], &api["ready"], &api["desired"]), (&"ok".into(), &1.into(), &1.into()), "{api}");
    assert!(api["instances"][0]["usage"]["memory"].as_u64().is_some_and(|bytes| bytes > 1000), "{api}");
    let child = system.child("api.0");
    let group = fs::read_to_string(format!("/proc/{child}/stat")).expect("it runs");
    let group = group.rsplit_once(')').expect("a name").1.split_whitespace().nth(2).expect("a group").to_owned();
    assert_eq!(group, child.to_string(), "a group of its own");
    let again = system.0.sereno(&["up", "--yes"]);
    assert_eq!(again.code, Some(3), "{again:?}");
}

fn a_restart_replaces_once_whatever_is_killed(system: &System) {
    let before = (system.child("api.0"), system.starts("api"));
    system.done(&["restart", "api", "--yes"]);
    assert_eq!(system.last_run().1, "verified");
    assert_ne!(system.child("api.0"), before.0);
    assert_eq!(system.starts("api"), before.1 + 1);
    let (earlier, _) = system.last_run();
    let mut command = system.0.command(&["restart", "api", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    until("the step has started", || {
        let (run, _) = system.last_run();
        run != earlier && system.0.entries(&run).iter().any(|entry| entry["kind"] == "step.started")
    });
    child.kill().expect("killed");
    child.wait().expect("ended");
    let (run, _) = system.last_run();
    let resumed = system.0.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(system.last_run(), (run, "verified".to_owned()));
    assert_eq!(system.starts("api"), before.1 + 2, "once, not twice");
    an_order_that_comes_again_does_nothing(system, "api.0");
    assert_eq!(system.starts("api"), before.1 + 2, "once, not twice");
}

/// As when who gave an order was killed before the answer, and gives it again.
fn an_order_that_comes_again_does_nothing(system: &System, instance: &str) {
    let file = system.folder(instance).join("order.json");
    let mut order: Value = serde_json::from_str(&fs::read_to_string(&file).expect("an order")).expect("JSON");
    assert_eq!(order["want"]["want"], "replace", "{order}");
    let number = order["number"].as_u64().expect("a number") + 1;
    order["number"] = number.into();
    let child = system.child(instance);
    fs::write(file.with_extension("again"), order.to_string()).expect("written");
    fs::rename(file.with_extension("again"), &file).expect("renamed");
    // Nobody rings: the keeper looks by itself.
    until("the keeper has seen it", || system.state(instance)["order"] == number);
    assert_eq!(system.child(instance), child);
}

fn a_plan_of_another_definition_is_refused(system: &System, declared: &str) {
    let waits = system.0.sereno(&["restart", "worker"]);
    assert_eq!(waits.code, Some(4), "{waits:?}");
    let (run, _) = system.last_run();
    system.declare(&declared.replace("echo worker >> ledger", "echo other >> ledger"));
    let told = system.0.sereno(&["status"]);
    assert!(told.out.contains("earlier definition: sereno restart worker"), "{told:?}");
    let starts = system.starts("worker");
    let refused = system.0.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!((system.starts("worker"), system.starts("other")), (starts, 0));
    system.done(&["runs", "cancel", &run, "--reason", "test"]);
    system.done(&["restart", "worker", "--yes"]);
    assert_eq!(system.starts("other"), 1, "a restart takes the definition as it is");
    system.declare(declared);
    system.done(&["restart", "worker", "--yes"]);
}

fn scale_and_back(system: &System) {
    system.done(&["scale", "worker", "3", "--yes"]);
    let numbers: Vec<String> = (0..3)
        .map(|number| {
            let child = system.child(&format!("worker.{number}"));
            let environ = fs::read_to_string(format!("/proc/{child}/environ")).expect("it runs");
            assert!(!environ.contains("SERENO_STEP"), "{environ}");
            environ.split('\0').find_map(|one| one.strip_prefix("SERENO_INSTANCE=")).expect("a number").to_owned()
        })
        .collect();
    assert_eq!(numbers, ["0", "1", "2"]);
    let (run, _) = system.last_run();
    system.done(&["runs", "undo", &run, "--yes"]);
    let worker = component(&system.status(), "worker");
    assert_eq!(
        (&worker["standing"], worker["instances"].as_array().map(Vec::len)),
        (&"ok".into(), Some(1)),
        "{worker}"
    );
    assert!(system.alive("worker.2").is_empty());
}

fn a_child_that_is_killed_is_started_again(system: &System) {
    let (before, starts) = (system.child("db.0"), system.starts("db"));
    kill(before, Signal::KILL);
    until("it was started again", || system.starts("db") == starts + 1);
    until("it is told", || {
        let db = system.instance("db", 0);
        db["state"] == "running" && db["restarts"] == 1
    });
    assert_ne!(system.child("db.0"), before);
}

fn a_keeper_that_is_killed_is_told_and_mended(system: &System) {
    let (before, starts) = (system.child("db.0"), system.starts("db"));
    kill(system.keeper("db.0"), Signal::KILL);
    until("it is told", || {
        let said = system.0.sereno(&["status", "db"]);
        said.code == Some(1) && said.out.contains("its keeper is gone: sereno up")
    });
    assert_eq!(system.alive("db.0"), [before], "nothing else was ended or started");
    system.done(&["up", "--yes"]);
    assert_eq!((system.starts("db"), system.alive("db.0").len()), (starts + 1, 1), "one, and a new one");
    assert_ne!(system.child("db.0"), before);
    // And with nothing of it left.
    kill(system.keeper("db.0"), Signal::KILL);
    for pid in system.alive("db.0") {
        kill(pid, Signal::KILL);
    }
    until("it is told", || system.instance("db", 0)["state"] == "exited");
    system.done(&["up", "--yes"]);
    assert_eq!((system.starts("db"), system.alive("db.0").len()), (starts + 2, 1));
}

fn a_keeper_that_is_asked_to_end_ends_its_program_in_order(system: &System) {
    let order = || fs::read(system.folder("db.0").join("order.json")).expect("an order");
    let (before, starts) = (order(), system.starts("db"));
    let keeper = system.keeper("db.0");
    kill(keeper, Signal::TERM);
    until("it is told", || {
        let said = system.0.sereno(&["status", "db"]);
        said.code == Some(1) && said.out.contains("was asked to end, and has ended it: sereno up")
    });
    assert_eq!((system.alive("db.0"), order()), (Vec::new(), before), "what is wanted stands");
    assert_eq!(system.state("db.0")["last_exit"]["code"], 143, "its program was asked, not killed");
    until("the keeper has left", || !Path::new(&format!("/proc/{keeper}")).exists());
    let up = system.done(&["up", "--yes"]);
    assert!(!format!("{}{}", up.out, up.err).contains("left running"), "a keeper is no part of the step: {up:?}");
    assert_eq!((system.starts("db"), system.alive("db.0").len()), (starts + 1, 1));
}

fn a_state_that_is_torn_is_told_and_mended(system: &System) {
    let file = system.folder("db.0").join("state.json");
    let whole = fs::read(&file).expect("a state");
    let starts = system.starts("db");
    fs::write(&file, &whole[..whole.len() / 2]).expect("written");
    let told = system.0.sereno(&["status", "db"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.out.contains("not known") && told.out.contains("state.json"), "{told:?}");
    system.done(&["up", "--yes"]);
    assert_eq!(component(&system.status(), "db")["standing"], "ok");
    assert_eq!((system.starts("db"), system.alive("db.0").len()), (starts, 1), "it ran all the time");
    let file = system.folder("db.0").join("order.json");
    let whole = fs::read(&file).expect("an order");
    fs::write(&file, &whole[..whole.len() / 2]).expect("written");
    let told = system.0.sereno(&["status"]);
    assert!(told.out.contains("order.json") && told.out.contains("api"), "{told:?}");
    fs::write(&file, &whole).expect("written");
}

fn health_is_seen(system: &System, answers: &Answers) {
    answers.set(503);
    until("it is unhealthy", || system.instance("api", 0)["state"] == "unhealthy");
    let said = system.0.sereno(&["status", "api"]);
    assert!(said.code == Some(1) && said.out.contains("HTTP 503"), "{said:?}");
    answers.set(200);
    until("it is healthy", || system.instance("api", 0)["state"] == "running");
}

fn logs_are_read(system: &System) {
    let said = system.done(&["logs", "api", "db", "--format", "json", "--tail", "1000"]);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let times: Vec<jiff::Timestamp> =
        lines.iter().map(|line| line["at"].as_str().expect("a time").parse().expect("a time")).collect();
    assert!(times.is_sorted(), "{times:?}");
    for name in ["api", "db"] {
        let ups = lines
            .iter()
            .filter(|line| line["component"] == name && line["text"].as_str().is_some_and(|t| t.starts_with("up")))
            .count();
        assert_eq!(ups, system.starts(name), "{name}: {said:?}");
    }
    assert!(said.out.contains("up [redacted") && !said.out.contains("hunter2"), "{said:?}");
}

fn limits_are_refused(system: &System) {
    let said = system.0.sereno(&["scale", "api", "--memory", "64M", "--yes"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("nothing limits"), "{said:?}");
}

fn stop_and_resume(system: &System) {
    let waits = system.0.sereno(&["stop", "--yes"]);
    assert_eq!(waits.code, Some(4), "{waits:?}");
    let (run, _) = system.last_run();
    let typed = at_a_terminal(&system.0.command(&["runs", "resume", &run]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(system.last_run().1, "verified", "{typed}");
    let names = ["api", "db", "worker"];
    for name in names {
        assert!(system.alive(&format!("{name}.0")).is_empty(), "{name}");
        assert_eq!(component(&system.status(), name)["standing"], "stopped", "{name}");
    }
    assert_eq!(system.0.sereno(&["status"]).code, Some(0), "stopped on purpose is no trouble");
    system.done(&["resume", "--yes"]);
    for name in names {
        assert_eq!(system.alive(&format!("{name}.0")).len(), 1, "{name}");
    }
}

fn down_and_up(system: &System) {
    let waits = system.0.sereno(&["down", "--yes"]);
    assert_eq!(waits.code, Some(4), "{waits:?}");
    let (run, _) = system.last_run();
    let typed = at_a_terminal(&system.0.command(&["runs", "resume", &run]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(system.last_run().1, "verified", "{typed}");
    let status = system.status();
    assert!(
        status["components"].as_array().expect("components").iter().all(|one| one["standing"] == "stopped"),
        "{status}"
    );
    let nothing = system.0.sereno(&["down", "--yes"]);
    assert_eq!(nothing.code, Some(3), "{nothing:?}");
    system.done(&["up", "api", "--yes"]);
    let status = system.status();
    let standing = |name: &str| component(&status, name)["standing"].clone();
    assert_eq!((standing("api"), standing("db"), standing("worker")), ("ok".into(), "ok".into(), "stopped".into()));
}

#[test]
fn what_cannot_run_or_will_not_end_is_told_and_ended() {
    let stubborn = "[[processes]]\nname = 'stubborn'\ncommand = ['sh', '-c', 'trap \"\" TERM; echo stubborn >> ledger; while :; do sleep 1; done']\nstop_seconds = 1\n";
    let forks =
        "[[processes]]\nname = 'forks'\ncommand = ['sh', '-c', 'echo forks >> ledger; setsid sleep 1000 & exit 0']\n";
    let once = "[[processes]]\nname = 'once'\ncommand = ['sh', '-c', 'echo once >> ledger']\nrestart = 'on-failure'\n";
    let absent = "[[processes]]\nname = 'absent'\ncommand = ['no-such-program']\n";
    let crashes = "[[processes]]\nname = 'crashes'\ncommand = ['sh', '-c', 'echo crashes >> ledger; exit 3']\n";
    let system = System::new(&[stubborn, forks, once, absent, crashes].concat());

    let absent = system.0.sereno(&["up", "absent", "--yes"]);
    assert_eq!(absent.code, Some(1), "{absent:?}");
    let said = format!("{}{}", absent.out, absent.err);
    assert!(said.contains("no-such-program: No such file"), "{said}");

    system.done(&["up", "stubborn", "once", "--yes"]);
    assert_eq!(component(&system.status(), "once")["standing"], "completed");
    system.done(&["restart", "once", "--yes"]);
    assert_eq!(system.starts("once"), 2);
    system.done(&["restart", "stubborn", "--yes"]);
    assert_eq!(system.starts("stubborn"), 2);
    until("only the new one and what it waits for are left", || system.alive("stubborn.0").len() <= 2);

    // Its order is given, and what becomes of it is looked at here: the run waits for what will not come.
    for name in ["crashes", "forks"] {
        let mut command = system.0.command(&["up", name, "--yes"]);
        let mut up = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        until("it was started again", || system.starts(name) >= 3);
        until("it waits for its next start", || system.instance(name, 0)["state"] == "restarting");
        let instance = system.instance(name, 0);
        assert!(instance["restarts"].as_u64().is_some_and(|count| count >= 2), "{instance}");
        assert_eq!(
            system.alive(&format!("{name}.0")),
            [0; 0],
            "what it left behind is ended before it is started again"
        );
        let why = if name == "crashes" { "exit code 3" } else { "must stay in the foreground" };
        until("it is told why", || {
            let said = system.0.sereno(&["status", name]);
            said.code == Some(1) && said.out.contains(why)
        });
        up.kill().expect("killed");
        up.wait().expect("ended");
        let (run, _) = system.last_run();
        system.done(&["runs", "cancel", &run, "--reason", "test"]);
        // Whoever gives a run up does not end what it has brought up: the keeper is no part of the step.
        let starts = system.starts(name);
        until("it is started again", || system.starts(name) > starts);
        system.keeper(&format!("{name}.0"));
    }
}

#[test]
fn a_full_disk_costs_lines_and_not_the_program() {
    let talks = "[[processes]]\nname = 'talks'\ncommand = ['sh', '-c', 'while :; do echo a line that fills the disk in the end, whatever it takes to do that; echo x >> beats; sleep 0.001; done']\n";
    let system = System::new(talks);
    let place = system.0.path().join(".sereno/processes");
    fs::create_dir_all(&place).expect("made");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&place).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return skipped("a small disk can be mounted by root only");
    }
    let _mounted = Mounted(place.clone());
    fs::write(place.join("filler"), vec![0; 128 * 1024]).expect("written");
    system.done(&["up", "--yes"]);
    let log = system.folder("talks.0").join("log");
    let length = || fs::metadata(&log).map(|data| data.len()).unwrap_or_default();
    let beats = || system.0.read("beats").len();
    until("the disk is full", || {
        let before = (length(), beats());
        until("it goes on", || beats() > before.1 + 400);
        length() == before.0
    });
    fs::remove_file(place.join("filler")).expect("removed");
    until("what was lost is told", || {
        fs::read_to_string(&log).unwrap_or_default().contains("lines could not be written here")
    });
    let text = fs::read_to_string(&log).expect("read");
    assert!(text.lines().all(|line| line.split_once(' ').is_some_and(|(at, _)| at.parse::<jiff::Timestamp>().is_ok())));
    until("status tells it", || system.0.sereno(&["status"]).out.contains("lines of its log could not be written"));
}

/// A mounted folder, freed when the test ends.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        end_all(self.0.parent().and_then(Path::parent).expect("it lies in a system"));
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn what_is_declared_wrong_is_told_before_anything_runs() {
    let world = World::with_runbook("# T\n");
    world.write("sereno.toml", "[platform]\nkind = 'process'\n");
    let none = world.sereno(&["status"]);
    assert_eq!(none.code, Some(3), "{none:?}");
    assert!(none.err.contains("[[processes]]"), "{none:?}");
    world.write("sereno.toml", "[[processes]]\nname = 'api'\ncommand = []\n");
    let empty = world.sereno(&["up"]);
    assert_eq!(empty.code, Some(2), "{empty:?}");
    assert!(empty.err.contains("the program and its arguments"), "{empty:?}");
}

#[test]
fn pedidos_runs_as_processes_of_serenos_own() {
    let Some(pedidos) = Pedidos::up_on("process") else { return };
    // Its own API and worker make room; its databases stay.
    assert_eq!(pedidos.lab(&["stop", "pedidos", "api"]).code, Some(0));
    assert_eq!(pedidos.lab(&["stop", "pedidos", "worker"]).code, Some(0));
    let env = fs::read_to_string(pedidos.dir.join(".env")).expect(".env");
    let port = env.lines().find_map(|line| line.strip_prefix("PORT=")).expect("PORT").trim().to_owned();
    let settings = format!(
        "[[processes]]\nname = 'api'\ncommand = ['lab', 'serve', 'pedidos', 'api']\nenv_file = '.env'\nneeds = ['worker']\nhealth = 'http://127.0.0.1:{port}/health/redis'\n[[processes]]\nname = 'worker'\ncommand = ['lab', 'serve', 'pedidos', 'worker']\nenv_file = '.env'\n"
    );
    fs::write(pedidos.dir.join("sereno.toml"), settings).expect("written");
    let ended = Ended(pedidos.dir.clone());
    let up = pedidos.sereno(&["up", "--yes"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(pedidos.status("/health"), 200);
    let restart = pedidos.sereno(&["restart", "api", "--yes"]);
    assert_eq!(restart.code, Some(0), "{restart:?}");
    // Done means that it answers, at once.
    assert_eq!(pedidos.status("/health"), 200);
    assert_eq!(pedidos.lab(&["break", "pedidos", "redis-down"]).code, Some(0));
    until("the trouble is seen", || pedidos.sereno(&["status"]).code == Some(1));
    let told = pedidos.sereno(&["status", "api"]);
    assert!(told.out.contains("HTTP 503") || told.out.contains("caído"), "{told:?}");
    let logs = pedidos.sereno(&["logs", "--tail", "50"]);
    assert!(logs.code == Some(0) && logs.out.contains("api") && logs.out.contains("worker"), "{logs:?}");
    drop(ended);
}

struct Ended(PathBuf);

impl Drop for Ended {
    fn drop(&mut self) {
        end_all(&self.0);
    }
}

#[test]
fn what_a_killed_keeper_left_behind_is_seen_and_stopped() {
    let system = System::new(
        "[[processes]]\nname = \"api\"\ncommand = [\"bash\", \"-c\", \"sleep 300 & echo $! > helper; while echo tick; do sleep 0.1; done\"]\n",
    );
    system.done(&["up", "--yes"]);
    let (helper, child) = (system.0.read("helper").trim().to_owned(), system.child("api.0"));
    kill(system.keeper("api.0"), Signal::KILL);
    // One that is dead and not buried is gone.
    let is_there = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
    };
    // The program dies of what nobody reads any more; what it had started stays.
    until("the program is gone", || !is_there(&child.to_string()));
    assert!(is_there(&helper));
    assert_eq!(system.instance("api", 0)["state"], "unhealthy");
    let typed = at_a_terminal(&system.0.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(system.last_run().1, "verified", "{typed}");
    assert!(!is_there(&helper), "{typed}");
}
