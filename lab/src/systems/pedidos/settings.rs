//! What the API and the worker are told through their environment.

use crate::failure::{Failure, Result};
use crate::service::required;

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) database_url: String,
    pub(super) redis_url: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) webhook_secret: String,
}

impl Settings {
    pub(super) fn from_environment() -> Result<Self> {
        let port = required("PORT")?;
        Ok(Self {
            database_url: required("DATABASE_URL")?,
            redis_url: required("REDIS_URL")?,
            host: std::env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned()),
            port: port.parse().map_err(|_| Failure::new(format!("PORT={port} is not a port")))?,
            webhook_secret: required("PAYMENT_WEBHOOK_SECRET")?,
        })
    }
}
