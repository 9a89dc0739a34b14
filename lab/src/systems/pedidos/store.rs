//! Tenants, orders and payments in PostgreSQL. Every call ends within a bounded time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use tokio::time::timeout;

const ACQUIRE: Duration = Duration::from_millis(1500);
const ANSWER: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Store {
    pool: PgPool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// The database cannot be reached or does not answer: trying later makes sense.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    #[error("{0}")]
    Refused(String),
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
    /// Does not connect yet: a service starts even while PostgreSQL is down.
    pub(super) fn new(url: &str) -> Result<Self, sqlx::Error> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("pedidos").options([("statement_timeout", "5000")]);
        let pool = PgPoolOptions::new().max_connections(10).acquire_timeout(ACQUIRE).connect_lazy_with(options);
        Ok(Self { pool })
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        // Less time than for other questions: whoever asks for health is in a hurry.
        let one = sqlx::query("SELECT 1").execute(&self.pool);
        bounded(ACQUIRE, one).await.map(|_| ())
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

async fn bounded<T>(limit: Duration, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match timeout(limit, work).await {
        Ok(result) => result.map_err(|error| sort(&error)),
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {limit:?}"))),
    }
}

fn sort(error: &sqlx::Error) -> StoreError {
    match error {
        // Class 57 is "operator intervention" (shutting down, starting up), 53 lack of resources, 08 connection.
        sqlx::Error::Database(database)
            if database.code().is_some_and(|code| ["57", "53", "08"].iter().any(|class| code.starts_with(class))) =>
        {
            StoreError::Unavailable(error.to_string())
        }
        sqlx::Error::Database(_) | sqlx::Error::RowNotFound => StoreError::Refused(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
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
