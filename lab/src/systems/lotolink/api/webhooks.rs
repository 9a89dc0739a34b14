//! What Stripe tells us: kept first, then booked. What could not be booked stays as `failed` until it is tried again.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::Shared;
use crate::service::answer::{Refusal, ok};
use crate::service::database::StoreError;
use crate::service::log;
use crate::systems::lotolink::store::{Event, Handled};
use crate::systems::lotolink::stripe;

pub(super) async fn stripe(State(app): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let given = headers.get(stripe::HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let now = jiff::Timestamp::now().as_second().cast_unsigned();
    if let Err(reason) = stripe::check(&app.settings.webhook_secret, &body, given, now) {
        log::error("webhook signature verification failed", &json!({"error": reason}));
        return Err(Refusal::bad("webhook signature verification failed"));
    }
    let event: Event = serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body: {error}")))?;
    app.store.keep_event(&event, &String::from_utf8_lossy(&body)).await?;
    let handled = book(&app, &event.id).await?;
    log::info(
        "webhook received",
        &json!({"event_id": event.id, "event_type": event.kind, "again": handled == Handled::Before}),
    );
    Ok(ok(json!({"received": true})))
}

async fn book(app: &Shared, id: &str) -> Result<Handled, Refusal> {
    match app.store.handle_event(id).await {
        Ok(handled) => Ok(handled),
        Err(error) => {
            log::error("webhook processing failed", &json!({"event_id": id, "error": error.to_string()}));
            if matches!(error, StoreError::Refused(_)) {
                app.store.fail_event(id, &error.to_string()).await?;
            }
            Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, "webhook processing failed".to_owned()))
        }
    }
}

pub(super) async fn failed(State(app): State<Shared>) -> Result<Response, Refusal> {
    Ok(ok(json!({"failed": app.store.failed_events().await?})))
}

/// Tries each failed event once more.
pub(super) async fn retry(State(app): State<Shared>) -> Result<Response, Refusal> {
    let (mut processed, mut failed) = (0, 0);
    for id in app.store.failed_events().await? {
        match book(&app, &id).await {
            Ok(_) => processed += 1,
            Err(_) => failed += 1,
        }
    }
    Ok(ok(json!({"processed": processed, "failed": failed})))
}
