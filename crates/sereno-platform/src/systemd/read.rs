//! What `systemctl show` prints, as instances. Pure.

use crate::{ExitReason, Instance, InstanceState, LastExit, Limits, Usage};
use jiff::Timestamp;
use jiff::fmt::strtime;
use sereno_model::Text;
use std::collections::HashMap;

/// The properties that are asked for.
pub(super) const PROPERTIES: &str = "Id,LoadState,ActiveState,SubState,Type,Result,ExecMainCode,ExecMainStatus,NRestarts,\
ActiveEnterTimestamp,ExecMainStartTimestamp,InactiveEnterTimestamp,InvocationID,MemoryCurrent,MemoryMax,CPUUsageNSec,\
CPUQuotaPerSecUSec,UnitFileState,FragmentPath";

/// One unit on one machine.
#[derive(Debug)]
pub(super) struct Unit {
    /// With its ending: `api.service`.
    pub(super) name: String,
    pub(super) exists: bool,
    /// It was stopped on purpose: nothing failed, and nothing runs.
    pub(super) is_stopped: bool,
    /// It does its work once (`Type=oneshot`), and may stay `active (exited)`.
    pub(super) ends: bool,
    pub(super) instance: Instance,
    /// Processor time since its start, in nanoseconds.
    pub(super) cpu: Option<u64>,
}

impl Unit {
    /// A unit of a machine that could not be asked.
    pub(super) fn not_known(name: &str, host: &str, why: Text) -> Self {
        let mut unit = Self {
            name: name.to_owned(),
            exists: true,
            is_stopped: false,
            // The other machines say what it is.
            ends: true,
            instance: instance(name, host),
            cpu: None,
        };
        unit.is_not_known(why);
        unit
    }

    /// Nobody can tell how it is, for this reason.
    pub(super) fn is_not_known(&mut self, why: Text) {
        self.is_stopped = false;
        self.instance.state = InstanceState::Unknown;
        self.instance.why = Some(why);
    }
}

/// An instance of which nothing is known yet.
fn instance(unit: &str, host: &str) -> Instance {
    let short = unit.strip_suffix(".service").unwrap_or(unit);
    Instance {
        id: String::new(),
        name: if host.is_empty() { short.to_owned() } else { format!("{short}@{host}") },
        state: InstanceState::Exited,
        checked: false,
        started_at: None,
        restarts: 0,
        last_exit: None,
        why: None,
        usage: None,
        limits: Limits::default(),
    }
}

/// Every unit of the answer, in its order.
pub(super) fn units(text: &str, host: &str) -> Vec<Unit> {
    text.split("\n\n").filter(|block| !block.trim().is_empty()).filter_map(|block| unit(block, host)).collect()
}

fn unit(block: &str, host: &str) -> Option<Unit> {
    let values: HashMap<&str, &str> = block.lines().filter_map(|line| line.split_once('=')).collect();
    let value = |name: &str| values.get(name).copied().unwrap_or_default();
    let number = |name: &str| value(name).parse::<u64>().ok().filter(|number| *number != u64::MAX);
    let name = value("Id").to_owned();
    let state = state(value("ActiveState"), value("SubState"));
    let runs = matches!(state, InstanceState::Running | InstanceState::Starting | InstanceState::Terminating);
    let instance = Instance {
        id: value("InvocationID").to_owned(),
        state,
        // systemd waits for the word of such a unit before it calls it active.
        checked: value("Type").starts_with("notify"),
        started_at: time(value("ExecMainStartTimestamp"))
            .or_else(|| time(value("ActiveEnterTimestamp")))
            .filter(|_| runs),
        restarts: number("NRestarts").and_then(|count| u32::try_from(count).ok()).unwrap_or_default(),
        last_exit: if runs { None } else { last_exit(&values) },
        usage: number("MemoryCurrent").filter(|_| runs).map(|memory| Usage { cpu_millis: None, memory }),
        limits: Limits { cpu_millis: quota(value("CPUQuotaPerSecUSec")), memory: number("MemoryMax") },
        ..instance(&name, host)
    };
    Some(Unit {
        exists: value("LoadState") != "not-found",
        is_stopped: value("ActiveState") == "inactive" && !value("UnitFileState").starts_with("enabled"),
        ends: value("Type") == "oneshot",
        cpu: number("CPUUsageNSec"),
        name: (!name.is_empty()).then_some(name)?,
        instance,
    })
}

fn state(active: &str, sub: &str) -> InstanceState {
    match (active, sub) {
        ("active" | "reloading" | "refreshing", "exited") => InstanceState::Exited,
        ("active" | "reloading" | "refreshing", _) => InstanceState::Running,
        ("activating", "auto-restart" | "auto-restart-queued") => InstanceState::Restarting,
        ("activating", _) => InstanceState::Starting,
        ("deactivating", _) => InstanceState::Terminating,
        _ => InstanceState::Exited,
    }
}

fn last_exit(values: &HashMap<&str, &str>) -> Option<LastExit> {
    let value = |name: &str| values.get(name).copied().unwrap_or_default();
    let at = time(value("InactiveEnterTimestamp"));
    let status: Option<i64> = value("ExecMainStatus").parse().ok();
    // The codes are those of waitid(2): 1 ended by itself, 2 a signal, 3 a signal with a core.
    let (code, by_signal) = match value("ExecMainCode") {
        "1" | "exited" => (status, false),
        "2" | "3" | "killed" | "dumped" => (status, true),
        _ => (None, false),
    };
    if value("ActiveState") == "active" && value("SubState") == "exited" {
        return Some(LastExit { code: Some(0), reason: ExitReason::Completed, at: None });
    }
    let reason = match (value("Result"), code) {
        ("oom-kill", _) => ExitReason::OomKilled,
        ("start-limit-hit", None) => ExitReason::NotStarted("start-limit-hit".to_owned()),
        ("resources" | "protocol" | "condition", None) => ExitReason::NotStarted(value("Result").to_owned()),
        (_, None) => return None,
        (_, Some(signal)) if by_signal => ExitReason::Signal(i32::try_from(signal).unwrap_or_default()),
        (_, Some(0)) => ExitReason::Completed,
        (_, Some(203)) => ExitReason::NotStarted("exec".to_owned()),
        _ => ExitReason::Failed,
    };
    Some(LastExit { code: if by_signal { code.map(|signal| signal + 128) } else { code }, reason, at })
}

/// `500ms` of a second are half a processor.
fn quota(text: &str) -> Option<u64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..split].parse().ok()?;
    match &text[split..] {
        "s" => Some((number * 1000.0).round() as u64),
        "ms" => Some(number.round() as u64),
        "us" => Some((number / 1000.0).round() as u64),
        _ => None,
    }
}

/// `Thu 2026-11-26 10:00:00 UTC`, as it is printed in the C locale with the zone UTC.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix(" UTC")?.split_once(' ')?.1;
    let civil = strtime::parse("%Y-%m-%d %H:%M:%S", text).ok()?.to_datetime().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(pairs: &[(&str, &str)]) -> Unit {
        let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        units(&lines.join("\n"), "web-1").remove(0)
    }

    const ACTIVE: &[(&str, &str)] = &[
        ("Id", "api.service"),
        ("LoadState", "loaded"),
        ("ActiveState", "active"),
        ("SubState", "running"),
        ("Type", "notify"),
        ("NRestarts", "2"),
        ("ExecMainStartTimestamp", "Thu 2026-11-26 10:00:00 UTC"),
        ("InvocationID", "0123456789abcdef0123456789abcdef"),
        ("MemoryCurrent", "1048576"),
        ("MemoryMax", "18446744073709551615"),
        ("CPUQuotaPerSecUSec", "500ms"),
    ];

    #[test]
    fn a_running_unit_is_read_with_its_mark_and_limits() {
        let unit = one(ACTIVE);
        let instance = &unit.instance;
        assert_eq!((unit.name.as_str(), instance.name.as_str()), ("api.service", "api@web-1"));
        assert_eq!((instance.state, instance.checked, instance.restarts), (InstanceState::Running, true, 2));
        assert_eq!(instance.limits, Limits { cpu_millis: Some(500), memory: None });
        assert_eq!(instance.mark(), "0123456789ab@2026-11-26T10:00:00Z");
    }

    #[test]
    fn how_it_ended_is_told_apart() {
        let ended = |active: &str, result: &str, code: &str, status: &str| {
            let unit = one(&[
                ("Id", "api.service"),
                ("ActiveState", active),
                ("SubState", "dead"),
                ("Result", result),
                ("ExecMainCode", code),
                ("ExecMainStatus", status),
            ]);
            (unit.is_stopped, unit.instance.last_exit.map(|exit| exit.reason))
        };
        assert_eq!(ended("failed", "exit-code", "1", "3"), (false, Some(ExitReason::Failed)));
        assert_eq!(ended("failed", "oom-kill", "2", "9"), (false, Some(ExitReason::OomKilled)));
        assert_eq!(ended("failed", "signal", "2", "11"), (false, Some(ExitReason::Signal(11))));
        assert_eq!(ended("failed", "exit-code", "1", "203"), (false, Some(ExitReason::NotStarted("exec".into()))));
        assert_eq!(ended("inactive", "success", "1", "0"), (true, Some(ExitReason::Completed)));
        assert_eq!(ended("inactive", "success", "0", "0"), (true, None));
    }

    #[test]
    fn a_unit_that_has_done_its_work_once_is_completed_and_one_that_should_start_is_not_stopped_on_purpose() {
        let done = one(&[("Id", "a.service"), ("ActiveState", "active"), ("SubState", "exited"), ("Type", "oneshot")]);
        assert!(done.ends && done.instance.last_exit.is_some_and(|exit| exit.reason == ExitReason::Completed));
        let of =
            |file: &str| one(&[("Id", "a.service"), ("ActiveState", "inactive"), ("UnitFileState", file)]).is_stopped;
        assert_eq!([of("enabled"), of("enabled-runtime"), of("disabled"), of("static")], [false, false, true, true]);
    }

    #[test]
    fn several_units_are_told_apart_and_one_that_does_not_exist_is_known() {
        let text = "Id=a.service\nLoadState=loaded\nActiveState=activating\nSubState=auto-restart\n\nId=b.service\nLoadState=not-found\nActiveState=inactive\n";
        let all = units(text, "");
        let read: Vec<_> = all.iter().map(|u| (u.instance.name.as_str(), u.exists, u.instance.state)).collect();
        assert_eq!(read, [("a", true, InstanceState::Restarting), ("b", false, InstanceState::Exited)]);
        assert!(units("", "").is_empty());
    }

    #[test]
    fn a_unit_of_a_machine_that_could_not_be_asked_is_neither_stopped_nor_running() {
        let unit = Unit::not_known("api.service", "web-2", Text::same("no route"));
        let instance = &unit.instance;
        assert_eq!((instance.name.as_str(), instance.state), ("api@web-2", InstanceState::Unknown));
        assert!(!unit.is_stopped && !instance.is_alive());
        assert_eq!(instance.why.as_ref().map(|why| why.es.as_str()), Some("no route"));
    }

    #[test]
    fn a_quota_is_a_share_of_a_second() {
        assert_eq!(["1.500s", "2s", "250ms", "infinity"].map(quota), [Some(1500), Some(2000), Some(250), None]);
    }
}
