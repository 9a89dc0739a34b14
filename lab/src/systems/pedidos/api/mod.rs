//! The HTTP API.

mod admin;
mod cache;
mod health;
mod metrics;
mod orders;
mod webhooks;

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
    webhook_secret: String,
    release: Release,
    started: Instant,
}

pub(super) async fn serve(settings: &Settings) -> Result<()> {
    let app = Arc::new(App {
        store: Store::new(&settings.database_url).doing(|| "DATABASE_URL".to_owned())?,
        redis: Link::new(&settings.redis_url, Duration::from_secs(1)).doing(|| "REDIS_URL".to_owned())?,
        metrics: Metrics::default(),
        webhook_secret: settings.webhook_secret.clone(),
        release: Release::current(Path::new("."))?,
        started: Instant::now(),
    });
    let address = format!("{}:{}", settings.host, settings.port);
    let listener = TcpListener::bind(&address).await.doing(|| format!("listening on {address}"))?;
    log::info("api started", &json!({"address": address}));
    serve_http(listener, routes(app)).await?;
    log::info("api stopped", &json!({}));
    Ok(())
}

fn routes(app: Shared) -> Router {
    Router::new()
        .route("/health", get(health::all))
        .route("/health/db", get(health::database))
        .route("/health/redis", get(health::redis))
        .route("/metrics", get(metrics::show))
        .route("/tenants", get(orders::tenants))
        .route("/orders", get(orders::list).post(orders::create))
        .route("/orders/{id}", get(orders::show))
        .route("/webhooks/payments", post(webhooks::payment))
        .route("/admin/queues/payments", get(admin::show))
        .route("/admin/queues/payments/retry", post(admin::retry))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::measure))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(app)
}
