//! `sereno init`: what it finds on a real system, and what it makes of a folder that means no good.

use crate::pedidos::Pedidos;
use crate::world::{World, json, said, skipped};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

fn texts<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().expect("a list").iter().map(|one| one[key].as_str().expect("a text")).collect()
}

/// On the lab's Pedidos, which runs; it has no settings yet, and has some afterwards.
pub(crate) fn finds_a_system_on_compose(pedidos: &Pedidos) {
    let redis = |arguments: &[&str]| {
        let mut command = Command::new("docker-compose");
        let output =
            command.args(["exec", "-T", "redis", "redis-cli"]).args(arguments).current_dir(&pedidos.dir).output();
        assert!(output.expect("docker-compose runs").status.success());
    };
    redis(&["hset", "bull:emails:meta", "version", "bullmq:5"]);
    redis(&["sadd", "_kombu.binding.celery", "celery"]);
    let shown = pedidos.sereno(&["init", "--plan"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(!pedidos.dir.join("sereno.toml").exists());
    let written = pedidos.sereno(&["init", "--format", "json"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    redis(&["del", "bull:emails:meta", "_kombu.binding.celery"]);
    let answer = json(&written);
    let found = &answer["found"];
    assert_eq!((&answer["done"], &found["platform"]["kind"]), (&"written".into(), &"compose".into()), "{answer}");
    assert_eq!(found["services"], serde_json::json!(["api", "worker"]));
    assert_eq!(texts(&found["stores"], "kind"), ["postgresql", "redis"]);
    assert_eq!(found["stores"][1]["services"], serde_json::json!(["redis"]));
    assert!(texts(&found["health"], "url").iter().any(|url| url.ends_with("/health")), "{found}");
    assert!(
        texts(&found["health"], "url").iter().any(|url| url.ends_with("/health/redis")),
        "the runbook's own: {found}"
    );
    assert_eq!(texts(&found["metrics"], "url").len(), 1, "{found}");
    assert_eq!(texts(&found["queues"], "name"), ["emails", "celery"]);
    assert_eq!(texts(&found["migrations"], "place"), ["migrations"]);
    assert_eq!(texts(&found["runbooks"], "file"), ["RUNBOOK.md"], "a translation is no second runbook");
    for line in fs::read_to_string(pedidos.dir.join(".env")).expect(".env").lines() {
        let secret = line.split_once('=').filter(|(name, _)| name.contains("PASSWORD") || name.contains("SECRET"));
        if let Some((name, value)) = secret {
            assert!(!shown.out.contains(value) && !written.out.contains(value), "{name} was shown");
        }
    }
    let file = fs::read(pedidos.dir.join("sereno.toml")).expect("the file");
    assert!(shown.out.contains(std::str::from_utf8(&file).expect("UTF-8").lines().next().expect("a line")));
    let again = pedidos.sereno(&["init", "--format", "json"]);
    assert_eq!((again.code, &json(&again)["done"]), (Some(0), &"kept".into()), "{again:?}");
    assert_eq!(fs::read(pedidos.dir.join("sereno.toml")).expect("the file"), file);
    assert_eq!(pedidos.sereno(&["status"]).code, Some(0));
}

#[test]
fn a_folder_that_means_no_good_is_read_and_told_in_plain_characters() {
    let world = World::with_runbook(
        "# Runbook\n\n## Restart the API\n\n1. Restart it:\n\n```bash\nsystemctl restart api\n```\n",
    );
    let at = |name: &str| world.path().join(name);
    world.write(
        "docker-compose.yml",
        "services:\n  \"api\\e[2J\\n[people]\": {image: i, ports: [\"127.0.0.1:1:80\"]}\n  db: {image: postgres}\n",
    );
    world.write("docker-compose.broken.yml", "services: [hunter2hunter2");
    fs::write(
        at(".env"),
        b"REDIS_URL=redis://u:hunter2hunter2@10.255.255.1:6379\x1b[2J\nX=\xff\x00\x07\n\x1b]0;t\x07=1\n",
    )
    .expect("a file");
    fs::write(at("noise.md"), [0xff, 0xfe, 0x1b, 0x00, 0x80]).expect("a file");
    fs::File::create(at("huge.md")).expect("a file").set_len(1 << 32).expect("a length");
    symlink(world.path(), at("circle")).expect("a link");
    symlink("loop.md", at("loop.md")).expect("a link");
    fs::create_dir(at("closed")).expect("a folder");
    fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o000)).expect("permissions");
    let said = world.sereno(&["init"]);
    fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o755)).expect("permissions");
    assert_eq!(said.code, Some(0), "{said:?}");
    let all = format!("{}{}{}", said.out, said.err, world.read("sereno.toml"));
    assert!(!all.contains(|c: char| c.is_control() && c != '\n'), "{all:?}");
    assert!(!all.contains("hunter2"), "{all}");
    assert!(
        said.err.contains("huge.md is too large") && said.err.contains("REDIS_URL is not on this machine"),
        "{said:?}"
    );
    // What was written is read by every command after it, and nobody was made a person by a name.
    let status = world.command(&["status"]).env("DOCKER_HOST", "unix:///nowhere/docker.sock").output();
    let status = crate::world::said(status.expect("the binary runs"));
    assert!(status.err.contains("unix:///nowhere/docker.sock"), "the settings are right: {status:?}");
}

#[test]
fn what_a_person_wrote_stays_and_where_nothing_is_nothing_is_written() {
    let world = World::with_runbook(
        "# Runbook\n\n## Incident: API down\n\n**Symptoms:** nothing answers\n\n```bash\nls\n```\n",
    );
    let own = "# ours\n[system]\nname = \"tienda\"\n";
    world.write("sereno.toml", own);
    let kept = world.sereno(&["init"]);
    assert_eq!((kept.code, world.read("sereno.toml").as_str()), (Some(0), own), "{kept:?}");
    assert!(kept.err.contains("not set in sereno.toml: [system] runbooks"), "{kept:?}");
    let plan = world.sereno(&["init", "--plan"]);
    assert!(plan.code == Some(0) && plan.out.contains("runbooks = [\"RUNBOOK.md\"]"), "{plan:?}");
    let empty = World::with_runbook("");
    let nothing = empty.sereno(&["init"]);
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
    assert!(nothing.err.contains("nothing to write down") && !empty.path().join("sereno.toml").exists(), "{nothing:?}");
}

#[test]
fn a_full_disk_leaves_no_half_file() {
    let world = World::with_runbook("# T\n");
    let small = world.path().join("small");
    fs::create_dir(&small).expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(&small).output();
    if !mounted.is_ok_and(|mounted| mounted.status.success()) {
        return skipped("a disk of one's own needs root and the right to mount");
    }
    let disk = Mounted(&small);
    fs::write(small.join("docker-compose.yml"), "services: {a: {image: i}}\n").expect("a file");
    let _ = Command::new("dd")
        .args(["if=/dev/zero", "bs=1k"])
        .arg(format!("of={}", small.join("filler").display()))
        .output();
    let mut command = world.command(&["init"]);
    let said = said(command.current_dir(&small).output().expect("the binary runs"));
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("the disk is full"), "{said:?}");
    let mut left: Vec<_> = fs::read_dir(&small).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    left.sort();
    assert_eq!(left, ["docker-compose.yml", "filler"]);
    drop(disk);
}

struct Mounted<'p>(&'p Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // A folder that stays mounted is seen when the temporary folder cannot be removed.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_procfile_and_apps_of_pm2_are_written_down_and_can_be_run() {
    let world = World::with_runbook("");
    world.write("Procfile", "web: sh -c 'echo up $NAME; exec sleep 1000'\nrelease: true\nclock: sleep 1000\n");
    world.write(".env", "NAME=tienda\n");
    fs::create_dir(world.path().join("k8s")).expect("a folder");
    world.write("k8s/api.yaml", "kind: Deployment\n");
    let init = world.sereno(&["init"]);
    assert_eq!(init.code, Some(0), "{init:?}");
    assert!(init.err.contains("`release` runs once") && init.err.contains("manifests of Kubernetes"), "{init:?}");
    let status = json(&world.sereno(&["status", "--format", "json"]));
    let names = status["components"].as_array().expect("a list").iter().map(|c| c["name"].as_str().expect("a name"));
    assert_eq!(names.collect::<Vec<_>>(), ["web", "clock"]);

    let other = World::with_runbook("");
    other.write("ecosystem.config.js", "module.exports = { apps: [{ name: 'api', script: 'api.js' }] };\n");
    let init = other.sereno(&["init", "--format", "json"]);
    assert_eq!(init.code, Some(0), "{init:?}");
    let platform = &json(&init)["found"]["platform"];
    assert_eq!(platform, &serde_json::json!({"kind": "pm2", "units": ["api"]}));
    assert!(other.read("sereno.toml").contains("units = [\"api\"]"));
}

#[test]
fn a_platform_of_others_is_found_by_its_own_file_and_told_beside_another() {
    let blueprint =
        "services:\n  - {type: web, name: orion-api, runtime: node}\n  - {type: worker, name: orion-worker}\n";
    let world = World::with_runbook("");
    world.write("render.yaml", blueprint);
    world.write("Procfile", "web: node index.js\n");
    let init = world.sereno(&["init"]);
    assert_eq!(init.code, Some(0), "{init:?}");
    assert!(init.err.contains("Procfile: processes web"), "{init:?}");
    let written = world.read("sereno.toml");
    assert!(written.contains("kind = \"render\"\nservices = [\"orion-api\", \"orion-worker\"]"), "{written}");
    let status = world.sereno(&["status"]);
    assert!(status.code != Some(0) && status.err.contains("RENDER_API_KEY"), "it is asked for: {status:?}");

    let both = World::with_runbook("");
    both.write("docker-compose.yml", "services:\n  api:\n    image: orion\n");
    both.write("railway.toml", "[deploy]\n");
    let init = both.sereno(&["init"]);
    assert_eq!(init.code, Some(0), "{init:?}");
    assert!(init.err.contains("railway.toml: kind = \"railway\" in [platform]"), "{init:?}");
    assert!(both.read("sereno.toml").contains("kind = \"compose\""), "what is here comes first");
}

#[test]
fn what_is_no_regular_file_is_refused_and_never_waited_for() {
    let world = World::with_runbook("# T\n");
    let pipe = |name: &str| {
        let path = world.path().join(name);
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
    };
    let told = |arguments: &[&str], file: &str| {
        let mut command = Command::new("timeout");
        command.arg("60").arg(crate::world::binary()).args(arguments).current_dir(world.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", world.path());
        let said = said(command.output().expect("timeout runs"));
        assert_ne!(said.code, Some(124), "{file}: it waited");
        assert!(said.err.contains(file) && said.err.contains("no regular file"), "{file}: {said:?}");
        said
    };
    pipe(".env");
    told(&["check"], ".env");
    fs::remove_file(world.path().join(".env")).expect("removed");
    pipe("docker-compose.yml");
    assert_eq!(told(&["status"], "docker-compose.yml").code, Some(1));
    pipe("sereno.toml");
    assert_eq!(told(&["status"], "sereno.toml").code, Some(2));
    fs::remove_file(world.path().join("sereno.toml")).expect("removed");
    pipe("kube");
    world.write("sereno.toml", "[platform]\nkind = \"kubernetes\"\nkubeconfig = \"kube\"\n");
    assert_eq!(told(&["status"], "kube").code, Some(2));
    pipe("RUNBOOK.md");
    assert_eq!(told(&["check"], "RUNBOOK.md").code, Some(2));
    symlink("/dev/zero", world.path().join("own.env")).expect("a link");
    world.write("sereno.toml", "[[processes]]\nname = \"a\"\ncommand = [\"true\"]\nenv_file = \"own.env\"\n");
    told(&["up", "--yes"], "own.env");
}
