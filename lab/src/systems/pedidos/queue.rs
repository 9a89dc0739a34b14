//! The queue of payments: four keys in Redis, at least once, one worker.
//!
//! A job moves from `waiting` to `active` in one command, so that a worker that dies leaves it in `active`,
//! where the next worker finds it. It is not a general queue: no priorities, no delays, no second worker.

use redis::{Pipeline, RedisResult, cmd};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::service::link::Link;

const WAITING: &str = "queue:payments:waiting";
const ACTIVE: &str = "queue:payments:active";
const FAILED: &str = "queue:payments:failed";
const COMPLETED: &str = "queue:payments:completed";
const HEARTBEAT: &str = "worker:payments:heartbeat";

/// How often a job may fail before a person has to look at it.
pub(super) const TRIES: u32 = 3;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) event_id: String,
    pub(super) order_id: i64,
    pub(super) amount_cents: i64,
    #[serde(default)]
    pub(super) attempts: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Counts {
    pub(super) waiting: u64,
    pub(super) active: u64,
    pub(super) failed: u64,
    pub(super) completed: u64,
}

pub(super) struct Queue<'l>(pub(super) &'l Link);

impl Queue<'_> {
    pub(super) async fn push(&self, job: &Job) -> RedisResult<()> {
        self.0.query(cmd("LPUSH").arg(WAITING).arg(text(job))).await
    }

    /// Waits up to a second for a job; the text names it until it is settled.
    pub(super) async fn take(&self) -> RedisResult<Option<String>> {
        self.0.query(cmd("BRPOPLPUSH").arg(WAITING).arg(ACTIVE).arg(1)).await
    }

    pub(super) async fn complete(&self, taken: &str) -> RedisResult<()> {
        let mut commands = Pipeline::new();
        commands.cmd("LREM").arg(ACTIVE).arg(1).arg(taken).ignore();
        commands.cmd("INCR").arg(COMPLETED).ignore();
        self.0.transaction(&mut commands).await
    }

    /// Puts it back as the next one, unchanged: it was not the job's fault.
    pub(super) async fn put_back(&self, taken: &str) -> RedisResult<()> {
        let mut commands = Pipeline::new();
        commands.cmd("LREM").arg(ACTIVE).arg(1).arg(taken).ignore();
        commands.cmd("RPUSH").arg(WAITING).arg(taken).ignore();
        self.0.transaction(&mut commands).await
    }

    /// Queues it again behind the others, or sets it aside after too many tries. Says whether it was set aside.
    pub(super) async fn fail(&self, taken: &str, job: Option<Job>, reason: &str) -> RedisResult<bool> {
        let mut commands = Pipeline::new();
        commands.cmd("LREM").arg(ACTIVE).arg(1).arg(taken).ignore();
        let again = job.map(|job| Job { attempts: job.attempts + 1, ..job });
        let aside = again.as_ref().is_none_or(|job| job.attempts >= TRIES);
        if let Some(job) = again.as_ref().filter(|_| !aside) {
            commands.cmd("LPUSH").arg(WAITING).arg(text(job)).ignore();
        } else {
            let job = again.map_or_else(|| json!(taken), |job| json!(job));
            let failed_at = jiff::Timestamp::now().to_string();
            let entry = json!({"job": job, "reason": reason, "failed_at": failed_at});
            commands.cmd("LPUSH").arg(FAILED).arg(entry.to_string()).ignore();
        }
        self.0.transaction(&mut commands).await?;
        Ok(aside)
    }

    /// What a worker that died left half done.
    pub(super) async fn recover(&self) -> RedisResult<u64> {
        let mut moved = 0;
        loop {
            let job: Option<String> = self.0.query(cmd("RPOPLPUSH").arg(ACTIVE).arg(WAITING)).await?;
            if job.is_none() {
                return Ok(moved);
            }
            moved += 1;
        }
    }

    /// Queues failed jobs again with all their tries; what cannot be read as a job stays.
    pub(super) async fn retry_failed(&self) -> RedisResult<u64> {
        let entries: Vec<String> = self.0.query(cmd("LRANGE").arg(FAILED).arg(0).arg(999)).await?;
        let mut moved = 0;
        for entry in entries.iter().rev() {
            let job = serde_json::from_str::<Value>(entry)
                .ok()
                .and_then(|value| serde_json::from_value::<Job>(value.get("job")?.clone()).ok());
            let Some(job) = job else { continue };
            let mut commands = Pipeline::new();
            commands.cmd("LREM").arg(FAILED).arg(1).arg(entry).ignore();
            commands.cmd("LPUSH").arg(WAITING).arg(text(&Job { attempts: 0, ..job })).ignore();
            self.0.transaction(&mut commands).await?;
            moved += 1;
        }
        Ok(moved)
    }

    pub(super) async fn counts(&self) -> RedisResult<Counts> {
        let completed: Option<u64> = self.0.query(cmd("GET").arg(COMPLETED)).await?;
        Ok(Counts {
            waiting: self.0.query(cmd("LLEN").arg(WAITING)).await?,
            active: self.0.query(cmd("LLEN").arg(ACTIVE)).await?,
            failed: self.0.query(cmd("LLEN").arg(FAILED)).await?,
            completed: completed.unwrap_or(0),
        })
    }

    pub(super) async fn failed(&self) -> RedisResult<Vec<Value>> {
        let entries: Vec<String> = self.0.query(cmd("LRANGE").arg(FAILED).arg(0).arg(49)).await?;
        Ok(entries.into_iter().map(|entry| serde_json::from_str(&entry).unwrap_or(Value::String(entry))).collect())
    }

    pub(super) async fn beat(&self) -> RedisResult<()> {
        let now = jiff::Timestamp::now().as_second();
        self.0.query(cmd("SET").arg(HEARTBEAT).arg(now).arg("EX").arg(30)).await
    }

    /// Seconds since the worker was last heard of; none if it was not for half a minute.
    pub(super) async fn worker_silence(&self) -> RedisResult<Option<i64>> {
        let last: Option<i64> = self.0.query(cmd("GET").arg(HEARTBEAT)).await?;
        Ok(last.map(|at| (jiff::Timestamp::now().as_second() - at).max(0)))
    }
}

fn text(job: &Job) -> String {
    json!(job).to_string()
}
