//! The two databases behind one small interface: text and whole numbers in, text and whole numbers out. Every statement
//! is the same text for both, but for what `schema` says twice.

use crate::error::StoreError;
use crate::file;
use crate::location::Location;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::sqlite::{
    Sqlite, SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, Transaction};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug, Clone)]
pub(crate) struct Db {
    pool: Pool,
    location: Arc<str>,
}

#[derive(Debug, Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A value for a statement.
pub(crate) enum Arg {
    Text(String),
    Maybe(Option<String>),
    Int(i64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<&str>> for Arg {
    fn from(text: Option<&str>) -> Self {
        Self::Maybe(text.map(str::to_owned))
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        // No journal grows that long; if one did, the database would refuse the repeated number.
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// A transaction. Dropped without `commit`, it leaves nothing.
pub(crate) struct Tx {
    inner: TxInner,
    location: Arc<str>,
}

enum TxInner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Whatever number stands for Sereno among the advisory locks of a PostgreSQL server: `sereno` in ASCII.
const ADVISORY_LOCK: i64 = 0x7365_7265_6e6f;

/// How long a server may take to answer, however little patience there is for other writers.
const SLOWEST_CONNECT: Duration = Duration::from_secs(5);

impl Db {
    pub(crate) async fn open(location: &Location, patience: Duration) -> Result<Self, StoreError> {
        let shown: Arc<str> = location.to_string().into();
        let pool = match location {
            Location::Sqlite(path) => {
                file::prepare(path).map_err(|error| file_error(&shown, error))?;
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(false)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(patience)
                    .disable_statement_logging();
                Pool::Sqlite(open_sqlite(options, &shown, patience).await?)
            }
            Location::Postgres(address) => {
                let options = PgConnectOptions::from_str(address)
                    .map_err(|error| StoreError::of(&shown, error))?
                    .application_name("sereno")
                    .options([("synchronous_commit", "on"), ("lock_timeout", &patience.as_millis().to_string())])
                    .disable_statement_logging();
                Pool::Postgres(open_postgres(options, &shown, patience).await?)
            }
        };
        Ok(Self { pool, location: shown })
    }

    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.pool, Pool::Sqlite(_))
    }

    pub(crate) async fn close(&self) {
        match &self.pool {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }

    /// A transaction that reads one state of the database.
    pub(crate) async fn read(&self) -> Result<Tx, StoreError> {
        self.begin("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    /// A transaction that no other writer is beside.
    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        let mut tx = self.begin("BEGIN IMMEDIATE", "BEGIN").await?;
        if matches!(tx.inner, TxInner::Postgres(_)) {
            tx.fetch("SELECT 1::BIGINT FROM pg_advisory_xact_lock($1)", [ADVISORY_LOCK.into()]).await?;
        }
        Ok(tx)
    }

    async fn begin(&self, sqlite: &'static str, postgres: &'static str) -> Result<Tx, StoreError> {
        let begun = match &self.pool {
            Pool::Sqlite(pool) => pool.begin_with(sqlite).await.map(TxInner::Sqlite),
            Pool::Postgres(pool) => pool.begin_with(postgres).await.map(TxInner::Postgres),
        };
        let inner = begun.map_err(|error| StoreError::of(&self.location, error))?;
        Ok(Tx { inner, location: Arc::clone(&self.location) })
    }
}

/// Turning a new file into a write-ahead log does not wait for others who do the same, so this does.
async fn open_sqlite(
    options: SqliteConnectOptions,
    location: &str,
    patience: Duration,
) -> Result<SqlitePool, StoreError> {
    let until = Instant::now() + patience;
    loop {
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .acquire_timeout(patience + Duration::from_secs(5))
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone());
        match pool.await.map_err(|error| StoreError::of(location, error)) {
            Err(StoreError::Busy { .. }) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            other => return other,
        }
    }
}

/// Connects once by itself, because a pool would go on trying where the reason is known at once.
async fn open_postgres(options: PgConnectOptions, location: &str, patience: Duration) -> Result<PgPool, StoreError> {
    let first = tokio::time::timeout(patience.max(SLOWEST_CONNECT), options.connect()).await;
    let first = first.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()));
    let first = first.map_err(|error| StoreError::of(location, error))?;
    first.close().await.map_err(|error| StoreError::of(location, error))?;
    Ok(PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(patience.max(SLOWEST_CONNECT))
        .connect_lazy_with(options))
}

fn file_error(location: &str, error: std::io::Error) -> StoreError {
    let location = location.to_owned();
    match error.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { location },
        std::io::ErrorKind::StorageFull => StoreError::DiskFull { location },
        _ => StoreError::File { location, source: error },
    }
}

impl Tx {
    /// Runs a statement and says how many rows it touched.
    pub(crate) async fn execute<const N: usize>(
        &mut self,
        sql: &'static str,
        args: [Arg; N],
    ) -> Result<u64, StoreError> {
        let done = match &mut self.inner {
            TxInner::Sqlite(tx) => sqlite_query(sql, args).execute(&mut **tx).await.map(|done| done.rows_affected()),
            TxInner::Postgres(tx) => {
                postgres_query(sql, args).execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| StoreError::of(&self.location, error))
    }

    /// All rows of an answer.
    pub(crate) async fn fetch<const N: usize>(
        &mut self,
        sql: &'static str,
        args: [Arg; N],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = match &mut self.inner {
            TxInner::Sqlite(tx) => sqlite_query(sql, args)
                .fetch_all(&mut **tx)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            TxInner::Postgres(tx) => postgres_query(sql, args)
                .fetch_all(&mut **tx)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        };
        rows.map_err(|error| StoreError::of(&self.location, error))
    }

    /// The first row of an answer.
    pub(crate) async fn first<const N: usize>(
        &mut self,
        sql: &'static str,
        args: [Arg; N],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch(sql, args).await?.into_iter().next())
    }

    /// Makes it durable. A transaction that only read ends so too: dropped, it would end a little later, and its locks
    /// with it.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let done = match self.inner {
            TxInner::Sqlite(tx) => tx.commit().await,
            TxInner::Postgres(tx) => tx.commit().await,
        };
        done.map_err(|error| StoreError::of(&self.location, error))
    }
}

fn sqlite_query<const N: usize>(sql: &'static str, args: [Arg; N]) -> Query<'static, Sqlite, SqliteArguments> {
    args.into_iter().fold(sqlx::query(sql), |query, arg| match arg {
        Arg::Text(text) => query.bind(text),
        Arg::Maybe(text) => query.bind(text),
        Arg::Int(number) => query.bind(number),
    })
}

fn postgres_query<const N: usize>(sql: &'static str, args: [Arg; N]) -> Query<'static, Postgres, PgArguments> {
    args.into_iter().fold(sqlx::query(sql), |query, arg| match arg {
        Arg::Text(text) => query.bind(text),
        Arg::Maybe(text) => query.bind(text),
        Arg::Int(number) => query.bind(number),
    })
}

impl Row {
    /// The text in a column; empty for what is no text, which a verification then tells.
    pub(crate) fn text(&self, column: usize) -> String {
        self.maybe_text(column).unwrap_or_default()
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Option<String> {
        match self {
            Self::Sqlite(row) => row.try_get(column).ok().flatten(),
            Self::Postgres(row) => row.try_get(column).ok().flatten(),
        }
    }

    /// The number in a column; 0 for what is none.
    pub(crate) fn number(&self, column: usize) -> i64 {
        let number: Option<i64> = match self {
            Self::Sqlite(row) => row.try_get(column).ok().flatten(),
            Self::Postgres(row) => row.try_get(column).ok().flatten(),
        };
        number.unwrap_or(0)
    }

    /// The number of an entry in a column.
    pub(crate) fn seq(&self, column: usize) -> u64 {
        u64::try_from(self.number(column)).unwrap_or(0)
    }
}
