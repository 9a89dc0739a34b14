//! A pod as an instance.

use super::{Snapshot, seen_at};
use crate::kubernetes::quantity;
use crate::{ExitReason, Instance, InstanceState, LastExit, Limits, Stuck, Usage};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateTerminated, ContainerStatus, Event, Pod, PodCondition, Probe,
};
use sereno_model::Text;

/// The longest piece of the platform's words that is shown.
const LONGEST_WHY: usize = 300;

/// How long after its time a pod may still be going away before it counts as stuck.
const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// The same where its machine answers, and may still be at it.
const HOPELESS_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// How long a container may be prepared, with warnings, before that counts as trouble.
const PREPARING: SignedDuration = SignedDuration::from_secs(60);

/// Where one container, or a whole pod, stands. Later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Plight {
    Fine,
    Starting,
    Unhealthy,
    Crashes,
    CannotStart,
}

/// A container's plight, its end if it had one, and what is said of it.
struct Finding {
    plight: Plight,
    container: String,
    exit: Option<LastExit>,
    why: Option<Text>,
}

/// The pod as an instance; `main` is the container whose limits and age count.
pub(super) fn instance(pod: &Pod, main: &str, seen: &Snapshot, now: Timestamp) -> Instance {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let (state, exit, why) = standing(pod, main, seen, now);
    let statuses = statuses(pod);
    let started = statuses.iter().find(|status| status.name == main).and_then(running_since);
    let spec = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let usage = seen.usages.get(&(name.clone(), main.to_owned())).copied();
    Instance {
        id: pod.metadata.uid.clone().unwrap_or_default(),
        state,
        checked: spec.iter().any(|container| container.readiness_probe.is_some()),
        started_at: started,
        restarts: statuses.iter().map(|status| u32::try_from(status.restart_count).unwrap_or_default()).sum(),
        last_exit: exit,
        why,
        usage: usage.filter(|_| started.is_some()),
        limits: spec.iter().find(|container| container.name == main).map(limits).unwrap_or_default(),
        name,
    }
}

/// Whether a look at what went wrong may explain something of this pod.
pub(super) fn is_odd(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    pod.metadata.deletion_timestamp.is_some() || (phase != "Succeeded" && !is_true(pod, "Ready"))
}

/// Whether a pod ought to be gone by now, and is not.
fn is_stuck(pod: &Pod, now: Timestamp) -> bool {
    // The time of the deletion has the time in it that the pod was given to end.
    pod.metadata.deletion_timestamp.as_ref().is_some_and(|at| now.duration_since(at.0) > STUCK_AFTER)
}

/// A pod that nobody takes away: one that waits for a program to agree, whose machine does not answer, or that is long
/// over its time.
pub(super) fn stuck(pod: &Pod, seen: &Snapshot, now: Timestamp) -> Option<Stuck> {
    let late = now.duration_since(pod.metadata.deletion_timestamp.as_ref()?.0);
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
    let is_lost = node.is_some_and(|node| seen.lost_nodes.contains(node));
    let finalizers = pod.metadata.finalizers.clone().unwrap_or_default();
    let limit = if is_lost || !finalizers.is_empty() { STUCK_AFTER } else { HOPELESS_AFTER };
    (late > limit).then(|| Stuck {
        name: pod.metadata.name.clone().unwrap_or_default(),
        id: pod.metadata.uid.clone().unwrap_or_default(),
        finalizers,
    })
}

/// The names of a pod's containers whose lines are worth reading, the main one first: those that prepare it only until they
/// have done so.
pub(in crate::kubernetes) fn containers_of(pod: &Pod) -> Vec<String> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let main = main_of(pod.metadata.annotations.as_ref(), &spec.containers, "");
    let mut names: Vec<String> = spec.containers.iter().map(|container| container.name.clone()).collect();
    names.sort_by_key(|name| *name != main);
    let helpers = spec.init_containers.iter().flatten();
    let is_sidecar = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
    let is_prepared = is_true(pod, "Initialized");
    names.extend(helpers.filter(|helper| !is_prepared || is_sidecar(helper)).map(|helper| helper.name.clone()));
    names
}

/// The container that does the work: the one that is marked so, the one that is called like the whole, or the first.
pub(super) fn main_of(
    annotations: Option<&std::collections::BTreeMap<String, String>>,
    containers: &[Container],
    whole: &str,
) -> String {
    let marked = annotations.and_then(|all| all.get("kubectl.kubernetes.io/default-container"));
    let by_name = |name: &str| containers.iter().find(|container| container.name == name);
    let chosen = marked.and_then(|name| by_name(name)).or_else(|| by_name(whole)).or(containers.first());
    chosen.map(|container| container.name.clone()).unwrap_or_default()
}

fn standing(pod: &Pod, main: &str, seen: &Snapshot, now: Timestamp) -> (InstanceState, Option<LastExit>, Option<Text>) {
    let status = pod.status.clone().unwrap_or_default();
    let phase = status.phase.as_deref().unwrap_or_default();
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
    let is_lost =
        phase == "Unknown" || matches!(status.reason.as_deref(), Some("NodeLost")) || seen.lost_nodes.contains(&node);
    if pod.metadata.deletion_timestamp.is_some() {
        return (InstanceState::Terminating, None, why_it_stays(pod, is_lost, &node, now));
    }
    let ended = || statuses(pod).iter().find(|status| status.name == main).and_then(end_of);
    match phase {
        "Succeeded" => return (InstanceState::Exited, ended().or_else(|| Some(completed())), None),
        "Failed" => {
            let said = status.message.or(status.reason).map(|said| Text::same(shortened(&said)));
            return (InstanceState::Exited, ended().or_else(|| Some(failed())), said);
        }
        _ if is_lost => {
            let why = Text::new(format!("its node {node} does not answer"), format!("su nodo {node} no responde"));
            return (InstanceState::Unknown, None, Some(why));
        }
        _ => {}
    }
    if let Some(condition) = condition(pod, "PodScheduled").filter(|condition| condition.status == "False") {
        let words = condition.message.clone().or_else(|| condition.reason.clone()).unwrap_or_default();
        let words = shortened(&words);
        let why = Text::new(format!("no node takes it: {words}"), format!("ningún nodo lo toma: {words}"));
        return (InstanceState::Created, None, Some(why));
    }
    let event = seen.events.iter().filter(|event| is_about(event, pod)).max_by_key(|event| seen_at(event));
    let worst = worst(pod, event, now);
    let elsewhere = (worst.container != main && !worst.container.is_empty()).then_some(worst.container);
    let why = match (worst.why, elsewhere) {
        (why, None) => why,
        (None, Some(name)) => Some(Text::new(format!("container {name}"), format!("contenedor {name}"))),
        (Some(why), Some(name)) => {
            Some(Text::new(format!("container {name}: {}", why.en), format!("contenedor {name}: {}", why.es)))
        }
    };
    let state = match worst.plight {
        Plight::Fine => InstanceState::Running,
        Plight::Starting => InstanceState::Starting,
        Plight::Unhealthy => InstanceState::Unhealthy,
        Plight::Crashes => InstanceState::Restarting,
        Plight::CannotStart => InstanceState::Created,
    };
    (state, worst.exit, why)
}

/// Of all containers, the one that keeps the pod from its work most.
fn worst(pod: &Pod, event: Option<&Event>, now: Timestamp) -> Finding {
    let status = pod.status.clone().unwrap_or_default();
    let spec = pod.spec.clone().unwrap_or_default();
    let always = spec.restart_policy.as_deref().unwrap_or("Always") == "Always";
    let mut findings = Vec::new();
    for init in status.init_container_statuses.iter().flatten() {
        findings.extend(preparing(init));
    }
    for one in status.container_statuses.iter().flatten() {
        let declared = spec.containers.iter().find(|container| container.name == one.name);
        findings.push(working(one, declared, pod, always, event, now));
    }
    let worst = findings.into_iter().reduce(|a, b| if b.plight > a.plight { b } else { a });
    let mut worst =
        worst.unwrap_or(Finding { plight: Plight::Starting, container: String::new(), exit: None, why: None });
    if worst.plight == Plight::Fine
        && let Some(ready) = condition(pod, "Ready").filter(|ready| ready.status != "True")
    {
        worst.plight = Plight::Starting;
        worst.why = ready.message.as_deref().map(|said| Text::same(shortened(said)));
    }
    // The machine that gets it ready cannot: an image that is slow to come is no warning.
    if worst.plight == Plight::Starting && worst.why.is_none() {
        worst.why = event.and_then(|event| event.message.as_deref()).map(|said| Text::same(shortened(said)));
        let age = pod.metadata.creation_timestamp.as_ref().map(|at| now.duration_since(at.0));
        let never_ran = !statuses(pod).iter().any(|status| running_since(status).is_some());
        if worst.why.is_some() && never_ran && age > Some(PREPARING) {
            worst.plight = Plight::CannotStart;
        }
    }
    worst
}

/// A container that runs before the others; nothing when it has done its part.
fn preparing(status: &ContainerStatus) -> Option<Finding> {
    let state = status.state.clone().unwrap_or_default();
    let container = status.name.clone();
    if let Some(end) = &state.terminated {
        return (end.exit_code != 0).then(|| crashed(status, container, end));
    }
    if let Some(waiting) = &state.waiting {
        return waiting_for(status, waiting.reason.as_deref(), waiting.message.as_deref());
    }
    // One that goes on beside the others has started; one that does not is at work before them.
    let why = Text::new("still prepares the others", "todavía prepara a los demás");
    let is_beside = status.started == Some(true);
    state.running.filter(|_| !is_beside).map(|_| Finding {
        plight: Plight::Starting,
        container,
        exit: None,
        why: Some(why),
    })
}

fn working(
    status: &ContainerStatus,
    declared: Option<&Container>,
    pod: &Pod,
    always: bool,
    event: Option<&Event>,
    now: Timestamp,
) -> Finding {
    let container = status.name.clone();
    let state: ContainerState = status.state.clone().unwrap_or_default();
    if let Some(waiting) = &state.waiting {
        let found = waiting_for(status, waiting.reason.as_deref(), waiting.message.as_deref());
        return found.unwrap_or(Finding { plight: Plight::Starting, container, exit: None, why: None });
    }
    if let Some(end) = &state.terminated {
        if end.exit_code == 0 && !always {
            return Finding { plight: Plight::Fine, container, exit: Some(ending(end)), why: None };
        }
        return crashed(status, container, end);
    }
    let exit = end_of(status);
    let Some(since) = running_since(status) else {
        return Finding { plight: Plight::Starting, container, exit, why: None };
    };
    if status.ready {
        return Finding { plight: Plight::Fine, container, exit, why: None };
    }
    // A probe that fails while it starts up is told, and is no trouble yet.
    let said = event.filter(|event| seen_at(event).is_some_and(|at| at >= since));
    let why = said.and_then(|event| event.message.as_deref()).map(|said| Text::same(shortened(said)));
    let was_ready = condition(pod, "Ready")
        .and_then(|ready| ready.last_transition_time.as_ref())
        .is_some_and(|at| at.0.duration_since(since) > SignedDuration::from_secs(1));
    let patience = declared.map_or(SignedDuration::ZERO, patience);
    let plight = if was_ready || now.duration_since(since) > patience { Plight::Unhealthy } else { Plight::Starting };
    Finding { plight, container, exit, why }
}

/// What a container waits for; nothing while it is just being made.
fn waiting_for(status: &ContainerStatus, reason: Option<&str>, message: Option<&str>) -> Option<Finding> {
    let container = status.name.clone();
    match reason {
        None | Some("ContainerCreating" | "PodInitializing") => None,
        Some("CrashLoopBackOff") => Some(match status.last_state.as_ref().and_then(|last| last.terminated.as_ref()) {
            Some(end) => crashed(status, container, end),
            None => Finding { plight: Plight::Crashes, container, exit: None, why: None },
        }),
        Some(reason) => {
            let said = message.map_or_else(|| reason.to_owned(), |message| format!("{reason}: {message}"));
            let reason = ExitReason::NotStarted(shortened(&said));
            let exit = Some(LastExit { code: None, reason, at: None });
            Some(Finding { plight: Plight::CannotStart, container, exit, why: None })
        }
    }
}

fn crashed(status: &ContainerStatus, container: String, end: &ContainerStateTerminated) -> Finding {
    let exit = ending(end);
    // What it left as its last words; those of a failed start are the reason already.
    let words = end.message.as_deref().map(str::trim).filter(|words| !words.is_empty());
    let words = words.filter(|_| !matches!(exit.reason, ExitReason::NotStarted(_)));
    let why = words.and_then(|words| words.lines().next_back()).map(|line| Text::same(shortened(line)));
    let plight = match exit.reason {
        ExitReason::NotStarted(_) if status.restart_count == 0 => Plight::CannotStart,
        _ => Plight::Crashes,
    };
    Finding { plight, container, exit: Some(exit), why }
}

/// How a container ended last: in this life, or before it.
fn end_of(status: &ContainerStatus) -> Option<LastExit> {
    let end = |state: &Option<ContainerState>| state.as_ref().and_then(|state| state.terminated.clone());
    end(&status.state).or_else(|| end(&status.last_state)).map(|end| ending(&end))
}

fn ending(end: &ContainerStateTerminated) -> LastExit {
    let reason = match (end.reason.as_deref(), end.signal, end.exit_code) {
        (Some("OOMKilled"), ..) => ExitReason::OomKilled,
        (Some("ContainerCannotRun" | "StartError"), ..) => {
            ExitReason::NotStarted(shortened(end.message.as_deref().unwrap_or_default()))
        }
        (_, Some(signal @ 1..), _) => ExitReason::Signal(signal),
        (.., 0) => ExitReason::Completed,
        (.., code @ 129..=192) => ExitReason::Signal(code - 128),
        _ => ExitReason::Failed,
    };
    LastExit { code: Some(i64::from(end.exit_code)), reason, at: end.finished_at.as_ref().map(|at| at.0) }
}

fn completed() -> LastExit {
    LastExit { code: Some(0), reason: ExitReason::Completed, at: None }
}

fn failed() -> LastExit {
    LastExit { code: None, reason: ExitReason::Failed, at: None }
}

fn why_it_stays(pod: &Pod, is_lost: bool, node: &str, now: Timestamp) -> Option<Text> {
    if is_lost {
        return Some(Text::new(format!("its node {node} does not answer"), format!("su nodo {node} no responde")));
    }
    if !is_stuck(pod, now) {
        return None;
    }
    let finalizers = pod.metadata.finalizers.clone().unwrap_or_default().join(", ");
    Some(if finalizers.is_empty() {
        Text::new("stuck: its time to end is over", "atascado: se acabó su tiempo para terminar")
    } else {
        Text::new(format!("stuck: waits for {finalizers}"), format!("atascado: espera a {finalizers}"))
    })
}

/// How long its probes give a container to be ready.
fn patience(container: &Container) -> SignedDuration {
    let of = |probe: &Option<Probe>| {
        probe.as_ref().map_or(0, |probe| {
            let (period, failures) = (probe.period_seconds.unwrap_or(10), probe.failure_threshold.unwrap_or(3));
            i64::from(probe.initial_delay_seconds.unwrap_or(0)) + i64::from(period) * i64::from(failures)
        })
    };
    SignedDuration::from_secs(of(&container.startup_probe) + of(&container.readiness_probe))
}

fn limits(container: &Container) -> Limits {
    let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let of = |name: &str| limits.and_then(|limits| limits.get(name)).map(|quantity| quantity.0.as_str());
    Limits { cpu_millis: of("cpu").and_then(quantity::millis), memory: of("memory").and_then(quantity::bytes) }
}

/// What metrics say of a container.
pub(in crate::kubernetes) fn usage(cpu: &str, memory: &str) -> Option<Usage> {
    Some(Usage { cpu_millis: quantity::millis(cpu), memory: quantity::bytes(memory)? })
}

fn statuses(pod: &Pod) -> &[ContainerStatus] {
    pod.status.as_ref().and_then(|status| status.container_statuses.as_deref()).unwrap_or_default()
}

fn running_since(status: &ContainerStatus) -> Option<Timestamp> {
    Some(status.state.as_ref()?.running.as_ref()?.started_at.as_ref()?.0)
}

fn condition<'p>(pod: &'p Pod, kind: &str) -> Option<&'p PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == kind)
}

fn is_true(pod: &Pod, kind: &str) -> bool {
    condition(pod, kind).is_some_and(|condition| condition.status == "True")
}

/// Whether an event is about this very pod, and tells what keeps it from its work.
fn is_about(event: &Event, pod: &Pod) -> bool {
    // It says only that it waits, which the state of the container says better.
    let is_echo = matches!(event.reason.as_deref(), Some("BackOff" | "Preempted" | "FailedScheduling"));
    !is_echo && event.involved_object.uid == pod.metadata.uid
}

/// The last line that says something, not too long.
fn shortened(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST_WHY) {
        None => words,
        Some((end, _)) => format!("{}…", &words[..end]),
    }
}
