//! What the application is told through its environment, by the names that its runbook uses.

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::{Doing, Failure, Result};
use crate::service::required;

pub(super) struct Settings {
    pub(super) database_url: String,
    pub(super) redis_url: String,
    pub(super) host: String,
    pub(super) port: u16,
    /// What sessions are signed with.
    pub(super) secret: String,
    pub(super) pool_size: u32,
    pub(super) pool_idle: Duration,
    /// Room that is held for pictures of events.
    pub(super) cache_mb: usize,
    pub(super) uploads: PathBuf,
    pub(super) version: String,
}

impl Settings {
    pub(super) fn from_environment() -> Result<Self> {
        let pool_size = number("DATABASE_POOL_SIZE", 20)?;
        if !(1..=1000).contains(&pool_size) {
            return Err(Failure::new(format!("DATABASE_POOL_SIZE={pool_size} is not from 1 to 1000")));
        }
        let text = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let port = required("PORT")?;
        Ok(Self {
            database_url: required("DATABASE_URL")?,
            redis_url: required("REDIS_URL")?,
            host: text("HOST", "127.0.0.1"),
            port: port.parse().doing(|| format!("PORT={port} is not a port"))?,
            secret: required("NEXTAUTH_SECRET")?,
            pool_size: u32::try_from(pool_size).unwrap_or(20),
            pool_idle: Duration::from_millis(number("DATABASE_POOL_MAX_IDLE_TIME", 60_000)?.max(1)),
            cache_mb: usize::try_from(number("EVENTS_CACHE_MB", 2)?.min(4096)).unwrap_or(2),
            uploads: text("UPLOAD_DIR", "uploads").into(),
            version: text("APP_VERSION", super::VERSION),
        })
    }
}

fn number(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => text.parse().doing(|| format!("{name}={text} is not a number")),
        _ => Ok(default),
    }
}
