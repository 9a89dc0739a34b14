//! The operations on services, on a real Kubernetes: what is asserted is what the cluster itself says afterwards.
//!
//! `SERENO_TEST_KUBECONFIG` names the cluster's kubeconfig; its node takes images from the local engine.

use crate::world::{Said, World, at_a_terminal, skipped, until};
use serde_json::Value;
use sereno_platform::kubernetes::{Choice, ExecError, ExecIn, Kubernetes, Piece};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const IMAGE: &str = "debian:bookworm-slim";

/// A namespace of its own, taken away when the test ends, however it ends.
pub(crate) struct Cluster {
    pub(crate) world: World,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) namespace: String,
}

impl Cluster {
    pub(crate) fn up(purpose: &str) -> Option<Self> {
        let Some(kubeconfig) = std::env::var_os("SERENO_TEST_KUBECONFIG").map(PathBuf::from) else {
            skipped("SERENO_TEST_KUBECONFIG names no cluster");
            return None;
        };
        let world = World::with_runbook("# T\n");
        let cluster = Self { world, kubeconfig, namespace: format!("it-{purpose}-{}", std::process::id()) };
        let answers = Command::new("kubectl")
            .args(["--kubeconfig"])
            .arg(&cluster.kubeconfig)
            .args(["get", "--raw", "/readyz", "--request-timeout=10s"])
            .output();
        let image = Command::new("docker").args(["image", "inspect", IMAGE]).output();
        if !answers.is_ok_and(|output| output.status.success()) || !image.is_ok_and(|output| output.status.success()) {
            skipped("no cluster answers at SERENO_TEST_KUBECONFIG, or the engine lacks its image");
            return None;
        }
        cluster.kubectl(&["create", "namespace", &cluster.namespace]);
        cluster.settings("[policy]\npause_seconds = 1\n");
        Some(cluster)
    }

    /// Settings for this namespace, and more of them.
    pub(crate) fn settings(&self, more: &str) {
        let (file, namespace) = (self.kubeconfig.display(), &self.namespace);
        let platform =
            format!("[platform]\nkind = \"kubernetes\"\nkubeconfig = \"{file}\"\nnamespace = \"{namespace}\"\n");
        self.world.write("sereno.toml", &format!("{platform}{more}"));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(["-n", &self.namespace]).args(arguments);
        command
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("kubectl runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// By the server itself: a 1.20 that a newer Go has built cannot take everything in the other way.
    pub(crate) fn apply(&self, manifest: &str) {
        assert!(self.try_apply(manifest), "{manifest}");
    }

    /// Says whether the cluster took it.
    pub(crate) fn try_apply(&self, manifest: &str) -> bool {
        let mut child = self
            .command(&["apply", "--server-side", "--force-conflicts", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("kubectl runs");
        child.stdin.take().expect("a pipe").write_all(manifest.as_bytes()).expect("written");
        child.wait().expect("kubectl ends").success()
    }

    pub(crate) fn sereno(&self, arguments: &[&str]) -> Said {
        self.world.sereno(arguments)
    }

    pub(crate) fn component(&self, name: &str) -> Value {
        let said = self.sereno(&["status", "--format", "json"]);
        let status: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        let all = status["components"].as_array().expect("components");
        all.iter().find(|component| component["name"] == name).unwrap_or_else(|| panic!("no {name}: {status}")).clone()
    }

    /// The ids of the pods that carry a label, those too that are being taken away.
    fn pods(&self, app: &str) -> BTreeSet<String> {
        let label = format!("app={app}");
        let ids = self.kubectl(&["get", "pods", "-l", &label, "-o", "jsonpath={.items[*].metadata.uid}"]);
        ids.split_whitespace().map(str::to_owned).collect()
    }

    pub(crate) fn field(&self, of: &str, path: &str) -> String {
        self.kubectl(&["get", of, "-o", &format!("jsonpath={{{path}}}")])
    }

    /// What proves an account to the cluster, once it has it.
    pub(crate) fn token_of(&self, account: &str) -> String {
        let template = format!(
            "go-template={{{{range .items}}}}{{{{if eq .type \"kubernetes.io/service-account-token\"}}}}\
             {{{{if eq (index .metadata.annotations \"kubernetes.io/service-account.name\") \"{account}\"}}}}\
             {{{{.data.token | base64decode}}}}{{{{end}}}}{{{{end}}}}{{{{end}}}}"
        );
        let mut token = String::new();
        until("the account has a token", || {
            token = self.kubectl(&["get", "secrets", "-o", &template]);
            !token.is_empty()
        });
        token
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A namespace that cannot be taken away now is no matter of this test; a pod that is held would hold it for ever.
        if let Ok(pods) = self.command(&["get", "pods", "-o", "name"]).output() {
            for pod in String::from_utf8_lossy(&pods.stdout).split_whitespace() {
                let _ =
                    self.command(&["patch", pod, "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#]).output();
            }
        }
        let _ = self.command(&["delete", "namespace", &self.namespace, "--wait=false"]).output();
    }
}

/// A workload of one container that runs a script, with more of a container's fields.
pub(crate) fn workload(kind: &str, name: &str, replicas: Option<u32>, script: &str, more: &str) -> String {
    let replicas = replicas.map(|count| format!("replicas: {count}, ")).unwrap_or_default();
    let service = if kind == "StatefulSet" { format!("serviceName: {name}, ") } else { String::new() };
    let script = serde_json::to_string(script).expect("JSON");
    format!(
        r#"
---
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
  {{{replicas}{service}selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{
    terminationGracePeriodSeconds: 1,
    containers: [{{name: {name}, image: "{IMAGE}", imagePullPolicy: Never, command: [/bin/bash, -c, {script}]{more}}}]
  }}}}}}
"#
    )
}

pub(crate) const TICKS: &str = "trap 'exit 0' TERM; n=0; while true; do echo tick $n; n=$((n+1)); sleep 0.5; done";
pub(crate) const READY: &str = ", readinessProbe: {exec: {command: [\"true\"]}, periodSeconds: 1}";

#[test]
fn what_runs_badly_on_kubernetes_is_told_with_its_reason() {
    let Some(cluster) = Cluster::up("odd") else { return };
    let fails = ", terminationMessagePolicy: FallbackToLogsOnError";
    let secret = ", envFrom: [{secretRef: {name: nowhere}}]";
    let probe = ", readinessProbe: {exec: {command: [cat, /nowhere]}, periodSeconds: 1, failureThreshold: 1}";
    let once = "if [ -e /life/seen ]; then echo second life; sleep 1000; fi; echo first life; touch /life/seen; exit 3";
    let lives = ", volumeMounts: [{name: life, mountPath: /life}]}], volumes: [{name: life, emptyDir: {}";
    cluster.apply(
        &[
            workload("Deployment", "crash", None, "echo no DATABASE_URL; exit 3", fails),
            workload("Deployment", "noimage", None, TICKS, "").replace(IMAGE, "nowhere/none:9"),
            workload("Deployment", "toobig", None, TICKS, ", resources: {requests: {memory: 4000Gi}}"),
            workload("Deployment", "nosecret", None, TICKS, secret),
            workload("Deployment", "deaf", None, TICKS, probe),
            workload("Deployment", "twice", None, once, lives),
        ]
        .concat(),
    );
    let told = |name: &str, wanted: &str| {
        until(&format!("{name}: {wanted}"), || {
            let component = cluster.component(name);
            component["standing"] == "down" && component["instances"][0].to_string().contains(wanted)
        });
    };
    told("crash", r#""restarting""#);
    told("crash", r#""code":3"#);
    told("crash", "no DATABASE_URL");
    told("noimage", "ErrImageNeverPull");
    told("toobig", "no node takes it");
    told("nosecret", "CreateContainerConfigError: secret \\\"nowhere\\\" not found");
    told("deaf", "Readiness probe failed");
    let shown =
        cluster.world.command(&["--lang", "es", "status", "crash", "toobig"]).output().expect("the binary runs");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("código de salida 3") && shown.contains("ningún nodo lo toma"), "{shown}");
    until("the second life has begun", || cluster.component("twice")["standing"] == "ok");
    until("both lives are shown", || {
        let logs = cluster.sereno(&["logs", "twice"]);
        assert_eq!(logs.code, Some(0), "{logs:?}");
        let lines: Vec<&str> = logs.out.lines().collect();
        lines.len() == 2 && lines[0].contains("first life") && lines[1].contains("second life")
    });
    let crash = cluster.sereno(&["logs", "crash", "--tail", "1"]);
    assert_eq!(crash.out.matches("no DATABASE_URL").count(), 1, "{crash:?}");
}

#[test]
fn services_on_kubernetes() {
    let Some(cluster) = Cluster::up("run") else { return };
    let sidecar = format!(
        "{READY}, resources: {{requests: {{cpu: 10m, memory: 8Mi}}, limits: {{cpu: 500m, memory: 64Mi}}}}}}, \
         {{name: helper, image: \"{IMAGE}\", imagePullPolicy: Never, command: [/bin/bash, -c, \"{TICKS}\"]"
    );
    let cron = workload("CronJob", "report", None, "true", "");
    let cron = cron.split("spec:\n").next().expect("the head").replace("apps/v1", "batch/v1beta1");
    let job = format!("{{restartPolicy: Never, containers: [{{name: r, image: \"{IMAGE}\", command: [\"true\"]}}]}}");
    cluster.apply(
        &[
            workload("Deployment", "api", Some(2), TICKS, &sidecar),
            workload("StatefulSet", "db", Some(1), TICKS, READY),
            workload("DaemonSet", "agent", None, TICKS, READY),
            format!("{cron}spec: {{schedule: \"0 3 1 1 *\", jobTemplate: {{spec: {{template: {{spec: {job}}}}}}}}}\n"),
        ]
        .concat(),
    );
    let is_ok = |name: &str, count: u64| {
        let component = cluster.component(name);
        component["standing"] == "ok" && component["ready"] == count && component["workload"]["settled"] == true
    };
    until("everything runs", || is_ok("api", 2) && is_ok("db", 1) && is_ok("agent", 1) && is_ok("report", 0));
    assert_eq!(cluster.sereno(&["status"]).code, Some(0));
    let api = cluster.component("api");
    assert_eq!(api["version"], "bookworm-slim");
    assert_eq!(api["instances"][0]["limits"], serde_json::json!({"cpu_millis": 500, "memory": 64 << 20}));
    logs_of_all_containers(&cluster);
    crate::look::on_kubernetes(&cluster);
    restarts_replace(&cluster);
    scale_limits_and_back(&cluster);
    what_has_no_effect_is_refused(&cluster);
    a_program_runs_in_a_container(&cluster);
    stop_and_resume(&cluster);
}

fn logs_of_all_containers(cluster: &Cluster) {
    let said = cluster.sereno(&["logs", "--format", "json", "--tail", "20"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let from: BTreeSet<&str> = lines.iter().filter_map(|line| line["instance"].as_str()).collect();
    assert!(from.contains("db-0") && from.iter().any(|name| name.ends_with("/helper")), "{from:?}");
    let times: Vec<jiff::Timestamp> =
        lines.iter().map(|line| line["at"].as_str().expect("a time").parse().expect("a time")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let grepped = cluster.sereno(&["logs", "db", "--since", "1h", "--grep", "tick 0$"]);
    assert_eq!(grepped.out.lines().count(), 1, "{grepped:?}");
    let shown = cluster.world.path().join("followed");
    let file = std::fs::File::create(&shown).expect("a file");
    let mut child = cluster.world.command(&["logs", "db", "-f", "--tail", "1"]).stdout(file).spawn().expect("it runs");
    let lines = || std::fs::read_to_string(&shown).unwrap_or_default().lines().count();
    until("what comes is shown", || lines() > 5);
    child.kill().expect("killed");
    child.wait().expect("ended");
}

/// Three restarts at once, each of another component, one of them by a Sereno that is killed: a pod of this cluster takes
/// up to a minute until it is gone.
fn restarts_replace(cluster: &Cluster) {
    let names = [("db", 1), ("agent", 1), ("api", 2)];
    let before = names.map(|(name, _)| cluster.pods(name));
    assert_eq!(cluster.sereno(&["restart", "db", "--plan"]).code, Some(0));
    assert_eq!(cluster.pods("db"), before[0], "a plan does nothing");
    let start = |name: &str| {
        let mut command = cluster.world.command(&["restart", name, "--yes"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs")
    };
    let mut killed = start("db");
    until("the step has started", || {
        let runs = cluster.world.runs();
        runs.first().is_some_and(|(run, _)| cluster.world.entries(run).iter().any(|one| one["kind"] == "step.started"))
    });
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    let run = cluster.world.runs()[0].0.clone();
    let mut beside = start("agent");
    let restart = cluster.sereno(&["restart", "api", "--yes"]);
    assert_eq!(restart.code, Some(0), "{restart:?}");
    assert!(beside.wait().expect("ended").success());
    let resumed = cluster.sereno(&["runs", "resume", &run, "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(cluster.world.runs().iter().all(|(_, state)| state == "verified"), "{:?}", cluster.world.runs());
    let starts = cluster.world.entries(&run).iter().filter(|entry| entry["kind"] == "step.started").count();
    assert_eq!(starts, 2, "the restart and its verification, each once");
    for ((name, count), before) in names.into_iter().zip(&before) {
        let after = cluster.pods(name);
        assert_eq!((after.len(), after.intersection(before).count()), (count, 0), "{name}: all of them are others");
    }
}

fn scale_limits_and_back(cluster: &Cluster) {
    let up = cluster.sereno(&["scale", "api", "3", "--yes"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(cluster.field("deployment/api", ".status.readyReplicas"), "3");
    let run = cluster.world.runs()[0].0.clone();
    assert_eq!(cluster.sereno(&["scale", "api", "3", "--yes"]).code, Some(3));
    let undone = cluster.sereno(&["runs", "undo", &run, "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(cluster.field("deployment/api", ".spec.replicas"), "2");
    let before = cluster.pods("api");
    let limited = cluster.sereno(&["scale", "api", "--memory", "96M", "--yes"]);
    assert_eq!(limited.code, Some(0), "{limited:?}");
    let limits = "..containers[?(@.name==\"api\")].resources.limits";
    assert_eq!(cluster.field("deployment/api", &format!("{limits}.memory")), "100663296");
    assert_eq!(cluster.field("deployment/api", &format!("{limits}.cpu")), "500m", "what was not asked for stays");
    assert_eq!(cluster.field("deployment/api", "..containers[*].name"), "api helper");
    assert_eq!(cluster.component("api")["instances"][0]["limits"]["memory"], 96 << 20);
    assert_eq!(cluster.pods("api").intersection(&before).count(), 0, "the old pods are gone");
    let again = cluster.sereno(&["scale", "api", "--memory", "96M", "--yes"]);
    assert!(again.code == Some(3) && again.err.contains("has these limits already"), "{again:?}");
}

fn what_has_no_effect_is_refused(cluster: &Cluster) {
    cluster.kubectl(&["autoscale", "statefulset", "db", "--min=1", "--max=5"]);
    cluster.kubectl(&["rollout", "pause", "deployment/api"]);
    for (arguments, reason) in [
        (&["scale", "db", "3", "--yes"][..], "autoscaler `db`"),
        (&["restart", "api", "--yes"], "are paused"),
        (&["restart", "report", "--yes"], "is a cronjob"),
        (&["scale", "agent", "2", "--yes"], "is a daemonset"),
        (&["scale", "report", "2", "--yes"], "is a cronjob"),
    ] {
        let refused = cluster.sereno(arguments);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(refused.err.contains(reason), "{refused:?}");
    }
    cluster.kubectl(&["rollout", "resume", "deployment/api"]);
    cluster.kubectl(&["delete", "hpa", "db"]);
    until("the rollout is on again", || cluster.component("api")["workload"]["settled"] == true);
}

fn a_program_runs_in_a_container(cluster: &Cluster) {
    let looked = cluster.sereno(&["exec", "db", "--", "cat", "/etc/hostname"]);
    assert!(looked.code == Some(0) && looked.out.contains("db-0"), "{looked:?}");
    let failed = cluster.sereno(&["exec", "db", "--", "cat", "/nowhere"]);
    assert!(failed.code == Some(1) && format!("{failed:?}").contains("No such file"), "{failed:?}");
    let absent = cluster.sereno(&["exec", "db", "--yes", "--", "no-such-program"]);
    assert!(absent.code.is_some_and(|code| code != 0), "{absent:?}");
    let choice = Choice {
        kubeconfig: Some(cluster.kubeconfig.clone()),
        context: None,
        namespace: Some(cluster.namespace.clone()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let platform = Kubernetes::connect(&choice, &|_: &str| None).await.expect("connected");
        let run = async |container: Option<&str>, script: &str, input: Option<&'static [u8]>, tty: bool| {
            let argv = ["bash", "-c", script].map(str::to_owned);
            let what = ExecIn { pod: "db-0", container, argv: &argv, tty };
            let (to, mut from) = tokio::sync::mpsc::channel(8);
            let reading = async {
                let (mut out, mut err) = (Vec::new(), Vec::new());
                while let Some(piece) = from.recv().await {
                    match piece {
                        Piece::Out(bytes) => out.extend(bytes),
                        Piece::Err(bytes) => err.extend(bytes),
                    }
                }
                (String::from_utf8_lossy(&out).into_owned(), String::from_utf8_lossy(&err).into_owned())
            };
            let (ended, (out, err)) =
                futures_util::future::join(platform.exec_in(&what, input, None, to), reading).await;
            (ended, out, err)
        };
        let (ended, out, err) = run(None, "echo out; echo err >&2; exit 7", None, false).await;
        assert_eq!((ended.expect("it ran"), out.as_str(), err.as_str()), (7, "out\n", "err\n"));
        let (ended, out, _) = run(None, "head -c 300000 /dev/zero | tr '\\0' x", None, false).await;
        assert_eq!((ended.expect("it ran"), out.len()), (0, 300_000));
        let (ended, out, _) = run(None, "read line; echo got $line", Some(b"hello\n"), true).await;
        assert_eq!(ended.expect("it ran"), 0);
        assert!(out.contains("got hello"), "{out}");
        let (ended, ..) = run(Some("nobody"), "true", None, false).await;
        assert!(matches!(ended, Err(ExecError::NotStarted(_))), "{ended:?}");
        if !platform.can_end_input() {
            let (ended, ..) = run(None, "cat", Some(b"x"), false).await;
            assert!(matches!(ended, Err(ExecError::NotStarted(_))), "{ended:?}");
        }
    });
}

fn stop_and_resume(cluster: &Cluster) {
    let typed = at_a_terminal(&cluster.world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(cluster.world.runs()[0].1, "verified", "{typed}");
    assert_eq!(cluster.kubectl(&["get", "pods", "-o", "name"]), "", "{typed}");
    assert_eq!(cluster.field("cronjob/report", ".spec.suspend"), "true");
    assert_eq!(cluster.component("agent")["standing"], "stopped");
    let resumed = cluster.sereno(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(cluster.world.runs()[0].1, "verified");
    let counts = [cluster.field("deployment/api", ".spec.replicas"), cluster.field("statefulset/db", ".spec.replicas")];
    assert_eq!(counts, ["2", "1"]);
    assert_eq!(cluster.field("cronjob/report", ".spec.suspend"), "false");
    assert_eq!(cluster.field("daemonset/agent", "..nodeSelector"), "", "nothing of the stop is left");
    until("all of it runs", || cluster.sereno(&["status"]).code == Some(0));
    assert_eq!(cluster.sereno(&["resume", "--yes"]).code, Some(3), "there is nothing more to put back");
}

#[test]
fn a_pod_that_is_stuck_at_its_end_is_taken_away() {
    let Some(cluster) = Cluster::up("stuck") else { return };
    cluster.apply(&workload("Deployment", "held", Some(1), TICKS, READY));
    until("it runs", || cluster.component("held")["standing"] == "ok");
    let pod = cluster.kubectl(&["get", "pods", "-o", "name"]);
    let hold = r#"{"metadata":{"finalizers":["sereno.test/held"]}}"#;
    cluster.kubectl(&["patch", &pod, "--type=merge", "-p", hold]);
    let before = cluster.pods("held");
    cluster.kubectl(&["delete", &pod, "--wait=false"]);
    let early = cluster.sereno(&["unstick"]);
    assert_eq!(early.code, Some(3), "{early:?}");
    assert!(early.err.contains("nothing is stuck; still ending"), "{early:?}");
    until("it is told as stuck", || {
        let held = cluster.component("held");
        held["workload"]["stuck"][0]["finalizers"][0] == "sereno.test/held" && held["standing"] == "ok"
    });
    let said = cluster.sereno(&["unstick", "held", "--yes"]);
    assert_eq!(said.code, Some(4), "it is destruction: a yes given beforehand is not enough: {said:?}");
    let run = cluster.world.runs()[0].0.clone();
    assert_eq!(cluster.sereno(&["runs", "cancel", &run, "--reason", "test"]).code, Some(0));
    let typed = at_a_terminal(&cluster.world.command(&["unstick", "held"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(cluster.world.runs()[0].1, "verified", "{typed}");
    let after = cluster.pods("held");
    assert_eq!((after.len(), after.intersection(&before).count()), (1, 0), "{typed}");
    let nothing = cluster.sereno(&["unstick"]);
    assert!(nothing.code == Some(3) && nothing.err.contains("nothing is stuck"), "{nothing:?}");
}

#[test]
fn a_cluster_that_cannot_be_used_is_told_with_what_mends_it() {
    let Some(cluster) = Cluster::up("bad") else { return };
    let world = &cluster.world;
    let told = |settings: &str, code: i32, wanted: &[&str]| {
        world.write("sereno.toml", &format!("[platform]\nkind = \"kubernetes\"\n{settings}\n"));
        let said = world.sereno(&["status"]);
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(
            wanted.iter().all(|words| said.err.contains(words)) && said.err.contains("hint:"),
            "{wanted:?}: {said:?}"
        );
    };
    let file = cluster.kubeconfig.display();
    told(&format!("kubeconfig = \"{file}\"\ncontext = \"prod\""), 2, &["no context `prod`", "there is: "]);
    told(&format!("kubeconfig = \"{file}\"\nnamespace = \"nowhere\""), 2, &["no namespace `nowhere`"]);
    told("", 2, &["no kubeconfig was found"]);
    let server = cluster.kubectl(&["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    let write = |name: &str, server: &str, more: &str, token: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: \"{server}\"{more}}}}}]\n\
             users: [{{name: u, user: {{token: {token}}}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
             current-context: c\n"
        );
        world.write(name, &text);
        format!("kubeconfig = \"{name}\"\nnamespace = \"{}\"", cluster.namespace)
    };
    let trusting = ", insecure-skip-tls-verify: true";
    told(&write("untrusted", &server, "", "x"), 1, &["cannot be trusted", "certificate"]);
    told(&write("stranger", &server, trusting, "wrong"), 1, &["does not know who asks"]);
    told(&write("nobody", "https://127.0.0.1:9", trusting, "x"), 1, &["no cluster answers at https://127.0.0.1:9"]);
    // Somebody who listens and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let begun = Instant::now();
    told(&write("silent", &address, "", "x"), 1, &["no cluster answers", "nothing for 10 s"]);
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    // A user who may see pods only.
    cluster.kubectl(&["create", "serviceaccount", "watcher"]);
    cluster.kubectl(&["create", "role", "watcher", "--verb=list", "--resource=pods"]);
    let account = format!("--serviceaccount={}:watcher", cluster.namespace);
    cluster.kubectl(&["create", "rolebinding", "watcher", "--role=watcher", &account]);
    let token = cluster.token_of("watcher");
    let watcher = write("watcher", &server, trusting, &token);
    told(&watcher, 1, &["this user may not list", "the role of this user needs: list "]);
}
