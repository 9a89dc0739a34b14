//! PostgreSQL.

use std::time::{Duration, Instant};

use super::super::noise::{IDLE_SESSIONS, LOCK_CHAIN};
use super::super::running::{await_down, health, make_whole};
use crate::failure::{Failure, Result};
use crate::faults::{noise, password, sql};
use crate::host::{http, wait};
use crate::stack::Stack;

/// Rows of a shop's past years, without which a table scan costs nothing.
const HISTORY: u32 = 300_000;
/// Foreign keys are not looked up for each of them.
const UNCHECKED: &str = "SET session_replication_role = replica";

pub(super) fn change_password(stack: &Stack<'_>) -> Result<()> {
    password::change(stack, "cafeterias")?;
    await_down(stack, "database", "password authentication failed")
}

pub(super) fn restore_password(stack: &Stack<'_>) -> Result<()> {
    password::restore(stack)?;
    make_whole(stack)
}

pub(super) fn take_all_connections(stack: &Stack<'_>) -> Result<()> {
    noise::begin(stack, IDLE_SESSIONS)?;
    await_down(stack, "database", "")?;
    let health = health(stack)?.unwrap_or_default();
    let error = health.pointer("/services/database/error").and_then(|error| error.as_str()).unwrap_or_default();
    if error.contains("connection") || error.contains("clients") {
        return Ok(());
    }
    Err(Failure::new(format!("the database is down for another reason: {error}")))
}

pub(super) fn give_connections_back(stack: &Stack<'_>) -> Result<()> {
    noise::end(stack, IDLE_SESSIONS)?;
    make_whole(stack)
}

pub(super) fn drop_index(stack: &Stack<'_>) -> Result<()> {
    sql::run(stack, "DROP INDEX IF EXISTS orders_by_user")?;
    if sql::number(stack, "SELECT count(*) FROM orders WHERE description = 'histórico'")? == 0 {
        let sql = format!(
            "{UNCHECKED}; INSERT INTO orders (tenant_id, user_id, description, amount_cents, status, created_at) \
             SELECT u.tenant_id, u.id, 'histórico', 1000 + n % 500, 'archived', now() - n * interval '1 minute' \
             FROM generate_series(1, {HISTORY}) n JOIN users u ON u.id = 1 + n % 300"
        );
        sql::run(stack, &sql)?;
    }
    sql::run(stack, "ANALYZE orders")?;
    wait::until("/users takes more than a second", Duration::from_secs(20), || {
        Ok(users_take(stack)? > Duration::from_secs(1))
    })
}

pub(super) fn create_index(stack: &Stack<'_>) -> Result<()> {
    sql::run(stack, &format!("{UNCHECKED}; DELETE FROM orders WHERE description = 'histórico'"))?;
    sql::run(stack, "CREATE INDEX IF NOT EXISTS orders_by_user ON orders (user_id, created_at DESC)")?;
    sql::run(stack, "VACUUM ANALYZE orders")?;
    make_whole(stack)?;
    wait::until("/users is quick", Duration::from_secs(20), || Ok(users_take(stack)? < Duration::from_millis(700)))
}

/// However long it takes: no answer in the client's time is slow, too.
fn users_take(stack: &Stack<'_>) -> Result<Duration> {
    let start = Instant::now();
    let headers = [("X-Tenant-Id", "cafe-central")];
    match http::send(stack.port("PORT")?, "GET", "/users", &headers, "") {
        Ok(answer) if answer.status != 200 => {
            Err(Failure::new(format!("/users answered {}: {}", answer.status, answer.body)))
        }
        _ => Ok(start.elapsed()),
    }
}

pub(super) fn lock(stack: &Stack<'_>) -> Result<()> {
    noise::begin(stack, LOCK_CHAIN)?;
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass";
    wait::until("the migration waits", Duration::from_secs(15), || Ok(sql::number(stack, waiting)? > 0))?;
    let headers = [("X-Tenant-Id", "cafe-central")];
    match http::send(stack.port("PORT")?, "GET", "/orders", &headers, "") {
        Ok(answer) if answer.status == 200 => Err(Failure::new("orders are read in spite of the lock")),
        _ => Ok(()),
    }
}

pub(super) fn unlock(stack: &Stack<'_>) -> Result<()> {
    noise::end(stack, LOCK_CHAIN)?;
    make_whole(stack)
}
