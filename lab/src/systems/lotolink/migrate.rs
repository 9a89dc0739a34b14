//! Migrations as TypeORM keeps them: `TIMESTAMP-Name.up.sql` with its way back, and the table `migrations`.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::failure::{Doing, Failure, Result};
use crate::say::say;

/// One number for everybody who migrates this database, so that two never do at once.
const LOCK: i64 = 0x6c6f_746f;

struct Migration {
    timestamp: i64,
    name: String,
    up: PathBuf,
    down: PathBuf,
}

pub(super) async fn run(database_url: &str, folder: &Path, seed: bool) -> Result<()> {
    let all = read(folder)?;
    let mut connection = connect(database_url).await?;
    let applied = applied(&mut connection).await?;
    for migration in all.iter().filter(|migration| !applied.contains(&migration.name)) {
        let record = format!(
            "INSERT INTO migrations (timestamp, name) VALUES ({}, '{}')",
            migration.timestamp,
            migration.name.replace('\'', "''")
        );
        apply(&mut connection, &migration.up, &record).await?;
        say!("Migration {} has been executed successfully.", migration.name);
    }
    if all.iter().all(|migration| applied.contains(&migration.name)) {
        say!("No migrations are pending");
    }
    if seed {
        apply(&mut connection, &folder.join("seed.sql"), "").await?;
    }
    connection.close().await.doing(|| "closing the connection".to_owned())
}

/// Takes back the last one.
pub(super) async fn revert(database_url: &str, folder: &Path) -> Result<()> {
    let all = read(folder)?;
    let mut connection = connect(database_url).await?;
    let Some(last) = applied(&mut connection).await?.pop() else {
        say!("No migrations were found in the database. Nothing to revert!");
        return Ok(());
    };
    let migration = all
        .iter()
        .find(|migration| migration.name == last)
        .ok_or_else(|| Failure::new(format!("No migration {last} was found in the source code")))?;
    let record = format!("DELETE FROM migrations WHERE name = '{}'", last.replace('\'', "''"));
    apply(&mut connection, &migration.down, &record).await?;
    say!("Migration {last} has been reverted successfully.");
    connection.close().await.doing(|| "closing the connection".to_owned())
}

/// One line for each: `[X]` when it is in the database.
pub(super) async fn show(database_url: &str, folder: &Path) -> Result<()> {
    let all = read(folder)?;
    let mut connection = connect(database_url).await?;
    let applied = applied(&mut connection).await?;
    for migration in &all {
        if let Some(at) = applied.iter().position(|name| *name == migration.name) {
            say!("[X] {} {}", at + 1, migration.name);
        } else {
            say!("[ ] {}", migration.name);
        }
    }
    connection.close().await.doing(|| "closing the connection".to_owned())
}

async fn connect(url: &str) -> Result<PgConnection> {
    let what = || "connecting to the database".to_owned();
    let mut connection = PgConnection::connect(url).await.doing(what)?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await.doing(what)?;
    sqlx::raw_sql(
        "SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS migrations \
         (id serial PRIMARY KEY, timestamp bigint NOT NULL, name varchar NOT NULL)",
    )
    .execute(&mut connection)
    .await
    .doing(what)?;
    Ok(connection)
}

/// Their names, in the order in which they were applied.
async fn applied(connection: &mut PgConnection) -> Result<Vec<String>> {
    let what = || "reading the table migrations".to_owned();
    let rows = sqlx::query("SELECT name FROM migrations ORDER BY id").fetch_all(connection).await.doing(what)?;
    rows.iter().map(|row| row.try_get("name").doing(what)).collect()
}

async fn apply(connection: &mut PgConnection, file: &Path, record: &str) -> Result<()> {
    let what = || file.display().to_string();
    let sql = fs::read_to_string(file).doing(what)?;
    let mut transaction = connection.begin().await.doing(what)?;
    for text in [sql, record.to_owned()] {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *transaction).await.doing(what)?;
    }
    transaction.commit().await.doing(what)
}

fn read(folder: &Path) -> Result<Vec<Migration>> {
    let what = || format!("reading {}", folder.display());
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).doing(what)? {
        let up = entry.doing(what)?.path();
        let file = up.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(stem) = file.strip_suffix(".up.sql") else {
            continue;
        };
        let (timestamp, label) = stem
            .split_once('-')
            .and_then(|(timestamp, label)| Some((timestamp.parse().ok()?, label)))
            .ok_or_else(|| Failure::new(format!("{file}: expected TIMESTAMP-Name.up.sql")))?;
        let down = folder.join(format!("{stem}.down.sql"));
        // TypeORM's classes end with the time stamp.
        all.push(Migration { timestamp, name: format!("{label}{timestamp}"), up, down });
    }
    all.sort_by_key(|migration| migration.timestamp);
    Ok(all)
}
