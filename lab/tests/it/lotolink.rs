//! LotoLink as plain processes, and on a real Kubernetes, with every fault seen from outside.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bench::Lab;

impl Lab {
    fn as_user(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.send(method, path, "X-User-Id: usuario-007\r\n", body)
    }

    fn buy(&self) -> (u16, Value) {
        self.as_user("POST", "/api/v1/tickets", r#"{"draw_id":1,"numbers":[4,8,15,16,23,42]}"#)
    }

    fn balance(&self) -> i64 {
        self.as_user("GET", "/api/v1/wallet", "").1["balance_cents"].as_i64().unwrap()
    }

    fn ready(&self) -> String {
        self.get("/health/ready").1["status"].as_str().unwrap_or("silent").to_owned()
    }

    fn paid(&self, event: &str) -> bool {
        self.run(&["lotolink", "pay", "usuario-007", "--event-id", event]).status.success()
    }
}

#[test]
fn a_wallet_is_filled_by_stripe_and_pays_for_a_ticket() {
    let Some(lab) = Lab::up_with("lotolink", &["--platform", "process"]) else {
        return;
    };
    assert_eq!((lab.get("/health").1["status"].as_str(), lab.ready().as_str()), (Some("ok"), "ok"));
    let before = lab.balance();
    assert!(lab.paid("evt_1") && lab.paid("evt_1"), "Stripe announces what it likes as often as it likes");
    assert_eq!(lab.balance(), before + 1000, "and it is booked once");
    let (status, sale) = lab.buy();
    assert_eq!((status, sale["ticket"]["numbers"].as_str()), (201, Some("4-8-15-16-23-42")), "{sale}");
    assert_eq!((sale["balance_cents"].as_i64(), lab.balance()), (Some(before + 750), before + 750));
    let tickets = lab.as_user("GET", "/api/v1/tickets", "").1;
    assert_eq!(tickets["tickets"].as_array().unwrap().len(), 1, "{tickets}");

    let forged = "Stripe-Signature: t=1,v1=00\r\n";
    assert_eq!(lab.send("POST", "/webhooks/stripe", forged, "{}").0, 400);
    assert_eq!(lab.get("/api/v1/wallet").0, 401, "nobody has no wallet");
    assert_eq!(lab.send("GET", "/api/v1/wallet", "X-User-Id: x\r\n", "").0, 404);
    assert_eq!(lab.as_user("POST", "/api/v1/tickets", r#"{"draw_id":9,"numbers":[1,2,3,4,5,6]}"#).0, 404);
    assert_eq!(lab.as_user("POST", "/api/v1/tickets", r#"{"draw_id":1,"numbers":[1,1,3,4,5,6]}"#).0, 400);

    let metrics = lab.text("/metrics");
    for start in [
        "http_requests_total{method=\"POST\",route=\"/api/v1/tickets\",status=\"201\"} 1",
        "http_request_duration_seconds_bucket{method=\"GET\",route=\"/health/ready\",status=\"200\",le=\"+Inf\"}",
        "pg_stat_database_numbackends{datname=\"lotolink_db\"} ",
        "container_memory_usage_bytes{pod=\"",
        "webhook_events{status=\"processed\"} 1",
    ] {
        assert!(metrics.lines().any(|line| line.starts_with(start)), "{start}\n{metrics}");
    }
    let said = lab.ok(&["load", "lotolink", "--rate", "50", "--seconds", "2"]);
    assert!(said.starts_with("100 ok, 0 refused"), "{said}");
}

#[test]
fn migrations_are_kept_as_typeorm_keeps_them() {
    let Some(lab) = Lab::up_with("lotolink", &["--platform", "process"]) else {
        return;
    };
    let npm = |word: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_lab"))
            .args(["lotolink", word])
            .env("DATABASE_URL", lab.setting("DATABASE_URL"))
            .current_dir(lab.path())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(npm("migrate-show").contains("[X] 3 CreateWebhookEvents1738368000000\n"));
    assert_eq!(npm("migrate-revert"), "Migration CreateWebhookEvents1738368000000 has been reverted successfully.\n");
    assert!(npm("migrate-show").contains("[ ] CreateWebhookEvents1738368000000\n"));
    assert!(!lab.paid("evt_1"), "what took Stripe's events is gone");
    assert_eq!(npm("migrate"), "Migration CreateWebhookEvents1738368000000 has been executed successfully.\n");
    assert_eq!(npm("migrate"), "No migrations are pending\n");
    assert!(lab.paid("evt_1"));
}

/// What a fault does wherever LotoLink lives.
fn shows(lab: &Lab, fault: &str) -> bool {
    match fault {
        "postgres-down" | "db-password" => matches!(lab.get("/health/ready").0, 502 | 503),
        "redis-down" => lab.ready() == "degraded" && lab.buy().0 == 201,
        "backend-down" => matches!(lab.get("/health").0, 0 | 502),
        "rate-limit" => (0..4).any(|_| lab.as_user("GET", "/api/v1/draws", "").0 == 429),
        "webhook-secret" => !lab.paid("evt_probe") && lab.buy().0 == 201,
        "webhooks-failing" => {
            let failed = lab.get("/admin/webhook-events/failed").1;
            failed["failed"].as_array().is_some_and(|all| !all.is_empty())
        }
        "migration-broken" => lab.buy().0 == 500,
        "table-locked" => lab.as_user("GET", "/api/v1/wallet", "").0 == 503,
        _ => false,
    }
}

const EVERYWHERE: [&str; 9] = [
    "postgres-down",
    "redis-down",
    "backend-down",
    "db-password",
    "rate-limit",
    "webhook-secret",
    "webhooks-failing",
    "migration-broken",
    "table-locked",
];

#[test]
fn every_fault_of_the_processes_shows_and_is_mended() {
    let Some(lab) = Lab::up_with("lotolink", &["--platform", "process"]) else {
        return;
    };
    for fault in EVERYWHERE {
        assert!(!shows(&lab, fault), "{fault} is not there yet");
        lab.ok(&["break", "lotolink", fault]);
        assert!(shows(&lab, fault), "{fault} is in force when break returns");
        lab.ok(&["mend", "lotolink", fault]);
        is_whole(&lab, fault);
        lab.ok(&["mend", "lotolink", fault]);
    }
    let refused = lab.run(&["break", "lotolink", "crash-loop"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cannot be made on process"), "{refused:?}");
}

fn is_whole(lab: &Lab, fault: &str) {
    assert_eq!(lab.ready(), "ok", "{fault} is mended when mend returns");
    assert!(lab.buy().0 == 201 && lab.paid(&format!("evt_after_{fault}")), "{fault}: users are served again");
    let failed = lab.get("/admin/webhook-events/failed").1;
    assert_eq!(failed["failed"].as_array().map(Vec::len), Some(0), "{failed}");
}

/// LotoLink on a cluster, in a namespace of its own.
struct OnCluster {
    lab: Lab,
    kubeconfig: PathBuf,
    namespace: String,
}

impl OnCluster {
    fn up(purpose: &str) -> Option<Self> {
        let Some(kubeconfig) = std::env::var_os("SERENO_TEST_KUBECONFIG").map(PathBuf::from) else {
            eprintln!("skipped: SERENO_TEST_KUBECONFIG names no cluster");
            return None;
        };
        if !answers(&kubeconfig) {
            eprintln!("skipped: no cluster answers at SERENO_TEST_KUBECONFIG");
            return None;
        }
        let namespace = format!("lab-{purpose}-{}", std::process::id());
        let file = kubeconfig.to_string_lossy().into_owned();
        let options = ["--platform", "kubernetes", "--kubeconfig", &file, "--namespace", &namespace];
        let lab = Lab::up_with("lotolink", &options)?;
        Some(Self { lab, kubeconfig, namespace })
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let output = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(["-n", &self.namespace])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn pods(&self) -> String {
        self.kubectl(&["get", "pods", "-l", "app=lotolink-backend", "-o", "json"])
    }

    /// What a fault does on a cluster: what users get, and where an operator sees why.
    fn shows(&self, fault: &str) -> bool {
        let events = || self.kubectl(&["get", "events", "-o", "json"]);
        let logs = || self.kubectl(&["logs", "-l", "app=lotolink-backend", "--tail=20"]);
        let deployment = || self.kubectl(&["get", "deployment", "lotolink-backend", "-o", "json"]);
        let nobody = || self.lab.get("/health").0 == 502;
        match fault {
            "crash-loop" => nobody() && self.pods().contains("CrashLoopBackOff"),
            // Some engines do not say why the kernel killed it, only with which signal.
            "out-of-memory" => {
                nobody() && ["OOMKilled", "\"exitCode\": 137"].iter().any(|why| self.pods().contains(why))
            }
            "image-missing" => {
                nobody() && ["ErrImagePull", "ImagePullBackOff"].iter().any(|why| self.pods().contains(why))
            }
            "probe-path" => {
                nobody() && events().contains("Readiness probe failed: HTTP probe failed with statuscode: 404")
            }
            "liveness-path" => events().contains("Liveness probe failed: HTTP probe failed with statuscode: 404"),
            "port-changed" => nobody() && events().contains("connection refused"),
            "unschedulable" => nobody() && self.pods().contains("Insufficient memory"),
            "secret-missing" => nobody() && self.pods().contains("CreateContainerConfigError"),
            "service-selector" => nobody() && deployment().contains("\"readyReplicas\": 3"),
            "db-name-gone" => nobody() && logs().contains("ENOTFOUND"),
            "quota-full" => self.lab.get("/health").0 == 200 && deployment().contains("exceeded quota"),
            "pod-stuck" => self.pods().contains("deletionTimestamp") && self.pods().contains("lotolink.com/auditoria"),
            "db-password" => nobody() && logs().contains("EAUTH"),
            "webhook-secret" => shows(&self.lab, fault) && logs().contains("webhook signature verification failed"),
            other => shows(&self.lab, other),
        }
    }

    fn each(&self, faults: &[&str]) {
        for fault in faults {
            assert!(!self.shows(fault), "{fault} is not there yet");
            self.lab.ok(&["break", "lotolink", fault]);
            self.lab.until(fault, |_| self.shows(fault));
            self.lab.ok(&["mend", "lotolink", fault]);
            is_whole(&self.lab, fault);
        }
    }
}

fn answers(kubeconfig: &Path) -> bool {
    let output = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(["get", "--raw", "/readyz", "--request-timeout=10s"])
        .output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn every_fault_of_the_pods_shows_and_is_mended() {
    let Some(cluster) = OnCluster::up("pods") else {
        return;
    };
    assert_eq!(cluster.lab.ok(&["status", "lotolink"]).matches("running").count(), 3);
    cluster.each(&[
        "crash-loop",
        "out-of-memory",
        "image-missing",
        "probe-path",
        "liveness-path",
        "port-changed",
        "unschedulable",
        "secret-missing",
        "service-selector",
        "db-name-gone",
        "quota-full",
        "pod-stuck",
    ]);
}

#[test]
fn every_fault_of_the_rest_shows_on_a_cluster_and_is_mended() {
    let Some(cluster) = OnCluster::up("rest") else {
        return;
    };
    let sold = cluster.lab.balance();
    cluster.each(&EVERYWHERE);
    assert_ne!(cluster.lab.balance(), sold, "the data outlived all of it");
    let other = crate::bench::directory();
    let file = cluster.kubeconfig.to_string_lossy();
    let options = ["--platform", "kubernetes", "--kubeconfig", &file, "--namespace", &cluster.namespace];
    let refused = crate::bench::run(&[&["up", "lotolink"], options.as_slice()].concat(), other.path());
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(error.contains("belongs to the lab in"), "a namespace of another lab is left alone: {error}");
}
