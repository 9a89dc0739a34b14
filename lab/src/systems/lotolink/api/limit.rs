//! `RATE_LIMIT_MAX` requests of a user in `RATE_LIMIT_TTL` seconds, counted in Redis for all replicas together.

use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use redis::cmd;
use serde_json::json;

use super::Shared;
use crate::service::answer::Refusal;
use crate::service::log;

pub(super) async fn hold(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let limit = app.settings.limit;
    let who = user(request.headers()).unwrap_or("nobody").to_owned();
    let now = jiff::Timestamp::now().as_second().cast_unsigned();
    let key = format!("rate:{who}:{}", now / limit.ttl_seconds);
    let mut raise = cmd("INCR");
    raise.arg(&key);
    let count = match app.redis.query::<u64>(&raise).await {
        Ok(count) => count,
        Err(error) => {
            log::warn("rate limit not counted", &json!({"error": error.to_string()}));
            0
        }
    };
    if count == 1 {
        let mut expire = cmd("EXPIRE");
        expire.arg(&key).arg(limit.ttl_seconds);
        if let Err(error) = app.redis.query::<()>(&expire).await {
            log::warn("rate limit not counted", &json!({"error": error.to_string()}));
        }
    }
    if count <= limit.max {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    log::warn("Too Many Requests", &json!({"status": 429, "user_id": who, "path": path, "limit": limit.max}));
    let mut response = Refusal(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests".to_owned()).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(limit.ttl_seconds - now % limit.ttl_seconds));
    response
}

pub(super) fn user(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-user-id").and_then(|value| value.to_str().ok()).filter(|user| !user.is_empty())
}
