//! Tenants, orders and payments in PostgreSQL. Every call ends within a bounded time.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};

use crate::service::database::{self, ANSWER, StoreError, bounded, sort};

#[derive(Clone)]
pub(super) struct Store {
    pool: PgPool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) active: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) id: i64,
    pub(super) tenant_id: String,
    pub(super) description: String,
    pub(super) amount_cents: i64,
    pub(super) status: String,
    pub(super) created_at: String,
    pub(super) paid_at: Option<String>,
}

const ORDER: &str = "id, tenant_id, description, amount_cents, status, \
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS created_at, \
    to_char(paid_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS paid_at";

impl Store {
    pub(super) fn new(url: &str) -> Result<Self, sqlx::Error> {
        Ok(Self { pool: database::pool(url, "pedidos")? })
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        database::ping(&self.pool).await
    }

    pub(super) async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let query = sqlx::query("SELECT id, name, active FROM tenants ORDER BY id");
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        rows.iter().map(tenant).collect()
    }

    pub(super) async fn tenant(&self, id: &str) -> Result<Option<Tenant>, StoreError> {
        let query = sqlx::query("SELECT id, name, active FROM tenants WHERE id = $1").bind(id);
        let row = bounded(ANSWER, query.fetch_optional(&self.pool)).await?;
        row.as_ref().map(tenant).transpose()
    }

    pub(super) async fn orders(&self, tenant_id: &str) -> Result<Vec<Order>, StoreError> {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {ORDER} FROM orders WHERE tenant_id = $1 ORDER BY id DESC LIMIT 50"
        )))
        .bind(tenant_id);
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        rows.iter().map(order).collect()
    }

    pub(super) async fn order(&self, id: i64) -> Result<Option<Order>, StoreError> {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {ORDER} FROM orders WHERE id = $1"))).bind(id);
        let row = bounded(ANSWER, query.fetch_optional(&self.pool)).await?;
        row.as_ref().map(order).transpose()
    }

    pub(super) async fn create_order(
        &self,
        tenant_id: &str,
        description: &str,
        amount_cents: i64,
    ) -> Result<Order, StoreError> {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!(
            "INSERT INTO orders (tenant_id, description, amount_cents) VALUES ($1, $2, $3) RETURNING {ORDER}"
        )))
        .bind(tenant_id)
        .bind(description)
        .bind(amount_cents);
        order(&bounded(ANSWER, query.fetch_one(&self.pool)).await?)
    }

    /// Books a payment once however often it is announced, and gives the order that it pays.
    pub(super) async fn pay(&self, event_id: &str, order_id: i64, amount_cents: i64) -> Result<Order, StoreError> {
        let work = async {
            let mut transaction = self.pool.begin().await?;
            sqlx::query(
                "INSERT INTO payments (event_id, order_id, amount_cents) VALUES ($1, $2, $3) \
                 ON CONFLICT (event_id) DO NOTHING",
            )
            .bind(event_id)
            .bind(order_id)
            .bind(amount_cents)
            .execute(&mut *transaction)
            .await?;
            let row = sqlx::query(sqlx::AssertSqlSafe(format!(
                "UPDATE orders SET status = 'paid', paid_at = coalesce(paid_at, now()) \
                 WHERE id = (SELECT order_id FROM payments WHERE event_id = $1) \
                 RETURNING {ORDER}"
            )))
            .bind(event_id)
            .fetch_one(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(row)
        };
        order(&bounded(ANSWER, work).await?)
    }
}

fn tenant(row: &PgRow) -> Result<Tenant, StoreError> {
    let read = || Ok(Tenant { id: row.try_get("id")?, name: row.try_get("name")?, active: row.try_get("active")? });
    read().map_err(|error| sort(&error))
}

fn order(row: &PgRow) -> Result<Order, StoreError> {
    let read = || {
        Ok(Order {
            id: row.try_get("id")?,
            tenant_id: row.try_get("tenant_id")?,
            description: row.try_get("description")?,
            amount_cents: row.try_get("amount_cents")?,
            status: row.try_get("status")?,
            created_at: row.try_get("created_at")?,
            paid_at: row.try_get("paid_at")?,
        })
    };
    read().map_err(|error| sort(&error))
}
