//! A person is who they proved to be. Needs root, to be two OS users.

use crate::world::{Said, World, at_a_terminal, said, skipped};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

const RUNBOOK: &str = "\
# People

## Wipe

```bash
# 1. Look
echo looking

# 2. Wipe
rm -f data
```

## Guarded wipe

```bash
read -p \"Sure? (type 'CONFIRMAR'): \" ANSWER
if [ \"$ANSWER\" = \"CONFIRMAR\" ]; then
  rm -f data
fi
```
";

pub(crate) const TWO_PEOPLE: &str = "\
[[people]]
name = \"ana\"
os_user = \"root\"
roles = [\"operator\", \"approver\"]

[[people]]
name = \"eva\"
os_user = \"nobody\"
roles = [\"approver\"]

[[people]]
name = \"leo\"
os_user = \"daemon\"
roles = [\"viewer\"]
";

fn world(settings: &str) -> Option<World> {
    if !is_root() {
        skipped("two OS users at once need root");
        return None;
    }
    let world = World::with_runbook(RUNBOOK);
    world.write("sereno.toml", settings);
    world.write("data", "precious");
    share(&world);
    Some(world)
}

/// Only root can become another user.
pub(crate) fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t0"))
}

/// Lets the people of a team work in one folder.
pub(crate) fn share(world: &World) {
    // The team's folder: what is made in it belongs to the group, so that others can approve.
    fs::set_permissions(world.path(), fs::Permissions::from_mode(0o2777)).expect("permissions");
    fs::create_dir(world.path().join(".sereno")).expect("a folder");
    fs::set_permissions(world.path().join(".sereno"), fs::Permissions::from_mode(0o2777)).expect("permissions");
}

/// The binary as another OS user of root's group.
pub(crate) fn as_user(world: &World, user: &str, arguments: &[&str]) -> Said {
    let plain = world.command(arguments);
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", "root", "--clear-groups", "--"]).arg(plain.get_program());
    command.args(plain.get_args()).current_dir(world.path()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    said(command.output().expect("setpriv runs"))
}

#[test]
fn destruction_needs_a_second_person_and_the_word_and_the_starter_cannot_be_both() {
    let Some(world) = world(TWO_PEOPLE) else { return };
    let waiting = world.sereno(&["run", "wipe", "--yes"]);
    assert_eq!(waiting.code, Some(4), "{waiting:?}");
    assert_eq!(world.read("data"), "precious");
    let run = world.runs()[0].0.clone();
    let own = world.sereno(&["approve", &run, "--word", "CONFIRM", "--reason", "me too"]);
    assert_eq!(own.code, Some(3), "{own:?}");
    let looking = as_user(&world, "daemon", &["approve", &run, "--word", "CONFIRM", "--reason", "hm"]);
    assert_eq!(looking.code, Some(3), "{looking:?}");
    let wrong = as_user(&world, "nobody", &["approve", &run, "--word", "YES", "--reason", "fine"]);
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    let right = as_user(&world, "nobody", &["approve", &run, "--word", "CONFIRM", "--reason", "fine"]);
    assert_eq!(right.code, Some(0), "{right:?}");
    let ended = world.sereno(&["runs", "resume", &run]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!world.path().join("data").exists());
    let approval = world.entries(&run).into_iter().find(|e| e["kind"] == "approval.given").expect("an approval");
    assert_eq!(approval["actor"]["id"], "eva");
    assert_eq!(approval["data"]["stand_in"], false);
}

#[test]
fn the_runbooks_own_word_is_the_one_to_type() {
    let Some(world) = world(TWO_PEOPLE) else { return };
    assert_eq!(world.sereno(&["run", "guarded-wipe", "--yes"]).code, Some(4));
    let run = world.runs()[0].0.clone();
    let right = as_user(&world, "nobody", &["approve", &run, "--word", "CONFIRMAR", "--reason", "fine"]);
    assert_eq!(right.code, Some(0), "{right:?}");
    let ended = world.sereno(&["runs", "resume", &run]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!world.path().join("data").exists());
}

#[test]
fn a_stranger_may_look_and_nothing_else() {
    let Some(world) = world(TWO_PEOPLE) else { return };
    assert_eq!(world.sereno(&["run", "wipe", "--yes"]).code, Some(4));
    let run = world.runs()[0].0.clone();
    assert_eq!(as_user(&world, "games", &["runs", "list"]).code, Some(0));
    for arguments in [
        &["run", "wipe", "--yes"][..],
        &["runs", "resume", &run],
        &["runs", "cancel", &run, "--reason", "x"],
        &["approve", &run, "--word", "CONFIRM", "--reason", "x"],
    ] {
        let said = as_user(&world, "games", arguments);
        assert_eq!(said.code, Some(3), "{arguments:?}: {said:?}");
    }
}

#[test]
fn an_operator_says_yes_to_changes_without_being_an_approver() {
    let settings = TWO_PEOPLE.replace("roles = [\"operator\", \"approver\"]", "roles = [\"operator\"]");
    let Some(world) = world(&settings) else { return };
    world.write("RUNBOOK.md", "# T\n\n## Note\n\n```bash\necho noted >> ledger\n```\n");
    let said = world.sereno(&["run", "note", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(world.read("ledger"), "noted\n");
}

#[test]
fn one_person_alone_types_the_word_after_a_pause_and_the_journal_says_so() {
    let Some(world) = world("[policy]\npause_seconds = 1\n") else { return };
    let without = world.sereno(&["run", "wipe", "--yes"]);
    assert_eq!(without.code, Some(4), "without a terminal nobody can type: {without:?}");
    let run = world.runs()[0].0.clone();
    let by_argument = world.sereno(&["approve", &run, "--word", "CONFIRM", "--reason", "x"]);
    assert_eq!(by_argument.code, Some(3), "one person cannot be two by an argument: {by_argument:?}");
    let typed = at_a_terminal(&world.command(&["runs", "resume", &run]), "Type CONFIRM", "CONFIRM\n");
    assert!(typed.contains("Only one person"), "{typed}");
    assert!(!world.path().join("data").exists(), "{typed}");
    let approval = world.entries(&run).into_iter().find(|e| e["data"]["stand_in"] == true);
    assert!(approval.is_some());
}

#[test]
fn a_run_is_not_taken_up_under_a_weaker_list_of_people_than_it_was_planned_under() {
    let Some(world) = world(TWO_PEOPLE) else { return };
    assert_eq!(world.sereno(&["run", "wipe", "--yes"]).code, Some(4));
    let run = world.runs()[0].0.clone();
    let swapped =
        TWO_PEOPLE.replace("\"root\"", "\"x\"").replace("\"nobody\"", "\"root\"").replace("\"x\"", "\"nobody\"");
    let one = TWO_PEOPLE.split("\n\n").next().expect("a person").to_owned();
    for weaker in ["[policy]\npause_seconds = 0\n", &swapped, &one] {
        world.write("other.toml", weaker);
        let resume = ["--settings", "other.toml", "runs", "resume", &run];
        let typed = at_a_terminal(&world.command(&resume), "Type CONFIRM", "CONFIRM\n");
        assert!(typed.contains("planned under people whom these settings lack") && typed.contains("eva"), "{typed}");
        for arguments in [&["runs", "resume", &run][..], &["approve", &run, "--word", "CONFIRM", "--reason", "x"]] {
            let mut all = vec!["--settings", "other.toml"];
            all.extend(arguments);
            let refused = world.sereno(&all);
            assert_eq!(refused.code, Some(3), "{refused:?}");
            let spanish = said(world.command(&all).env("LANG", "es_AR.UTF-8").output().expect("it runs"));
            assert!(spanish.err.contains("se planeó con personas que esta configuración no tiene"), "{spanish:?}");
        }
    }
    assert_eq!(world.read("data"), "precious");
    // Whoever came since, or became an approver since, is no second person of this run.
    let more = "\n[[people]]\nname = \"mia\"\nos_user = \"games\"\nroles = [\"approver\"]\n";
    world.write("sereno.toml", &format!("{}{more}", TWO_PEOPLE.replace("[\"viewer\"]", "[\"approver\"]")));
    for stranger in ["games", "daemon"] {
        let refused = as_user(&world, stranger, &["approve", &run, "--word", "CONFIRM", "--reason", "me"]);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(refused.err.contains("knew no approver"), "{refused:?}");
    }
    // With somebody more it is the same list and stronger.
    let right = as_user(&world, "nobody", &["approve", &run, "--word", "CONFIRM", "--reason", "fine"]);
    assert_eq!(right.code, Some(0), "{right:?}");
    // Whoever left the team may not leave its runs stuck: giving one up needs no list.
    let cancelled = world.sereno(&["--settings", "other.toml", "runs", "cancel", &run, "--reason", "eva left"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
}
