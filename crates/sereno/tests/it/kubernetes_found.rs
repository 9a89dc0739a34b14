//! A real Kubernetes as it is found: what `sereno init` writes down of it, and how it is asked.

use crate::kubernetes::{Cluster, READY, TICKS, workload};
use crate::world::{json, said, skipped, until};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Passes connections on to a server, and counts them.
fn counted(server: &str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let (seen, server) = (Arc::clone(&count), server.to_owned());
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            seen.fetch_add(1, Ordering::SeqCst);
            let far = TcpStream::connect(&server).expect("the server is there");
            for (mut from, mut to) in
                [(near.try_clone().expect("a socket"), far.try_clone().expect("a socket")), (far, near)]
            {
                std::thread::spawn(move || {
                    // One of both ends first, in whatever way.
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    (port, count)
}

#[test]
fn all_questions_of_a_status_share_one_connection() {
    let Some(cluster) = Cluster::up("one") else { return };
    cluster.apply(&workload("Deployment", "api", Some(1), TICKS, READY));
    until("it runs", || cluster.component("api")["standing"] == "ok");
    let kubeconfig = std::fs::read_to_string(&cluster.kubeconfig).expect("a kubeconfig");
    let place = kubeconfig.split("https://").nth(1).and_then(|rest| rest.split(['"', '\'', ',', '\n']).next());
    let place = place.expect("an address").trim_end_matches('/');
    let (port, count) = counted(place);
    cluster.world.write("kubeconfig", &kubeconfig.replace(place, &format!("127.0.0.1:{port}")));
    let settings = cluster.world.read("sereno.toml");
    let own = cluster.kubeconfig.display().to_string();
    cluster.world.write("sereno.toml", &settings.replace(&own, "kubeconfig"));
    let status = cluster.world.sereno(&["status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn init_writes_a_namespace_down() {
    let Some(cluster) = Cluster::up("init") else { return };
    let probe = ", ports: [{containerPort: 3000, name: http}], readinessProbe: {httpGet: {path: /health, port: http}}, \
                 env: [{name: DATABASE_URL, value: \"postgres://app:hunter2hunter2@db/app\"}, \
                 {name: REDIS_URL, valueFrom: {secretKeyRef: {name: cache-login, key: url}}}]";
    let redis = workload("Deployment", "cache", Some(0), "true", "").replace("/bin/bash", "redis-server");
    let ingress = "
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}]}}]}
";
    cluster.apply(&[workload("Deployment", "api", Some(1), TICKS, probe), redis].concat());
    let reached = cluster.try_apply(ingress);
    if !reached {
        skipped("this server takes no Ingress: what it would be reached as is not looked at");
    }
    cluster.kubectl(&[
        "create",
        "secret",
        "generic",
        "cache-login",
        "--from-literal=url=redis://:hunter2hunter2@cache",
    ]);
    std::fs::remove_file(cluster.world.path().join("sereno.toml")).expect("removed");
    let init = |more: &[&str]| {
        let mut command = cluster.world.command(&["init", "--namespace", &cluster.namespace]);
        said(command.args(more).env("KUBECONFIG", &cluster.kubeconfig).output().expect("the binary runs"))
    };
    let shown = init(&["--plan"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let written = init(&["--format", "json"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    let found = &json(&written)["found"];
    assert_eq!(found["platform"]["kind"], "kubernetes");
    assert_eq!(found["services"], serde_json::json!(["api"]));
    let stores = serde_json::json!([
        {"kind": "postgresql", "services": [], "variables": ["DATABASE_URL"]},
        {"kind": "redis", "services": ["cache"], "variables": ["REDIS_URL"]},
    ]);
    assert_eq!(found["stores"], stores);
    assert_eq!(found["probes"], serde_json::json!(["api:3000/health"]));
    let hosts = if reached { serde_json::json!(["shop.example.com"]) } else { serde_json::json!([]) };
    assert_eq!(found["hosts"], hosts);
    assert!(found["secrets"].as_array().expect("a list").contains(&"cache-login".into()), "{found}");
    let file = cluster.world.read("sereno.toml");
    assert!(file.contains("context = ") && file.contains(&cluster.namespace), "{file}");
    assert!(!format!("{shown:?}{written:?}{file}").contains("hunter2"), "only names are told");
    let again = init(&["--format", "json"]);
    assert_eq!((again.code, &json(&again)["done"]), (Some(0), &"kept".into()), "{again:?}");
    assert_eq!(cluster.world.read("sereno.toml"), file);
    // What was written is what is operated from then on.
    let mut status = cluster.world.command(&["status", "--format", "json"]);
    let status = said(status.env("KUBECONFIG", &cluster.kubeconfig).output().expect("the binary runs"));
    assert!(status.out.contains(&format!("/{}", cluster.namespace)) && status.out.contains("\"api\""), "{status:?}");

    let mut wrong = cluster.world.command(&["init", "--context", "mnii"]);
    let wrong = said(wrong.env("KUBECONFIG", &cluster.kubeconfig).output().expect("the binary runs"));
    assert!(wrong.code == Some(2) && wrong.err.contains("there is: "), "{wrong:?}");
}
