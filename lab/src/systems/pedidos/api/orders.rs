//! Tenants and their orders.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::{App, Shared};
use crate::service::answer::{Refusal, ok};
use crate::service::log;

#[derive(Deserialize)]
pub(super) struct Whose {
    tenant_id: Option<String>,
}

#[derive(Deserialize)]
struct NewOrder {
    tenant_id: Option<String>,
    #[serde(default)]
    description: String,
    amount_cents: i64,
}

pub(super) async fn tenants(State(app): State<Shared>) -> Result<Response, Refusal> {
    Ok(ok(json!({"tenants": app.store.tenants().await?})))
}

pub(super) async fn list(
    State(app): State<Shared>,
    Query(query): Query<Whose>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let tenant = authorised(&app, &headers, query.tenant_id).await?;
    let fetch = async { app.store.orders(&tenant).await.map(Some) };
    let orders = app.cached(&format!("tenant:{tenant}:orders"), fetch).await?;
    Ok(ok(json!({"orders": orders})))
}

pub(super) async fn show(
    State(app): State<Shared>,
    Path(id): Path<i64>,
    Query(query): Query<Whose>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let tenant = authorised(&app, &headers, query.tenant_id).await?;
    let key = format!("tenant:{tenant}:order:{id}");
    let order = app.cached(&key, app.store.order(id)).await?;
    // Another tenant's order does not exist for this one.
    match order.filter(|order| order.tenant_id == tenant) {
        Some(order) => Ok(ok(json!(order))),
        None => Err(Refusal(StatusCode::NOT_FOUND, format!("there is no order {id}"))),
    }
}

pub(super) async fn create(State(app): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let new: NewOrder = serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body: {error}")))?;
    if new.amount_cents <= 0 {
        return Err(Refusal::bad("amount_cents must be above 0"));
    }
    let tenant = authorised(&app, &headers, new.tenant_id).await?;
    let order = app.store.create_order(&tenant, &new.description, new.amount_cents).await?;
    app.forget(&[format!("tenant:{tenant}:orders")]).await;
    app.metrics.order_created();
    log::info("order created", &json!({"order_id": order.id, "tenant_id": tenant}));
    Ok((StatusCode::CREATED, Json(json!(order))).into_response())
}

/// The tenant that the request names, if it exists and is active.
async fn authorised(app: &App, headers: &HeaderMap, other: Option<String>) -> Result<String, Refusal> {
    let header = headers.get("x-tenant-id").and_then(|value| value.to_str().ok());
    let id = header.map(str::to_owned).or(other).unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 40 || !id.chars().all(plain) {
        return Err(Refusal::bad("name a tenant: header X-Tenant-Id, or tenant_id"));
    }
    // The flag is cached: who deactivates a tenant in the database clears the tenant's cache as well.
    let tenant = app.cached(&format!("tenant:{id}:profile"), app.store.tenant(&id)).await?;
    match tenant {
        Some(tenant) if tenant.active => Ok(id),
        Some(_) => Err(Refusal(StatusCode::FORBIDDEN, format!("tenant {id} is not active"))),
        None => Err(Refusal(StatusCode::NOT_FOUND, format!("there is no tenant {id}"))),
    }
}
