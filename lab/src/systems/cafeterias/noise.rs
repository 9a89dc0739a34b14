//! What disturbs the system from outside for as long as it lasts: processes of the lab's own, ended by `mend`.

use std::fs;
use std::time::Duration;

use sqlx::{ConnectOptions, Executor};
use tokio::time::sleep;

use super::database::options;
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::Daemon;
use crate::host::http;
use crate::service::runtime;
use crate::stack::Stack;

pub(super) const IDLE_SESSIONS: &str = "idle-sessions";
pub(super) const LOCK_CHAIN: &str = "lock-chain";
pub(super) const GUESSES: &str = "guesses";

/// Where the guesses come from: an address kept for documentation.
pub(super) const GUESSER: &str = "203.0.113.77";

pub(super) fn begin(stack: &Stack<'_>, role: &str) -> Result<()> {
    daemon(stack, role)?.start().map(|_| ())
}

pub(super) fn end(stack: &Stack<'_>, role: &str) -> Result<()> {
    daemon(stack, role)?.stop().map(|_| ())
}

pub(super) fn end_all(stack: &Stack<'_>) -> Result<()> {
    [IDLE_SESSIONS, LOCK_CHAIN, GUESSES].iter().try_for_each(|role| end(stack, role))
}

/// Noted where the operator of the system does not look.
fn daemon(stack: &Stack<'_>, role: &str) -> Result<Daemon> {
    let folder = stack.home.path(".lab/noise");
    fs::create_dir_all(&folder).doing(|| format!("creating {}", folder.display()))?;
    let mut daemon = stack.own_daemon(role, &["serve", "cafeterias", role])?;
    daemon.log = folder.join(format!("{role}.log"));
    daemon.pid_file = folder.join(format!("{role}.pid"));
    Ok(daemon)
}

fn required(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| Failure::new(format!("{name} is not set")))
}

/// Takes every connection that there is, also those that the application would come back to.
pub(super) fn hold_all_connections() -> Result<()> {
    let options = options(&required("DATABASE_URL")?)?.application_name("informes");
    runtime()?.block_on(async move {
        let mut held = Vec::new();
        loop {
            while let Ok(connection) = options.connect().await {
                held.push(connection);
            }
            if let Some(first) = held.first_mut() {
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE application_name = 'cafeterias' AND state = 'idle'";
                // Its session may have been ended by whoever mends; the others are still held.
                if first.execute(sql).await.is_err() {
                    held.remove(0);
                }
            }
            sleep(Duration::from_millis(300)).await;
        }
    })
}

/// A report that forgot to end its transaction, and a migration that waits for it: everybody waits for both.
pub(super) fn hold_a_lock_chain() -> Result<()> {
    let options = options(&required("DATABASE_URL")?)?;
    runtime()?.block_on(async move {
        let what = || "holding a lock".to_owned();
        let mut report = options.clone().application_name("informes").connect().await.doing(what)?;
        let mut migration = options.application_name("alembic").connect().await.doing(what)?;
        report.execute("BEGIN").await.doing(what)?;
        report.execute("SELECT count(*) FROM orders").await.doing(what)?;
        migration.execute("BEGIN").await.doing(what)?;
        migration.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE").await.doing(what)?;
        migration.execute("COMMIT").await.doing(what).map(|_| ())
    })
}

/// Somebody who tries passwords, five times a second, as nginx would pass it on.
pub(super) fn guess_passwords() -> Result<()> {
    let port = required("PORT")?;
    let port = port.parse().doing(|| format!("PORT={port}"))?;
    let headers = [("X-Real-IP", GUESSER)];
    for number in 0_u64.. {
        let person = number % 100 + 1;
        let body = format!("{{\"email\":\"persona{person}@cafe-central.example\",\"password\":\"cafe{number}\"}}");
        // Whether anybody answers is not the guesser's worry.
        let _ = http::send(port, "POST", "/auth/login", &headers, &body);
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
