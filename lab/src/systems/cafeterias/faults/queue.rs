//! Celery and its Redis.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::super::running::{await_down, make_whole, metric, python};
use super::stop;
use crate::breaking::Given;
use crate::failure::{Failure, Result};
use crate::faults::sql;
use crate::host::{daemon, http, wait};
use crate::stack::{Platform, Stack};

pub(super) const NEWSLETTERS: &str = "400";
const RETRIED: &str = "celery_tasks{state=\"retried\"}";
const WAITING: &str = "celery_queue_length{queue=\"celery\"}";
/// What its author took for a picture of a cup, and the receipt takes for a field to fill in.
const POISON: &str = "café {grande}";

pub(super) fn stop_worker(stack: &Stack<'_>) -> Result<()> {
    stop(stack, "worker")?;
    await_down(stack, "celery", "heartbeat")
}

pub(super) fn stop_beat(stack: &Stack<'_>) -> Result<()> {
    stop(stack, "beat")?;
    await_down(stack, "celery", "heartbeat")
}

/// Its main process stands still; its children wait for work that nobody hands them.
pub(super) fn freeze_worker(stack: &Stack<'_>) -> Result<()> {
    signal_worker(stack, Signal::STOP, "SIGSTOP")?;
    await_down(stack, "celery", "heartbeat")
}

pub(super) fn thaw_worker(stack: &Stack<'_>) -> Result<()> {
    signal_worker(stack, Signal::CONT, "SIGCONT")?;
    make_whole(stack)
}

fn signal_worker(stack: &Stack<'_>, signal: Signal, name: &str) -> Result<()> {
    let worker = stack.component("worker")?;
    // One that somebody has stopped in the meantime needs no signal.
    if !stack.is_running(worker)? {
        return Ok(());
    }
    if stack.platform == Platform::Compose {
        return stack.compose().run(&["kill", "-s", name, "worker"]).map(|_| ());
    }
    stack.daemon(worker)?.pid().map_or(Ok(()), |pid| daemon::signal(pid, signal))
}

/// Somebody orders what the receipt cannot print.
pub(super) fn poison(stack: &Stack<'_>) -> Result<()> {
    let before = metric(stack, RETRIED)?;
    let body = json!({"description": POISON, "amount_cents": 1250}).to_string();
    let headers = [("X-Tenant-Id", "cafe-central")];
    let answer = http::send(stack.port("PORT")?, "POST", "/orders", &headers, &body)?;
    if answer.status != 201 {
        return Err(Failure::new(format!("ordering answered {}: {}", answer.status, answer.body)));
    }
    wait::slowly("the receipt has been tried again", Duration::from_secs(30), || {
        Ok(metric(stack, RETRIED)? > before + 1.0)
    })
}

pub(super) fn cure(stack: &Stack<'_>) -> Result<()> {
    sql::run(stack, &format!("UPDATE orders SET description = 'café grande' WHERE description = '{POISON}'"))?;
    make_whole(stack)?;
    wait::slowly("every paid order has its receipt", Duration::from_secs(30), || {
        let missing = "SELECT count(*) FROM orders o LEFT JOIN receipts r ON r.order_id = o.id \
                       WHERE o.status = 'paid' AND r.order_id IS NULL";
        Ok(sql::number(stack, missing)? == 0)
    })
}

pub(super) fn pile_up(stack: &Stack<'_>, given: &Given) -> Result<()> {
    python(stack, &["-m", "app.manage", "newsletter", given.text("tasks")?])?;
    wait::slowly("more than a hundred tasks wait", Duration::from_secs(10), || Ok(metric(stack, WAITING)? > 100.0))
}

pub(super) fn clear(stack: &Stack<'_>) -> Result<()> {
    python(stack, &["-m", "app.manage", "forget", "app.tasks.send_newsletter"])?;
    make_whole(stack)?;
    wait::slowly("the queue is short", Duration::from_secs(30), || Ok(metric(stack, WAITING)? < 20.0))
}

/// A limit below what an empty server uses, so that every write is refused and nothing stored is lost.
pub(super) fn fill_redis(stack: &Stack<'_>) -> Result<()> {
    let redis = stack.redis()?;
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])?;
    redis.ask(&["CONFIG", "SET", "maxmemory", "100kb"])?;
    await_down(stack, "redis", "maxmemory")
}

pub(super) fn empty_redis(stack: &Stack<'_>) -> Result<()> {
    let redis = stack.redis()?;
    redis.ask(&["CONFIG", "SET", "maxmemory", "256mb"])?;
    make_whole(stack)
}

pub(super) fn demote_redis(stack: &Stack<'_>) -> Result<()> {
    // Port 1 has no master: the link never comes up, and the data stays as it is.
    stack.redis()?.ask(&["REPLICAOF", "127.0.0.1", "1"])?;
    await_down(stack, "redis", "read only")
}

pub(super) fn promote_redis(stack: &Stack<'_>) -> Result<()> {
    stack.redis()?.ask(&["REPLICAOF", "NO", "ONE"])?;
    make_whole(stack)
}
