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

const INDIRECT: &str = "\
# Indirect

## Up

```bash
docker compose up -d
```

## Up from below

```bash
cd deep/er
docker-compose restart api
```

## Named

```bash
docker compose -f prod.yml up -d
crontab jobs.cron
```

## Fix

```bash
psql app -f fix.sql
echo '\\i more.sql' | psql app
```

## Evaluated

```bash
eval \"$(cat vars.txt)\"
find . -name '*.log' -exec ./turn.sh {} \\;
find . -name '*.log' -execdir ./turn.sh {} \\;
```

## Made

```bash
make deploy
```
";

fn indirect() -> World {
    let world = World::with_runbook(INDIRECT);
    fs::create_dir_all(world.path().join("deep/er")).expect("folders");
    for name in ["docker-compose.yml", "prod.yml", "jobs.cron", "more.sql", "vars.txt", "turn.sh", "last.sql"] {
        world.write(name, "x");
    }
    world.write("fix.sql", "\\i last.sql\n\\i :name\n");
    world.write("Makefile", "include common.mk $(EXTRA).mk\n-include none.mk\n\ndeploy:\n\tinclude not.this\n");
    world.write("common.mk", "X = 1\n");
    world
}

#[test]
fn files_that_are_read_without_being_called_are_bound_or_said_not_to_be() {
    let world = indirect();
    for (procedure, bound, unbound) in [
        ("up", &["docker-compose.yml"][..], &[][..]),
        ("up-from-below", &["docker-compose.yml"], &[]),
        ("named", &["prod.yml", "jobs.cron"], &[]),
        ("fix", &["fix.sql", "last.sql", "more.sql"], &[":name"]),
        ("evaluated", &["vars.txt", "./turn.sh"], &["./turn.sh"]),
        ("made", &["Makefile", "common.mk"], &["$(EXTRA).mk", "none.mk"]),
    ] {
        let plan = world.sereno(&["plan", procedure]);
        let spanish = world.command(&["plan", procedure]).env("LANG", "es_AR.UTF-8").output().expect("it runs");
        let spanish = crate::world::said(spanish);
        for name in bound {
            assert!(plan.out.contains(&format!("file {name} · sha256 ")), "{procedure} {name}: {plan:?}");
            assert!(spanish.out.contains(&format!("archivo {name} · sha256 ")), "{procedure} {name}: {spanish:?}");
        }
        assert!(!plan.out.contains("u{1b}"), "a colour is no text: {plan:?}");
        for name in unbound {
            assert!(plan.out.contains(&format!("file {name} · NOT BOUND: ")), "{procedure} {name}: {plan:?}");
            assert!(spanish.out.contains(&format!("archivo {name} · SIN ATAR: ")), "{procedure} {name}: {spanish:?}");
        }
        let shown = plan.out.matches(" · sha256 ").count() + plan.out.matches(" · NOT BOUND: ").count();
        assert_eq!(shown, bound.len() + unbound.len(), "{procedure}: {}", plan.out);
        for file in bound {
            let before = digest(&world, procedure);
            let honest = world.read(file);
            world.write(file, &format!("{honest}\n# more"));
            assert_ne!(digest(&world, procedure), before, "{procedure}: a changed {file} went unseen");
            world.write(file, &honest);
        }
    }
}

#[test]
fn a_compose_file_is_bound_with_its_override_and_not_where_a_variable_names_others() {
    let world = indirect();
    world.write("docker-compose.override.yml", "x");
    let plan = world.sereno(&["plan", "up"]);
    assert!(plan.out.contains("file docker-compose.override.yml · sha256"), "{plan:?}");
    world.write(".env", "COMPOSE_FILE=a.yml:b.yml\n");
    let plan = world.sereno(&["plan", "up"]);
    assert!(plan.out.contains("file docker-compose.yml · NOT BOUND: COMPOSE_FILE names others"), "{plan:?}");
}
