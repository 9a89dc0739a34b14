//! The worker: takes payments from the queue and marks their orders as paid.

use std::time::Duration;

use redis::cmd;
use serde_json::json;
use tokio::time::sleep;

use super::queue::{Job, Queue};
use super::settings::Settings;
use super::store::{Order, Store};
use crate::failure::{Doing, Result};
use crate::service::database::StoreError;
use crate::service::link::Link;
use crate::service::{log, told_to_stop};

/// How long to leave alone what does not answer.
const REST: Duration = Duration::from_millis(500);

pub(super) async fn serve(settings: &Settings) -> Result<()> {
    let store = Store::new(&settings.database_url).doing(|| "DATABASE_URL".to_owned())?;
    // Taking a job waits up to a second by itself.
    let link = Link::new(&settings.redis_url, Duration::from_secs(3)).doing(|| "REDIS_URL".to_owned())?;
    log::info("worker started", &json!({"queue": "payments"}));
    let mut recovered = false;
    // The signal is looked at between jobs only: a job that was taken is settled first.
    let stop = tokio::spawn(told_to_stop());
    while !stop.is_finished() {
        let round = round(&store, &link, &mut recovered).await;
        if let Err(error) = round {
            log::warn("queue not available", &json!({"error": error.to_string()}));
            sleep(REST).await;
        }
    }
    log::info("worker stopped", &json!({}));
    Ok(())
}

async fn round(store: &Store, link: &Link, recovered: &mut bool) -> redis::RedisResult<()> {
    let queue = Queue(link);
    queue.beat().await?;
    if !*recovered {
        let jobs = queue.recover().await?;
        *recovered = true;
        if jobs > 0 {
            log::warn("jobs of an earlier worker taken up again", &json!({"jobs": jobs}));
        }
    }
    let Some(taken) = queue.take().await? else {
        return Ok(());
    };
    let Ok(job) = serde_json::from_str::<Job>(&taken) else {
        queue.fail(&taken, None, "not a payment job").await?;
        log::error("payment job cannot be read", &json!({"job": taken}));
        return Ok(());
    };
    settle(store, link, &taken, job).await
}

async fn settle(store: &Store, link: &Link, taken: &str, job: Job) -> redis::RedisResult<()> {
    let queue = Queue(link);
    let fields = json!({"event_id": job.event_id, "order_id": job.order_id, "attempt": job.attempts + 1});
    match store.pay(&job.event_id, job.order_id, job.amount_cents).await {
        Ok(order) => {
            queue.complete(taken).await?;
            forget_cached(link, &order).await?;
            log::info("order paid", &fields);
        }
        Err(StoreError::Unavailable(reason)) => {
            queue.put_back(taken).await?;
            log::warn("payment waits for the database", &json!({"error": reason, "order_id": job.order_id}));
            sleep(REST).await;
        }
        Err(StoreError::Refused(reason)) => {
            let aside = queue.fail(taken, Some(job), &reason).await?;
            let message = if aside { "payment job failed" } else { "payment job will be tried again" };
            log::error(message, &json!({"error": reason, "job": fields}));
        }
    }
    Ok(())
}

async fn forget_cached(link: &Link, order: &Order) -> redis::RedisResult<()> {
    let tenant = &order.tenant_id;
    let mut command = cmd("DEL");
    command.arg(format!("tenant:{tenant}:order:{}", order.id)).arg(format!("tenant:{tenant}:orders"));
    link.query(&command).await
}
