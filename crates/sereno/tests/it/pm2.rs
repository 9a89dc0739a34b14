//! pm2 itself, from npm, with two small apps. What is asserted is what pm2 says afterwards, not the exit code alone.

use crate::services::Servers;
use crate::world::{World, skipped};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A pm2 of this test's own, ended when the test ends.
struct Pm2 {
    world: World,
    path: std::ffi::OsString,
}

/// The version that the formats were read from.
const VERSION: &str = "7.0.4";

const SETTINGS: &str = "[platform]\nkind = \"pm2\"\n[policy]\npause_seconds = 1\n";

/// Where pm2 is; installed when it is not there yet.
fn package() -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pm2");
    if !folder.join("node_modules/.bin/pm2").exists() {
        std::fs::create_dir_all(&folder).expect("a folder");
        let package = format!("pm2@{VERSION}");
        let install = ["install", "--no-audit", "--no-fund", "--prefix", ".", &package];
        let installed = Command::new("npm").args(install).current_dir(&folder).output();
        if !installed.is_ok_and(|output| output.status.success()) {
            skipped("pm2 cannot be installed with npm");
            return None;
        }
    }
    Some(folder)
}

impl Pm2 {
    fn up() -> Option<Self> {
        let folder = package()?;
        let mut path: Vec<PathBuf> = vec![folder.join("node_modules/.bin")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let pm2 = Self { world: World::with_runbook("# T\n"), path: std::env::join_paths(path).expect("a PATH") };
        pm2.world.write("sereno.toml", SETTINGS);
        pm2.world.write("api.js", "setInterval(() => console.log('tick ' + process.pid), 200);");
        pm2.world.write("bad.js", "console.error('no database'); setTimeout(() => process.exit(3), 100);");
        // On a machine that is busy it lives long enough to count as stable, unless that takes a minute.
        let bad = r#"{"apps": [{"name": "bad", "script": "bad.js", "min_uptime": 60000, "max_restarts": 2}]}"#;
        pm2.world.write("bad.json", bad);
        Some(pm2)
    }

    fn command(&self, mut command: Command) -> Command {
        command.env("PATH", &self.path).env("PM2_HOME", self.world.path().join("pm2")).current_dir(self.world.path());
        command
    }

    fn sereno(&self, arguments: &[&str]) -> crate::world::Said {
        crate::world::said(self.command(self.world.command(arguments)).output().expect("the binary runs"))
    }

    fn pm2(&self, arguments: &[&str]) -> String {
        let output = self.command(Command::new("pm2")).args(arguments).output().expect("pm2 runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Number, process and status of each process of an app.
    fn processes(&self, app: &str) -> Vec<(u64, u64, String)> {
        processes(&self.pm2(&["jlist"]), app)
    }
}

fn processes(said: &str, app: &str) -> Vec<(u64, u64, String)> {
    let list: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("JSON");
    let own = list.as_array().expect("a list").iter().filter(|process| process["name"] == app);
    let number = |value: &Value| value.as_u64().expect("a number");
    own.map(|p| (number(&p["pm_id"]), number(&p["pid"]), p["pm2_env"]["status"].as_str().expect("a text").to_owned()))
        .collect()
}

impl Drop for Pm2 {
    fn drop(&mut self) {
        // Its daemon is all that this test leaves; one that is gone already is as good.
        let _ = self.command(Command::new("pm2")).arg("kill").output();
    }
}

#[test]
fn apps_of_pm2() {
    let Some(pm2) = Pm2::up() else { return };
    let app = r#"{"apps": [{"name": "api", "script": "api.js", "instances": 2, "exec_mode": "cluster", "time": true, "env": {"API_TOKEN": "hunter2-hunter2"}}]}"#;
    pm2.world.write("api.json", app);
    pm2.pm2(&["start", "api.json"]);
    pm2.pm2(&["start", "bad.json"]);
    let begun = Instant::now();
    while pm2.processes("bad")[0].2 != "errored" {
        assert!(begun.elapsed() < Duration::from_mins(2), "pm2 never gives it up: {:?}", pm2.processes("bad"));
    }
    let status = pm2.sereno(&["status"]);
    assert_eq!(status.code, Some(1), "{status:?}");
    assert!(status.out.contains("exit code 3"), "{status:?}");
    assert!(!status.out.contains("PM2_HOME") && status.out.contains("api"), "{status:?}");
    pm2.pm2(&["delete", "bad"]);

    let before = pm2.processes("api");
    let restart = pm2.sereno(&["restart", "api", "--yes"]);
    assert_eq!(restart.code, Some(0), "{restart:?}");
    let after = pm2.processes("api");
    assert!(before.iter().zip(&after).all(|(old, new)| old.0 == new.0 && old.1 != new.1), "{before:?} {after:?}");
    assert_eq!(pm2.world.runs()[0].1, "verified");

    assert_eq!(pm2.sereno(&["scale", "api", "3", "--yes"]).code, Some(0));
    assert_eq!(pm2.processes("api").len(), 3);
    let forgets = pm2.sereno(&["scale", "api", "0", "--yes"]);
    assert!(forgets.code == Some(3) && forgets.err.contains("sereno stop api"), "{forgets:?}");
    assert_eq!(pm2.sereno(&["scale", "api", "--memory", "64M", "--yes"]).code, Some(3), "pm2 has no limits");

    let logs = pm2.sereno(&["logs", "api", "--since", "10m", "--format", "json"]);
    let pid = pm2.processes("api")[0].1;
    assert!(logs.code == Some(0) && logs.out.contains(&format!("tick {pid}")), "{logs:?}");

    crate::look::on_pm2(&|arguments| pm2.sereno(arguments), pm2.world.path());

    let stop = pm2.command(pm2.world.command(&["stop"]));
    let typed = crate::world::at_a_terminal(&stop, "Type CONFIRM", "CONFIRM\n");
    assert_eq!(pm2.world.runs()[0].1, "verified", "{typed}");
    assert!(pm2.processes("api").iter().all(|(_, _, status)| status == "stopped"), "{:?}", pm2.processes("api"));
    let resumed = pm2.sereno(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(pm2.processes("api").iter().all(|(_, _, status)| status == "online"), "{:?}", pm2.processes("api"));
}

#[test]
fn apps_of_pm2_over_ssh() {
    let Some(folder) = package() else { return };
    let Some(servers) = Servers::up(1) else { return };
    // The server has no way to a registry: what this machine has is put there.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut nodes = std::env::split_paths(&path).filter_map(|place| std::fs::canonicalize(place.join("node")).ok());
    let node = nodes.next().expect("npm brings node");
    for (from, to) in [(node, "/usr/local/bin/node"), (folder.join("node_modules"), "/usr/local/lib/node_modules")] {
        let place = format!("sereno-vps-{}:{to}", servers.names[0]);
        let copied = Command::new("docker").arg("cp").arg(&from).arg(place).output().expect("docker runs");
        assert!(copied.status.success(), "{copied:?}");
    }
    let ssh = |command: &str| servers.ssh("web-1", command);
    ssh("sudo ln -s ../lib/node_modules/pm2/bin/pm2 /usr/local/bin/pm2");
    ssh(
        "echo 'setInterval(() => console.log(\"tick \" + process.pid), 200);' > api.js; pm2 start api.js --name api -i 2 --time",
    );
    let world = &servers.world;
    let place = "hosts = [\"web-1\"]\nssh_config = \"ssh.conf\"\n";
    world.write("sereno.toml", &SETTINGS.replacen("\n[policy]", &format!("\n{place}[policy]"), 1));
    let now = || processes(&ssh("pm2 jlist"), "api");
    let before = now();
    assert_eq!(before.len(), 2, "pm2 runs there");
    let status = world.sereno(&["status"]);
    assert!(status.code == Some(0) && status.out.contains("pm2:web-1"), "{status:?}");

    let restart = world.sereno(&["restart", "api", "--yes"]);
    assert_eq!((restart.code, world.runs()[0].1.as_str()), (Some(0), "verified"), "{restart:?}");
    let after = now();
    assert!(before.iter().zip(&after).all(|(old, new)| old.0 == new.0 && old.1 != new.1), "{before:?} {after:?}");
    let scaled = world.sereno(&["scale", "api", "3", "--yes"]);
    assert_eq!((scaled.code, now().len()), (Some(0), 3), "{scaled:?}");
    let logs = world.sereno(&["logs", "api", "--since", "10m", "--format", "json"]);
    assert!(logs.code == Some(0) && logs.out.contains(&format!("tick {}", now()[0].1)), "{logs:?}");

    let typed = crate::world::at_a_terminal(&world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(world.runs()[0].1, "verified", "{typed}");
    assert!(now().iter().all(|(_, _, status)| status == "stopped"), "{:?}", now());
    let resumed = world.sereno(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(now().iter().all(|(_, _, status)| status == "online"), "{:?}", now());

    let typed = crate::world::at_a_terminal(&world.command(&["down"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(world.runs()[0].1, "verified", "{typed}");
    assert!(now().iter().all(|(_, _, status)| status == "stopped"), "nothing of it is forgotten: {:?}", now());
    let up = world.sereno(&["up", "--yes"]);
    assert_eq!((up.code, world.runs()[0].1.as_str()), (Some(0), "verified"), "{up:?}");
    assert!(now().iter().all(|(_, _, status)| status == "online"), "{:?}", now());
}
