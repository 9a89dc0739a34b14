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

/// The last line of stderr as the error that it has to be.
fn error_as_json(said: &crate::world::Said) -> Value {
    let last = said.err.lines().last().unwrap_or_default();
    let error: Value = serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    assert_eq!(error["exit"].as_i64(), said.code.map(i64::from), "{said:?}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{said:?}");
    assert!(error["hint"].is_null() || error["hint"].is_string(), "{said:?}");
    error
}

#[test]
fn with_a_format_for_machines_every_command_tells_its_error_as_one_object() {
    let world = World::with_runbook(RUNBOOK);
    world.write("bad.toml", "[policy]\npause_secs = 1\n");
    let cases: &[(&[&str], &str, &str)] = &[
        (&["check", "RUNBOK.md"], "usage", "there is no file RUNBOK.md"),
        (&["runbook", "list", "none.md"], "usage", "there is no file"),
        (&["runbook", "show", "none.md"], "usage", "there is no file"),
        (&["runbook", "inspect", "none.md"], "usage", "there is no file"),
        (&["runbook", "coverage", "none.md"], "usage", "there is no file"),
        (&["plan", "restart the apy"], "usage", "no procedure is named"),
        (&["run", "scale"], "refused", "values are missing"),
        (&["run", "say-it", "--timeout", "soon"], "usage", "--timeout"),
        (&["runs", "show", "zzz"], "usage", "there is no run"),
        (&["runs", "resume", "zzz"], "usage", "there is no run"),
        (&["runs", "cancel", "zzz", "--reason", "x"], "usage", "there is no run"),
        (&["runs", "undo", "zzz"], "usage", "there is no run"),
        (&["approve", "zzz"], "usage", "there is no run"),
        (&["audit", "verify", "none.jsonl"], "usage", "none.jsonl"),
        (&["--settings", "bad.toml", "runs", "list"], "usage", "bad.toml:2: "),
        (&["runs", "resum"], "usage", "unrecognized subcommand 'resum'"),
        (&["plan"], "usage", "required arguments were not provided"),
        (&["effects", "ls", "--zzz"], "usage", "unexpected argument '--zzz'"),
    ];
    for (arguments, code, message) in cases {
        let said = world.sereno(&[*arguments, &["--format", "json"]].concat());
        let error = error_as_json(&said);
        assert_eq!(error["code"], *code, "{arguments:?}: {said:?}");
        assert!(error["message"].as_str().is_some_and(|m| m.contains(message)), "{arguments:?}: {said:?}");
        for line in said.err.lines() {
            serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line} of {said:?}"));
        }
    }
    let sarif = world.sereno(&["check", "RUNBOK.md", "--format=sarif"]);
    assert_eq!(error_as_json(&sarif)["hint"], "did you mean ./RUNBOOK.md?");
    assert_eq!(error_as_json(&world.sereno(&["runs", "list", "--format", "sarif"]))["code"], "usage");
    let spanish = world.command(&["runs", "resum", "--format", "json"]).env("LANG", "es_AR.UTF-8").output();
    let spanish = error_as_json(&said(spanish.expect("it runs")));
    assert_eq!(spanish["message"], "no existe el comando `resum`");
    assert_eq!(spanish["hint"], "¿quiso decir `resume`?");
}

#[test]
fn a_path_with_a_control_character_is_refused_at_once() {
    let world = World::with_runbook(RUNBOOK);
    for arguments in [
        &["check", "RUNBOOK.md\n"][..],
        &["runbook", "show", "a\u{7}b.md"],
        &["run", "say-it", "--runbook", "RUNBOOK.md\nx", "--yes"],
        &["--settings", "se\nreno.toml", "runs", "list"],
        &["audit", "export", "out\n.jsonl"],
        &["audit", "verify", "\r"],
    ] {
        let said = world.sereno(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:?}");
        assert!(said.err.contains("a path holds a control character: \""), "{arguments:?}: {said:?}");
        let spanish = world.command(arguments).env("LANG", "es_AR.UTF-8").output().expect("it runs");
        assert!(crate::world::said(spanish).err.contains("una ruta tiene un carácter de control"), "{arguments:?}");
    }
    assert!(!world.path().join(".sereno").exists(), "nothing was begun");
}

#[test]
fn every_command_on_a_runbook_takes_it_by_name() {
    let world = World::with_runbook("# Nothing\n");
    world.write("other.md", RUNBOOK);
    for command in ["list", "show", "coverage", "inspect"] {
        let by_name = world.sereno(&["runbook", command, "--runbook", "other.md"]);
        assert_eq!(by_name.code, Some(0), "{by_name:?}");
        assert_eq!(by_name.out, world.sereno(&["runbook", command, "other.md"]).out);
        let both = world.sereno(&["runbook", command, "other.md", "--runbook", "other.md"]);
        assert_eq!(both.code, Some(2), "{both:?}");
    }
    assert!(world.sereno(&["runbook", "list", "--runbook", "other.md"]).out.contains("restart-the-api"));
    assert_eq!(world.sereno(&["check", "--runbook", "other.md"]).out, world.sereno(&["check", "other.md"]).out);
}

#[test]
fn checking_quotes_no_secret() {
    let world = World::with_runbook(
        "# S\n\n## Deploy\n\n```bash\nmysql -u app -pcorrecthorse orders -e 'select 1' || echo x\n\
         PGPASSWORD=hunter2xyz psql -c 'select 1' || echo ok\n\
         curl -f https://app:s3cr3tpw@db.example.com/x || echo 'ñandú-azul'\n\
         kubectl create secret generic x --from-literal=key=abc123def456\n```\n",
    );
    fs::write(world.path().join(".env"), b"DB_PASSWORD=correcthorse\nAPP_SECRET=\xf1and\xfa-azul\n").expect("written");
    for format in ["text", "json", "sarif"] {
        let said = world.sereno(&["check", "--format", format, "--fail-on", "never"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains("swallowed-failure"), "{said:?}");
        for secret in ["correcthorse", "hunter2xyz", "s3cr3tpw", "abc123def456", "ñandú-azul"] {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{format} {secret}: {}", said.out);
        }
    }
    let text = world.sereno(&["check"]).out;
    assert!(text.contains("PGPASSWORD=********** psql"), "{text}");
}

#[test]
fn no_value_becomes_syntax_by_where_it_stands() {
    let world = World::with_runbook(
        "# V\n\n## Note\n\n```bash\ncat > note.txt <<EOF\n<text>\ntouch pwned\nEOF\n```\n\n\
         ## Hand on\n\n```bash\nbash -c \"echo $VERSION >> ledger\"\n```\n\n\
         ## Plain\n\n```bash\necho \"$VERSION\" >> ledger\n```\n",
    );
    for value in ["EOF", "x\nEOF\ntouch pwned", "$(touch pwned)", "`touch pwned`", "'; touch pwned; '"] {
        let said = world.sereno(&["run", "note", "--yes", "-p", &format!("text={value}")]);
        assert_eq!(said.code, Some(3), "{value}: {said:?}");
    }
    for value in ["1; touch pwned", "$(touch pwned)", "-x"] {
        let said = world.sereno(&["run", "hand-on", "--yes", "-p", &format!("VERSION={value}")]);
        assert_eq!(said.code, Some(3), "{value}: {said:?}");
    }
    let attack = "1; touch pwned $(touch pwned) `touch pwned` 'a\" -x";
    let said = world.sereno(&["run", "plain", "--yes", "-p", &format!("VERSION={attack}")]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(world.read("ledger"), format!("{attack}\n"));
    assert!(!world.path().join("pwned").exists());
}
