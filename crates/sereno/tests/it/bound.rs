//! What a yes binds: the files that a step runs, what the approver read, the runbook of the day.

use crate::world::World;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const RUNBOOK: &str = "\
# Bound

## Restart it

```bash
./scripts/restart.sh
```

## From a folder

```bash
# 1. Go there
cd scripts

# 2. Run
bash restart.sh && make restart
```

## Elsewhere

```bash
ssh web1 ./deploy.sh
bash $SCRIPT
```

## Two of them

```bash
# 1. Note
echo noted >> ledger

# 2. Run
bash scripts/restart.sh
```
";

fn world() -> World {
    let world = World::with_runbook(RUNBOOK);
    fs::create_dir(world.path().join("scripts")).expect("a folder");
    world.write("scripts/restart.sh", "#!/bin/bash\necho restarted >> \"${LEDGER:-ledger}\"\n");
    let script = world.path().join("scripts/restart.sh");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("permissions");
    world.write("scripts/Makefile", "restart:\n\techo made >> ../ledger\n");
    world
}

fn digest(world: &World, procedure: &str) -> String {
    let said = world.sereno(&["plan", procedure, "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    plan["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn a_plan_shows_the_files_that_it_binds_and_its_digest_changes_with_them() {
    let world = world();
    let plan = world.sereno(&["plan", "restart-it"]);
    assert!(plan.out.contains("file ./scripts/restart.sh · sha256 "), "{plan:?}");
    let folder = world.sereno(&["plan", "from-a-folder"]);
    assert!(folder.out.contains("file restart.sh · sha256 "), "{folder:?}");
    assert!(folder.out.contains("file Makefile · sha256 "), "{folder:?}");
    let elsewhere = world.sereno(&["plan", "elsewhere", "-p", "SCRIPT=x.sh"]);
    assert!(elsewhere.out.contains("file ./deploy.sh · NOT BOUND: it is on another host"), "{elsewhere:?}");
    assert!(elsewhere.out.contains("file $SCRIPT · NOT BOUND: its name is only known"), "{elsewhere:?}");
    let before = digest(&world, "from-a-folder");
    assert_eq!(digest(&world, "from-a-folder"), before);
    world.write("scripts/Makefile", "restart:\n\ttrue\n");
    assert_ne!(digest(&world, "from-a-folder"), before);
}

#[test]
fn a_script_that_changed_after_the_plan_does_not_run_and_one_that_is_put_back_does() {
    let world = world();
    let waiting = world.sereno(&["run", "restart-it"]);
    assert_eq!(waiting.code, Some(4), "{waiting:?}");
    let run = world.runs()[0].0.clone();
    assert_eq!(world.sereno(&["approve", &run, "--reason", "ok"]).code, Some(0));
    let honest = world.read("scripts/restart.sh");
    world.write("scripts/restart.sh", "#!/bin/bash\necho pwned >> ledger\n");
    for lang in ["C.UTF-8", "es_AR.UTF-8"] {
        let output = world.command(&["runs", "resume", &run]).env("LANG", lang).output().expect("it runs");
        let refused = crate::world::said(output);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        let words = if lang.starts_with("es") { "cambió desde que se hizo el plan" } else { "changed since the plan" };
        assert!(refused.err.contains(words) && refused.err.contains("restart.sh"), "{refused:?}");
    }
    assert_eq!(world.read("ledger"), "");
    assert!(world.entries(&run).iter().any(|e| e["kind"] == "step.refused"));
    assert!(world.sereno(&["runs", "show", &run]).out.contains("did not start step 1"));
    world.write("scripts/restart.sh", &honest);
    assert_eq!(world.sereno(&["runs", "resume", &run]).code, Some(0));
    assert_eq!(world.read("ledger"), "restarted\n");
}

#[test]
fn a_file_that_an_earlier_step_or_somebody_else_changes_stops_the_run_before_it_runs() {
    let world = world();
    world.write("RUNBOOK.md", &RUNBOOK.replace("echo noted >> ledger", "echo '# more' >> scripts/restart.sh"));
    let refused = world.sereno(&["run", "two-of-them", "--yes"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert_eq!(world.read("ledger"), "");
    // Planned anew, with what it is now.
    world.write("RUNBOOK.md", RUNBOOK);
    assert_eq!(world.sereno(&["run", "two-of-them", "--yes"]).code, Some(0));
    assert_eq!(world.read("ledger"), "noted\nrestarted\n");
}

#[test]
fn a_folder_that_is_another_one_than_planned_refuses_the_files_named_from_it() {
    let world = world();
    fs::create_dir(world.path().join("other")).expect("a folder");
    world.write("other/restart.sh", "echo pwned >> ../ledger\n");
    let waiting = world.sereno(&["run", "from-a-folder"]);
    assert_eq!(waiting.code, Some(4), "{waiting:?}");
    let run = world.runs()[0].0.clone();
    assert_eq!(world.sereno(&["approve", &run, "--reason", "ok"]).code, Some(0));
    fs::rename(world.path().join("scripts"), world.path().join("kept")).expect("moved");
    std::os::unix::fs::symlink("other", world.path().join("scripts")).expect("a link");
    let refused = world.sereno(&["runs", "resume", &run]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert_eq!(world.read("ledger"), "");
}

#[test]
fn a_shell_that_is_elsewhere_than_the_plan_followed_it_to_runs_no_file_named_from_there() {
    let world = world();
    fs::create_dir_all(world.path().join("alt/scripts")).expect("a folder");
    world.write("alt/scripts/restart.sh", "echo pwned >> ../../ledger\n");
    // With CDPATH, `cd scripts` goes where no reader of the text would look.
    let mut command = world.command(&["run", "from-a-folder", "--yes"]);
    let refused = crate::world::said(command.env("CDPATH", world.path().join("alt")).output().expect("it runs"));
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.err.contains("the shell is in") && refused.err.contains("alt/scripts"), "{refused:?}");
    assert_eq!(world.read("ledger"), "");
}

#[test]
fn titles_are_part_of_what_is_approved() {
    let world = world();
    let before = digest(&world, "two-of-them");
    world.write("RUNBOOK.md", &RUNBOOK.replace("# 1. Note", "# 1. Only look"));
    assert_ne!(digest(&world, "two-of-them"), before);
}

#[test]
fn resuming_and_approving_say_that_the_runbook_changed_and_go_on_with_the_plan() {
    let world = world();
    assert_eq!(world.sereno(&["run", "two-of-them"]).code, Some(4));
    let run = world.runs()[0].0.clone();
    let quiet = world.sereno(&["runs", "resume", &run]);
    assert!(!quiet.err.contains("changed since"), "{quiet:?}");
    world.write("RUNBOOK.md", &RUNBOOK.replace("echo noted", "echo other"));
    let approved = world.sereno(&["approve", &run, "--reason", "ok"]);
    assert!(approved.err.contains("RUNBOOK.md changed since this plan was made"), "{approved:?}");
    assert!(approved.err.contains(&format!("sereno runs cancel {run}")), "{approved:?}");
    let output = world.command(&["runs", "resume", &run]).env("LANG", "es_AR.UTF-8").output().expect("it runs");
    let resumed = crate::world::said(output);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(resumed.err.contains("RUNBOOK.md cambió desde que se hizo este plan"), "{resumed:?}");
    assert_eq!(world.read("ledger"), "noted\nrestarted\n", "the plan went on as approved");
}
