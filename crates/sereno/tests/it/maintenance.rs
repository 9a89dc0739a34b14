//! The maintenance page, on the real parts: an nginx as the edge of a compose project, seen by HTTP from outside, and an
//! ingress of a real Kubernetes. No controller of ingresses is run there: what is asserted is the object.

use crate::kubernetes::{Cluster, READY, TICKS, workload};
use crate::pedidos::docker_answers;
use crate::services::Project;
use crate::world::{at_a_terminal, skipped, talk_at_a_terminal, until};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

pub(crate) const NGINX: &str = "sereno-it-nginx:bookworm";
const DOCKERFILE: &str = "FROM debian:bookworm-slim\n\
    RUN apt-get update && apt-get install -y --no-install-recommends nginx-light && rm -rf /var/lib/apt/lists/*\n";

/// The file that the edge looks for.
pub(crate) const FLAG: &str = "/run/maintenance";

/// Whether there is an engine, and an image with nginx.
pub(crate) fn nginx_is_there() -> bool {
    if !docker_answers() {
        skipped("no Docker Engine with docker-compose answers");
        return false;
    }
    let there = Command::new("docker").args(["image", "inspect", NGINX]).output().is_ok_and(|o| o.status.success());
    if there {
        return true;
    }
    let mut build = Command::new("docker");
    build.args(["build", "--network", "host", "-q", "-t", NGINX, "-"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut build = build.spawn().expect("docker runs");
    build.stdin.take().expect("a pipe").write_all(DOCKERFILE.as_bytes()).expect("written");
    let built = build.wait().expect("docker ends").success();
    if !built {
        skipped("no image with nginx can be made (apt-get in a container)");
    }
    built
}

/// An nginx with its configuration in its command.
fn nginx(name: &str, server: &str, more: &str) -> String {
    let configuration = format!("events {{}} http {{ server {{ listen 80; {server} }} }}");
    let start = "echo \"$$CONFIGURATION\" > /tmp/nginx.conf; exec nginx -c /tmp/nginx.conf -g 'daemon off;'";
    let start = serde_json::to_string(&["sh", "-c", start]).expect("JSON");
    let configuration = serde_json::to_string(&configuration.replace('$', "$$")).expect("JSON");
    format!("  {name}: {{image: '{NGINX}', command: {start}, environment: {{CONFIGURATION: {configuration}}}{more}}}\n")
}

/// A shop behind an edge, which shows a page while its flag is there.
pub(crate) fn shop() -> String {
    let edge = format!(
        "resolver 127.0.0.11 valid=1s; error_page 503 @page; location @page {{ return 503 'back soon'; }} \
         location / {{ if (-f {FLAG}) {{ return 503; }} set $up http://api:80; proxy_pass $up; }}"
    );
    let open = ", ports: ['127.0.0.1::80'], depends_on: [api]";
    [nginx("api", "location / { return 200 'the shop'; }", ""), nginx("edge", &edge, open)].concat()
}

/// What anybody from outside sees: the status and the body.
pub(crate) fn seen(port: u16) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the edge listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    write!(stream, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, answer.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned())
}

pub(crate) fn port_of(project: &Project) -> u16 {
    let shown = project.compose(&["port", "edge", "80"]);
    shown.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

/// The settings of a page that is seen at a port.
pub(crate) fn settings(port: u16, flag: &str) -> String {
    format!("[maintenance]\ncomponent = \"edge\"\nfile = \"{flag}\"\nurl = \"http://127.0.0.1:{port}/\"\n")
}

const ALONE: &str = "[policy]\npause_seconds = 1\n";

#[test]
fn a_page_is_shown_while_everything_is_stopped_on_compose() {
    if !nginx_is_there() {
        return;
    }
    let project = Project::up(&shop());
    let port = port_of(&project);
    until("the shop is open", || seen(port) == (200, "the shop".to_owned()));
    without_a_page_the_plan_says_so(&project);
    project.0.write("sereno.toml", &format!("{ALONE}{}", settings(port, FLAG)));
    it_is_up_before_and_gone_after(&project, port);
    what_somebody_shows_already_is_theirs(&project, port);
    a_page_that_cannot_be_shown_does_not_keep_the_stop_from_being_made(&project, port);
}

fn without_a_page_the_plan_says_so(project: &Project) {
    let plan = project.0.sereno(&["stop", "--plan"]);
    assert!(plan.out.contains("Emergency stop, without a maintenance page"), "{plan:?}");
    assert!(plan.err.contains("no maintenance page") && plan.err.contains("[maintenance]"), "{plan:?}");
    let none = project.0.sereno(&["maintenance", "on", "--plan"]);
    assert_eq!(none.code, Some(2), "{none:?}");
}

fn it_is_up_before_and_gone_after(project: &Project, port: u16) {
    let world = &project.0;
    let edge = project.started("edge");
    let plan = world.sereno(&["stop", "--plan", "--format", "json"]);
    let plan: Value = serde_json::from_str(&plan.out).expect("JSON");
    let titles: Vec<&str> =
        plan["steps"].as_array().expect("steps").iter().map(|step| step["title"].as_str().expect("a title")).collect();
    assert!(titles[0].starts_with("Stops api"), "{titles:?}");
    assert!(titles.iter().any(|title| title.contains("Shows the maintenance page")), "{titles:?}");
    assert_eq!(seen(port).0, 200, "a plan does nothing");
    let typed = at_a_terminal(&world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(world.runs()[0].1, "verified", "{typed}");
    assert!(typed.contains("NOT STOPPED, as the plan says: edge"), "{typed}");
    assert_eq!(seen(port), (503, "back soon".to_owned()));
    assert_eq!(project.started("edge"), edge, "what shows the page goes on");
    assert!(project.started("api").iter().all(|state| state.ends_with("exited")));
    let resumed = world.sereno(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!((seen(port), world.runs()[0].1.as_str()), ((200, "the shop".to_owned()), "verified"));
    assert!(!project.inside("edge", &["test", "-e", FLAG]));
}

fn what_somebody_shows_already_is_theirs(project: &Project, port: u16) {
    let world = &project.0;
    let alone = world.sereno(&["maintenance", "on", "--yes"]);
    assert_eq!(alone.code, Some(4), "nobody is served any more: that needs a second person: {alone:?}");
    let run = world.runs()[0].0.clone();
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "test"]).code, Some(0));
    let typed = at_a_terminal(&world.command(&["maintenance", "on"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!((seen(port).0, world.runs()[0].1.as_str()), (503, "verified"), "{typed}");
    assert_eq!(world.sereno(&["maintenance", "on"]).code, Some(3), "it is shown already");
    let typed = at_a_terminal(&world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(world.runs()[0].1, "verified", "{typed}");
    let resumed = world.sereno(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(seen(port).0, 503, "the stop did not show it, and resume does not take it away");
    let off = world.sereno(&["maintenance", "off", "--yes"]);
    assert_eq!((off.code, seen(port).0), (Some(0), 200), "{off:?}");
    assert_eq!(world.runs()[0].1, "verified");
    let again = world.sereno(&["maintenance", "off", "--yes"]);
    assert!(again.code == Some(3) && again.err.contains("is not shown"), "{again:?}");
}

fn a_page_that_cannot_be_shown_does_not_keep_the_stop_from_being_made(project: &Project, port: u16) {
    let world = &project.0;
    world.write("sereno.toml", &format!("{ALONE}{}", settings(port, "/nowhere/flag")));
    let typed = talk_at_a_terminal(&world.command(&["stop"]), &[("Type CONFIRM", "CONFIRM\n"), ("It failed.", "q\n")]);
    assert!(typed.contains("touch /nowhere/flag in") && typed.contains("had no effect"), "{typed}");
    let run = world.runs()[0].0.clone();
    assert!(project.started("api").iter().all(|state| state.ends_with("exited")), "{typed}");
    assert_eq!(world.sereno(&["runs", "cancel", &run, "--reason", "no page is shown"]).code, Some(0));
    // One that does not run is told while the plan is made, and the stop is planned without it.
    project.compose(&["stop", "edge"]);
    project.compose(&["start", "api"]);
    let plan = world.sereno(&["stop", "--plan"]);
    assert_eq!(plan.code, Some(0), "{plan:?}");
    assert!(plan.out.contains("without a maintenance page") && plan.err.contains("does not run"), "{plan:?}");
}

#[test]
fn an_ingress_is_sent_to_the_page_and_put_back_exactly_on_kubernetes() {
    let Some(cluster) = Cluster::up("page") else { return };
    cluster.apply(
        &[workload("Deployment", "api", Some(1), TICKS, READY), workload("Deployment", "page", Some(1), TICKS, READY)]
            .concat(),
    );
    let rules = ["shop.example.com/*=api:http", "shop.example.com/v2*=api:80", "admin.example.com/*=page:http"];
    let rules = rules.map(|rule| format!("--rule={rule}"));
    let mut create = vec!["create", "ingress", "web", "--annotation=team=shop", "--default-backend=api:http"];
    create.extend(rules.iter().map(String::as_str));
    cluster.kubectl(&create);
    until("everything runs", || ["api", "page"].iter().all(|name| cluster.component(name)["standing"] == "ok"));
    cluster
        .settings(&format!("{ALONE}[maintenance]\ncomponent = \"page\"\ningress = \"web\"\nservice = \"page:http\"\n"));
    let spec = || -> Value {
        let shown: Value =
            serde_json::from_str(&cluster.kubectl(&["get", "ingress.networking.k8s.io", "web", "-o", "json"]))
                .expect("JSON");
        shown["spec"].clone()
    };
    let before = spec();
    let typed = at_a_terminal(&cluster.world.command(&["stop"]), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(cluster.world.runs()[0].1, "verified", "{typed}");
    let page = serde_json::json!({"service": {"name": "page", "port": {"name": "http"}}});
    let shown = spec();
    assert_eq!(shown["defaultBackend"], page, "{shown}");
    let paths = |spec: &Value| -> Vec<Value> {
        let rules = spec["rules"].as_array().expect("rules").iter();
        rules.flat_map(|rule| rule["http"]["paths"].as_array().expect("paths").clone()).collect()
    };
    assert!(paths(&shown).len() == 3 && paths(&shown).iter().all(|path| path["backend"] == page), "{shown}");
    assert_eq!(shown["rules"][0]["host"], "shop.example.com");
    assert_eq!(cluster.field("deployment/api", ".spec.replicas"), "0");
    assert_eq!(cluster.field("deployment/page", ".spec.replicas"), "1", "what shows the page goes on");
    let resumed = cluster.sereno(&["resume", "--yes"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(spec(), before);
    assert_eq!(cluster.field("ingress.networking.k8s.io/web", ".metadata.annotations.team"), "shop");
    by_itself_and_not_over_somebody_elses_change(&cluster, &spec, &before);
}

fn by_itself_and_not_over_somebody_elses_change(cluster: &Cluster, spec: &dyn Fn() -> Value, before: &Value) {
    let nothing = cluster.sereno(&["maintenance", "off", "--yes"]);
    assert_eq!(nothing.code, Some(3), "{nothing:?}");
    let typed = at_a_terminal(&cluster.world.command(&["maintenance", "on"]), "Type CONFIRM", "CONFIRM\n");
    assert_ne!(spec(), *before, "{typed}");
    let patch = |host: &str| {
        let mut rules = spec()["rules"].clone();
        rules[1]["host"] = host.into();
        let body = serde_json::json!({"spec": {"rules": rules}}).to_string();
        cluster.kubectl(&["patch", "ingress.networking.k8s.io", "web", "-p", &body]);
    };
    patch("other.example.com");
    let changed = spec();
    let refused = cluster.sereno(&["maintenance", "off", "--yes"]);
    assert!(refused.code == Some(3) && refused.err.contains("somebody has changed"), "{refused:?}");
    assert_eq!(spec(), changed, "it is left as it is");
    patch("admin.example.com");
    let off = cluster.sereno(&["maintenance", "off", "--yes"]);
    assert_eq!(off.code, Some(0), "{off:?}");
    assert_eq!(spec(), *before);
}
