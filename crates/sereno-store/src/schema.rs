//! The tables, and how an older journal comes to have them.
//!
//! A migration is never edited once it was released: the next one is added after it.

use crate::db::Db;
use crate::error::StoreError;

/// What one migration does on each database.
struct Migration {
    both: &'static [&'static str],
    sqlite: &'static [&'static str],
    postgres: &'static [&'static str],
}

const MIGRATIONS: &[Migration] = &[Migration {
    both: &[
        "CREATE TABLE sereno_journal (
            seq BIGINT PRIMARY KEY NOT NULL,
            run TEXT,
            kind TEXT NOT NULL,
            body TEXT NOT NULL,
            hash TEXT NOT NULL
        )",
        "CREATE INDEX sereno_journal_run ON sereno_journal (run, seq)",
        "CREATE TABLE sereno_runs (
            id TEXT PRIMARY KEY NOT NULL,
            first_seq BIGINT NOT NULL,
            last_seq BIGINT NOT NULL,
            procedure TEXT NOT NULL,
            title TEXT NOT NULL,
            started_at TEXT NOT NULL,
            started_by TEXT NOT NULL,
            state TEXT NOT NULL,
            risk TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            finished_at TEXT
        )",
        "CREATE INDEX sereno_runs_first_seq ON sereno_runs (first_seq)",
        "CREATE TABLE sereno_locks (
            component TEXT PRIMARY KEY NOT NULL,
            run TEXT NOT NULL,
            holder TEXT NOT NULL,
            since TEXT NOT NULL,
            expires BIGINT NOT NULL
        )",
    ],
    sqlite: &[
        "CREATE TRIGGER sereno_journal_no_update BEFORE UPDATE ON sereno_journal
         BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END",
        "CREATE TRIGGER sereno_journal_no_delete BEFORE DELETE ON sereno_journal
         BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END",
    ],
    postgres: &[
        "CREATE FUNCTION sereno_journal_only_grows() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'the journal only grows'; END $$",
        "CREATE TRIGGER sereno_journal_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON sereno_journal
         FOR EACH STATEMENT EXECUTE FUNCTION sereno_journal_only_grows()",
    ],
}];

const SQLITE_TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
const POSTGRES_TABLES: &str =
    "SELECT CAST(tablename AS TEXT) FROM pg_catalog.pg_tables WHERE schemaname = current_schema()";

/// Brings the database to the newest schema. One that is there already is only read.
pub(crate) async fn bring_up(db: &Db) -> Result<(), StoreError> {
    let known = MIGRATIONS.len() as u64;
    let mut reading = db.read().await?;
    let found = version(db, &mut reading).await?;
    reading.commit().await?;
    match found {
        Some(found) if found == known => return Ok(()),
        Some(found) if found > known => return Err(newer(db, found, known)),
        _ => {}
    }
    // Another process may be doing the same: only one of them writes, and the others find it done.
    let mut tx = db.write().await?;
    let found = if let Some(found) = version(db, &mut tx).await? {
        found
    } else {
        tx.execute("CREATE TABLE sereno_schema (version BIGINT NOT NULL)", []).await?;
        tx.execute("INSERT INTO sereno_schema (version) VALUES (0)", []).await?;
        0
    };
    if found > known {
        return Err(newer(db, found, known));
    }
    for migration in MIGRATIONS.iter().skip(found as usize) {
        let own = if db.is_sqlite() { migration.sqlite } else { migration.postgres };
        for sql in migration.both.iter().chain(own) {
            tx.execute(sql, []).await?;
        }
    }
    tx.execute("UPDATE sereno_schema SET version = $1", [known.into()]).await?;
    tx.commit().await
}

fn newer(db: &Db, found: u64, known: u64) -> StoreError {
    StoreError::NewerSchema { location: db.location().to_owned(), found, known }
}

/// The version of the schema; `None` for a database without one.
async fn version(db: &Db, tx: &mut crate::db::Tx) -> Result<Option<u64>, StoreError> {
    let sql = if db.is_sqlite() { SQLITE_TABLES } else { POSTGRES_TABLES };
    let tables: Vec<String> = tx.fetch(sql, []).await?.iter().map(|row| row.text(0)).collect();
    if tables.iter().any(|table| table == "sereno_schema") {
        let row = tx.first("SELECT version FROM sereno_schema", []).await?;
        return Ok(row.map(|row| row.seq(0)));
    }
    // A PostgreSQL server is often shared; a file with the tables of something else is a mistake in the settings.
    if db.is_sqlite() && !tables.is_empty() {
        return Err(StoreError::NotAJournal { location: db.location().to_owned() });
    }
    Ok(None)
}
