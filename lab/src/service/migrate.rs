//! Migrations in plain SQL: `NNN_name.up.sql` and its way back, `NNN_name.down.sql`.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::failure::{Doing, Failure, Result};
use crate::say::say;

/// One number for everybody who migrates this database, so that two never do at once.
const LOCK: i64 = 0x7065_6469;

struct Migration {
    version: i32,
    name: String,
    up: PathBuf,
    down: PathBuf,
}

/// Applies what is missing, in order, each in a transaction.
pub(crate) async fn up(database_url: &str, folder: &Path, seed: bool) -> Result<()> {
    let all = read(folder)?;
    let mut connection = connect(database_url).await?;
    let applied = applied(&mut connection).await?;
    for migration in all.iter().filter(|migration| !applied.contains(&migration.version)) {
        let record = format!(
            "INSERT INTO schema_migrations (version, name) VALUES ({}, '{}')",
            migration.version,
            migration.name.replace('\'', "''")
        );
        run(&mut connection, &migration.up, &record).await?;
        say!("applied {:03}_{}", migration.version, migration.name);
    }
    if all.iter().all(|migration| applied.contains(&migration.version)) {
        say!("nothing to apply: {} migrations are in place", all.len());
    }
    let seeds = folder.join("seed.sql");
    if seed {
        run(&mut connection, &seeds, "").await?;
    }
    connection.close().await.doing(|| "closing the connection".to_owned())
}

/// Takes back the last one.
pub(crate) async fn down(database_url: &str, folder: &Path) -> Result<()> {
    let all = read(folder)?;
    let mut connection = connect(database_url).await?;
    let Some(last) = applied(&mut connection).await?.into_iter().max() else {
        return Err(Failure::new("there is no migration to take back"));
    };
    let migration = all
        .iter()
        .find(|migration| migration.version == last)
        .ok_or_else(|| Failure::new(format!("migration {last} is applied, but not in {}", folder.display())))?;
    let record = format!("DELETE FROM schema_migrations WHERE version = {last}");
    run(&mut connection, &migration.down, &record).await?;
    say!("taken back {:03}_{}", migration.version, migration.name);
    connection.close().await.doing(|| "closing the connection".to_owned())
}

async fn connect(url: &str) -> Result<PgConnection> {
    let what = || "connecting to the database".to_owned();
    let mut connection = PgConnection::connect(url).await.doing(what)?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await.doing(what)?;
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL, \
         applied_at timestamptz NOT NULL DEFAULT now())",
    )
    .execute(&mut connection)
    .await
    .doing(what)?;
    Ok(connection)
}

async fn applied(connection: &mut PgConnection) -> Result<Vec<i32>> {
    let what = || "reading schema_migrations".to_owned();
    let rows = sqlx::query("SELECT version FROM schema_migrations").fetch_all(connection).await.doing(what)?;
    rows.iter().map(|row| row.try_get("version").doing(what)).collect()
}

async fn run(connection: &mut PgConnection, file: &Path, record: &str) -> Result<()> {
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
        let name = up.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".up.sql") else {
            continue;
        };
        let (version, label) = stem
            .split_once('_')
            .and_then(|(version, label)| Some((version.parse().ok()?, label)))
            .ok_or_else(|| Failure::new(format!("{name}: expected NNN_name.up.sql")))?;
        let down = folder.join(format!("{stem}.down.sql"));
        all.push(Migration { version, name: label.to_owned(), up, down });
    }
    all.sort_by_key(|migration| migration.version);
    Ok(all)
}
