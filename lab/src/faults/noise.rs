//! What disturbs a system from outside for as long as it lasts: processes of the lab's own, ended by `mend`.

use std::fs;
use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tokio::time::sleep;

use super::sql::options;
use crate::failure::{Doing, Result};
use crate::host::daemon::Daemon;
use crate::host::http;
use crate::service::{required, runtime};
use crate::stack::Stack;

/// Where guesses of passwords come from: an address kept for documentation.
pub(crate) const GUESSER: &str = "203.0.113.77";

/// Starts `lab serve SYSTEM ROLE`.
pub(crate) fn begin(stack: &Stack<'_>, role: &str) -> Result<()> {
    daemon(stack, role)?.start().map(|_| ())
}

pub(crate) fn end(stack: &Stack<'_>, role: &str) -> Result<()> {
    daemon(stack, role)?.stop().map(|_| ())
}

/// Noted where the operator of the system does not look.
fn daemon(stack: &Stack<'_>, role: &str) -> Result<Daemon> {
    let folder = stack.home.path(".lab/noise");
    fs::create_dir_all(&folder).doing(|| format!("creating {}", folder.display()))?;
    let mut daemon = stack.own_daemon(role, &["serve", stack.system.name(), role])?;
    daemon.log = folder.join(format!("{role}.log"));
    daemon.pid_file = folder.join(format!("{role}.pid"));
    Ok(daemon)
}

/// Takes every connection that there is, also those that the application would come back to.
pub(crate) fn hold_all_connections(application: &str) -> Result<()> {
    let options = options(&required("DATABASE_URL")?)?.application_name("informes");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND application_name";
    let end = format!("{end} = '{application}'");
    runtime()?.block_on(async move {
        let mut held = Vec::new();
        loop {
            while let Ok(connection) = options.connect().await {
                held.push(connection);
            }
            // Its session may have been ended by whoever mends; the others are still held.
            if let Some(first) = held.first_mut()
                && first.execute(AssertSqlSafe(end.clone())).await.is_err()
            {
                held.remove(0);
            }
            sleep(Duration::from_millis(300)).await;
        }
    })
}

/// A report that forgot to end its transaction, and a migration that waits for it: everybody waits for both.
pub(crate) fn hold_a_lock_chain(table: &str, migrator: &str) -> Result<()> {
    let options = options(&required("DATABASE_URL")?)?;
    let read = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    let lock = AssertSqlSafe(format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"));
    runtime()?.block_on(async move {
        let what = || "holding a lock".to_owned();
        let mut report = options.clone().application_name("informes").connect().await.doing(what)?;
        let mut migration = options.application_name(migrator).connect().await.doing(what)?;
        report.execute("BEGIN").await.doing(what)?;
        report.execute(read).await.doing(what)?;
        migration.execute("BEGIN").await.doing(what)?;
        migration.execute(lock).await.doing(what)?;
        migration.execute("COMMIT").await.doing(what).map(|_| ())
    })
}

/// Somebody who tries passwords, five times a second, as nginx would pass it on.
pub(crate) fn guess_passwords(path: &str, body: impl Fn(u64) -> String) -> Result<()> {
    let port = required("PORT")?;
    let port = port.parse().doing(|| format!("PORT={port}"))?;
    let headers = [("X-Real-IP", GUESSER)];
    for number in 0_u64.. {
        // Whether anybody answers is not the guesser's worry.
        let _ = http::send(port, "POST", path, &headers, &body(number));
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
