//! The queue of payments, for operators.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::Shared;
use crate::service::answer::{Refusal, ok};
use crate::service::log;
use crate::systems::pedidos::queue::Queue;

pub(super) async fn show(State(app): State<Shared>) -> Result<Response, Refusal> {
    let queue = Queue(&app.redis);
    Ok(ok(json!({
        "queue": "payments",
        "counts": queue.counts().await?,
        "failed_jobs": queue.failed().await?,
    })))
}

pub(super) async fn retry(State(app): State<Shared>) -> Result<Response, Refusal> {
    let jobs = Queue(&app.redis).retry_failed().await?;
    log::info("failed payments queued again", &json!({"jobs": jobs}));
    Ok(ok(json!({"retried": jobs})))
}
