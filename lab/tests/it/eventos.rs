//! Eventos as plain processes: the application, PostgreSQL and Redis.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Lab, is_alive};

const USER: &str = "X-User-Id: usuario-001\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

pub(crate) fn book(lab: &Lab, seats: u32) -> (u16, Value) {
    lab.send("POST", "/api/events/1/bookings", &format!("{USER}{JSON}"), &format!("{{\"seats\":{seats}}}"))
}

pub(crate) fn well(lab: &Lab) -> bool {
    lab.get("/api/health").1["status"] == "healthy"
}

pub(crate) fn shell(lab: &Lab, line: &str) -> Output {
    Command::new("bash").args(["-c", line]).current_dir(lab.path()).output().unwrap()
}

pub(crate) fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn ok(lab: &Lab, line: &str) -> String {
    let output = shell(lab, line);
    assert!(output.status.success(), "{line}: {}", told(&output));
    told(&output)
}

fn psql(lab: &Lab, sql: &str) -> String {
    ok(lab, &format!("set -a; . ./.env; psql \"$DATABASE_URL\" -AtX -c \"{sql}\"")).trim().to_owned()
}

fn service(lab: &Lab, name: &str) -> (String, String) {
    let state = lab.get("/api/health").1["services"][name].clone();
    let text = |field: &str| state[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("error"))
}

fn metric(lab: &Lab, series: &str) -> f64 {
    let text = lab.text("/metrics");
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok()).unwrap_or_default()
}

#[test]
fn seats_are_booked_and_given_back() {
    let Some(lab) = Lab::up_with("eventos", &["--platform", "process"]) else {
        return;
    };
    assert!(well(&lab), "{:?}", lab.get("/api/health"));
    let free = |lab: &Lab| psql(lab, "SELECT capacity - booked FROM events WHERE id = 1");
    let before = free(&lab);
    let (status, made) = book(&lab, 3);
    assert_eq!((status, made["status"].as_str(), made["amount_cents"].as_i64()), (201, Some("confirmed"), Some(4500)));
    let path = format!("/api/bookings/{}", made["id"]);
    assert_eq!(lab.send("GET", &path, USER, "").0, 200);
    assert_eq!(lab.send("GET", &path, "X-User-Id: usuario-002\r\n", "").0, 404, "another user's booking");
    assert_eq!(lab.send("DELETE", &path, USER, "").0, 200);
    assert_eq!(lab.send("DELETE", &path, USER, "").0, 404, "seats are given back once");
    assert_eq!(free(&lab), before);
    assert_eq!(lab.send("POST", "/api/events/5/bookings", USER, "{\"seats\":1}").0, 409, "sold out");
    assert_eq!(lab.send("POST", "/api/events/99/bookings", USER, "{\"seats\":1}").0, 404);
    assert_eq!(lab.send("GET", "/api/bookings", "X-User-Id: nadie\r\n", "").0, 401);

    let person = r#"{"email":"persona1@eventos.example","password":"evento1"}"#;
    let token = lab.send("POST", "/api/auth/login", JSON, person).1["token"].as_str().unwrap().to_owned();
    let bearer = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(lab.send("GET", "/api/me", &bearer, "").1["id"], "usuario-001");
    assert_eq!(lab.send("POST", "/api/auth/login", JSON, &person.replace("evento1\"", "otra\"")).0, 401);
    assert!(fs::read_to_string(lab.path().join("logs/app.log")).unwrap().contains("login failed"));
    ok(&lab, "sed -i 's/^NEXTAUTH_SECRET=.*/NEXTAUTH_SECRET=nuevo-secret-seguro/' .env.production");
    lab.ok(&["restart", "eventos", "app"]);
    assert_eq!(lab.send("GET", "/api/me", &bearer, "").0, 401, "a session of before the secret was rotated");

    let backup = ok(&lab, "docker/backup.sh");
    let (_, later) = book(&lab, 2);
    assert!(ok(&lab, "docker/backup.sh list").contains("backup_"));
    ok(&lab, &format!("docker/backup.sh restore {}", backup.trim()));
    assert_eq!(lab.send("GET", &format!("/api/bookings/{}", later["id"]), USER, "").0, 404, "restored");
    assert_eq!(lab.send("GET", &path, USER, "").0, 200, "what was backed up is there");
    let load = lab.ok(&["load", "eventos", "--rate", "20", "--seconds", "3"]);
    assert!(load.starts_with("60 ok, 0 refused (4xx), 0 failed"), "{load}");
    assert!(metric(&lab, "bookings_total ") >= 12.0, "one request in five writes");

    let pids = lab.pids();
    assert_eq!(pids.len(), 3);
    lab.ok(&["down", "eventos"]);
    for pid in pids {
        assert!(!is_alive(pid), "{pid} outlived its lab");
    }
    lab.ok(&["up", "eventos"]);
    assert_eq!(lab.send("GET", &path, USER, "").0, 200, "data survives");
}

#[test]
fn every_fault_of_eventos_shows_and_is_mended() {
    let Some(lab) = Lab::up_with("eventos", &["--platform", "process"]) else {
        return;
    };
    assert_eq!(break_all(&lab, "process"), 15);
    lab.ok(&["break", "eventos", "bad-deploy", "-p", "every=1"]);
    assert!((0..4).all(|_| book(&lab, 1).0 == 500), "every booking fails");
    lab.ok(&["mend", "eventos"]);
    let refused = lab.run(&["break", "eventos", "certificate-expired"]);
    assert!(told(&refused).contains("cannot be made on process"), "{}", told(&refused));
}

/// Each is whole before, shows during, and is whole after; both ways may be taken twice.
pub(crate) fn break_all(lab: &Lab, platform: &str) -> usize {
    let names = lab.ok(&["faults", "eventos"]);
    let here = names.lines().filter(|line| line.contains(platform)).filter_map(|line| line.split(' ').next());
    let mut seen = 0;
    for fault in here {
        let begun = Instant::now();
        assert!(well(lab), "before {fault}");
        lab.ok(&["break", "eventos", fault]);
        shows(lab, fault, platform);
        lab.ok(&["mend", "eventos", fault]);
        assert!(well(lab), "after {fault}: {:?}", lab.get("/api/health"));
        let (status, made) = book(lab, 1);
        assert_eq!(status, 201, "after {fault}: {made}");
        gone(lab, fault, platform);
        eprintln!("{fault}: {:.1} s", begun.elapsed().as_secs_f32());
        seen += 1;
    }
    for fault in ["postgres-password", "redis-full"] {
        for command in ["break", "break", "mend", "mend"] {
            lab.ok(&[command, "eventos", fault]);
        }
        assert!(well(lab), "{fault} twice");
    }
    seen
}

/// What somebody outside sees while the fault is in force.
fn shows(lab: &Lab, fault: &str, platform: &str) {
    let containers = platform == "compose";
    let status = || lab.get("/api/health").0;
    let log = |component: &str| {
        if containers {
            ok(lab, &format!("docker-compose logs --no-color --tail=200 {component}"))
        } else {
            fs::read_to_string(lab.path().join(format!("logs/{component}.log"))).unwrap()
        }
    };
    match fault {
        "app-down" => assert_eq!(status(), if containers { 502 } else { 0 }),
        "app-crash-loop" => {
            assert_eq!(status(), if containers { 502 } else { 0 });
            assert!(log("app").contains("DATABASE_POOL_SIZE=veinte is not a number"), "{}", log("app"));
        }
        "app-hangs" => {
            assert_eq!(status(), if containers { 504 } else { 0 });
            assert!(lab.run(&["status", "eventos"]).status.success(), "it runs all the same");
        }
        "app-image-missing" => {
            assert_eq!(status(), 502);
            let output = shell(lab, "docker-compose up -d --no-deps --no-build app");
            assert!(!output.status.success() && told(&output).contains("needs to be built"), "{}", told(&output));
        }
        "out-of-memory" => {
            assert!([502, 504].contains(&status()), "{}", status());
            // Between two starts it is neither.
            let line = "docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' $(docker-compose ps -q app)";
            lab.until("the engine says that it killed it", |lab| {
                let state = ok(lab, line);
                state.contains("true") || state.contains("137")
            });
        }
        "disk-full" => {
            let (_, refused) = book(lab, 1);
            assert!(refused["error"].as_str().unwrap_or_default().contains("No space left"), "{refused}");
            let used = ok(lab, "docker-compose exec -T app df --output=pcent /app/uploads");
            assert!(used.contains("100%"), "{used}");
        }
        "postgres-down" => assert_eq!((status(), service(lab, "database").0.as_str()), (503, "down")),
        "postgres-password" => {
            assert_eq!(status(), 503);
            assert!(service(lab, "database").1.contains("password authentication failed"));
            let psql = shell(lab, "set -a; . ./.env; psql \"$DATABASE_URL\" -AtX -c 'SELECT 1'");
            assert!(told(&psql).contains("password authentication failed"), "{}", told(&psql));
        }
        "postgres-unreachable" => {
            assert_eq!(status(), 503);
            let output = shell(lab, "docker-compose exec -T app curl -sS --max-time 3 http://postgres:5432");
            assert!(told(&output).contains("resolve host"), "{}", told(&output));
            assert!(ok(lab, "docker-compose ps postgres").contains("Up"));
        }
        "too-many-connections" => {
            assert_eq!(status(), 503);
            let psql = shell(lab, "set -a; . ./.env; psql \"$DATABASE_URL\" -AtX -c 'SELECT 1'");
            assert!(told(&psql).contains("too many clients") || told(&psql).contains("slots"), "{}", told(&psql));
        }
        "lock-chain" => {
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0";
            assert_ne!(psql(lab, waiting), "0");
            assert_ne!(book(lab, 1).0, 201);
        }
        "slow-query" => {
            let begun = Instant::now();
            lab.get("/api/users");
            assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
            assert_eq!(psql(lab, "SELECT count(*) FROM pg_indexes WHERE indexname = 'bookings_of_user'"), "0");
        }
        "pool-exhausted" => {
            // Now and then one gets its turn in time.
            lab.until("the pool is exhausted", |lab| service(lab, "database").0 == "down");
            assert_eq!(psql(lab, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'eventos'"), "1");
            assert!(lab.text("/metrics").contains("db_pool_connections{state=\"max\"} 1\n"));
        }
        "redis-down" | "redis-full" | "redis-readonly" => {
            assert_eq!(service(lab, "redis").0, "down");
            assert_eq!((book(lab, 1).0, lab.get("/api/events").0, status()), (503, 200, 200), "{fault}");
            if fault != "redis-down" {
                let port = lab.setting("REDIS_PORT");
                assert!(ok(lab, &format!("redis-cli -p {port} ping")).contains("PONG"));
                let word = if fault == "redis-full" { "OOM" } else { "READONLY" };
                let set = ok(lab, &format!("redis-cli -p {port} set a b 2>&1"));
                assert!(set.contains(word), "{fault}: {set}");
            }
        }
        "bad-deploy" => {
            let statuses: Vec<u16> = (0..6).map(|_| book(lab, 1).0).collect();
            assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 2, "{statuses:?}");
            assert!(log("app").contains("TypeError: Cannot read properties"));
            assert_ne!(lab.get("/api/health").1["version"], "3.0.0");
        }
        "bad-migration" => {
            let (status, refused) = book(lab, 1);
            let error = refused["error"].as_str().unwrap_or_default();
            assert!(status == 500 && error.contains("amount_cents"), "{status} {refused}");
        }
        "password-guessing" => {
            let line = |log: &str| log.lines().any(|line| line.contains("login failed") && line.contains("persona"));
            assert!(line(&log("app")), "{}", log("app"));
        }
        "nginx-down" => {
            assert_eq!(status(), 0);
            ok(lab, "docker-compose exec -T app curl -fsS http://localhost:3000/api/health");
        }
        "nginx-wrong-port" => {
            assert_eq!(status(), 502);
            ok(lab, "docker-compose exec -T app curl -fsS http://localhost:3000/api/health");
            assert!(log("nginx").contains("Connection refused"), "{}", log("nginx"));
        }
        "certificate-expired" => assert!(certificate(lab).contains("certificate has expired"), "{}", certificate(lab)),
        "certificate-wrong-name" => assert!(certificate(lab).contains("ostname mismatch"), "{}", certificate(lab)),
        "certificate-chain-incomplete" => {
            assert!(certificate(lab).contains("unable to get local issuer certificate"), "{}", certificate(lab));
        }
        other => panic!("{other} has no symptom here"),
    }
}

/// What openssl says who trusts the team's authority and asks for the domain.
fn certificate(lab: &Lab) -> String {
    let port = lab.setting("HTTPS_PORT");
    let ask = format!(
        "openssl s_client -connect localhost:{port} -servername tu-dominio.com -verify_hostname tu-dominio.com \
         -CAfile docker/nginx/ssl/root.pem < /dev/null 2>&1 | grep -i 'verif'"
    );
    told(&shell(lab, &ask))
}

/// What a fault leaves behind that health does not tell.
fn gone(lab: &Lab, fault: &str, platform: &str) {
    match fault {
        "slow-query" => {
            let begun = Instant::now();
            assert_eq!(lab.get("/api/users").0, 200);
            assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
        }
        "bad-deploy" => assert!((0..6).all(|_| book(lab, 1).0 == 201)),
        "pool-exhausted" => assert!(lab.text("/metrics").contains("db_pool_connections{state=\"max\"} 20\n")),
        _ if fault.starts_with("certificate") && platform == "compose" => {
            assert!(certificate(lab).contains("0 (ok)"), "{}", certificate(lab));
        }
        _ => {}
    }
}
