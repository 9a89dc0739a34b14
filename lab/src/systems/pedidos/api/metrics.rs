//! Numbers in Prometheus' text format.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::service::requests::{Labels, Requests, head};
use crate::systems::pedidos::queue::Queue;

/// The hit rate is that of the last lookups, so that it shows today's trouble and not last week's average.
const LOOKUPS: usize = 500;

#[derive(Default)]
pub(super) struct Metrics(Mutex<Numbers>);

#[derive(Default)]
struct Numbers {
    requests: Requests,
    lookups: VecDeque<bool>,
    orders: u64,
}

impl Metrics {
    pub(super) fn order_created(&self) {
        self.numbers().orders += 1;
    }

    pub(super) fn cache_lookup(&self, hit: bool) {
        let mut numbers = self.numbers();
        numbers.lookups.push_back(hit);
        if numbers.lookups.len() > LOOKUPS {
            numbers.lookups.pop_front();
        }
    }

    fn request(&self, labels: Labels, seconds: f64) {
        self.numbers().requests.count(labels, seconds);
    }

    /// Counting goes on after a panic elsewhere: half a count is better than none.
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn measure(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    if route.starts_with("/orders") && !app.release.delay().is_zero() {
        tokio::time::sleep(app.release.delay()).await;
    }
    let response = next.run(request).await;
    let status = response.status().as_u16();
    app.metrics.request(Labels { method, route, status }, start.elapsed().as_secs_f64());
    response
}

pub(super) async fn show(State(app): State<Shared>) -> Response {
    let queue = Queue(&app.redis);
    let (counts, database) = tokio::join!(queue.counts(), app.store.ping());
    let mut text = render(&app.metrics.numbers());
    let up = [("database", database.is_ok()), ("redis", counts.is_ok())];
    head(&mut text, "dependency_up", "gauge", "Whether the dependency answers.");
    for (name, up) in up {
        let _ = writeln!(text, "dependency_up{{dependency=\"{name}\"}} {}", u8::from(up));
    }
    // Without Redis there is no number to tell, which is not the same as zero.
    if let Ok(counts) = counts {
        head(&mut text, "queue_jobs", "gauge", "Jobs in the queue by state.");
        let states = [("waiting", counts.waiting), ("active", counts.active), ("failed", counts.failed)];
        for (state, jobs) in states {
            let _ = writeln!(text, "queue_jobs{{queue=\"payments\",state=\"{state}\"}} {jobs}");
        }
        head(&mut text, "queue_jobs_completed_total", "counter", "Jobs that were completed.");
        let _ = writeln!(text, "queue_jobs_completed_total{{queue=\"payments\"}} {}", counts.completed);
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn render(numbers: &Numbers) -> String {
    let mut text = String::new();
    numbers.requests.render(&mut text);
    head(&mut text, "cache_hit_rate", "gauge", "Share of the last 500 cache lookups that were hits.");
    let hits = numbers.lookups.iter().filter(|hit| **hit).count();
    let rate = hits as f64 / numbers.lookups.len() as f64;
    // Of no lookups there is no rate: 0/0, which Prometheus knows as NaN.
    let _ = writeln!(text, "cache_hit_rate {rate}");
    head(&mut text, "orders_total", "counter", "Orders created since the start.");
    let _ = writeln!(text, "orders_total {}", numbers.orders);
    text
}

#[cfg(test)]
mod tests {
    use super::{Metrics, render};

    #[test]
    fn the_hit_rate_forgets_old_lookups() {
        let metrics = Metrics::default();
        (0..500).for_each(|_| metrics.cache_lookup(false));
        (0..400).for_each(|_| metrics.cache_lookup(true));
        assert!(render(&metrics.numbers()).contains("cache_hit_rate 0.8\n"));
    }
}
