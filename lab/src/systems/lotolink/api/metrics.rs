//! Numbers in Prometheus' text format, by the names that the runbook's queries use.

use std::fmt::Write;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::service::requests::{Labels, Requests, head};

#[derive(Default)]
pub(super) struct Metrics(Mutex<Numbers>);

#[derive(Default)]
struct Numbers {
    requests: Requests,
    tickets: u64,
}

impl Metrics {
    pub(super) fn ticket_sold(&self) {
        self.numbers().tickets += 1;
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn measure(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let labels = Labels { method, route, status: response.status().as_u16() };
    app.metrics.numbers().requests.count(labels, start.elapsed().as_secs_f64());
    response
}

pub(super) async fn show(State(app): State<Shared>) -> Response {
    let (connections, events) = tokio::join!(app.store.connections(), app.store.events_by_status());
    let mut text = String::new();
    {
        let numbers = app.metrics.numbers();
        numbers.requests.render(&mut text);
        head(&mut text, "tickets_sold_total", "counter", "Tickets sold since the start.");
        let _ = writeln!(text, "tickets_sold_total {}", numbers.tickets);
    }
    head(&mut text, "dependency_up", "gauge", "Whether the dependency answers.");
    let _ = writeln!(text, "dependency_up{{dependency=\"database\"}} {}", u8::from(connections.is_ok()));
    // Without the database there is no number to tell, which is not the same as zero.
    if let Ok(connections) = connections {
        head(&mut text, "pg_stat_database_numbackends", "gauge", "Connections of each database.");
        for (name, count) in connections {
            let _ = writeln!(text, "pg_stat_database_numbackends{{datname=\"{name}\"}} {count}");
        }
    }
    if let Ok(events) = events {
        head(&mut text, "webhook_events", "gauge", "Stripe's events by what became of them.");
        for (status, count) in events {
            let _ = writeln!(text, "webhook_events{{status=\"{status}\"}} {count}");
        }
    }
    if let Some(bytes) = memory() {
        let pod = std::env::var("HOSTNAME").unwrap_or_else(|_| "lotolink-backend".to_owned());
        head(&mut text, "container_memory_usage_bytes", "gauge", "Memory of this container.");
        let _ = writeln!(text, "container_memory_usage_bytes{{pod=\"{pod}\",container=\"lotolink-backend\"}} {bytes}");
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// What the kernel counts for our control group; outside of a container, for our process.
fn memory() -> Option<u64> {
    let counted = ["/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes"];
    let inside = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let of_group =
        counted.iter().filter(|_| inside).find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    of_group.or_else(|| {
        let text = fs::read_to_string("/proc/self/status").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    })
}
