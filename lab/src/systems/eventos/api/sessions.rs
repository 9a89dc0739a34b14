//! Who somebody is: a token that is signed with `NEXTAUTH_SECRET`, and void once that has changed.

use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use crate::service::answer::{Refusal, ok};
use crate::service::{hmac, log};

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

pub(super) async fn log_in(State(app): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let given: Credentials =
        serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body: {error}")))?;
    let Some(id) = app.store.log_in(&given.email, &given.password).await? else {
        app.metrics.login_failures.fetch_add(1, Ordering::Relaxed);
        let from = headers.get("x-real-ip").and_then(|value| value.to_str().ok()).unwrap_or("unknown");
        log::warn("login failed", &json!({"email": given.email, "ip": from}));
        return Err(Refusal(StatusCode::UNAUTHORIZED, "wrong e-mail address or password".to_owned()));
    };
    let token = format!("{id}.{}", hmac::sign(&app.settings.secret, id.as_bytes()));
    log::info("login", &json!({"user_id": id}));
    Ok(ok(json!({"token": token, "id": id})))
}

pub(super) async fn me(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let id = token
        .and_then(|token| token.rsplit_once('.'))
        .and_then(|(id, signature)| hmac::is_valid(&app.settings.secret, id.as_bytes(), signature).then_some(id));
    match id {
        Some(id) => Ok(ok(json!({"id": id}))),
        None => Err(Refusal(StatusCode::UNAUTHORIZED, "log in first".to_owned())),
    }
}

/// Whose request it is, as the pages of the site say.
pub(super) async fn user(app: &Shared, headers: &HeaderMap) -> Result<String, Refusal> {
    let given = headers.get("x-user-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !given.is_empty() && app.store.knows(given).await? {
        return Ok(given.to_owned());
    }
    Err(Refusal(StatusCode::UNAUTHORIZED, "X-User-Id names no user".to_owned()))
}
