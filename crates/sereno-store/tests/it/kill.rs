//! Several processes, and processes that die. The test binary starts itself again with one test and a task in the
//! environment.

use crate::bed::{Bed, Server, ana, block_on, is_root, run};
use serde_json::json;
use sereno_store::{Location, NewEntry, Store};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const TASK: &str = "SERENO_STORE_TEST_TASK";

/// Not a test of its own: what the started processes do. `LOCATION COUNT`, with 0 for without end.
#[test]
fn worker() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    let (location, count) = task.rsplit_once(' ').unwrap();
    let location = match location.strip_prefix("sqlite:") {
        Some(path) => Location::Sqlite(path.into()),
        None => Location::Postgres(location.to_owned()),
    };
    let count: u64 = count.parse().unwrap();
    block_on(async {
        let store = match Store::open(&location).await {
            Ok(store) => store,
            Err(error) => return println!("\nrefused {error}"),
        };
        let mut done = 0;
        while count == 0 || done < count {
            match store.append(&ana(), NewEntry::new("step.done", json!({ "n": done })).of(&run(1))).await {
                // Said only after it was acknowledged.
                Ok(entry) => println!("\nseq {}", entry.seq),
                Err(error) => return println!("\nrefused {error}"),
            }
            done += 1;
        }
    });
}

fn start(location: &Location, count: u64, as_postgres: bool) -> Child {
    let location = match location {
        Location::Sqlite(path) => format!("sqlite:{}", path.display()),
        Location::Postgres(address) => address.clone(),
    };
    let binary = std::env::current_exe().unwrap();
    let mut command = if as_postgres {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command
        .args(["kill::worker", "--exact", "--nocapture", "--test-threads=1"])
        .env(TASK, format!("{location} {count}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What a user who is neither root nor the owner is told; `None` where there is no such user.
pub(crate) fn append_as_another_user(path: &Path) -> Option<String> {
    let owner_is_root = is_root() && Command::new("id").arg("postgres").output().is_ok_and(|id| id.status.success());
    if is_root() && !owner_is_root {
        return None;
    }
    let mut child = start(&Location::Sqlite(path.to_path_buf()), 1, owner_is_root);
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    said.lines().find_map(|line| line.strip_prefix("refused ")).map(str::to_owned)
}

#[test]
fn four_processes_append_at_once() {
    for bed in Bed::all() {
        let workers: Vec<Child> = (0..4).map(|_| start(&bed.location, 25, false)).collect();
        for worker in workers {
            let output = worker.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(said.lines().filter(|line| line.starts_with("seq ")).count(), 25, "{}: {said}", bed.name);
        }
        let report = block_on(async { bed.store().await.verify(&ana()).await.unwrap() });
        assert!(report.is_sound(), "{:?}", report.problems);
        assert_eq!(report.entries, 100, "{}", bed.name);
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_a_process_is_killed() {
    for bed in Bed::all() {
        let mut acknowledged = 0;
        for round in 0_u32..8 {
            let mut worker = start(&bed.location, 0, false);
            let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
            let mut seen = 0;
            while seen < 3 + round {
                let line = lines.next().expect("the worker goes on until it is killed").unwrap();
                if let Some(seq) = line.strip_prefix("seq ") {
                    acknowledged = seq.parse().unwrap();
                    seen += 1;
                }
            }
            // In the middle of whatever it does now; what it said before it died counts too.
            worker.kill().unwrap();
            worker.wait().unwrap();
            for line in lines.map_while(Result::ok) {
                if let Some(seq) = line.strip_prefix("seq ").and_then(|seq| seq.parse().ok()) {
                    acknowledged = seq;
                }
            }
            let report = block_on(async { bed.store().await.verify(&ana()).await.unwrap() });
            assert!(report.is_sound(), "{}: {:?}", bed.name, report.problems);
            assert!(report.entries >= acknowledged, "{}: {} of {acknowledged}", bed.name, report.entries);
            assert!(report.entries <= acknowledged + 1);
        }
    }
    // Keeps the server's process alive until here.
    let _ = Server::get();
}
