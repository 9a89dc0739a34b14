//! A pool of connections to PostgreSQL, of which every question ends within a bounded time.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::time::timeout;

pub(crate) const ACQUIRE: Duration = Duration::from_millis(1500);
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The database cannot be reached or does not answer: trying later makes sense.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    #[error("{0}")]
    Refused(String),
}

/// Does not connect yet: a service starts even while PostgreSQL is down.
pub(crate) fn pool(url: &str, application: &str) -> Result<PgPool, sqlx::Error> {
    pool_of(url, application, 10, Duration::from_mins(10))
}

pub(crate) fn pool_of(url: &str, application: &str, size: u32, idle: Duration) -> Result<PgPool, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.application_name(application).options([("statement_timeout", "5000")]);
    let pool = PgPoolOptions::new().max_connections(size).idle_timeout(idle).acquire_timeout(ACQUIRE);
    Ok(pool.connect_lazy_with(options))
}

pub(crate) async fn ping(pool: &PgPool) -> Result<(), StoreError> {
    // Less time than for other questions: whoever asks for health is in a hurry.
    bounded(ACQUIRE, sqlx::query("SELECT 1").execute(pool)).await.map(|_| ())
}

pub(crate) async fn bounded<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(limit, work).await {
        Ok(result) => result.map_err(|error| sort(&error)),
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {limit:?}"))),
    }
}

pub(crate) fn sort(error: &sqlx::Error) -> StoreError {
    match error {
        // Class 57 is "operator intervention" (shutting down, starting up), 53 lack of resources, 08 connection,
        // 28 a password that is not taken.
        sqlx::Error::Database(database)
            if database
                .code()
                .is_some_and(|code| ["57", "53", "08", "28"].iter().any(|class| code.starts_with(class))) =>
        {
            StoreError::Unavailable(error.to_string())
        }
        sqlx::Error::Database(_) | sqlx::Error::RowNotFound => StoreError::Refused(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
