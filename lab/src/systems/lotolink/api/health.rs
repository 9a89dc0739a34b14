//! Whether the backend lives, and whether it can serve: the two that Kubernetes asks.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use redis::cmd;
use serde_json::{Value, json};

use super::Shared;
use crate::service::log;

/// It lives: nothing else is asked, so that a database that is down does not restart every backend.
pub(super) async fn alive(State(app): State<Shared>) -> Response {
    Json(json!({
        "status": "ok",
        "version": app.settings.version,
        "pid": std::process::id(),
        "uptime_seconds": app.started.elapsed().as_secs(),
        "timestamp": jiff::Timestamp::now().to_string(),
    }))
    .into_response()
}

/// Without the database it can serve nobody; without Redis it serves everybody, however often they ask.
pub(super) async fn ready(State(app): State<Shared>) -> Response {
    let mut ping = cmd("PING");
    ping.arg("ready");
    let (database, redis) = tokio::join!(app.store.ping(), app.redis.query::<String>(&ping));
    if let Err(error) = &database {
        log::error("database connection failed", &failure(&error.to_string()));
    }
    let (status, code) = match (&database, &redis) {
        (Err(_), _) => ("error", StatusCode::SERVICE_UNAVAILABLE),
        (Ok(()), Err(_)) => ("degraded", StatusCode::OK),
        (Ok(()), Ok(_)) => ("ok", StatusCode::OK),
    };
    let shown = |error: Option<String>| match error {
        None => json!({"status": "up"}),
        Some(error) => json!({"status": "down", "error": error}),
    };
    let checks = json!({
        "database": shown(database.err().map(|error| error.to_string())),
        "redis": shown(redis.err().map(|error| error.to_string())),
    });
    (code, Json(json!({"status": status, "version": app.settings.version, "checks": checks}))).into_response()
}

/// With the code that people look for in such logs.
fn failure(error: &str) -> Value {
    let code = [
        ("refused", "ECONNREFUSED"),
        ("lookup address", "ENOTFOUND"),
        ("password authentication", "EAUTH"),
        ("too many", "ECONNLIMIT"),
    ]
    .into_iter()
    .find_map(|(words, code)| error.contains(words).then_some(code))
    .unwrap_or("ETIMEDOUT");
    json!({"error": error, "code": code})
}
