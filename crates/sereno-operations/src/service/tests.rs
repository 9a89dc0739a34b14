//! The family against a platform in memory: what is planned, and what is concluded from what is seen. The real platforms
//! are in the tests of the binary.

use super::{
    Kept, PageSeen, Place, Prover, Request, Seen, StepKind, StepRequest, Turn, TurnBy, perform, perform_again, plan,
};
use sereno_engine::plan::StepCommands;
use sereno_model::{Lang, Risk};
use sereno_platform::{
    Act, Call, Component, Detail, Instance, InstanceState, Limits, LogLine, LogWanted, Pending, Platform,
    PlatformError, Program, Stuck, Wires, Workload, WorkloadKind,
};
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc;

/// A platform that shows one state after the other, and goes on showing the last.
struct Fake {
    states: Mutex<Vec<Vec<Component>>>,
    calls: Mutex<Vec<Call>>,
    /// Calls are carried out, and no answer comes.
    is_mute: bool,
    /// It makes and replaces the instances itself.
    replaces: bool,
    /// How many of each component are declared, where Sereno runs them itself.
    declared: Option<u32>,
}

fn fake(states: Vec<Vec<Component>>) -> Fake {
    let (states, calls) = (Mutex::new(states), Mutex::new(Vec::new()));
    Fake { states, calls, is_mute: false, replaces: false, declared: None }
}

impl Platform for Fake {
    fn target(&self) -> String {
        "fake".to_owned()
    }

    fn place(&self) -> Pending<'_, String> {
        Box::pin(async { Ok("fake@1".to_owned()) })
    }

    fn definition(&self) -> Pending<'_, Option<String>> {
        Box::pin(async { Ok(Some("new".to_owned())) })
    }

    fn replaces(&self) -> bool {
        self.replaces
    }

    fn components(&self, _: Detail) -> Pending<'_, Vec<Component>> {
        let mut states = self.states.lock().expect("not poisoned");
        let now = if states.len() > 1 { states.remove(0) } else { states[0].clone() };
        Box::pin(async { Ok(now) })
    }

    fn declared(&self, _: &str) -> Option<u32> {
        self.declared
    }

    fn calls(&self, _: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
        Ok(vec![Call::Program { argv: vec![component.name.clone()], directory: String::new() }])
    }

    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()> {
        self.calls.lock().expect("not poisoned").push(call.clone());
        let unreachable =
            || PlatformError::Unreachable { host: "h".to_owned(), key_changed: false, said: String::new() };
        let answer = if self.is_mute { Err(unreachable()) } else { Ok(()) };
        Box::pin(async { answer })
    }

    fn logs<'a>(
        &'a self,
        _: &'a Component,
        _: &'a Instance,
        _: &'a LogWanted,
        _: mpsc::Sender<LogLine>,
    ) -> Pending<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn exec_call(&self, _: &Component, instance: &Instance, program: &Program) -> Result<Call, PlatformError> {
        let argv = [std::slice::from_ref(&instance.name), &program.argv].concat();
        Ok(Call::Program { argv, directory: String::new() })
    }

    fn exec<'a>(&'a self, call: &'a Call, _: Wires) -> Pending<'a, i32> {
        self.calls.lock().expect("not poisoned").push(call.clone());
        Box::pin(async { Ok(7) })
    }
}

fn instance(name: &str, state: InstanceState, started: i64) -> Instance {
    Instance {
        id: name.to_owned(),
        name: name.to_owned(),
        state,
        checked: true,
        started_at: jiff::Timestamp::from_second(started).ok(),
        restarts: 0,
        last_exit: None,
        why: None,
        usage: None,
        limits: Limits::default(),
    }
}

fn component(name: &str, needs: &[&str], instances: Vec<Instance>) -> Component {
    let needs = needs.iter().map(|name| (*name).to_owned()).collect();
    Component { needs, ..Component::of(name.to_owned(), instances.len() as u32, None, instances, false) }
}

fn planned(request: &Request, components: Vec<Component>) -> Result<Vec<(String, Risk)>, PlatformError> {
    planned_on(&fake(vec![Vec::new()]), request, components)
}

fn planned_on(
    platform: &Fake,
    request: &Request,
    components: Vec<Component>,
) -> Result<Vec<(String, Risk)>, PlatformError> {
    let seen = Seen::of(components, "fake@1".to_owned(), None);
    let spec = plan(request, &seen, platform, Lang::En)?;
    let risk =
        |step: &sereno_engine::plan::OperationStep| step.effects.iter().map(|e| e.risk).max().unwrap_or_default();
    Ok(spec.steps.iter().map(|step| (step.title.clone(), risk(step))).collect())
}

use InstanceState::{Exited, Restarting, Running, Unknown};

#[test]
fn a_stop_ends_first_what_needs_others_and_takes_what_crashes_again_and_again_along() {
    let components = vec![
        component("api", &["db"], vec![instance("api_1", Running, 1)]),
        component("db", &[], vec![instance("db_1", Running, 1)]),
        component("edge", &["api"], vec![instance("edge_1", Restarting, 1)]),
        component("old", &[], vec![instance("old_1", Exited, 1)]),
    ];
    let steps = planned(&Request::Stop { components: Vec::new() }, components).expect("a plan");
    let changes: Vec<&str> = steps.iter().filter(|(_, risk)| *risk == Risk::Destroy).map(|(t, _)| t.as_str()).collect();
    assert_eq!(changes, ["Stops edge (1 running)", "Stops api (1 running)", "Stops db (1 running)"]);
    assert_eq!(steps.last().map(|(title, _)| title.as_str()), Some("nothing runs any more"));
}

#[test]
fn services_that_need_each_other_in_a_circle_are_stopped_all_the_same() {
    let one = |name: &str, needs: &str| component(name, &[needs], vec![instance(name, Running, 1)]);
    let steps = planned(&Request::Stop { components: Vec::new() }, vec![one("a", "b"), one("b", "a")]);
    assert_eq!(steps.expect("a plan").len(), 5);
}

#[test]
fn a_resume_starts_what_does_not_run_and_waits_for_the_rest() {
    let kept = |name: &str| Kept { component: name.to_owned(), replicas: 1, instances: vec![format!("{name}_1")] };
    let request = Request::Resume { kept: vec![kept("api"), kept("db")], page: None };
    let now = |api: InstanceState| {
        vec![
            component("api", &[], vec![instance("api_1", api, 1)]),
            component("db", &[], vec![instance("db_1", Running, 1)]),
        ]
    };
    let titles: Vec<String> = planned(&request, now(Exited)).expect("a plan").into_iter().map(|(t, _)| t).collect();
    assert_eq!(titles, ["db is ready: 1", "Starts api (1)", "api is ready: 1"]);
    assert!(planned(&request, now(Running)).is_err(), "all of it runs");
    let gone = vec![component("api", &[], Vec::new()), component("db", &[], Vec::new())];
    let error = planned(&request, gone).expect_err("its containers are gone");
    assert!(error.to_string().contains("db_1 was removed"), "{error}");
}

#[test]
fn to_scale_to_nothing_is_destruction_and_to_what_is_there_is_refused() {
    let api = || vec![component("api", &[], vec![instance("api_1", Running, 1)])];
    let to = |replicas| planned(&Request::Scale { component: "api".to_owned(), replicas }, api());
    assert_eq!(to(0).expect("a plan")[0].1, Risk::Destroy);
    assert_eq!(to(2).expect("a plan")[0].1, Risk::Change);
    assert!(to(1).is_err());
}

fn own() -> Fake {
    Fake { declared: Some(1), ..fake(vec![Vec::new()]) }
}

#[test]
fn what_is_needed_is_started_first_and_what_runs_is_left_alone() {
    let components = || {
        let one = |name: &str, needs: &[&str], state| component(name, needs, vec![instance(name, state, 1)]);
        vec![
            one("edge", &["api"], Exited),
            one("api", &["db"], Exited),
            one("db", &[], Running),
            one("other", &[], Exited),
        ]
    };
    let up = |names: &[&str]| {
        let request = Request::Up { components: names.iter().map(|name| (*name).to_owned()).collect() };
        let steps = planned_on(&own(), &request, components()).expect("a plan");
        steps.into_iter().map(|(title, _)| title).collect::<Vec<_>>()
    };
    let started =
        |steps: Vec<String>| steps.into_iter().filter(|title| title.starts_with("Starts")).collect::<Vec<_>>();
    assert_eq!(
        up(&["edge"]),
        ["db is ready: 1", "Starts api (1)", "api is ready: 1", "Starts edge (1)", "edge is ready: 1"]
    );
    assert_eq!(started(up(&[])), ["Starts other (1)", "Starts api (1)", "Starts edge (1)"]);
    let all = vec![component("db", &[], vec![instance("db", Running, 1)])];
    assert!(planned_on(&own(), &Request::Up { components: Vec::new() }, all).is_err(), "all of it runs");
}

#[test]
fn what_needs_others_is_taken_down_first_and_that_is_destruction() {
    let one = |name: &str, needs: &[&str], state| component(name, needs, vec![instance(name, state, 1)]);
    let components = vec![one("db", &[], Running), one("api", &["db"], Exited), component("never", &[], Vec::new())];
    let steps = planned_on(&own(), &Request::Down { components: Vec::new() }, components).expect("a plan");
    let titles: Vec<&str> = steps.iter().map(|(title, _)| title.as_str()).collect();
    let expected = ["Takes api down (0 running)", "Takes db down (1 running)"];
    assert_eq!(titles[..2], expected);
    assert!(steps[..2].iter().all(|(_, risk)| *risk == Risk::Destroy));
    assert_eq!(titles.last(), Some(&"nothing runs any more"));
}

#[test]
fn what_a_cluster_starts_by_itself_is_not_brought_up() {
    let components = || vec![component("api", &[], vec![instance("api_1", Exited, 1)])];
    let cluster = || Fake { replaces: true, ..fake(vec![Vec::new()]) };
    for request in [Request::Up { components: Vec::new() }, Request::Down { components: Vec::new() }] {
        let error = planned_on(&cluster(), &request, components()).expect_err("it has its own way");
        assert!(error.to_string().contains("makes no workloads of manifests"), "{error}");
    }
}

#[test]
fn what_others_run_is_started_where_it_stands_and_stopped_without_being_removed() {
    let one = |name: &str, needs: &[&str], state| component(name, needs, vec![instance(name, state, 1)]);
    let components = || vec![one("api", &["db"], Exited), one("db", &[], Running)];
    let titles = |request: &Request| {
        let steps = planned(request, components()).expect("a plan");
        steps.into_iter().map(|(title, _)| title).collect::<Vec<_>>()
    };
    let up = titles(&Request::Up { components: Vec::new() });
    assert_eq!(up, ["db is ready: 1", "Starts api (1)", "api is ready: 1"]);
    let down = titles(&Request::Down { components: Vec::new() });
    assert_eq!(down[0], "Stops db (1 running); nothing of it is removed");
    assert!(planned(&Request::Up { components: vec!["db".to_owned()] }, components()).is_err(), "it runs");
}

#[test]
fn what_is_made_of_files_is_made_in_the_order_of_its_needs_and_of_the_others_none_is_lost() {
    let db = component("db", &[], vec![instance("db_1", Running, 1), instance("db_2", Running, 1)]);
    let api = Component { desired: 1, ..component("api", &["db"], Vec::new()) };
    let old = component("old", &[], vec![instance("old_1", Exited, 1)]);
    let files = Some(vec!["api".to_owned(), "db".to_owned()]);
    let seen = Seen { makes: files, ..Seen::of(vec![api, db, old], "fake@1".to_owned(), None) };
    let platform = fake(vec![Vec::new()]);
    let of = |names: &[&str]| {
        let components = names.iter().map(|name| (*name).to_owned()).collect();
        plan(&Request::Up { components }, &seen, &platform, Lang::En)
    };
    let steps = of(&[]).expect("a plan").steps;
    let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(titles, ["db is ready: 2", "Starts api (1)", "api is ready: 1"]);
    assert!(steps[1].argv.ends_with(&["--".to_owned(), "api".to_owned(), "db=2".to_owned()]), "{:?}", steps[1].argv);
    assert!(of(&["old"]).expect_err("it is in no file").to_string().contains("in none of the files"));
}

fn page(is_due: bool) -> PageSeen {
    let turn = Turn {
        on: true,
        component: "edge".to_owned(),
        url: Some("http://127.0.0.1/".to_owned()),
        by: TurnBy::File { path: "/page".to_owned() },
    };
    PageSeen { component: "edge".to_owned(), turn: is_due.then_some(turn) }
}

#[test]
fn a_stop_shows_the_page_first_and_leaves_what_shows_it_running() {
    let one = |name: &str, needs: &[&str]| component(name, needs, vec![instance(name, Running, 1)]);
    let components = || vec![one("edge", &["api"]), one("api", &[])];
    let stop = |page| {
        let seen = Seen { page, ..Seen::of(components(), "fake@1".to_owned(), None) };
        plan(&Request::Stop { components: Vec::new() }, &seen, &fake(vec![Vec::new()]), Lang::En).expect("a plan")
    };
    let spec = stop(Some(page(true)));
    let titles: Vec<&str> = spec.steps.iter().map(|step| step.title.as_str()).collect();
    let expected = [
        "Stops api (1 running)",
        "Shows the maintenance page to everybody (edge: /page)",
        "api has stopped",
        "nothing else runs any more; edge goes on, for the maintenance page",
        "http://127.0.0.1/ shows the page",
    ];
    assert_eq!((spec.title.as_str(), titles), ("Emergency stop, with the maintenance page", expected.to_vec()));
    let undo: Request = serde_json::from_value(spec.operation.undo.expect("an undo")).expect("a request");
    let Request::Resume { kept, page: Some(turn) } = undo else { panic!("{undo:?}") };
    assert_eq!((kept.len(), kept[0].component.as_str(), turn.on), (1, "api", false));
    // Somebody shows it already: it is theirs to take away.
    let spec = stop(Some(page(false)));
    assert_eq!(spec.steps[0].title, "Stops api (1 running)");
    let undo: Request = serde_json::from_value(spec.operation.undo.expect("an undo")).expect("a request");
    assert!(matches!(undo, Request::Resume { page: None, .. }), "{undo:?}");
    assert_eq!(stop(None).title, "Emergency stop, without a maintenance page");
}

#[test]
fn what_a_stop_leaves_by_its_plan_is_said_at_once_and_not_waited_for() {
    let quiet = StepRequest {
        program: vec!["edge".to_owned()],
        within: Duration::from_millis(300),
        ..StepRequest::new(StepKind::Quiet, "*", "fake@1")
    };
    let one = |name: &str, state| component(name, &[], vec![instance(name, state, 1)]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut said = Vec::new();
    let platform = fake(vec![vec![one("edge", Running), one("api", Exited)]]);
    runtime.block_on(perform(&platform, &quiet, &mut |text| said.push(text.en))).expect("as planned");
    assert_eq!(said, ["NOT STOPPED, as the plan says: edge"]);
    assert!(performed(&fake(vec![vec![one("edge", Running), one("api", Running)]]), &quiet).is_err());
}

#[test]
fn what_could_not_even_begin_is_not_waited_for() {
    let why = sereno_platform::ExitReason::NotStarted("no such file".to_owned());
    let last_exit = Some(sereno_platform::LastExit { code: None, reason: why, at: None });
    let failed = Instance { last_exit, ..instance("api_1", Restarting, 1) };
    let start = StepRequest {
        replicas: Some(1),
        within: Duration::from_mins(10),
        ..StepRequest::new(StepKind::Start, "api", "fake@1")
    };
    let platform = Fake { declared: Some(1), ..fake(vec![vec![component("api", &[], vec![failed])]]) };
    let error = performed(&platform, &start).expect_err("it cannot");
    assert!(error.contains("no such file"), "{error}");
}

#[test]
fn what_does_its_work_once_is_done_when_it_has_ended_well() {
    let done = |at| {
        let reason = sereno_platform::ExitReason::Completed;
        let last_exit = Some(sereno_platform::LastExit { code: Some(0), reason, at: None });
        let one = Instance { last_exit, ..instance("api_1", Exited, at) };
        vec![Component::of("api".to_owned(), 1, None, vec![one], true)]
    };
    let mark = instance("api_1", Exited, 1).mark();
    assert_eq!(performed(&fake(vec![done(1), done(1), done(2)]), &restart_of(mark.clone())), Ok(()));
    assert!(performed(&fake(vec![done(1)]), &restart_of(mark)).is_err(), "the one that was to be replaced");
}

fn performed(platform: &Fake, step: &StepRequest) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(perform(platform, step, &mut |_| {})).map_err(|error| error.to_string())
}

fn restart_of(mark: String) -> StepRequest {
    StepRequest {
        instances: vec!["api_1".to_owned()],
        marks: vec![mark],
        within: Duration::from_millis(500),
        ..StepRequest::new(StepKind::Restart, "api", "fake@1")
    }
}

fn api(state: InstanceState, started: i64) -> Vec<Component> {
    vec![component("api", &[], vec![instance("api_1", state, started)])]
}

#[test]
fn a_restart_is_done_when_another_process_is_ready_and_asked_for_once() {
    let platform = fake(vec![api(Running, 1), api(Running, 1), api(Exited, 1), api(Running, 2)]);
    assert_eq!(performed(&platform, &restart_of(instance("api_1", Running, 1).mark())), Ok(()));
    assert_eq!(platform.calls.lock().expect("not poisoned").len(), 1);
    let same = fake(vec![api(Running, 1)]);
    let error = performed(&same, &restart_of(instance("api_1", Running, 1).mark())).expect_err("the same one runs");
    assert!(error.starts_with("not as it should be"), "{error}");
}

#[test]
fn a_call_without_an_answer_is_looked_after_and_not_sent_again() {
    let platform = Fake { is_mute: true, ..fake(vec![api(Running, 1), api(Running, 2)]) };
    assert_eq!(performed(&platform, &restart_of(instance("api_1", Running, 1).mark())), Ok(()));
    assert_eq!(platform.calls.lock().expect("not poisoned").len(), 1);
}

#[test]
fn what_the_plan_did_not_see_is_not_touched() {
    let mark = instance("api_1", Running, 1).mark();
    let other_process = fake(vec![api(Running, 9)]);
    assert!(
        performed(&other_process, &restart_of(mark.clone())).expect_err("another runs").contains("not there any more")
    );
    let elsewhere = StepRequest { target: "fake@2".to_owned(), ..restart_of(mark) };
    let platform = fake(vec![api(Running, 1)]);
    assert!(performed(&platform, &elsewhere).expect_err("another place").contains("the plan is for fake@2"));
    let scale = StepRequest {
        definition: Some("old".to_owned()),
        replicas: Some(2),
        ..StepRequest::new(StepKind::Scale, "api", "fake@1")
    };
    assert!(performed(&platform, &scale).expect_err("other files").contains("has changed since"));
    for platform in [&other_process, &platform] {
        assert!(platform.calls.lock().expect("not poisoned").is_empty());
    }
}

#[test]
fn nothing_runs_only_when_nothing_comes_back_either() {
    let quiet = StepRequest { within: Duration::from_millis(300), ..StepRequest::new(StepKind::Quiet, "*", "fake@1") };
    assert_eq!(performed(&fake(vec![api(Running, 1), api(Exited, 1)]), &quiet), Ok(()));
    assert!(performed(&fake(vec![api(Restarting, 1)]), &quiet).is_err());
}

/// A unit on two machines, of which one cannot be asked.
fn half_known(state: InstanceState) -> Vec<Component> {
    vec![component("api", &[], vec![instance("api@a", state, 1), instance("api@b", Unknown, 1)])]
}

#[test]
fn what_nobody_can_tell_of_is_changed_by_no_plan() {
    let refused = |request: &Request| {
        let error = planned(request, half_known(Running)).expect_err("one machine cannot be asked");
        assert!(error.to_string().contains("nobody can tell how api@b is"), "{error}");
    };
    let component = "api".to_owned();
    refused(&Request::Restart { component: component.clone() });
    refused(&Request::Scale { component: component.clone(), replicas: 3 });
    refused(&Request::Limit { component: component.clone(), cpu_millis: Some(500), memory: None });
    let kept = |name: &str| vec![Kept { component: component.clone(), replicas: 1, instances: vec![name.to_owned()] }];
    refused(&Request::Resume { kept: kept("api@b"), page: None });
    let resumed =
        planned(&Request::Resume { kept: kept("api@a"), page: None }, half_known(Exited)).expect("what the stop ended");
    assert_eq!(resumed[0].0, "Starts api (1)");
}

#[test]
fn a_stop_ends_what_it_can_reach_and_calls_nothing_else_stopped() {
    let stop = |components: &[&str]| Request::Stop { components: components.iter().map(|c| (*c).to_owned()).collect() };
    let steps = planned(&stop(&[]), half_known(Running)).expect("a plan");
    assert_eq!(steps[0].0, "Stops api (1 running), but not api@b, which cannot be asked");
    assert!(planned(&stop(&["api"]), half_known(Exited)).is_err(), "nothing that is known runs");
    let step = |kind| StepRequest { within: Duration::from_millis(300), ..StepRequest::new(kind, "api", "fake@1") };
    let platform = fake(vec![half_known(Running), half_known(Exited)]);
    assert_eq!(performed(&platform, &step(StepKind::Stop)), Ok(()), "other components are not kept waiting");
    let verified = StepRequest { replicas: Some(0), ..step(StepKind::Await) };
    assert!(performed(&fake(vec![half_known(Exited)]), &verified).is_err());
    let quiet = StepRequest { component: "*".to_owned(), ..step(StepKind::Quiet) };
    let error = performed(&fake(vec![half_known(Exited)]), &quiet).expect_err("one machine cannot be asked");
    assert!(error.contains("it is not known whether this runs: api@b"), "{error}");
}

#[test]
fn a_restart_that_was_done_is_only_waited_for_when_it_is_tried_again() {
    let step = restart_of(instance("api_1", Running, 1).mark());
    let again = |platform: &Fake| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let done = runtime.block_on(perform_again(platform, &step, &mut |_| {})).map_err(|error| error.to_string());
        (done, platform.calls.lock().expect("not poisoned").len())
    };
    assert_eq!(again(&fake(vec![api(Running, 2)])), (Ok(()), 0));
    let (slow, calls) = again(&fake(vec![api(Exited, 2)]));
    assert!(slow.is_err_and(|error| error.starts_with("not as it should be")) && calls == 0);
    assert_eq!(again(&fake(vec![api(Running, 1), api(Running, 2)])), (Ok(()), 1), "it was not done");
}

#[test]
fn a_lost_instance_can_be_put_back_by_scaling_to_what_there_should_be() {
    let lost = || vec![Component { desired: 3, ..api(Running, 1).remove(0) }];
    let scale = |replicas| planned(&Request::Scale { component: "api".to_owned(), replicas }, lost());
    assert_eq!(scale(3).expect("a plan")[0].0, "Scales api from 1 to 3");
    assert!(scale(1).is_err());
}

/// A component as a platform shows it that makes the instances itself.
fn deployment(desired: u32, on: bool, settled: bool, instances: Vec<Instance>) -> Vec<Component> {
    let workload = Workload {
        kind: WorkloadKind::Deployment,
        name: "api".to_owned(),
        container: "api".to_owned(),
        on,
        settled,
        releases: Vec::new(),
        hindrances: Vec::new(),
        stuck: Vec::new(),
    };
    let component = Component::of("api".to_owned(), desired, None, instances, false);
    vec![Component { workload: Some(workload), ..component }]
}

fn replacing(states: Vec<Vec<Component>>) -> Fake {
    Fake { replaces: true, ..fake(states) }
}

#[test]
fn a_rollout_is_one_act_and_done_when_nothing_old_is_left_and_all_is_carried_out() {
    let old = || instance("old", Running, 1);
    let new = || instance("new", Running, 2);
    let restart = Request::Restart { component: "api".to_owned() };
    let steps = planned_on(&replacing(Vec::new()), &restart, deployment(1, true, true, vec![old()])).expect("a plan");
    assert_eq!(steps.iter().filter(|(_, risk)| *risk == Risk::Change).count(), 1, "{steps:?}");
    let step = StepRequest {
        marks: vec![old().mark()],
        within: Duration::from_millis(500),
        ..StepRequest::new(StepKind::Restart, "api", "fake@1")
    };
    let ended = |last: Vec<Component>| performed(&replacing(vec![deployment(1, true, true, vec![old()]), last]), &step);
    assert_eq!(ended(deployment(1, true, true, vec![new()])), Ok(()));
    for (what, last) in [
        ("the old one is still ending", vec![new(), instance("old", InstanceState::Terminating, 1)]),
        ("the old one was only started again", vec![instance("old", Running, 3)]),
        ("the new one is not ready", vec![instance("new", InstanceState::Starting, 2)]),
    ] {
        assert!(ended(deployment(1, true, true, last)).is_err(), "{what}");
    }
    assert!(ended(deployment(1, true, false, vec![new()])).is_err(), "the platform is still at it");
}

#[test]
fn a_rollout_holds_to_the_instances_that_the_plan_saw() {
    let step = StepRequest {
        marks: vec![instance("old", Running, 1).mark()],
        within: Duration::from_millis(300),
        ..StepRequest::new(StepKind::Restart, "api", "fake@1")
    };
    let others = replacing(vec![deployment(1, true, true, vec![instance("other", Running, 1)])]);
    assert!(performed(&others, &step).expect_err("another one runs").contains("not there any more"));
    assert!(others.calls.lock().expect("not poisoned").is_empty());
}

#[test]
fn a_stop_keeps_how_many_there_should_be_and_a_resume_puts_back_exactly_that() {
    // Three are wanted, one of them is there.
    let running = deployment(3, true, true, vec![instance("one", Running, 1)]);
    let seen = Seen::of(running, "fake@1".to_owned(), None);
    let stop = Request::Stop { components: vec!["api".to_owned()] };
    let spec = plan(&stop, &seen, &replacing(Vec::new()), Lang::En).expect("a plan");
    let resume: Request = serde_json::from_value(spec.operation.undo.expect("kept")).expect("a request");
    let kept = Kept { component: "api".to_owned(), replicas: 3, instances: Vec::new() };
    assert_eq!(resume, Request::Resume { kept: vec![kept], page: None });
    let titles = |components| -> Result<Vec<String>, PlatformError> {
        Ok(planned_on(&replacing(Vec::new()), &resume, components)?.into_iter().map(|(title, _)| title).collect())
    };
    assert_eq!(titles(deployment(0, false, true, Vec::new())).expect("a plan"), ["Starts api (3)", "api is ready: 3"]);
    let two = titles(deployment(2, true, true, Vec::new())).expect("a plan");
    assert_eq!(two, ["Starts api (3)", "api is ready: 3"], "somebody has started some of it");
    assert!(titles(deployment(3, true, true, Vec::new())).is_err(), "somebody has started it already");
    let off = StepRequest { within: Duration::from_millis(300), ..StepRequest::new(StepKind::Stop, "api", "fake@1") };
    assert_eq!(performed(&replacing(vec![deployment(0, false, true, Vec::new())]), &off), Ok(()));
    assert!(performed(&replacing(vec![deployment(3, true, false, Vec::new())]), &off).is_err(), "it would come back");
}

#[test]
fn only_what_is_stuck_is_taken_away_and_that_is_destruction() {
    let unstick = Request::Unstick { component: None };
    let leaving = || instance("old", InstanceState::Terminating, 1);
    let nothing = planned_on(&replacing(Vec::new()), &unstick, deployment(1, true, true, vec![leaving()]));
    let said = nothing.expect_err("its time is not over").to_string();
    assert_eq!(said, "nothing is stuck; still ending, where it is: old");
    let mut stuck = deployment(1, true, true, vec![leaving(), instance("new", Running, 2)]);
    if let Some(workload) = &mut stuck[0].workload {
        workload.stuck =
            vec![Stuck { name: "old".to_owned(), id: "old".to_owned(), finalizers: vec!["a/b".to_owned()] }];
    }
    let steps = planned_on(&replacing(Vec::new()), &unstick, stuck).expect("a plan");
    assert_eq!(steps[0].1, Risk::Destroy);
    assert!(steps[0].0.starts_with("Takes away old ") && steps[0].0.ends_with("does not wait for a/b"), "{steps:?}");
    assert_eq!(steps.len(), 2);
}

fn exec_of(instance: Option<&str>, argv: &[&str], terminal: bool) -> Request {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    Request::Exec { component: "api".to_owned(), instance: instance.map(str::to_owned), argv, terminal }
}

#[test]
fn a_program_is_judged_by_what_it_does_and_never_below_what_is_not_known() {
    let risk = |argv: &[&str], terminal| {
        planned(&exec_of(None, argv, terminal), api(Running, 1)).expect("a plan").first().expect("a step").1
    };
    assert_eq!(risk(&["ls", "-l"], false), Risk::Observe);
    assert_eq!(risk(&["ls", "-l"], true), Risk::Unclear, "nobody knows what is typed");
    assert_eq!(risk(&["/tmp/ls"], false), Risk::Unclear);
    assert_eq!(risk(&["sh"], false), Risk::Unclear);
    assert_eq!(risk(&["sh", "-c", "rm -rf /data"], false), Risk::Destroy);
    assert_eq!(risk(&["psql", "-c", "DROP TABLE x"], false), Risk::Destroy);
    assert_eq!(risk(&["psql", "-c", "SELECT 1; DROP TABLE x"], false), Risk::Destroy);
    assert_eq!(risk(&["echo", "; rm -rf /"], false), Risk::Observe, "a word is no shell");
    assert_eq!(risk(&["algo"], false), Risk::Unclear);
    for wrong in [&["FOO=bar", "ls"][..], &[""]] {
        assert!(planned(&exec_of(None, wrong, false), api(Running, 1)).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_program_runs_in_the_first_that_is_ready_or_in_the_one_that_is_named() {
    let all = || {
        let states = [(Exited, "api_1"), (InstanceState::Unhealthy, "api_2"), (Running, "api_3")];
        vec![component("api", &[], states.map(|(state, name)| instance(name, state, 1)).to_vec())]
    };
    let title = |wanted| planned(&exec_of(wanted, &["ls"], false), all()).map(|steps| steps[0].0.clone());
    assert_eq!(title(None).expect("a plan"), "Run ls in api_3");
    assert_eq!(title(Some("api_2")).expect("a plan"), "Run ls in api_2", "what is ill is what one looks into");
    assert!(title(Some("api_1")).expect_err("it has ended").to_string().contains("does not run"));
    assert!(title(Some("api_9")).expect_err("there is none").to_string().contains("no instance"));
    assert!(planned(&exec_of(None, &["ls"], false), api(Exited, 1)).is_err());
}

#[test]
fn a_program_runs_once_in_the_very_process_that_the_plan_saw() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let ran = |platform: &Fake, place: &str| {
        let step = StepRequest {
            instances: vec!["api_1".to_owned()],
            marks: vec![instance("api_1", Running, 1).mark()],
            program: vec!["ls".to_owned()],
            ..StepRequest::new(StepKind::Exec, "api", place)
        };
        let wires = Wires { output: mpsc::channel(1).0, keyboard: None };
        runtime.block_on(super::exec(platform, &step, wires)).map_err(|error| error.to_string())
    };
    let platform = fake(vec![api(Running, 1)]);
    assert_eq!(ran(&platform, "fake@1"), Ok(7));
    assert_eq!(platform.calls.lock().expect("not poisoned").len(), 1);
    let other = fake(vec![api(Running, 9)]);
    assert!(ran(&other, "fake@1").expect_err("another process").contains("not there any more"));
    assert!(ran(&other, "fake@2").expect_err("another place").contains("the plan is for"));
    assert!(other.calls.lock().expect("not poisoned").is_empty());
}

#[test]
fn objects_of_a_cluster_that_share_a_name_are_told_apart_by_their_kind() {
    let deployment = deployment(2, true, true, vec![instance("api-x", Running, 1)]).remove(0);
    let mut set = Component { name: "statefulset/api".to_owned(), ..deployment.clone() };
    if let Some(workload) = &mut set.workload {
        workload.kind = WorkloadKind::StatefulSet;
    }
    let seen = Seen::of(vec![deployment, set], "fake@1".to_owned(), None);
    let prover = Prover {
        place: &Place::Kubernetes { context: None, namespace: None, kubeconfig: Vec::new(), is_usual: true },
        seen: &seen,
        platform: &replacing(Vec::new()),
        lang: Lang::En,
        native: true,
        changed: std::cell::RefCell::default(),
    };
    let known = |line: &str| {
        let plain = vec![line.split(' ').map(str::to_owned).collect()];
        prover.around(&StepCommands { plain, is_whole: true, ..StepCommands::default() }).map(|around| around.known_as)
    };
    assert_eq!(known("kubectl scale sts/api --replicas=3"), Some(vec!["scale statefulset/api 3".to_owned()]));
    assert_eq!(known("kubectl scale deploy api --replicas=3"), Some(vec!["scale api 3".to_owned()]));
    assert_eq!(known("kubectl rollout restart ds/api"), None);
}
