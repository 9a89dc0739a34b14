//! What is ordered for an act, and which components are seen.

use super::*;
use crate::{Limits, Standing};
use sereno_model::settings::Settings;

fn declared(text: &str) -> Vec<Process> {
    let (settings, diagnostics) = Settings::parse(text, "sereno.toml");
    assert_eq!(diagnostics, []);
    settings.processes
}

fn instance(name: &str, state: InstanceState) -> Instance {
    Instance {
        id: name.to_owned(),
        name: name.to_owned(),
        state,
        checked: false,
        started_at: jiff::Timestamp::from_second(7).ok(),
        restarts: 0,
        last_exit: None,
        why: None,
        usage: None,
        limits: Limits::default(),
    }
}

fn ordered(act: &Act, instances: Vec<Instance>) -> Result<Vec<String>, PlatformError> {
    let process = declared("[[processes]]\nname = 'api'\ncommand = ['x']").remove(0);
    let component = Component::of("api".to_owned(), instances.len() as u32, None, instances, false);
    Ok(calls(act, &component, Some(&process))?.iter().map(ToString::to_string).collect())
}

use InstanceState::{Exited, Restarting, Running, Unhealthy};

#[test]
fn a_restart_names_the_start_that_it_is_for() {
    let two = || vec![instance("api.0", Running), instance("api.1", Restarting)];
    let all = ordered(&Act::Restart { instances: Vec::new() }, two()).expect("calls");
    let replace = |name: &str| format!("{name}: replace the one of 1970-01-01T00:00:07Z");
    assert_eq!(all, [replace("api.0"), replace("api.1")]);
    let one = ordered(&Act::Restart { instances: vec!["api.1".to_owned()] }, two()).expect("calls");
    assert_eq!(one, [replace("api.1")]);
}

#[test]
fn only_what_does_not_run_with_a_keeper_is_started() {
    let start =
        |instances: Vec<Instance>, replicas| ordered(&Act::Start { instances: Vec::new(), replicas }, instances);
    let some = vec![instance("api.0", Running), instance("api.1", Exited), instance("api.2", Unhealthy)];
    assert_eq!(start(some, 4).expect("calls"), ["api.1: run", "api.2: run", "api.3: run"]);
    let checked = Instance { checked: true, ..instance("api.0", Unhealthy) };
    assert!(start(vec![checked], 1).expect("calls").is_empty(), "its keeper knows");
    assert!(ordered(&Act::Restart { instances: Vec::new() }, Vec::new()).is_err(), "nothing is there to replace");
}

#[test]
fn to_scale_starts_what_is_missing_and_takes_away_what_is_too_many() {
    let some = || vec![instance("api.0", Exited), instance("api.1", Running), instance("api.5", Running)];
    let scale = |replicas| ordered(&Act::Scale { replicas }, some()).expect("calls");
    assert_eq!(scale(3), ["api.0: run", "api.2: run", "api.5: remove"]);
    assert_eq!(scale(0), ["api.0: remove", "api.1: remove", "api.5: remove"]);
}

#[test]
fn limits_are_refused_and_so_is_what_is_not_declared_any_more() {
    let limit = Act::Limit { cpu_millis: Some(1), memory: None };
    assert!(ordered(&limit, vec![instance("api.0", Running)]).expect_err("refused").to_string().contains("limits"));
    let component = Component::of("old".to_owned(), 1, None, vec![instance("old.0", Running)], false);
    assert!(calls(&Act::Restart { instances: Vec::new() }, &component, None).is_err());
    assert_eq!(calls(&Act::Stop, &component, None).expect("it can be stopped").len(), 1);
}

#[test]
fn what_was_never_started_is_down_and_what_was_ordered_away_is_stopped() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = "[[processes]]\nname = 'api'\ncommand = ['x']\nreplicas = 2\nneeds = ['db']\n[[processes]]\nname = 'db'\ncommand = ['x']";
    let platform =
        Processes::new("s".to_owned(), dir.path().to_owned(), dir.path(), declared(text)).expect("a platform");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let seen = || -> Vec<(String, Standing, u32)> {
        let components = runtime.block_on(platform.components(Detail::Usage)).expect("seen");
        components.into_iter().map(|one| (one.name, one.standing, one.desired)).collect()
    };
    let expected = |api, db| vec![("api".to_owned(), api, 2), ("db".to_owned(), db, 1)];
    assert_eq!(seen(), expected(Standing::Down, Standing::Down));
    let folder = platform.folder("db.0");
    folder.create().expect("made");
    folder.write_order(&order::Order { number: 1, want: Want::Remove, spec: None }).expect("written");
    assert_eq!(seen()[1], ("db".to_owned(), Standing::Stopped, 0));
    std::fs::create_dir(dir.path().join("processes").join("no instance")).expect("made");
    assert_eq!(seen().len(), 2);
}

#[test]
fn the_definition_is_of_what_is_declared() {
    let dir = tempfile::tempdir().expect("a folder");
    let of = |text: &str| {
        let platform = Processes::new("s".to_owned(), dir.path().to_owned(), dir.path(), declared(text)).expect("one");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(platform.definition()).expect("a digest").expect("some")
    };
    let one = "[[processes]]\nname = 'api'\ncommand = ['x']";
    assert_eq!(of(one), of(&format!("[platform]\nkind = 'process'\n{one}\nrestart = 'always'")));
    assert_ne!(of(one), of("[[processes]]\nname = 'api'\ncommand = ['x', 'y']"));
}
