//! What the payment provider tells us. It is queued and answered at once; the worker does the rest.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Shared;
use crate::service::answer::Refusal;
use crate::service::log;
use crate::systems::pedidos::queue::{Job, Queue};
use crate::systems::pedidos::signature;

pub(super) async fn payment(State(app): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let given = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
    if !given.is_some_and(|given| signature::is_valid(&app.webhook_secret, &body, given)) {
        log::warn("webhook refused: wrong signature", &json!({"bytes": body.len()}));
        return Err(Refusal(StatusCode::UNAUTHORIZED, "wrong or missing X-Signature".to_owned()));
    }
    let job: Job = serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body: {error}")))?;
    let job = Job { attempts: 0, ..job };
    let fields = json!({"event_id": job.event_id, "order_id": job.order_id});
    // Without the queue the provider must hear no: it sends again later, and nothing is lost.
    if let Err(error) = Queue(&app.redis).push(&job).await {
        log::error("webhook not queued", &json!({"event": fields, "error": error.to_string()}));
        return Err(error.into());
    }
    log::info("webhook queued", &fields);
    Ok((StatusCode::ACCEPTED, Json(json!({"queued": job.event_id}))).into_response())
}
