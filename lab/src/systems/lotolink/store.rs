//! Wallets, draws, tickets and Stripe's events in PostgreSQL.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{PgTransaction, Row};

use crate::service::database::{self, ANSWER, StoreError, bounded, sort};

#[derive(Clone)]
pub(super) struct Store {
    pool: PgPool,
}

#[derive(Debug, Serialize)]
pub(super) struct Wallet {
    user_id: String,
    name: String,
    balance_cents: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Draw {
    id: i64,
    name: String,
    price_cents: i64,
    draws_at: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Ticket {
    id: i64,
    draw_id: i64,
    numbers: String,
    amount_cents: i64,
    created_at: String,
}

pub(super) enum Sale {
    Sold { ticket: Ticket, balance_cents: i64 },
    NoSuchDraw,
    NoSuchUser,
    TooPoor,
}

/// The part of an event that matters to us.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handled {
    Now,
    Before,
}

const TICKET: &str = "id, draw_id, numbers, amount_cents, \
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS created_at";

impl Store {
    pub(super) fn new(url: &str) -> Result<Self, sqlx::Error> {
        Ok(Self { pool: database::pool(url, "lotolink")? })
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        database::ping(&self.pool).await
    }

    pub(super) async fn wallet(&self, user_id: &str) -> Result<Option<Wallet>, StoreError> {
        let query = sqlx::query(
            "SELECT u.id, u.name, w.balance_cents FROM users u JOIN wallets w ON w.user_id = u.id WHERE u.id = $1",
        )
        .bind(user_id);
        let row = bounded(ANSWER, query.fetch_optional(&self.pool)).await?;
        let read = |row: PgRow| {
            let balance_cents = row.try_get("balance_cents")?;
            Ok(Wallet { user_id: row.try_get("id")?, name: row.try_get("name")?, balance_cents })
        };
        row.map(read).transpose().map_err(|error| sort(&error))
    }

    pub(super) async fn draws(&self) -> Result<Vec<Draw>, StoreError> {
        let query = sqlx::query(
            "SELECT id, name, price_cents, to_char(draws_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             AS draws_at FROM draws ORDER BY id",
        );
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        let read = |row: &PgRow| {
            Ok(Draw {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                price_cents: row.try_get("price_cents")?,
                draws_at: row.try_get("draws_at")?,
            })
        };
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| sort(&error))
    }

    pub(super) async fn tickets(&self, user_id: &str) -> Result<Vec<Ticket>, StoreError> {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {TICKET} FROM tickets WHERE user_id = $1 ORDER BY id DESC LIMIT 50"
        )))
        .bind(user_id);
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        rows.iter().map(ticket).collect::<Result<_, _>>().map_err(|error| sort(&error))
    }

    /// The money and the ticket change hands together or not at all.
    pub(super) async fn buy(&self, user_id: &str, draw_id: i64, numbers: &str) -> Result<Sale, StoreError> {
        bounded(ANSWER, async {
            let mut transaction = self.pool.begin().await?;
            let draw = sqlx::query("SELECT price_cents FROM draws WHERE id = $1").bind(draw_id);
            let Some(draw) = draw.fetch_optional(&mut *transaction).await? else {
                return Ok(Sale::NoSuchDraw);
            };
            let price: i64 = draw.try_get("price_cents")?;
            let wallet = sqlx::query("SELECT balance_cents FROM wallets WHERE user_id = $1 FOR UPDATE").bind(user_id);
            let Some(wallet) = wallet.fetch_optional(&mut *transaction).await? else {
                return Ok(Sale::NoSuchUser);
            };
            let balance: i64 = wallet.try_get("balance_cents")?;
            if balance < price {
                return Ok(Sale::TooPoor);
            }
            let row = sqlx::query(sqlx::AssertSqlSafe(format!(
                "INSERT INTO tickets (user_id, draw_id, numbers, amount_cents) VALUES ($1, $2, $3, $4) RETURNING {TICKET}"
            )))
            .bind(user_id)
            .bind(draw_id)
            .bind(numbers)
            .bind(price)
            .fetch_one(&mut *transaction)
            .await?;
            let ticket = ticket(&row)?;
            book(&mut transaction, user_id, -price, &format!("ticket {}", ticket.id)).await?;
            transaction.commit().await?;
            Ok(Sale::Sold { ticket, balance_cents: balance - price })
        })
        .await
    }

    /// Keeps an event as it came; one that is there already stays as it is.
    pub(super) async fn keep_event(&self, event: &Event, payload: &str) -> Result<(), StoreError> {
        let query = sqlx::query(
            "INSERT INTO webhook_events (id, event_type, payload) VALUES ($1, $2, $3::jsonb) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&event.id)
        .bind(&event.kind)
        .bind(payload);
        bounded(ANSWER, query.execute(&self.pool)).await.map(|_| ())
    }

    /// Books what an event says, once however often it comes.
    pub(super) async fn handle_event(&self, id: &str) -> Result<Handled, StoreError> {
        bounded(ANSWER, async {
            let mut transaction = self.pool.begin().await?;
            let row =
                sqlx::query("SELECT event_type, status, payload::text FROM webhook_events WHERE id = $1 FOR UPDATE")
                    .bind(id)
                    .fetch_one(&mut *transaction)
                    .await?;
            if row.try_get::<String, _>("status")? == "processed" {
                return Ok(Handled::Before);
            }
            if row.try_get::<String, _>("event_type")? == "payment_intent.succeeded" {
                let payload: Value = serde_json::from_str(row.try_get("payload")?).unwrap_or_default();
                let amount = payload.pointer("/data/object/amount").and_then(Value::as_i64).unwrap_or_default();
                let user = payload.pointer("/data/object/metadata/user_id").and_then(Value::as_str).unwrap_or_default();
                book(&mut transaction, user, amount, &format!("stripe {id}")).await?;
            }
            sqlx::query(
                "UPDATE webhook_events SET status = 'processed', error = NULL, attempts = attempts + 1, \
                 processed_at = now() WHERE id = $1",
            )
            .bind(id)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(Handled::Now)
        })
        .await
    }

    pub(super) async fn fail_event(&self, id: &str, error: &str) -> Result<(), StoreError> {
        let query = sqlx::query(
            "UPDATE webhook_events SET status = 'failed', error = $2, attempts = attempts + 1 \
             WHERE id = $1 AND status <> 'processed'",
        )
        .bind(id)
        .bind(error);
        bounded(ANSWER, query.execute(&self.pool)).await.map(|_| ())
    }

    pub(super) async fn failed_events(&self) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query("SELECT id FROM webhook_events WHERE status = 'failed' ORDER BY created_at");
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>().map_err(|error| sort(&error))
    }

    pub(super) async fn events_by_status(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let query = sqlx::query("SELECT status, count(*) AS count FROM webhook_events GROUP BY status ORDER BY status");
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        let read = |row: &PgRow| Ok((row.try_get("status")?, row.try_get("count")?));
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| sort(&error))
    }

    /// How many connections each database has.
    pub(super) async fn connections(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let query = sqlx::query(
            "SELECT datname::text, numbackends::bigint AS count FROM pg_stat_database WHERE datname IS NOT NULL ORDER BY 1",
        );
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        let read = |row: &PgRow| Ok((row.try_get("datname")?, row.try_get("count")?));
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| sort(&error))
    }
}

/// A movement of a wallet; its reference books it once.
async fn book(
    transaction: &mut PgTransaction<'_>,
    user_id: &str,
    amount_cents: i64,
    reference: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO wallet_movements (user_id, amount_cents, reference) VALUES ($1, $2, $3)")
        .bind(user_id)
        .bind(amount_cents)
        .bind(reference)
        .execute(&mut **transaction)
        .await?;
    let changed =
        sqlx::query("UPDATE wallets SET balance_cents = balance_cents + $2, updated_at = now() WHERE user_id = $1")
            .bind(user_id)
            .bind(amount_cents)
            .execute(&mut **transaction)
            .await?;
    if changed.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

fn ticket(row: &PgRow) -> Result<Ticket, sqlx::Error> {
    Ok(Ticket {
        id: row.try_get("id")?,
        draw_id: row.try_get("draw_id")?,
        numbers: row.try_get("numbers")?,
        amount_cents: row.try_get("amount_cents")?,
        created_at: row.try_get("created_at")?,
    })
}
