//! How the application is: `healthy`, `degraded` without Redis or room for files, `unhealthy` without the database.

use std::fs;
use std::path::Path;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use redis::cmd;
use serde_json::{Value, json};

use super::Shared;
use crate::service::log;

pub(super) async fn show(State(app): State<Shared>) -> Response {
    let begun = Instant::now();
    // Written, because a Redis that is full still answers PING.
    let mut probe = cmd("SET");
    probe.arg("health:probe").arg(1).arg("EX").arg(5);
    let (database, redis) = tokio::join!(app.store.ping(), app.redis.query::<()>(&probe));
    let latency = begun.elapsed().as_millis() as u64;
    let storage = try_storage(&app.settings.uploads);
    if let Err(error) = &database {
        log::error("database connection failed", &json!({"error": error.to_string()}));
    }
    let (status, code) = match (&database, &redis, &storage) {
        (Err(_), _, _) => ("unhealthy", StatusCode::SERVICE_UNAVAILABLE),
        (Ok(()), Ok(()), Ok(())) => ("healthy", StatusCode::OK),
        _ => ("degraded", StatusCode::OK),
    };
    let body = json!({
        "status": status,
        "version": app.settings.version,
        "instance": node(),
        "pid": std::process::id(),
        "uptime_seconds": app.started.elapsed().as_secs(),
        "timestamp": jiff::Timestamp::now().to_string(),
        "latency_ms": latency,
        "services": {
            "database": shown(database.err().map(|error| error.to_string())),
            "redis": shown(redis.err().map(|error| error.to_string())),
            "storage": shown(storage.err().map(|error| error.to_string())),
        },
    });
    (code, Json(body)).into_response()
}

fn shown(error: Option<String>) -> Value {
    match error {
        None => json!({"status": "up"}),
        Some(error) => json!({"status": "down", "error": error}),
    }
}

/// One file for each copy of the application, which share the folder.
fn try_storage(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".probe-{}", node()));
    fs::write(&path, "probe")?;
    fs::remove_file(&path)
}

/// The container's name, or the machine's.
fn node() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}
