//! Events, and the seats that users book in them.

use std::fs;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use redis::cmd;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::sessions::user;
use crate::service::answer::{Refusal, ok};
use crate::service::log;
use crate::systems::eventos::store::Answer;

#[derive(Deserialize)]
struct Wish {
    seats: i32,
}

pub(super) async fn users(State(app): State<Shared>) -> Result<Response, Refusal> {
    let users = app.store.users().await?;
    let users: Vec<Value> = users.iter().map(|(id, bookings)| json!({"id": id, "bookings": bookings})).collect();
    Ok(ok(json!({"users": users})))
}

/// From Redis for a few seconds; without Redis the database answers.
pub(super) async fn events(State(app): State<Shared>) -> Result<Response, Refusal> {
    let kept: Option<String> = app.redis.query(cmd("GET").arg("events")).await.unwrap_or_default();
    if let Some(events) = kept.and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
        return Ok(ok(json!({"events": events})));
    }
    let events = json!(app.store.events().await?);
    // A cache that does not take it costs the next reader some time, no more.
    let _ = app.redis.query::<()>(cmd("SET").arg("events").arg(events.to_string()).arg("EX").arg(3)).await;
    Ok(ok(json!({"events": events})))
}

pub(super) async fn seats(State(app): State<Shared>) -> Result<Response, Refusal> {
    let rows = app.store.free_seats().await?;
    let rows: Vec<Value> = rows.iter().map(|(id, free)| json!({"event_id": id, "free": free})).collect();
    Ok(ok(json!({"seats": rows})))
}

pub(super) async fn list(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    let user = user(&app, &headers).await?;
    Ok(ok(json!({"bookings": app.store.bookings(&user).await?})))
}

pub(super) async fn show(
    State(app): State<Shared>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let user = user(&app, &headers).await?;
    app.store.booking(&user, id).await?.map(|found| ok(json!(found))).ok_or_else(|| missing(id))
}

pub(super) async fn cancel(
    State(app): State<Shared>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let user = user(&app, &headers).await?;
    app.store.cancel(&user, id).await?.map(|found| ok(json!(found))).ok_or_else(|| missing(id))
}

pub(super) async fn book(
    State(app): State<Shared>,
    Path(event): Path<i64>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wish: Wish = serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body: {error}")))?;
    if !(1..=10).contains(&wish.seats) {
        return Err(Refusal::bad("seats: from 1 to 10"));
    }
    let user = user(&app, &headers).await?;
    let made = make(&app, &user, event, wish.seats).await;
    if let Err(Refusal(status, error)) = &made
        && status.is_server_error()
    {
        log::error("booking failed", &json!({"error": error, "event_id": event, "user_id": user}));
    }
    made
}

/// Held in Redis, its ticket printed, booked in the database: without one of them, none.
async fn make(app: &Shared, user: &str, event: i64, seats: i32) -> Result<Response, Refusal> {
    let mut hold = cmd("SET");
    hold.arg(format!("hold:{event}:{user}")).arg(seats).arg("EX").arg(30);
    app.redis.query::<()>(&hold).await?;
    let asked = app.metrics.bookings.fetch_add(1, Ordering::Relaxed) + 1;
    let broken = app.release.failing_every;
    if broken > 0 && asked.is_multiple_of(broken) {
        let error = "TypeError: Cannot read properties of undefined (reading 'seats')";
        return Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_owned()));
    }
    print(app, user, event, seats)
        .map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, format!("printing the ticket: {error}")))?;
    match app.store.book(user, event, seats).await? {
        Answer::Booked(booking) => Ok((StatusCode::CREATED, Json(json!(booking))).into_response()),
        Answer::SoldOut => Err(Refusal(StatusCode::CONFLICT, "sold out".to_owned())),
        Answer::NoSuchEvent => Err(Refusal(StatusCode::NOT_FOUND, format!("there is no event {event}"))),
    }
}

/// The ticket is a file for as long as it takes to send it.
fn print(app: &Shared, user: &str, event: i64, seats: i32) -> std::io::Result<()> {
    let now = jiff::Timestamp::now();
    let path = app.settings.uploads.join(format!("ticket-{event}-{user}-{}.txt", now.as_nanosecond()));
    let written = fs::write(&path, format!("{now} {user} {event} {seats}\n"));
    // One that could not be written is there, empty.
    let removed = fs::remove_file(&path);
    written.and(removed)
}

fn missing(id: i64) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, format!("there is no booking {id}"))
}
