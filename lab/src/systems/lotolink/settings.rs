//! What the backend is told through its environment, by the names that its runbook uses.

use crate::failure::{Doing, Result};
use crate::service::required;

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) database_url: String,
    pub(super) redis_url: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) webhook_secret: String,
    pub(super) limit: Limit,
    /// Room that is held for the results of draws.
    pub(super) cache_mib: usize,
    pub(super) version: String,
}

/// How many requests a user may make, and in how many seconds.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) max: u64,
    pub(super) ttl_seconds: u64,
}

impl Settings {
    pub(super) fn from_environment() -> Result<Self> {
        let port = required("PORT")?;
        Ok(Self {
            database_url: required("DATABASE_URL")?,
            redis_url: required("REDIS_URL")?,
            host: std::env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned()),
            port: port.parse().doing(|| format!("PORT={port} is not a port"))?,
            webhook_secret: required("STRIPE_WEBHOOK_SECRET")?,
            limit: Limit { max: number("RATE_LIMIT_MAX", 100)?, ttl_seconds: number("RATE_LIMIT_TTL", 60)?.max(1) },
            cache_mib: usize::try_from(number("DRAW_CACHE_MIB", 2)?.min(4096)).unwrap_or(2),
            version: std::env::var("APP_VERSION").unwrap_or_else(|_| super::VERSION.to_owned()),
        })
    }
}

fn number(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => text.parse().doing(|| format!("{name}={text} is not a number")),
        _ => Ok(default),
    }
}
