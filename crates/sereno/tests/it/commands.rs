//! Commands and their errors: what a person sees when something is wrong.

use crate::world::{World, said};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

const RUNBOOK: &str = "\
# Orders

## Restart the API

```bash
docker-compose restart api
```

## Restart the worker

```bash
docker-compose restart worker
```

## Scale

```bash
kubectl scale deployment/<name> --replicas=<count> -n shop
```

## Say it

```bash
echo hello
```
";

#[test]
fn wrong_input_says_what_where_and_how_to_mend_it() {
    let world = World::with_runbook(RUNBOOK);
    fs::write(world.path().join("binary.md"), (0..=255_u8).cycle().take(4096).collect::<Vec<u8>>()).expect("written");
    world.write("empty.md", "");
    fs::create_dir(world.path().join("folder")).expect("a folder");
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["runbook", "show", "RUNBOK.md"], 2, &["there is no file", "RUNBOOK.md"]),
        (&["plan", "restart the apy"], 2, &["no procedure is named", "restart-the-api"]),
        (&["plan", "restart"], 2, &["names 2 procedures", "restart-the-api", "restart-the-worker"]),
        (&["plan", "scale", "-p", "name"], 2, &["no `=`"]),
        (&["plan", "scale", "-p", "name=a", "-p", "name=b"], 2, &["given twice"]),
        (&["plan", "scale", "--steps", "9"], 2, &["step 9"]),
        (&["plan", "scale", "--steps", "x"], 2, &["--steps 1,3-5"]),
        (&["run", "scale"], 3, &["values are missing", "name", "-p"]),
        (&["run", "scale", "-p", "name=a; rm -rf /", "-p", "count=1"], 4, &["deployment/'a; rm -rf /'"]),
        (&["run", "scale", "-p", "name=a\nb", "-p", "count=1"], 3, &["refused"]),
        (&["run", "say-it", "--timeout", "soon"], 2, &["--timeout", "90s"]),
        (&["runs", "show", "r-zzzzzzz"], 2, &["there is no run"]),
        (&["approve", "zzz"], 2, &["there is no run"]),
        (&["runbook", "list", "empty.md"], 0, &[]),
        (&["plan", "x", "--runbook", "empty.md"], 2, &["has no procedures"]),
        (&["check", "binary.md"], 1, &[]),
        (&["audit", "verify", "--head", "x"], 2, &["is not a head"]),
        (&["plan", "scale", "-p", "nmae=a", "-p", "count=1"], 2, &["takes a value `nmae`", "did you mean `name`"]),
        (&["run", "say-it", "-p", "anything=1"], 2, &["takes a value `anything`"]),
        (&["run", "scale", "-p", "zzzzzzzz=1"], 2, &["it takes: count, name"]),
        (&["run", "scale", "-p", "name=$(id)", "-p", "count=1"], 4, &["deployment/'$(id)'"]),
        (&["plan", "say-it", "--option", "3"], 2, &["has no alternatives"]),
        (&["runbook", "show", "folder"], 2, &["it is a directory"]),
        (&["plan", "say-it", "--runbook", "folder"], 2, &["it is a directory"]),
        (&["runbook", "list", "binary.md"], 0, &["has no procedures", "sereno check binary.md"]),
        (&["--settings", "none.toml", "runbook", "list"], 2, &["there is no file"]),
        (&["--settings", "folder", "runbook", "list"], 2, &["it is a directory"]),
        (&["--settings", "binary.md", "runbook", "list"], 2, &["not a text in UTF-8"]),
        (&["audit", "verify", "none.jsonl"], 2, &["no such file"]),
        (&["audit", "verify", "folder"], 2, &["it is a directory"]),
        (&["audit", "verify", "empty.md"], 1, &["holds no entry"]),
        (&["audit", "export", "folder"], 2, &["it is a directory"]),
        (&["runs", "list", "--format", "sarif"], 2, &["only `sereno check` speaks SARIF"]),
        (&["frobnicate"], 2, &["frobnicate"]),
    ];
    for (arguments, code, words) in cases {
        let said = world.sereno(arguments);
        assert_eq!(said.code, Some(*code), "{arguments:?}: {said:?}");
        for word in *words {
            assert!(said.err.contains(word), "{arguments:?} should say `{word}`: {said:?}");
        }
        assert!(!said.err.contains("panicked"), "{arguments:?}: {said:?}");
    }
}

#[test]
fn two_procedures_of_one_name_are_both_named_and_neither_is_guessed() {
    let world = World::with_runbook(
        "# T\n\n## API\n\n### Restart\n\n```bash\necho api\n```\n\n## Worker\n\n### Restart\n\n```bash\necho worker\n```\n",
    );
    let said = world.sereno(&["run", "restart", "--yes"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("names 2 procedures"), "{said:?}");
    let listed = world.sereno(&["runbook", "list", "--format", "json"]);
    let ids: Value = serde_json::from_str(&listed.out).expect("JSON");
    for id in ids.as_array().expect("a list").iter().map(|p| p["id"].as_str().expect("an id")) {
        assert!(said.err.contains(id), "{id}: {said:?}");
        assert_eq!(world.sereno(&["run", &format!("#{id}")]).code, Some(0), "{id}");
    }
}

#[test]
fn messages_follow_the_locale() {
    let world = World::with_runbook(RUNBOOK);
    let spanish = said(world.command(&["plan", "nada"]).env("LANG", "es_AR.UTF-8").output().expect("it runs"));
    assert!(spanish.err.contains("ningún procedimiento se llama"), "{spanish:?}");
    for (arguments, words) in [
        (&["runz", "list"][..], "no existe el comando `runz`"),
        (&["plan", "--lang", "es"], "falta: <PROCEDURE>"),
        (&["runs", "list", "--limit", "x"], "no es un valor"),
    ] {
        let wrong = said(world.command(arguments).env("LANG", "es_AR.UTF-8").output().expect("it runs"));
        assert_eq!(wrong.code, Some(2), "{wrong:?}");
        assert!(wrong.err.contains(words) && wrong.out.is_empty(), "{wrong:?}");
    }
    let english = said(world.command(&["plan", "--lang=en"]).env("LANG", "es_AR.UTF-8").output().expect("it runs"));
    assert!(english.err.contains("required"), "{english:?}");
    let help = said(world.command(&["run", "--help"]).env("LANG", "es_ES.UTF-8").output().expect("it runs"));
    assert!(help.out.contains("Recorre un procedimiento"), "{help:?}");
}

#[test]
fn a_value_never_becomes_shell_syntax() {
    let world = World::with_runbook("# T\n\n## Greet\n\n```bash\necho \"hello <who>\"\n```\n");
    for who in ["$(touch pwned)", "`touch pwned`", "\"; touch pwned; \"", "a b", "it's", "\\", "$HOME"] {
        let param = format!("who={who}");
        let said = world.sereno(&["run", "greet", "-p", &param]);
        if said.code == Some(0) {
            assert!(said.out.contains(&format!("hello {who}")), "{who}: {said:?}");
        } else {
            assert_eq!(said.code, Some(3), "{who}: {said:?}");
        }
        assert!(!world.path().join("pwned").exists(), "{who}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::with_runbook(RUNBOOK);
    let mut child = world
        .command(&["runbook", "inspect"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let ended = said(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.err, "");
}

#[test]
fn effects_speaks_of_every_statement() {
    let world = World::with_runbook(RUNBOOK);
    let json = world.sereno(&["effects", "kubectl get pods; rm -rf /data", "--format", "json"]);
    let value: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(value["risk"], "destroy");
    assert_eq!(value["statements"][0]["risk"], "observe");
    assert_eq!(value["statements"][1]["risk"], "destroy");
    let mut child = world
        .command(&["effects", "-", "--sql"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("a pipe").write_all(b"DELETE FROM orders;").expect("written");
    assert!(said(child.wait_with_output().expect("it ends")).out.contains("destroy"));
}

#[test]
fn a_touched_journal_is_found_and_the_entry_named() {
    let world = World::with_runbook(RUNBOOK);
    for _ in 0..3 {
        assert_eq!(world.sereno(&["run", "say-it"]).code, Some(0));
    }
    assert_eq!(world.sereno(&["audit", "verify"]).code, Some(0));
    assert_eq!(world.sereno(&["audit", "export", "journal.jsonl"]).code, Some(0));
    assert_eq!(world.sereno(&["audit", "verify", "journal.jsonl"]).code, Some(0));
    let text = world.read("journal.jsonl");
    let touched = text.replacen("hello", "HELLO", 1);
    assert_ne!(text, touched);
    world.write("journal.jsonl", &touched);
    let found = world.sereno(&["audit", "verify", "journal.jsonl"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.out.contains('1'), "{found:?}");
}

#[test]
fn a_folder_that_cannot_be_written_is_said_clearly() {
    let world = World::with_runbook(RUNBOOK);
    // A file in the way of the state folder: true for root too, unlike permissions.
    world.write(".sereno", "");
    let said = world.sereno(&["run", "say-it"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains(".sereno"), "{said:?}");
    fs::set_permissions(world.path(), fs::Permissions::from_mode(0o700)).expect("permissions");
}

#[test]
fn broken_settings_are_told_with_file_and_line_in_both_languages() {
    let world = World::with_runbook(RUNBOOK);
    for (text, place, words) in [
        ("[policy\n", "sereno.toml:1", ["", ""]),
        ("[system]\nname = \"x\"\n\n[polcy]\n", "sereno.toml:4", ["policy", "policy"]),
        ("[policy]\nchange = \"always\"\n", "sereno.toml:2", ["second-person", "second-person"]),
        ("[locks]\nlease_seconds = \"long\"\n", "sereno.toml:2", ["", ""]),
    ] {
        world.write("sereno.toml", text);
        for (lang, word, errors) in [("C.UTF-8", words[0], "has errors"), ("es_AR.UTF-8", words[1], "tiene errores")] {
            let said = said(world.command(&["run", "say-it"]).env("LANG", lang).output().expect("it runs"));
            assert_eq!(said.code, Some(2), "{text}: {said:?}");
            assert!(said.err.contains(place) && said.err.contains(word), "{text}: {said:?}");
            assert!(said.err.contains(errors), "{text}: {said:?}");
        }
    }
}

#[test]
fn settings_with_a_slip_name_the_nearest_key() {
    let world = World::with_runbook(RUNBOOK);
    world.write("sereno.toml", "[policy]\npause_secnds = 3\n");
    let said = world.sereno(&["runbook", "list"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("pause_seconds") && said.err.contains("sereno.toml:2"), "{said:?}");
}
