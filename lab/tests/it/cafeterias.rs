//! Cafeterías as plain processes: Python, a real Celery, PostgreSQL and Redis.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Lab, is_alive};

const SHOP: &str = "X-Tenant-Id: cafe-central\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

pub(crate) fn order(lab: &Lab, description: &str, amount_cents: u32) -> (u16, Value) {
    let body = format!(r#"{{"description":"{description}","amount_cents":{amount_cents}}}"#);
    lab.send("POST", "/orders", &format!("{SHOP}{JSON}"), &body)
}

pub(crate) fn status_of(lab: &Lab, order: &Value) -> String {
    let (_, found) = lab.send("GET", &format!("/orders/{}", order["id"]), SHOP, "");
    found["status"].as_str().unwrap_or("unknown").to_owned()
}

fn metric(lab: &Lab, series: &str) -> f64 {
    let text = lab.text("/metrics");
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok()).unwrap_or_default()
}

fn service(lab: &Lab, name: &str) -> (String, String) {
    let state = lab.get("/health").1["services"][name].clone();
    let text = |field: &str| state[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("error"))
}

pub(crate) fn well(lab: &Lab) -> bool {
    lab.health() == "healthy"
}

fn script(lab: &Lab, line: &str) -> String {
    let output = Command::new("bash").args(["-c", line]).current_dir(lab.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{line}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn an_order_is_paid_by_the_real_worker() {
    let Some(lab) = Lab::up_with("cafeterias", &["--platform", "process"]) else {
        return;
    };
    assert!(well(&lab), "{:?}", lab.get("/health"));
    let (status, made) = order(&lab, "dos cortados", 1250);
    assert_eq!((status, made["status"].as_str()), (201, Some("pending")), "{made}");
    lab.until("the order is paid", |lab| status_of(lab, &made) == "paid");
    lab.until("the receipt is sent", |lab| metric(lab, "celery_tasks{state=\"succeeded\"}") >= 2.0);
    let tasks = fs::read_to_string(lab.path().join("logs/worker.log")).unwrap();
    assert!(tasks.contains("app.tasks.process_payment") && tasks.contains("\"event\":\"order_paid\""), "{tasks}");
    lab.until("the day's revenue is summed", |lab| {
        lab.send("GET", "/revenue", SHOP, "").1["revenue"][0]["amount_cents"] == 1250
    });
    assert_eq!(lab.send("GET", &format!("/orders/{}", made["id"]), "X-Tenant-Id: la-esquina\r\n", "").0, 404);
    assert_eq!(lab.send("GET", "/orders", "X-Tenant-Id: cerrado-por-obras\r\n", "").0, 403);
    assert_eq!(lab.send("GET", "/orders", "X-Tenant-Id: nobody\r\n", "").0, 404);

    let person = r#"{"email":"persona1@cafe-central.example","password":"cafe"}"#;
    let token = lab.send("POST", "/auth/login", JSON, person).1["access_token"].as_str().unwrap().to_owned();
    let (status, me) = lab.send("GET", "/users/me", &format!("Authorization: Bearer {token}\r\n"), "");
    assert_eq!((status, me["email"].as_str()), (200, Some("persona1@cafe-central.example")), "{me}");
    assert_eq!(lab.send("GET", "/users/me", &format!("Authorization: Bearer {token}x\r\n"), "").0, 401);
    assert_eq!(lab.send("POST", "/auth/login", JSON, &person.replace("\"cafe\"", "\"te\"")).0, 401);
    let security = fs::read_to_string(lab.path().join("logs/security.log")).unwrap();
    let failure = security.lines().find(|line| line.contains("\"event\":\"login_failure\"")).unwrap();
    let failure: Value = serde_json::from_str(failure).unwrap();
    assert_eq!((&failure["ip_address"], &failure["security_event"]), (&"127.0.0.1".into(), &true.into()));
    assert_eq!(lab.get("/docs").0, 404, "the documentation is off in production");

    let told = script(&lab, "bash scripts/smoke_tests.sh production");
    assert!(told.contains("smoke tests: bien"), "{told}");
    let backup = script(&lab, "bash scripts/backup.sh");
    assert!(lab.path().join(backup.trim()).exists(), "{backup}");
    let (_, later) = order(&lab, "después de la copia", 700);
    script(&lab, &format!("bash scripts/restore.sh {}", backup.trim()));
    assert_eq!(lab.send("GET", &format!("/orders/{}", later["id"]), SHOP, "").0, 404, "restored");
    assert_eq!(status_of(&lab, &made), "paid", "what was backed up is there");
    let load = lab.ok(&["load", "cafeterias", "--rate", "10", "--seconds", "3"]);
    assert!(load.starts_with("30 ok, 0 refused (4xx), 0 failed"), "{load}");

    let pids = lab.pids();
    assert_eq!(pids.len(), 6);
    lab.ok(&["down", "cafeterias"]);
    for pid in pids {
        assert!(!is_alive(pid), "{pid} outlived its lab");
    }
    lab.ok(&["up", "cafeterias"]);
    assert_eq!(status_of(&lab, &made), "paid", "data survives");
}

#[test]
fn every_fault_of_cafeterias_shows_and_is_mended() {
    let Some(lab) = Lab::up_with("cafeterias", &["--platform", "process"]) else {
        return;
    };
    let names = lab.ok(&["faults", "cafeterias"]);
    let here = names.lines().filter(|line| line.contains("process")).filter_map(|line| line.split(' ').next());
    let mut seen = 0;
    for fault in here {
        let begun = Instant::now();
        lab.ok(&["break", "cafeterias", fault]);
        shows(&lab, fault);
        lab.ok(&["mend", "cafeterias", fault]);
        lab.until(&format!("all is well after {fault}"), well);
        gone(&lab, fault);
        eprintln!("{fault}: {:.1} s", begun.elapsed().as_secs_f32());
        seen += 1;
    }
    assert_eq!(seen, 19, "{names}");
    // Taken while the worker or the provider was away, and paid in the end. What was refused for want of Redis is not.
    let pending = "set -a; . ./.env; psql \"$DATABASE_URL\" -AtX -c \"SELECT description, count(*) FROM orders \
                   WHERE status = 'pending' GROUP BY 1 ORDER BY 1\"";
    lab.until("orders that waited are paid", |lab| {
        let pending = script(lab, pending);
        !pending.contains("sin worker") && !pending.contains("sin cobro")
    });
    eprintln!("never paid: {}", script(&lab, pending).trim().replace('\n', ", "));
    let refused = lab.run(&["break", "cafeterias", "certificate-expired"]);
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(error.contains("cannot be made on process"), "{error}");
}

/// What somebody outside sees while the fault is in force.
fn shows(lab: &Lab, fault: &str) {
    let errors = || fs::read_to_string(lab.path().join("logs/errors.log")).unwrap_or_default();
    match fault {
        "celery-worker-dead" | "celery-worker-hung" => {
            let (status, made) = order(lab, "sin worker", 500);
            assert_eq!((status, service(lab, "celery").0.as_str()), (201, "down"), "{fault}");
            lab.until("tasks wait", |lab| metric(lab, "celery_queue_length{queue=\"celery\"}") >= 1.0);
            assert_eq!(status_of(lab, &made), "pending");
            let status: Value = serde_json::from_slice(&lab.run(&["status", "cafeterias", "--json"]).stdout).unwrap();
            let components = status["components"].as_array().unwrap();
            let worker = components.iter().find(|component| component["name"] == "worker").unwrap();
            assert_eq!(worker["running"], fault == "celery-worker-hung", "{fault}");
        }
        "celery-beat-dead" => {
            assert_eq!(service(lab, "celery").0, "down");
            let (_, made) = order(lab, "sin beat", 500);
            lab.until("orders are paid all the same", |lab| status_of(lab, &made) == "paid");
        }
        "poison-task" => {
            assert!(errors().contains("receipt_failed"), "{}", errors());
            let retried = metric(lab, "celery_tasks{state=\"retried\"}");
            lab.until("it is tried again and again", |lab| {
                metric(lab, "celery_tasks{state=\"retried\"}") > retried + 1.0
            });
        }
        "queue-backlog" => assert!(metric(lab, "celery_queue_length{queue=\"celery\"}") > 100.0),
        "backend-down" | "backend-crash-loop" => assert_eq!(lab.get("/health").0, 0, "nobody answers"),
        "docs-open" => assert_eq!((lab.get("/docs").0, lab.get("/openapi.json").0), (200, 200)),
        "bad-deploy" => {
            assert_eq!((order(lab, "mesa", 1000).0, order(lab, "mesa", 1001).0), (500, 201));
            assert!(errors().contains("ZeroDivisionError"));
            assert_ne!(lab.get("/health").1["version"], "v1.0.0");
        }
        "postgres-down" => assert_eq!(lab.get("/health").0, 503),
        "postgres-password" => {
            assert_eq!(lab.get("/health").0, 503);
            assert!(service(lab, "database").1.contains("password authentication failed"));
            assert_eq!(order(lab, "sin base", 500).0, 500);
        }
        "too-many-connections" => {
            let (status, error) = service(lab, "database");
            assert!(status == "down" && (error.contains("connection") || error.contains("clients")), "{error}");
        }
        "slow-query" => {
            let begun = Instant::now();
            lab.send("GET", "/users", SHOP, "");
            assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
        }
        "lock-chain" => {
            let psql = "set -a; . ./.env; psql \"$DATABASE_URL\" -AtX -c 'SELECT count(*) FROM pg_stat_activity \
                        WHERE cardinality(pg_blocking_pids(pid)) > 0'";
            assert_ne!(script(lab, psql).trim(), "0");
        }
        "redis-down" | "redis-full" | "redis-readonly" => {
            let (status, error) = service(lab, "redis");
            let reason = match fault {
                "redis-full" => "maxmemory",
                "redis-readonly" => "read only",
                _ => "",
            };
            assert!(status == "down" && error.contains(reason), "{fault}: {error}");
            assert_eq!(order(lab, "sin cola", 500).0, 503, "{fault}");
        }
        "mercadopago-down" => {
            let (status, made) = order(lab, "sin cobro", 500);
            assert_eq!((status, lab.health().as_str()), (201, "degraded"));
            lab.until("an error names the provider", |_| errors().contains("\"integration\":\"mercadopago\""));
            assert_eq!(status_of(lab, &made), "pending");
        }
        "password-guessing" => {
            let line = "grep '\"event\":\"login_failure\"' logs/security.log | jq -r '.ip_address' | sort | uniq -c";
            let told = script(lab, line);
            assert!(told.contains("203.0.113.77"), "{told}");
        }
        other => panic!("{other} has no symptom here"),
    }
}

/// What a fault leaves behind that health does not tell.
fn gone(lab: &Lab, fault: &str) {
    match fault {
        "docs-open" => assert_eq!(lab.get("/docs").0, 404),
        "bad-deploy" => assert_eq!(order(lab, "mesa", 1000).0, 201),
        "slow-query" => {
            let begun = Instant::now();
            assert_eq!(lab.send("GET", "/users", SHOP, "").0, 200);
            assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
        }
        _ => {
            let (status, made) = order(lab, "como siempre", 900);
            assert_eq!(status, 201, "{fault}: {made}");
            lab.until(&format!("orders are paid after {fault}"), |lab| status_of(lab, &made) == "paid");
        }
    }
}
