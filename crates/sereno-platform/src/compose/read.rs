//! What the Docker Engine says of a container, as an instance. Pure.

use super::project::Declared;
use crate::{Component, ExitReason, Instance, InstanceState, LastExit, Limits, Usage};
use bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerStateStatusEnum as Status, ContainerStatsResponse,
    HealthStatusEnum as HealthStatus,
};
use jiff::Timestamp;
use sereno_model::Text;
use std::collections::BTreeMap;

/// A container with the service that it belongs to.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) service: String,
    pub(super) image: Option<String>,
    pub(super) instance: Instance,
    /// Its main process, by the engine's machine's number.
    pub(super) pid: Option<i64>,
    /// `restart: no`: it is meant to end.
    ends: bool,
}

pub(super) const SERVICE: &str = "com.docker.compose.service";
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// The longest piece of a probe's output that is shown.
const LONGEST_WHY: usize = 200;

pub(super) fn container(inspected: ContainerInspectResponse) -> Option<Found> {
    let config = inspected.config.unwrap_or_default();
    let labels = config.labels.unwrap_or_default();
    let service = labels.get(SERVICE)?.clone();
    // What `compose run` started is somebody's one command, not an instance of the service.
    let is_one_off = labels.get(ONE_OFF).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let service = if is_one_off { format!("{service}-run") } else { service };
    let host = inspected.host_config.unwrap_or_default();
    let state = inspected.state.unwrap_or_default();
    let policy = host.restart_policy.and_then(|policy| policy.name).map(|name| name.to_string()).unwrap_or_default();
    let checked = state
        .health
        .as_ref()
        .and_then(|health| health.status)
        .is_some_and(|status| !matches!(status, HealthStatus::NONE | HealthStatus::EMPTY));
    let instance = Instance {
        id: inspected.id.unwrap_or_default(),
        name: inspected.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        state: instance_state(&state),
        checked,
        started_at: time(state.started_at.as_deref()),
        restarts: inspected.restart_count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default(),
        last_exit: last_exit(&state),
        why: why(&state),
        usage: None,
        limits: Limits {
            cpu_millis: host.nano_cpus.and_then(|nano| u64::try_from(nano / 1_000_000).ok()).filter(|n| *n > 0),
            memory: host.memory.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0),
        },
    };
    if is_one_off && !instance.is_alive() {
        return None;
    }
    Some(Found {
        service,
        image: config.image,
        instance,
        pid: state.pid.filter(|pid| *pid > 0),
        ends: matches!(policy.as_str(), "" | "no"),
    })
}

/// The services that are declared, then those that only run (another file's, or one that was removed from the file).
pub(super) fn components(declared: &[Declared], found: Vec<Found>) -> Vec<Component> {
    let mut by_service: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for one in found {
        by_service.entry(one.service.clone()).or_default().push(one);
    }
    let mut all = Vec::new();
    for service in declared {
        let found = by_service.remove(&service.name).unwrap_or_default();
        let component = component(service.name.clone(), service.replicas.unwrap_or(1), service.replicas, found);
        all.push(Component { needs: service.needs.clone(), ..component });
    }
    all.extend(by_service.into_iter().map(|(name, found)| component(name, 0, None, found)));
    all
}

fn component(name: String, usual: u32, asked: Option<u32>, mut found: Vec<Found>) -> Component {
    found.sort_by_key(|one| natural(&one.instance.name));
    // A service is scaled by making containers, not by changing the file: what is there is what there should be, and no
    // less than a number that the file asks for. The gap that a removed container leaves in the numbers says nothing:
    // compose does not fill it when it makes another.
    let desired = match found.len() as u32 {
        0 => usual,
        there => there.max(asked.unwrap_or_default()),
    };
    let version = found.iter().find_map(|one| one.image.clone());
    let ends = !found.is_empty() && found.iter().all(|one| one.ends);
    let instances: Vec<Instance> = found.into_iter().map(|one| one.instance).collect();
    Component::of(name, desired, version, instances, ends)
}

/// `api_2` before `api_10`.
fn natural(name: &str) -> (String, u64) {
    let head = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (head.to_owned(), name[head.len()..].parse().unwrap_or_default())
}

fn instance_state(state: &ContainerState) -> InstanceState {
    match state.status {
        Some(Status::RUNNING) => match state.health.as_ref().and_then(|health| health.status) {
            Some(HealthStatus::STARTING) => InstanceState::Starting,
            Some(HealthStatus::UNHEALTHY) => InstanceState::Unhealthy,
            _ => InstanceState::Running,
        },
        Some(Status::PAUSED) => InstanceState::Paused,
        Some(Status::RESTARTING) => InstanceState::Restarting,
        Some(Status::REMOVING | Status::STOPPING) => InstanceState::Terminating,
        Some(Status::CREATED) => InstanceState::Created,
        Some(Status::EXITED | Status::DEAD | Status::EMPTY) | None => InstanceState::Exited,
    }
}

fn last_exit(state: &ContainerState) -> Option<LastExit> {
    let at = time(state.finished_at.as_deref());
    if let (Some(Status::CREATED), Some(error)) = (state.status, state.error.as_ref().filter(|error| !error.is_empty()))
    {
        return Some(LastExit { code: state.exit_code, reason: ExitReason::NotStarted(error.clone()), at });
    }
    // A container that never ended has the year 1 here; one that runs again has 0 for its code, which says nothing.
    at?;
    let code = match state.status {
        Some(Status::RUNNING | Status::PAUSED) => return None,
        _ => state.exit_code,
    };
    let reason = match code {
        _ if state.oom_killed == Some(true) => ExitReason::OomKilled,
        Some(0) => ExitReason::Completed,
        Some(code @ 129..=192) => ExitReason::Signal((code - 128) as i32),
        _ => ExitReason::Failed,
    };
    Some(LastExit { code, reason, at })
}

/// What the last failing health check printed.
fn why(state: &ContainerState) -> Option<Text> {
    let health = state.health.as_ref()?;
    let last = health.log.as_ref()?.last()?;
    if last.exit_code == Some(0) || !matches!(health.status, Some(HealthStatus::UNHEALTHY | HealthStatus::STARTING)) {
        return None;
    }
    let output = last.output.as_deref().unwrap_or_default().trim();
    let line: String = output.lines().next_back().unwrap_or_default().chars().take(LONGEST_WHY).collect();
    let code = last.exit_code.unwrap_or_default();
    let said = if line.is_empty() { format!("exit code {code}") } else { line };
    Some(Text::new(format!("health check: {said}"), format!("comprobación de salud: {said}")))
}

/// Two looks at one container's counters; memory needs only the later one.
pub(super) fn usage(first: Option<&ContainerStatsResponse>, second: &ContainerStatsResponse) -> Option<Usage> {
    let memory = second.memory_stats.as_ref()?;
    let inactive = |stats: &std::collections::HashMap<String, u64>| {
        stats.get("inactive_file").or_else(|| stats.get("total_inactive_file")).copied().unwrap_or_default()
    };
    let cache = memory.stats.as_ref().map(inactive).unwrap_or_default();
    let used = memory.usage?.saturating_sub(cache);
    Some(Usage { cpu_millis: first.and_then(|first| cpu_millis(first, second)), memory: used })
}

fn cpu_millis(first: &ContainerStatsResponse, second: &ContainerStatsResponse) -> Option<u64> {
    let counters = |stats: &ContainerStatsResponse| {
        let cpu = stats.cpu_stats.as_ref()?;
        Some((cpu.cpu_usage.as_ref()?.total_usage?, cpu.system_cpu_usage?, u64::from(cpu.online_cpus?)))
    };
    let ((own, system, _), (later_own, later_system, cpus)) = (counters(first)?, counters(second)?);
    let system = later_system.checked_sub(system).filter(|spent| *spent > 0)?;
    Some(later_own.saturating_sub(own).saturating_mul(cpus).saturating_mul(1000) / system)
}

/// The engine's times; the year 1 stands for never.
pub(super) fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse::<Timestamp>().ok().filter(|time| time.as_second() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Standing;

    fn found(state: &str, more: &str) -> Found {
        let text = format!(
            r#"{{"Id":"0123456789abcdef","Name":"/tienda_api_1","RestartCount":3,{more}
                "Config":{{"Image":"tienda:v2","Labels":{{"com.docker.compose.service":"api"}}}},
                "HostConfig":{{"Memory":268435456,"NanoCpus":500000000,"RestartPolicy":{{"Name":"unless-stopped"}}}},
                "State":{state}}}"#
        );
        container(serde_json::from_str(&text).expect("the engine's JSON")).expect("a container of compose")
    }

    fn api(found: Vec<Found>) -> Component {
        components(&[Declared { name: "api".to_owned(), replicas: Some(1), needs: Vec::new() }], found).remove(0)
    }

    const RUNNING: &str =
        r#"{"Status":"running","StartedAt":"2026-11-26T10:00:00.5Z","FinishedAt":"0001-01-01T00:00:00Z"}"#;

    #[test]
    fn a_running_container_is_ready_and_carries_its_limits() {
        let api = api(vec![found(RUNNING, "")]);
        assert_eq!((api.standing, api.ready, api.desired), (Standing::Ok, 1, 1));
        let instance = &api.instances[0];
        assert_eq!(instance.limits, Limits { cpu_millis: Some(500), memory: Some(268_435_456) });
        assert_eq!((instance.restarts, instance.last_exit.as_ref()), (3, None));
        assert_eq!(instance.mark(), "0123456789ab@2026-11-26T10:00:00.5Z");
    }

    #[test]
    fn health_decides_whether_it_does_its_work() {
        let health = |status: &str, code: i32| {
            let log = format!(r#"[{{"ExitCode":{code},"Output":"first\nconnection refused\n"}}]"#);
            let state = format!(
                r#"{{"Status":"running","StartedAt":"2026-11-26T10:00:00Z","Health":{{"Status":"{status}","Log":{log}}}}}"#
            );
            api(vec![found(&state, "")])
        };
        assert_eq!(health("healthy", 0).standing, Standing::Ok);
        assert_eq!(health("starting", 1).standing, Standing::Starting);
        let sick = health("unhealthy", 1);
        assert_eq!((sick.standing, sick.ready), (Standing::Down, 0));
        assert_eq!(sick.instances[0].why.as_ref().map(|why| why.en.as_str()), Some("health check: connection refused"));
    }

    #[test]
    fn how_it_ended_is_told_apart() {
        let ended = |code: i64, oom: bool, status: &str| {
            let state = format!(
                r#"{{"Status":"{status}","ExitCode":{code},"OOMKilled":{oom},"FinishedAt":"2026-11-26T10:00:00Z"}}"#
            );
            let api = api(vec![found(&state, "")]);
            (api.standing, api.instances[0].last_exit.clone().expect("it ended").reason)
        };
        assert_eq!(ended(137, true, "exited"), (Standing::Down, ExitReason::OomKilled));
        assert_eq!(ended(1, false, "restarting"), (Standing::Down, ExitReason::Failed));
        assert_eq!(ended(139, false, "exited"), (Standing::Down, ExitReason::Signal(11)));
        assert_eq!(ended(137, false, "exited"), (Standing::Down, ExitReason::Signal(9)));
        assert_eq!(ended(143, false, "exited"), (Standing::Down, ExitReason::Signal(15)));
        assert_eq!(ended(0, false, "exited"), (Standing::Down, ExitReason::Completed));
    }

    #[test]
    fn a_command_that_somebody_runs_once_is_shown_apart_while_it_runs() {
        let one_off = |state: &str| {
            let text = format!(
                r#"{{"Id":"1","State":{state},"Config":{{"Labels":{{"com.docker.compose.service":"api",
                    "com.docker.compose.oneoff":"True"}}}}}}"#
            );
            container(serde_json::from_str(&text).expect("the engine's JSON")).map(|found| found.service)
        };
        assert_eq!(one_off(RUNNING).as_deref(), Some("api-run"));
        assert_eq!(one_off(r#"{"Status":"exited","ExitCode":1}"#), None);
    }

    #[test]
    fn what_could_not_start_says_why() {
        let state = r#"{"Status":"created","ExitCode":127,"Error":"exec: \"lab\": not found","FinishedAt":"0001-01-01T00:00:00Z"}"#;
        let api = api(vec![found(state, "")]);
        assert_eq!(api.standing, Standing::Down);
        let exit = api.instances[0].last_exit.clone().expect("told");
        assert_eq!(exit.reason, ExitReason::NotStarted("exec: \"lab\": not found".to_owned()));
    }

    #[test]
    fn replicas_are_counted_and_sorted_as_people_count() {
        let named = |name: &str, state: &str| {
            let mut one = found(state, "");
            name.clone_into(&mut one.instance.name);
            one
        };
        let down = r#"{"Status":"exited","ExitCode":1,"FinishedAt":"2026-11-26T10:00:00Z"}"#;
        let api = api(vec![named("api_10", down), named("api_2", RUNNING), named("api_1", RUNNING)]);
        assert_eq!((api.standing, api.ready, api.desired), (Standing::Degraded, 2, 3));
        let names: Vec<&str> = api.instances.iter().map(|instance| instance.name.as_str()).collect();
        assert_eq!(names, ["api_1", "api_2", "api_10"]);
    }

    #[test]
    fn fewer_than_the_file_asks_for_are_too_few() {
        let declared = |replicas| Declared { name: "api".to_owned(), replicas, needs: Vec::new() };
        let of = |replicas| {
            let component = components(&[declared(replicas)], vec![found(RUNNING, ""), found(RUNNING, "")]).remove(0);
            (component.standing, component.ready, component.desired)
        };
        assert_eq!(of(Some(3)), (Standing::Degraded, 2, 3));
        assert_eq!([of(Some(1)), of(None)], [(Standing::Ok, 2, 2); 2], "it was scaled by hand");
    }

    #[test]
    fn what_is_declared_and_not_there_is_down_and_what_is_not_declared_is_shown() {
        let declared = [
            Declared { name: "db".to_owned(), replicas: Some(1), needs: Vec::new() },
            Declared { name: "cron".to_owned(), replicas: Some(0), needs: Vec::new() },
        ];
        let all = components(&declared, vec![found(RUNNING, "")]);
        let shown: Vec<_> = all.iter().map(|c| (c.name.as_str(), c.standing)).collect();
        assert_eq!(shown, [("db", Standing::Down), ("cron", Standing::Stopped), ("api", Standing::Ok)]);
    }

    #[test]
    fn the_processor_is_counted_between_two_looks_and_the_cache_is_not_memory() {
        let look = |own: u64, system: u64| -> ContainerStatsResponse {
            serde_json::from_value(serde_json::json!({
                "cpu_stats": {"cpu_usage": {"total_usage": own}, "system_cpu_usage": system, "online_cpus": 2},
                "memory_stats": {"usage": 1000, "stats": {"inactive_file": 300}}
            }))
            .expect("the engine's JSON")
        };
        let (first, second) = (look(100, 1000), look(150, 1200));
        assert_eq!(usage(Some(&first), &second), Some(Usage { cpu_millis: Some(500), memory: 700 }));
        assert_eq!(usage(None, &second), Some(Usage { cpu_millis: None, memory: 700 }));
        assert_eq!(cpu_millis(&second, &second), None, "no time between the looks");
    }
}
