//! The HTTP API.

mod bookings;
mod health;
mod metrics;
mod sessions;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;

use self::metrics::Metrics;
use super::settings::Settings;
use super::store::Store;
use crate::failure::{Doing, Result};
use crate::service::link::Link;
use crate::service::release::Release;
use crate::service::{log, serve as serve_http};

type Shared = Arc<App>;

struct App {
    store: Store,
    redis: Link,
    metrics: Metrics,
    settings: Settings,
    release: Release,
    /// Touched at the start, as a cache that is filled is.
    cache: Vec<u8>,
    started: Instant,
}

pub(super) async fn serve(settings: Settings) -> Result<()> {
    let address = format!("{}:{}", settings.host, settings.port);
    let app = Arc::new(App {
        store: Store::new(&settings).doing(|| "DATABASE_URL".to_owned())?,
        redis: Link::new(&settings.redis_url, Duration::from_secs(1)).doing(|| "REDIS_URL".to_owned())?,
        metrics: Metrics::default(),
        release: Release::current(Path::new("."))?,
        cache: vec![1; settings.cache_mb << 20],
        settings,
        started: Instant::now(),
    });
    let listener = TcpListener::bind(&address).await.doing(|| format!("listening on {address}"))?;
    let fields = json!({
        "address": address, "version": app.settings.version,
        "pool_size": app.settings.pool_size, "cache_bytes": app.cache.len(),
    });
    log::info("app started", &fields);
    serve_http(listener, routes(app)).await?;
    log::info("app stopped", &json!({}));
    Ok(())
}

fn routes(app: Shared) -> Router {
    let api = Router::new()
        .route("/health", get(health::show))
        .route("/auth/login", post(sessions::log_in))
        .route("/me", get(sessions::me))
        .route("/users", get(bookings::users))
        .route("/events", get(bookings::events))
        .route("/events/{id}/bookings", post(bookings::book))
        .route("/bookings", get(bookings::list))
        .route("/bookings/{id}", get(bookings::show).delete(bookings::cancel))
        .route("/reports/seats", get(bookings::seats));
    Router::new()
        .route("/health", get(health::show))
        .route("/metrics", get(metrics::show))
        .nest("/api", api)
        .layer(middleware::from_fn_with_state(app.clone(), metrics::measure))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(app)
}
