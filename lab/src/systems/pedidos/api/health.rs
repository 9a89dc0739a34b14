//! How the API is: `ok`, `degraded` without something auxiliary, `error` without the database.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use redis::cmd;
use serde_json::{Map, Value, json};

use super::Shared;
use crate::systems::pedidos::queue::Queue;

/// A worker says that it lives once a second.
const SILENCE: i64 = 5;

pub(super) async fn all(State(app): State<Shared>) -> Response {
    let (database, redis) = tokio::join!(check_database(&app), check_redis(&app));
    let worker = match &redis {
        Ok(_) => check_worker(&app).await,
        Err(_) => Err("unknown without redis".to_owned()),
    };
    let status = match (&database, &redis, &worker) {
        (Err(_), _, _) => "error",
        (Ok(_), Ok(_), Ok(_)) => "ok",
        _ => "degraded",
    };
    let mut services = Map::new();
    for (name, check) in [("database", database), ("redis", redis), ("worker", worker)] {
        services.insert(name.to_owned(), shown(check).1);
    }
    let code = if status == "error" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let body = json!({
        "status": status,
        "version": app.release.version,
        "pid": std::process::id(),
        "uptime_seconds": app.started.elapsed().as_secs(),
        "timestamp": jiff::Timestamp::now().to_string(),
        "services": services,
    });
    (code, Json(body)).into_response()
}

pub(super) async fn database(State(app): State<Shared>) -> Response {
    one(check_database(&app).await)
}

pub(super) async fn redis(State(app): State<Shared>) -> Response {
    one(check_redis(&app).await)
}

fn one(check: Result<Value, String>) -> Response {
    let (code, body) = shown(check);
    (code, Json(body)).into_response()
}

fn shown(check: Result<Value, String>) -> (StatusCode, Value) {
    match check {
        Ok(Value::Object(mut detail)) => {
            detail.insert("status".to_owned(), "up".into());
            (StatusCode::OK, Value::Object(detail))
        }
        Ok(_) => (StatusCode::OK, json!({"status": "up"})),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "down", "error": error})),
    }
}

async fn check_database(app: &Shared) -> Result<Value, String> {
    let start = Instant::now();
    app.store.ping().await.map_err(|error| error.to_string())?;
    Ok(latency(start))
}

/// Writes, because a Redis that is full still answers PING.
async fn check_redis(app: &Shared) -> Result<Value, String> {
    let start = Instant::now();
    let mut probe = cmd("SET");
    probe.arg("health:probe").arg(1).arg("EX").arg(5);
    app.redis.query::<()>(&probe).await.map_err(|error| error.to_string())?;
    Ok(latency(start))
}

async fn check_worker(app: &Shared) -> Result<Value, String> {
    let silence = Queue(&app.redis).worker_silence().await.map_err(|error| error.to_string())?;
    match silence {
        Some(seconds) if seconds <= SILENCE => Ok(json!({"last_seen_seconds": seconds})),
        Some(seconds) => Err(format!("not heard of for {seconds} s")),
        None => Err("not heard of for 30 s or more".to_owned()),
    }
}

fn latency(start: Instant) -> Value {
    json!({"latency_ms": start.elapsed().as_millis() as u64})
}
