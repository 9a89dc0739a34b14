//! The runbook's own commands, known as operations and proved, on real containers.

use crate::pedidos::{Pedidos, docker_answers};
use crate::world::{Said, json, skipped};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

const RUNBOOK: &str = "# Operaciones

## Reiniciar la api

```bash
docker-compose restart api
```

## Reiniciar por contenedor

```bash
docker restart CONTENEDOR
```

## Escalar

```bash
docker-compose up -d --no-deps --no-recreate --scale worker=2 worker
```

## Detener el worker

```bash
docker-compose stop worker
```

## Arrancar el worker

```bash
docker-compose start worker
```

## Reiniciar dos veces

1. Una vez:

```bash
docker-compose restart api
```

2. Y otra:

```bash
docker-compose restart api
```

## Reiniciar y mirar

```bash
echo antes
docker-compose restart api
echo después
```

## Reiniciar en una sesión

1. Lo que se usa después:

```bash
NOMBRE=api
trap 'echo adiós-$NOMBRE' EXIT
```

2. El reinicio:

```bash
docker-compose restart api
```

3. Lo que sigue:

```bash
echo hola-$NOMBRE
```

## Reiniciar si se puede

```bash
docker-compose restart api || true
```

## Reiniciar en otra parte

```bash
cd /tmp
docker-compose restart api
```

## Reiniciar en otro motor

```bash
export DOCKER_HOST=tcp://otro:2375
docker-compose restart api
```
";

fn last_run(pedidos: &Pedidos) -> (String, String) {
    let rows = json(&pedidos.sereno(&["runs", "list", "--format", "json"]));
    let text = |name: &str| rows[0][name].as_str().expect("a text").to_owned();
    (text("id"), text("state"))
}

fn started(pedidos: &Pedidos, service: &str) -> Vec<String> {
    let ids = Command::new("docker-compose").args(["ps", "-q", service]).current_dir(&pedidos.dir).output();
    let ids = String::from_utf8(ids.expect("docker-compose runs").stdout).expect("UTF-8");
    let inspect = |id: &str| {
        let form = "{{.State.Running}} {{.State.StartedAt}} {{.Name}}";
        let output = Command::new("docker").args(["inspect", "-f", form, id]).output().expect("docker runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    ids.split_whitespace().map(inspect).collect()
}

/// The steps of a plan: its texts.
fn planned(pedidos: &Pedidos, procedure: &str) -> Vec<String> {
    let said = pedidos.sereno(&["plan", procedure, "--runbook", "OPS.md", "--format", "json"]);
    let plan = json(&said);
    assert!(!said.err.contains("nada comprueba"), "{said:?}");
    plan["steps"].as_array().expect("steps").iter().map(|s| s["text"].as_str().expect("a text").to_owned()).collect()
}

fn run(pedidos: &Pedidos, procedure: &str) -> Said {
    pedidos.sereno(&["run", procedure, "--runbook", "OPS.md", "--yes", "--reason", "prueba"])
}

#[test]
fn the_runbooks_own_commands_are_proved() {
    if !docker_answers() {
        return skipped("no Docker Engine with docker-compose answers");
    }
    let Some(pedidos) = Pedidos::up_on("compose") else { return };
    let container = started(&pedidos, "api")[0].rsplit('/').next().expect("a name").to_owned();
    fs::write(pedidos.dir.join("OPS.md"), RUNBOOK.replace("CONTENEDOR", &container)).expect("written");
    fs::write(pedidos.dir.join("sereno.toml"), "[policy]\npause_seconds = 1\n").expect("written");
    a_restart_is_looked_at_before_and_proved_after(&pedidos, &container);
    scale_and_stop_are_proved(&pedidos);
    what_is_not_plain_or_goes_elsewhere_is_left_alone(&pedidos);
    a_platform_that_does_not_answer_is_a_note(&pedidos);
    native_puts_serenos_own_in_its_place(&pedidos);
    a_command_that_lies_is_not_verified(&pedidos);
}

fn a_restart_is_looked_at_before_and_proved_after(pedidos: &Pedidos, container: &str) {
    let texts = planned(pedidos, "reiniciar la api");
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[0].starts_with("sereno operate look") && texts[2].starts_with("sereno operate await"), "{texts:?}");
    assert_eq!(texts[1].trim(), "docker-compose restart api", "the author's command is what runs");
    let shown = pedidos.sereno(&["plan", "reiniciar la api", "--runbook", "OPS.md"]);
    assert!(shown.out.contains("= sereno restart api"), "{shown:?}");
    for procedure in ["reiniciar la api", "reiniciar por contenedor", "reiniciar y mirar", "reiniciar dos veces"] {
        let before = started(pedidos, "api");
        let said = run(pedidos, procedure);
        assert_eq!(said.code, Some(0), "{procedure}: {said:?}");
        assert_eq!(last_run(pedidos).1, "verified", "{procedure}: {said:?}");
        assert_ne!(started(pedidos, "api"), before, "{procedure}");
    }
    let said = run(pedidos, "reiniciar en una sesión");
    assert_eq!((said.code, last_run(pedidos).1.as_str()), (Some(0), "verified"), "{said:?}");
    let once = |text: &str| said.out.lines().filter(|line| line.trim() == text).count() == 1;
    assert!(once("hola-api") && once("adiós-api"), "the session goes on around the proof: {said:?}");
    let texts = planned(pedidos, "reiniciar por contenedor");
    assert!(texts[2].contains(&format!("--instance={container}")), "only the container that is named: {texts:?}");
}

fn scale_and_stop_are_proved(pedidos: &Pedidos) {
    let scaled = run(pedidos, "escalar");
    assert_eq!((scaled.code, last_run(pedidos).1.as_str()), (Some(0), "verified"), "{scaled:?}");
    assert_eq!(started(pedidos, "worker").len(), 2);
    let texts = planned(pedidos, "detener el worker");
    assert_eq!(texts.len(), 2, "{texts:?}");
    let stopped = run(pedidos, "detener el worker");
    assert_eq!((stopped.code, last_run(pedidos).1.as_str()), (Some(0), "verified"), "{stopped:?}");
    assert!(started(pedidos, "worker").iter().all(|state| state.starts_with("false")));
    assert_eq!(run(pedidos, "arrancar el worker").code, Some(0));
}

fn what_is_not_plain_or_goes_elsewhere_is_left_alone(pedidos: &Pedidos) {
    for procedure in ["reiniciar si se puede", "reiniciar en otra parte", "reiniciar en otro motor"] {
        let texts = planned(pedidos, procedure);
        assert!(texts.iter().all(|text| !text.contains("sereno operate")), "{procedure}: {texts:?}");
    }
}

fn a_platform_that_does_not_answer_is_a_note(pedidos: &Pedidos) {
    let mut command = pedidos.command(&["plan", "reiniciar la api", "--runbook", "OPS.md"]);
    let said = crate::world::said(command.env("DOCKER_HOST", "unix:///nowhere.sock").output().expect("it runs"));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("nada comprueba") && !said.out.contains("sereno operate"), "{said:?}");
}

fn native_puts_serenos_own_in_its_place(pedidos: &Pedidos) {
    let settings = "[policy]\npause_seconds = 1\n[platform]\nnative = true\n";
    fs::write(pedidos.dir.join("sereno.toml"), settings).expect("written");
    let texts = planned(pedidos, "reiniciar la api");
    assert!(texts[0].starts_with("sereno operate restart"), "{texts:?}");
    assert!(texts.iter().all(|text| !text.contains("docker-compose")), "{texts:?}");
    let before = started(pedidos, "api");
    let said = run(pedidos, "reiniciar la api");
    assert_eq!((said.code, last_run(pedidos).1.as_str()), (Some(0), "verified"), "{said:?}");
    assert_ne!(started(pedidos, "api"), before);
    let texts = planned(pedidos, "reiniciar y mirar");
    assert!(texts[1].contains("echo antes") && texts[1].contains("docker-compose restart api"), "{texts:?}");
    let texts = planned(pedidos, "reiniciar dos veces");
    let own = texts.iter().filter(|text| text.starts_with("sereno operate restart")).count();
    let authors = texts.iter().filter(|text| text.trim() == "docker-compose restart api").count();
    assert_eq!((own, authors), (1, 1), "what was seen of it is not what will be there: {texts:?}");
    let said = run(pedidos, "reiniciar dos veces");
    assert_eq!((said.code, last_run(pedidos).1.as_str()), (Some(0), "verified"), "{said:?}");
}

/// A `docker-compose` that does what a script says.
fn stub(pedidos: &Pedidos, script: &str) -> std::ffi::OsString {
    let folder: PathBuf = pedidos.dir.join("stub");
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("docker-compose");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("permissions");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).expect("a PATH")
}

fn run_with(pedidos: &Pedidos, procedure: &str, path: &std::ffi::OsString) -> Said {
    let mut command = pedidos.command(&["run", procedure, "--runbook", "OPS.md", "--yes"]);
    crate::world::said(command.env("PATH", path).output().expect("the binary runs"))
}

fn a_command_that_lies_is_not_verified(pedidos: &Pedidos) {
    let settings = "[policy]\npause_seconds = 1\nstep_timeout = \"30s\"\n";
    fs::write(pedidos.dir.join("sereno.toml"), settings).expect("written");
    let before = started(pedidos, "api");
    let said = run_with(pedidos, "reiniciar la api", &stub(pedidos, "exit 0"));
    assert_eq!(said.code, Some(1), "{said:?}");
    let (lied, state) = last_run(pedidos);
    assert!(state != "verified" && state != "done", "{state}: {said:?}");
    assert_eq!(started(pedidos, "api"), before);
    assert_eq!(pedidos.sereno(&["runs", "cancel", &lied, "--reason", "prueba"]).code, Some(0));
    // The first restart takes place, the second only says so: it is not proved by what the first replaced.
    let once = pedidos.dir.join("once");
    let script = format!(
        "test -e {0} && exit 0\ntouch {0}\nexec /usr/bin/env PATH=\"${{PATH#*:}}\" docker-compose \"$@\"",
        once.display()
    );
    let said = run_with(pedidos, "reiniciar dos veces", &stub(pedidos, &script));
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_ne!(started(pedidos, "api"), before, "the first one did: {said:?}");
    let (twice, state) = last_run(pedidos);
    assert!(state != "verified" && state != "done", "{state}: {said:?}");
    assert_eq!(pedidos.sereno(&["runs", "cancel", &twice, "--reason", "prueba"]).code, Some(0));
    // What was left out is not proved.
    let said = run_with(pedidos, "reiniciar la api", &stub(pedidos, "exit 7"));
    assert_eq!(said.code, Some(1), "{said:?}");
    let (failed, _) = last_run(pedidos);
    let skipped = pedidos.sereno(&["runs", "resume", &failed, "--skip", "no hace falta"]);
    assert_eq!((skipped.code, last_run(pedidos).1.as_str()), (Some(0), "done"), "{skipped:?}");
    assert!(!skipped.out.contains("await"), "{skipped:?}");
}
