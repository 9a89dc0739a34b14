//! Numbers in Prometheus' text format.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use redis::cmd;

use super::Shared;
use crate::service::requests::{Labels, Requests, head};

#[derive(Default)]
pub(super) struct Metrics {
    requests: Mutex<Requests>,
    pub(super) bookings: AtomicU64,
    pub(super) login_failures: AtomicU64,
}

pub(super) async fn measure(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    // Counting goes on after a panic elsewhere: half a count is better than none.
    let mut requests = app.metrics.requests.lock().unwrap_or_else(PoisonError::into_inner);
    requests.count(Labels { method, route, status }, start.elapsed().as_secs_f64());
    drop(requests);
    response
}

pub(super) async fn show(State(app): State<Shared>) -> Response {
    let mut ping = cmd("PING");
    ping.arg("metrics");
    let (database, redis) = tokio::join!(app.store.ping(), app.redis.query::<String>(&ping));
    let mut text = String::new();
    app.metrics.requests.lock().unwrap_or_else(PoisonError::into_inner).render(&mut text);
    head(&mut text, "dependency_up", "gauge", "Whether the dependency answers.");
    for (name, up) in [("database", database.is_ok()), ("redis", redis.is_ok())] {
        let _ = writeln!(text, "dependency_up{{dependency=\"{name}\"}} {}", u8::from(up));
    }
    head(&mut text, "db_pool_connections", "gauge", "Connections of the pool by state.");
    let (size, idle) = (app.store.pool.size() as usize, app.store.pool.num_idle());
    let max = app.settings.pool_size as usize;
    for (state, count) in [("in_use", size.saturating_sub(idle)), ("idle", idle), ("max", max)] {
        let _ = writeln!(text, "db_pool_connections{{state=\"{state}\"}} {count}");
    }
    for (name, help, counter) in [
        ("bookings_total", "Bookings made since the start.", &app.metrics.bookings),
        ("login_failures_total", "Logins that were refused since the start.", &app.metrics.login_failures),
    ] {
        head(&mut text, name, "counter", help);
        let _ = writeln!(text, "{name} {}", counter.load(Ordering::Relaxed));
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
