//! The family against a platform in memory: what is planned, and what is concluded from what is seen. The real platforms
//! are in the tests of the binary.

use super::{Kept, Request, Seen, StepKind, StepRequest, perform, plan};
use sereno_model::{Lang, Risk};
use sereno_platform::{
    Act, Call, Component, Detail, Instance, InstanceState, Limits, LogLine, LogWanted, Pending, Platform,
    PlatformError, Program, Wires,
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
}

fn fake(states: Vec<Vec<Component>>) -> Fake {
    Fake { states: Mutex::new(states), calls: Mutex::new(Vec::new()), is_mute: false }
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

    fn components(&self, _: Detail) -> Pending<'_, Vec<Component>> {
        let mut states = self.states.lock().expect("not poisoned");
        let now = if states.len() > 1 { states.remove(0) } else { states[0].clone() };
        Box::pin(async { Ok(now) })
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
    let seen = Seen { components, place: "fake@1".to_owned(), definition: None };
    let spec = plan(request, &seen, &fake(vec![Vec::new()]), Lang::En)?;
    let risk =
        |step: &sereno_engine::plan::OperationStep| step.effects.iter().map(|e| e.risk).max().unwrap_or_default();
    Ok(spec.steps.iter().map(|step| (step.title.clone(), risk(step))).collect())
}

use InstanceState::{Exited, Restarting, Running};

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
    let request = Request::Resume { kept: vec![kept("api"), kept("db")] };
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
