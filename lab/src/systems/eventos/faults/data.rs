//! PostgreSQL and Redis.

use std::thread;
use std::time::{Duration, Instant};

use super::super::running::{await_down, book, configure, health, make_whole};
use super::{IDLE_SESSIONS, LOCK_CHAIN, REPORTS};
use crate::failure::{Doing, Failure, Result};
use crate::faults::{noise, password, sql};
use crate::host::compose::docker;
use crate::host::{http, wait};
use crate::service::required;
use crate::stack::Stack;

/// Bookings of past years, without which a table scan costs nothing.
const HISTORY: u32 = 150_000;
/// Foreign keys are not looked up for each of them.
const UNCHECKED: &str = "SET session_replication_role = replica";
const READERS: usize = 60;

pub(super) fn stop(stack: &Stack<'_>) -> Result<()> {
    super::stop(stack, "postgres")?;
    await_down(stack, "database", &[])
}

pub(super) fn stop_redis(stack: &Stack<'_>) -> Result<()> {
    super::stop(stack, "redis")?;
    await_down(stack, "redis", &[])
}

pub(super) fn change_password(stack: &Stack<'_>) -> Result<()> {
    password::change(stack, "eventos")?;
    await_down(stack, "database", &["password authentication failed"])
}

pub(super) fn restore_password(stack: &Stack<'_>) -> Result<()> {
    password::restore(stack)?;
    make_whole(stack)
}

pub(super) fn cut_off(stack: &Stack<'_>) -> Result<()> {
    let names = ["lookup", "name resolution", "Name or service"];
    let error = health(stack.port("PORT")?).pointer("/services/database/error").cloned().unwrap_or_default();
    if error.as_str().is_some_and(|error| names.iter().any(|name| error.contains(name))) {
        return Ok(());
    }
    let id = stack.compose().run(&["ps", "-q", "postgres"])?;
    let network = format!("{}_default", stack.env.get("COMPOSE_PROJECT_NAME").unwrap_or_default());
    docker(stack.home.dir(), &["network", "disconnect", &network, id.trim()])?;
    await_down(stack, "database", &names)
}

pub(super) fn connect(stack: &Stack<'_>) -> Result<()> {
    // A container that is made anew has its place in the network and its port; the data is in a volume.
    stack.compose().run(&["up", "-d", "--no-deps", "--force-recreate", "postgres"])?;
    stack.await_container(stack.component("postgres")?)?;
    make_whole(stack)
}

pub(super) fn take_all_connections(stack: &Stack<'_>) -> Result<()> {
    noise::begin(stack, IDLE_SESSIONS)?;
    await_down(stack, "database", &["connection", "clients", "pool timed out"])
}

pub(super) fn give_connections_back(stack: &Stack<'_>) -> Result<()> {
    noise::end(stack, IDLE_SESSIONS)?;
    make_whole(stack)
}

pub(super) fn lock(stack: &Stack<'_>) -> Result<()> {
    noise::begin(stack, LOCK_CHAIN)?;
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'bookings'::regclass";
    wait::until("the migration waits", Duration::from_secs(15), || Ok(sql::number(stack, waiting)? > 0))?;
    match book(stack) {
        Ok(answer) if answer.status == 201 => Err(Failure::new("bookings are made in spite of the lock")),
        _ => Ok(()),
    }
}

pub(super) fn unlock(stack: &Stack<'_>) -> Result<()> {
    noise::end(stack, LOCK_CHAIN)?;
    make_whole(stack)?;
    await_booking(stack)
}

fn await_booking(stack: &Stack<'_>) -> Result<()> {
    wait::slowly("bookings are made", Duration::from_secs(20), || {
        Ok(book(stack).is_ok_and(|answer| answer.status == 201))
    })
}

pub(super) fn drop_index(stack: &Stack<'_>) -> Result<()> {
    sql::run(stack, "DROP INDEX IF EXISTS bookings_of_user")?;
    if sql::number(stack, "SELECT count(*) FROM bookings WHERE status = 'archived'")? == 0 {
        let history = format!(
            "{UNCHECKED}; INSERT INTO bookings (event_id, user_id, seats, amount_cents, status, created_at) \
             SELECT 1, 'usuario-' || lpad((1 + n % 200)::text, 3, '0'), 1, 1000, 'archived', \
             now() - n * interval '1 minute' FROM generate_series(1, {HISTORY}) n"
        );
        sql::run(stack, &history)?;
    }
    sql::run(stack, "ANALYZE bookings")?;
    wait::until("/api/users takes more than a second", Duration::from_secs(20), || {
        Ok(users_take(stack)? > Duration::from_secs(1))
    })
}

pub(super) fn create_index(stack: &Stack<'_>) -> Result<()> {
    sql::run(stack, &format!("{UNCHECKED}; DELETE FROM bookings WHERE status = 'archived'"))?;
    sql::run(stack, "CREATE INDEX IF NOT EXISTS bookings_of_user ON bookings (user_id, id DESC)")?;
    sql::run(stack, "VACUUM ANALYZE bookings")?;
    make_whole(stack)?;
    wait::until("/api/users is quick", Duration::from_secs(20), || Ok(users_take(stack)? < Duration::from_millis(700)))
}

/// However long it takes: no answer in the client's time is slow, too.
fn users_take(stack: &Stack<'_>) -> Result<Duration> {
    let start = Instant::now();
    let _ = http::get(stack.port("PORT")?, "/api/users");
    Ok(start.elapsed())
}

pub(super) fn exhaust_pool(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "DATABASE_POOL_SIZE", "1")?;
    stack.start(stack.component("app")?)?;
    noise::begin(stack, REPORTS)?;
    await_down(stack, "database", &["pool timed out", "no answer within"])
}

pub(super) fn widen_pool(stack: &Stack<'_>) -> Result<()> {
    noise::end(stack, REPORTS)?;
    configure(stack, "DATABASE_POOL_SIZE", "20")?;
    make_whole(stack)
}

/// Many who ask for the report of free seats, again and again.
pub(in super::super) fn read_reports() -> Result<()> {
    let port = required("PORT")?;
    let port: u16 = port.parse().doing(|| format!("PORT={port}"))?;
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                loop {
                    // Whether anybody answers is not the reader's worry, but nobody asks without a breath.
                    if http::get(port, "/api/reports/seats").is_err() {
                        thread::sleep(Duration::from_millis(200));
                    }
                }
            });
        }
    });
    Ok(())
}

/// A limit below what an empty server uses, so that every write is refused and nothing stored is lost.
pub(super) fn fill_redis(stack: &Stack<'_>) -> Result<()> {
    let redis = stack.redis()?;
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])?;
    redis.ask(&["CONFIG", "SET", "maxmemory", "100kb"])?;
    await_down(stack, "redis", &["maxmemory"])
}

pub(super) fn empty_redis(stack: &Stack<'_>) -> Result<()> {
    stack.redis()?.ask(&["CONFIG", "SET", "maxmemory", "256mb"])?;
    make_whole(stack)
}

pub(super) fn demote_redis(stack: &Stack<'_>) -> Result<()> {
    // Port 1 has no master: the link never comes up, and the data stays as it is.
    stack.redis()?.ask(&["REPLICAOF", "127.0.0.1", "1"])?;
    await_down(stack, "redis", &["read only", "ReadOnly", "READONLY"])
}

pub(super) fn promote_redis(stack: &Stack<'_>) -> Result<()> {
    stack.redis()?.ask(&["REPLICAOF", "NO", "ONE"])?;
    make_whole(stack)
}
