//! The HTTP API of the backend.

mod health;
mod limit;
mod metrics;
mod wallet;
mod webhooks;

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
use crate::service::{log, serve as serve_http};

type Shared = Arc<App>;

struct App {
    store: Store,
    redis: Link,
    metrics: Metrics,
    settings: Settings,
    /// Touched at the start, as a cache that is filled is.
    cache: Vec<u8>,
    started: Instant,
}

pub(super) async fn serve(settings: Settings) -> Result<()> {
    let address = format!("{}:{}", settings.host, settings.port);
    let app = Arc::new(App {
        store: Store::new(&settings.database_url).doing(|| "DATABASE_URL".to_owned())?,
        redis: Link::new(&settings.redis_url, Duration::from_secs(1)).doing(|| "REDIS_URL".to_owned())?,
        metrics: Metrics::default(),
        cache: vec![1; settings.cache_mib << 20],
        settings,
        started: Instant::now(),
    });
    let listener = TcpListener::bind(&address).await.doing(|| format!("listening on {address}"))?;
    let limit = app.settings.limit;
    let fields = json!({
        "address": address, "version": app.settings.version,
        "rate_limit_max": limit.max, "rate_limit_ttl": limit.ttl_seconds,
        "draw_cache_bytes": app.cache.len(),
    });
    log::info("lotolink backend started", &fields);
    serve_http(listener, routes(app)).await?;
    log::info("lotolink backend stopped", &json!({}));
    Ok(())
}

fn routes(app: Shared) -> Router {
    let api = Router::new()
        .route("/wallet", get(wallet::show))
        .route("/draws", get(wallet::draws))
        .route("/tickets", get(wallet::tickets).post(wallet::buy))
        .layer(middleware::from_fn_with_state(app.clone(), limit::hold));
    Router::new()
        .route("/health", get(health::alive))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::show))
        .nest("/api/v1", api)
        .route("/webhooks/stripe", post(webhooks::stripe))
        .route("/admin/webhook-events/failed", get(webhooks::failed))
        .route("/admin/webhook-events/retry", post(webhooks::retry))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::measure))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(app)
}
