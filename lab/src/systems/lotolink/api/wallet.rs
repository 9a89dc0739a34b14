//! A user's wallet, and the tickets bought from it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::limit::user;
use crate::service::answer::{Refusal, ok};
use crate::service::log;
use crate::systems::lotolink::store::Sale;

#[derive(Deserialize)]
struct Wish {
    draw_id: i64,
    numbers: Vec<u8>,
}

pub(super) async fn show(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    let wallet = app.store.wallet(known(&headers)?).await?;
    Ok(ok(json!(wallet.ok_or_else(stranger)?)))
}

pub(super) async fn draws(State(app): State<Shared>) -> Result<Response, Refusal> {
    Ok(ok(json!({"draws": app.store.draws().await?})))
}

pub(super) async fn tickets(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    Ok(ok(json!({"tickets": app.store.tickets(known(&headers)?).await?})))
}

pub(super) async fn buy(State(app): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let user_id = known(&headers)?;
    let mut wish: Wish = serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body: {error}")))?;
    wish.numbers.sort_unstable();
    wish.numbers.dedup();
    if wish.numbers.len() != 6 || wish.numbers.iter().any(|number| !(1..=49).contains(number)) {
        return Err(Refusal::bad("numbers: six different ones from 1 to 49"));
    }
    let numbers: Vec<String> = wish.numbers.iter().map(u8::to_string).collect();
    match app.store.buy(user_id, wish.draw_id, &numbers.join("-")).await {
        Ok(Sale::Sold { ticket, balance_cents }) => {
            app.metrics.ticket_sold();
            let body = json!({"ticket": ticket, "balance_cents": balance_cents});
            Ok((StatusCode::CREATED, Json(body)).into_response())
        }
        Ok(Sale::NoSuchDraw) => Err(Refusal(StatusCode::NOT_FOUND, format!("no draw {}", wish.draw_id))),
        Ok(Sale::NoSuchUser) => Err(stranger()),
        Ok(Sale::TooPoor) => Err(Refusal(StatusCode::PAYMENT_REQUIRED, "insufficient balance".to_owned())),
        Err(error) => {
            log::error("ticket purchase failed", &json!({"error": error.to_string(), "user_id": user_id}));
            Err(error.into())
        }
    }
}

fn known(headers: &HeaderMap) -> Result<&str, Refusal> {
    user(headers).ok_or_else(|| Refusal(StatusCode::UNAUTHORIZED, "X-User-Id is missing".to_owned()))
}

fn stranger() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "no such user".to_owned())
}
