//! What only looks — events, versions, environment, disk, files — on the real parts that other tests have brought up. What is
//! shown is compared with what the parts themselves say.

use crate::kubernetes::Cluster;
use crate::pedidos::Pedidos;
use crate::processes::System;
use crate::services::Servers;
use crate::world::{Said, json, skipped, until};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the program runs");
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn sha256(path: &Path) -> String {
    run("sha256sum", &["--", path.to_str().expect("UTF-8")]).split(' ').next().expect("a digest").to_owned()
}

fn list(said: &Said, key: &str) -> Vec<Value> {
    assert_eq!(said.code, Some(0), "{said:?}");
    json(said)[key].as_array().unwrap_or_else(|| panic!("no {key}: {said:?}")).clone()
}

fn named<'v>(all: &'v [Value], name: &str) -> &'v Value {
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}: {all:?}"))
}

/// What lies in a folder under a name that is not yet its own.
fn half_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let halves = entries.filter(|entry| entry.file_name().to_string_lossy().contains(".sereno-"));
    halves.map(|entry| entry.path()).collect()
}

/// Begins to copy what has no end soon, and waits until some of it has come.
fn begun(mut command: Command, folder: &Path) -> Child {
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    until("some of it has come", || {
        half_files(folder).iter().any(|path| fs::metadata(path).is_ok_and(|meta| meta.len() > 1 << 20))
    });
    child
}

/// A small disk, freed when it is dropped. Only root can mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(place: &Path) -> Option<Self> {
        fs::create_dir_all(place).expect("made");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(place).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(place.to_owned()));
        }
        skipped("a small disk can be mounted by root only");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

pub(crate) fn on_compose(pedidos: &Pedidos) {
    let container = |service: &str| {
        let ids = Command::new("docker-compose").args(["ps", "-q", service]).current_dir(&pedidos.dir).output();
        String::from_utf8(ids.expect("docker-compose runs").stdout).expect("UTF-8").trim().to_owned()
    };
    compose_files(pedidos, &container("redis"));
    compose_environment(pedidos);
    compose_versions(pedidos, &container("api"));
    compose_disk(pedidos);
    compose_events(pedidos, &container("redis"));
}

fn compose_files(pedidos: &Pedidos, redis: &str) {
    let make = "head -c 7000000 /dev/urandom > /tmp/big; ln -sf ../tmp/big /tmp/link; mkfifo /tmp/pipe; : > /tmp/empty; sha256sum /tmp/big";
    let digest = run("docker", &["exec", redis, "sh", "-c", make]).split(' ').next().expect("a digest").to_owned();
    let place = |name: &str| pedidos.dir.join(name);
    let copied = pedidos.sereno(&["cp", "redis:/tmp/big", "big", "--reason", "prueba"]);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert_eq!(sha256(&place("big")), digest);
    assert_eq!(fs::metadata(place("big")).expect("there").permissions().mode() & 0o777, 0o600);
    let again = pedidos.sereno(&["cp", "redis:/tmp/empty", "big"]);
    assert!(again.code == Some(3) && again.err.contains("ya existe"), "{again:?}");
    assert_eq!(sha256(&place("big")), digest, "what is there stays");
    let told = pedidos.sereno(&["cp", "redis:/tmp/link", "big", "--force", "--format", "json"]);
    assert_eq!((told.code, json(&told)["sha256"].as_str()), (Some(0), Some(digest.as_str())), "{told:?}");
    let empty = pedidos.sereno(&["cp", "redis:/tmp/empty", "."]);
    assert!(empty.code == Some(0) && place("empty").exists(), "{empty:?}");
    let shown = pedidos.sereno(&["cp", "redis:/etc/hostname", "-"]);
    assert_eq!((shown.code, shown.out.trim()), (Some(0), &redis[..12]), "{shown:?}");
    for (path, why) in [
        ("/nada", "no existe ese archivo"),
        ("/tmp", "es un directorio"),
        ("/tmp/pipe", "no es un archivo común"),
        ("/dev/zero", "no es un archivo común"),
    ] {
        let refused = pedidos.sereno(&["cp", &format!("redis:{path}"), "no"]);
        assert!(refused.code == Some(1) && refused.err.contains(why), "{path}: {refused:?}");
        assert!(!place("no").exists() && half_files(&pedidos.dir).is_empty(), "{path}");
    }
    if let Some(disk) = SmallDisk::mount(&place("small")) {
        let full = pedidos.sereno(&["cp", "redis:/tmp/big", "small/"]);
        assert!(full.code == Some(1) && full.err.contains("el disco está lleno"), "{full:?}");
        assert_eq!(fs::read_dir(&disk.0).expect("a folder").count(), 0, "half a file is none");
    }
    let journal = pedidos.sereno(&["audit", "export"]).out;
    let entries: Vec<Value> = journal.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |kind: &str| {
        entries.iter().filter(|line| line["entry"]["kind"] == kind).map(|l| &l["entry"]["data"]).collect::<Vec<_>>()
    };
    let (started, ended) = (of("copy.started"), of("copy.ended"));
    assert_eq!(started.len(), ended.len(), "{journal}");
    assert_eq!((&started[0]["path"], &started[0]["reason"]), (&"/tmp/big".into(), &"prueba".into()));
    assert_eq!((&ended[0]["outcome"], &ended[0]["sha256"]), (&"succeeded".into(), &digest.as_str().into()));
    assert!(ended.iter().any(|one| one["outcome"] == "failed"), "{ended:?}");
    assert_eq!(pedidos.sereno(&["audit", "verify"]).code, Some(0));
    // A container that does not run has files too.
    run("docker", &["stop", "-t", "5", redis]);
    let of_stopped = pedidos.sereno(&["cp", "redis:/tmp/big", "-"]);
    assert_eq!(of_stopped.code, Some(0), "{:?}", of_stopped.err);
    run("docker", &["start", redis]);
}

fn compose_environment(pedidos: &Pedidos) {
    let own = fs::read_to_string(pedidos.dir.join(".env")).expect(".env");
    let password = own.lines().find_map(|line| line.strip_prefix("POSTGRES_PASSWORD=")).expect("a password");
    let shown = pedidos.sereno(&["env", "api"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.out.contains("DATABASE_URL") && !shown.out.contains(password), "{shown:?}");
    let of = |service: &str| list(&pedidos.sereno(&["env", service, "--format", "json"]), "variables");
    let (api, worker, postgres) = (of("api"), of("worker"), of("postgres"));
    assert_eq!(named(&api, "PATH")["source"], "image");
    assert_eq!((&named(&api, "PORT")["value"], &named(&api, "PORT")["redacted"]), (&"3000".into(), &false.into()));
    let print = |all: &[Value], name: &str| named(all, name)["fingerprint"].as_str().expect("a fingerprint").to_owned();
    assert_eq!(print(&api, "DATABASE_URL"), print(&worker, "DATABASE_URL"), "one database");
    let secret = named(&postgres, "POSTGRES_PASSWORD");
    assert_eq!((&secret["value"], &secret["redacted"]), (&"[redacted]".into(), &true.into()));
    fs::write(pedidos.dir.join("needs.env"), "DATABASE_URL=\nPORT=3000\nNO_ESTA=\n# HOST=0.0.0.0\n").expect("written");
    let missing = pedidos.sereno(&["env", "api", "--against", "needs.env"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.out.contains("falta  NO_ESTA") && missing.out.contains("sin declarar  REDIS_URL"), "{missing:?}");
    assert!(!missing.out.contains("HOST") && !missing.out.contains("PATH"), "{missing:?}");
    fs::write(pedidos.dir.join("needs.env"), "DATABASE_URL=\nPORT=3000\n").expect("written");
    assert_eq!(pedidos.sereno(&["env", "api", "--against", "needs.env"]).code, Some(0));
    assert_eq!(pedidos.sereno(&["env", "api", "--against", "none.env"]).code, Some(2));
}

fn compose_versions(pedidos: &Pedidos, api: &str) {
    let image = run("docker", &["inspect", "-f", "{{.Config.Image}}", api]);
    let (repository, tag) = image.rsplit_once(':').expect("a tag");
    // Another image of that name: the running one with one layer more.
    let old = format!("{repository}:vieja-{tag}");
    run("docker", &["commit", "--message", "vieja", api, &old]);
    let versions = list(&pedidos.sereno(&["versions", "api", "--format", "json"]), "versions");
    let shown = pedidos.sereno(&["versions", "api"]);
    run("docker", &["rmi", "--no-prune", &old]);
    let is_current =
        |what: &str| versions.iter().find(|version| version["what"] == what).map(|v| v["is_current"].clone());
    assert_eq!((is_current(&image), is_current(&old)), (Some(true.into()), Some(false.into())), "{versions:?}");
    let marked: Vec<&str> = shown.out.lines().filter(|line| line.starts_with('→')).collect();
    assert!(!marked.is_empty() && marked.iter().all(|line| !line.contains("vieja")), "{shown:?}");
}

fn compose_disk(pedidos: &Pedidos) {
    let target =
        json(&pedidos.sereno(&["status", "--format", "json"]))["target"].as_str().expect("a target").to_owned();
    let project = target.strip_prefix("compose:").expect("compose").to_owned();
    let (label, left) = (format!("com.docker.compose.project={project}"), format!("{project}_abandonado"));
    run("docker", &["volume", "create", "--label", &label, &left]);
    let volumes = list(&pedidos.sereno(&["disk", "--format", "json"]), "volumes");
    let shown = pedidos.sereno(&["disk"]);
    run("docker", &["volume", "rm", &left]);
    let data = named(&volumes, &format!("{project}_postgres-data"));
    assert_eq!(data["owners"], serde_json::json!(["postgres"]));
    assert!(data["used"].as_u64().is_some_and(|bytes| bytes > 1 << 20) && data["free"].as_u64() > Some(0), "{data}");
    assert_eq!(named(&volumes, &left)["owners"], serde_json::json!([]));
    assert!(shown.out.lines().any(|line| line.contains("nadie") && line.contains(&left)), "{shown:?}");
    let kinds = |kind: &str| volumes.iter().filter(|volume| volume["kind"] == kind).count();
    assert!(kinds("log") == 4 && kinds("layer") == 4 && kinds("image") >= 1 && kinds("disk") == 1, "{volumes:?}");
    let sizes: Vec<Option<u64>> =
        volumes.iter().filter(|one| one["kind"] != "disk").map(|one| one["used"].as_u64()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b), "the largest first: {sizes:?}");
    let redis = list(&pedidos.sereno(&["disk", "redis", "--format", "json"]), "volumes");
    assert!(redis.iter().all(|one| one["kind"] == "disk" || one["owners"].to_string().contains("redis")), "{redis:?}");
}

fn compose_events(pedidos: &Pedidos, redis: &str) {
    run("docker", &["kill", redis]);
    // `docker kill` does not wait for the end.
    until("its end is told, as something to look at", || {
        let events = list(&pedidos.sereno(&["events", "redis", "--since", "5m", "--format", "json"]), "events");
        let died = events.iter().rfind(|event| event["reason"] == "die");
        died.is_some_and(|died| died["is_warning"] == true && died["message"] == "exit code 137")
    });
    let warnings = pedidos.sereno(&["events", "--warnings"]);
    assert!(warnings.code == Some(0) && warnings.out.contains("exit code 137"), "{warnings:?}");
    let status = pedidos.sereno(&["status", "redis"]);
    assert!(status.out.lines().any(|line| line.starts_with("  · ") && line.contains("exit code 137")), "{status:?}");
    run("docker", &["start", redis]);
    until("it answers again", || pedidos.sereno(&["status", "redis"]).code == Some(0));
}

pub(crate) fn on_kubernetes(cluster: &Cluster) {
    cluster.kubectl(&[
        "create",
        "secret",
        "generic",
        "keys",
        "--from-literal=TOKEN=abc-123-def",
        "--from-literal=PIN=4711",
    ]);
    cluster.kubectl(&["create", "configmap", "common", "--from-literal=LOG_LEVEL=info"]);
    let env = r#", envFrom: [{configMapRef: {name: common}}, {secretRef: {name: keys}}], env: [
        {name: MODE, value: live}, {name: URL, value: "x://$(PIN)/$(MODE)"},
        {name: ALSO, valueFrom: {secretKeyRef: {name: keys, key: TOKEN}}},
        {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}],
        volumeMounts: [{name: scratch, mountPath: /scratch}, {name: data, mountPath: /data}]}],
        volumes: [{name: scratch, emptyDir: {}}, {name: data, persistentVolumeClaim: {claimName: data}"#;
    let script = format!("head -c 5000000 /dev/urandom > /scratch/big; {}", crate::kubernetes::TICKS);
    claims(cluster);
    cluster.apply(&crate::kubernetes::workload("Deployment", "given", Some(1), &script, env));
    until("it runs", || cluster.component("given")["standing"] == "ok");
    kubernetes_environment(cluster);
    kubernetes_files(cluster);
    kubernetes_versions(cluster);
    kubernetes_disk(cluster);
    let silent = watcher(cluster);
    let as_watcher = |arguments: &[&str]| cluster.sereno(&[&["--settings", &silent], arguments].concat());
    let hidden = as_watcher(&["env", "given"]);
    assert_eq!(hidden.code, Some(0), "{hidden:?}");
    assert!(
        hidden.out.contains("[what is there may not be read]") && hidden.out.contains("[may not be read]"),
        "{hidden:?}"
    );
    cluster.world.write("needs.env", "LOG_LEVEL=\nTOKEN=\nALSO=\n");
    let unsure = as_watcher(&["env", "given", "--against", "needs.env"]);
    assert!(unsure.code == Some(1) && unsure.err.contains("may be in what cannot be read"), "{unsure:?}");
    let sizes = list(&as_watcher(&["disk", "--format", "json"]), "volumes");
    let why = named(&sizes, "data")["note"]["en"].as_str().expect("a note").to_owned();
    assert!(why.contains("get nodes/proxy"), "{why}");
    let forbidden = as_watcher(&["events"]);
    assert!(forbidden.code == Some(1) && forbidden.err.contains("list events"), "{forbidden:?}");
    cluster.kubectl(&["delete", "deployment", "given", "--wait=false"]);
    cluster.kubectl(&["delete", "pv", &format!("{}-data", cluster.namespace), "--wait=false"]);
}

/// A claim that a folder of the machine keeps, and one that nothing does.
fn claims(cluster: &Cluster) {
    let (namespace, claim) = (&cluster.namespace, |name: &str, volume: &str| {
        format!(
            "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{accessModes: [ReadWriteOnce], \
             storageClassName: '', volumeName: '{volume}', resources: {{requests: {{storage: 10Mi}}}}}}\n"
        )
    });
    let volume = format!("{namespace}-data");
    let kept = format!(
        "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {volume}}}\nspec: {{accessModes: [ReadWriteOnce], \
         capacity: {{storage: 10Mi}}, persistentVolumeReclaimPolicy: Retain, hostPath: {{path: /tmp, type: Directory}}}}\n"
    );
    cluster.apply(&[kept, claim("data", &volume), claim("lost", &format!("{namespace}-nowhere"))].concat());
}

fn kubernetes_environment(cluster: &Cluster) {
    let all = list(&cluster.sereno(&["env", "given", "--format", "json"]), "variables");
    let of = |name: &str| {
        let one = named(&all, name);
        (one["value"].as_str().unwrap_or("?").to_owned(), one["source"].as_str().expect("a source").to_owned())
    };
    assert_eq!(of("LOG_LEVEL"), ("info".to_owned(), "configmap/common".to_owned()));
    assert_eq!(of("PIN"), ("[redacted]".to_owned(), "secret/keys".to_owned()), "a secret whatever its name");
    assert_eq!(of("ALSO"), ("[redacted]".to_owned(), "secret/keys:TOKEN".to_owned()));
    assert_eq!(named(&all, "ALSO")["fingerprint"], named(&all, "TOKEN")["fingerprint"]);
    assert_eq!(of("URL").0, "[redacted]", "it holds a secret");
    assert!(of("POD").0.starts_with("given-"), "{all:?}");
    let shown = cluster.sereno(&["env", "given"]);
    assert!(!shown.out.contains("abc-123") && !shown.out.contains("4711"), "{shown:?}");
}

fn kubernetes_files(cluster: &Cluster) {
    let pod = cluster.field("pods", ".items[?(@.metadata.labels.app=='given')].metadata.name");
    let digest = cluster.kubectl(&["exec", &pod, "--", "sha256sum", "/scratch/big"]);
    let copied = cluster.sereno(&["cp", "given:/scratch/big", "big"]);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert!(digest.starts_with(&sha256(&cluster.world.path().join("big"))), "{digest}");
    for (path, why) in [("/nowhere", "there is no such file"), ("/etc", "it is a directory"), ("/proc/1/mem", "")] {
        let refused = cluster.sereno(&["cp", &format!("given:{path}"), "no"]);
        assert!(refused.code == Some(1) && refused.err.contains(why), "{path}: {refused:?}");
        assert!(half_files(cluster.world.path()).is_empty() && !cluster.world.path().join("no").exists(), "{path}");
    }
    cluster.kubectl(&["exec", &pod, "--", "truncate", "-s", "200G", "/scratch/endless"]);
    let child = begun(cluster.world.command(&["cp", "given:/scratch/endless", "endless"]), cluster.world.path());
    cluster.kubectl(&["delete", "pod", &pod, "--force", "--grace-period=0"]);
    let said = crate::world::said(child.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(half_files(cluster.world.path()).is_empty(), "{said:?}");
    until("another took its place", || cluster.component("given")["standing"] == "ok");
}

fn kubernetes_versions(cluster: &Cluster) {
    cluster.kubectl(&["annotate", "deployment", "given", "kubernetes.io/change-cause=primera", "--overwrite"]);
    cluster.kubectl(&["set", "image", "deployment/given", "given=nowhere/none:9"]);
    cluster.kubectl(&["annotate", "deployment", "given", "kubernetes.io/change-cause=segunda", "--overwrite"]);
    let versions = || list(&cluster.sereno(&["versions", "given", "--format", "json"]), "versions");
    until("both revisions are there", || {
        versions().len() == 2 && versions()[0]["note"].to_string().contains("segunda")
    });
    let all = versions();
    assert_eq!((&all[0]["what"], &all[0]["is_current"]), (&"nowhere/none:9".into(), &true.into()), "{all:?}");
    assert_eq!((&all[1]["id"], &all[1]["is_current"]), (&"1".into(), &false.into()), "{all:?}");
    until("the cluster says what is wrong", || {
        let said = cluster.sereno(&["events", "given", "--warnings", "--since", "10m"]);
        said.code == Some(0) && said.out.contains("ErrImageNeverPull")
    });
    let status = cluster.sereno(&["status", "given"]);
    assert!(status.out.lines().any(|line| line.starts_with("  · ")), "{status:?}");
    cluster.kubectl(&["rollout", "undo", "deployment/given"]);
    until("the first is back", || versions()[0]["id"] == "3" && versions()[0]["is_current"] == true);
    until("it runs", || cluster.component("given")["standing"] == "ok");
    let sets = list(&cluster.sereno(&["versions", "db", "--format", "json"]), "versions");
    assert_eq!(sets.iter().filter(|one| one["is_current"] == true).count(), 1, "{sets:?}");
    let none = cluster.sereno(&["versions", "report"]);
    assert!(none.code == Some(3) && none.err.contains("a cronjob"), "{none:?}");
}

fn kubernetes_disk(cluster: &Cluster) {
    let volumes = || list(&cluster.sereno(&["disk", "--format", "json"]), "volumes");
    // The kubelet measures every minute or so.
    until("what the pod wrote is measured", || {
        volumes()
            .iter()
            .any(|one| one["kind"] == "emptyDir" && one["used"].as_u64().is_some_and(|used| used > 4_000_000))
    });
    let all = volumes();
    assert_eq!(named(&all, "data")["owners"], serde_json::json!(["given"]));
    assert_eq!(named(&all, "data")["capacity"], 10 << 20, "{all:?}");
    assert_eq!(named(&all, "lost")["owners"], serde_json::json!([]));
    assert!(named(&all, "lost")["note"]["en"].as_str().is_some_and(|note| note.contains("Pending")), "{all:?}");
    assert!(all.iter().any(|one| one["kind"] == "log" && one["owners"] == serde_json::json!(["db"])), "{all:?}");
}

/// Settings by which somebody asks who may see everything but secrets, events and machines.
fn watcher(cluster: &Cluster) -> String {
    cluster.kubectl(&["create", "serviceaccount", "watcher"]);
    let resources = "--resource=pods,configmaps,persistentvolumeclaims,deployments.apps,replicasets.apps,statefulsets.apps,daemonsets.apps,jobs.batch,cronjobs.batch";
    cluster.kubectl(&["create", "role", "watcher", "--verb=list,get", resources]);
    let account = format!("--serviceaccount={}:watcher", cluster.namespace);
    cluster.kubectl(&["create", "rolebinding", "watcher", "--role=watcher", &account]);
    let token = cluster.token_of("watcher");
    let server = cluster.kubectl(&["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    cluster.world.write(
        "watcher",
        &format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: \"{server}\", insecure-skip-tls-verify: true}}}}]\n\
             users: [{{name: u, user: {{token: {token}}}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\ncurrent-context: c\n"
        ),
    );
    let namespace = &cluster.namespace;
    cluster.world.write(
        "watcher.toml",
        &format!("[platform]\nkind = \"kubernetes\"\nkubeconfig = \"watcher\"\nnamespace = \"{namespace}\"\n"),
    );
    "watcher.toml".to_owned()
}

pub(crate) fn on_servers(servers: &Servers) {
    let world = &servers.world;
    let drop_in = "[Service]\nEnvironment=MODE=unit 'GREETING=hola mundo'\nEnvironmentFile=/etc/orion.env\nEnvironmentFile=-/etc/none.env\n\
                   WorkingDirectory=/srv/orion/current\nStateDirectory=orion\nLogsDirectory=orion\n";
    for (host, mode) in [("web-1", "one"), ("web-2", "two")] {
        let folder = "/etc/systemd/system/orion-api.service.d";
        let begin = format!(
            "sudo mkdir -p {folder} /srv/orion/releases/1 /srv/orion/releases/2; sudo ln -sfn /srv/orion/releases/2 /srv/orion/current; \
             printf 'API_TOKEN=hunter2-hunter2\\nMODE={mode}\\n' | sudo tee /etc/orion.env >/dev/null; sudo chmod 600 /etc/orion.env; \
             printf '%s' \"{drop_in}\" | sudo tee {folder}/look.conf >/dev/null; sudo systemctl daemon-reload; \
             sudo systemctl restart orion-api; systemctl is-active orion-api"
        );
        assert_eq!(servers.ssh(host, &begin), "active");
    }
    let all = list(&world.sereno(&["env", "orion-api", "--format", "json"]), "variables");
    assert_eq!(named(&all, "GREETING")["value"], "hola mundo");
    assert_eq!(
        (&named(&all, "API_TOKEN")["value"], &named(&all, "API_TOKEN")["source"]),
        (&"[redacted]".into(), &"/etc/orion.env".into())
    );
    let modes: Vec<(&str, &str)> = all
        .iter()
        .filter(|one| one["name"] == "MODE")
        .map(|one| (one["value"].as_str().unwrap_or_default(), one["source"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(modes, [("one", "/etc/orion.env @web-1"), ("two", "/etc/orion.env @web-2")], "what differs is told");
    let versions = list(&world.sereno(&["versions", "orion-api", "--format", "json"]), "versions");
    let current: Vec<&Value> =
        versions.iter().filter(|one| one["is_current"] == true).map(|one| &one["what"]).collect();
    assert!(!current.is_empty() && current.iter().all(|what| **what == "2"), "{versions:?}");
    server_files(servers);
    let volumes = list(&world.sereno(&["disk", "--format", "json"]), "volumes");
    let state = named(&volumes, "/var/lib/orion@web-2");
    assert!(state["used"].as_u64().is_some_and(|used| used >= 3_000_000), "root's folder too: {state}");
    assert_eq!(state["owners"], serde_json::json!(["orion-api"]));
    assert!(
        named(&volumes, "/@web-2")["free"].as_u64() > Some(0)
            && named(&volumes, "journal@web-2")["used"].as_u64() > Some(0)
    );
    assert_eq!(
        servers.ssh(
            "web-2",
            "sudo systemctl kill -s KILL orion-api; sudo systemctl start orion-api; systemctl is-active orion-api"
        ),
        "active"
    );
    let failed = |event: &Value| {
        event["reason"] == "failed" && event["about"] == "orion-api@web-2" && event["is_warning"] == true
    };
    until("the journal has it", || {
        list(&world.sereno(&["events", "--since", "10m", "--format", "json"]), "events").iter().any(failed)
    });
    assert!(!world.sereno(&["events", "--warnings"]).out.contains("orion-api@web-1"), "nothing is wrong there");
    until("it is up again", || world.sereno(&["status"]).code == Some(0));
}

fn server_files(servers: &Servers) {
    let world = &servers.world;
    let make = "sudo sh -c 'head -c 3000000 /dev/urandom > /var/lib/orion/big; chmod 600 /var/lib/orion/big; chmod 700 /var/lib/orion; \
                echo release > \"/srv/orion/releases/2/a b;\\$c\"'; sudo sha256sum /var/lib/orion/big";
    let digest = servers.ssh("web-2", make);
    let copied = world.sereno(&["cp", "orion-api:/var/lib/orion/big", "big", "--instance", "orion-api@web-2"]);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert!(digest.starts_with(&sha256(&world.path().join("big"))), "{digest}");
    let relative = world.sereno(&["cp", "orion-api:a b;$c", "-", "--instance", "orion-api@web-2"]);
    assert_eq!((relative.code, relative.out.as_str()), (Some(0), "release\n"), "no shell reads the name: {relative:?}");
    for (path, why) in
        [("/nowhere", "there is no such file"), ("/etc", "it is a directory"), ("/dev/zero", "it is no plain file")]
    {
        let refused = world.sereno(&["cp", &format!("orion-api:{path}"), "no"]);
        assert!(refused.code == Some(1) && refused.err.contains(why), "{path}: {refused:?}");
    }
    let settings = world.read("sereno.toml");
    world.write("plain.toml", &settings.replace("kind = \"systemd\"", "kind = \"systemd\"\nsudo = false"));
    let denied = world.sereno(&[
        "--settings",
        "plain.toml",
        "cp",
        "orion-api:/var/lib/orion/big",
        "no",
        "--instance",
        "orion-api@web-2",
    ]);
    assert!(denied.code == Some(1) && denied.err.contains("it may not be read"), "{denied:?}");
    servers.ssh("web-1", "sudo truncate -s 200G /var/lib/orion/endless");
    let endless = ["cp", "orion-api:/var/lib/orion/endless", "endless", "--instance", "orion-api@web-1"];
    let child = begun(world.command(&endless), world.path());
    servers.ssh("web-1", "sudo pkill -9 -x cat; sudo rm /var/lib/orion/endless");
    let said = crate::world::said(child.wait_with_output().expect("it ends"));
    assert!(said.code == Some(1) && half_files(world.path()).is_empty(), "{said:?}");
    assert!(!world.path().join("no").exists() && !world.path().join("endless").exists());
}

pub(crate) fn on_processes(system: &System) {
    let all = list(&system.0.sereno(&["env", "api", "--format", "json"]), "variables");
    let secret = named(&all, "API_SECRET");
    assert_eq!((&secret["value"], &secret["source"]), (&"[redacted]".into(), &"own.env".into()));
    assert_eq!(named(&all, "SERENO_INSTANCE")["source"], "sereno");
    system.0.write("needs.env", "API_SECRET=\nNOT_THERE=\n");
    let missing = system.0.sereno(&["env", "api", "--against", "needs.env"]);
    assert_eq!((missing.code, missing.out.trim()), (Some(1), "missing  NOT_THERE"), "{missing:?}");
    let shown = system.done(&["cp", "api:own.env", "-"]);
    assert_eq!(shown.out, system.0.read("own.env"), "a file as it is");
    let refused = system.0.sereno(&["cp", "api:none.env", "x"]);
    assert!(refused.code == Some(1) && refused.err.contains("there is no such file"), "{refused:?}");
    let volumes = list(&system.0.sereno(&["disk", "api", "--format", "json"]), "volumes");
    let kinds: Vec<&str> = volumes.iter().filter_map(|one| one["kind"].as_str()).collect();
    assert!(kinds.contains(&"log") && kinds.contains(&"folder") && kinds.contains(&"disk"), "{volumes:?}");
    let events = list(&system.0.sereno(&["events", "worker", "--format", "json"]), "events");
    assert!(events.iter().any(|event| event["reason"] == "started" && event["about"] == "worker.0"), "{events:?}");
    let versions = system.0.sereno(&["versions", "api"]);
    assert!(versions.code == Some(3) && versions.err.contains("no checkout of git"), "{versions:?}");
    let git = |arguments: &[&str]| {
        let author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        let done = Command::new("git").args(author).args(arguments).current_dir(system.0.path()).output();
        assert!(done.is_ok_and(|output| output.status.success()), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["commit", "-q", "--allow-empty", "-m", "the first"]);
    let versions = list(&system.0.sereno(&["versions", "api", "--format", "json"]), "versions");
    assert_eq!((&versions[0]["what"], &versions[0]["is_current"]), (&"the first".into(), &true.into()));
    fs::remove_dir_all(system.0.path().join(".git")).expect("removed");
}

pub(crate) fn on_pm2(sereno: &dyn Fn(&[&str]) -> Said, folder: &Path) {
    let all = list(&sereno(&["env", "api", "--format", "json"]), "variables");
    assert_eq!(named(&all, "PATH")["source"], "shell");
    assert_eq!(named(&all, "PM2_HOME")["source"], "pm2");
    assert_eq!(named(&all, "API_TOKEN")["value"], "[redacted]", "{all:?}");
    let shown = sereno(&["cp", "api:api.js", "-"]);
    assert_eq!(shown.out, fs::read_to_string(folder.join("api.js")).expect("a file"), "{shown:?}");
    let volumes = list(&sereno(&["disk", "--format", "json"]), "volumes");
    let log = volumes.iter().find(|one| one["kind"] == "log" && one["used"].as_u64() > Some(0));
    assert_eq!(log.expect("a log")["owners"], serde_json::json!(["api"]), "{volumes:?}");
    let events = sereno(&["events"]);
    assert!(events.code == Some(3) && events.err.contains("tells no events"), "{events:?}");
}
