//! What `pm2 jlist` prints, as components. Pure.
//!
//! The format is pm2's own (`pm2 jlist`, lib/API.js): a list of processes, each with what it was started with in `pm2_env`.
//! That holds the whole environment of the processes; nothing of it is read here.

use crate::{ExitReason, Instance, InstanceState, LastExit, Limits, PlatformError, Usage};
use jiff::Timestamp;
use serde::Deserialize;

/// One process of one app on one machine.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) app: String,
    /// Stopped by hand, or ended well with nobody to start it again.
    pub(super) is_stopped: bool,
    pub(super) version: Option<String>,
    /// What it prints, and what it complains of.
    pub(super) logs: [Option<String>; 2],
    pub(super) instance: Instance,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    pm_id: u64,
    #[serde(default)]
    monit: Monit,
    pm2_env: Env,
}

#[derive(Deserialize, Default)]
struct Monit {
    memory: Option<u64>,
    cpu: Option<f64>,
}

#[derive(Deserialize)]
struct Env {
    status: String,
    #[serde(default)]
    restart_time: u32,
    /// Milliseconds since 1970, of the last start.
    pm_uptime: Option<i64>,
    exit_code: Option<i64>,
    version: Option<String>,
    pm_out_log_path: Option<String>,
    pm_err_log_path: Option<String>,
}

/// All processes, in pm2's order. Before the list it may print what it has to say, such as that it starts its daemon.
pub(super) fn processes(text: &str, host: &str) -> Result<Vec<Process>, PlatformError> {
    Ok(entries::<Entry>(text)?.into_iter().map(|entry| process(entry, host)).collect())
}

/// The entries of the list, as far as they are wanted.
pub(super) fn entries<E: serde::de::DeserializeOwned>(text: &str) -> Result<Vec<E>, PlatformError> {
    let unreadable = |why: String| PlatformError::Unreadable { file: "pm2 jlist".to_owned(), why };
    let list = text.lines().rev().find(|line| line.starts_with('['));
    let list = list.filter(|line| line.ends_with(']')).ok_or_else(|| {
        let said: String = text.trim().lines().next_back().unwrap_or_default().chars().take(200).collect();
        unreadable(format!("no list of processes in it: {said}"))
    })?;
    serde_json::from_str(list).map_err(|error| unreadable(error.to_string()))
}

fn process(entry: Entry, host: &str) -> Process {
    let Entry { name: app, pm_id, monit, pm2_env: env } = entry;
    let state = state(&env.status);
    let runs = matches!(state, InstanceState::Running | InstanceState::Starting | InstanceState::Terminating);
    let usage = Usage { cpu_millis: monit.cpu.map(|percent| (percent * 10.0).round() as u64), memory: 0 };
    let instance = Instance {
        id: pm_id.to_string(),
        name: if host.is_empty() { format!("{app}-{pm_id}") } else { format!("{app}-{pm_id}@{host}") },
        state,
        checked: false,
        started_at: env.pm_uptime.and_then(|at| Timestamp::from_millisecond(at).ok()).filter(|_| runs),
        restarts: env.restart_time,
        last_exit: env.exit_code.filter(|_| !runs).map(last_exit),
        why: None,
        usage: monit.memory.filter(|_| runs).map(|memory| Usage { memory, ..usage }),
        limits: Limits::default(),
    };
    Process {
        app,
        // Without a restart, one that failed by itself is `stopped` too.
        is_stopped: env.status == "stopped" && env.exit_code.is_none_or(|code| code == 0 || code > 128),
        version: env.version.filter(|version| version != "N/A"),
        logs: [env.pm_out_log_path, env.pm_err_log_path].map(|path| path.filter(|path| path.starts_with('/'))),
        instance,
    }
}

fn state(status: &str) -> InstanceState {
    match status {
        "online" => InstanceState::Running,
        "launching" | "one-launch-status" => InstanceState::Starting,
        "stopping" => InstanceState::Terminating,
        "waiting restart" => InstanceState::Restarting,
        // `errored`: it ended so often that pm2 gave it up.
        _ => InstanceState::Exited,
    }
}

/// pm2 keeps one number: the code, or 128 and a signal where node told it so.
fn last_exit(code: i64) -> LastExit {
    let reason = match code {
        0 => ExitReason::Completed,
        129..=192 => ExitReason::Signal((code - 128) as i32),
        _ => ExitReason::Failed,
    };
    LastExit { code: Some(code), reason, at: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, id: u64, env: &str) -> String {
        format!(
            r#"{{"pid":7,"name":"{name}","pm_id":{id},"monit":{{"memory":1048576,"cpu":4.1}},"pm2_env":{{{env}}}}}"#
        )
    }

    fn one(env: &str) -> Process {
        processes(&format!("[{}]", entry("api", 3, env)), "web-1").expect("a list").remove(0)
    }

    #[test]
    fn a_running_process_is_read_with_its_mark_and_what_it_uses() {
        let api = one(
            r#""status":"online","restart_time":2,"pm_uptime":1796066661310,"exit_code":0,"exec_mode":"cluster_mode","version":"1.4.0","pm_out_log_path":"/l/out.log","pm_err_log_path":"err","TOKEN":"x""#,
        );
        assert_eq!((api.instance.name.as_str(), api.instance.state), ("api-3@web-1", InstanceState::Running));
        assert_eq!(api.instance.mark(), "3@2026-11-30T19:24:21.31Z");
        assert_eq!(api.instance.usage, Some(Usage { cpu_millis: Some(41), memory: 1 << 20 }));
        assert_eq!((api.instance.restarts, api.instance.last_exit), (2, None));
        assert_eq!((api.version.as_deref(), api.logs), (Some("1.4.0"), [Some("/l/out.log".to_owned()), None]));
    }

    #[test]
    fn how_it_stands_and_how_it_ended_are_told_apart() {
        let of = |status: &str, code: i64| {
            let process = one(&format!(r#""status":"{status}","exit_code":{code}"#));
            (process.instance.state, process.is_stopped, process.instance.last_exit.map(|exit| exit.reason))
        };
        assert_eq!(of("errored", 3), (InstanceState::Exited, false, Some(ExitReason::Failed)));
        assert_eq!(of("errored", 137), (InstanceState::Exited, false, Some(ExitReason::Signal(9))));
        assert_eq!(of("stopped", 0), (InstanceState::Exited, true, Some(ExitReason::Completed)));
        assert_eq!(of("stopped", 3), (InstanceState::Exited, false, Some(ExitReason::Failed)));
        assert_eq!(of("waiting restart", 1).0, InstanceState::Restarting);
        assert_eq!(of("launching", 0).0, InstanceState::Starting);
        assert_eq!(of("stopping", 0).0, InstanceState::Terminating);
    }

    #[test]
    fn what_pm2_says_before_its_list_is_passed_over_and_what_is_no_list_is_told() {
        let text = format!("[PM2] Spawning PM2 daemon with pm2_home=/h\n[{}]\n", entry("a", 0, r#""status":"online""#));
        assert_eq!(processes(&text, "").expect("a list")[0].instance.name, "a-0");
        assert!(processes("[]", "").expect("a list").is_empty());
        for text in ["", "In-memory PM2 is out-of-date", "[{\"name\":1}]", "[PM2] Spawning", "[{\"name\":\"a\""] {
            assert!(matches!(processes(text, ""), Err(PlatformError::Unreadable { .. })), "{text}");
        }
    }
}
